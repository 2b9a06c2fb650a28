"""Regions as people draw them, and how a configuration says them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

from tinydigits.config import MAX_DIGITS
from tinydigits.errors import UsageError
from tinydigits.files import printable
from tinydigits.region import Box

MOST_REGIONS: Final = 100
"""More are no person's work, and would take minutes to read."""

_NAME: Final = r"^[^\x00-\x1f\x7f]{1,100}$(?!\n)"
"""A name becomes a topic, a label, a part of lines in logs: a line of a hundred letters at most."""

MAX_SIDE: Final = 65535
"""Pixels: more than any frame has, and few enough to reckon with."""

_Coordinate = Annotated[float, msgspec.Meta(ge=-MAX_SIDE, le=MAX_SIDE)]
_Pixel = Annotated[int, msgspec.Meta(ge=0, le=MAX_SIDE)]


class DrawnRegion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A region, as ``[[region]]`` of ``default.toml``, without what is for judges and outputs."""

    name: Annotated[str, msgspec.Meta(pattern=_NAME)]
    corners: tuple[tuple[_Coordinate, _Coordinate], ...]
    digits: Annotated[int, msgspec.Meta(ge=0, le=MAX_DIGITS)] = 0
    polarity: Literal["auto", "dark", "light"] = "auto"
    cells: bool = False


class DrawnReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of the frame tells whether the camera was bumped, in pixels."""

    left: _Pixel
    top: _Pixel
    width: _Pixel
    height: _Pixel

    @property
    def box(self) -> Box:
        """The same as other modules have it."""
        return self.left, self.top, self.width, self.height


class Drawing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is drawn into a frame."""

    regions: Annotated[tuple[DrawnRegion, ...], msgspec.Meta(max_length=MOST_REGIONS)]
    reference: DrawnReference | None = None


def config_block(
    regions: Sequence[DrawnRegion],
    patch: Box | None,
    patch_name: str,
    texts: Mapping[str, str] | None = None,
    others: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """The regions as TOML, for the configuration.

    :param texts: what each region was seen to show, by its name.
    :param others: what else is to be said of a region, by its name.
    :raises UsageError: where something has a name that TOML can't hold.
    """
    blocks = [
        _block("[[region]]", {**_table(region), **(others or {}).get(region.name, {})})
        + (f"# it read {texts[region.name]}\n" if texts else "")
        for region in regions
    ]
    if patch:
        left, top, _, _ = patch
        blocks.append(_block("[reference]", {"picture": patch_name, "left": left, "top": top}))
    return "\n".join(blocks)


def _table(region: DrawnRegion) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(region),
        "corners": [list(corner) for corner in region.corners],
    }


def _block(head: str, table: Mapping[str, Any]) -> str:
    return "".join(
        [
            f"{head}\n",
            *(f"{_toml_key(key)} = {toml_value(value)}\n" for key, value in table.items()),
        ]
    )


def toml_value(value: object) -> str:
    """A value as TOML has it, for the kinds that a configuration has.

    :raises UsageError: where it is a text that is no UTF-8, as every TOML file is.
    """
    if isinstance(value, str):
        return toml_string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        pairs = (f"{_toml_key(key)} = {toml_value(entry)}" for key, entry in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return repr(value)  # numbers, inf and nan among them, are written as in Python


def _toml_key(key: str) -> str:
    return key if key.isascii() and key.isidentifier() else toml_string(key)


def toml_string(text: str) -> str:
    """A text in quotes as TOML reads it.

    JSON's way of writing a text is TOML's, but that TOML wants DEL escaped too.

    :raises UsageError: where it is a name that is no UTF-8, as every TOML file is.
    """
    try:
        return msgspec.json.encode(text).decode().replace("\x7f", r"\u007f")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{printable(text)}: its name is not UTF-8, and so no configuration can have it"
        ) from error
