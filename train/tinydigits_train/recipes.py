"""How each model of the ladder above ``linear`` is made; every number was chosen on validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tinydigits.classifier import Glyphs
from tinydigits_export.features import Features
from tinydigits_export.oriented import Oriented
from tinydigits_export.pairs import Pairs
from tinydigits_export.storage import Storage
from tinydigits_train.augment import Augmentation
from tinydigits_train.components import learned_pairs


@dataclass(frozen=True)
class Recipe:
    """What a model sees of a glyph, and how it learns."""

    features: Callable[[Glyphs, Storage], Features]
    """Made from some thousand glyphs, where they have something to learn."""
    storage: Storage
    """Of all that is learned, unless another one is asked for."""
    epochs: int
    """Times that it sees every glyph, each time another copy."""
    augmentation: Augmentation
    plain: float
    """Share of the glyphs of an epoch that it sees unchanged."""
    decay: float
    """Strength of the L2 regularisation."""


RECIPES: Final = {
    Oriented.name: Recipe(
        features=lambda _glyphs, _storage: Oriented(),
        storage="float16",
        epochs=6,
        augmentation=Augmentation(turn=5, shear=0.06, scale=0.04, shift=0.5, bend=0.5, level=40),
        plain=0.2,
        decay=0.0,
    ),
    Pairs.name: Recipe(
        features=learned_pairs,
        storage="float16",
        epochs=10,
        augmentation=Augmentation(),
        plain=0.2,
        decay=0.0,
    ),
}
"""By the name of the model."""
