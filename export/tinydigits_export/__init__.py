"""Turn a fitted estimator into a model file that a device accepts."""

import tinydigits  # noqa: F401  switches ONNX Runtime's telemetry off before anything imports it
