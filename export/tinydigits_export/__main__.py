"""The command ``tinydigits-export``: make a model file, or look at one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tinydigits import __version__
from tinydigits.command import Parser, indented_json, run_command

NAME = "tinydigits-export"


def main(args: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = _parser()
    options = parser.parse_args(args)
    if (options.folder is None) == (options.inspect is None):
        parser.error("give either FOLDER or --inspect FILE")
    if options.json and options.inspect is None:
        parser.error("--json goes with --inspect")
    if options.output is not None and options.folder is None:
        parser.error("--output goes with FOLDER")
    if options.int8 and options.folder is None:
        parser.error("--int8 goes with FOLDER")
    if options.inspect is not None:
        return run_command(NAME, lambda: _inspect(options.inspect, as_json=options.json))
    output = options.output or options.folder / "digits.onnx"
    return run_command(NAME, lambda: _export(options.folder, output, int8=options.int8))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog=NAME,
        description="Make a model file of what tinydigits-train fit wrote, verified on all its "
        "test glyphs, or show the card of a model file.",
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="what fit wrote")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="default: FOLDER/digits.onnx"
    )
    parser.add_argument(
        "--int8",
        action="store_true",
        help="store weights in a byte each, and say how many glyphs are read otherwise for it",
    )
    parser.add_argument("--inspect", type=Path, metavar="FILE", help="show a model file's card")
    parser.add_argument("--json", action="store_true", help="show it as JSON")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _export(folder: Path, output: Path, *, int8: bool) -> int:
    # these bring in scikit-learn: two seconds that --help and --inspect needn't wait for
    from tinydigits_export.export import export_model  # noqa: PLC0415  see above
    from tinydigits_export.fitted import Fitted  # noqa: PLC0415  see above

    fitted = Fitted.load(folder)
    if int8:
        fitted, changed = fitted.in_bytes()
        print(f"with a byte a weight, {changed} of {len(fitted.glyphs)} glyphs are read otherwise")
    verification, size = export_model(
        fitted.estimator, fitted.card, fitted.glyphs, output, fitted.form
    )
    print(f"{output}: {size} bytes, verified on {verification.n} glyphs")
    for name, agreement in (
        ("ONNX Runtime", verification.onnxruntime),
        ("reference", verification.reference),
    ):
        print(
            f"  {name}: {agreement.mismatches} labels differ, "
            f"probabilities by at most {agreement.difference:.1e}"
        )
    return 0


def _inspect(path: Path, *, as_json: bool) -> int:
    from tinydigits_export.card import read_card, render_card  # noqa: PLC0415  --help is quick

    card, content = read_card(path)
    if as_json:
        print(indented_json(card))
    else:
        print(render_card(card, len(content)), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
