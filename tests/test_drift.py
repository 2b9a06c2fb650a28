"""A bumped camera is followed, and what is not the patch is not taken for it."""

from __future__ import annotations

from math import hypot

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tinydigits.drift import MAX_SHIFT, Drift, Reference
from tinydigits.errors import ConfigError
from tinydigits.frame import Luma
from tinydigits.region import Point

SIZE = (640, 480)
BOX = (250, 150, 140, 110)


def scene(seed: int) -> Image.Image:
    """Things of all sizes on a wall, more than a frame wide, slightly out of focus."""
    rng = np.random.default_rng(seed)
    picture = Image.new("L", (900, 740), 150)
    draw = ImageDraw.Draw(picture)
    for _ in range(250):
        x, y = rng.integers((900, 740)).tolist()
        width, height = rng.integers(6, 60, 2).tolist()
        shape = draw.rectangle if rng.random() < 0.5 else draw.ellipse
        shape((x, y, x + width, y + height), fill=int(rng.integers(0, 256)))
    return picture.filter(ImageFilter.GaussianBlur(1))


def seen(picture: Image.Image, drift: Drift | None = None) -> Luma:
    """The frame that a camera sees of it, bumped or not."""
    moved = picture
    if drift is not None:
        centre = (drift.centre.x + 130, drift.centre.y + 130)
        shift = (round(drift.x), round(drift.y))  # tests move by whole pixels
        moved = picture.rotate(
            -drift.angle, Image.Resampling.BICUBIC, center=centre, translate=shift
        )
    return np.asarray(moved.crop((130, 130, 130 + SIZE[0], 130 + SIZE[1])))


def reference(luma: Luma, box: tuple[int, int, int, int] = BOX) -> Reference:
    """The patch of a frame that nothing has bumped yet."""
    left, top, width, height = box
    return Reference(luma[top : top + height, left : left + width].copy(), box)


def farthest(found: Drift, due: Drift) -> float:
    """By how many pixels a corner of the middle half of the frame is misplaced, at most."""
    corners = [Point(x, y) for x in (160, 480) for y in (120, 360)]
    places = [(found.follow(corner), due.follow(corner)) for corner in corners]
    return max(hypot(a.x - b.x, a.y - b.y) for a, b in places)


def test_still() -> None:
    """Where nothing moved, nothing moves."""
    luma = seen(scene(0))
    found = reference(luma).drift(luma)
    assert found is not None
    assert farthest(found, Drift(0, 0, 0, found.centre)) < 0.5


@pytest.mark.parametrize("seed", range(6))
def test_followed(seed: int) -> None:
    """A tenth of the frame and five degrees are followed to within a few pixels."""
    rng = np.random.default_rng(seed)
    picture = scene(seed)
    patch = reference(seen(picture))
    reach = MAX_SHIFT * SIZE[0]
    x, y = rng.integers(-int(reach), int(reach), 2).tolist()
    due = Drift(x, y, float(rng.uniform(-5, 5)), patch.centre)
    found = patch.drift(seen(picture, due))
    assert found is not None
    assert farthest(found, due) < 3


def test_other_light() -> None:
    """Half the contrast, another brightness, a gradient and noise change nothing."""
    picture = scene(1)
    patch = reference(seen(picture))
    due = Drift(25, -18, 2.5, patch.centre)
    rng = np.random.default_rng(0)
    light = np.linspace(20, 110, SIZE[0])
    luma = 0.5 * seen(picture, due) + light + rng.normal(0, 5, SIZE[::-1])
    found = patch.drift(luma.clip(0, 255).astype(np.uint8))
    assert found is not None
    assert farthest(found, due) < 3


def test_large_frames() -> None:
    """Frames of a large sensor are followed as those of a small one."""
    size = (1920, 1440)
    picture = Image.fromarray(seen(scene(2)))
    large = np.asarray(picture.resize(size, Image.Resampling.BICUBIC))
    patch = reference(large, (750, 450, 420, 330))
    moved = np.roll(large, (60, -90), axis=(0, 1))
    found = patch.drift(moved)
    assert found is not None
    assert farthest(found, Drift(-90, 60, 0, patch.centre)) < 3


@pytest.mark.parametrize("seed", range(8))
def test_another_scene(seed: int) -> None:
    """Where something else is seen the patch is not found."""
    assert reference(seen(scene(seed))).drift(seen(scene(seed + 100))) is None


@pytest.mark.parametrize(
    "luma",
    [
        np.zeros((480, 640), np.uint8),
        np.full((480, 640), 255, np.uint8),
        np.random.default_rng(0).integers(0, 256, (480, 640)).astype(np.uint8),
        np.tile(np.arange(640) % 256, (480, 1)).astype(np.uint8),
        np.zeros((8, 8), np.uint8),
    ],
    ids=["dark", "glare", "noise", "gradient", "tiny"],
)
def test_nothing_to_see(luma: Luma) -> None:
    """Darkness, glare, noise and frames too small have no patch in them."""
    assert reference(seen(scene(0))).drift(luma) is None


@pytest.mark.parametrize(
    ("patch", "box", "message"),
    [
        (np.full((40, 60), 90, np.uint8), (0, 0, 60, 40), "nearly all of one grey"),
        (np.zeros((40, 60), np.uint8), (0, 0, 60, 41), "60x40 pixels where its box is 60x41"),
        (np.zeros((20, 60), np.uint8), (0, 0, 60, 20), "too small"),
    ],
)
def test_refuses(patch: Luma, box: tuple[int, int, int, int], message: str) -> None:
    """A patch that can't be found again is refused when it is set up."""
    with pytest.raises(ConfigError, match=message):
        Reference(patch, box)
