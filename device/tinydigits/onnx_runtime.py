"""ONNX Runtime, where this processor can run it.

ONNX Runtime 1.21, which Debian 13 has, uses half-precision arithmetic as soon as it is imported
(https://github.com/microsoft/onnxruntime/issues/23957), which the processors of a Raspberry Pi 3, 4
and Zero 2 W don't have: the kernel would end the program, without a word to anybody.
"""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tinydigits.errors import UsageError

CPUINFO: Final = Path("/proc/cpuinfo")

HALF_PRECISION: Final = "asimdhp"
"""Among the features that Linux tells of a 64-bit ARM processor, as its elf_hwcaps document has it;
other processors have flags, not features."""

NEEDS_IT: Final = "1.21."


def check_processor(cpuinfo: Path = CPUINFO, package: Path | None = None) -> None:
    """Hold that ONNX Runtime can be imported here.

    :param package: its folder, by default where Python finds it.
    :raises UsageError: where it would end the program; with what to do.
    """
    if _machine() != "aarch64":
        return
    found = re.search(r"^Features\s*:(.*)$", _text(cpuinfo), re.MULTILINE)
    if found is None or HALF_PRECISION in found[1].split():
        return
    if _version(package or _installed()).startswith(NEEDS_IT):
        raise UsageError(
            "ONNX Runtime 1.21 doesn't run on this processor, which lacks half-precision "
            "arithmetic: install 1.22 or newer, as install.sh does, or pip install "
            "'onnxruntime>=1.22'"
        )


def _machine() -> str:
    return os.uname().machine


def _installed() -> Path:
    spec = find_spec("onnxruntime")
    return Path(spec.origin).parent if spec and spec.origin else Path()


def _version(package: Path) -> str:
    """As its code says, which can't be asked without running the rest of it."""
    found = re.search(r'^__version__ = "(.+)"$', _text(package / "__init__.py"), re.MULTILINE)
    return found[1] if found else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


check_processor()

import onnxruntime as ort  # noqa: E402  only now

__all__ = ["ort"]
