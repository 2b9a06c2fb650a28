"""Make the models that come to the device, good ones and others: models.py FOLDER."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import numpy as np
from onnx import ModelProto, helper, numpy_helper

from hostile import changed, hostile_models, instead_of_the_end
from model_store import good_models, unsure_model
from tinydigits.classifier import (
    DEFAULT_MODEL,
    DIGITS,
    METADATA_PREFIX,
    PROBABILITY_NAME,
    Classifier,
)

GOOD: Final = 2


def one_less(model: ModelProto) -> None:
    """Take each digit for the one below it, and promise just that."""
    columns = Classifier.load(DEFAULT_MODEL).card.labels[len(DIGITS) :]
    order = [*np.roll(np.arange(len(DIGITS)), -1), *range(len(DIGITS), len(DIGITS) + len(columns))]
    model.graph.initializer.append(numpy_helper.from_array(np.array(order), "order"))
    gather = helper.make_node("Gather", ["single", "order"], [PROBABILITY_NAME], axis=1)
    instead_of_the_end(model, gather)
    for promise in model.metadata_props:
        if promise.key == f"{METADATA_PREFIX}golden":
            golden = json.loads(promise.value)
            for glyph in golden:
                glyph["probability"] = [glyph["probability"][column] for column in order]
            promise.value = json.dumps(golden, separators=(",", ":"))


def main() -> None:
    """Write them all."""
    folder = Path(sys.argv[1])
    (folder / "hostile").mkdir(parents=True)
    models = {f"good-{number}": content for number, content in enumerate(good_models(GOOD))}
    models["unsure"] = unsure_model()
    models["wrong"] = changed(one_less, DEFAULT_MODEL.read_bytes())
    for name, content in hostile_models().items():
        models[f"hostile/{name.replace('/', '_')}"] = content
    for name, content in models.items():
        (folder / f"{name}.onnx").write_bytes(content)
    (folder / "hostile" / "link").symlink_to("/etc/passwd")


if __name__ == "__main__":
    main()
