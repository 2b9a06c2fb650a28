"""A model comes to many devices by ``docs/roll-out.sh``, with the real commands and real daemons.

Only ssh is another: it runs a command in a device's folder. Run with ``make slow``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from manager import short_folder
from model_store import good_models, unsure_model
from samples import picture_of
from tinydigits.digest import sha256_hex

SCRIPT: Final = Path(__file__).parents[1] / "docs" / "roll-out.sh"

PROGRAMS: Final = {
    "ssh": """#!/bin/sh
cd "{home}/$1" 2> /dev/null || exit 255
shift
PATH="{home}/bin:$PATH" exec sh -c "$*"
""",
    "sudo": """#!/bin/sh
exec "$@"
""",
    "tinydigits": """#!/bin/sh
exec "{python}" -m tinydigits "$@" --config config.toml
""",
}
"""What a workstation and a device have on their paths."""

CONFIG: Final = """
[camera]
path = "{home}/picture.png"
loop = true
fps = 20.0
[judge]
agree = 1
of = 1
[model]
store = "{home}/{name}/models"
trial_readings = 1
signers = "{signers}"
[daemon]
runtime = "{home}/{name}/run"
"""

SECONDS: Final = 120.0


@dataclass
class Devices:
    """Some, each with a daemon that reads, and a workstation that has ssh."""

    home: Path
    names: Sequence[str]

    def roll_out(
        self, content: bytes, *more: str, before: Sequence[str] = ()
    ) -> tuple[int, list[str]]:
        """Bring a model to all of them, and to others; the exit code, and the lines in order."""
        (self.home / "digits.onnx").write_bytes(content)
        ended = subprocess.run(
            [SCRIPT, "digits.onnx", *before, *self.names, *more],
            cwd=self.home,
            env={**os.environ, "SSH": f"{self.home}/bin/ssh", "PAUSE": "0.3", "LIMIT": "60"},
            stdout=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return ended.returncode, sorted(ended.stdout.splitlines())

    def shown(self, name: str) -> dict[str, Any]:
        """What a device says of its model."""
        command = [f"{self.home}/bin/ssh", name, "tinydigits model show --json"]
        told: dict[str, Any] = msgspec.json.decode(subprocess.check_output(command))
        return told

    def sign(self) -> None:
        """Sign the model that is there."""
        command = ["ssh-keygen", "-q", "-Y", "sign", "-f", "key", "-n", "tinydigits-model"]
        subprocess.run(
            [*command, "digits.onnx"], cwd=self.home, stderr=subprocess.DEVNULL, check=True
        )


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Iterator[Devices]:
    """Three devices that take signed models."""
    names = ("pi-1", "pi-2", "pi-3")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with short_folder() as home, ExitStack() as stack:
        picture_of("27").save(home / "picture.png")
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{home}/key"]
        subprocess.run(key, check=True)
        (home / "signers").write_text(
            f'me namespaces="tinydigits-model" {(home / "key.pub").read_text()}'
        )
        (home / "bin").mkdir()
        for name, content in PROGRAMS.items():
            program = home / "bin" / name
            program.write_text(content.format(home=home, python=sys.executable))
            program.chmod(0o755)
        for name in names:
            (home / name).mkdir()
            config = home / name / "config.toml"
            config.write_text(CONFIG.format(home=home, name=name, signers=home / "signers"))
            printed = home / name / "printed"
            with printed.open("wb") as out:
                daemon = stack.enter_context(
                    subprocess.Popen(
                        [home / "bin" / "ssh", name, "exec tinydigits run"],
                        stdout=out,
                        stderr=subprocess.DEVNULL,
                    )
                )
            stack.callback(daemon.terminate)
            end = time.monotonic() + SECONDS
            while not printed.stat().st_size:  # it doesn't read yet
                assert time.monotonic() < end
                time.sleep(0.05)
        yield Devices(home, names)


def test_roll_out(devices: Devices) -> None:
    """A model comes to one device, then to the others; a bad one stays on none and goes no further.

    Without a signature it comes nowhere, and a device that isn't there holds nobody up.
    """
    first, second = good_models(2)
    refused = ["pi-1: refused, exit code 4", "stopped; not touched: pi-2 pi-3"]
    assert devices.roll_out(first) == (1, refused)
    devices.sign()
    confirmed = [f"{name}: confirmed" for name in devices.names]
    assert devices.roll_out(first, "pi-4") == (3, [*confirmed, "pi-4: not reached"])
    assert devices.roll_out(first) == (0, confirmed)  # again
    (devices.home / "digits.onnx.sig").unlink()
    unsure = unsure_model()
    (devices.home / "digits.onnx").write_bytes(unsure)
    devices.sign()
    code, told = devices.roll_out(unsure)
    assert code == 1
    assert told[0].startswith("pi-1: went back: 0 of 20 readings were accepted where 1 are due")
    assert told[1:] == ["stopped; not touched: pi-2 pi-3"]
    for name in devices.names:
        assert devices.shown(name)["model"]["sha256"] == sha256_hex(first)
    assert devices.shown("pi-2")["returned"] is None
    # an old signature is none of another model
    assert devices.roll_out(second) == (1, refused)


def test_one_confirms_first(devices: Devices) -> None:
    """As long as no device has confirmed a model it comes to one at a time, whichever are away."""
    unsure = unsure_model()
    (devices.home / "digits.onnx").write_bytes(unsure)
    devices.sign()
    code, told = devices.roll_out(unsure, before=["pi-a", "pi-b"])
    assert code == 1
    assert told[0].startswith("pi-1: went back: ")
    assert told[1:] == [
        *("pi-a: not reached", "pi-b: not reached"),
        "stopped; not touched: pi-2 pi-3",
    ]
    [good] = good_models(1)
    (devices.home / "digits.onnx").write_bytes(good)
    (devices.home / "digits.onnx.sig").unlink()
    devices.sign()
    told = [*(f"{name}: confirmed" for name in devices.names), "pi-a: not reached"]
    assert devices.roll_out(good, before=["pi-a"]) == (3, told)


@pytest.mark.parametrize(
    ("setting", "arguments", "message"),
    [
        *((f"GROUP={group}", "m.onnx a b", "GROUP is") for group in ("0", "-5", "x", "08", "1.5")),
        *((f"LIMIT={limit}", "m.onnx a b", "LIMIT is") for limit in ("0", "-1", "1h", "0.5")),
        *((f"PAUSE={pause}", "m.onnx a b", "PAUSE is") for pause in ("0", "-1", "x", "0.0", "1m")),
        *((f"SSH={ssh}", "m.onnx a b", "SSH is") for ssh in (" ", "no-such-ssh -v")),
        ("GROUP=2", "none.onnx a b", "there is no none.onnx"),
        ("GROUP=2", ". a b", "there is no ."),
        ("GROUP=2", "$m.onnx a b", "the model's name is"),
        ("GROUP=2", "m.onnx a -oProxyCommand=true", "'-oProxyCommand=true' is no name of a device"),
    ],
)
def test_makes_no_sense(setting: str, arguments: str, message: str, tmp_path: Path) -> None:
    """What makes no sense is refused in one line, before any device is touched."""
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\ntouch {tmp_path}/touched\nexit 255\n")
    ssh.chmod(0o755)
    for name in ("m.onnx", "$m.onnx"):
        (tmp_path / name).touch()
    name, _, value = setting.partition("=")
    ended = subprocess.run(
        [SCRIPT, *arguments.split()],
        cwd=tmp_path,
        env={**os.environ, "SSH": str(ssh), name: value},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "touched").exists()
