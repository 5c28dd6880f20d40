"""Neural GDE, table 2: forecasts on undersampled traffic, with the baselines that the paper leaves out (GDE-G8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ctbench.papers._experiment import row
from ctbench.papers.neural_gde._traffic import MODELS, PAPERS_OWN, SERIES, ForecastExperiment
from ctbench.spec.frozen import Frozen


class Traffic(ForecastExperiment):
    """One training for each keep rate: Adam, 40 epochs, cosine annealing restarted every 10; 20 test masks each.

    The paper leaves open what follows; ours: the graph of one time is kept or lost as a whole; five graphs are read,
    the next one is predicted; the gap told with a graph is the one that follows it; time runs in hours; 70 % of the
    times are for training, the last 20 % for test; batches of 64; readings are standardised by the training part;
    dopri5 with the tolerances of the authors' notebook.
    """

    title = "Forecasts on undersampled traffic"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/traffic, {model} on {dataset}"
        row(SERIES, dataset, "data set", where)
        return row(MODELS, model, "model", where)

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        if dataset != PAPERS_OWN:
            yield "other data set"
        yield from super().reductions(dataset, model, settings)


EXPERIMENT = Traffic()
