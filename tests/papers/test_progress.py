import pytest

from ctbench.papers import _progress


def test_a_line_a_minute_with_the_time_that_is_left(monkeypatch) -> None:
    clock, lines = iter([0.0, 30.0, 50.0, 70.0, 90.0, 140.0]), []
    monkeypatch.setattr(_progress.time, "monotonic", lambda: next(clock))
    progress = _progress.Progress("a-run", 105, lines.append)
    for done in (61, 62, 63, 64, 65):  # it went on from step 60; the first step took longest
        progress(done)
    assert lines == ["a-run: 63 of 105 steps, about 14 min 0 s left", "a-run: 65 of 105 steps, about 18 min 20 s left"]


def test_short_trainings_say_nothing() -> None:
    lines: list[str] = []
    progress = _progress.Progress("a-run", 100, lines.append)
    for done in range(1, 101):
        progress(done)
    assert lines == []


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.012, "0.012 s"), (59.9, "59.9 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_times_in_words(seconds, words) -> None:
    assert _progress.duration(seconds) == words
