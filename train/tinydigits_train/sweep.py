"""Train with one setting after another, on all cores or on a cluster, and see which reads best.

What is looked at is the validation part alone: settings that were chosen on the test part would
make its figures worthless.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any, Final

import joblib
import msgspec
from tqdm import tqdm

from tinydigits.errors import DataError, UsageError
from tinydigits_export.features import Computer
from tinydigits_train.augment import Augmentation
from tinydigits_train.datasets import DataSet, Labels
from tinydigits_train.fit import BIT_THRESHOLD, DEVICE_WEIGHT, View, try_linear
from tinydigits_train.ladder import fit_recipe, from_views, scores_of
from tinydigits_train.recipes import RECIPES
from tinydigits_train.splits import Parts, split
from tinydigits_train.training import AS_DEVICE, LINEAR, make_views

SCHEMA: Final = 1
"""Of :class:`Sweep` as JSON."""

CLUSTER_WAIT: Final = 10
"""Seconds that a cluster's scheduler has to answer."""

_LINEAR_DEFAULTS: Final = {
    "c": 0.1,
    "threshold": float(BIT_THRESHOLD),
    "device_weight": DEVICE_WEIGHT,
}

Settings = dict[str, float]


class Tried(msgspec.Struct, frozen=True):
    """One combination of settings, and how well the validation part was read with it."""

    settings: Settings
    accuracy: dict[str, float]
    """In each view of the glyphs."""
    mean_accuracy: float
    """Over the views: what is sorted by."""


class Sweep(msgspec.Struct, frozen=True):
    """All combinations, the best first."""

    model: str
    data: str
    seed: int
    tried: tuple[Tried, ...]
    schema: int = SCHEMA


@dataclass(frozen=True, eq=False)
class Material:
    """What every combination is tried on; sent to each worker once."""

    model: str
    views: tuple[View, ...]
    labels: Labels
    parts: Parts
    seed: int


@dataclass(frozen=True)
class Workers:
    """Who does the work: processes of this machine, or a Dask cluster's."""

    jobs: int = -1
    """Processes at a time; -1 is one a core."""
    cluster: str | None = None
    """Address of the scheduler."""

    @contextmanager
    def parallel(self, material: Material) -> Iterator[joblib.Parallel]:
        """Whatever runs the work; the material is there before it begins."""
        if self.cluster is None:
            yield joblib.Parallel(n_jobs=self.jobs, return_as="generator")
            return
        client = _client(self.cluster)
        with client, joblib.parallel_config(backend="dask", client=client, scatter=[material]):
            yield joblib.Parallel(n_jobs=-1, return_as="generator")


def _client(address: str) -> Any:
    from distributed import Client  # noqa: PLC0415  an extra, and heavy

    try:
        return Client(address, timeout=CLUSTER_WAIT)  # type: ignore[no-untyped-call] # Dask's
    except (OSError, ValueError, TimeoutError) as error:
        raise DataError(
            f"no Dask scheduler answers at {address}: start one with 'dask scheduler' ({error})"
        ) from error


def settings_of(model: str) -> list[str]:
    """The names of what can be varied of a model."""
    if model == LINEAR:
        return list(_LINEAR_DEFAULTS)
    return ["plain", *(field.name for field in fields(Augmentation))]


def parse_varied(texts: Sequence[str], model: str) -> dict[str, list[float]]:
    """The values to try of each setting, from ``NAME=VALUE,VALUE``.

    :raises UsageError: where a name is not known or a value is no number, or nothing is varied.
    """
    known, varied = settings_of(model), {}
    for text in texts:
        name, _, values = text.partition("=")
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"take one of {', '.join(known)}"
            raise UsageError(f"--vary {text}: {model} has no setting '{name}': {hint}")
        try:
            varied[name] = [float(value) for value in values.split(",")]
        except ValueError as error:
            raise UsageError(
                f"--vary {text}: after the name come numbers, as in {name}=0.1,0.2"
            ) from error
    if not varied:
        raise UsageError(f"nothing is varied: name a setting with --vary, of {', '.join(known)}")
    return varied


def sweep(
    dataset: DataSet,
    model: str,
    varied: dict[str, list[float]],
    *,
    seed: int = 0,
    workers: Workers = Workers(),
) -> Sweep:
    """Try all combinations of settings; the same ones give the same result wherever they run.

    :param varied: the values of each setting; the others are what ``fit`` takes.
    :raises DataError: where the cluster can't be reached.
    """
    material = Material(
        model, tuple(make_views(dataset)), dataset.labels, split(dataset, seed), seed
    )
    grid = [dict(zip(varied, values, strict=True)) for values in product(*varied.values())]
    with workers.parallel(material) as parallel:
        done = parallel(joblib.delayed(try_settings)(material, settings) for settings in grid)
        tried = list(tqdm(done, "combinations", len(grid), leave=False, disable=None))
    best_first = sorted(tried, key=lambda each: -each.mean_accuracy)
    return Sweep(model, dataset.name, seed, tuple(best_first))


def try_settings(material: Material, settings: Settings) -> Tried:
    """Fit the train part with these settings, and read the validation part."""
    fitted = _try_linear if material.model == LINEAR else _try_recipe
    accuracy = fitted(material, settings)
    return Tried(settings, accuracy, sum(accuracy.values()) / len(accuracy))


def _try_linear(material: Material, settings: Settings) -> dict[str, float]:
    chosen = _LINEAR_DEFAULTS | settings
    views = [
        replace(view, weight=chosen["device_weight"]) if view.name == AS_DEVICE else view
        for view in material.views
    ]
    found = try_linear(
        chosen["c"], views, material.labels, material.parts, threshold=round(chosen["threshold"])
    )
    return found.accuracy


def _try_recipe(material: Material, settings: Settings) -> dict[str, float]:
    recipe = RECIPES[material.model]
    changed = {name: value for name, value in settings.items() if name != "plain"}
    recipe = replace(
        recipe,
        plain=settings.get("plain", recipe.plain),
        augmentation=replace(recipe.augmentation, **changed),
    )
    parts = material.parts
    stream = from_views(list(material.views), material.labels, parts)
    # in its last phase, fit would learn from the validation part, too
    stream = replace(stream, everything=stream.epoch)
    fit = fit_recipe(recipe, stream, seed=material.seed)
    compute = Computer(fit.form.features, BIT_THRESHOLD)
    labels = material.labels[parts.validation]
    return {
        view.name: float(
            (
                scores_of(fit.estimator, compute, view.glyphs[parts.validation]).argmax(axis=1)
                == labels
            ).mean()
        )
        for view in material.views
    }


def sweep_table(found: Sweep) -> str:
    """The combinations as a table, the best first."""
    names = list(found.tried[0].settings)
    views = list(found.tried[0].accuracy)
    header = "  ".join([*(f"{name:>{_wide(name)}}" for name in names), *views])
    rows = [
        "  ".join(
            [
                *(f"{each.settings[name]:>{_wide(name)}g}" for name in names),
                *(f"{100 * each.accuracy[view]:>{len(view) - 2}.2f} %" for view in views),
            ]
        )
        for each in found.tried
    ]
    count = len(found.tried)
    title = f"{found.model} on {found.data}: {count} combinations on the validation part"
    return "\n".join([title, header, *rows])


def _wide(name: str) -> int:
    return max(len(name), 7)
