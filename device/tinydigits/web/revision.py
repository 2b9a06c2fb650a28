"""Which regions a client has seen, so that it overwrites no others: entity tags (RFC 9110, 13.1.1).

All of it is for the worker, which does one thing after another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tinydigits.config import Config
from tinydigits.digest import sha256_hex
from tinydigits.web.refusal import Refusal

IF_MATCH: Final = "If-Match"

_LETTERS: Final = 16
"""Of a digest: 64 bits, far more than files that one device ever has."""

_ANY: Final = "*"


class Revisions:
    """The tags of the regions that are shown: each is that of the file that they were read from."""

    def __init__(self) -> None:
        self._shown: tuple[Config, str] | None = None

    def shown(self, config: Config, path: Path | None) -> str:
        """The tag of what a configuration has.

        It stays the same as long as that is at work, whatever the file has become since: who sees
        old regions must not be taken for one who has seen the new.
        """
        if self._shown is None or self._shown[0] is not config:
            self._shown = config, file_tag(path)
        return self._shown[1]


def file_tag(path: Path | None) -> str:
    """The tag of what a file holds; of no file, the same as of an empty one."""
    try:
        content = path.read_bytes() if path else b""
    except OSError:
        content = b""
    return f'"{sha256_hex(content)[:_LETTERS]}"'


def check_match(wanted: str | None, tag: str) -> None:
    """Refuse to overwrite what isn't what the client has seen.

    :param wanted: the header ``If-Match``, where there is one.
    """
    if wanted is None:
        return
    known = {part.strip() for part in wanted.split(",")}
    if not known & {tag, _ANY}:
        raise Refusal(412, "somebody else has written regions since: load them again first")
