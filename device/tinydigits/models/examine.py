"""Runs in a process of its own that is thrown away: loads a model that nobody trusts yet.

ONNX Runtime is not made for foreign files: some crash it, some keep it busy for ever, some ask for
all memory there is. So this process gives up first what it could do harm with. It takes the model
on standard input and answers on standard output.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from tinydigits.classifier import BATCH, Classifier, Glyphs
from tinydigits.errors import ModelError
from tinydigits.glyph import GLYPH_SIZE
from tinydigits.models.records import Summary

MAX_ANSWER: Final = 10_000
"""Bytes; a longer answer is not ours."""

SUM_TOLERANCE: Final = 1e-3
"""Of the probabilities of a glyph; float32 stays below 1e-6."""

_NOBODY: Final = 65534
"""The user and group without any rights, on every Linux."""


class Limits(msgspec.Struct, frozen=True):
    """What trying a model may take beyond what the program itself takes.

    Of processor time a model of the ladder takes 0.04 s here, of memory 5 MB.
    """

    seconds: int = 5
    """Of processor time, ten times what the slowest Raspberry Pi needs."""
    room: int = 128 * 2**20
    """Bytes of address space: the smallest Raspberry Pi has 512 MB, and a daemon on it."""


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came out of it: why the model is refused, or what it says of itself."""

    refused: str | None
    summary: Summary | None


def confine(limits: Limits) -> None:
    """Give up, for good: time, memory, writing, opening files, other processes, root's rights."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + limits.seconds
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    _limit(resource.RLIMIT_AS, pages * os.sysconf("SC_PAGESIZE") + limits.room)
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, MAX_ANSWER)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    _limit(resource.RLIMIT_NPROC, 0)
    _limit(resource.RLIMIT_NOFILE, 0)


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(kind, (most, most))


def examine(content: bytes) -> Answer:
    """Load a model, hold it to the contract, and try it on more than its golden glyphs."""
    try:
        classifier = Classifier.from_bytes(content)
        _try(classifier)
    except ModelError as error:
        return Answer(str(error), None)
    except MemoryError:
        return Answer("it needs far more memory than a model does", None)
    except Exception as error:  # noqa: BLE001  whatever it is, this model does not read digits
        return Answer(f"it can't be tried: {type(error).__name__}", None)
    return Answer(None, Summary.of(classifier.card))


def _try(classifier: Classifier) -> None:
    # Knuth's multiplicative hash as noise: NumPy's would be loaded from files, which are closed now
    shape = (2 * BATCH + 1, GLYPH_SIZE, GLYPH_SIZE)
    noise = np.arange(np.prod(shape), dtype=np.uint32) * np.uint32(2_654_435_761) >> np.uint32(24)
    glyphs = noise.astype(np.uint8).reshape(shape)
    glyphs[0], glyphs[1] = 0, 255
    for some in (glyphs, glyphs[:1], glyphs[:BATCH]):
        _check(classifier, some)


def _check(classifier: Classifier, glyphs: Glyphs) -> None:
    given = classifier.probabilities(glyphs)
    # written so that NaN fails
    if given.shape != (len(glyphs), len(classifier.card.labels)) or not (
        bool((given >= 0).all()) and float(np.abs(given.sum(1) - 1).max()) <= SUM_TOLERANCE
    ):
        raise ModelError("what it gives for blank and noisy glyphs are no probabilities")


def main() -> None:
    """Answer for the model on standard input; the limits are the arguments, as JSON."""
    limits = msgspec.json.decode(sys.argv[1], type=Limits)
    content = sys.stdin.buffer.read()
    answers = os.dup(sys.stdout.fileno())
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())  # for libraries that print
    confine(limits)
    os.write(answers, msgspec.json.encode(examine(content)))
    os._exit(0)  # nothing of the model has a say in how this ends


if __name__ == "__main__":
    main()
