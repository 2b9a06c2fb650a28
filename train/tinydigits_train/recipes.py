"""How each model of the ladder above ``linear`` is made; looked at on the validation part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from tinydigits.classifier import Glyphs
from tinydigits_export.features import Features
from tinydigits_export.oriented import Oriented
from tinydigits_export.pairs import Pairs
from tinydigits_export.storage import Storage
from tinydigits_train.augment import Augmentation
from tinydigits_train.components import learned_pairs


class Phase(NamedTuple):
    """So many passes over all glyphs, each time over other copies, with steps of one length."""

    epochs: int
    rate: float
    """Length of a step of Adam."""


@dataclass(frozen=True)
class Recipe:
    """What a model sees of a glyph, and how it learns."""

    features: Callable[[Glyphs, Storage], Features]
    """Made from some thousand glyphs, where they have something to learn."""
    storage: Storage
    """Of all that is learned, unless another one is asked for."""
    phases: tuple[Phase, ...]
    """Long steps first, to get near; then shorter ones."""
    last: Phase
    """On train and validation part together, after the temperature was found."""
    augmentation: Augmentation
    plain: float
    """Share of the glyphs of an epoch that it sees unchanged."""
    decay: tuple[float, ...]
    """Strength of the L2 regularisation of each read-out: where features are few, any costs
    accuracy."""


DIRT: Final = Augmentation(
    turn=5,
    shear=0.06,
    scale=0.04,
    shift=0.5,
    bend=0.5,
    level=40,
    thickened=0.2,
    thinned=0.1,
    soiled=0.15,
    broken=0.1,
)
"""Bent so little that every copy could be by the same hand, with all that pens and cameras do."""

OTHER_HANDS: Final = replace(
    DIRT, turn=8, shear=0.12, scale=0.08, shift=0.8, bend=0.9, level=48, thinned=0.15
)
"""Bent so much that copies could be by others. A model of few features loses by it."""

RECIPES: Final = {
    Oriented.name: Recipe(
        features=lambda _glyphs, _storage: Oriented(),
        storage="float16",
        phases=(Phase(6, 5e-3), Phase(4, 1e-3)),
        last=Phase(2, 1e-3),
        augmentation=DIRT,
        plain=0.2,
        decay=(0.0,),
    ),
    Pairs.name: Recipe(
        features=learned_pairs,
        storage="float16",
        phases=(Phase(7, 3e-3), Phase(3, 1e-3)),
        last=Phase(2, 1e-3),
        augmentation=OTHER_HANDS,
        plain=0.1,
        decay=(0.0, 0.3),
    ),
}
"""By the name of the model."""
