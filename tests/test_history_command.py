"""``tinydigits history`` shows what was kept, to people and to programs."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import Capture, complaint, files, printed
from pasts import BEGAN, keep, past
from test_imports import fresh
from tinydigits.__main__ import main
from tinydigits.history import Past
from tinydigits.history_command import HEAD, parse_time

PASTS = [
    past(0),
    past(1, region="water", text="0\n1", value=None, status="rejected", reason='no_number: "0, 1"'),
    past(2, value=Decimal("472.10"), text="00472.10"),
]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history in the folder where the command runs."""
    monkeypatch.chdir(tmp_path)
    keep(tmp_path / "history.db", *PASTS)
    return tmp_path / "history.db"


def test_table(kept: Path, capsys: Capture) -> None:
    """People see a line for each reading, the oldest first."""
    assert main(["history", "--file", str(kept)]) == 0
    first, second, third = printed(capsys).splitlines()
    assert first == "2026-11-23T02:13:20.000Z  gas             0.00  accepted   000000.00  99.0%"
    assert second.startswith("2026-11-23T02:13:21.000Z  water              -  rejected         0 1")
    assert second.endswith('99.0%  no_number: "0, 1"')
    assert third == "2026-11-23T02:13:22.000Z  gas           472.10  accepted    00472.10  99.0%"


def test_csv(kept: Path, capsys: Capture) -> None:
    """Programs get CSV, exact."""
    assert main(["history", "--file", str(kept), "--csv"]) == 0
    out = printed(capsys)
    assert out.splitlines()[:2] == [
        "time,unix,region,value,status,text,confidence,reason",
        "2026-11-23T02:13:20.000Z,1795400000.000,gas,0.00,accepted,000000.00,0.99,",
    ]
    rows = list(csv.DictReader(out.splitlines(keepends=True)))
    assert [row["reason"] for row in rows] == [one.reason for one in PASTS]
    assert rows[1]["text"] == "0\n1"
    assert [row["value"] for row in rows] == ["0.00", "", "472.10"]


def test_json(kept: Path, capsys: Capture) -> None:
    """Or an object a line, from which a reading comes back as it was."""
    assert main(["history", "--file", str(kept), "--json"]) == 0
    lines = printed(capsys).splitlines()
    assert '"value":472.10' in lines[2]
    assert [msgspec.json.decode(line, type=Past) for line in lines] == PASTS


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        (["--region", "gas"], [0, 2]),
        (["--since", "2026-11-23T02:13:21"], [1, 2]),
        (["--since", "2026-11-23 03:13:21+01:00", "--until", "@1795400002"], [1]),
        (["--limit", "2"], [1, 2]),
        (["--until", "2026-11-24", "--limit", "1", "--region", "water"], [1]),
    ],
)
def test_chosen(kept: Path, arguments: list[str], places: list[int], capsys: Capture) -> None:
    """A region, a time or the newest ones may be asked for."""
    assert main(["history", "--file", str(kept), "--json", *arguments]) == 0
    lines = printed(capsys).splitlines()
    assert [msgspec.json.decode(line, type=Past) for line in lines] == [PASTS[p] for p in places]


def test_file(kept: Path, capsys: Capture) -> None:
    """The output is a file that is whole, or is not there."""
    assert main(["history", "--file", str(kept), "--csv", "-o", "out.csv"]) == 0
    assert printed(capsys) == ""
    assert (kept.parent / "out.csv").read_text().count("accepted") == 2
    damaged = kept.read_bytes()
    kept.write_bytes(damaged[: len(damaged) // 2])
    assert main(["history", "--file", str(kept), "--csv", "-o", "other.csv"]) == 2
    assert "can't be read" in complaint(capsys)
    assert "other.csv" not in files(kept.parent)
    assert main(["history", "--file", str(kept), "--csv", "-o", "no/out.csv"]) in {2, 5}


def test_none(kept: Path, capsys: Capture) -> None:
    """Where nothing was kept of what is asked for that is told by the exit code."""
    assert main(["history", "--file", str(kept), "--csv", "--since", "1min"]) == 1
    out, error = capsys.readouterr()
    assert out == ",".join(HEAD) + "\n"
    assert error == "tinydigits: no reading was kept of that\n"


def test_configured(kept: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration says where the file is: here, or in the service's folder."""
    config = kept.parent / "config.toml"
    config.write_text('[history]\nfile = "history.db"\n')
    assert main(["history", "--config", str(config)]) == 0
    assert len(printed(capsys).splitlines()) == 3
    monkeypatch.setattr("tinydigits.config.SYSTEM_FILE", config)
    monkeypatch.setattr("tinydigits.history_command.SYSTEM_FOLDER", kept.parent / "state")
    (kept.parent / "state").mkdir()
    assert main(["history"]) == 2
    assert f"there is no history {kept.parent}/state/history.db" in complaint(capsys)
    kept.rename(kept.parent / "state" / "history.db")
    assert main(["history"]) == 0


def test_complaints(kept: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be done is said in one line."""
    monkeypatch.setattr("tinydigits.config.SYSTEM_FILE", kept.parent / "none.toml")
    assert main(["history"]) == 2
    assert "name the file with --file" in complaint(capsys)
    assert main(["history", "--file", "nowhere.db"]) == 2
    assert "there is no history nowhere.db" in complaint(capsys)
    assert main(["history", "--file", str(kept), "--since", "yesterday"]) == 2
    assert "'yesterday' is no time: write 2026-11-23, " in complaint(capsys)
    for wrong in (["--csv", "--json"], ["--limit", "0"], ["--config", "a", "--file", "b"]):
        with pytest.raises(SystemExit) as ended:
            main(["history", *wrong])
        assert ended.value.code == 2
        assert capsys.readouterr().err.startswith("tinydigits history: ")


@given(st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  bounds are naive
def test_times(moment: datetime) -> None:
    """Any moment is understood as ISO 8601 has it, UTC where it names no zone."""
    assert parse_time(moment.isoformat(), BEGAN) == moment.timestamp()
    assert parse_time(moment.replace(tzinfo=None).isoformat(), BEGAN) == moment.timestamp()


@given(st.text())
def test_no_times(text: str) -> None:
    """What is no time is refused as such."""
    try:
        assert math.isfinite(parse_time(text, BEGAN))
    except (ValueError, OverflowError):
        return


@pytest.mark.parametrize("text", ["@nan", "@inf", "@-Infinity", "@1e400", "9" * 400 + "d"])
def test_no_moment(kept: Path, text: str, capsys: Capture) -> None:
    """A number that is no moment, or none that a float can hold, is no time either."""
    for option in ("--since", "--until"):
        assert main(["history", "--file", str(kept), option, text]) == 2
        assert f"'{text}' is no time: write 2026-11-23, " in complaint(capsys)


@pytest.mark.parametrize(
    ("age", "seconds"), [("30 s", 30), ("1.5min", 90), ("36h", 129_600), ("7d", 604_800)]
)
def test_ages(age: str, seconds: float) -> None:
    """So long ago is a time, too."""
    assert parse_time(age, BEGAN) == BEGAN - seconds


def test_light() -> None:
    """Who asks for the past waits for no library that reads digits."""
    code = "from tinydigits.__main__ import main\nmain(['history', '--file', '/nowhere'])\n"
    loaded = fresh("sys.stderr = open(os.devnull, 'w')\n" + code + "print(*sys.modules)")
    assert "tinydigits.history_command" in loaded
    assert not {"numpy", "onnxruntime", "PIL", "sqlite3"} & set(loaded)
