"""ContinuousNet, gradient of the adjoint method against back-propagation (CN-C13; E7)."""

from __future__ import annotations

from ctbench.papers.continuousnet._sweep import ImageSweep
from ctbench.spec.frozen import Frozen
from ctbench.training.sweeps import AdjointGradient, AdjointSettings


class AdjointSweep(ImageSweep):
    """Both gradients of every trained net by scheme and number of steps, and the memory that each keeps."""

    title = "Adjoint and back-propagated gradient"
    Settings = AdjointSettings
    kind = AdjointGradient

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, AdjointSettings)
        return 0.02 * len(settings.schemes) * sum(settings.steps) * settings.images / 64


EXPERIMENT = AdjointSweep()
