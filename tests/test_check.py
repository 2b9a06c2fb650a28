"""Checks say in one line each how things are and what to do, and end with the right code."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from broker import running as running_broker
from command_line import Capture
from manager import short_folder
from samples import picture_of, sample_model
from standin import Standin
from test_faults import running
from tinydigits.__main__ import main
from tinydigits.check import machine
from tinydigits.check.command import check
from tinydigits.check.finding import Finding, exit_code, render, wants_colour
from tinydigits.check.kept import check_kept
from tinydigits.check.machine import (
    check_clock,
    check_devices,
    check_disk,
    check_folders,
    check_temperature,
    clock_state,
    throttled_bits,
)
from tinydigits.config import load_config
from tinydigits.outputs.mqtt import connection

CHECKS = ["config", "model", "camera", "state", "runtime", "disk", "outputs", "clock", "heat"]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with a picture, where commands run; nothing comes from systemd."""
    for name in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tinydigits.config.SYSTEM_FILE", tmp_path / "none.toml")
    picture_of("27").save(tmp_path / "27.png")
    path = tmp_path / "my.toml"
    path.write_text('[camera]\npath = "27.png"\n[daemon]\nruntime = "."\n')
    return path


def found(path: Path | None) -> dict[str, Finding]:
    """What is found, by what was looked at."""
    return {finding.check: finding for finding in check(path)}


def test_all_is_well(config: Path, capsys: Capture) -> None:
    """Where all is well there is a line for each check, and the exit code is 0."""
    assert main(["check", "--config", str(config)]) == 0
    out, error = capsys.readouterr()
    assert error == ""
    lines = out.splitlines()
    assert [line.split()[1] for line in lines] == CHECKS
    assert {line.split()[0] for line in lines} <= {"ok", "warn"}
    assert len({re.match(r"\S+ +\S+ +", line).end() for line in lines}) == 1  # type: ignore[union-attr]
    assert "in which is read: 27" in out
    assert "\033" not in out


def test_json(config: Path, capsys: Capture) -> None:
    """As JSON it is the same."""
    assert main(["check", "--config", str(config), "--json"]) == 0
    findings: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [finding["check"] for finding in findings] == CHECKS
    assert set(findings[0]) == {"check", "state", "text", "code"}


def test_bad_config(config: Path, capsys: Capture) -> None:
    """A bad configuration is told with what is wrong; what doesn't hang on it is looked at too."""
    config.write_text("[camera]\nfsp = 1\n")
    assert main(["check", "--config", str(config)]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("FAIL  config")
    assert "did you mean 'fps'?" in lines[0]
    assert [line.split()[1] for line in lines] == ["config", "clock", "heat"]


def test_service_config(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file named it is the service's, where there is one, else the defaults."""
    monkeypatch.setattr("tinydigits.config.SYSTEM_FILE", config)
    assert found(None)["config"].text == str(config)
    monkeypatch.setattr("tinydigits.config.SYSTEM_FILE", config / "none")
    findings = found(None)
    assert "the defaults" in findings["config"].text
    assert "there is nothing to read" in findings["camera"].text


def test_broker(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is to be a broker, it is seen whether that lets this device in, and by what."""
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1.0)
    plain = config.read_text()

    def mqtt(line: str) -> Finding:
        config.write_text(f'{plain}[mqtt]\nhost = "localhost"\n{line}\n')
        return found(config)["mqtt"]

    with running_broker(config.parent) as broker:
        assert mqtt(f"port = {broker.port}") == Finding(
            "mqtt", "ok", f"localhost:{broker.port} lets anybody in"
        )
    absent = mqtt(f"port = {broker.port}")
    assert absent.state == "warn"
    assert "nothing listens there: does the broker run?" in absent.text
    required = mqtt(f"port = {broker.port}\nrequired = true")
    assert (required.state, required.code) == ("fail", 5)
    wrong = mqtt('topic = "#"')
    assert (wrong.state, wrong.code) == ("fail", 2)


def test_page(config: Path) -> None:
    """Where there is to be a page, it is seen whether it can be shown there, and for whom."""
    plain = config.read_text()

    def page(line: str) -> Finding:
        config.write_text(f"{plain}[web]\n{line}\n")
        return found(config)["web"]

    assert page('address = "127.0.0.1:0"') == Finding(
        "web", "ok", "http://127.0.0.1:0 is for everybody on this computer"
    )
    (config.parent / "token").write_text("x" * 16)
    assert page('address = "0.0.0.0:0"\ntoken = "token"').text.endswith("for who has the token")
    open_to_all = page('address = "0.0.0.0:80"')
    assert (open_to_all.state, open_to_all.code) == ("fail", 2)
    assert "head -c 24 /dev/urandom" in open_to_all.text
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f'address = "127.0.0.1:{other.getsockname()[1]}"'
        taken = page(address)
        assert taken.state == "warn"
        assert "another program listens" in taken.text
        required = page(f"{address}\nrequired = true")
        assert (required.state, required.code) == ("fail", 5)


@pytest.mark.parametrize(
    ("module", "complaint"), [(None, "uvicorn is not installed"), ("0.17.6", "uvicorn is too old")]
)
def test_page_library(
    config: Path, monkeypatch: pytest.MonkeyPatch, module: str | None, complaint: str
) -> None:
    """Without the libraries it is said which is missing, and how to install them."""
    old = SimpleNamespace(__version__=module)
    monkeypatch.setitem(sys.modules, "uvicorn", old if module else None)
    config.write_text(config.read_text() + '[web]\naddress = "127.0.0.1:0"\n')
    missing = found(config)["web"]
    assert (missing.state, missing.code) == ("fail", 2)
    assert complaint in missing.text
    assert "pip install 'tinydigits[web]'" in missing.text


def test_bad_model(config: Path, capsys: Capture) -> None:
    """A model that breaks its promises is the first failure, and the camera is looked at still."""
    (config.parent / "bad.onnx").write_bytes(sample_model()[:-100])
    config.write_text(config.read_text() + '[model]\npath = "bad.onnx"\n')
    assert main(["check", "--config", str(config)]) == 4
    out = capsys.readouterr().out
    assert "FAIL  model    model bad.onnx: " in out
    assert "ok    camera   a frame of" in out


def test_bad_region(config: Path) -> None:
    """A region that is none is told by its name."""
    region = '[[region]]\nname = "water"\ncorners = [[0, 0], [1, 1]]\n'
    config.write_text(config.read_text() + region)
    finding = found(config)["regions"]
    assert (finding.state, finding.code) == ("fail", 2)
    assert "region 'water'" in finding.text


@pytest.mark.parametrize(("level", "shade"), [(0, "dark"), (255, "bright")])
def test_no_light(level: int, shade: str, config: Path) -> None:
    """A frame that is all black or all white asks for light."""
    Image.new("L", (90, 90), level).save("27.png")
    finding = found(config)["camera"]
    assert (finding.state, finding.code) == ("warn", 0)
    assert finding.text == f"a frame of 90x90 pixels, all of it {shade}: see to its light"


@pytest.mark.parametrize(
    ("camera", "text"),
    [
        ('path = "missing"', "missing: there is no such file or folder"),
        ('path = "my.toml"', "none of the pictures can be read"),
        ('source = "url"\nurl.address = "http://127.0.0.1:9/a.jpg"', "Connection refused"),
    ],
)
def test_no_frame(camera: str, text: str, config: Path) -> None:
    """A camera without a frame is told with why."""
    config.write_text(f"[camera]\n{camera}\n")
    finding = found(config)["camera"]
    assert (finding.state, finding.code) == ("fail", 3)
    assert text in finding.text


def test_watch(config: Path) -> None:
    """A folder into which nobody has dropped a picture yet is all right."""
    config.write_text('[camera]\nsource = "watch"\npath = "."\n')
    assert found(config)["camera"].text == "watch: nothing to read just now"


def test_picamera2(
    config: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A camera that is missing is told once, and so are its devices."""
    standin = Standin(infos=[]).install(monkeypatch)
    config.write_text('[camera]\nsource = "picamera2"\n')
    assert main(["check", "--config", str(config)]) == 3
    assert caplog.records == []
    finding = found(config)["camera"]
    assert finding.text == "there is no camera: look at its cable, and at rpicam-hello"
    standin.infos = [{"Model": "imx708", "Id": "", "Num": 0}]
    assert found(config)["camera"].text.startswith("a frame of 640x480 pixels")
    assert "devices" in found(config)
    assert [camera.closed for camera in standin.cameras] == [1, 1]


def test_camera_hangs(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that hangs is given up."""
    monkeypatch.setattr("tinydigits.check.program.CAMERA_SECONDS", 0.1)
    monkeypatch.setattr("tinydigits.check.program._first_frame", lambda _: time.sleep(1))
    assert found(config)["camera"].text == "it hangs: only a reboot may help"


def test_daemon_has_the_camera() -> None:
    """A camera that the running daemon has is asked of the daemon."""
    with short_folder() as runtime, running(RUNTIME_DIRECTORY=str(runtime)) as device:
        device.reading()
        text = f"{device.home}/checked.toml"
        Path(text).write_text(f'[camera]\nsource="picamera2"\n[daemon]\nruntime="{runtime}"\n')
        findings = found(Path(text))
        assert "devices" not in findings
        assert findings["camera"].text.startswith(
            f"the daemon (process {device.process.pid}) has it: "
        )
        assert findings["outputs"].text.endswith("none is lost")
        device.fail("error")
        device.says()
        finding = found(Path(text))["camera"]
    assert finding.state == "fail"
    assert finding.text.endswith("has it: the camera failed: the camera has failed")


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that are missing or closed are told with what to do."""
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)  # root may everything
    (tmp_path / "open").mkdir()
    folders = {"a": None, "b": tmp_path / "none", "c": tmp_path, "d": tmp_path / "open"}
    findings = list(check_folders(folders))
    assert [finding.state for finding in findings] == ["ok", "fail", "fail", "ok"]
    assert "is no folder: make it" in findings[1].text
    assert "can't be written by" in findings[2].text
    assert {finding.code for finding in findings} == {0, 5}


def test_nameless_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a name, as in a container, is told by the number."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    monkeypatch.setattr(os, "access", lambda _, __: False)
    (tmp_path / "video0").touch()
    [folder] = check_folders({"state": tmp_path})
    devices = check_devices((f"{tmp_path}/video*",))
    [kept] = check_kept(load_config(None, {"history": {"file": f"{tmp_path}/past.db"}}), None)
    for finding, told in ((folder, "by 54321:"), (devices, "to 54321:"), (kept, "by 54321:")):
        assert told in finding.text


def test_closed_state(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that are to be remembered in a folder that may not be entered are told to be lost."""
    folder = tmp_path / "closed"
    stat = Path.stat

    def refused(path: Path, **how: Any) -> os.stat_result:
        if folder in path.parents:  # as none is to root
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return stat(path, **how)

    monkeypatch.setattr(Path, "stat", refused)
    config.write_text(f'{config.read_text()}[judge]\nstate = "{folder}/deep/state.json"\n')
    findings = found(config)
    assert (findings["state"].state, findings["state"].code) == ("fail", 5)
    assert findings["state"].text.endswith("deep can't be looked at: Permission denied")
    assert findings["disk"].text.endswith("are free at /")


def test_kept(config: Path) -> None:
    """What the program is to keep is looked at where the configuration names it."""
    config.write_text(f'{config.read_text()}[history]\nfile = "past.db"\n')
    assert found(config)["history"].state == "ok"


def test_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices that are closed are told with the group that may open them."""
    pattern = (f"{tmp_path}/video*",)
    assert "there is no camera device" in check_devices(pattern).text
    (tmp_path / "video0").touch()
    assert check_devices(pattern).state == "ok"
    monkeypatch.setattr(os, "access", lambda _, __: False)
    finding = check_devices(pattern)
    assert (finding.state, finding.code) == ("fail", 3)
    assert f"sudo usermod -aG {(tmp_path / 'video0').group()} " in finding.text


@pytest.mark.parametrize(
    ("wall", "state", "told"),
    [
        (time.time, 0, "it is set from the network"),
        (time.time, 5, "nothing sets it: sudo timedatectl"),
        (time.time, -1, "it is plausible"),
        (lambda: 60.0, 0, "it shows 1970-01-01, before this program was made"),
    ],
)
def test_clock(wall: Any, state: int, told: str) -> None:
    """A clock that nobody sets, or that is in the past, is told; where none can tell, it isn't."""
    finding = check_clock(wall, lambda: state)
    assert told in finding.text
    assert finding.state == ("ok" if told.startswith("it is") else "warn")


def test_real_clock() -> None:
    """The system's own answer is one of those there are."""
    assert -1 <= clock_state() <= 5


@pytest.mark.parametrize(
    ("free", "files", "state"),
    [(10**6, 10, "ok"), (10**4, 10, "warn"), (100, 10, "fail"), (10**6, 0, "fail")],
)
def test_disk(free: int, files: int, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is nearly full is told, and so is one that takes no more files."""

    class Statistics:
        f_bavail, f_frsize, f_files, f_favail = free, 4096, 1000, files

    monkeypatch.setattr(os, "statvfs", lambda _: Statistics)
    assert check_disk(Path("/")).state == state


def test_no_disk() -> None:
    """A disk that can't be asked is told with why."""
    assert "No such file" in check_disk(Path("/missing")).text


@pytest.mark.parametrize(
    ("degrees", "bits", "state", "told"),
    [
        (None, None, "ok", "no sensor"),
        (55, None, "ok", "55 °C"),
        (85, None, "warn", "85 °C: cool it"),
        (55, 0x0, "ok", "55 °C"),
        (55, 0x50005, "warn", "55 °C, too little voltage, throttled just now: a better supply"),
        (55, 0x10000, "warn", "55 °C, too little voltage since it was switched on"),
    ],
)
def test_temperature(
    degrees: int | None, bits: int | None, state: str, told: str, tmp_path: Path
) -> None:
    """Heat and a weak supply are told, what is so now before what was so."""
    (tmp_path / "zone0").write_text("")  # switched off
    if degrees is not None:
        (tmp_path / "zone1").write_text(f"{degrees * 1000}\n")
        (tmp_path / "zone2").write_text("20000\n")
    finding = check_temperature(f"{tmp_path}/zone*", lambda: bits)
    assert finding.state == state
    assert finding.text.startswith(told)


@pytest.mark.parametrize(
    ("script", "bits"),
    [("echo throttled=0x50005", 0x50005), ("echo what", None), ("exit 1", None)],
)
def test_vcgencmd(
    script: str, bits: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The firmware's answer is read where there is one."""
    command = tmp_path / "vcgencmd"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert throttled_bits() == bits
    command.unlink()
    assert throttled_bits() is None


def test_vcgencmd_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firmware that doesn't answer is given up."""
    monkeypatch.setattr(machine, "_VCGENCMD_SECONDS", 0.1)
    command = tmp_path / "vcgencmd"
    command.write_text("#!/bin/sh\nexec sleep 20\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert throttled_bits() is None


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours are for terminals that have them and people who want them; marks are for all."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colour(Terminal())
    assert not wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_colour(Terminal())
    findings = [Finding("a", "ok", "x"), Finding("long", "fail", "y\nz", 3)]
    assert render(findings, coloured=False) == "ok    a     x\nFAIL  long  y z"
    plain = re.sub(r"\033\[[0-9;]*m", "", render(findings, coloured=True))
    assert plain == render(findings, coloured=False)


def test_exit_code() -> None:
    """The exit code is the first failure's; a doubt is none."""
    findings = [Finding("a", "warn", ""), Finding("b", "fail", "", 4), Finding("c", "fail", "", 3)]
    assert exit_code(findings) == 4
    assert exit_code(findings[:1]) == 0


def test_brightness_is_of_all(config: Path) -> None:
    """A dark frame with something in it is not called dark."""
    luma = np.zeros((90, 90), np.uint8)
    luma[:, :20] = 200
    Image.fromarray(luma).save("27.png")
    assert found(config)["camera"].state == "ok"
