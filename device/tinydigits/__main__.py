"""The entry point: quick to start, so that a Ctrl-C is answered even while libraries load."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> int:
    """Run the command ``tinydigits``; returns its exit code."""
    try:
        from tinydigits.cli import main as run  # noqa: PLC0415  takes most of the start-up time

        return run(args)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
