"""Check the device program with the real Picamera2 and libcamera: check.py ROOT WHEEL."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from program import Program

from drawing import photographed, written

CAMERA = "Virtual Digits"
SIZE = (480, 640)
NUMBERS = ("2706", "5419", "8830", "1947", "6052", "3378", "7261", "9584", "4195", "8623")

FRAMES = 5_000
REOPENED = 20
WARM = 1_000
"""Frames after which memory counts: four reopenings, and every code path."""
GROWTH = 2 * 2**20
"""Bytes that the median of the last samples may be above that of the first after warming up."""
STOP_SECONDS = 2.0

CONFIG = f"""\
[camera]
source = "picamera2"
[camera.picamera2]
camera = "{CAMERA}"
width = 320
timeout = 0.3
[reader]
digits = 4
polarity = "dark"
"""


def prepare(root: Path, wheel: Path) -> None:
    """Install the program and the glue, and put pictures before the virtual camera."""
    here = Path(__file__).parent
    shutil.copytree(here / "glue", root / "opt/glue", dirs_exist_ok=True)
    pipeline = root / "usr/share/libcamera/pipeline/virtual"
    pipeline.mkdir(parents=True, exist_ok=True)
    shutil.copy(here / "virtual.yaml", pipeline)
    (root / "opt/config.toml").write_text(CONFIG)
    shutil.rmtree(root / "srv/frames", ignore_errors=True)
    (root / "srv/frames").mkdir()
    for index, number in enumerate(NUMBERS):
        draw(number).save(root / f"srv/frames/{index}.jpg", quality=92)
    shutil.copy(wheel, root / "opt")
    install = ["/opt/venv/bin/pip", "install", "--quiet", "--no-deps", "--force-reinstall"]
    environment = ["env", "-i", "PATH=/usr/bin:/bin", "PIP_ROOT_USER_ACTION=ignore"]
    subprocess.run(
        ["/usr/sbin/chroot", root, *environment, *install, f"/opt/{wheel.name}"], check=True
    )


def draw(number: str) -> Image.Image:
    """A number before an unevenly lit wall, of the size of a frame."""
    ink = written(number, 4) > 0
    frame = np.zeros(SIZE, np.bool_)
    top, left = ((whole - part) // 2 for whole, part in zip(SIZE, ink.shape, strict=True))
    frame[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return Image.fromarray(photographed(frame, gradient=(30, -20), noise=3))


def check_name(root: Path) -> str:
    """A camera that isn't there ends the program with 3 and one line that names those there are."""
    with Program(root, "--source", "picamera2:imx708", seconds=30) as program:
        out, said = program.process.communicate(timeout=30)
    assert (program.process.returncode, out) == (3, "")
    assert said == (
        "tinydigits: there is no camera 'imx708': there is 0 (Virtual Digits), 1 (Virtual Bars)\n"
    ), said
    return said.strip()


def check_large(root: Path) -> str:
    """Frames that the sensor can give as they are wanted come from the main stream."""
    (root / "opt/large.toml").write_text(CONFIG.replace("width = 320", "width = 640"))
    counts: Counter[str] = Counter()
    with Program(root, "--config", "/opt/large.toml", seconds=60) as program:
        for reading in program.readings():
            counts[reading["text"]] += 1
            if counts.total() == 300:
                break
        stop, code, said = program.stop()
    assert code == 0, (code, said)
    assert stop < STOP_SECONDS, stop
    must_be_shown(counts)
    return f"{counts.total()} frames of 640x480, all read right; stopped in {stop:.2f} s"


def must_be_shown(counts: Counter[str]) -> None:
    """What was read is what was shown, and all of that."""
    assert set(counts) == set(NUMBERS), counts


@dataclass
class Course:
    """How a long run went."""

    counts: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def note(self, program: Program, text: str) -> int:
        """Count a reading, and look at the program every hundred."""
        self.counts[text] += 1
        count = self.counts.total()
        if count >= WARM and count % 100 == 0:
            self.memory.append(program.memory())
            self.descriptors.append(program.descriptors())
        return count

    @property
    def growth(self) -> float:
        """Bytes of memory from the first to the last ten samples, by their medians."""
        return statistics.median(self.memory[-10:]) - statistics.median(self.memory[:10])


def check_long(root: Path) -> str:
    """Thousands of small frames and many failures leave memory and open files as they were.

    It stops in time after that.
    """
    every = FRAMES // REOPENED
    course = Course()
    options = ("--config", "/opt/config.toml")
    with Program(root, *options, seconds=240, STACK_FAIL_EVERY=str(every)) as program:
        for index, reading in enumerate(program.readings()):
            assert reading["sequence"] == index
            if course.note(program, reading["text"]) == FRAMES + every:
                break
        seconds = time.monotonic() - course.began
        stop, code, said = program.stop()
    assert code == 0, (code, said)
    assert stop < STOP_SECONDS, stop
    told = re.findall(r"frames again after [\d.]+ s(?: \(the same (\d+) times more)?", said)
    reopened = sum(int(more) if more else 1 for more in told)
    assert reopened >= REOPENED, said
    must_be_shown(course.counts)
    assert course.growth < GROWTH, course.memory
    assert max(course.descriptors[-10:]) <= max(course.descriptors[:10]), course.descriptors
    curve = ", ".join(f"{sample / 2**20:.1f}" for sample in course.memory[::5])
    return (
        f"{course.counts.total()} frames in {seconds:.0f} s, all read right; closed and reopened "
        f"{reopened} times; memory in MiB: {curve}; growth {course.growth / 2**20:.2f} MiB of at "
        f"most {GROWTH / 2**20:g}; {course.descriptors[-1]} files open; stopped in {stop:.2f} s"
    )


def main() -> int:
    """Run every check in turn; an assertion that fails ends it."""
    root, wheel = map(Path, sys.argv[1:])
    prepare(root, wheel)
    checks: tuple[Callable[[Path], str], ...] = (check_name, check_large, check_long)
    for check in checks:
        print(f"{check.__name__}: {check(root)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
