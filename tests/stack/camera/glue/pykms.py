"""What Picamera2 imports of kms++, which only its previews on a screen use."""

from __future__ import annotations


class _Names(type):
    """A class of which every attribute is its own name."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class PixelFormat(metaclass=_Names):
    """Formats of pixels."""


class PlaneType(metaclass=_Names):
    """Types of planes."""
