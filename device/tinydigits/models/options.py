"""What the command ``tinydigits model`` can be told."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tinydigits.config import SYSTEM_FILE


def add_model(commands: Any, epilog: str) -> None:
    """Add ``model`` and what can be done with models to the commands."""
    parser = commands.add_parser(
        "model",
        help="install another model on this device, or go back to the one before it",
        description="Models on this device: which one reads, and another in its place. A new one "
        "is tried apart before it is installed, then it is on trial: where too few of its readings "
        "are accepted, the one before it returns.",
        epilog=epilog,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    install = _add(
        actions,
        "install",
        "try a model file, and let it read",
        "Check a model file, try it in a process of its own, and let it read from now on, on "
        "trial; a running daemon is told. Where the configuration has model.signers, FILE.sig must "
        "be a signature by one of them, as ssh-keygen -Y sign -n tinydigits-model makes it.",
        epilog,
    )
    install.add_argument(
        "file", type=Path, metavar="FILE", help="a model, as tinydigits-train fits"
    )
    install.add_argument("--sha256", metavar="HEX", help="refuse any other file than this one")
    show = _add(
        actions,
        "show",
        "tell which model reads, and whether it stays",
        "Tell which model reads, how good it is, whether it is on trial, which one was there "
        "before it, and why one was taken back.",
        epilog,
    )
    listed = _add(
        actions,
        "list",
        "list the models that are there",
        "List the models that are there: the one that reads first, the one that ships last.",
        epilog,
    )
    for action in (show, listed):
        action.add_argument("--json", action="store_true", help="print it as JSON")
    _add(
        actions,
        "rollback",
        "go back to the model before the one that reads",
        "Take back the model that reads: the one before it reads, or the one that ships. A running "
        "daemon is told.",
        epilog,
    )


def _add(
    actions: Any, name: str, summary: str, description: str, epilog: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=summary, description=description, epilog=epilog
    )
    parser.add_argument(
        "--store",
        type=Path,
        metavar="FOLDER",
        help="where models are; default: as configured, or where systemd says, or the service's",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"configuration in TOML; default: {SYSTEM_FILE}, where there is one",
    )
    return parser
