"""Grey pictures as PNG, every pixel as it is."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, PngImagePlugin

from tinydigits.frame import Luma


def to_png(luma: Luma, text: PngImagePlugin.PngInfo | None = None) -> bytes:
    """The file of a picture ``uint8[H, W]``, and what it is to tell of it."""
    content = BytesIO()
    Image.fromarray(np.ascontiguousarray(luma)).save(content, "PNG", pnginfo=text)
    return content.getvalue()
