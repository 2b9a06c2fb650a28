"""``bench.json`` is what its description says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec
import pytest

from bench_results import bench_result
from tinydigits.bench import result as form
from tinydigits.bench.judge import LOST, SLOWED, UNSTEADY, WIDEST
from tinydigits.bench.result import VERSION, load_result
from tinydigits.bench.save import write_json
from tinydigits.bench.stats import GROWTH
from tinydigits.check.machine import HOT
from tinydigits.errors import DataError, OutputError

DESCRIPTION: Final = Path(__file__).parents[1] / "docs" / "bench.md"


def described() -> dict[str, list[str]]:
    """The fields of each struct, in the order of the description."""
    _, _, text = DESCRIPTION.read_text().partition("\n## `bench.json`\n")
    found = {}
    for section in text.split("\n### ")[1:]:
        rows = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
        found[section.split("\n")[0]] = [
            name for row in rows for name in re.findall("`(.+?)`", row)
        ]
    return found


def structs() -> dict[str, list[str]]:
    """The same of the program, of every struct that is part of a result."""
    seen: dict[str, list[str]] = {}

    def visit(kind: msgspec.inspect.Type) -> None:
        if isinstance(kind, msgspec.inspect.StructType):
            seen[kind.cls.__name__] = [field.name for field in kind.fields]
            for field in kind.fields:
                visit(field.type)
        for part in ("item_type", "item_types", "types", "value_type"):
            inner = getattr(kind, part, ())
            for one in inner if isinstance(inner, tuple) else (inner,):
                visit(one)

    visit(msgspec.inspect.type_info(form.Result))
    return seen


def test_described() -> None:
    """Every field of every part is described, and nothing else, in the same order."""
    assert described() == structs()


def test_versions() -> None:
    """The description has every version."""
    _, _, text = DESCRIPTION.read_text().partition("| version |")
    versions = re.findall(r"^\| (\d+) \|", text.partition("###")[0], re.MULTILINE)
    assert list(map(int, versions)) == list(range(1, VERSION + 1))


def test_thresholds() -> None:
    """The numbers of the description are the program's."""
    text = DESCRIPTION.read_text()
    assert f"wider than a {'fifth' if WIDEST == 0.2 else ''} of it" in text
    assert f"is {100 * UNSTEADY:.0f} % off" in text
    assert f"more than {100 * LOST:.0f} %: steal" in text
    assert f"below {100 * SLOWED:.0f} % of the frequency" in text
    assert f"{HOT:.0f} °C" in text
    assert f"from {GROWTH} to the power of k" in text


def test_round_trip(tmp_path: Path) -> None:
    """What was written is read again as it was."""
    result = bench_result()
    write_json(result, tmp_path / "bench.json")
    assert load_result(tmp_path / "bench.json") == result
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]


def test_unwritable(tmp_path: Path) -> None:
    """Where it can't be written, one line says so."""
    with pytest.raises(OutputError, match=r"bench\.json can't be written"):
        write_json(bench_result(), tmp_path / "none" / "bench.json")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"content": "tinydigits bench", "version": 9}'])
def test_foreign(content: bytes, tmp_path: Path) -> None:
    """A file that is none, or of another version, is refused."""
    path = tmp_path / "bench.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is no result of tinydigits bench 1"):
        load_result(path)
