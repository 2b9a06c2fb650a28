"""HTML and SVG, written so that no text can become markup."""

from __future__ import annotations

from html import escape
from typing import Final

_EMPTY: Final = frozenset({"meta", "line", "rect", "circle", "path"})
"""Elements that never have content here; in SVG they are closed at once."""

_RESERVED: Final = {"class_": "class", "for_": "for"}


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Part = str | None
"""Of an element's content: text, which is escaped, markup, which isn't, or nothing."""


def tag(name: str, /, *content: Part, **attributes: str | float | None) -> Html:
    """An element; underscores in the names of attributes are hyphens, ``None`` leaves one out."""
    written = "".join(
        f' {_RESERVED.get(key, key.replace("_", "-"))}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Html(f"<{name}{written}{'' if name == 'meta' else '/'}>")
    return Html(f"<{name}{written}>{joined(*content)}</{name}>")


def joined(*content: Part) -> Html:
    """Markup after markup."""
    return Html("".join(part if isinstance(part, Html) else escape(part or "") for part in content))


def _text(value: str | float) -> str:
    """Coordinates need no more than a hundredth of a pixel."""
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
