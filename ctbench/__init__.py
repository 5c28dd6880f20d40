"""ctbench: re-run the experiments of six papers on continuous-depth networks and judge their claims."""

import os

__version__ = "0.1.0"

os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
"""Large tensors lie on large pages: torch reads this at its first tensor."""
