"""Installing, upgrading and removing: the .deb on Debian 13, install.sh on Debian 12."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from shutil import copy
from typing import Final, Protocol

from rows import Outcome, expect
from service import (
    CONFIG,
    CONFIG_TEXT,
    DROP_IN_FILES,
    DROP_INS,
    HERE,
    STATE,
    UNIT,
    last_reading,
    longest_gap,
    main_pid,
    reading_after,
    sh,
    show,
    wait_for,
)

EXPOSURE: Final = 12
"""Tenths, of 100: what systemd-analyze security may say of the unit at most."""


DROP_IN_NAMES: Final = ("network", "mqtt", "web", "light")
"""Those that let it do more."""


class Package(Protocol):
    """A way to install."""

    def install(self, version: str) -> None:
        """Install it, or upgrade to it."""

    def remove(self) -> None:
        """Remove it, and leave what was configured and learned."""

    def purge(self) -> None:
        """Remove everything."""


class Deb:
    """Debian 13's package."""

    def install(self, version: str) -> None:
        """As it is given; what it depends on is there."""
        _run("apt-get", "install", "-y", f"{HERE}/dist/tinydigits_{version}_all.deb")

    def remove(self) -> None:
        """As everybody does it."""
        _run("apt-get", "remove", "-y", "tinydigits")

    def purge(self) -> None:
        """And so."""
        _run("apt-get", "purge", "-y", "tinydigits")


class Script:
    """install.sh."""

    def install(self, version: str) -> None:
        """From wheels alone; an upgrade keeps the libraries for outputs."""
        wheel = f"{HERE}/dist/tinydigits-{version}-py3-none-any.whl"
        outputs = [] if CONFIG.exists() else ["--with", "mqtt,web"]
        _run(f"{HERE}/install.sh", *outputs, "--wheels", f"{HERE}/wheels", wheel)
        _run("/opt/tinydigits/venv/bin/python", "-c", "import paho.mqtt, starlette, uvicorn")

    def remove(self) -> None:
        """As its help says."""
        _run(f"{HERE}/install.sh", "--uninstall")

    def purge(self) -> None:
        """And so."""
        _run(f"{HERE}/install.sh", "--purge")


def _run(*command: str) -> str:
    ended = subprocess.run(
        command,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    expect(
        ended.returncode == 0, f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}"
    )
    return ended.stdout


def install(package: Package, version: str) -> Outcome:
    """On a system that has never seen it, with a camera, and a drop-in that shows its readings."""
    DROP_INS.mkdir(parents=True)
    for name, content in DROP_IN_FILES.items():
        (DROP_INS / name).write_text(content)
    began = time.time()
    package.install(version)
    expect(show("UnitFileState") == "enabled", f"it is {show('UnitFileState')}")
    expect("picamera2" in CONFIG.read_text(), "the configuration names no camera")
    reading = reading_after(began)
    return Outcome("enabled, started, reading", seconds=reading["wall"] - began)


def check_unit() -> Outcome:
    """As this version of systemd sees it, with its drop-ins and without."""
    exposures = []
    for names in ([], *([name] for name in DROP_IN_NAMES), DROP_IN_NAMES):
        for name in names:
            copy(HERE / f"systemd/drop-ins/{name}.conf", DROP_INS)
        sh("systemctl", "daemon-reload")
        said = _run("systemd-analyze", "verify", "--man=no", UNIT)
        expect(not said, f"systemd-analyze verify says: {said}")
        threshold = f"--threshold={EXPOSURE}"
        said = _run("systemd-analyze", "security", "--offline=true", threshold, UNIT)
        exposures.append(re.search(r"exposure level for \S+: (\S+)", said)[1])  # type: ignore[index]
        for name in names:
            (DROP_INS / f"{name}.conf").unlink()
    sh("systemctl", "daemon-reload")
    plain, *ones, every = exposures
    told = ", ".join(f"{name}.conf {one}" for name, one in zip(DROP_IN_NAMES, ones, strict=True))
    return Outcome(f"clean; {plain}; with {told}, all of them {every}")


def upgrade(package: Package, version: str) -> Outcome:
    """To another version, with a configuration that was changed."""
    CONFIG.write_text(CONFIG_TEXT + "# mine\n")
    sh("systemctl", "restart", UNIT)
    reading_after(time.time())
    sh("systemctl", "stop", UNIT)
    state = (STATE / "judge.json").read_text()
    sh("systemctl", "start", UNIT)
    reading_after(time.time())
    pid, began = main_pid(), time.time()
    package.install(version)
    expect(sh("tinydigits", "--version") == f"tinydigits {version}", "it is the old version")
    wait_for("the new process", lambda: main_pid() not in {0, pid})
    gap = longest_gap(began)
    expect(CONFIG.read_text().endswith("# mine\n"), "the configuration was replaced")
    expect(state.split('"wall"')[0] in (STATE / "judge.json").read_text(), "the state is gone")
    return Outcome.after(gap, "kept, reading")


def remove(package: Package) -> Outcome:
    """The program goes."""
    package.remove()
    before = last_reading()
    expect(show("ActiveState") == "inactive", f"it is {show('ActiveState')}")
    expect(not sh("which", "tinydigits", check=False), "the command is still there")
    expect(CONFIG.exists(), "the configuration is gone")
    expect((STATE / "judge.json").exists(), "the state is gone")
    time.sleep(1)
    expect(last_reading() == before, "something still reads")
    return Outcome("gone, configuration and state kept")


def purge(package: Package) -> Outcome:
    """And all the rest."""
    for name in DROP_IN_FILES:
        (DROP_INS / name).unlink()
    DROP_INS.rmdir()
    package.purge()
    left = _left(["/etc", "/opt", "/run/systemd", "/usr", "/var/lib"])
    expect(not left, f"left: {', '.join(left)}")
    return Outcome("nothing left")


def _left(places: Sequence[str]) -> list[str]:
    found = sh("find", *places, "-xdev", "-path", str(HERE), "-prune", "-o", "-print").splitlines()
    return [path for path in found if "tinydigits" in Path(path).name]
