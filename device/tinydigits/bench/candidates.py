"""The models that are measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinydigits.bench.graph import Graph
from tinydigits.bench.linear import Linear
from tinydigits.bench.result import ModelFile
from tinydigits.bench.runners import SkippedError
from tinydigits.classifier import DEFAULT_MODEL, Classifier, read_model
from tinydigits.files import printable


@dataclass(frozen=True)
class Candidate:
    """A model file that keeps its promises; its ``file.name`` is unlike the others'."""

    path: Path
    classifier: Classifier
    file: ModelFile
    is_linear: bool


def model_files(given: Sequence[Path]) -> list[Path]:
    """The files that are meant: a folder is that of a fit, and has the model in it.

    Several may be in one word, with commas in between, unless a file is called so.
    """
    words = [
        Path(word)
        for path in given
        for word in ([str(path)] if path.exists() else str(path).split(","))
        if word
    ]
    return [path / DEFAULT_MODEL.name if path.is_dir() else path for path in words]


def load_candidates(paths: Sequence[Path]) -> list[Candidate]:
    """The models of these files, each once.

    Their names are those of their cards, with how weights are stored, or the file's path, where
    several would be called the same.

    :raises ModelError: where a file breaks the contract.
    """
    loaded = {path: Classifier.load(path) for path in dict.fromkeys(paths)}
    contents = {path: read_model(path) for path in loaded}
    stored = {path: Graph.of(content).weights for path, content in contents.items()}
    kinds = [
        {path: classifier.card.name for path, classifier in loaded.items()},
        {path: f"{classifier.card.name} {stored[path]}" for path, classifier in loaded.items()},
        {path: printable(path) for path in loaded},
    ]
    return [
        Candidate(
            path,
            classifier,
            ModelFile(
                name=next(
                    names[path] for names in kinds if Counter(names.values())[names[path]] < 2
                ),
                sha256=classifier.sha256,
                bytes=len(contents[path]),
                accuracy=classifier.card.accuracy.value,
                weights=stored[path],
            ),
            is_linear=_is_linear(contents[path]),
        )
        for path, classifier in loaded.items()
    ]


def _is_linear(model: bytes) -> bool:
    try:
        Linear.of(model)
    except SkippedError:
        return False
    return True
