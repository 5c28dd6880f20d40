"""Bytes that a forward pass keeps for its gradient: what memory depends on, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks


class Saved:
    """Counts the bytes that are kept, each storage once, without the parameters."""

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        self.seen, self.bytes = {p.untyped_storage().data_ptr() for p in parameters}, 0
        self.held: list[Tensor] = []

    def __call__(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.seen:
            self.held.append(tensor)
            self.seen.add(storage.data_ptr())
            self.bytes += storage.nbytes()
        return tensor


def kept(forward: Callable[[], Tensor], parameters: Iterable[Tensor]) -> tuple[Tensor, int]:
    """What `forward` gives, and the bytes that it keeps for the gradient."""
    saved = Saved(parameters)
    with saved_tensors_hooks(saved, lambda tensor: tensor):
        result = forward()
    return result, saved.bytes
