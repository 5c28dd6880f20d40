"""The judge: claims and measurements in, verdicts out. It never imports torch."""

from ctbench.judge.claims import Claim, load_claims
from ctbench.judge.listing import read_criteria
from ctbench.judge.statistics import best_set
from ctbench.judge.tables import write_table
from ctbench.judge.verdicts import VERDICTS, Verdicts, judge, read_claims

__all__ = [
    "VERDICTS",
    "Claim",
    "Verdicts",
    "best_set",
    "judge",
    "load_claims",
    "read_claims",
    "read_criteria",
    "write_table",
]
