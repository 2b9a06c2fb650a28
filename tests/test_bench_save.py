"""``bench.json`` is what its description says."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench_results import bench_result, measurement
from examples import costly
from tinydigits.bench import result as form
from tinydigits.bench.compare import compare, render_comparison
from tinydigits.bench.judge import LOST, SLOWED, UNSTEADY, WIDEST
from tinydigits.bench.page import render_page
from tinydigits.bench.result import FLOOR, VERSION, Result, load_result
from tinydigits.bench.save import write_json
from tinydigits.bench.stats import GROWTH
from tinydigits.bench.table import render_table
from tinydigits.check.machine import HOT
from tinydigits.errors import DataError, OutputError, TinyDigitsError

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


def small_result() -> Result:
    """A result with little of everything."""
    runs = (
        measurement(1e-3, count=60, runner=FLOOR),
        measurement(2e-3, count=60, joules=1e-3, stages={"ink": 1e-3}),
        measurement(3e-3, count=60, scenario="Offline"),
    )
    whole = bench_result()
    return replace(
        whole, measurements=runs, duty=whole.duty[:1], growths=whole.growths[:1], power=2.0
    )


SMALL: Final = small_result()
PLAIN: Final = msgspec.to_builtins(SMALL)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to everything in a result, but to each bucket of a histogram."""
    found = [path] if path else []
    if isinstance(value, dict) and path[-1:] != ("counts",):
        inner: list[tuple[str | int, object]] = list(value.items())
    else:
        inner = list(enumerate(value)) if isinstance(value, (list, tuple)) else []
    for key, part in inner:
        found += places(part, (*path, key))
    return found


ODD: Final[tuple[Any, ...]] = (
    *(0, -1, 1e300, 1e-300, 10**15, "", "<b>", None),
    *([], {}, {5: -1}, {5: 10**13}, {9**9: 1}),
)


@given(place=st.sampled_from(places(PLAIN)), odd=st.sampled_from(ODD))
@costly(3)
def test_odd(
    place: tuple[str | int, ...], odd: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in a result, it is refused in a line, or shown and compared."""
    content = msgspec.json.decode(msgspec.json.encode(PLAIN))
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = odd
    file = tmp_path_factory.getbasetemp() / "odd.json"
    file.write_bytes(msgspec.json.encode(content))
    with suppress(TinyDigitsError):
        result = load_result(file)
        assert render_table(result)
        assert "</html>" in render_page([result])
        assert render_comparison(compare(result, SMALL))


def test_no_file() -> None:
    """What is no file, and may never end, isn't even opened."""
    with pytest.raises(DataError, match="it is no file"):
        load_result(Path("/dev/zero"))
