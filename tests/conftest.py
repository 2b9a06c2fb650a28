"""What several test modules share."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from PIL import Image

# before any test imports NumPy: threads that wait for each other make small matrices crawl where
# several tests run at once
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# each worker of xdist keeps a core busy: joblib's own processes would only import scikit-learn once
# more. ``make slow`` holds that they find what one process finds.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("JOBLIB_MULTIPROCESSING", "0")

import examples
from tinydigits.journal import CalmHandler  # it needs none of the libraries

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tinydigits_train.datasets import DataSet

examples.register()

# a shell has what it starts in the background ignore Ctrl-C, and all that is started from there
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# until all is imported, which leaves nothing behind: looking for garbage takes a sixth of that time
gc.disable()


TOGETHER: Final = (
    (
        *("test_train_ladder", "test_train_compare", "test_train_fit", "test_train_synthetic_fit"),
        *("test_train_article", "test_train_rehearsal", "test_train_mixes", "test_train_sweep"),
        *("test_train_draw", "test_train_command", "test_train_held_out", "test_train_room"),
        *("test_train_neuron", "test_train_openml", "test_train_portrait", "test_datasets"),
        *("test_train_preparations", "test_train_idx", "test_train_splits"),
    ),
    ("test_faults",),
    ("test_reload",),
    ("test_train_page", "test_train_page_kinds", "test_train_plots", "test_train_evidence"),
)
"""Files that share what takes a second to make, and those that take long; the longest first."""


@pytest.fixture(scope="session")
def data_home() -> Path:
    """The folder of data sets that tests may read, named by ``TINYDIGITS_DATA``."""
    folder = os.environ.get("TINYDIGITS_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"TINYDIGITS_DATA={folder or ''} names no folder with data sets")
    return Path(folder)


@pytest.fixture(scope="session")
def mnist_dir(data_home: Path) -> Path:
    """The folder with the four original files of MNIST."""
    return data_home / "mnist"


@pytest.fixture(scope="session")
def mnist(mnist_dir: Path) -> DataSet:
    """MNIST; unpacking it takes half a second."""
    from tinydigits_train.mnist import load_mnist

    return load_mnist(mnist_dir)


@dataclass(frozen=True)
class MadeOnce:
    """The bundled digits, and scenes drawn by rule alone: what takes a second to make."""

    load_bundled: Callable[[], DataSet]
    draw_by_rule: Callable[[int, int], DataSet]


@pytest.fixture(scope="session")
def made_once() -> MadeOnce:
    """Each is made when it is asked for first."""
    from tinydigits_train.sources import load_bundled  # tests of the device need no scikit-learn
    from tinydigits_train.synthetic.source import load_synthetic
    from tinydigits_train.synthetic.typecase import Typecase

    def draw_by_rule(seed: int, size: int) -> DataSet:
        with few_scenes_at_a_time():
            return load_synthetic(Typecase(), seed, size)

    return MadeOnce(cache(load_bundled), cache(draw_by_rule))


@contextmanager
def few_scenes_at_a_time() -> Generator[None]:
    """Hardly more scenes are made than are asked for: the same ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tinydigits_train.synthetic.source._SCENES", 4)
        yield


@pytest.fixture(scope="module")
def few_scenes() -> Generator[None]:
    """So it is in all of a module."""
    with few_scenes_at_a_time():
        yield


@pytest.fixture(scope="session")
def bundled(made_once: MadeOnce) -> DataSet:
    """Scikit-learn's digits."""
    return made_once.load_bundled()


@pytest.fixture(scope="module")
def loaded_once(made_once: MadeOnce) -> Generator[None]:
    """All commands of a module that load these sets get the same."""
    from tinydigits_train import sources
    from tinydigits_train.synthetic.source import load_synthetic
    from tinydigits_train.synthetic.typecase import Typecase

    def load(typecase: Typecase, seed: int, size: int) -> DataSet:
        if typecase.fonts or typecase.glyphs is not None:
            return load_synthetic(typecase, seed, size)
        return made_once.draw_by_rule(seed, size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "load_bundled", made_once.load_bundled)
        patch.setattr(sources, "load_synthetic", load)
        yield


@pytest.fixture(scope="module")
def few_bundled(loaded_once: None, bundled: DataSet) -> Generator[DataSet]:  # noqa: ARG001  first
    """Half of the bundled digits, which commands load in place of all where half is enough."""
    import numpy as np

    from tinydigits_train import sources

    half = bundled.take(np.arange(900))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "load_bundled", lambda: half)
        yield half


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures of 27 and 5410, where the command runs."""
    # not above, where xdist's own process, which runs no test, would wait for scikit-learn
    from samples import picture_of

    for number in ("27", "5410"):
        picture_of(number).save(tmp_path / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def labelled(folder: Path) -> Path:
    """The same with labels: 27 is labelled right, 5410 wrong, and a blank picture shows none."""
    Image.new("L", (90, 90), 200).save(folder / "blank.png")
    (folder / "labels.csv").write_text("file,digits\n27.png,27\n5410.png,5411\n")
    return folder


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    """Chromium, as it is installed."""
    from playwright.sync_api import sync_playwright

    from looks import start

    chromium = shutil.which("chromium")
    if not chromium:
        pytest.fail("there is no chromium to look at pages with")
    with sync_playwright() as playwright:
        started = start(playwright, chromium)
        yield started
        started.close()


@pytest.fixture(autouse=True)
def _no_handler_left() -> Generator[None]:
    """A command's log goes to the standard error that it began with, gone after its test."""
    yield
    root = logging.getLogger()
    for handler in root.handlers[:]:
        # pytest's own are of derived classes
        if type(handler) is logging.StreamHandler or isinstance(handler, CalmHandler):
            root.removeHandler(handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """One of several workers runs all tests of a file, and of all files that share what is made
    once.
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # it ships no types
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            groups = [names[0] for names in TOGETHER if Path(file).stem in names]
            return groups[0] if groups else file

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that nobody has to wait for it in the end."""
    first = [name for names in TOGETHER for name in names]
    items.sort(key=lambda item: first.index(item.path.stem) if item.path.stem in first else 99)


def pytest_collection_finish() -> None:
    """What was imported is no garbage: looking at it again takes a fifth of a second each time,
    and a camera that is closed has the garbage collected.
    """
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where the data sets are, nothing may be skipped in continuous integration."""
    report = yield
    data = os.environ.get("TINYDIGITS_DATA", "")
    if report.skipped and os.environ.get("CI") and Path(data).is_dir():
        report.outcome = "failed"
    return report
