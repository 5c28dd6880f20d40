from typing import Annotated

import numpy as np
import pytest

from ctbench.papers._exact import ExactChecks, bits, pieces, up_to
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen, validated
from ctbench.training.loop import run
from ctbench.training.task import measured


def test_pieces_cover_every_case_once() -> None:
    np.testing.assert_array_equal(np.concatenate(list(pieces(1000, 64))), np.arange(1000))


def test_bits_are_the_binary_digits() -> None:
    np.testing.assert_array_equal(bits(np.array([0, 5, 6]), 3), [[0, 0, 0], [1, 0, 1], [0, 1, 1]])


class Sizes(Frozen):
    d: Annotated[int, up_to(13, "all 4^d inputs", "larger d belong under `sampled`")] = 8


@pytest.mark.parametrize("d", [0, 14])
def test_too_many_cases_are_refused_with_the_limit_and_the_way_out(d: int) -> None:
    with pytest.raises(UserError, match=rf"here\.d: found {d}\..*expected 1 to 13: all 4\^d inputs .* `sampled`"):
        validated(Sizes, {"d": d}, "here")


def test_checks_run_in_order_and_bring_one_result_without_seed() -> None:
    (result,) = run(ExactChecks([lambda: [measured("a", 1, "1")], lambda: iter([measured("b", 2, "1", x=3)])]))
    assert result.seed is None
    assert [row["metric"] for row in result.rows] == ["a", "b"]
