"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import torch

OptimizerName = Literal["adam", "rmsprop", "sgd"]

_OPTIMIZERS: dict[OptimizerName, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}


def optimizer(name: OptimizerName, parameters: Iterable[Any], **settings: Any) -> torch.optim.Optimizer:
    """torch's optimiser of that name; `settings` are its own (lr, weight_decay, momentum)."""
    return _OPTIMIZERS[name](parameters, **settings)
