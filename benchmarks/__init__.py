"""Speed and memory, each beside a plain twin in the same process: `python -m benchmarks [NAME ...] [--full]`."""

import ctbench

assert ctbench
"""Before torch, to which it says where tensors should lie."""
