"""Speed and memory, each beside a plain twin in the same process: `python -m benchmarks [NAME ...] [--full]`."""
