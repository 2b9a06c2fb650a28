"""The second runtime of the verification: ONNX's own, in NumPy, independent of the first.

Written to be right and not to be fast, it knows one operator by the names of other versions only
and takes it pixel by pixel; that one is computed here instead, from its definition.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

Floats = npt.NDArray[np.float32]


class GridSample(OpRun):
    """Bilinear with zeros outside and corners aligned, as the operator is defined since opset 16.

    The corners of the grid, -1 and 1, are the middles of the first and the last pixel.
    """

    op_domain = ""

    def _run(self, image: Floats, grid: Floats, **attributes: object) -> tuple[Floats]:
        known = {"mode": "bilinear", "padding_mode": "zeros", "align_corners": 1}
        if attributes != known:
            raise NotImplementedError(f"GridSample with {attributes}")
        return (bilinear(image, grid),)


def bilinear(image: Floats, grid: Floats) -> Floats:
    """``float32[N, C, H, W]`` sampled where ``float32[N, h, w, 2]``, x before y, says."""
    size = np.array(image.shape[:1:-1], np.float32)
    place = (grid + 1) / 2 * (size - 1) + 1  # in an image with a frame of zeros around it
    framed = np.pad(image, ((0, 0), (0, 0), (1, 1), (1, 1)))
    # what is further out than the frame is as empty as the frame
    place = place.clip(0, size + 1)
    first = np.minimum(np.floor(place), size).astype(np.intp)
    (x, y), (right, down) = np.moveaxis(first, -1, 0), np.moveaxis(place - first, -1, 0)
    which = np.arange(len(image))[:, None, None]
    sampled = sum(
        framed[which, :, y + dy, x + dx] * (share_y * share_x)[..., None]
        for dy, share_y in enumerate((1 - down, down))
        for dx, share_x in enumerate((1 - right, right))
    )
    return np.asarray(np.moveaxis(sampled, -1, 1), np.float32)


def reference(model: onnx.ModelProto) -> ReferenceEvaluator:
    """The evaluator of a model."""
    return ReferenceEvaluator(model, new_ops=[GridSample])
