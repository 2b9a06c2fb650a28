"""Pictures of the test part are read whole."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from tinydigits.classifier import DEFAULT_MODEL
from tinydigits_export.golden import golden_glyphs
from tinydigits_train.datasets import DataSet, Member, mix
from tinydigits_train.folder import load_folder
from tinydigits_train.held_out import read_held_out


def drawn(folder: Path) -> DataSet:
    """A picture of each digit, of two meters; the one of the 4 is labelled as a 9."""
    folder.mkdir()
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "label", "meter_group"))
        for digit, glyph in enumerate(golden_glyphs()):
            paper = 255 - np.pad(glyph // 255 * 200, 6)
            Image.fromarray(paper.astype(np.uint8)).resize((90, 90)).save(folder / f"{digit}.png")
            table.writerow((f"{digit}.png", 9 if digit == 4 else digit, f"meter {digit // 5}"))
        table.writerow(("8.png", 10, "meter 2"))
    return load_folder(folder, none=True)


def test_folders_and_groups(bundled: DataSet, tmp_path: Path) -> None:
    """Each picture of the test part that shows a digit is read once, whatever it gave to learn."""
    folder = drawn(tmp_path / "meters")
    few = bundled.take(np.arange(50))
    dataset = mix([Member(few), Member(folder)])
    test = 50 + np.flatnonzero(folder.labels != 7)
    found = read_held_out(dataset, test, DEFAULT_MODEL.read_bytes())
    told = {name: (round(share.value * share.n), share.n) for name, share in found.items()}
    assert told == {
        "folder:meters": (8, 9),
        "folder:meters meter 0": (4, 5),
        "folder:meters meter 1": (4, 4),
    }


def test_no_pictures(bundled: DataSet) -> None:
    """Of sets that are not made of pictures there is nothing to say."""
    assert read_held_out(bundled, np.arange(9), DEFAULT_MODEL.read_bytes()) == {}
