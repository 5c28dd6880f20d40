from ctbench.judge import judge
from ctbench.judge.claims import Claim
from ctbench.records import measurements
from ctbench.report.claims import claims


def test_what_was_found_is_a_list_of_parts() -> None:
    one = Claim(paper="cgnn", id="C1", statement="it is high", reason="no data (a; b); none at all")
    [claim] = claims(judge(measurements.table([]), [one]).claims)
    assert claim.found == ["no data (a; b)", "none at all"] and not claim.judged
