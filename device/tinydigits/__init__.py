"""Read digits with a camera on a small, headless Linux computer."""

import os

# ONNX Runtime's Linux wheels send telemetry and leave a device id in the home directory unless this
# is set before the first import; whoever wants it can set the variable to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
