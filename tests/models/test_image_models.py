from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor, nn

from ctbench.models import MODELS
from ctbench.models._image import ImageModel, ResidualBlock
from ctbench.models.continuousnet import ContinuousNet, overlaps
from ctbench.solvers import SCHEMES
from ctbench.spec.errors import UserError
from ctbench.spec.seeds import generator

SMALL: dict[str, Any] = {"width": 4, "stages": 1}
TWINS: dict[str, dict[str, Any]] = {
    "resnet": {"width": 4, "blocks": 2},
    "wide_resnet": {"width": 4, "blocks": 2, "widen": 1},
}
ORDERS = {"euler": 1, "midpoint": 2, "rk4_classic": 4}


def untrained(kind: str, channels: int = 3, classes: int = 10, **options: Any) -> ImageModel:
    return MODELS[kind](MODELS[kind].Options(**options), channels, classes)


def count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def any_statistics(model: ImageModel) -> ImageModel:
    """In double precision for inference, with weights and statistics as if it had been trained."""
    noise = Generator().manual_seed(0)
    model.initialise(noise)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.3, generator=noise)
            module.running_var.uniform_(0.5, 2, generator=noise)
    return model.double().eval()


def net(**options: Any) -> ContinuousNet:
    model = any_statistics(untrained("continuousnet", 1, **{**SMALL, **options}))
    assert isinstance(model, ContinuousNet)
    return model


def smooth(model: nn.Module) -> None:
    """Every ReLU becomes a function without a kink."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU):
                setattr(module, name, nn.Softplus())


def images(n: int = 3) -> Tensor:
    return torch.randn(n, 1, 8, 8, generator=Generator().manual_seed(1), dtype=torch.float64)


def tensors(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(found: Any, expected: Any) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("bases, parameters", [(1, 175_770), (2, 273_210), (4, 468_090), (8, 857_850), (32, 3_196_410)])
def test_parameters_of_continuousnet_are_the_published_counts(bases: int, parameters: int) -> None:
    assert count(untrained("continuousnet", bases=bases)) == parameters


@pytest.mark.parametrize("blocks, parameters", [(3, 272_474), (9, 855_770)])
def test_parameters_of_resnet_20_and_56(blocks: int, parameters: int) -> None:
    assert count(untrained("resnet", blocks=blocks)) == parameters


def test_parameters_of_the_wide_twins_are_the_published_counts() -> None:
    wide = untrained("continuousnet", classes=100, widen=4, activation="pre", bases=8)
    assert count(wide) == 13_630_676
    assert count(untrained("wide_resnet", classes=100, widen=4, blocks=9)) == 13_631_108


@torch.no_grad()
@pytest.mark.parametrize("epsilon", [1.0, 3.0])
def test_euler_with_one_step_for_each_basis_is_a_residual_network(epsilon: float) -> None:
    [block] = net(bases=3, epsilon=epsilon).blocks
    x = expected = torch.randn(2, 4, 5, 5, dtype=torch.float64)
    for rate in block.rates:
        expected = expected + epsilon / 3 * rate(expected)
    torch.testing.assert_close(block(x), expected)


@torch.no_grad()
@pytest.mark.parametrize("kind", TWINS)
def test_a_residual_net_under_one_euler_step_is_the_net_as_trained(kind: str) -> None:
    model = any_statistics(untrained(kind, 1, stages=2, **TWINS[kind]))
    trained, logits = model.manifestation, model(images())
    model.manifest("midpoint", 2)
    assert (model(images()) - logits).norm() > 1e-3 * logits.norm()
    model.manifest(*trained)
    assert trained == ("euler", 1)
    same(model(images()), logits)
    block = next(m for m in model.modules() if isinstance(m, ResidualBlock) and m.shortcut is None)
    x = torch.randn(2, 4, 5, 5, dtype=torch.float64)
    same(block(x), x + block.residual(x))


def converges_with_the_order(logits: Callable[[str, int], Tensor]) -> None:
    """Of solutions by scheme and a number of steps, doubled again and again."""
    for scheme, order in ORDERS.items():
        found = [logits(scheme, n) for n in (8, 16, 32)]
        ratio = (found[0] - found[1]).norm() / (found[1] - found[2]).norm()
        assert float(ratio.log2()) == pytest.approx(order, abs=0.3), scheme


@torch.no_grad()
@pytest.mark.parametrize("kind", TWINS)
def test_a_residual_unit_has_the_flow_of_its_field_as_the_limit(kind: str) -> None:
    model = any_statistics(untrained(kind, 1, stages=1, **TWINS[kind]))
    smooth(model)

    def logits(scheme: str, steps: int) -> Tensor:
        model.manifest(scheme, steps)
        return model(images())

    converges_with_the_order(logits)


@torch.no_grad()
@pytest.mark.parametrize("activation", ["post", "pre"])
def test_refinement_keeps_the_function_up_to_the_order_of_the_scheme(activation: str) -> None:
    """From one basis: theta(t) stays constant, so the net goes to the limit of ever smaller steps."""

    def refined(scheme: str, bases: int) -> Tensor:
        model = net(scheme=scheme, activation=activation)
        smooth(model)
        while model.bases < bases:
            model.refine(generator("noise", 0), size=0.0)
        assert model.manifestation == (scheme, bases)
        return model(images())

    converges_with_the_order(refined)


@torch.no_grad()
@pytest.mark.parametrize("bases", [1, 2, 4])
def test_a_refinement_changes_less_under_a_better_scheme(bases: int) -> None:
    changes = []
    for scheme in ORDERS:
        model = net(scheme=scheme, bases=bases)
        before = model(images())
        model.refine(generator("noise", 0), size=0.0)
        changes.append(float((model(images()) - before).norm() / before.norm()))
    assert changes == sorted(changes, reverse=True) and changes[-1] < 0.1 * changes[0]


def test_noise_multiplies_the_convolutions_of_the_ode_blocks_and_nothing_else() -> None:
    exact, noisy = (net(width=16, stages=2, bases=2, skip_init=True) for _ in range(2))
    for model in (exact, noisy):
        for p in model.parameters():
            p.data += 0.1
    exact.refine(generator("init", 0), size=0.0)
    noisy.refine(generator("init", 0), size=0.01)
    convolutions = {
        f"{name}.{kind}"
        for name, module in exact.named_modules()
        if ".rates." in name and isinstance(module, nn.Conv2d)
        for kind in ("weight", "bias")
    }
    before, after = tensors(exact), tensors(noisy)
    assert {name for name in before if not torch.equal(before[name], after[name])} == convolutions
    factors = torch.cat([(after[name] / before[name]).flatten() for name in convolutions])
    assert float(factors.mean()) == pytest.approx(1, abs=2e-4) and float(factors.std()) == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("bases, multiple", [(1, 3), (2, 4), (3, 6), (2, 6)])
def test_to_a_multiple_and_back_changes_nothing(bases: int, multiple: int) -> None:
    model = net(bases=bases)
    before = tensors(model)
    model.project(multiple)
    for j, rate in enumerate(model.blocks[0].rates):
        for name, tensor in rate.state_dict().items():
            torch.testing.assert_close(tensor, before[f"body.2.rates.{j * bases // multiple}.{name}"])
    model.project(bases)
    torch.testing.assert_close(tensors(model), before)
    assert model.bases == model.manifestation[1] == bases


@pytest.mark.parametrize(
    "coarse, weights",
    [
        (1, [[1 / 3, 1 / 3, 1 / 3]]),
        (2, [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]]),
        (4, [[1, 0, 0], [1 / 3, 2 / 3, 0], [0, 2 / 3, 1 / 3], [0, 0, 1]]),
    ],
)
def test_projection_is_the_mean_over_each_new_interval(coarse: int, weights: list[list[float]]) -> None:
    """Of parameters and of running statistics."""
    model = net(bases=3)
    old = [tensors(rate) for rate in model.blocks[0].rates]
    model.project(coarse)
    for rate, shares in zip(model.blocks[0].rates, weights, strict=True):
        for name, tensor in rate.state_dict().items():
            if tensor.is_floating_point():
                expected = torch.stack([share * k[name] for share, k in zip(shares, old, strict=True)]).sum(0)
                torch.testing.assert_close(tensor, expected)
    assert {"2.running_mean", "2.running_var", "0.weight"} <= old[0].keys()


@given(fine=st.integers(1, 30), coarse=st.integers(1, 30))
def test_shares_of_a_piece_make_a_whole_and_each_interval_is_shared_out(fine: int, coarse: int) -> None:
    shares = [overlaps(j, fine, coarse) for j in range(fine)]
    assert all(sum(share.values()) == 1 and min(share.values()) > 0 for share in shares)
    assert [sum(share.get(k, 0) for share in shares) for k in range(coarse)] == [Fraction(fine, coarse)] * coarse


@torch.no_grad()
@pytest.mark.parametrize("activation", ["post", "pre"])
@pytest.mark.parametrize("scheme, steps", [("euler", 1), ("rk4_classic", 3)])
def test_skip_init_starts_as_the_identity(activation: str, scheme: str, steps: int) -> None:
    model = net(stages=2, bases=2, activation=activation, skip_init=True, norm=False)
    model.manifest(scheme, steps)
    for block, width in zip(model.blocks, (4, 8), strict=True):
        x = torch.randn(2, width, 5, 5, dtype=torch.float64)
        same(block(x), x)


@torch.no_grad()
@pytest.mark.parametrize("scheme", ["rk4_classic", "rk4_38"])
def test_more_steps_of_a_good_scheme_change_little(scheme: str) -> None:
    """Kinks and all: doubling the steps changes the logits less and less."""
    model, logits = net(), []
    for steps in (4, 16, 64):
        model.manifest(scheme, steps)
        logits.append(model(images()))
    assert (logits[1] - logits[2]).norm() < 0.2 * (logits[0] - logits[2]).norm()


@pytest.mark.parametrize("kind", ["continuousnet", "resnet", "wide_resnet"])
def test_manifestation_changes_no_weight(kind: str) -> None:
    model = any_statistics(untrained(kind, 1, **SMALL))
    before = tensors(model)
    model.manifest("rk4_38", 7)
    model(images())
    assert model.manifestation == ("rk4_38", 7)
    same(tensors(model), before)


@pytest.mark.parametrize("kind", ["continuousnet", "resnet", "wide_resnet"])
def test_what_cannot_be_manifested_is_named_and_changes_nothing(kind: str) -> None:
    model = untrained(kind, **SMALL)
    before = model.manifestation
    with pytest.raises(ValueError, match="steps: found 0"):
        model.manifest("midpoint", 0)
    with pytest.raises(UserError, match=r"'rk4_clasic'.*Did you mean 'rk4_classic'"):
        model.manifest("rk4_clasic", 2)
    assert model.manifestation == before


@torch.no_grad()
@pytest.mark.parametrize("scheme", SCHEMES.names)
def test_the_stage_rule_matters_with_several_bases_alone(scheme: str) -> None:
    """In as many steps: where a scheme looks at the end of a step, the rules take different pieces."""
    for bases in (1, 2):
        logits = [net(bases=bases, scheme=scheme, stage_rule=rule)(images()) for rule in ("interval", "as_released")]
        differs = not torch.equal(*logits)
        assert differs == (bases > 1 and 1 in SCHEMES[scheme].c)


def test_the_adjoint_gives_the_same_logits_and_a_near_gradient() -> None:
    gradients = []
    for kind in ("backpropagation", "adjoint"):
        model = net(bases=2, scheme="rk4_classic", gradient=kind)
        smooth(model)
        model.manifest("rk4_classic", 16)
        logits = model(images())
        found = torch.autograd.grad(logits.logsumexp(1).sum(), list(model.parameters()))
        gradients.append(torch.cat([logits.flatten(), *(g.flatten() for g in found)]))
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-5)


def test_initial_convolutions_of_the_field_have_no_bias() -> None:
    for block in net(stages=3).blocks:
        assert all(not m.bias.any() for m in block.modules() if isinstance(m, nn.Conv2d) and m.bias is not None)
