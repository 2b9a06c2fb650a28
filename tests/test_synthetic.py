"""Made-up scenes: what is drawn, what a camera makes of it, and what the device finds there."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import costly
from tinydigits.errors import DataError
from tinydigits.glyph import normalize_glyph
from tinydigits_train.datasets import NONE, DataSet, label_names
from tinydigits_train.splits import split
from tinydigits_train.synthetic import clutter, scenes
from tinydigits_train.synthetic.camera import Photo, Shot, photograph
from tinydigits_train.synthetic.fonts import PACKAGES, draw_character, find_fonts
from tinydigits_train.synthetic.harvest import harvest
from tinydigits_train.synthetic.lettering import HEIGHT, altered, cropped
from tinydigits_train.synthetic.row import MARGIN, Row
from tinydigits_train.synthetic.scenes import FOLDS, KINDS, Kind, make_scene
from tinydigits_train.synthetic.segments import FAINTEST, Dots, Segments
from tinydigits_train.synthetic.sheet import UNCLEAR, Sheet
from tinydigits_train.synthetic.source import chunks, load_synthetic
from tinydigits_train.synthetic.strokes import FORMS, Hand
from tinydigits_train.synthetic.typecase import Typecase

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
SEEDS = st.integers(0, 2**32 - 1)
PLAIN = Shot(40.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, None)
"""A photograph in perfect light, half as large as the sheet."""

BLOCK = np.full((HEIGHT, HEIGHT // 2), 255, np.uint8)


@pytest.fixture(scope="module")
def typecase() -> Typecase:
    """The fonts that Matplotlib brings, so that the tests need no package."""
    return Typecase(find_fonts(FONTS))


def whole(sheet: Sheet) -> Photo:
    """A sheet photographed plainly."""
    view = (0.0, 0.0, float(sheet.width), float(sheet.height))
    return photograph(sheet, view, PLAIN, np.random.default_rng(0))


def test_fonts_show_ten_digits() -> None:
    """Fonts that show digits are found in any folder, those of symbols and damaged ones aren't."""
    names = {path.name for path in find_fonts(FONTS)}
    assert {"DejaVuSans.ttf", "DejaVuSerif-Bold.ttf", "cmr10.ttf"} <= names
    assert not {"STIXNonUniBol.ttf", "DejaVuSansDisplay.ttf"} & names


def test_no_fonts(tmp_path: Path) -> None:
    """Where there is no font, one line names the packages and the way without."""
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(DataError, match=rf"{PACKAGES[0]}.*--fonts FOLDER.*--fonts none"):
        find_fonts(tmp_path)
    with pytest.raises(DataError, match="there is no folder of fonts"):
        find_fonts(tmp_path / "nowhere")


@pytest.mark.parametrize("character", [*"0123456789", "A", "x"])
def test_type_is_as_high_as_digits(character: str) -> None:
    """Digits of a font fill the height that all digits are drawn at; nothing is higher."""
    drawn = draw_character(FONTS / "DejaVuSans.ttf", character)
    assert abs(drawn.shape[0] - HEIGHT) <= 2
    assert drawn.any()
    if character.isdigit():
        assert cropped(drawn).shape[0] >= 0.9 * HEIGHT


@given(SEEDS, st.integers(0, 9))
def test_drawn_digits(seed: int, digit: int) -> None:
    """Every display and every hand draws each digit with ink, high enough, the same for a seed."""
    for shape in (Segments, Dots, Hand):
        drawn = [
            shape.drawn(np.random.default_rng(seed)).draw(digit, np.random.default_rng(seed))
            for _ in range(2)
        ]
        assert np.array_equal(drawn[0], drawn[1])
        assert drawn[0].max() >= round(255 * FAINTEST)
        assert 0.5 * HEIGHT < cropped(drawn[0]).shape[0] < 1.6 * HEIGHT


def test_every_digit_has_forms() -> None:
    """Hands know each of the ten digits in one form at least."""
    assert len(FORMS) == 10
    assert all(FORMS)


def test_segments_of_an_eight_hold_all_others() -> None:
    """Where every segment is lit the ink of any digit is within it."""
    shape = Segments(0.5, 0.12, 0.0, True, 0.0, 1.0, 0.0, frozenset())
    rng = np.random.default_rng(0)
    eight = shape.draw(8, rng)
    for digit in range(10):
        assert (shape.draw(digit, rng) <= eight).all()


@pytest.mark.parametrize("weight", [-0.05, 0.05])
def test_altered(weight: float) -> None:
    """Strokes grow and shrink, digits get wider and lean; nothing is cut off."""
    plain = altered(BLOCK, width=1.0, slant=0.0, weight=0.0)
    assert plain.shape == BLOCK.shape
    heavier = altered(BLOCK, width=1.0, slant=0.0, weight=weight)
    assert np.sign(heavier.size - plain.size) == np.sign(weight)
    wide = altered(BLOCK, width=2.0, slant=0.0, weight=0.0)
    assert wide.shape[1] == pytest.approx(2 * BLOCK.shape[1], abs=2)
    leaning = altered(BLOCK, width=1.0, slant=0.5, weight=0.0)
    assert leaning.shape[1] == pytest.approx(BLOCK.shape[1] + HEIGHT / 2, abs=2)
    assert leaning[0].nonzero()[0].mean() > leaning[-1].nonzero()[0].mean()


@pytest.mark.parametrize(("shown", "label"), [(1.0, 7), (0.9, UNCLEAR), (0.6, None)])
def test_cut_digits(shown: float, label: int | None) -> None:
    """A digit of which a window hides a little is unclear; of which it hides more is none."""
    sheet = Sheet(200, 200, 255)
    sheet.stamp(BLOCK, (50, 50), 0, 7, window=(0, 0, 200, 50 + shown * HEIGHT))
    assert sheet.labels == ([] if label is None else [label])
    assert (sheet.grey == 0).sum() == pytest.approx(shown * BLOCK.size, abs=BLOCK.shape[1])


def test_photograph_keeps_truth() -> None:
    """Ink and what it belongs to are seen in the same place."""
    sheet = Sheet(200, 160, 250)
    sheet.stamp(BLOCK, (30, 40), 10, 3)
    photo = whole(sheet)
    assert photo.luma.shape == photo.owner.shape == (80, 100)
    assert photo.labels == (3,)
    assert ((photo.luma < 128) == (photo.owner == 1)).mean() > 0.98


@given(SEEDS)
@costly(0.25)
def test_any_shot(seed: int) -> None:
    """However a photograph is taken, it has grey levels, an owner for each pixel, and room."""
    rng = np.random.default_rng(seed)
    sheet = Sheet(300, 200, rng.uniform(0, 255))
    sheet.stamp(BLOCK, (120, 60), rng.uniform(0, 255), 1)
    photo = photograph(sheet, (100, 40, 200, 160), Shot.drawn(rng, 14, 120), rng)
    assert photo.luma.dtype == photo.owner.dtype == np.uint8
    assert photo.luma.shape == photo.owner.shape
    assert min(photo.luma.shape) >= 8


def number(text: str) -> Sheet:
    """Digits in print, well apart."""
    sheet = Sheet(60 * len(text) + 2 * MARGIN, HEIGHT + 2 * MARGIN, 240)
    for place, digit in enumerate(text):
        sign = draw_character(FONTS / "DejaVuSans.ttf", digit)
        sheet.stamp(sign, (MARGIN + 60 * place, MARGIN), 20, int(digit))
    return sheet


def test_harvest_of_a_number() -> None:
    """Of a plain number every digit is found, under its own label, as the device's glyph."""
    found = harvest(whole(number("3816")), np.random.default_rng(0), single=False)
    assert {each.label for each in found} - {NONE} == {3, 8, 1, 6}
    for each in found:
        assert each.glyph.shape == normalize_glyph(np.ones((9, 5), np.bool_)).shape


def test_harvest_of_a_single_digit() -> None:
    """Of a picture about one digit that digit is found, and the other polarity's ink is none."""
    sheet = number("5")
    sheet.fill((0, 0, MARGIN - 20, sheet.height), 20)
    found = harvest(whole(sheet), np.random.default_rng(0), single=True)
    labels = [each.label for each in found]
    assert 5 in labels
    assert set(labels) <= {5, NONE}


@pytest.mark.parametrize(
    "kind",
    [clutter.letters, clutter.texture, clutter.edges, clutter.borders, clutter.empty],
)
def test_harvest_without_digits(typecase: Typecase, kind: Callable[[Row], None]) -> None:
    """What the device finds where there is no digit is none, all of it."""
    rng = np.random.default_rng(0)
    labels = []
    for _ in range(4):
        row = Row(typecase.words(rng), typecase.words(rng), 4, rng)
        kind(row)
        labels += [each.label for each in harvest(whole(row.sheet), rng, single=False)]
    assert set(labels) <= {NONE}


def test_half_turned_drums_show_no_digit(typecase: Typecase) -> None:
    """Of drums between two positions no digit is whole: it is unclear at best."""
    rng = np.random.default_rng(1)
    for _ in range(10):
        row = Row(typecase.type(rng), typecase.words(rng), 3, rng)
        clutter.half_turned(row)
        assert set(row.sheet.labels) <= {UNCLEAR}


@pytest.mark.parametrize("seed", range(3))
def test_scenes_follow_from_seed_and_number(seed: int, typecase: Typecase) -> None:
    """A scene is the same whenever it is made, and unlike the next one."""
    first, again, other = (make_scene(typecase, seed, k) for k in (5, 5, 6))
    assert np.array_equal(first.photo.luma, again.photo.luma)
    assert first.photo.labels == again.photo.labels
    assert first.photo.luma.tobytes() != other.photo.luma.tobytes()


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_without_fonts_and_handwriting(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of scene can be made from nothing but rules."""
    monkeypatch.setattr(scenes, "KINDS", (kind,))
    assert {make_scene(Typecase(), 0, k).kind for k in range(3)} == {kind.name}


@pytest.fixture(scope="module")
def dataset(few_scenes: None) -> DataSet:  # noqa: ARG001
    """150 glyphs of seed 3 without fonts: those of some forty scenes."""
    return load_synthetic(Typecase(), 3, 150, jobs=1)


@pytest.mark.usefixtures("few_scenes")
def test_streamed(dataset: DataSet) -> None:
    """Glyphs come in chunks without end, the same ones as in a data set, scene after scene."""
    # ``make slow`` has them from several processes
    parts = list(islice(chunks(Typecase(), 3), 2))
    streamed = np.concatenate([part.glyphs for part in parts])
    assert len(streamed) > 20
    assert np.array_equal(streamed, dataset.glyphs[: len(streamed)])
    assert all(before.scenes.max() < after.scenes.min() for before, after in pairwise(parts))


def test_load(dataset: DataSet) -> None:
    """A data set has exactly so many glyphs, digits and none, and tells kinds of scenes apart."""
    assert (dataset.name, len(dataset), dataset.by_device) == ("synthetic:150", 150, True)
    assert set(dataset.labels.tolist()) == set(range(11))
    assert label_names(dataset.labels)[NONE] == "none"
    assert dataset.kinds is not None
    assert {"drum", "display"} <= set(dataset.kinds.tolist())


def test_no_scene_in_two_parts(dataset: DataSet) -> None:
    """A split parts scenes, not glyphs: the views of one digit stay together."""
    parts = split(dataset, 0)
    assert dataset.folds is not None
    folds = [set(dataset.folds[part].tolist()) for part in (parts.train, parts.validation)]
    assert folds == [set(range(2, FOLDS)), {1}]
    assert set(dataset.folds[parts.test].tolist()) == {0}
