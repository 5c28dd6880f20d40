import pytest
import torch
from torch import Generator, nn

from ctbench.models import MODELS
from ctbench.models.continuousnet import ContinuousNet, OdeBlock


def count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def net(**options: object) -> ContinuousNet:
    model = ContinuousNet(ContinuousNet.Options(**options), 1, 10)
    model.initialise(Generator().manual_seed(0))
    return model.eval()


@pytest.mark.parametrize("bases, parameters", [(1, 175_770), (2, 273_210), (4, 468_090), (8, 857_850), (32, 3_196_410)])
def test_parameters_of_continuousnet_are_the_published_counts(bases: int, parameters: int) -> None:
    assert count(ContinuousNet(ContinuousNet.Options(bases=bases), 3, 10)) == parameters


@pytest.mark.parametrize("blocks, parameters", [(3, 272_474), (9, 855_770)])
def test_parameters_of_resnet_20_and_56(blocks: int, parameters: int) -> None:
    kind = MODELS["resnet"]
    assert count(kind(kind.Options(blocks=blocks), 3, 10)) == parameters


@torch.no_grad()
def test_euler_with_one_step_for_each_basis_is_a_residual_network() -> None:
    block = OdeBlock(4, bases=3, epsilon=3.0).eval()
    block.steps = 3
    x = torch.randn(2, 4, 5, 5)
    expected = x
    for rate in block.rates:
        expected = expected + rate(expected)
    torch.testing.assert_close(block(x), expected)


@torch.no_grad()
@pytest.mark.parametrize("scheme", ["rk4_classic", "rk4_38"])
def test_more_steps_of_a_good_scheme_change_little(scheme: str) -> None:
    """With few enough kinks the flow converges: doubling the steps changes the logits less and less."""
    model, images = net(width=4, stages=1), torch.randn(3, 1, 8, 8)
    logits = []
    for steps in (4, 16, 64):
        model.manifest(scheme, steps)
        logits.append(model(images))
    assert (logits[1] - logits[2]).norm() < 0.2 * (logits[0] - logits[2]).norm() + 1e-6


def test_manifestation_changes_no_weight() -> None:
    model = net(width=4, stages=1, bases=2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.manifest("rk4_38", 7)
    model(torch.randn(2, 1, 8, 8))
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_initial_convolutions_of_the_field_have_no_bias() -> None:
    for block in net(width=4).blocks:
        assert all(not m.bias.any() for m in block.modules() if isinstance(m, nn.Conv2d))
