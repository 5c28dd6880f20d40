"""ContinuousNet, manifestation sweep: trained nets under other schemes and numbers of steps (CN-C7, C8, C12; E4)."""

from __future__ import annotations

from ctbench.papers.continuousnet._sweep import ImageSweep
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.sweeps import Manifestation, ManifestationSettings


class ManifestationSweep(ImageSweep):
    """Every trained net, ResNets too, under Euler, midpoint and both RK4 schemes; weights and statistics as trained."""

    title = "Manifestation sweep"
    Settings = ManifestationSettings
    kind = Manifestation

    def accepts(self, parent: RunSpec) -> bool:
        return True

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, ManifestationSettings)
        return 0.01 * len(settings.schemes) * sum(settings.steps)


EXPERIMENT = ManifestationSweep()
