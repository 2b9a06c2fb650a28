"""On SIGHUP the configuration and the model are read anew, and what is good of the old stays."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manager import short_folder
from samples import sample_model
from test_faults import CONFIG, Device, running
from tinydigits.__main__ import main
from tinydigits.digest import sha256_hex
from tinydigits.status.command import ask

RELOADS = 8
"""Enough to see one file grow into many."""


@pytest.fixture(scope="module")
def runtime() -> Iterator[Path]:
    """Where the program can be asked how it is."""
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def one_program(runtime: Path) -> Iterator[Device]:
    """The program, reading a camera, with a value accepted."""
    with running(RUNTIME_DIRECTORY=str(runtime)) as device:
        while device.reading()["verdict"]["value"] is None:
            pass
        yield device


@pytest.fixture
def device(one_program: Device, runtime: Path) -> Iterator[Device]:
    """The same for all tests here, with the configuration and the value that it began with."""
    for _ in range(100):
        if one_program.reading()["verdict"]["value"] == 3140:
            break
    yield one_program
    reload(one_program, runtime, CONFIG)


def reload(device: Device, runtime: Path, config: str) -> None:
    """Give it another configuration, and wait until it has taken it."""
    before = reloads(runtime)
    configure(device, config)
    until = time.monotonic() + 30
    while reloads(runtime) == before:
        assert time.monotonic() < until
        time.sleep(0.01)
    forget(device)


def reloads(runtime: Path) -> int:
    """How many reloads there were."""
    document = ask(runtime)
    assert document
    return document.reloads


def configure(device: Device, config: str) -> None:
    """Give it another configuration."""
    (device.home / "my.toml").write_text(config)
    device.process.send_signal(signal.SIGHUP)


def forget(device: Device) -> None:
    """Readings that are there already are of no interest."""
    while not device.lines.empty():
        device.lines.get()


def readings(device: Device, count: int = 3) -> list[dict[str, Any]]:
    """The next readings."""
    return [device.reading() for _ in range(count)]


def test_camera_stays(device: Device, runtime: Path) -> None:
    """Where nothing of the camera changed it stays open, and accepted values stay what they are."""
    changed = CONFIG.replace("fps = 10.0", "fps = 5.0") + "[judge]\nagree = 3\nof = 5\n"
    reload(device, runtime, changed)
    first, *_, last = readings(device, 5)
    assert first["sequence"] > 1
    assert first["verdict"]["value"] == 3140
    assert last["wall"] - first["wall"] > 0.7  # of four pauses of 0.2 s


def test_camera_reopened(device: Device, runtime: Path) -> None:
    """Where the camera's configuration changed it is opened anew, and accepted values stay."""
    reload(device, runtime, CONFIG.replace("timeout = 0.5", "timeout = 0.6"))
    sequences = []
    for reading in readings(device, 5):
        sequences.append(reading["sequence"])
        assert reading["verdict"]["value"] == 3140
    assert min(sequences) < 5


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("[camera", "it is not TOML"),
        ("[camera]\nfsp = 1", "there is no key 'camera.fsp': did you mean 'fps'?"),
        (CONFIG + "[model]\npath = 'broken.onnx'", "model broken.onnx: it can't be read"),
        (CONFIG + "[[region]]\nname = 'a'\ncorners = [[0, 0]]", "region 'a'"),
        (CONFIG + "camera = 'imx219'", "there is no camera 'imx219': there is 0 (faulty)"),
        (CONFIG + "[mqtt]\nhost = 'a'\ntls = true\nca = \"a\\u0000b\"", r"mqtt.ca is 'a\x00b'"),
        ("[camera]\nsource = 'files'\npath = 'missing'", "missing: there is no such file"),
    ],
)
def test_bad(config: str, told: str, device: Device) -> None:
    """What is bad is told in one line, and the old goes on with its camera and its values."""
    configure(device, config)
    while not (said := device.says()).startswith("not reloaded, all goes on as before: "):
        pass  # what was to be said of the test before
    assert told in said
    forget(device)
    for reading in readings(device):
        assert (reading["text"], reading["verdict"]["value"]) == ("3140", 3140)


def test_new_model(device: Device, runtime: Path) -> None:
    """The model that the configuration names now is the one that reads."""
    model = device.home / "other.onnx"
    model.write_bytes(sample_model())
    reload(device, runtime, f'{CONFIG}[model]\npath = "{model}"\n')
    probabilities = readings(device)[-1]["digits"][0]["probability"]
    assert len(probabilities) == 10  # the one that ships has eleven


def test_while_there_is_no_frame() -> None:
    """A configuration can be mended while the camera is missing."""
    with running("missing") as device:
        assert "there is no camera" in device.says()
        device.fail("")
        configure(device, CONFIG.replace("timeout = 0.5", "timeout = 0.6"))
        assert device.says() == "reloaded"
        assert device.reading()["text"] == "3140"


def test_again_and_again() -> None:
    """Reloads keep neither files nor much memory, and are told once, counted and shown."""
    with short_folder() as runtime, running(RUNTIME_DIRECTORY=str(runtime)) as device:
        device.reading()
        opened = Path(f"/proc/{device.process.pid}/fd")
        files = set()
        for number in range(RELOADS):
            reload(device, runtime, CONFIG.replace("0.5", str(0.5 + number % 2)))
            device.reading()
            files.add(len(list(opened.iterdir())))
        assert reloads(runtime) == RELOADS
        assert max(files) - min(files) <= 2  # a question may be under way
        device.stop()
        said = [device.says() for _ in range(3)]
    assert said[0] == "reloaded"
    assert said[2].startswith(f"reloaded (the same {RELOADS - 1} times more in ")


def test_install_while_it_runs(capfd: pytest.CaptureFixture[str]) -> None:
    """A model that is installed reads soon, on trial until it is confirmed, as the status tells."""
    with (
        short_folder() as runtime,
        running(STATE_DIRECTORY=str(runtime), RUNTIME_DIRECTORY=str(runtime)) as device,
    ):
        device.reading()
        (device.home / "my.toml").write_text(f"{CONFIG}[model]\ntrial_readings = 10\n")
        model = device.home / "other.onnx"
        model.write_bytes(sample_model())
        config = device.home / "installed.toml"
        config.write_text(f'[daemon]\nruntime = "{runtime}"\n[model]\nstore = "{runtime}/models"\n')
        assert main(["model", "install", str(model), "--config", str(config)]) == 0
        assert f"told the daemon (process {device.process.pid})" in "".join(capfd.readouterr())
        assert "on trial, start 1 of" in device.says()
        assert device.says() == "reloaded"
        document = ask(runtime)
        assert document
        assert document.model.sha256 == sha256_hex(model.read_bytes())
        while document and document.model.trial:
            assert "accepted" in document.model.trial
            device.reading()
            document = ask(runtime)
        assert "is confirmed" in device.says()
