"""Any number of glyphs of made-up scenes: seeded, a chunk at a time, from no file but fonts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

import joblib
import numpy as np
from tqdm import tqdm

from tinydigits.classifier import Glyphs
from tinydigits.glyph import GLYPH_SIZE
from tinydigits_train.datasets import DataSet, Groups, Indices, Labels
from tinydigits_train.room import joined, release, room
from tinydigits_train.synthetic.harvest import harvest
from tinydigits_train.synthetic.scenes import FOLDS, Scenery, make_scene
from tinydigits_train.synthetic.typecase import Typecase

NAME: Final = "synthetic"

COUNT: Final = 60_000
"""Glyphs where no number is asked for: as many as MNIST has to train on."""

_SCENES: Final = 25
"""Scenes of a task: enough that starting it costs nothing, few enough to follow progress."""

_FEW: Final = 1000
"""Glyphs that are made sooner than further processes are started."""

_ROUND: Final = 4
"""Tasks that each process is given at a time."""


@dataclass(frozen=True, eq=False)
class Harvest:
    """The glyphs of some scenes, in their order: what they show, of which kind and which scene."""

    glyphs: Glyphs
    labels: Labels
    kinds: Groups
    scenes: Indices


def chunks(typecase: Typecase, seed: int, *, jobs: int = 1) -> Iterator[Harvest]:
    """The glyphs of scene after scene, without end; the same whatever ``jobs`` is."""
    # in rounds: joblib takes from an endless iterator whether its results are wanted or not
    size = 1 if jobs == 1 else _ROUND * joblib.effective_n_jobs(jobs)
    with joblib.Parallel(n_jobs=jobs) as workers:
        for first in count(step=size):
            tasks = range(first * _SCENES, (first + size) * _SCENES, _SCENES)
            yield from workers(joblib.delayed(_harvest)(typecase, seed, task) for task in tasks)


def load_synthetic(
    typecase: Typecase, seed: int = 0, size: int = COUNT, *, jobs: int | None = None
) -> DataSet:
    """So many glyphs of made-up scenes.

    No scene is in two parts of a split.

    :param jobs: processes; else one, or one a core where there is much to do.
    """
    jobs = jobs or (1 if size < _FEW else -1)
    glyphs, labels, scenes = room(size), np.empty(size, np.int64), np.empty(size, np.int64)
    kinds: list[str] = []
    with tqdm(desc="synthetic glyphs", total=size, disable=None) as bar:
        for part in chunks(typecase, seed, jobs=jobs):
            new = slice(len(kinds), min(len(kinds) + len(part.labels), size))
            count = new.stop - new.start
            glyphs[new] = part.glyphs[:count]
            labels[new], scenes[new] = part.labels[:count], part.scenes[:count]
            kinds += part.kinds[:count].tolist()
            release(glyphs)
            bar.update(count)
            if new.stop == size:
                break
    return DataSet(
        f"{NAME}:{size}",
        glyphs,
        labels,
        kinds=np.array(kinds),
        folds=scenes % FOLDS,
        by_device=True,
        scenery=Scenery(typecase, seed, int(scenes[-1]) + 1),
    )


def _harvest(typecase: Typecase, seed: int, first: int) -> Harvest:
    """The glyphs of a task's scenes."""
    parts: list[Harvest] = []
    for number in range(first, first + _SCENES):
        scene = make_scene(typecase, seed, number)
        # a generator of its own: what is kept of a scene changes nothing in how it looks
        rng = np.random.default_rng((seed, number, 1))
        found = harvest(scene.photo, rng, single=scene.single)
        glyphs = np.array([each.glyph for each in found], np.uint8)
        parts.append(
            Harvest(
                glyphs.reshape(-1, GLYPH_SIZE, GLYPH_SIZE),
                np.array([each.label for each in found], np.int64),
                np.full(len(found), scene.kind),
                np.full(len(found), number),
            )
        )
    return _joined(parts)


def _joined(parts: list[Harvest]) -> Harvest:
    return Harvest(
        joined([part.glyphs for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.kinds for part in parts]),
        np.concatenate([part.scenes for part in parts]),
    )
