"""An ONNX Runtime that would end the program on this processor is named before it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinydigits.errors import UsageError
from tinydigits.onnx_runtime import check_processor

FEATURES = {
    "Cortex-A53": "fp asimd evtstrm crc32 cpuid",
    "Cortex-A76": "fp asimd evtstrm crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
}


@pytest.fixture
def on_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 64-bit ARM machine, if this isn't one."""
    monkeypatch.setattr("tinydigits.onnx_runtime._machine", lambda: "aarch64")


def cpuinfo(folder: Path, features: str) -> Path:
    """What Linux tells of two processors."""
    path = folder / "cpuinfo"
    one = f"processor\t: 0\nBogoMIPS\t: 38.40\nFeatures\t: {features}\nCPU part\t: 0xd03\n\n"
    path.write_text(2 * one)
    return path


def package(folder: Path, version: str) -> Path:
    """ONNX Runtime of a version, as far as it is looked at."""
    path = folder / "onnxruntime"
    path.mkdir()
    (path / "__init__.py").write_text(f'"""Runs models."""\n\n__version__ = "{version}"\n')
    return path


@pytest.mark.usefixtures("on_arm")
@pytest.mark.parametrize("version", ["1.21.0", "1.21.1"])
def test_refused(tmp_path: Path, version: str) -> None:
    """Where it can't run, the error says what is installed, why not, and what to do."""
    path = cpuinfo(tmp_path, FEATURES["Cortex-A53"])
    with pytest.raises(UsageError, match=r"1\.21 .*processor.* install 1\.22") as told:
        check_processor(path, package(tmp_path, version))
    assert "\n" not in str(told.value)


@pytest.mark.usefixtures("on_arm")
@pytest.mark.parametrize(
    ("version", "core"),
    [("1.21.0", "Cortex-A76"), ("1.20.1", "Cortex-A53"), ("1.22.0", "Cortex-A53")],
)
def test_fits(tmp_path: Path, version: str, core: str) -> None:
    """A newer one and an older one may be imported, and this one where the processor suits it."""
    check_processor(cpuinfo(tmp_path, FEATURES[core]), package(tmp_path, version))


@pytest.mark.usefixtures("on_arm")
@pytest.mark.parametrize("told", [None, "", "processor\t: 0\nflags\t: fpu sse2\n"])
def test_unknown(tmp_path: Path, told: str | None) -> None:
    """What a processor can do that doesn't tell is not guessed."""
    path = tmp_path / "cpuinfo"
    if told is not None:
        path.write_text(told)
    check_processor(path, package(tmp_path, "1.21.0"))


@pytest.mark.usefixtures("on_arm")
def test_without_runtime(tmp_path: Path) -> None:
    """Where there is none, Python says so when it is imported."""
    check_processor(cpuinfo(tmp_path, FEATURES["Cortex-A53"]), tmp_path / "nowhere")


def test_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processors are not asked."""
    monkeypatch.setattr("tinydigits.onnx_runtime._machine", lambda: "x86_64")
    path = cpuinfo(tmp_path, FEATURES["Cortex-A53"])
    check_processor(path, package(tmp_path, "1.21.0"))
