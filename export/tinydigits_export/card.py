"""The model card for people: as text, and read from any model file without running it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import onnx

from tinydigits.classifier import (
    INPUT_NAME,
    LABEL_NAME,
    NONE_LABEL,
    PROBABILITY_NAME,
    ModelCard,
    read_model,
)
from tinydigits.errors import ModelError


def read_card(path: Path) -> tuple[ModelCard, bytes]:
    """The card of a model file, and the file's content.

    Nothing is run, so that a file which this device would refuse can be looked at too.

    :raises ModelError: where the file can't be read or carries no card.
    """
    try:
        content = read_model(path)
        return ModelCard.from_metadata(_metadata(content)), content
    except ModelError as error:
        raise ModelError(f"model {path}: {error}") from error


def _metadata(content: bytes) -> dict[str, str]:
    try:
        return {p.key: p.value for p in onnx.load_model_from_string(content).metadata_props}
    except Exception as error:  # protobuf's exceptions depend on its implementation
        raise ModelError("it is not an ONNX file") from error


def render_card(card: ModelCard, size: int) -> str:
    """The card as Markdown.

    :param size: of the model file in bytes.
    """
    sections = (
        f"# Model card: {card.name}",
        _what(card, size),
        "## How well it reads",
        _measured(card),
        "## What it was trained on",
        _data(card),
        "## What it is for, and what not",
        _limits(card),
        "## Contract and versions",
        _contract(card),
    )
    text = "\n\n".join(sections) + "\n"
    # the file may be anybody's: keep its control codes off the terminal
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _what(card: ModelCard, size: int) -> str:
    return (
        "A logistic regression that reads one digit from a 28x28 picture of one bit a pixel: a "
        f"model file of {size:,} bytes in the ONNX format. It tells {len(card.labels)} classes "
        f"apart: {', '.join(card.labels)}."
    )


def _measured(card: ModelCard) -> str:
    accuracy = card.accuracy
    rows = (
        (f"{point.confidence:.4f}", _percent(point.coverage), _percent(point.error))
        for point in card.coverage
    )
    return (
        f"Of {accuracy.n:,} test glyphs it reads {_percent(accuracy.value)} right "
        f"(95 % interval {_percent(accuracy.low)} to {_percent(accuracy.high)}).\n\n"
        "On the device, which makes its glyphs itself, a reader that accepts only digits of some "
        "confidence reads fewer and errs less:\n\n"
        + _table(("accepted from confidence", "share accepted", "wrong among them"), rows)
    )


def _data(card: ModelCard) -> str:
    split = card.split
    rows = ((source.name, f"{source.count:,}", source.sha256) for source in card.data)
    return (
        _table(("data set", "glyphs", "SHA-256"), rows)
        + f"\n\nParted with seed {split.seed} into {split.train:,} glyphs for training, "
        f"{split.validation:,} for validation and {split.test:,} for the test; the SHA-256 of the "
        f"three lists is {split.sha256}."
    )


def _limits(card: ModelCard) -> str:
    if NONE_LABEL in card.labels:
        other = f"what is not one whole digit it may, but need not, recognise as '{NONE_LABEL}'"
    else:
        other = "it takes everything for a digit, a letter or a smudge too"
    return (
        "It is meant for reading upright digits, one at a time, from meters, displays and forms on "
        "a small computer that nobody watches. The figures above hold for pictures like its test "
        "set: on your own camera expect less, and measure it before you trust it; "
        f"{other}. Do not let it alone decide anything that could harm a person or cost much "
        "money.\n\n"
        "The file is under tinydigits' MIT licence and holds no picture of any data set; the data "
        "sets keep licences of their own."
    )


def _contract(card: ModelCard) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(card.versions.items()))
    return (
        f"- contract {card.contract}: `{INPUT_NAME}: uint8[N, 28, 28]` to `{LABEL_NAME}: int64[N]` "
        f"and `{PROBABILITY_NAME}: float32[N, {len(card.labels)}]`\n"
        f"- threshold: a pixel of at least {card.threshold} is ink\n"
        f"- golden glyphs for the self-test at start: {len(card.golden)}\n"
        f"- pre-processing: {card.fingerprint}\n"
        f"- made with: {versions}"
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (header, ("---",) * len(header), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
