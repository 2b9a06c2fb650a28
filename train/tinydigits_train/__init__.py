"""Train, measure and explain models on a workstation."""

import os

import tinydigits  # noqa: F401  switches ONNX Runtime's telemetry off before anything imports it

# Read when NumPy is first imported. The matrices here are small: a second thread gains nothing, and
# where another process wants its core, waiting for it makes a glyph take fifteen times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
