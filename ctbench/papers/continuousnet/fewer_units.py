"""ContinuousNet, units dropped after training: accuracy against inference time (CN-C11, C12; E6)."""

from __future__ import annotations

from ctbench.papers.continuousnet._sweep import ImageSweep, has_several_bases
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.sweeps import FewerUnits, FewerUnitsSettings


class FewerUnitsSweep(ImageSweep):
    """Trained nets of several bases with fewer steps, and with theta(t) projected to fewer bases."""

    title = "Fewer units at inference"
    Settings = FewerUnitsSettings
    kind = FewerUnits

    def accepts(self, parent: RunSpec) -> bool:
        return super().accepts(parent) and has_several_bases(parent)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, FewerUnitsSettings)
        return 0.02 * sum(settings.units)


EXPERIMENT = FewerUnitsSweep()
