"""Compare what 64-bit ARM computed with what this machine did: alike.py FOLDER [DOCUMENT].

In the document the table takes the place of what stands between its marks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
from look import Look, Looks

import marked
from tinydigits.bench.result import load_result

TOLERANCE: Final = 1e-4
"""Largest difference of a probability: as a model file's own golden glyphs are held to."""

SYSTEMS: Final = {"newest": "the newest wheels", "debian": "Debian 13's own"}

HEAD: Final = (
    *("libraries", "processor", "Python", "NumPy", "Pillow", "ONNX Runtime"),
    *("readings alike", "glyphs alike", "greatest difference of a probability"),
    *("tests passed", "`bench --quick`: runs, wrong answers"),
)

LIBRARIES: Final = ("python", "numpy", "pillow", "onnxruntime")

READ: Final = ("text", "rejected", "boxes")
PIXELS: Final = ("pixels", "glyphs", "count")
"""Fields of a look. Pillow 11 and 13 differ in a pixel of one frame's ink, on any machine."""


def load_looks(path: Path) -> Looks:
    """What a machine saw."""
    return msgspec.json.decode(path.read_bytes(), type=Looks)


def pillow(looks: Looks) -> str:
    """The version that made these pixels."""
    return looks.machine.versions["pillow"]


def difference(mine: object, theirs: object) -> float:
    """The greatest of two arrays of probabilities; infinite where their shapes differ."""
    one, other = np.array(mine, np.float64), np.array(theirs, np.float64)
    if one.shape != other.shape:
        return np.inf
    return float(np.abs(one - other).max(initial=0.0))


def unlike(mine: Look, theirs: Look, fields: Sequence[str]) -> Iterator[str]:
    """What of a reading is not the same."""
    for field in fields:
        one, other = getattr(mine, field), getattr(theirs, field)
        if one != other:
            yield f"{field}: {other!r} where {one!r} is due"
    moved = difference(mine.probabilities, theirs.probabilities)
    if not moved <= TOLERANCE:
        yield f"probabilities: they differ by {moved:g}"


def compare(mine: Looks, theirs: Looks) -> Iterator[str]:
    """What of all readings is not the same; pixels are due to be where Pillow is the same."""
    fields = (*READ, *PIXELS) if pillow(mine) == pillow(theirs) else READ
    if (mine.pictures.keys(), mine.glyphs.keys()) != (theirs.pictures.keys(), theirs.glyphs.keys()):
        yield "other pictures or models were read"
        return
    for name, look in mine.pictures.items():
        yield from (f"{name}: {what}" for what in unlike(look, theirs.pictures[name], fields))
    for name, probabilities in mine.glyphs.items():
        moved = difference(probabilities, theirs.glyphs[name])
        if not moved <= TOLERANCE:
            yield f"{name}: probabilities of glyphs differ by {moved:g}"


def greatest(mine: Looks, theirs: Looks) -> float:
    """The greatest difference of any probability, of digits in pictures and of glyphs."""
    return max(
        *(
            difference(look.probabilities, theirs.pictures[name].probabilities)
            for name, look in mine.pictures.items()
        ),
        *(difference(glyphs, theirs.glyphs[name]) for name, glyphs in mine.glyphs.items()),
    )


def passed(file: Path) -> int:
    """How many tests passed, as pytest's report has it.

    :raises ValueError: where one did not, or none was run.
    """
    suite = ET.parse(file).getroot()[0].attrib  # noqa: S314  pytest's own
    every, *others = (int(suite[name]) for name in ("tests", "failures", "errors", "skipped"))
    if any(others[:2]) or not every:
        raise ValueError(f"{file}: {suite}")
    return every - sum(others)


def benched(file: Path) -> str:
    """How many runs a benchmark made, and how many answers were wrong.

    :raises ValueError: where one was, or it ran elsewhere.
    """
    result = load_result(file)
    wrong = sum(not one.valid for one in result.measurements)
    if result.machine.architecture != "aarch64" or wrong or not result.measurements:
        raise ValueError(f"{file}: {wrong} invalid runs on {result.machine.architecture}")
    return f"{len(result.measurements)}, {wrong}"


def row(folder: Path, name: str, all_mine: Sequence[Looks]) -> list[object]:
    """What came of one system, compared with all that this machine saw.

    :raises ValueError: where anything differs, or the pixels can't be compared.
    """
    theirs = load_looks(folder / name / "shared/looks.json")
    if theirs.machine.architecture != "aarch64":
        raise ValueError(f"{SYSTEMS[name]}: they were read on {theirs.machine.architecture}")
    differing = [what for mine in all_mine for what in compare(mine, theirs)]
    if pillow(theirs) not in map(pillow, all_mine):
        differing.append(f"nobody else has Pillow {pillow(theirs)}")
    if differing:
        raise ValueError("\n".join((f"{SYSTEMS[name]}:", *differing)))
    glyphs = sum(len(probabilities) for probabilities in theirs.glyphs.values())
    return [
        SYSTEMS[name],
        (folder / name / "core").read_text().strip(),
        *(theirs.machine.versions[library] for library in LIBRARIES),
        len(theirs.pictures),
        f"{glyphs:,}",
        f"{max(greatest(mine, theirs) for mine in all_mine):.1g}",
        passed(folder / name / "shared/tests.xml"),
        benched(folder / name / "shared/bench/bench.json"),
    ]


def versions(looks: Looks) -> str:
    """Of all libraries."""
    told = (looks.machine.versions[name] for name in LIBRARIES)
    return ", ".join(f"{name} {version}" for name, version in zip(HEAD[2:], told, strict=False))


def main() -> int:
    """Print the table, and write it where that is asked."""
    folder, *document = map(Path, sys.argv[1:])
    all_mine = [load_looks(path) for path in sorted(folder.glob("looks*.json"))]
    try:
        rows = [row(folder, name, all_mine) for name in SYSTEMS]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    told = f"{marked.table(HEAD, rows)}\n\nOn x86-64: {'; '.join(map(versions, all_mine))}."
    print(told)
    if document:
        marked.put(document[0], "make arm64-stack", told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
