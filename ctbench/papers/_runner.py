"""One run from spec to record: finished seeds are taken from the store, the rest are trained, group by group."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import safetensors.torch
import torch

from ctbench.data import CorruptError, Dataset, load, prepare
from ctbench.papers import experiment as experiment_called
from ctbench.papers import names
from ctbench.papers._experiment import Experiment, Inputs, weights_of
from ctbench.papers._progress import Progress
from ctbench.papers._stopping import Stop, Stoppable
from ctbench.records import measurements, record
from ctbench.records.provenance import Clock, provenance
from ctbench.spec.code import code_hash
from ctbench.spec.errors import UserError
from ctbench.spec.files import make_folder, read_json, sha256, write_bytes, write_json
from ctbench.spec.frozen import digest
from ctbench.spec.run import RunSpec, read_spec
from ctbench.training.loop import run as run_task
from ctbench.training.task import SeedResult

Seed = int | None
KEPT = (*(f"{name}.parquet" for name in record.TABLES), "provenance.json")


@dataclass(frozen=True)
class Workplace:
    """Where and how runs are done.

    Attributes:
        state: store of finished seeds and of checkpoints, shared by all presets.
        data: folder of the prepared data sets.
        device: `cpu` or `cuda`.
        threads: CPU threads.
        log: takes a line of progress.
        command: what a person types to get the same run; goes into its provenance.
        stop: says when to end early.
    """

    state: Path
    data: Path
    device: str = "cpu"
    threads: int = 1
    log: Callable[[str], None] = print
    command: str = ""
    stop: Stop = field(default_factory=Stop)


def execute(spec: RunSpec, folder: Path, place: Workplace) -> None:
    """Do a run and write its record into `folder`; a record that stands there whole is left alone.

    What is damaged is named and made again, and nothing else. Raises UserError on missing data, a missing parent, or a
    folder that holds another run; StoppedError if `place.stop` ended it, with what was done saved.
    """
    if spec.name not in (known := names()):
        raise UserError(f"{spec.run_id}: there is no experiment {spec.name!r}. Known: {', '.join(known)}.")
    experiment = experiment_called(spec.name)
    code = code_hash(experiment.code(experiment.settings(spec)))
    record.write_spec(spec, folder)
    if record.is_done(spec, folder, code):
        place.log(f"{spec.run_id}: done before")
        return
    if why := record.damage(folder):
        place.log(f"{why}. The record is made again.")
    if place.device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "device: found cuda, but torch sees no CUDA device here. Set `device: cpu` in the configuration."
        )
    torch.set_num_threads(place.threads)
    if place.device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    clock = Clock()
    dataset = whole_data(name, place) if (name := experiment.needs(spec.dataset)) else None
    store = Store(spec, experiment, code, dataset, folder, place)
    seeds: list[Seed] = list(spec.seeds) if experiment.seeded else [None]
    with store.locked():
        for group in store.unfinished_groups(seeds):
            place.log(f"{spec.run_id}: training seeds {', '.join(map(str, group)) or 'none'}")
            store.train(group)
        if not record.is_done(spec, folder, code):
            assemble(spec, folder, store, seeds, clock, place)


def whole_data(name: str, place: Workplace) -> Dataset:
    """A prepared data set; a damaged one is prepared again."""
    try:
        return load(name, place.data)
    except CorruptError as error:
        place.log(str(error))
        return prepare(name, place.data, log=place.log)


def assemble(spec: RunSpec, folder: Path, store: Store, seeds: list[Seed], clock: Clock, place: Workplace) -> None:
    """The record of a run from the stored seeds."""
    whose = {"paper": spec.paper, "experiment": spec.experiment, "dataset": spec.dataset, "model": spec.model}
    tables = {}
    for name in record.TABLES:
        frames = [measurements.read(store.at(seed) / f"{name}.parquet") for seed in seeds]
        frame = pd.concat(frames, ignore_index=True).assign(**whose, run=spec.run_id, scale=spec.scale)
        tables[name] = frame.astype(measurements.DTYPES)
    for seed in seeds:
        if (trained := store.at(seed) / "weights.safetensors").exists():
            (folder / "weights").mkdir(exist_ok=True)
            _link(trained, folder / "weights" / f"{seed}.safetensors")
    origin = {
        **provenance(place.command, place.threads, place.device),
        **clock.read(),
        "data": {} if store.dataset is None else {store.dataset.name: _described(store.dataset)},
        "seeds": {str(seed): read_json(store.at(seed) / "provenance.json") for seed in seeds},
    }
    record.finish(spec, folder, store.keys, tables, origin)


class Store:
    """Finished seeds, each under the hash of all that determines it, and the checkpoints of unfinished groups."""

    def __init__(
        self, spec: RunSpec, experiment: Experiment, code: str, dataset: Dataset | None, folder: Path, place: Workplace
    ) -> None:
        self.spec, self.experiment, self.code, self.dataset, self.place = spec, experiment, code, dataset, place
        self.parent_folder = folder.parent / spec.parent if spec.parent else None
        parent = record.read_record(self.parent_folder)["cell"] if self.parent_folder else None
        self.cell = digest(
            {
                "code": code,
                "data": dataset.sha256 if dataset else spec.dataset,
                "settings": spec.settings,
                "parent": parent,
                "device": place.device,
            },
            length=20,
        )
        self.keys = {"code": code, "cell": self.cell, "parent": parent}
        self.folder = place.state / self.cell

    def at(self, seed: Seed) -> Path:
        """Where a finished seed is kept."""
        return self.folder / f"seed-{seed}"

    def has(self, seed: Seed) -> bool:
        """Whether a finished seed is kept whole; a damaged one is named."""
        folder = self.at(seed)
        if not folder.exists():
            return False
        try:
            hashes = read_json(folder / "provenance.json").get("files", {})
            why = record.mismatch(folder, {**dict.fromkeys(KEPT), **hashes})
        except (UserError, AttributeError) as error:
            why = f"{folder / 'provenance.json'}: damaged ({error})"
        if why:
            self.place.log(f"{why}. Seed {seed} is trained again.")
        return not why

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time works on a cell; another that wants it waits, then finds it done.

        The kernel drops the lock when its holder dies. A file system without locks gives none: what is written is
        whole then too, but two processes may do the same work.
        """
        make_folder(self.folder)
        with (self.folder / "lock").open("a") as handle:
            if not (mine := _lock(handle.fileno())):
                self.place.log(f"{self.spec.run_id}: waits for another process that does the same")
            while not mine and not _lock(handle.fileno()):
                self.place.stop.check()
                time.sleep(0.2)
            yield

    def unfinished_groups(self, seeds: list[Seed]) -> list[tuple[int, ...]]:
        """The groups still to train: first those with a checkpoint, as they were; then the remaining seeds."""
        missing = [seed for seed in seeds if not self.has(seed)]
        groups: list[tuple[int, ...]] = []
        for begun in sorted(self.folder.glob("group-*/seeds.json")):
            try:
                group = tuple(int(seed) for seed in read_json(begun))
            except (UserError, TypeError, ValueError) as error:
                self.place.log(f"{begun}: damaged ({error}). Its training starts afresh.")
                shutil.rmtree(begun.parent)
                continue
            if set(group or [None]) & set(missing):
                groups.append(group)
                missing = [seed for seed in missing if seed not in (group or [None])]
        if None in missing:
            return [*groups, ()]
        left = [seed for seed in missing if seed is not None]
        size = self.experiment.group or max(len(left), 1)
        return [*groups, *(tuple(left[i : i + size]) for i in range(0, len(left), size))]

    def train(self, group: tuple[int, ...]) -> None:
        """Train a group from where it stands and keep each of its seeds."""
        begun = self.folder / f"group-{digest(list(group))}"
        write_json(begun / "seeds.json", list(group))
        clock = Clock()
        task = self.experiment.task(self.spec, group, self.inputs(group))
        checkpoint = begun / "state.pt"
        if checkpoint.exists() and not _intact(checkpoint):
            self.place.log(f"{checkpoint}: damaged checkpoint, training starts afresh.")
            checkpoint.unlink()
        progress = Progress(self.spec.run_id, task.steps, self.place.log)
        results = run_task(Stoppable(task, self.place.stop, checkpoint, progress), checkpoint)
        origin = {**provenance(self.place.command, self.place.threads, self.place.device), **clock.read()}
        for result in results:
            self.keep(result, {**origin, "trained_together": max(len(group), 1)})
        shutil.rmtree(begun)

    def inputs(self, group: tuple[int, ...]) -> Inputs:
        """Data, and for a sweep the trained weights of the run that it starts from."""
        if self.parent_folder is None:
            return Inputs(self.dataset, None, {}, self.place.device)
        parent = read_spec(self.parent_folder / "spec.json")
        return Inputs(self.dataset, parent, weights_of(self.parent_folder, group), self.place.device)

    def keep(self, result: SeedResult, origin: dict[str, Any]) -> None:
        """Store a seed: its folder is whole or absent."""
        if self.has(result.seed):
            return
        shutil.rmtree(self.at(result.seed), ignore_errors=True)
        temporary = self.folder / f".seed-{result.seed}-{os.getpid()}"
        make_folder(temporary)
        try:
            for name, rows in zip(record.TABLES, (result.rows, result.curves, result.timings), strict=True):
                frame = measurements.table([{**row, "seed": result.seed} for row in rows])
                measurements.write(frame, temporary / f"{name}.parquet")
            if result.weights:
                write_bytes(temporary / "weights.safetensors", safetensors.torch.save(dict(result.weights)))
            hashes = {path.name: sha256(path) for path in sorted(temporary.iterdir())}
            write_json(temporary / "provenance.json", {**origin, "files": hashes})
            temporary.rename(self.at(result.seed))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _described(dataset: Dataset) -> dict[str, Any]:
    return {"sha256": dataset.sha256, "fingerprint": dict(dataset.fingerprint)}


def _intact(checkpoint: Path) -> bool:
    """Whether the checksums in a checkpoint are right; torch does not ask them when it loads."""
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            return archive.testzip() is None
    except Exception:  # a damaged archive can raise anything
        return False


def _lock(handle: int) -> bool:
    """Whether the lock is ours now, or cannot be had on this file system."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _link(source: Path, target: Path) -> None:
    """`target` is `source`: the same bytes on disk where the file system can, else a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
