import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ctbench.models.continuousnet import ContinuousNet
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import validated
from ctbench.training._capture import Captured
from ctbench.training.image_classification import ImageClassification, Settings
from ctbench.training.loop import run
from ctbench.training.sweeps import Trained

Arrays = dict[str, np.ndarray]
TINY: dict[str, Any] = {"width": 2, "stages": 1}
GROWING: dict[str, Any] = {"epochs": 4, "refine": (0.25, 0.5), "milestones": (0.5,), "refine_noise": 0.1}


def settings(options: dict[str, Any] = TINY, **changes: Any) -> Settings:
    content = {"model": "continuousnet", "options": options, "epochs": 3, "batch": 16, **changes}
    return validated(Settings, content, "settings")


def task(toy: Arrays, seed: int = 1, **changes: Any) -> ImageClassification:
    return ImageClassification(settings(**changes), toy, seed)


def losses(trained: ImageClassification) -> list[float]:
    return [loss for _, loss, _, _ in trained.history]


def same(found: Any, expected: Any) -> None:
    torch.testing.assert_close(dict(found), dict(expected), rtol=0, atol=0)


def batches(trained: ImageClassification, *epochs: int) -> list[torch.Tensor]:
    """What the network sees in these epochs."""
    seen: list[torch.Tensor] = []
    trained.network.register_forward_pre_hook(lambda _, x: seen.append(x[0].clone()))
    for epoch in epochs:
        trained.epoch(epoch)
    return seen


def test_two_models_see_the_same_batches(toy: Arrays) -> None:
    """The order and the moves depend on seed and epoch alone."""
    ours = batches(task(toy, options={**TINY, "scheme": "midpoint"}), 0, 1)
    theirs = batches(task(toy, model="resnet"), 0, 1)
    assert len(ours) == 4
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_every_epoch_and_seed_has_its_own_order_of_the_same_images(toy: Arrays) -> None:
    first, *others = (
        torch.cat(batches(task(toy, seed, augment="none"), epoch)).sum((1, 2, 3))
        for seed, epoch in ((1, 0), (1, 1), (2, 0))
    )
    for other in others:
        assert not torch.equal(first, other)
        torch.testing.assert_close(other.sort().values, first.sort().values, rtol=0, atol=0)


@pytest.mark.parametrize("momentum", ["drop", "keep"])
def test_resuming_after_any_epoch_leaves_no_trace(toy: Arrays, momentum: str) -> None:
    undisturbed = task(toy, **GROWING, refine_momentum=momentum)
    states = []
    for epoch in range(undisturbed.steps):
        states.append(copy.deepcopy(undisturbed.state()))
        undisturbed.step(epoch)
    for begun, state in enumerate(states):
        resumed = task(toy, **GROWING, refine_momentum=momentum)
        resumed.restore(state)
        for epoch in range(begun, resumed.steps):
            resumed.step(epoch)
        same(resumed.network.state_dict(), undisturbed.network.state_dict())
        assert losses(resumed) == losses(undisturbed)


def test_momentum_and_noise_of_a_refinement_make_a_difference(toy: Arrays) -> None:
    kinds = [{"refine_noise": 0.0}, {}, {"refine_momentum": "keep"}]
    ends = []
    for kind in kinds:
        trained = task(toy, **{**GROWING, **kind})
        run(trained)
        ends.append(losses(trained)[-1])
    assert len(set(ends)) == len(kinds)


def test_momentum_is_kept_by_both_halves(toy: Arrays) -> None:
    trained = task(toy, refine=(0.5,), refine_momentum="keep", options={**TINY, "bases": 2})
    trained.step(0)

    def momenta() -> list[dict[str, torch.Tensor]]:
        remembered = trained.optimizer.state
        assert isinstance(trained.network, ContinuousNet)
        return [
            {name: remembered[p]["momentum_buffer"].clone() for name, p in rate.named_parameters()}
            for rate in trained.network.blocks[0].rates
        ]

    before = momenta()
    trained.refine(1)
    for k, found in enumerate(momenta()):
        same(found, before[k // 2])
    assert before[0].keys() == before[1].keys() and not torch.equal(before[0]["0.weight"], before[1]["0.weight"])


def test_a_dropped_momentum_is_forgotten(toy: Arrays) -> None:
    trained = task(toy, refine=(0.5,))
    trained.step(0)
    trained.refine(1)
    assert not trained.optimizer.state


@pytest.mark.parametrize(
    "shares, epochs, expected",
    [
        ((0.25, 0.5, 0.75), 120, [30, 60, 90]),
        ((25 / 120,), 120, [25]),
        ((30 / 120, 50 / 120, 70 / 120), 120, [30, 50, 70]),
        ((0.25, 0.5, 0.75), 8, [2, 4, 6]),
        ((0.01, 0.5), 3, [1, 2]),
    ],
)
def test_shares_are_epochs(shares: tuple[float, ...], epochs: int, expected: list[int]) -> None:
    growing = settings(epochs=epochs, refine=shares, milestones=shares)
    assert growing.moments == expected == [growing.after(share) for share in growing.milestones]


def test_rates_drop_and_bases_double_when_they_should(toy: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refinement, which makes a new optimizer, does not bring the first learning rate back."""
    trained = task(toy, epochs=8, milestones=(0.25, 0.5, 0.75), refine=(0.25, 0.625))
    seen: list[tuple[float, int]] = []

    def note(index: int) -> float:
        assert isinstance(trained.network, ContinuousNet)
        seen.append((trained.optimizer.param_groups[0]["lr"], trained.network.bases))
        return 0.0

    monkeypatch.setattr(trained, "epoch", note)
    run(trained)
    assert [rate for rate, _ in seen] == pytest.approx([0.1, 0.1, 0.01, 0.01, 1e-3, 1e-3, 1e-4, 1e-4], rel=1e-12)
    assert [bases for _, bases in seen] == [1, 1, 2, 2, 2, 4, 4, 4]
    assert trained.settings.trained_options()["bases"] == 4


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"model": "resnet", "refine": (0.5,)}, "refine: only a continuousnet"),
        ({"refine": (0.0,)}, "refine.0.*greater than 0"),
        ({"refine": (1.0,)}, "refine.0.*less than 1"),
        ({"refine": (0.4, 0.6), "epochs": 2}, "refine: found.*expected different ones"),
        ({"refine": (0.5,), "final_bases": 4}, "final_bases: found 4, but 1 doublings of 1 make 2"),
        ({"final_bases": 2}, "final_bases: found 2"),
        ({"options": {"base": 2}}, "'base'.*Did you mean 'bases'"),
        ({"model": "resnets"}, "'resnet'"),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        settings(**changes)


@pytest.mark.parametrize("refine, epochs", [((0.5,), 1), ((0.9,), 3)])
def test_a_refinement_that_never_comes_is_refused(refine: tuple[float, ...], epochs: int) -> None:
    with pytest.raises(UserError, match="refine"):
        settings(refine=refine, epochs=epochs)


@pytest.mark.parametrize("share", [60.0, 1.5, -0.5])
def test_a_milestone_that_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(UserError, match="milestones"):
        settings(milestones=(share,))


@pytest.mark.parametrize("images", [32, 17])
def test_the_loss_is_the_mean_over_the_images_trained_on(toy: Arrays, images: int) -> None:
    """With no weights in the head each label is as likely as the others. A single image has no batch statistics."""
    trained = task(toy, train_images=images, learning_rate=1e-20)
    last = list(trained.network.modules())[-1]
    assert isinstance(last, nn.Linear)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    assert trained.epoch(0) == pytest.approx(math.log(3), rel=1e-6)


def test_results_are_those_of_the_last_epoch(toy: Arrays) -> None:
    trained = task(toy, **GROWING)
    result = run(trained)[0]
    found = {row["metric"]: row["value"] for row in result.rows}
    assert found["test_accuracy"] == [r["value"] for r in result.curves if r["metric"] == "test_accuracy"][-1]
    assert found["parameters"] == sum(p.numel() for p in trained.network.parameters())
    assert {row["unit"] for row in result.timings} == {"s"} and "s" not in {r["unit"] for r in result.curves}
    again = Trained(trained.settings, result.weights, toy, seed=1).network()
    same(again.state_dict(), trained.network.state_dict())


def test_half_precision_trains_to_nearly_the_same_loss(toy: Arrays) -> None:
    recipe: dict[str, Any] = {"options": {**TINY, "width": 4}, "epochs": 10, "augment": "none"}
    full, half = (task(toy, **recipe, precision=precision) for precision in ("float32", "bfloat16"))
    for trained in (full, half):
        run(trained)
        assert losses(trained)[-1] < 0.6 * math.log(3)
    assert losses(half) == pytest.approx(losses(full), rel=0.02) and losses(half) != losses(full)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("precision, atol", [("float32", 1e-5), ("bfloat16", 1e-3)])
def test_a_captured_step_is_the_step(toy: Arrays, precision: str, atol: float) -> None:
    """From the first step, when there is no momentum yet, and from a later one."""
    chosen = settings(options={**TINY, "bases": 2, "scheme": "rk4_classic"}, precision=precision)
    eager, replayed = (ImageClassification(chosen, toy, 1, "cuda") for _ in range(2))
    labels = eager.train.labels[:16]
    images = [torch.randn(16, 1, 8, 8, device="cuda").to(memory_format=torch.channels_last) for _ in range(4)]
    for trained in (eager, replayed):
        trained.network.train()

    def state(trained: ImageClassification) -> dict[str, torch.Tensor]:
        """Weights, statistics and momenta; no momentum is one of zero."""
        momenta = {
            f"momentum of {name}": trained.optimizer.state[p].get("momentum_buffer", torch.zeros_like(p))
            for name, p in trained.network.named_parameters()
        }
        return {name: tensor.clone() for name, tensor in {**trained.network.state_dict(), **momenta}.items()}

    for begin in (0, 2):
        before = state(replayed)
        step = Captured(replayed._descend, (images[3], labels), replayed.network, replayed.optimizer)
        same(state(replayed), before)
        for batch in images[begin : begin + 2]:
            torch.testing.assert_close(step(batch, labels), eager._descend(batch, labels), rtol=100 * atol, atol=atol)
        torch.testing.assert_close(state(replayed), state(eager), rtol=100 * atol, atol=atol)
