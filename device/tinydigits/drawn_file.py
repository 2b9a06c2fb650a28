"""The file that regions drawn in the page are written to, and the picture of the patch beside it.

The configuration names it in ``web.regions``, and reads it after everything else.
"""

from __future__ import annotations

import io
import os
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from msgspec.structs import asdict, replace
from PIL import Image

from tinydigits.config import Config, RegionConfig
from tinydigits.digest import sha256_hex
from tinydigits.drawn import Drawing, DrawnReference, DrawnRegion, config_block
from tinydigits.drift import Reference
from tinydigits.errors import ConfigError
from tinydigits.files import atomic_write, remove_left_over
from tinydigits.frame import Luma
from tinydigits.propose import cut_out

HEAD: Final = """\
# Written by the page of tinydigits, which writes it anew: comments of yours would be lost. The
# judge and the sensor of a region may stand here, or under its name in the main configuration.

"""

_OWN_KEYS: Final = frozenset(field.name for field in msgspec.structs.fields(DrawnRegion))

_DIGEST: Final = 8
"""Letters of a patch's digest in its name: another patch is another file, so that the file with the
regions and the picture that it names fit whenever the power fails."""


def with_drawing(config: Config, drawing: Drawing) -> Config:
    """The configuration with these regions in place of its own, and no reference.

    A region has the judge and the sensor that the one of its name has.

    :raises ConfigError: where they don't fit together.
    """
    known = {region.name: region for region in config.region}
    try:
        regions = tuple(
            RegionConfig(
                **asdict(region),
                judge=known[region.name].judge if region.name in known else config.judge,
                sensor=known[region.name].sensor if region.name in known else config.sensor,
            )
            for region in drawing.regions
        )
        reference = replace(config.reference, picture="")
        # made, not replaced: msgspec before 0.19 looks only then whether all fits together
        return Config(**{**asdict(config), "region": regions, "reference": reference})
    except ValueError as error:
        raise ConfigError(str(error)) from error


def drawn_patch(luma: Luma, reference: DrawnReference) -> Luma:
    """The reference patch as it is in a frame.

    :raises ConfigError: where the frame doesn't hold it, or nothing in it stands out.
    """
    patch = np.ascontiguousarray(cut_out(luma, reference.box))
    Reference(patch, reference.box)
    return patch


def write_drawing(path: Path, drawing: Drawing, luma: Luma) -> None:
    """Write it, whole or not at all; the patch is cut out of the frame that was drawn into.

    What the file said of a region beside that, its judge for example, it goes on saying.

    :raises ConfigError: where the patch can't be one.
    :raises OutputError: where it can't be written.
    """
    remove_left_over(path)
    patch = _write_patch(path, drawing.reference, luma) if drawing.reference else None
    box = drawing.reference.box if drawing.reference else None
    block = config_block(
        drawing.regions, box, str(patch.resolve()) if patch else "", others=_others(path)
    )
    empty = "region = []\n" if not drawing.regions else ""
    unfollowed = '\n[reference]\npicture = ""\n' if not patch else ""
    atomic_write(path, (HEAD + empty + block + unfollowed).encode())
    for old in path.parent.glob(f"{_stem(path)}-{'[0-9a-f]' * _DIGEST}.png"):
        if old != patch:
            with suppress(OSError):  # one file too many does no harm
                old.unlink()


def _write_patch(path: Path, reference: DrawnReference, luma: Luma) -> Path:
    content = io.BytesIO()
    Image.fromarray(drawn_patch(luma, reference)).save(content, "PNG")
    digest = sha256_hex(content.getvalue())[:_DIGEST]
    place = path.with_name(f"{path.stem}-{digest}.png")
    atomic_write(place, content.getvalue())
    return place


def _stem(path: Path) -> str:
    """As a pattern that matches nothing else."""
    import glob  # noqa: PLC0415  only who writes regions

    return glob.escape(path.stem)


def _others(path: Path) -> dict[str, dict[str, Any]]:
    """What a file says of its regions that isn't drawn, by their names."""
    try:
        regions = tomllib.loads(path.read_text("utf-8")).get("region", [])
        return {
            region["name"]: {k: v for k, v in region.items() if k not in _OWN_KEYS}
            for region in regions
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}  # there was none, or none of use


def why_not_writable(path: Path | None) -> str:
    """Why regions can't be written, in words; empty where they can."""
    if path is None:
        return "the configuration names no file for them: set web.regions"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"{path.parent} can't be written by the service"
    return ""
