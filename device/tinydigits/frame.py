"""One picture from a camera or a file: its brightness, when it was taken, where it came from."""

from __future__ import annotations

import time
import warnings
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO, Final

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps

from tinydigits.errors import PictureError

Luma = npt.NDArray[np.uint8]

MIN_SIDE: Final = 8
"""A picture with a shorter side has no room for a digit."""

MAX_PIXELS: Final = 64_000_000
"""The largest sensors sold for the Raspberry Pi have 64 million; more is a mistake or an attack."""

JPEG_FORMATS: Final = frozenset({"JPEG", "MPO"})
"""What Pillow calls a JPEG; one that has another picture behind it, as a preview is, is an MPO."""

MAX_SCANS: Final = 100
"""Of a JPEG, its previews' with it: each goes over the whole picture, in as few as 26 bytes.
Progressive ones have ten; libtiff takes as many as this of a JPEG inside a TIFF."""

_SCAN: Final = b"\xff\xda\x00"
"""What a scan begins with: its marker, and the higher byte of the length of its header, which is at
most 14. Nothing else in the data of a JPEG looks like the marker (ITU-T T.81, B.1.1.5)."""

_PART: Final = 65_536
"""Bytes of a file that are looked at together."""


class Frame(msgspec.Struct, frozen=True):
    """The brightness of one picture.

    ``luma`` is ``uint8[H, W]``, 0 black to 255 white, and is only ever read. ``monotonic`` and
    ``wall`` are when it was taken, in seconds on the monotonic and the Unix clock; of a picture
    that lies somewhere, when it was opened.
    """

    luma: Luma
    source: str
    sequence: int = 0
    monotonic: float = msgspec.field(default_factory=time.monotonic)
    wall: float = msgspec.field(default_factory=time.time)

    @classmethod
    def from_file(cls, path: Path, sequence: int = 0) -> Frame:
        """Read a picture of any format and mode that Pillow knows, upright as its EXIF says.

        :raises PictureError: where the file is no picture, is cut off, or has no usable size.
        """
        try:
            # as a file: given its path, Pillow 13 maps a TIFF into memory and mixes up its sides
            # where it was taken on edge
            with path.open("rb") as file:
                return cls._decoded(file, str(path), sequence)
        except PictureError:
            raise
        except FileNotFoundError as error:
            raise PictureError(f"{path}: there is no such file") from error
        except OSError as error:
            raise PictureError(f"{path}: {_why(error)}") from error
        except ValueError as error:  # a name with a NUL
            raise PictureError(f"{path}: it can't be read ({error})") from error

    @classmethod
    def from_bytes(cls, content: bytes, source: str, sequence: int = 0) -> Frame:
        """Read a picture of any format that is in memory; ``source`` is where it came from.

        :raises PictureError: as :meth:`from_file`.
        """
        return cls._decoded(BytesIO(content), source, sequence)

    @classmethod
    def _decoded(cls, file: BinaryIO, source: str, sequence: int) -> Frame:
        taken = time.monotonic(), time.time()  # decoding may take a second
        try:
            with _opened(file) as image:
                _check_size(image)
                _check_scans(image)
                image.draft("L", image.size)  # JPEG then decodes its luma plane only
                luma = _luma(ImageOps.exif_transpose(image))
        except PictureError as error:
            raise PictureError(f"{source}: {error}") from error
        except OSError as error:
            raise PictureError(f"{source}: {_why(error)}") from error
        except Exception as error:  # damaged files make Pillow's decoders raise almost anything
            raise PictureError(f"{source}: the picture is damaged ({error})") from error
        return cls(luma, source, sequence, *taken)


def _opened(file: BinaryIO) -> ImageFile.ImageFile:
    # Pillow warns of sizes that are refused here anyway
    with warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning):
        try:
            return Image.open(file)
        except Image.DecompressionBombError as error:
            raise PictureError(
                f"the picture has far more than {MAX_PIXELS // 10**6} million pixels: "
                "scale it down first"
            ) from error


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if min(width, height) < MIN_SIDE:
        raise PictureError(
            f"the picture is {width}x{height} pixels: no side may be under {MIN_SIDE}"
        )
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"the picture is {width}x{height} pixels, more than {MAX_PIXELS // 10**6} million: "
            "scale it down first"
        )


def _check_scans(image: ImageFile.ImageFile) -> None:
    if image.format not in JPEG_FORMATS or image.fp is None:
        return
    scans = _scans(image.fp)
    if scans > MAX_SCANS:
        raise PictureError(
            f"the picture has {scans:,} scans, more than {MAX_SCANS}: "
            "save it as a JPEG that isn't progressive first"
        )


def _scans(file: IO[bytes]) -> int:
    """How many scans a file has, without decoding any; it is left where it was."""
    place = file.tell()
    file.seek(0)
    count, rest = 0, b""
    while part := file.read(_PART):
        joined = rest + part
        count += joined.count(_SCAN)
        rest = joined[1 - len(_SCAN) :]
    file.seek(place)
    return count


def _luma(image: Image.Image) -> Luma:
    if image.mode.startswith("I;16"):
        return _from_16_bits(np.asarray(image))
    if image.mode == "LAB":
        return np.asarray(image.getchannel("L"))
    if image.mode in {"I", "F"}:
        return _stretched(np.asarray(image, np.float64))
    if "A" in image.getbands() or "transparency" in image.info:
        return _on_opposite(image.convert("LA"))
    return np.asarray(image.convert("L"))


def _from_16_bits(values: npt.NDArray[np.integer]) -> Luma:
    """The eight bits that matter: sensors write 10 or 12 bits into 16."""
    return np.asarray(values >> max(0, int(values.max()).bit_length() - 8), np.uint8)


def _stretched(values: npt.NDArray[np.float64]) -> Luma:
    """Values of unknown range, brought to 0..255."""
    finite = np.where(np.isfinite(values), values, 0)
    if finite.min() >= 0 and 255 < finite.max() <= 65535:
        return _from_16_bits(finite.astype(np.int64))  # old Pillows open 16-bit greys so
    span = float(np.ptp(finite)) or 1.0
    return np.asarray((finite - finite.min()) / span * 255, np.uint8)


def _on_opposite(image: Image.Image) -> Luma:
    """A transparent picture before the background that its visible part stands out from."""
    luma, alpha = (np.asarray(band, np.uint16) for band in image.split())
    weight = int(alpha.sum(dtype=np.int64))
    mean = int((luma * alpha.astype(np.int64)).sum()) / weight if weight else 0
    backdrop = 0 if mean > 127 else 255
    return np.asarray((luma * alpha + backdrop * (255 - alpha)) // 255, np.uint8)


def _why(error: OSError) -> str:
    if error.strerror:
        return f"it can't be read ({error.strerror})"
    if "cannot identify" in str(error):
        return "it is not a picture of a format this program knows"
    return f"the picture is damaged or cut off ({error})"
