"""Who collects and who labels may be killed at any moment: no picture is torn, no label lost.

Too long among quick tests; run with ``make slow``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from test_crops import luma, note
from tinydigits.learn.crops import Crops

KILLS: Final = 20

FEW: Final = 12
"""Crops that are kept, so that there is always one that has to make room."""

WRITER: Final = """
import sys
from pathlib import Path
from slow_crops import write_on
write_on(Path(sys.argv[1]), int(sys.argv[2]))
"""


def write_on(folder: Path, second: int) -> None:
    """Keep crop after crop, label each fourth and tell of it, until the process is killed."""
    crops = Crops(folder, max_files=FEW)
    while True:
        name = crops.keep(luma(second), note(second))
        if name and second % 4 == 0:
            crops.label(name, "7")
            print(name, flush=True)
            for labelled in [crop for crop in crops.list() if crop.label][: -FEW // 2]:
                crops.label(labelled.name, None)
        second += 1


def test_killed(tmp_path: Path) -> None:
    """Killed at any moment, a folder has whole pictures and every label that was told of."""
    rng = np.random.default_rng(7)
    for run in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(10_000 * run)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as program:
            assert program.stdout is not None
            first = program.stdout.readline()  # it has begun
            time.sleep(rng.uniform(0, 0.2))
            program.send_signal(signal.SIGKILL)
            told = [first, *program.stdout][-1].strip()
        found = Crops(tmp_path).list()
        assert len(found) <= FEW
        assert {crop.name: crop.label for crop in found}[told] == "7"
        for crop in found:
            with Image.open(tmp_path / crop.name) as image:
                image.load()
        assert len(list(tmp_path.glob(".*"))) <= 1  # what the next one removes
