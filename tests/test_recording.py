"""Recorded frames are read again, and held against what should be believed after each."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from samples import picture_of
from tinydigits.__main__ import main
from tinydigits.errors import DataError, OutputError
from tinydigits.learn.recording import TABLE, RecordingWriter, Row, read_recording

Out = pytest.CaptureFixture[str]

NUMBERS = ("402", "402", "402", "402", "403", "403", "403")


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Pictures of a meter that goes on by one."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, shown in enumerate(NUMBERS):
        picture_of(shown).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def recording(frames: Path, tmp_path: Path, capsys: Out) -> Path:
    """What was recorded of it, a frame a minute as its table says by now."""
    folder = tmp_path / "recording"
    assert main(["record", "--source", str(frames), "-o", str(folder)]) == 0
    assert "7 frames; a value was accepted after 6 of them" in capsys.readouterr().out
    rows = (folder / TABLE).read_text().splitlines()
    cells = [row.split(",") for row in rows[1:]]
    slow = [",".join((file, f"{60 * k}", *rest)) for k, (file, _, *rest) in enumerate(cells)]
    (folder / TABLE).write_text("\n".join([rows[0], *slow, ""]))
    return folder


def expected(recording: Path, *values: str) -> None:
    """Have other values expected, one a frame."""
    rows = [row.rpartition(",")[0] for row in (recording / TABLE).read_text().splitlines()]
    told = ["expected", *values]
    table = "\n".join(f"{row},{value}" for row, value in zip(rows, told, strict=True))
    (recording / TABLE).write_text(table)


def replayed(recording: Path, capsys: Out, *options: str) -> tuple[int, list[int]]:
    """The exit code, and how many are right, missing and wrong."""
    code = main(["replay", str(recording), "--json", *options])
    found = json.loads(capsys.readouterr().out)
    return code, [found[name] for name in ("right", "missing", "wrong")]


def test_recorded(recording: Path) -> None:
    """A recording has each frame as it was, when it was taken, and what was accepted after it."""
    found = read_recording(recording)
    values = [row.expected for frame in found for row in frame.rows]
    assert values == [None, *[Decimal(402)] * 4, *[Decimal(403)] * 2]
    assert found[1] == (
        recording / "000001.png",
        60.0,
        (Row("000001.png", 60.0, "frame", Decimal(402), f"{recording / TABLE}:3"),),
    )


def test_right(recording: Path, capsys: Out) -> None:
    """What was accepted when it was recorded is accepted again: the recording passes."""
    assert replayed(recording, capsys) == (0, [6, 0, 0])
    assert main(["replay", str(recording)]) == 0
    assert "6 values expected\n  right" in capsys.readouterr().out


def test_late(recording: Path, capsys: Out) -> None:
    """A value that is accepted later than expected is missing until then, and not wrong."""
    expected(recording, "402", "402", "402", "402", "403", "403", "403")
    assert replayed(recording, capsys, "--min-right", "0.7") == (0, [5, 2, 0])
    assert replayed(recording, capsys) == (1, [5, 2, 0])
    assert main(["replay", str(recording)]) == 1
    told = capsys.readouterr()
    assert "0.7143 of the values are right where 0.9 is asked for" in told.err
    assert "000000.png at 0 s: frame shows 402, believed nothing, read 402" in told.out
    assert "000004.png at 240 s: frame shows 403, believed 402, read 403" in told.out


def test_wrong(recording: Path, capsys: Out) -> None:
    """A value that should never have been accepted fails, whatever share is asked for."""
    expected(recording, "", "402", "402", "402", "402", "407", "")
    assert replayed(recording, capsys, "--min-right", "0") == (1, [4, 0, 1])
    assert main(["replay", str(recording), "--min-right", "0"]) == 1
    told = capsys.readouterr()
    assert "wrong values were accepted: 1" in told.err
    assert "000005.png at 300 s: frame shows 407, believed 403, read 403" in told.out


def test_times(recording: Path, tmp_path: Path, capsys: Out) -> None:
    """The judge goes by the recorded times, not by how fast frames are read again."""
    config = tmp_path / "config.toml"
    config.write_text("[judge]\nmay_decrease = false\nmax_rate = 0.5\n")
    expected(recording, "", "402", "402", "402", "402", "403", "403")
    assert replayed(recording, capsys, "--config", str(config)) == (0, [6, 0, 0])
    jump = (recording / TABLE).read_text().replace("000004.png,240", "000004.png,9000")
    later = jump.replace("000005.png,300", "000005.png,9060").replace("360", "9120")
    (recording / TABLE).write_text(later)
    picture = picture_of("404")
    for number in (4, 5, 6):
        picture.save(recording / f"00000{number}.png")
    expected(recording, "", "402", "402", "402", "402", "404", "404")
    assert replayed(recording, capsys, "--config", str(config)) == (0, [6, 0, 0])


def test_other_model(recording: Path, tmp_path: Path, capsys: Out) -> None:
    """A model file is tried before it is installed; a bad one is refused."""
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no model")
    assert main(["replay", str(recording), "--model", str(bad)]) == 4
    assert "bad.onnx" in capsys.readouterr().err


def test_regions(frames: Path, tmp_path: Path, capsys: Out) -> None:
    """Each region has a row of its own; one that is not configured is told with its line."""
    width, height = picture_of("402").size
    config = tmp_path / "config.toml"
    corners = f"corners = [[0, 0], [{width}, 0], [{width}, {height}], [0, {height}]]\n"
    regions = (f'[[region]]\nname = "{name}"\n{corners}' for name in ("all", "again"))
    config.write_text("".join(regions))
    recording = str(tmp_path / "recording")
    options = ["--config", str(config)]
    assert main(["record", "--source", str(frames), "-o", recording, *options]) == 0
    capsys.readouterr()
    assert replayed(Path(recording), capsys, *options) == (0, [12, 0, 0])
    assert main(["replay", recording]) == 2
    told = capsys.readouterr().err
    assert "recording.csv:2: there is no region 'all' in the configuration, only frame" in told


def test_bounded(frames: Path, tmp_path: Path, capsys: Out) -> None:
    """Recording ends after so many frames, and after so long; nothing is ever written over."""
    common = ["record", "--source", str(frames)]
    assert main([*common, "-o", str(tmp_path / "a"), "--frames", "3"]) == 0
    assert len(read_recording(tmp_path / "a")) == 3
    began = time.monotonic()
    slow = ["--fps", "5", "--seconds", "0.5"]
    assert main([*common, "-o", str(tmp_path / "b"), *slow]) == 0
    assert time.monotonic() - began < 3
    assert 1 <= len(read_recording(tmp_path / "b")) < 7
    capsys.readouterr()
    assert main([*common, "-o", str(tmp_path / "a")]) == 2
    assert "there is a recording already: name another folder" in capsys.readouterr().err


def test_no_frame(tmp_path: Path, capsys: Out) -> None:
    """Where no frame comes it says so, ends in time, and leaves the folder to the next attempt."""
    empty = tmp_path / "empty"
    empty.mkdir()
    options = ["--source", f"watch:{empty}", "--seconds", "0.3", "-o", str(tmp_path / "recording")]
    for _ in range(2):
        assert main(["record", *options]) == 1
        assert "there was no frame in 0.3 seconds" in capsys.readouterr().err


def test_no_first_frame(tmp_path: Path) -> None:
    """Where not even the first frame can be written nothing is left that looks like a recording."""
    in_its_way = tmp_path / "000000.png"
    in_its_way.mkdir()
    luma = np.zeros((8, 8), np.uint8)
    with (
        pytest.raises(OutputError, match=r"000000\.png can't be written"),
        RecordingWriter(tmp_path) as writer,
    ):
        writer.write(luma, 0.0, [("gas", None)])
    in_its_way.rmdir()
    with RecordingWriter(tmp_path) as writer:
        writer.write(luma, 0.0, [("gas", None)])
    assert len(read_recording(tmp_path)) == 1


def test_interrupted(frames: Path, tmp_path: Path) -> None:
    """Ctrl-C ends a recording with what it has by then."""
    output = tmp_path / "recording"
    command = [sys.executable, "-m", "tinydigits", "record", "--source", str(frames), "--fps", "5"]
    with subprocess.Popen([*command, "-o", str(output)], stdout=subprocess.PIPE) as process:
        while not (output / TABLE).exists() or len((output / TABLE).read_text().splitlines()) < 3:
            time.sleep(0.02)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert 2 <= len(read_recording(output)) < 7


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,seconds,region\n", r":1: there is no column 'expected'"),
        ("", r":1: there is no column 'file'"),
        ("file,seconds,region,expected\n", "there is no frame in it"),
        ("file,seconds,region,expected\na.png,x,frame,1\n", ":2: the seconds are 'x' where"),
        ("file,seconds,region,expected\na.png,nan,frame,1\n", ":2: the seconds are 'nan' where"),
        ("file,seconds,region,expected\na.png,0,frame,1.\n", ":2: the expected value is '1.' wh"),
        ("file,seconds,region,expected\nb.png,0,frame,1\n", r":2: there is no picture .*b\.png"),
        ("file,seconds,region,expected\n,0,frame,1\n", ":2: there is no picture"),
        (
            "file,seconds,region,expected\na.png,5,frame,1\na.png,4,frame,1\n",
            ":3: 4 s is before the 5 s of the row above",
        ),
        (
            "file,seconds,region,expected\na.png,5,frame,1\na.png,5,frame,1\n",
            ":3: this frame has the region 'frame' twice",
        ),
        ("file,seconds,region,expected\na.png,5,frame,\udcff\n", "it can't be read"),
    ],
)
def test_bad_tables(table: str, message: str, tmp_path: Path) -> None:
    """A table that can't be understood is told with its line."""
    picture_of("4").save(tmp_path / "a.png")
    (tmp_path / TABLE).write_bytes(table.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=message):
        read_recording(tmp_path)


def test_no_recording(tmp_path: Path, capsys: Out) -> None:
    """A folder that is none says so, and so does a recording of which nothing is expected."""
    assert main(["replay", str(tmp_path)]) == 2
    assert "it is no recording: there is no recording.csv" in capsys.readouterr().err
    picture_of("4").save(tmp_path / "a.png")
    (tmp_path / TABLE).write_text("file,seconds,region,expected\na.png,0,frame,\n")
    assert main(["replay", str(tmp_path)]) == 2
    assert "nothing is expected of any frame: fill in the column" in capsys.readouterr().err


def test_spaces(tmp_path: Path) -> None:
    """A name is as it is, spaces included; numbers may have spaces around them."""
    picture_of("4").save(tmp_path / " a.png")
    (tmp_path / TABLE).write_text("file, seconds ,region,expected\n a.png, 1.5 , gas , 4 \n")
    [frame] = read_recording(tmp_path)
    where = f"{tmp_path / TABLE}:2"
    row = Row(" a.png", 1.5, " gas ", Decimal(4), where)
    assert frame == (tmp_path / " a.png", 1.5, (row,))


@given(st.text(max_size=300))
def test_any_table(recording_folder: Path, text: str) -> None:
    """Whatever a table holds, it is read or refused in one line."""
    rows = "file,seconds,region,expected\n" + text
    (recording_folder / TABLE).write_bytes(rows.encode(errors="replace"))
    with suppress(DataError):
        read_recording(recording_folder)


@pytest.fixture(scope="module")
def recording_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for tables, one after the other."""
    return tmp_path_factory.mktemp("tables")


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.decimals(0, 10**9, places=3)), min_size=1, max_size=4),
    st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1),
)
@example([(0.0, Decimal(1))], " gas ")
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, Decimal]], region: str
) -> None:
    """What is written is read back, whatever a region is called."""
    folder = tmp_path_factory.mktemp("trip")
    other = region + "2"
    times = sorted(seconds for seconds, _ in rows)
    with RecordingWriter(folder) as writer:
        for seconds, (_, value) in zip(times, rows, strict=True):
            writer.write(np.zeros((8, 8), np.uint8), seconds, [(region, value), (other, None)])
    found = read_recording(folder)
    assert [abs(frame.seconds - at) < 1e-3 for frame, at in zip(found, times, strict=True)]
    assert [[(r.region, r.expected) for r in frame.rows] for frame in found] == [
        [(region, value), (other, None)] for _, value in rows
    ]
