import subprocess
import sys

import pytest

FAULTS = """
import resource, torch
from ctbench.papers._memory import keep_freed_memory
torch.set_num_threads(1)
{}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.ones(2**24)
before = faults()
for _ in range(30):
    torch.ones(2**24)
print(faults() - before)
"""


def faults(call: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS.format(call)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_pages_of_freed_tensors_are_not_cleared_anew() -> None:
    assert faults("keep_freed_memory()") < faults("") / 3
