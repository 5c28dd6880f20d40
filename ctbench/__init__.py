"""ctbench: re-run the experiments of six papers on continuous-depth networks and judge their claims."""

__version__ = "0.1.0"
