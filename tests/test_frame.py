"""Any picture becomes brightness, upright; what is no picture is refused in one line."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from struct import pack
from types import SimpleNamespace
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from examples import costly
from tinydigits import frame
from tinydigits.errors import PictureError
from tinydigits.frame import MAX_PIXELS, MAX_SCANS, Frame

BAR = np.full((24, 32), 255, np.uint8)
BAR[4:20, 8:14] = 0
"""A black bar on white."""

INK, PAPER = BAR == 0, BAR == 255


def saved(image: Image.Image, name: str = "PNG", **options: object) -> bytes:
    """The file that Pillow makes of a picture."""
    content = io.BytesIO()
    image.save(content, name, **options)
    return content.getvalue()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the picture under test lies; its suffix says nothing of its format."""
    return tmp_path_factory.mktemp("frame") / "picture.bin"


def read(path: Path, content: bytes) -> npt.NDArray[np.uint8]:
    """The luma of a file of this content."""
    path.write_bytes(content)
    luma = Frame.from_file(path).luma
    assert luma.dtype == np.uint8
    assert luma.ndim == 2
    return luma


def refusal(path: Path) -> str:
    """Why a file is refused: one line that begins with its name."""
    with pytest.raises(PictureError) as raised:
        Frame.from_file(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def with_alpha(ink: int, *, mode: str = "RGBA") -> Image.Image:
    """The bar in one colour, opaque, on transparent pixels of the same colour."""
    layers = Image.fromarray(np.full_like(BAR, ink)), Image.fromarray(255 - BAR)
    return Image.merge("LA", layers).convert(mode)


def palette_index() -> Image.Image:
    """A palette of black, white and grey, in which white is the second."""
    image = Image.fromarray(np.asarray(BAR // 255)).convert("P")
    image.putpalette([0, 0, 0, 255, 255, 255, 90, 90, 90])
    return image


def deep(values: npt.NDArray[np.generic]) -> Image.Image:
    """A picture of more than eight bits."""
    return Image.fromarray(values)


GREY = Image.fromarray(BAR)
PICTURES: dict[str, bytes] = {
    "1": saved(GREY.convert("1")),
    "L": saved(GREY),
    "LA": saved(GREY.convert("LA")),
    "P": saved(palette_index()),
    "RGB": saved(GREY.convert("RGB")),
    "RGBA": saved(GREY.convert("RGBA")),
    "I;16": saved(deep(BAR.astype(np.uint16) * 257)),
    "I;16 TIFF, big-endian": saved(deep(BAR.astype(">u2") * 257), "TIFF"),
    "I of 16 bits": saved(deep(BAR.astype(np.int32) * 257), "TIFF"),
    "I of 32 bits": saved(deep(BAR.astype(np.int32) * 8_000_000 - 900_000_000), "TIFF"),
    "F": saved(deep(BAR.astype(np.float32) * 0.003 - 0.1), "TIFF"),
    "JPEG, grey": saved(GREY, "JPEG", quality=98),
    "JPEG, YCbCr": saved(GREY.convert("RGB"), "JPEG", quality=98),
    "JPEG, CMYK": saved(GREY.convert("RGB").convert("CMYK"), "JPEG", quality=98),
    "TIFF, CMYK": saved(GREY.convert("RGB").convert("CMYK"), "TIFF"),
    "GIF": saved(GREY, "GIF"),
    "BMP": saved(GREY, "BMP"),
    "WebP": saved(GREY.convert("RGB"), "WEBP", lossless=True),
}


@pytest.mark.parametrize("name", PICTURES)
def test_modes(name: str, path: Path) -> None:
    """Black on white is black on white in every mode and format, from 1 bit to 32."""
    luma = read(path, PICTURES[name])
    assert luma.shape == BAR.shape
    assert np.abs(luma.astype(int) - BAR).max() <= (20 if name.startswith("JPEG") else 1)


RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(("name", "kind"), [("PNG", "u2"), ("TIFF", ">u2"), ("TIFF", "i4")])
def test_greys(name: str, kind: str, path: Path) -> None:
    """Of sixteen bits the upper eight are kept."""
    assert np.array_equal(read(path, saved(deep(RAMP.astype(kind) * 257), name)), RAMP)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("ink", [0, 60, 200, 255])
def test_transparent(mode: str, ink: int, path: Path) -> None:
    """Opaque ink on transparent paper keeps its brightness and stands out, black or white."""
    luma = read(path, saved(with_alpha(ink, mode=mode)))
    assert set(luma[INK].tolist()) == {ink}
    assert np.abs(luma[PAPER].astype(int) - ink).min() >= 128


@pytest.mark.parametrize("transparency", [1, bytes([255, 0]), bytes([200, 10])])
def test_transparent_palette(transparency: int | bytes, path: Path) -> None:
    """So does ink of a palette in which the paper's entry is transparent, or nearly."""
    luma = read(path, saved(palette_index(), transparency=transparency)).astype(int)
    assert luma[PAPER].min() - luma[INK].max() > 150


@pytest.mark.parametrize(
    ("image", "transparency"), [(GREY, 255), (GREY.convert("RGB"), (255, 255, 255))]
)
def test_transparent_colour(image: Image.Image, transparency: object, path: Path) -> None:
    """So does ink on a colour that the file declares transparent."""
    assert np.array_equal(read(path, saved(image, transparency=transparency)), BAR)


@pytest.mark.parametrize("ink", [0, 255])
def test_all_transparent(ink: int, path: Path) -> None:
    """A picture without a visible pixel is of one brightness."""
    image = Image.fromarray(np.full((20, 20), ink, np.uint8)).convert("RGBA")
    image.putalpha(0)
    assert np.ptp(read(path, saved(image))) == 0


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
@costly(0.25)
def test_brightness(path: Path, red: int, green: int, blue: int) -> None:
    """A colour's brightness is that of ITU-R 601, which cameras use."""
    luma = read(path, saved(Image.new("RGB", (9, 9), (red, green, blue)), "BMP"))
    assert abs(int(luma[4, 4]) - (0.299 * red + 0.587 * green + 0.114 * blue)) <= 1


@pytest.mark.parametrize("odd", [[np.nan], [np.inf, -np.inf], [np.inf, 3e38], [-3e38, 3e38]])
def test_odd_numbers(odd: list[float], path: Path) -> None:
    """What is no finite number counts as zero, and the range of the others may be any."""
    values = np.zeros((20, 20), np.float32)
    values[2, : len(odd)] = odd
    values[10:15] = 1
    luma = read(path, saved(deep(values), "TIFF"))
    assert luma[0, 0] <= luma[12, 12]
    if not np.isfinite(values).any(where=values > 1):
        assert np.array_equal(luma[5:], np.where(values[5:] > 0, 255, 0))


Turn = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]
STORED: dict[int, Turn] = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).T,
    8: lambda upright: np.rot90(upright, -1),
}
"""How the upright picture lies in a file of each orientation, as the EXIF standard defines them."""


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("name", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_upright(orientation: int, name: str, path: Path) -> None:
    """A picture is read the way its EXIF says it was held."""
    stored = np.ascontiguousarray(STORED[orientation](BAR))
    exif = Image.Exif()
    exif[0x0112] = orientation
    luma = read(path, saved(Image.fromarray(stored), name, exif=exif, quality=98))
    assert luma.shape == BAR.shape
    assert np.abs(luma.astype(int) - BAR).max() < 40


def test_where_from(path: Path) -> None:
    """A frame knows its file, its number and when it was read; the luma is the file's."""
    path.write_bytes(PICTURES["L"])
    before = time.monotonic()
    first, second = (Frame.from_file(path, sequence) for sequence in (0, 7))
    assert (first.source, first.sequence, second.sequence) == (str(path), 0, 7)
    assert before <= first.monotonic <= second.monotonic <= time.monotonic()
    assert abs(first.wall - path.stat().st_mtime) < 3600
    assert np.array_equal(first.luma, BAR)


def test_taken_before_it_is_decoded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a frame is when its file was opened, however long decoding takes."""
    path.write_bytes(PICTURES["L"])
    now, opened = [5.0], Image.open

    def slowly(file: BinaryIO) -> Image.Image:
        now[0] += 1
        return opened(file)

    monkeypatch.setattr(Image, "open", slowly)
    clock = SimpleNamespace(monotonic=lambda: now[0], time=lambda: 100 + now[0])
    monkeypatch.setattr(frame, "time", clock)
    taken = Frame.from_file(path)
    assert (taken.monotonic, taken.wall) == (5.0, 105.0)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels of one bit and then ends."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return pack(">I", len(content)) + kind + content + pack(">I", checksum)

    header = pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")


def test_from_memory() -> None:
    """A picture in memory is the same as in a file, and says where it came from."""
    frame = Frame.from_bytes(saved(Image.fromarray(BAR)), "somewhere", 7)
    assert (frame.luma == BAR).all()
    assert (frame.source, frame.sequence) == ("somewhere", 7)
    with pytest.raises(PictureError, match=r"^somewhere: it is not a picture of a format"):
        Frame.from_bytes(b"This is no picture.", "somewhere")


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((1, 1), "1x1 pixels: no side may be under 8"),
        ((7, 5000), "7x5000 pixels: no side may be under 8"),
        ((8000, 8001), "8000x8001 pixels, more than 64 million: scale it down first"),
        ((10_000, 10_000), "10000x10000 pixels, more than 64 million: scale it down first"),
        ((20_000, 20_000), "far more than 64 million pixels: scale it down first"),
        ((2**31 - 1, 2**31 - 1), "far more than 64 million pixels: scale it down first"),
    ],
)
def test_size(size: tuple[int, int], message: str, path: Path) -> None:
    """A picture too small or too large is refused by its header, before a pixel is decoded."""
    path.write_bytes(png_header(*size))
    assert message in refusal(path)


def test_smallest_and_largest(path: Path) -> None:
    """The sizes that are just allowed are read."""
    assert read(path, saved(Image.new("L", (8, 8), 77))).tolist() == [[77] * 8] * 8
    width = MAX_PIXELS // 8000
    assert read(path, saved(Image.new("1", (width, 8000)))).shape == (8000, width)


def test_preview(path: Path) -> None:
    """Of a photograph with a preview behind it the photograph is read, upright as its EXIF says."""
    exif = Image.Exif()
    exif[0x0112] = 6
    lying, preview = GREY.transpose(Image.Transpose.ROTATE_90), Image.new("L", (16, 12), 128)
    content = saved(lying, "MPO", save_all=True, append_images=[preview], exif=exif, quality=95)
    luma = read(path, content).astype(int)
    assert luma.shape == BAR.shape
    assert np.abs(luma - BAR).mean() < 3


def with_scans(count: int) -> bytes:
    """A progressive JPEG that has its last scan so often that there are so many in all."""
    content = saved(Image.new("L", (400, 300), 128), "JPEG", progressive=True)
    last, end = content.rindex(b"\xff\xda"), content.rindex(b"\xff\xd9")
    more = count - content.count(b"\xff\xda")
    return content[:end] + content[last:end] * more + content[end:]


def test_scans(path: Path) -> None:
    """A small JPEG that takes an hour, scan after scan, is refused before the first is decoded."""
    assert read(path, with_scans(MAX_SCANS)).shape == (300, 400)
    path.write_bytes(with_scans(MAX_SCANS + 1))
    assert "the picture has 101 scans, more than 100" in refusal(path)
    with pytest.raises(PictureError, match="300,000 scans"):
        Frame.from_bytes(with_scans(300_000), "somewhere")


@pytest.mark.parametrize("content", [b"", b"Hello!\n" * 50, bytes(5000), b"\x7fELF" + bytes(99)])
def test_no_picture(content: bytes, path: Path) -> None:
    """A file of nothing or of something else is called what it is."""
    path.write_bytes(content)
    assert refusal(path).endswith("it is not a picture of a format this program knows")


def large(name: str) -> bytes:
    """A picture with so much content that its file can be cut off in many places."""
    rough = np.random.default_rng(1).integers(0, 256, (60, 80), np.uint8)
    return saved(Image.fromarray(rough), name)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("share", [0.002, 0.05, 0.2, 0.5, 0.8, 0.98])
def test_cut_off(name: str, share: float, path: Path) -> None:
    """A picture whose file ends early is refused, wherever it ends, and never read in part."""
    content = large(name)
    path.write_bytes(content[: max(1, int(share * len(content)))])
    refusal(path)


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is missing, a folder, or forbidden is refused with the reason."""
    assert "there is no such file" in refusal(tmp_path / "missing.png")
    assert "Is a directory" in refusal(tmp_path)

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert "it can't be read (Permission denied)" in refusal(tmp_path / "secret.png")


def test_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that the machine has no memory for is refused like any other."""

    def no_memory(*_: object) -> None:
        raise MemoryError

    path.write_bytes(PICTURES["RGB"])
    monkeypatch.setattr(Image.Image, "convert", no_memory)
    refusal(path)


def test_strange_exif(path: Path) -> None:
    """An orientation that the standard doesn't know leaves the picture as it lies."""
    exif = TiffImagePlugin.ImageFileDirectory_v2()
    exif[0x0112] = 9
    assert np.array_equal(read(path, saved(GREY, "TIFF", tiffinfo=exif)), BAR)


def read_or_refused(path: Path, content: bytes) -> None:
    """The answer is a picture or a one-line refusal."""
    try:
        luma = read(path, content)
    except PictureError:
        refusal(path)
    else:
        assert min(luma.shape) >= 8


MAGIC = st.sampled_from(
    [b"", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"\xff\xd8\xff", b"P5 9 9 255\n"]
)


@given(MAGIC, st.binary(max_size=300))
def test_any_bytes(path: Path, magic: bytes, content: bytes) -> None:
    """Whatever the bytes are, the answer is a frame or a PictureError."""
    read_or_refused(path, magic + content)


@pytest.mark.parametrize("name", ["L", "P", "I;16", "F", "JPEG, YCbCr", "GIF", "WebP"])
@given(data=st.data())
@costly(0.25)
def test_damaged(name: str, path: Path, data: st.DataObject) -> None:
    """So it is for a picture of which some bytes are wrong, missing or too many."""
    content = bytearray(PICTURES[name])
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    read_or_refused(path, bytes(content))


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("kind", [np.uint16, np.int32])
def test_bits_of_a_sensor(bits: int, kind: type[np.integer], path: Path) -> None:
    """Greys of more than eight bits use the whole range, however many a sensor has."""
    values = np.linspace(0, 2**bits - 1, 24 * 32).reshape(24, 32).astype(kind)
    luma = read(path, saved(Image.fromarray(values), "TIFF"))
    assert (int(luma.min()), int(luma.max())) == (0, 255)
    assert (np.diff(luma.ravel().astype(int)) >= 0).all()
