"""Any run trained once more with its weights recorded: `ctbench record`."""

from __future__ import annotations

from pathlib import Path

import torch

from ctbench.data import load
from ctbench.papers import experiments
from ctbench.papers._runner import Store, Workplace
from ctbench.spec.code import code_hash
from ctbench.spec.errors import UserError, unknown
from ctbench.spec.files import make_folder
from ctbench.spec.frozen import digest
from ctbench.spec.run import RunSpec
from ctbench.training.loop import run as run_task
from ctbench.training.trajectory import Recorded, Recording


def record(spec: RunSpec, folder: Path, place: Workplace, recording: Recording) -> list[Path]:
    """Train a run's seeds and write a trajectory of each; the run's own record and its results stay as they are.

    Args:
        spec: any run that trains one network a seed.
        folder: where the trajectories go, `<seed>.safetensors`.
        place: where and how; a recording that was killed goes on from its checkpoint there.
        recording: which snapshots.

    Raises UserError as a run does, and if the run trains no single network or the recording does not fit into memory.
    """
    known = experiments()
    if spec.name not in known:
        raise unknown("experiment", spec.name, known, where=spec.run_id)
    experiment = known[spec.name]
    if spec.parent or not experiment.seeded:
        raise UserError(f"{spec.run_id}: it trains nothing, so there are no weights to record.")
    torch.set_num_threads(place.threads)
    dataset = load(name, place.data) if (name := experiment.needs(spec.dataset)) else None
    store = Store(spec, experiment, code_hash(experiment.code(experiment.settings(spec))), dataset, folder, place)
    size, key = experiment.group or len(spec.seeds), digest(recording.model_dump(mode="json"))
    written = []
    for group in (spec.seeds[i : i + size] for i in range(0, len(spec.seeds), size)):
        checkpoint = store.folder / f"recording-{key}-{digest(list(group))}.pt"
        make_folder(checkpoint.parent)
        recorded = Recorded(experiment.task(spec, group, store.inputs(group)), recording)
        place.log(f"{spec.run_id}: recording seeds {', '.join(map(str, group))}")
        run_task(recorded, checkpoint)
        for seed, trajectory in zip(group, recorded.trajectories(), strict=True):
            written.append(folder / f"{seed}.safetensors")
            trajectory.write(written[-1])
        checkpoint.unlink(missing_ok=True)
    return written
