"""The configuration is what default.toml says, unless somebody says otherwise correctly."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import costly
from tinydigits.config import DEFAULT_FILE, Config, RegionConfig, load_config
from tinydigits.errors import ConfigError

DEFAULTS = tomllib.loads(DEFAULT_FILE.read_text())


def fields(struct: Any) -> dict[str, Any]:
    """The fields of a struct type by name."""
    return {field.name: field for field in msgspec.structs.fields(struct)}


def test_default() -> None:
    """Without a file the configuration is default.toml, and there is no region."""
    config = msgspec.json.decode(msgspec.json.encode(load_config()))  # in which a tuple is a list
    defaults = msgspec.json.decode(msgspec.json.encode(DEFAULTS))
    assert config == {**defaults, "region": []}


def test_default_is_the_schema() -> None:
    """default.toml has every key of the schema and no other, and the defaults stand only there."""

    def compare(struct: Any, table: dict[str, Any]) -> None:
        keys = fields(struct)
        assert list(keys) == list(table)
        for name, key in keys.items():
            assert key.required
            if name == "region":  # its table is the template of each
                compare(
                    RegionConfig,
                    {**table[name], "judge": table["judge"], "sensor": table["sensor"]},
                )
            elif isinstance(table[name], dict):
                compare(key.type, table[name])

    compare(Config, DEFAULTS)


def test_default_explains_every_key() -> None:
    """Every key of default.toml has its explanation beside it."""
    for line in DEFAULT_FILE.read_text().splitlines():
        if re.match(r"\w+ = ", line):
            assert re.search(r"  # .{12}", line), line


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the configuration under test lies."""
    return tmp_path / "my.toml"


def test_overlay(path: Path) -> None:
    """A file changes what it names, the command line goes before it, the rest is the default."""
    path.write_text('[camera]\npath = "a"\nfps = 2\n[reader]\ndigits = 5\n')
    config = load_config(path, {"camera": {"path": "b"}, "model": {}})
    assert (config.camera.path, config.camera.fps, config.reader.digits) == ("b", 2.0, 5)
    assert config.reader.polarity == DEFAULTS["reader"]["polarity"]
    assert config.model.path == DEFAULTS["model"]["path"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[camera]\nfsp = 2", "there is no key 'camera.fsp': did you mean 'fps'?"),
        ("[raeder]", "there is no key 'raeder': did you mean 'reader'?"),
        ("fps = 2", "there is no key 'fps': did you mean 'camera.fps'?"),
        ("[xyz]", "there is no key 'xyz': known are camera, model, reader, judge"),
        ('"a\\nb" = 1', r"there is no key 'a\nb': known are camera, model, reader, judge"),
        ("camera = 2", "'camera' is a table: write [camera]"),
        ("[[camera]]", "'camera' is a table: write [camera]"),
        ("[camera.fps]", "'camera.fps' is no table: write fps = ..."),
        ("[camera]\nfps = '2'", "camera.fps: Expected `float`, got `str`"),
        ("[camera]\nfps = -1", "camera.fps: Expected `float` >= 0.0"),
        ("[camera]\nfps = nan", "camera.fps: Expected `float` >= 0.0"),
        ("[camera]\nloop = 1", "camera.loop: Expected `bool`, got `int`"),
        ("[camera]\npath = 2024-02-29", "camera.path: Expected `str`, got `date`"),
        (
            "[camera]\nsource = 'video'",
            "camera.source: it must be 'files' or 'watch' or 'url' or 'picamera2'",
        ),
        (
            "[camera]\nled = 17",
            "there is no key 'camera.led': did you mean 'camera.picamera2.led'?",
        ),
        ("address = ''", "there is no key 'address': did you mean 'camera.url.address'?"),
        ("[camera.urls]", "there is no key 'camera.urls': did you mean 'url'?"),
        ("[camera]\nurl = ''", "'camera.url' is a table: write [camera.url]"),
        ("[camera.url]\ntimeout = 0", "camera.url.timeout: Expected `float` > 0.0"),
        ("[camera.url]\nmax_bytes = 0", "camera.url.max_bytes: Expected `int` >= 1"),
        ("[camera.picamera2]\ncamera = 1", "camera.picamera2.camera: Expected `str`, got `int`"),
        ("[camera.picamera2]\nled = 28", "camera.picamera2.led: Expected `int` <= 27"),
        ("[camera.picamera2]\nwidth = 0", "camera.picamera2.width: Expected `int` >= 64"),
        ("[reader]\ndigits = 101", "reader.digits: Expected `int` <= 100"),
        ("[reader]\ndigits = 2.5", "reader.digits: Expected `int`, got `float`"),
        ("[reader]\npolarity = 'grey'", "reader.polarity: it must be 'auto' or 'dark' or 'light'"),
        ("[reader]\npolarity = 1", "reader.polarity: it must be 'auto' or 'dark' or 'light'"),
        ("[reader]\nmax_error = 2", "reader.max_error: Expected `float` <= 1.0"),
        ("[judge]\nagree = 4", "judge.agree is 4: judge.of is only 3"),
        ("[judge]\nof = 101", "judge.of: Expected `int` <= 100"),
        ("[judge]\nmin_value = 5\nmax_value = 5", "judge.min_value is 5: it must be below"),
        (
            "[judge]\nmax_value = nan",
            "judge.min_value is -inf: it must be below judge.max_value, n",
        ),
        ("[judge]\nmax_rate = 0", "judge.max_rate: Expected `float` > 0.0"),
        ("[judge]\nmax_rate = nan", "judge.max_rate: Expected `float` > 0.0"),
        ("[judge]\nmay_decrease = false", "judge.max_rate is needed where judge.may_decrease is f"),
        ("[judge]\nrollover = 10", "judge.rollover is for a number with judge.may_decrease = fal"),
        ("[judge]\nrecover_hours = 1e9", "judge.recover_hours: Expected `float` <= 1000.0"),
        ("digits", "it is not TOML: Expected '=' after a key"),
        ("[camera]\nfps = 1\nfps = 2", "it is not TOML: Cannot overwrite a value"),
        ("x = " + "[" * 100_000, "it is not TOML: maximum recursion depth"),
        ("x = " + "9" * 10_000, "it is not TOML: Exceeds the limit"),
    ],
)
def test_refused(text: str, message: str, path: Path) -> None:
    """A key or value that does not fit is refused, naming the file, the key and what would."""
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    said = str(raised.value)
    assert said.startswith(f"{path}: {message}")
    assert "\n" not in said


def test_blame(path: Path) -> None:
    """An error is the command line's where it is, and the file's even if it would be overlaid."""
    path.write_text("[reader]\ndigits = 5\n")
    with pytest.raises(ConfigError, match=r"command line: reader\.digits"):
        load_config(path, {"reader": {"digits": -1}})
    path.write_text("[reader]\ndigits = -1\n")
    with pytest.raises(ConfigError, match=r"my\.toml: reader\.digits"):
        load_config(path, {"reader": {"digits": 5}})


def test_unreadable(path: Path) -> None:
    """A file that is missing, a folder, or not UTF-8 is refused with the reason."""
    with pytest.raises(ConfigError, match="it can't be read: No such file or directory"):
        load_config(path)
    with pytest.raises(ConfigError, match="it can't be read: Is a directory"):
        load_config(path.parent)
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="it is not TOML: 'utf-8' codec"):
        load_config(path)


KEYS = st.sampled_from([*DEFAULTS, *(key for table in DEFAULTS.values() for key in table)])
SCALARS = st.one_of(
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(),
    st.datetimes(),
    st.dates(),
    st.times(),
)
TABLES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS | st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(KEYS | st.text(), TABLES))
@costly(0.4)
def test_any_table(table: dict[str, Any]) -> None:
    """Whatever TOML can hold either fits or is refused in one line."""
    try:
        load_config(None, table)
    except ConfigError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017  most tables are refused, not all


@given(content=st.binary() | st.text(alphabet='[]{}=".,#\n camerafps0123\\').map(str.encode))
@costly(0.6)
def test_any_content(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a file holds either fits or is refused in one line that names it."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    try:
        load_config(path)
    except ConfigError as error:
        assert str(error).startswith(str(path))  # noqa: PT017  most contents are refused, not all
