"""A training step recorded once as a CUDA graph and replayed: small nets spend most of their time on launches."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Captured:
    """A step of SGD on batches of one shape, replayed from a CUDA graph. Its learning rate is that of the recording.

    Args:
        step: takes the tensors of a batch, changes network and optimizer, returns a tensor; does not synchronise.
        batch: an example of what it takes, on the device.
        network: what it trains.
        optimizer: SGD over the network's parameters.
    """

    def __init__(
        self,
        step: Callable[..., Tensor],
        batch: tuple[Tensor, ...],
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        self.batch = tuple(x.clone() for x in batch)
        before = [tensor.clone() for tensor in _tensors(network, optimizer)]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                step(*self.batch)
        torch.cuda.current_stream().wait_stream(stream)
        self._undo(before, _tensors(network, optimizer))
        optimizer.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.result = step(*self.batch)

    @staticmethod
    def _undo(before: list[Tensor], now: list[Tensor]) -> None:
        """What warming up changed goes back; a momentum that it made starts at zero, which is as good as none."""
        with torch.no_grad():
            for tensor, old in zip(now, before, strict=False):
                tensor.copy_(old)
            for made in now[len(before) :]:
                made.zero_()

    def __call__(self, *batch: Tensor) -> Tensor:
        """The step on this batch; the result is overwritten by the next one."""
        for own, given in zip(self.batch, batch, strict=True):
            own.copy_(given)
        self.graph.replay()
        return self.result


def _tensors(network: nn.Module, optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Parameters and buffers, then what the optimizer remembers of each parameter, if anything."""
    remembered = [
        entry
        for parameter in network.parameters()
        for entry in optimizer.state.get(parameter, {}).values()
        if isinstance(entry, Tensor)
    ]
    return [*network.parameters(), *network.buffers(), *remembered]
