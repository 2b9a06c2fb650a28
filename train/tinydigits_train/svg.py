"""Figures as SVG inside a page: text stays text, and the colours are the page's own."""

from __future__ import annotations

import re
from html import escape
from io import StringIO
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.figure import Figure

from tinydigits.style import palette

PALETTE: Final = palette()
"""What figures are drawn in, good to look at by itself. In a page each colour becomes the CSS
variable of its name, which has another value where the page is dark."""

STYLE: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib; in a page the text takes the page's font
    "font.size": 12.5,
    "text.color": PALETTE["text"],
    "text.parse_math": False,  # a dollar in the name of a file is a dollar
    "axes.edgecolor": PALETTE["muted"],
    "axes.spines.left": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 1.0,
    "legend.frameon": False,
}

_NOTHING: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))
"""No metadata: the same report gives the same page."""


def inline_svg(figure: Figure, name: str) -> str:
    """A figure as an ``<svg>`` element; its label says what it shows to those who can't see it.

    :param name: another one for each figure of a page, to tell their ids apart.
    """
    drawn = StringIO()
    with rc_context({**STYLE, "svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(drawn, format="svg", transparent=True, metadata=_NOTHING)
    _, _, body = drawn.getvalue().partition("</defs>")  # these hold a style for all of the page
    body = re.sub(r"<g id=\"[^\"]*\"", "<g", body)  # the same names in every figure
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)  # every text once more
    body = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", body)
    body = re.sub(r"font-family: [^;\"]*;?\s*", "", body)
    body = re.sub(r"\s*\n\s*", " ", body)
    for variable, colour in PALETTE.items():
        body = body.replace(colour, f"var(--{variable})")
    width, height = (round(inches * 72) for inches in figure.get_size_inches())
    title = escape(str(figure.get_label()))
    return (
        f'<svg role="img" aria-labelledby="{name}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink"><title id="{name}">{title}</title>{body}'
    )
