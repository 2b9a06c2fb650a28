"""The command ``tinydigits-train``: fit a model, measure one, or do the tutorial again."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tinydigits import __version__
from tinydigits.clock import StageClock
from tinydigits.command import Parser, indented_json, run_command
from tinydigits.errors import UsageError
from tinydigits.files import make_folder

if TYPE_CHECKING:
    from tinydigits_train.sources import Supplies

# Each subcommand imports what it needs by itself: scikit-learn alone takes two seconds, which
# --help and a mistyped option needn't wait for.

NAME: Final = "tinydigits-train"

_MAX_SEED: Final = 2**32 - 1  # NumPy's


def main(args: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(args)
    action: Callable[[argparse.Namespace], int] = options.action
    return run_command(NAME, lambda: action(options))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog=NAME, description="Train, measure and explain models that read digits.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_fit(commands)
    _add_evaluate(commands)
    _add_compare(commands)
    _add_sweep(commands)
    _add_draw(commands)
    _add_article(commands)
    return parser


def _add_fit(commands: Any) -> None:
    parser = commands.add_parser(
        "fit",
        help="train a model and write it, its card and its report to a folder",
        description="Train a model, measure it on glyphs it has not seen, verify the model file "
        "and write everything to a folder.",
    )
    _add_data(parser)
    _add_model(parser)
    parser.add_argument(
        "--int8",
        action="store_true",
        help="store what was learned in a byte a number",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="where to write"
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, help="of all that is drawn; default: %(default)s"
    )
    parser.set_defaults(action=_fit)


def _add_evaluate(commands: Any) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="measure a model file on a data set",
        description="Measure a model file on a data set, through the device's own classifier.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL.onnx")
    _add_data(parser)
    parser.add_argument(
        "--part",
        choices=["test", "all"],
        help="measure on the test part or on everything; default: the test part of mnist and of "
        "what the model was trained on, everything of other data",
    )
    parser.add_argument("--json", action="store_true", help="print the measures as JSON")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="write a report there, too"
    )
    parser.set_defaults(action=_evaluate)


def _add_compare(commands: Any) -> None:
    parser = commands.add_parser(
        "compare",
        help="put models side by side",
        description="Measure several models on the same test glyphs, clean and spoiled, and on "
        "photographs, beside two that anyone would try first: a small neural network and nearest "
        "neighbours.",
    )
    parser.add_argument(
        "models",
        type=Path,
        nargs="+",
        metavar="MODEL",
        help="what fit wrote, or a model file; the first is what the others are tested against",
    )
    _add_data(parser)
    parser.add_argument(
        "--photographs",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="labelled pictures to be read as 'tinydigits score' reads them",
    )
    parser.add_argument(
        "--no-references", action="store_true", help="leave the network and the neighbours out"
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="write it as JSON and as a page, too"
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, help="of all that is drawn; default: %(default)s"
    )
    parser.set_defaults(action=_compare)


def _add_sweep(commands: Any) -> None:
    parser = commands.add_parser(
        "sweep",
        help="train with one setting after another and see which reads best",
        description="Train a model with every combination of some settings, on all cores or on a "
        "Dask cluster, and say how well each reads the validation part. The test part stays "
        "unseen.",
    )
    _add_data(parser)
    _add_model(parser)
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=A,B,C",
        help="values of a setting to try; may be given again. Of linear: c, threshold, "
        "device_weight; of the others: plain and what augmentation has",
    )
    parser.add_argument(
        "--jobs", type=_count, metavar="N", help="processes at a time; default: one a core"
    )
    parser.add_argument(
        "--cluster", metavar="tcp://HOST:PORT", help="a Dask scheduler whose workers do it instead"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument(
        "--seed", type=_seed, default=0, help="of all that is drawn; default: %(default)s"
    )
    parser.set_defaults(action=_sweep)


def _add_draw(commands: Any) -> None:
    parser = commands.add_parser(
        "draw",
        help="draw a data set's digits into frames as a camera would see them",
        description="Draw the digits of a data set, enlarged, into frames with uneven light, "
        "noise, slight tilt and both polarities, and write them to a folder that 'tinydigits "
        "score' reads.",
    )
    _add_data(parser)
    parser.add_argument(
        "--part",
        choices=["test", "all"],
        default="test",
        help="the part that 'fit' with the same --seed leaves out, or everything; default: test",
    )
    parser.add_argument(
        "--digits", type=_count, default=1, metavar="N", help="of each number; default: %(default)s"
    )
    parser.add_argument("--count", type=_count, metavar="N", help="frames at most")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="where to write"
    )
    parser.add_argument("--seed", type=_seed, default=0, help="of it all; default: %(default)s")
    parser.set_defaults(action=_draw)


def _add_article(commands: Any) -> None:
    parser = commands.add_parser(
        "article",
        help="do the tutorial this began with again, and check what it says",
        description="Train the tutorial's classifier on pictures prepared in ten ways, hold each "
        "of its claims against what comes out, and write a report.",
    )
    parser.add_argument(
        "--data",
        required=True,
        choices=["mnist", "bundled"],
        help="mnist takes minutes; bundled, scikit-learn's small digits, seconds",
    )
    _add_data_dir(parser)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="where to write"
    )
    parser.set_defaults(action=_article)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        choices=["linear", "oriented", "pairs"],
        default="linear",
        help="default: %(default)s",
    )


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        required=True,
        metavar="DATA",
        help="mnist, bundled (scikit-learn's small digits), synthetic or synthetic:N (N glyphs of "
        "scenes that are made up), folder:PATH (labelled pictures: sub-folders 0 to 9, or a "
        "labels.csv with the columns file and label), or a mix, with weights if need be: "
        "mnist+synthetic*2",
    )
    _add_data_dir(parser)
    parser.add_argument(
        "--fonts",
        metavar="FOLDER",
        help="for synthetic: where fonts are, or none to do without; default: this machine's",
    )


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="FOLDER",
        help="where the four files of mnist are; default: $TINYDIGITS_DATA, else what "
        "scikit-learn fetches from OpenML",
    )


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_SEED:
        raise argparse.ArgumentTypeError(f"a seed is a whole number between 0 and {_MAX_SEED}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of 1 or more")
    return int(text)


def _fit(options: argparse.Namespace) -> int:
    from tinydigits_train.sources import load  # noqa: PLC0415  see the top
    from tinydigits_train.tables import fit_summary  # noqa: PLC0415  see the top
    from tinydigits_train.training import Wanted, train  # noqa: PLC0415  see the top

    wanted = Wanted(options.model, options.seed, "int8" if options.int8 else None)
    clock = StageClock()
    with clock.stage("load"):
        dataset = load(options.data, _supplies(options))
    make_folder(options.output)
    report = train(dataset, wanted, options.output, clock)
    print(fit_summary(report, options.output, _data_options(options)))
    return 0


def _supplies(options: argparse.Namespace) -> Supplies:
    """What the data set that was named is made from."""
    from tinydigits_train.sources import Supplies  # noqa: PLC0415  see the top

    return Supplies(options.data_dir, options.fonts, getattr(options, "seed", 0))


def _data_options(options: argparse.Namespace) -> str:
    """The same data once more, for a shell."""
    named = ["--data", options.data]
    if options.data_dir:
        named += ["--data-dir", str(options.data_dir)]
    if options.fonts:
        named += ["--fonts", options.fonts]
    return shlex.join(named)


def _evaluate(options: argparse.Namespace) -> int:

    from tinydigits.classifier import Classifier  # noqa: PLC0415  see the top
    from tinydigits_train.evaluate import evaluate, report_evaluation  # noqa: PLC0415  see the top
    from tinydigits_train.page import PAGE_NAME, write_report  # noqa: PLC0415  see the top
    from tinydigits_train.sources import load  # noqa: PLC0415  see the top
    from tinydigits_train.tables import measures_table  # noqa: PLC0415  see the top

    clock = StageClock()
    with clock.stage("load"):
        classifier = Classifier.load(options.model)
        dataset = load(options.data, _supplies(options))
    if options.output:
        make_folder(options.output)
    with clock.stage("evaluate"):
        found = evaluate(classifier, dataset, options.part)
    if options.output:
        write_report(report_evaluation(found, options.model, clock), options.output)
    if options.json:
        print(indented_json(found.measures))
    else:
        print(measures_table(found.measures))
    if options.output:
        print(f"the report to look at: {options.output / PAGE_NAME}", file=sys.stderr)
    return 0


def _compare(options: argparse.Namespace) -> int:
    from tinydigits_train.compare import compare  # noqa: PLC0415  see the top
    from tinydigits_train.page import PAGE_NAME, write_report  # noqa: PLC0415  see the top
    from tinydigits_train.sources import load  # noqa: PLC0415  see the top
    from tinydigits_train.tables import comparison_table  # noqa: PLC0415  see the top

    dataset = load(options.data, _supplies(options))
    if options.output:
        make_folder(options.output)
    found = compare(
        options.models,
        dataset,
        options.photographs,
        seed=options.seed,
        with_references=not options.no_references,
    )
    if options.output:
        write_report(found, options.output)
    print(found.to_json().decode() if options.json else comparison_table(found))
    if options.output:
        print(f"the page to look at: {options.output / PAGE_NAME}", file=sys.stderr)
    return 0


def _sweep(options: argparse.Namespace) -> int:

    from tinydigits_train.sources import load  # noqa: PLC0415  see the top
    from tinydigits_train.sweep import (  # noqa: PLC0415  see the top
        Workers,
        parse_varied,
        sweep,
        sweep_table,
    )

    varied = parse_varied(options.vary, options.model)
    found = sweep(
        load(options.data, _supplies(options)),
        options.model,
        varied,
        seed=options.seed,
        workers=Workers(options.jobs or -1, options.cluster),
    )
    if options.json:
        print(indented_json(found))
    else:
        print(sweep_table(found))
    return 0


def _article(options: argparse.Namespace) -> int:
    from tinydigits_train.article import reproduce  # noqa: PLC0415  see the top
    from tinydigits_train.page import PAGE_NAME, write_report  # noqa: PLC0415  see the top
    from tinydigits_train.sources import Supplies, load  # noqa: PLC0415  see the top
    from tinydigits_train.tables import article_summary  # noqa: PLC0415  see the top

    clock = StageClock()
    with clock.stage("load"):
        dataset = load(options.data, Supplies(options.data_dir))
    make_folder(options.output)
    report = reproduce(dataset, clock)
    write_report(report, options.output)
    print(article_summary(report))
    print(f"the report to look at: {options.output / PAGE_NAME}")
    return 0


def _draw(options: argparse.Namespace) -> int:
    import numpy as np  # noqa: PLC0415  see the top

    from tinydigits_train.draw import draw_numbers  # noqa: PLC0415  see the top
    from tinydigits_train.sources import load  # noqa: PLC0415  see the top
    from tinydigits_train.splits import split  # noqa: PLC0415  see the top

    dataset = load(options.data, _supplies(options))
    everything = np.arange(len(dataset.labels))
    indices = split(dataset, options.seed).test if options.part == "test" else everything
    rng = np.random.default_rng(options.seed)
    order = indices if options.digits == 1 else rng.permutation(indices)
    numbers = order[: len(order) // options.digits * options.digits].reshape(-1, options.digits)
    if not len(numbers):
        raise UsageError(f"{options.data} has fewer than {options.digits} digits to draw")
    make_folder(options.output)
    frames = draw_numbers(dataset, numbers[: options.count], options.output, rng)
    print(f"{options.output} holds {frames} frames and their labels.csv")
    print(f"next: tinydigits score {shlex.quote(str(options.output))} --digits {options.digits}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
