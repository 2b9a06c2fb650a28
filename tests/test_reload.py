"""On SIGHUP the configuration and the model are read anew, and what is good of the old stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manager import short_folder
from samples import sample_model
from test_faults import CONFIG, Device, running
from tinydigits.digest import sha256_hex
from tinydigits.status.command import ask


@pytest.fixture
def device() -> Iterator[Device]:
    """The program, reading a camera, with a value accepted."""
    with running() as device:
        while device.reading()["verdict"]["value"] is None:
            pass
        yield device


def reload(device: Device, config: str) -> str:
    """Give it another configuration; what it says to that."""
    (device.home / "my.toml").write_text(config)
    device.process.send_signal(signal.SIGHUP)
    told = device.says()
    while not device.lines.empty():
        device.lines.get()
    return told


def readings(device: Device, count: int = 3) -> list[dict[str, Any]]:
    """The next readings."""
    return [device.reading() for _ in range(count)]


def test_camera_stays(device: Device) -> None:
    """Where nothing of the camera changed it stays open, and accepted values stay what they are."""
    changed = CONFIG.replace("fps = 10.0", "fps = 5.0") + "[judge]\nagree = 3\nof = 5\n"
    assert reload(device, changed) == "reloaded"
    first, *_, last = readings(device, 5)
    assert first["sequence"] > 1
    assert first["verdict"]["value"] == 3140
    assert last["wall"] - first["wall"] > 0.7  # of four pauses of 0.2 s


def test_camera_reopened(device: Device) -> None:
    """Where the camera's configuration changed it is opened anew, and accepted values stay."""
    assert reload(device, CONFIG.replace("timeout = 0.5", "timeout = 0.6")) == "reloaded"
    sequences = []
    for reading in readings(device, 5):
        sequences.append(reading["sequence"])
        assert reading["verdict"]["value"] == 3140
    assert min(sequences) < 5


def test_new_model(device: Device) -> None:
    """The model that the configuration names now is the one that reads."""
    model = device.home / "other.onnx"
    model.write_bytes(sample_model())
    assert reload(device, f'{CONFIG}[model]\npath = "{model}"\n') == "reloaded"
    probabilities = readings(device)[-1]["digits"][0]["probability"]
    assert len(probabilities) == 10  # the one that ships has eleven


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("[camera", "it is not TOML"),
        ("[camera]\nfsp = 1", "there is no key 'camera.fsp': did you mean 'fps'?"),
        (CONFIG + "[model]\npath = 'broken.onnx'", "model broken.onnx: it can't be read"),
        (CONFIG + "[[region]]\nname = 'a'\ncorners = [[0, 0]]", "region 'a'"),
        (CONFIG + "camera = 'imx219'", "there is no camera 'imx219': there is 0 (faulty)"),
        ("[camera]\nsource = 'files'\npath = 'missing'", "missing: there is no such file"),
    ],
)
def test_bad(config: str, told: str, device: Device) -> None:
    """What is bad is told in one line, and the old goes on with its camera and its values."""
    said = reload(device, config)
    assert said.startswith("not reloaded, all goes on as before: ")
    assert told in said
    assert [reading["verdict"]["value"] for reading in readings(device)] == [3140] * 3
    assert reload(device, CONFIG) == "reloaded"
    assert readings(device)[-1]["text"] == "3140"


def test_while_there_is_no_frame() -> None:
    """A configuration can be mended while the camera is missing."""
    with running("missing") as device:
        assert "there is no camera" in device.says()
        device.fail("")
        assert reload(device, CONFIG.replace("timeout = 0.5", "timeout = 0.6")) == "reloaded"
        assert device.reading(10)["text"] == "3140"


def test_again_and_again() -> None:
    """Reloads keep neither files nor much memory, and are told once, counted and shown."""
    with short_folder() as runtime, running(RUNTIME_DIRECTORY=str(runtime)) as device:
        device.reading()
        process = Path(f"/proc/{device.process.pid}")
        files = set()
        for number in range(1, 21):
            config = CONFIG.replace("timeout = 0.5", f"timeout = {0.5 + number % 2}")
            (device.home / "my.toml").write_text(config)
            device.process.send_signal(signal.SIGHUP)
            while (document := ask(runtime)) and document.reloads < number:
                time.sleep(0.01)
            device.reading()
            files.add(len(list((process / "fd").iterdir())))
        assert document
        assert document.reloads == 20
        assert max(files) - min(files) <= 2  # a question may be under way
        device.stop()
        said = [device.says() for _ in range(3)]
    assert said[0] == "reloaded"
    assert said[2].startswith("reloaded (the same 19 times more in ")


def test_install_while_it_runs() -> None:
    """A model that is installed reads soon, on trial until it is confirmed, as the status tells."""
    with (
        short_folder() as runtime,
        running(STATE_DIRECTORY=str(runtime), RUNTIME_DIRECTORY=str(runtime)) as device,
    ):
        device.reading()
        model = device.home / "other.onnx"
        model.write_bytes(sample_model())
        config = device.home / "installed.toml"
        config.write_text(f'[daemon]\nruntime = "{runtime}"\n[model]\nstore = "{runtime}/models"\n')
        command = [sys.executable, "-m", "tinydigits", "model", "install", str(model)]
        done = subprocess.run(
            [*command, "--config", str(config)], capture_output=True, text=True, check=False
        )
        assert f"told the daemon (process {device.process.pid})" in done.stdout + done.stderr
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
