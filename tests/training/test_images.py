from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ctbench.models._image import ResidualModel
from ctbench.spec.errors import UserError
from ctbench.spec.seeds import generator
from ctbench.training.image_classification import ImageClassification, Settings
from ctbench.training.images import Images, Moves, Pictures, accuracy, crop_flip, prepared

SIDE = 8


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """Images of two channels, of which the first says the label."""
    rng = np.random.default_rng(0)
    made = {}
    for name, number in (("train", 40), ("test", 30)):
        labels = np.arange(number)
        pixels = rng.integers(0, 256, (number, SIDE, SIDE, 2), dtype=np.uint8)
        pixels[..., 0] = labels[:, None, None]
        made |= {f"{name}_images": pixels, f"{name}_labels": labels}
    return made


def parts(arrays: dict[str, np.ndarray], **settings: Any) -> tuple[Images, Images]:
    return prepared(Pictures(**settings), arrays, "cpu")


def numbered(n: int) -> Tensor:
    """The same image of pixels 1, 2, ..., 64, n times."""
    return torch.arange(1, SIDE**2 + 1, dtype=torch.uint8).view(1, SIDE, SIDE, 1).repeat(n, 1, 1, 1)


def drawn(n: int, *place: int) -> Moves:
    moments = torch.zeros(1), torch.ones(1)
    return Moves.drawn(Images(numbered(n), torch.zeros(n), *moments), generator("noise", *place))


def test_pixels_are_standardised_by_the_training_images(arrays: dict[str, np.ndarray]) -> None:
    train, test = parts(arrays)
    pixels = train.standardised(train.pixels)
    assert pixels.shape == (40, 2, SIDE, SIDE) and pixels.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(pixels.mean((0, 2, 3)), torch.zeros(2), rtol=0, atol=1e-4)
    torch.testing.assert_close(pixels.std((0, 2, 3), correction=0), torch.ones(2), rtol=0, atol=1e-4)
    torch.testing.assert_close(test.standardised(train.pixels), pixels)


def test_the_moments_of_many_pixels_are_exact() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (500, 32, 32, 3), dtype=np.uint8)
    labels = np.zeros(500)
    train, _ = parts({"train_images": pixels, "train_labels": labels, "test_images": pixels, "test_labels": labels})
    for found, expected in ((train.mean, pixels.mean((0, 1, 2))), (train.deviation, pixels.std((0, 1, 2)))):
        np.testing.assert_allclose(found, expected / 255, rtol=1e-5)


def test_crop_and_flip_move_pixels_and_make_none() -> None:
    moves = drawn(200, 0)
    found = crop_flip(numbered(200), moves)[..., 0].numpy()
    padded = np.pad(numbered(1)[0, :, :, 0].numpy(), SIDE // 8)
    for image, down, right, flip in zip(found, moves.down, moves.right, moves.flip, strict=True):
        crop = padded[down : down + SIDE, right : right + SIDE]
        np.testing.assert_array_equal(image, crop[:, ::-1] if flip else crop)


def test_a_move_to_the_middle_changes_nothing() -> None:
    middle = torch.full((3,), SIDE // 8)
    torch.testing.assert_close(crop_flip(numbered(3), Moves(middle, middle, torch.zeros(3).bool())), numbered(3))


def test_every_move_is_as_likely_as_the_others() -> None:
    moves = drawn(18_000, 0)
    kinds = torch.stack([moves.down, moves.right, moves.flip.long()]).unique(dim=1, return_counts=True)[1]
    assert len(kinds) == 3 * 3 * 2 and int(kinds.min()) > 850 and int(kinds.max()) < 1150


def test_moves_depend_on_the_generator_alone(arrays: dict[str, np.ndarray]) -> None:
    ours, same, other = drawn(40, 3, 1), drawn(40, 3, 1), drawn(40, 3, 2)
    elsewhere = Moves.drawn(parts(arrays)[0], generator("noise", 3, 1))
    chosen = torch.tensor([5, 0])
    for name in ("down", "right", "flip"):
        torch.testing.assert_close(getattr(same, name), getattr(ours, name))
        torch.testing.assert_close(getattr(elsewhere, name), getattr(ours, name))
        torch.testing.assert_close(getattr(ours.of(chosen), name), getattr(ours, name)[chosen])
        assert not torch.equal(getattr(other, name), getattr(ours, name))


def test_fewer_images_are_some_of_them_with_their_labels(arrays: dict[str, np.ndarray]) -> None:
    few, more = (parts(arrays, train_images=n, test_images=n) for n in (7, 20))
    for fewer, many in zip(few, more, strict=True):
        assert (len(fewer), len(many)) == (7, 20) and len(many.labels.unique()) == 20
        torch.testing.assert_close(many.pixels[:, 0, 0, 0].long(), many.labels)
        torch.testing.assert_close(fewer.labels, many.labels[:7])
    assert few[0].labels.tolist() != few[1].labels.tolist()


def test_all_seeds_see_the_same_few_images(toy: dict[str, np.ndarray]) -> None:
    few: dict[str, Any] = {"train_images": 9, "test_images": 5}
    settings = Settings(model="resnet", options={"width": 1, "stages": 1}, **few)
    first, second = (ImageClassification(settings, toy, seed) for seed in (0, 1))
    for part in ("train", "test"):
        torch.testing.assert_close(getattr(first, part).pixels, getattr(second, part).pixels)


def test_a_smaller_side_averages_blocks(arrays: dict[str, np.ndarray]) -> None:
    small, _ = parts(arrays, side=4)
    assert small.pixels.shape == (40, 4, 4, 2) and small.pixels.dtype == torch.uint8
    expected = torch.nn.functional.avg_pool2d(torch.tensor(arrays["train_images"]).float().permute(0, 3, 1, 2), 2)
    torch.testing.assert_close(small.pixels.float().permute(0, 3, 1, 2), expected, rtol=0, atol=0.5)
    torch.testing.assert_close(small.pixels[:, 0, 0, 0].long(), small.labels)


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"train_images": 41}, "train_images: found 41.*40"),
        ({"test_images": 31}, "test_images: found 31.*30"),
        ({"side": 5}, "side: found 5.*divisor of 8"),
        ({"side": 16}, "side: found 16.*divisor of 8"),
    ],
)
def test_what_the_data_cannot_give_is_named(arrays: dict[str, np.ndarray], settings: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parts(arrays, **settings)


class Reader(ResidualModel):
    """Reads the label off images whose first pixel says it, and takes every label from `limit` on for 0."""

    def __init__(self, limit: int, wrong: float = 0.0) -> None:
        torch.nn.Module.__init__(self)
        self.limit, self.wrong = limit, wrong

    def forward(self, images: Tensor) -> Tensor:
        label = images[:, 0, 0, 0].round().long()
        logits = torch.nn.functional.one_hot(torch.where(label < self.limit, label, 0), 40).float()
        return torch.where(label[:, None] == 39, logits + self.wrong, logits)


@pytest.mark.parametrize("limit, expected", [(40, 100.0), (30, 75.0), (1, 2.5)])
def test_accuracy_is_a_percentage_of_all_images(limit: int, expected: float) -> None:
    label = torch.arange(40).repeat(30)
    images = Images(label.byte()[:, None, None, None], label, torch.zeros(1), torch.full((1,), 1 / 255))
    network = Reader(limit).train()
    assert accuracy(network, images) == pytest.approx(expected) and not network.training
    assert np.isnan(accuracy(Reader(limit, wrong=float("inf")), images))
