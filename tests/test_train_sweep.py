"""Settings are swept on the validation part alone.

``make slow`` does it on a cluster.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tinydigits.errors import DataError, UsageError
from tinydigits_train import sources
from tinydigits_train.__main__ import main
from tinydigits_train.datasets import DataSet
from tinydigits_train.fit import try_linear
from tinydigits_train.splits import split
from tinydigits_train.sweep import Workers, parse_varied, settings_of, sweep, sweep_table
from tinydigits_train.training import make_views

HERE = Workers(jobs=1)
VARIED = {"c": [0.02, 0.2], "threshold": [64.0, 96.0]}


@pytest.fixture(scope="module")
def few(bundled: DataSet) -> DataSet:
    """Some of the small digits."""
    return bundled.take(np.arange(150))


def test_all_combinations(few: DataSet) -> None:
    """Every combination is tried once, and the best comes first."""
    found = sweep(few, "linear", VARIED, workers=HERE)
    assert sorted((t.settings["c"], t.settings["threshold"]) for t in found.tried) == [
        (c, threshold) for c in VARIED["c"] for threshold in VARIED["threshold"]
    ]
    means = [tried.mean_accuracy for tried in found.tried]
    assert means == sorted(means, reverse=True)


def test_is_what_fit_tries(few: DataSet) -> None:
    """A combination's accuracy is that of the same fit on its own, on the validation part."""
    (tried,) = sweep(few, "linear", {"c": [0.2]}, workers=HERE).tried
    alone = try_linear(0.2, make_views(few), few.labels, split(few, 0), threshold=96)
    assert tried.accuracy == alone.accuracy


@pytest.mark.filterwarnings("ignore")  # Dask's own, and those of the event loop that it closes
def test_no_cluster(few: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler that does not answer is told in a line."""
    monkeypatch.setattr("tinydigits_train.sweep.CLUSTER_WAIT", 0.3)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(DataError, match="no Dask scheduler answers at"):
            sweep(few, "linear", VARIED, workers=Workers(cluster=address))


def test_learned_models(few: DataSet) -> None:
    """Settings of augmentation are swept for models that learn from changed glyphs."""
    found = sweep(few, "oriented", {"turn": [0.0]}, workers=HERE)
    assert found.tried[0].settings == {"turn": 0.0}
    assert set(found.tried[0].accuracy) == {"as given", "as the device makes them"}


@pytest.mark.parametrize(
    ("varied", "model", "message"),
    [
        (["tresholt=1"], "linear", "did you mean threshold"),
        (["c=1,x"], "linear", "come numbers, as in c=0.1,0.2"),
        (["c="], "linear", "come numbers"),
        (["c=1"], "oriented", "oriented has no setting 'c'"),
        ([], "pairs", "nothing is varied: name a setting with --vary, of plain, turn"),
    ],
)
def test_bad_settings(varied: list[str], model: str, message: str) -> None:
    """What can't be varied is told with what can."""
    with pytest.raises(UsageError, match=message):
        parse_varied(varied, model)


def test_settings() -> None:
    """Each model says what can be varied of it."""
    assert settings_of("linear") == ["c", "threshold", "device_weight"]
    assert {"plain", "turn", "thickened"} <= set(settings_of("pairs"))


def test_command(
    few: DataSet,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command prints a table, or JSON for programs."""
    monkeypatch.setattr(sources, "load_bundled", lambda: few)
    line = ["sweep", "--data", "bundled", "--vary", "c=0.02,0.05", "--jobs", "1"]
    assert main(line) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0] == "linear on bundled: 2 combinations on the validation part"
    assert table[1].split()[0] == "c"
    assert main([*line, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], len(told["tried"])) == (1, 2)
    assert not list(tmp_path.iterdir())


def test_table(few: DataSet) -> None:
    """A row a combination, with its settings and what it reads in each view."""
    table = sweep_table(sweep(few, "linear", {"c": [0.05]}, workers=HERE)).splitlines()
    assert len(table) == 3
    assert table[2].split()[0] == "0.05"
    assert table[2].count("%") == 2
