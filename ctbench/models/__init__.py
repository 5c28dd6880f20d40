"""Models: one file for each; `MODELS` finds them by name."""

from typing import Any

from ctbench.spec.registry import Registry

MODELS: Registry[Any] = Registry("ctbench.models", "model", "MODEL")
