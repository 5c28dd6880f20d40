from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ctbench.data import Dataset
from ctbench.papers import experiments
from ctbench.papers._experiment import Inputs, over, weights_of
from ctbench.papers.continuousnet.classification import DATASETS, EXPERIMENT, VARIANTS, architecture
from ctbench.spec.errors import UserError
from ctbench.spec.run import RunSpec
from ctbench.training.image_classification import ImageClassification, Settings

SWEEPS = ("manifestation", "stage_rule", "fewer_units", "adjoint")


def settings(model: str, dataset: str = "cifar10", **changes: Any) -> Settings:
    return Settings.model_validate(over(EXPERIMENT.published(dataset, model), changes))


def reductions(model: str, dataset: str = "cifar10", **changes: Any) -> list[str]:
    return list(EXPERIMENT.reductions(dataset, model, settings(model, dataset, **changes)))


def spec(model: str, **changes: Any) -> RunSpec:
    chosen = settings(model, "digits", **changes).model_dump(mode="json")
    return RunSpec(
        paper="continuousnet", experiment="classification", dataset="digits", model=model, settings=chosen, seeds=(0,)
    )


@pytest.mark.parametrize(
    "model, kind, options",
    [
        ("euler_k1", "continuousnet", {"scheme": "euler", "bases": 1}),
        ("rk4_k8", "continuousnet", {"scheme": "rk4_classic", "bases": 8}),
        ("rk438_k2", "continuousnet", {"scheme": "rk4_38", "bases": 2}),
        ("midpoint_k16", "continuousnet", {"scheme": "midpoint", "bases": 16, "activation": "post"}),
        ("euler_k2_pre", "continuousnet", {"scheme": "euler", "bases": 2, "activation": "pre", "widen": 1}),
        ("rk4_k8_wide", "continuousnet", {"bases": 8, "activation": "pre", "widen": 4}),
        ("rk4_k2_skip_epsilon8", "continuousnet", {"skip_init": True, "norm": False, "epsilon": 8.0}),
        ("resnet_k2", "resnet", {"blocks": 3, "width": 16}),
        ("wideresnet_k8", "wide_resnet", {"blocks": 9, "widen": 4}),
    ],
)
def test_a_name_is_an_architecture(model: str, kind: str, options: dict[str, Any]) -> None:
    found = settings(model)
    assert found.model == kind and found.refine == () and found.epochs == 120
    assert {name: found.options[name] for name in options} == options
    assert not reductions(model)


@pytest.mark.parametrize(
    "model, epochs, moments",
    [
        ("rk4_k1to2", 120, [25]),
        ("euler_k1to4", 160, [30, 60]),
        ("rk4_k1to8", 120, [30, 50, 70]),
        ("rk4_k2to16_momentum_noise", 120, [30, 50, 70]),
        ("rk4_k1to16", 160, [20, 40, 60, 70]),
        ("rk4_k1to32", 160, [20, 40, 60, 70, 80]),
    ],
)
def test_a_growing_net_doubles_when_the_authors_does(model: str, epochs: int, moments: list[int]) -> None:
    found = settings(model, epochs=epochs)
    assert found.moments == moments
    assert found.trained_options()["bases"] == found.final_bases == found.options["bases"] * 2 ** len(moments)
    assert (found.refine_momentum, found.refine_noise) == (("keep", 0.1) if "noise" in model else ("drop", 0))


@pytest.mark.parametrize(
    "variant",
    list(VARIANTS),
)
def test_every_variant_is_a_valid_change(variant: str) -> None:
    plain, varied = settings("rk4_k1to2"), settings(f"rk4_k1to2_{variant}")
    assert varied != plain
    merged = over(plain.model_dump(), VARIANTS[variant])
    assert varied == Settings.model_validate(merged)


@pytest.mark.parametrize("variant", [*VARIANTS, None])
@pytest.mark.parametrize("dataset", DATASETS)
def test_recipes_and_variants_fit_all_data_sets(dataset: str, variant: str | None) -> None:
    model = "_".join(["rk4_k2", *([variant] if variant else [])])
    found = settings(model, dataset)
    assert found.augment == ("crop_flip" if dataset.startswith("cifar") else "none")
    assert EXPERIMENT.needs(dataset) == dataset and EXPERIMENT.seconds(found) > 0
    assert {"ctbench.models.continuousnet", "ctbench.solvers.tableaux.rk4_classic"} <= {*EXPERIMENT.code(found)}
    assert found.options["bases"] == 2


@pytest.mark.parametrize(
    "model, said",
    [
        ("rk4_k1to6", "found 1 to 6 bases"),
        ("rk4_k4to2", "found 4 to 2 bases"),
        ("rk4_k2to2x", "'rk4_k2to2x'"),
        ("rk4_k1to64", "found 1 to 64 bases"),
        ("rk4_k0", "'rk4_k0'"),
        ("rk4", "'rk4'"),
        ("rk4_2", "'rk4_2'"),
        ("dopri5_k2", "'dopri5_k2'"),
        ("rk4_k2_prae", "'prae'.*Did you mean 'pre'"),
        ("resnet_k1to2", "refine: only a continuousnet"),
        ("resnet_k2_pre", "'activation'"),
    ],
)
def test_a_name_of_another_form_is_refused(model: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        settings(model)


def test_an_unknown_data_set_is_refused() -> None:
    with pytest.raises(UserError, match=r"'cifar'.*Did you mean 'cifar10'"):
        EXPERIMENT.published("cifar", "rk4_k2")


@pytest.mark.parametrize(
    "dataset, changes, said",
    [
        ("cifar10", {}, []),
        ("cifar100", {"learning_rate": 0.05}, []),
        ("fashion_mnist", {}, ["fashion_mnist instead of cifar10"]),
        ("cifar10", {"epochs": 12}, ["epochs 12 instead of 120"]),
        ("cifar10", {"options": {"width": 8, "stages": 2}}, ["width 8 instead of 16", "stages 2 instead of 3"]),
        (
            "cifar10",
            {"side": 16, "train_images": 10_000, "test_images": 2000},
            ["images averaged to 16 x 16 pixels", "10000 training images", "2000 test images"],
        ),
        (
            "digits",
            {},
            [
                "digits instead of cifar10",
                "width 8 instead of 16",
                "stages 2 instead of 3",
                "epochs 30 instead of 120",
            ],
        ),
    ],
)
@pytest.mark.parametrize("model", ["rk4_k1to2_bf16", "resnet_k2", "wideresnet_k2"])
def test_every_reduction_is_named(model: str, dataset: str, changes: dict[str, Any], said: list[str]) -> None:
    assert reductions(model, dataset, **changes) == said


@pytest.mark.parametrize(
    "model, accepted",
    [
        ("resnet_k2", {"manifestation"}),
        ("wideresnet_k2", {"manifestation"}),
        ("euler_k1", {"manifestation", "adjoint"}),
        ("rk4_k2", {*SWEEPS}),
        ("rk4_k1to4", {*SWEEPS}),
    ],
)
def test_a_sweep_starts_where_it_makes_sense(model: str, accepted: set[str]) -> None:
    known = experiments()
    assert {name for name in SWEEPS if known[f"continuousnet/{name}"].accepts(spec(model))} == accepted


TINY: dict[str, Any] = {"epochs": 1, "options": {"width": 2, "stages": 1}}


@pytest.fixture
def digits() -> Dataset:
    rng = np.random.default_rng(0)
    arrays = {f"{part}_images": rng.integers(0, 17, (20, 8, 8, 1), dtype=np.uint8) for part in ("train", "test")}
    arrays |= {f"{part}_labels": np.arange(20) % 10 for part in ("train", "test")}
    return Dataset(name="digits", arrays=arrays, sha256="", fingerprint={})


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.parametrize("damage", ["another architecture", "another name"])
def test_weights_of_another_net_are_named(digits: Dataset, tmp_path: Path, name: str, damage: str) -> None:
    parent = spec("rk4_k2", **TINY)
    other = settings("rk4_k4" if damage == "another architecture" else "rk4_k2", "digits", **TINY)
    weights = ImageClassification(other, digits.arrays, 0).network.state_dict()
    if damage == "another name":
        weights = {f"other.{key}": tensor for key, tensor in weights.items()}
    (tmp_path / "weights").mkdir()
    save_file({key: tensor.contiguous() for key, tensor in weights.items()}, tmp_path / "weights/0.safetensors")
    inputs = Inputs(digits, parent, weights_of(tmp_path, (0,)), "cpu")
    sweep = experiments()[f"continuousnet/{name}"]
    chosen = RunSpec(**{**parent.model_dump(), "experiment": name, "settings": sweep.published("digits", "rk4_k2")})
    with pytest.raises(UserError, match="weights of seed 0 are of another network"):
        sweep.task(chosen, (0,), inputs)


@pytest.mark.parametrize("content", [None, b"", b"half a file"])
def test_a_damaged_file_of_weights_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "weights/0.safetensors"
    path.parent.mkdir()
    save_file({"body": torch.zeros(100)}, path)
    path.write_bytes(path.read_bytes()[:-5] if content is None else content)
    with pytest.raises(UserError, match=r"0\.safetensors: trained weights cannot be read.*Run their training again"):
        weights_of(tmp_path, (0,))


def test_architectures_say_where_a_name_stands() -> None:
    with pytest.raises(UserError, match=r"^here: found model 'k2'"):
        architecture("k2", "here")
