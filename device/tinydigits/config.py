"""The configuration: a TOML file checked against ``default.toml``, its template and schema."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from tinydigits.errors import ConfigError
from tinydigits.output_tables import (
    CollectConfig,
    HistoryConfig,
    MqttConfig,
    SensorConfig,
    WebConfig,
)
from tinydigits.own_file import own_path

DEFAULT_FILE: Final = Path(__file__).with_name("default.toml")

MAX_DIGITS: Final = 100
"""Of a number; far more than any display has."""

MAX_VOTES: Final = 100
"""Readings that may vote; the judge compares each with each."""

MAX_RECOVER_READINGS: Final = 100_000
"""With the next, keeps any wait for a recovery far below a lifetime."""

MAX_RECOVER_HOURS: Final = 1000.0

MAX_TRIAL_READINGS: Final = 100_000
"""Weeks, at a reading every few seconds: longer is no trial any more."""

SYSTEM_FILE: Final = Path("/etc/tinydigits/config.toml")
"""What the installed service is configured with."""

Table = dict[str, Any]

_REGION: Final = "region"
"""The one key that is a list of tables; what ``default.toml`` has is the template of each."""

_INHERITED: Final = ("judge", "sensor")
"""Tables of which each region has its own, that is like the one for all where it says nothing."""

_DRAWN: Final = (_REGION, "reference")
"""All that a file of regions may hold that are drawn in the page."""


class Picamera2Config(msgspec.Struct, frozen=True):
    """A Raspberry Pi's camera."""

    camera: str
    width: Annotated[int, msgspec.Meta(ge=64, le=16384)]
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)]
    focus: Annotated[float, msgspec.Meta(ge=-1, le=100)]
    exposure: Annotated[int, msgspec.Meta(ge=0, le=600_000_000)]
    gain: Annotated[float, msgspec.Meta(ge=0, le=1000)]
    led: Annotated[int, msgspec.Meta(ge=-1, le=27)]
    led_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)]


class UrlConfig(msgspec.Struct, frozen=True):
    """A camera in the network that gives its picture at an address."""

    address: str
    credentials: str
    certificate: str
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)]
    max_bytes: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class CameraConfig(msgspec.Struct, frozen=True):
    """Where frames come from."""

    source: Literal["files", "watch", "url", "picamera2"]
    path: str
    loop: bool
    delete_after: bool
    fps: Annotated[float, msgspec.Meta(ge=0)]
    url: UrlConfig
    picamera2: Picamera2Config


class ModelConfig(msgspec.Struct, frozen=True):
    """Which model reads, and which may be installed."""

    path: str
    store: str
    signers: str
    trial_readings: Annotated[int, msgspec.Meta(ge=1, le=MAX_TRIAL_READINGS)]


class ReaderConfig(msgspec.Struct, frozen=True):
    """What is expected to be read."""

    digits: Annotated[int, msgspec.Meta(ge=0, le=MAX_DIGITS)]
    polarity: Literal["auto", "dark", "light"]
    max_error: Annotated[float, msgspec.Meta(ge=0, le=1)]


class JudgeConfig(msgspec.Struct, frozen=True):
    """When a reading is believed; :mod:`tinydigits.judge` has the rules."""

    agree: Annotated[int, msgspec.Meta(ge=1)]
    of: Annotated[int, msgspec.Meta(ge=1, le=MAX_VOTES)]
    min_confidence: Annotated[float, msgspec.Meta(ge=0, le=1)]
    decimals: Annotated[int, msgspec.Meta(ge=-1, le=MAX_DIGITS)]
    min_value: float
    max_value: float
    max_rate: Annotated[float, msgspec.Meta(gt=0)]
    may_decrease: bool
    rollover: Annotated[float, msgspec.Meta(ge=0)]
    recover_readings: Annotated[int, msgspec.Meta(ge=1, le=MAX_RECOVER_READINGS)]
    recover_hours: Annotated[float, msgspec.Meta(gt=0, le=MAX_RECOVER_HOURS)]
    state: str

    def __post_init__(self) -> None:
        """Refuse what fits key by key, but not together."""
        if self.agree > self.of:
            raise ValueError(f"judge.agree is {self.agree}: judge.of is only {self.of}")
        if not self.min_value < self.max_value:  # written so that NaN fails
            raise ValueError(
                f"judge.min_value is {self.min_value:g}: it must be below judge.max_value, "
                f"{self.max_value:g}"
            )
        if self.rollover and (self.may_decrease or math.isinf(self.rollover)):
            raise ValueError("judge.rollover is for a number with judge.may_decrease = false")
        if not self.may_decrease and math.isinf(self.max_rate):
            raise ValueError(
                "judge.max_rate is needed where judge.may_decrease is false: "
                "without it a single digit read too high would hide all true values"
            )


class RegionConfig(msgspec.Struct, frozen=True):
    """A place in the frame that is read by itself."""

    name: str
    corners: tuple[tuple[float, float], ...]
    digits: Annotated[int, msgspec.Meta(ge=0, le=MAX_DIGITS)]
    polarity: Literal["auto", "dark", "light"]
    cells: bool
    judge: JudgeConfig
    sensor: SensorConfig

    def __post_init__(self) -> None:
        """Refuse what fits key by key, but not together."""
        if self.cells and not self.digits:
            raise ValueError(f"region.digits is needed where region.cells is true ({self.name})")


class ReferenceConfig(msgspec.Struct, frozen=True):
    """What of the frame tells whether the camera was bumped."""

    picture: str
    left: Annotated[int, msgspec.Meta(ge=0)]
    top: Annotated[int, msgspec.Meta(ge=0)]
    seconds: Annotated[float, msgspec.Meta(ge=0)]


class DaemonConfig(msgspec.Struct, frozen=True):
    """The running program itself."""

    runtime: str


class Config(msgspec.Struct, frozen=True):
    """The whole configuration; the defaults are in ``default.toml`` alone."""

    camera: CameraConfig
    model: ModelConfig
    reader: ReaderConfig
    judge: JudgeConfig
    daemon: DaemonConfig
    sensor: SensorConfig
    mqtt: MqttConfig
    web: WebConfig
    history: HistoryConfig
    collect: CollectConfig
    region: tuple[RegionConfig, ...]
    reference: ReferenceConfig

    def __post_init__(self) -> None:
        """Refuse what fits table by table, but not together."""
        names = [region.name for region in self.region]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two regions are called {name!r}: their readings would be one")


def service_file() -> Path | None:
    """The installed service's configuration, if there is one."""
    return SYSTEM_FILE if SYSTEM_FILE.exists() else None


def regions_file(name: str) -> Path | None:
    """The file that ``web.regions`` names, in the folder that systemd made, if it made one."""
    return own_path(name) if name else None


def load_config(path: Path | None = None, changes: Table | None = None) -> Config:
    """The defaults, overlaid with a file, overlaid with changes from the command line.

    Over all that lie regions that were drawn in the page, where the configuration names their file
    and there is one.

    :raises ConfigError: naming the file, the key, and the nearest key that exists.
    """
    table = _read_toml(DEFAULT_FILE)
    template = table.pop(_REGION)
    regions: list[Table] = []
    config = _checked(_with_regions(table, template, regions, str(DEFAULT_FILE)), str(DEFAULT_FILE))
    layers = [] if path is None else [(str(path), _read_toml(path))]
    if changes is not None:
        layers.append(("command line", changes))
    for where, layer in layers:  # one by one, so that an error names the layer it is in
        rest = {key: value for key, value in layer.items() if key != _REGION}
        table = _overlay(table, rest, where)
        regions = _tables(layer.get(_REGION, regions), where)
        config = _checked(_with_regions(table, template, regions, where), where)
    drawn = regions_file(config.web.regions)
    over = _read_drawn(drawn) if drawn else None
    if over is None:
        return config
    where = str(drawn)
    table = _overlay(table, {"reference": over.get("reference", {})}, where)
    regions = _redrawn(regions, _tables(over.get(_REGION, regions), where))
    return _checked(_with_regions(table, template, regions, where), where)


def _read_drawn(path: Path) -> Table | None:
    """The regions that were drawn, if any ever were."""
    try:
        layer = _read_toml(path)
    except ConfigError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    for key in layer:
        if key not in _DRAWN:
            raise ConfigError(f"{path}: there is no key {key!r}: only [[region]] and [reference]")
    return layer


def _redrawn(old: list[Table], drawn: list[Table]) -> list[Table]:
    """The drawn ones; what they say nothing of is as in the old ones of the same names."""
    known = {str(region.get("name")): region for region in old}
    return [{**known.get(str(region.get("name")), {}), **region} for region in drawn]


def _with_regions(table: Table, template: Table, regions: list[Table], where: str) -> Table:
    """The table with its regions, in which everything has its default."""
    known = {**template, **{name: table[name] for name in _INHERITED}}
    return {**table, _REGION: [_overlay(known, region, where, "region.") for region in regions]}


def _tables(value: Any, where: str) -> list[Table]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ConfigError(f"{where}: regions are tables in a list: write [[{_REGION}]] above each")
    return value


def _read_toml(path: Path) -> Table:
    import tomllib  # noqa: PLC0415  2 ms, and `read` has no configuration

    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: it can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # endless numbers and brackets raise these
        raise ConfigError(f"{path}: it is not TOML: {error}") from error


def _overlay(base: Table, changes: Table, where: str, prefix: str = "") -> Table:
    result = dict(base)
    for key, value in changes.items():
        if key not in base:
            raise ConfigError(_unknown(prefix + key, key, base, where))
        known = base[key]
        if isinstance(known, dict):
            if not isinstance(value, dict):
                raise ConfigError(f"{where}: '{prefix}{key}' is a table: write [{prefix}{key}]")
            result[key] = _overlay(known, value, where, f"{prefix}{key}.")
        elif isinstance(value, dict):
            raise ConfigError(f"{where}: '{prefix}{key}' is no table: write {key} = ...")
        else:
            result[key] = value
    return result


def _unknown(name: str, key: str, known: Table, where: str) -> str:
    import difflib  # noqa: PLC0415  2 ms, and most keys are known

    at_home = list(_homes(key, known, name.removesuffix(key)))
    near = at_home or difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
    return f"{where}: there is no key {name!r}: {hint}"


def _homes(key: str, known: Table, prefix: str) -> Iterator[str]:
    """Where in the tables below there is a key of this name."""
    for name, value in known.items():
        if isinstance(value, dict):
            if key in value:
                yield f"{prefix}{name}.{key}"
            yield from _homes(key, value, f"{prefix}{name}.")


def _checked(table: Table, where: str) -> Config:
    try:
        return msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_plain(error)}") from error


def _plain(error: msgspec.ValidationError) -> str:
    """The message of msgspec, with the key as people write it."""
    what, _, path = str(error).partition(" - at `$")
    name = re.sub(r"\[\d+\]", "", path.rstrip("`").removeprefix("."))
    kind: Any = Config
    for key in filter(None, name.split(".")):
        kind = get_type_hints(kind)[key]
        if key == _REGION:
            (kind, _) = get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return what  # of a whole table, which names its keys itself
    if get_origin(kind) is Literal:
        what = f"it must be {' or '.join(map(repr, get_args(kind)))}"
    return f"{name}: {what}"
