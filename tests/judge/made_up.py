"""Made-up measurements."""

import numpy as np

from ctbench.records.measurements import table

# Ten numbers of mean 0 and standard deviation 1: what is added to a mean decides the test.
Z = np.array([-1.5, -1.0, -0.6, -0.3, -0.1, 0.1, 0.3, 0.6, 1.0, 1.5])
Z = Z / Z.std(ddof=1)


def rows(model, values, *, metric="accuracy", seeds=None, **columns):
    """One row per value, seeds 0, 1, ... (`seeds=[None]` for a deterministic result)."""
    base = {"paper": "cgnn", "experiment": "split", "dataset": "cora", "unit": "%", "scale": "paper"}
    seeds = range(len(values)) if seeds is None else seeds
    return [
        base | {"model": model, "metric": metric, "seed": s, "value": v, "run": f"run-{model}"} | columns
        for s, v in zip(seeds, values, strict=True)
    ]


def points(model, xs, values, **columns):
    """A curve: `values[seed][point]` at the abscissae `xs`."""
    return [
        row for x, column in zip(xs, np.transpose(values), strict=True) for row in rows(model, column, x=x, **columns)
    ]


def frame(*parts):
    return table([row for part in parts for row in part])
