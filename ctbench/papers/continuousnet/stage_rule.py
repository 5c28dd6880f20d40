"""ContinuousNet, ablation: the manifestation sweep with the stage rule as the released code computes it."""

from __future__ import annotations

from typing import Any

from ctbench.papers.continuousnet._sweep import ImageSweep, has_several_bases
from ctbench.papers.continuousnet.manifestation import ManifestationSweep
from ctbench.spec.run import RunSpec


class StageRule(ManifestationSweep):
    """Single precision loses the nudge that keeps the last stage of a step in its interval; see `interval_as_released`.

    With one basis there is nothing to confuse.
    """

    title = "Manifestation sweep, stage rule as released"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        return {"stage_rule": "as_released"}

    def accepts(self, parent: RunSpec) -> bool:
        return ImageSweep.accepts(self, parent) and has_several_bases(parent)


EXPERIMENT = StageRule()
