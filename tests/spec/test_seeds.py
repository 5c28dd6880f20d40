import subprocess
import sys
from typing import get_args

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ctbench.spec.seeds import Axis, entropy, generator

AXES = get_args(Axis)
PLACES = st.tuples(
    st.sampled_from(AXES), st.integers(0, 10**6), st.lists(st.integers(0, 99) | st.text("ab"), max_size=2)
)


def test_the_axes_are_those_of_the_design() -> None:
    assert set(AXES) == {"data split", "init", "batch order", "dropout", "noise"}


@given(PLACES, PLACES)
def test_one_place_gives_one_stream_and_two_give_two(a: tuple, b: tuple) -> None:
    streams = [generator(axis, seed, *path).integers(0, 2**62, 4).tolist() for axis, seed, path in (a, a, b)]
    assert streams[0] == streams[1]
    assert (streams[0] == streams[2]) == (a == b)


def test_the_same_in_another_process() -> None:
    code = "from ctbench.spec.seeds import entropy; print(entropy('init', 7, 'layer', 3))"
    for hashing in ("0", "1"):
        command, env = [sys.executable, "-c", code], {"PYTHONHASHSEED": hashing}
        found = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
        assert int(found) == entropy("init", 7, "layer", 3)


def test_axes_and_neighbouring_seeds_are_uncorrelated() -> None:
    n = 4000
    streams = [generator(axis, seed).standard_normal(n) for axis in AXES for seed in range(4)]
    correlation = np.corrcoef(streams) - np.eye(len(streams))
    assert np.abs(correlation).max() < 5 / n**0.5


def test_global_state_plays_no_part() -> None:
    np.random.seed(0)
    before = generator("noise", 1).random()
    np.random.seed(1)
    assert generator("noise", 1).random() == before


def test_torch_can_take_the_entropy() -> None:
    assert all(0 <= entropy(axis, seed) < 2**63 for axis in AXES for seed in range(100))
