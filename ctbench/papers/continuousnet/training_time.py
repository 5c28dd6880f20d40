"""ContinuousNet, how much time growing depth saves, against fixed depth in one process (CN-C10; E5)."""

from __future__ import annotations

from ctbench.papers.continuousnet._sweep import ImageSweep
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.sweeps import TrainingTime, TrainingTimeSettings


class TrainingTimeSweep(ImageSweep):
    """Every net that grew during training."""

    title = "Training time of growing nets"
    Settings = TrainingTimeSettings
    kind = TrainingTime

    def accepts(self, parent: RunSpec) -> bool:
        return bool(parent.settings["refine"])

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, TrainingTimeSettings)
        return 0.2 * settings.batches * settings.repeats


EXPERIMENT = TrainingTimeSweep()
