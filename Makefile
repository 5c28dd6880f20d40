# `make results` and `make test` are all that a newcomer needs: each makes its own environment in .venv from the lock file.
PYTHON ?= python3
CORES ?= all
BIN := .venv/bin
TORCH := $(shell grep '^torch==' requirements.lock)

results: .venv/ready
	$(BIN)/snakemake --cores $(CORES)
	$(BIN)/ctbench show claims

test: .venv/ready
	$(BIN)/python -m pytest

# Every test, with those that need minutes or a package registry.
test-all: .venv/ready
	$(BIN)/python -m pytest -m 'not gpu and not cluster'

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint > /dev/null

# Put real processes through every fault and write the table of what it cost; those of Slurm as `cluster` below.
faults: .venv/ready
	rm -f .faults.jsonl
	CTBENCH_FAULTS=$(CURDIR)/.faults.jsonl $(BIN)/python -m pytest tests/faults tests/cluster -m faults
	$(BIN)/python tests/faults/table.py .faults.jsonl > docs/faults.md

# Preset smoke through a real Slurm on this machine: root, Debian's slurmctld, slurmd, munge; pip install .[slurm].
cluster: .venv/ready
	CTBENCH_CLUSTER_TABLE=$(CURDIR)/docs/slurm.md $(BIN)/python -m pytest tests/cluster -m 'cluster and not faults'

benchmark: .venv/ready
	$(BIN)/python -m benchmarks

# Keep what was measured, without weights, under results/reference, and write the README's table from it.
PRESET ?= laptop
reference: .venv/ready
	rm -rf results/reference/$(PRESET)
	mkdir -p results/reference/$(PRESET)
	cd results/$(PRESET) && tar -cf - --exclude=weights claims.csv criteria.csv measurements.parquet plan.txt tables figures \
	    $$(while read run; do test ! -e runs/$$run/record.json || echo runs/$$run; done < plan.txt) \
	    | tar -xf - -C ../reference/$(PRESET)
	$(BIN)/python -m ctbench.report.readme

# Put committed measurements back, so that a campaign goes on from there on another machine, and judge them.
restore: .venv/ready
	mkdir -p results/$(PRESET)
	cp -Rn results/reference/$(PRESET)/runs results/$(PRESET)/
	$(BIN)/ctbench plan --preset $(PRESET) --shell > /dev/null
	$(BIN)/ctbench judge --config results/$(PRESET)/config.yaml
	$(BIN)/ctbench report --config results/$(PRESET)/config.yaml > /dev/null

schema: .venv/ready
	$(BIN)/python -m ctbench.papers._schema

# Pin what is installed now.
lock: .venv/ready
	$(BIN)/pip freeze --exclude-editable --exclude uv | sed 's/+cpu$$//' > requirements.lock

# A torch that the chosen Python has already is kept (a CUDA build, say). Else, without an NVIDIA driver, the CPU build:
# from PyTorch's own index where it can be reached, from pip's otherwise.
.venv/ready: requirements.lock pyproject.toml
	if $(PYTHON) -c 'import torch' 2> /dev/null; \
	then $(PYTHON) -m venv --system-site-packages .venv; \
	else $(PYTHON) -m venv .venv; fi
	$(BIN)/pip install --quiet uv
	$(BIN)/python -c 'import torch' 2> /dev/null \
	|| (! command -v nvidia-smi > /dev/null && \
	    UV_HTTP_RETRIES=0 $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --torch-backend=cpu $(TORCH) 2> /dev/null) \
	|| $(BIN)/pip install --quiet $(TORCH)
	grep -v '^torch==' requirements.lock > .venv/without-torch.txt
	$(BIN)/pip install --quiet -r .venv/without-torch.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

.PHONY: results test test-all faults cluster lint benchmark reference restore schema lock
