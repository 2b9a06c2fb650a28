"""Pictures of the test part, read as the device reads them: whole, in all of its inks."""

from __future__ import annotations

from collections import defaultdict

from tqdm import tqdm

from tinydigits.classifier import Classifier, Share
from tinydigits.frame import Frame
from tinydigits.labels import LabelledPicture
from tinydigits.reader import Reader
from tinydigits_train.datasets import DataSet, Indices, Member
from tinydigits_train.measure import wilson


def read_held_out(
    dataset: DataSet, test: Indices, content: bytes, *, progress: bool = False
) -> dict[str, Share]:
    """How many pictures of single digits are read right, of each folder and each of its groups.

    :param test: the test part's indices.
    :param content: of a model file.
    """
    reader = Reader(Classifier.from_bytes(content), digits=1)
    counts: dict[str, list[bool]] = defaultdict(list)
    start = 0
    for member in dataset.members or (Member(dataset),):
        own = test[(test >= start) & (test < start + len(member.dataset))] - start
        start += len(member.dataset)
        name = member.dataset.name
        for picture in tqdm(
            _pictures(member.dataset, own), f"pictures of {name}", disable=not progress or None
        ):
            right = reader.read(Frame.from_file(picture.path)).readings[0].text == picture.digits
            counts[name].append(right)
            if picture.group:
                counts[f"{name} {picture.group}"].append(right)
    return {name: wilson(sum(right), len(right)) for name, right in counts.items()}


def _pictures(dataset: DataSet, test: Indices) -> list[LabelledPicture]:
    """Those that show a digit, each once, in their order."""
    if not dataset.pictures:
        return []
    chosen = dict.fromkeys(dataset.pictures[k] for k in test.tolist())
    return [picture for picture in chosen if picture.digits]
