"""Images as uint8 tensors on the device: reduced, augmented, standardised; and the accuracy of a net on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from ctbench.models._image import ImageModel
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator

Arrays = Mapping[str, np.ndarray]


class Pictures(Frozen):
    """Which of the images are used, and how they are augmented; null means all of them, as they are."""

    augment: Literal["none", "crop_flip"] = "crop_flip"
    train_images: int | None = Field(None, ge=1, description="Training images, drawn once for all seeds.")
    test_images: int | None = Field(None, ge=1, description="Test images, drawn once for all seeds.")
    side: int | None = Field(None, ge=4, description="Height and width, by averaging blocks of pixels.")


@dataclass(frozen=True)
class Images:
    """One part of a data set on a device.

    Attributes:
        pixels: uint8 [n, height, width, channels].
        labels: int64 [n].
        mean: of the training pixels between 0 and 1, [channels].
        deviation: likewise.
    """

    pixels: Tensor
    labels: Tensor
    mean: Tensor
    deviation: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def standardised(self, pixels: Tensor) -> Tensor:
        """Float [n, channels, height, width], channels last in memory."""
        return ((pixels.float() / 255 - self.mean) / self.deviation).permute(0, 3, 1, 2)


def prepared(settings: Pictures, arrays: Arrays, device: str) -> tuple[Images, Images]:
    """Training and test images.

    Args:
        settings: the selection.
        arrays: `train_images`, `test_images` uint8 [n, height, width, channels], `train_labels`, `test_labels` [n].
        device: `cpu` or `cuda`.

    Raises UserError if more images are asked for than there are, or a size that does not divide theirs.
    """
    parts = {
        name: _selected(arrays[f"{name}_images"], arrays[f"{name}_labels"], number, settings.side, name)
        for name, number in (("train", settings.train_images), ("test", settings.test_images))
    }
    pixels = parts["train"][0]
    mean, deviation = (moment((0, 1, 2), dtype=np.float64) / 255 for moment in (pixels.mean, pixels.std))
    moments = [torch.tensor(moment, dtype=torch.float32, device=device) for moment in (mean, deviation)]
    train, test = (
        Images(torch.tensor(pixels, device=device), torch.tensor(labels, device=device), *moments)
        for pixels, labels in parts.values()
    )
    return train, test


def _selected(
    pixels: np.ndarray, labels: np.ndarray, number: int | None, side: int | None, name: str
) -> tuple[np.ndarray, np.ndarray]:
    if number is not None:
        if number > len(labels):
            raise UserError(f"{name}_images: found {number}, but the data set has {len(labels)}.")
        chosen = generator("data split", 0, name).permutation(len(labels))[:number]
        pixels, labels = pixels[chosen], labels[chosen]
    if side is not None:
        n, height, width, channels = pixels.shape
        if height % side or width % side:
            raise UserError(f"side: found {side}, expected a divisor of {height} and {width}.")
        blocks = pixels.reshape(n, side, height // side, side, width // side, channels)
        pixels = blocks.mean((2, 4)).round().astype(np.uint8)
    return np.ascontiguousarray(pixels), labels.astype(np.int64)


@dataclass(frozen=True)
class Moves:
    """A crop after padding by an eighth of the size, and a flip, for every image of an epoch; each tensor is [n]."""

    down: Tensor
    right: Tensor
    flip: Tensor

    @classmethod
    def drawn(cls, like: Images, noise: np.random.Generator) -> Moves:
        """Uniform crops, and a flip for every second image on average."""
        n, span = len(like), 2 * (like.pixels.shape[1] // 8) + 1
        draws = (noise.integers(0, span, n), noise.integers(0, span, n), noise.random(n) < 0.5)
        return cls(*(torch.from_numpy(draw).to(like.pixels.device) for draw in draws))

    def of(self, chosen: Tensor) -> Moves:
        return Moves(self.down[chosen], self.right[chosen], self.flip[chosen])


def crop_flip(pixels: Tensor, moves: Moves) -> Tensor:
    """Every image [height, width, channels] padded by black, cropped and mirrored by its own move."""
    n, height, width, _ = pixels.shape
    pad = height // 8
    padded = torch.nn.functional.pad(pixels, (0, 0, pad, pad, pad, pad))
    column = torch.arange(width, device=pixels.device)
    mirrored = torch.where(moves.flip[:, None], column.flip(0), column)
    rows = moves.down[:, None] + torch.arange(height, device=pixels.device)
    columns = moves.right[:, None] + mirrored
    each = torch.arange(n, device=pixels.device)[:, None, None]
    return padded[each, rows[:, :, None], columns[:, None, :]]


@torch.no_grad()
def accuracy(network: ImageModel, images: Images) -> float:
    """Percentage of right labels with the batch norm statistics as trained; NaN if a logit is not finite."""
    network.eval()
    logits = torch.cat([network(images.standardised(pixels)) for pixels in images.pixels.split(512)])
    if not bool(torch.isfinite(logits).all()):
        return float("nan")
    return 100 * float((logits.argmax(-1) == images.labels).float().mean())
