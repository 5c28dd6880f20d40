import os
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
FAULTS = """
import resource
from ctbench.papers import experiments
import torch
experiments()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.ones(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(**environment: str) -> int:
    asked = {name: value for name, value in os.environ.items() if name != "THP_MEM_ALLOC_ENABLE"} | environment
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True, env=asked)
    return int(done.stdout)


@pytest.mark.skipif(not PAGES.exists() or "[madvise]" not in PAGES.read_text(), reason="large pages are not on request")
def test_large_tensors_lie_on_large_pages_unless_told_otherwise() -> None:
    assert faults() < faults(THP_MEM_ALLOC_ENABLE="0") / 10
