"""The linear model as C, compiled here: the floor of floors."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from tinydigits.bench.linear import Linear
from tinydigits.bench.runners import SkippedError
from tinydigits.bench.systems import Classify
from tinydigits.classifier import Glyphs, Probabilities

FLAGS: Final = ("-std=c99", "-O2", "-shared", "-fPIC")
"""What a Makefile has by default; -O3 -march=native would measure the compiler instead."""

SECONDS: Final = 60.0
"""For the compiler, which takes a second; ten on the smallest computers."""

SOURCE: Final = """\
#include <math.h>
#include <stdint.h>

static const float weights[{pixels}][{classes}] = {{
{weights}
}};
static const float intercept[{classes}] = {{{intercept}}};

void classify(const uint8_t *ink, int64_t count, float *probability)
{{
    for (; count > 0; count--, ink += {pixels}, probability += {classes}) {{
        float score[{classes}], most = -INFINITY, sum = 0;
        for (int k = 0; k < {classes}; k++)
            score[k] = intercept[k];
        for (int p = 0; p < {pixels}; p++)
            if (ink[p] >= {threshold})
                for (int k = 0; k < {classes}; k++)
                    score[k] += weights[p][k];
        for (int k = 0; k < {classes}; k++)
            most = fmaxf(most, score[k]);
        for (int k = 0; k < {classes}; k++)
            sum += probability[k] = expf(score[k] - most);
        for (int k = 0; k < {classes}; k++)
            probability[k] /= sum;
    }}
}}
"""


def open_glyphs(model: bytes) -> Classify:
    """The compiled function, through ctypes.

    :raises SkippedError: where there is no compiler, or its result can't be loaded.
    """
    linear = Linear.of(model)
    function = _compiled(source(linear))
    function.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]
    function.restype = None
    classes = len(linear.intercept)

    def classify(glyphs: Glyphs) -> Probabilities:
        glyphs = np.ascontiguousarray(glyphs)
        probabilities = np.empty((len(glyphs), classes), np.float32)
        function(glyphs.ctypes.data, len(glyphs), probabilities.ctypes.data)
        return probabilities

    return classify


def source(linear: Linear) -> str:
    """A model as C; floating point numbers are hexadecimal, so exact."""
    pixels, classes = linear.weights.shape
    return SOURCE.format(
        pixels=pixels,
        classes=classes,
        threshold=linear.threshold,
        weights=",\n".join(f"{{{_row(row)}}}" for row in linear.weights.tolist()),
        intercept=_row(linear.intercept.tolist()),
    )


def _row(values: list[float]) -> str:
    return ", ".join(f"{value.hex()}f" for value in values)


def _compiled(text: str) -> ctypes._NamedFuncPointer:
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise SkippedError("missing: a C compiler, apt install gcc libc6-dev")
    with tempfile.TemporaryDirectory() as folder:
        written, made = Path(folder, "model.c"), Path(folder, "model.so")
        written.write_text(text)
        ended = subprocess.run(  # noqa: S603  the compiler, on a source of ours
            [compiler, *FLAGS, "-o", made, written, "-lm"],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        if ended.returncode:
            why = ended.stderr.strip().splitlines() or [f"it ended with {ended.returncode}"]
            raise SkippedError(f"uncompiled: {compiler}: {why[-1]}")
        try:
            return ctypes.CDLL(str(made)).classify  # it stays when the file is gone
        except OSError as error:  # a folder for temporary files from which nothing may be run
            raise SkippedError(f"unloadable: {error}; set TMPDIR to another folder") from error
