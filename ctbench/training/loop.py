"""The loop: every training of every experiment runs through these lines."""

from __future__ import annotations

import io
import time
from pathlib import Path

import torch

from ctbench.spec.files import write_bytes
from ctbench.training.task import SeedResult, Task

SAVE_SHARE = 0.01  # of the time may go into checkpoints
SAVE_SECONDS = 5.0


def run(task: Task, checkpoint: Path | None = None) -> list[SeedResult]:
    """Do what is left of a task, saving its state now and then.

    Args:
        task: the work.
        checkpoint: file of the saved state; if it exists the task goes on from there. None saves nothing.

    Returns:
        One result for each seed. Whether and when it was interrupted makes no difference to them.
    """
    start = 0
    if checkpoint and (saved := load(checkpoint)):
        start = saved["step"]
        task.restore(saved["task"])
    due = time.monotonic() + SAVE_SECONDS
    for index in range(start, task.steps):
        task.step(index)
        if checkpoint and time.monotonic() >= due:
            due = save(checkpoint, index + 1, task)
    return task.results()


def save(checkpoint: Path, step: int, task: Task) -> float:
    """Write the state, whole or not at all; returns when the next one is due."""
    begin = time.monotonic()
    content = io.BytesIO()
    torch.save({"step": step, "task": task.state()}, content)
    write_bytes(checkpoint, content.getvalue())
    end = time.monotonic()
    return end + max(SAVE_SECONDS, (end - begin) / SAVE_SHARE)


def load(checkpoint: Path) -> dict | None:
    """The saved state; None if there is none, or if the file is damaged (training then starts afresh)."""
    try:
        return torch.load(checkpoint, weights_only=True)
    except FileNotFoundError:
        return None
    except Exception as error:
        print(f"{checkpoint}: damaged checkpoint ({type(error).__name__}), training starts afresh.")
        checkpoint.unlink()
        return None
