"""Each role imports what it needs and no more."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import tinydigits_export

FOREIGN = (
    *("sklearn", "scipy", "onnx", "skl2onnx", "matplotlib", "joblib", "skops", "tqdm"),
    *("ai_edge_litert", "mlperf_loadgen"),
)
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
OUTPUTS = ("mqtt", "history", "collect")

EVERY_MODULE = (
    "import importlib, pkgutil, tinydigits\n"
    "for module in pkgutil.walk_packages(tinydigits.__path__, 'tinydigits.'):\n"
    "    importlib.import_module(module.name)\n"
)


def fresh(code: str, **environment: str) -> list[str]:
    """The words that this code prints in an interpreter of its own."""
    inherited = {
        name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "PYTHONPATH")
    }
    ended = subprocess.run(
        [sys.executable, "-c", "import os, sys\n" + code],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    return ended.stdout.split()


def test_device() -> None:
    """The device's package needs nothing of the workstation's, in any of its modules."""
    loaded = fresh(EVERY_MODULE + "print(*sys.modules)")
    assert {"tinydigits.reader", "tinydigits.annotate", "tinydigits.__main__"} <= set(loaded)
    roots = {name.partition(".")[0] for name in loaded}
    assert not roots & {*FOREIGN, "tinydigits_export", "tinydigits_train"}


def test_status() -> None:
    """Who asks the daemon how it is waits for no library that reads digits."""
    code = "from tinydigits.__main__ import main\nmain(['status', '--runtime', '/nowhere'])\n"
    loaded = fresh("sys.stderr = open(os.devnull, 'w')\n" + code + "print(*sys.modules)")
    assert "tinydigits.status.command" in loaded
    assert not {"numpy", "onnxruntime", "PIL"} & set(loaded)


def test_no_outputs() -> None:
    """A daemon without outputs loads nothing for them, of its own or of libraries."""
    code = (
        "from tinydigits.config import load_config\n"
        "from tinydigits.outputs.outputs import Outputs\n"
        "import tinydigits.service\n"
        "with Outputs(load_config(), None): print(*sys.modules)"
    )
    loaded = fresh(code)
    assert "tinydigits.outputs.kinds" in loaded
    roots = {name.partition(".")[0] for name in loaded}
    assert not roots & {"starlette", "uvicorn", "h11", "anyio", "prometheus_client", "asyncio"}
    assert not {"sqlite3", "paho", "PIL.PngImagePlugin"} & set(loaded)
    unneeded = {"learn.crops", "learn.cutting", "web", *(f"outputs.{name}" for name in OUTPUTS)}
    assert not {f"tinydigits.{name}" for name in unneeded} & set(loaded)


def imported(path: Path) -> set[str]:
    """The modules that a file asks for, at its top or anywhere else."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}


def test_export() -> None:
    """The exporter asks for nothing of the training, in any of its modules."""
    found = set().union(*map(imported, Path(tinydigits_export.__file__).parent.glob("*.py")))
    assert {"tinydigits_export.convert", "onnx"} <= found
    assert "tinydigits_train" not in {name.partition(".")[0] for name in found}


def test_telemetry() -> None:
    """ONNX Runtime sends nothing home unless somebody asked for it."""
    code = "import tinydigits; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    assert fresh(code) == ["1"]
    assert fresh(code, ORT_DISABLE_TELEMETRY="0") == ["0"]


def test_environment() -> None:
    """Importing the device's package changes no other variable, those for threads least of all."""
    code = (
        "before = dict(os.environ)\nimport tinydigits.__main__\n"
        "print(*(name for name in os.environ if os.environ[name] != before.get(name)))"
    )
    assert fresh(code, **dict.fromkeys(THREADS, "2")) == ["ORT_DISABLE_TELEMETRY"]
    assert fresh(code) == ["ORT_DISABLE_TELEMETRY"]
