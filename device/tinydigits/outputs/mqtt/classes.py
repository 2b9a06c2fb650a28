"""What Home Assistant knows of kinds of numbers: units and state classes that go together.

As its ``sensor`` integration has them, of 2025 and 2026. An entity that breaks these rules is
refused there, or has no statistics.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tinydigits.errors import ConfigError
from tinydigits.output_tables import SensorConfig

_ANY: Final = ("measurement", "total", "total_increasing")
_NOW: Final = ("measurement",)
_SUM: Final = ("total", "total_increasing")

_ENERGY: Final = (
    *("J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh"),
    *("cal", "kcal", "Mcal", "Gcal"),
)
_PRESSURE: Final = (
    *("mPa", "Pa", "hPa", "kPa", "bar", "cbar", "mbar", "mmHg", "inHg", "inH₂O", "psi"),
)
_RAIN: Final = ("in/d", "in/h", "mm/d", "mm/h")
_SPEED: Final = ("Beaufort", "ft/s", "in/s", "m/min", "m/s", "km/h", "kn", "mph", "mm/s")
_DUST: Final = ("μg/m³",)
_VOLUME: Final = ("ft³", "CCF", "MCF", "m³", "L", "mL", "gal", "fl. oz.")
_BITS: Final = ("bit", "kbit", "Mbit", "Gbit", "B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_BYTES: Final = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")
_RATES: Final = ("bit", "kbit", "Mbit", "Gbit", "B", "kB", "MB", "GB", "KiB", "MiB", "GiB")

NO_UNIT: Final = ""


class Kind(NamedTuple):
    """Units of a kind of numbers, and the state classes that it may have."""

    units: tuple[str, ...]
    state_classes: tuple[str, ...]


DEVICE_CLASSES: Final[dict[str, Kind]] = {
    "absolute_humidity": Kind(("g/m³", "mg/m³"), _NOW),
    "apparent_power": Kind(("mVA", "VA", "kVA"), _NOW),
    "aqi": Kind((NO_UNIT,), _NOW),
    "area": Kind(("m²", "cm²", "km²", "mm²", "in²", "ft²", "yd²", "mi²", "ac", "ha"), _ANY),
    "atmospheric_pressure": Kind(_PRESSURE, _NOW),
    "battery": Kind(("%",), _NOW),
    "blood_glucose_concentration": Kind(("mg/dL", "mmol/L"), _NOW),
    "carbon_dioxide": Kind(("ppm",), _NOW),
    "carbon_monoxide": Kind(("ppb", "ppm", "mg/m³", "μg/m³"), _NOW),
    "conductivity": Kind(("S/cm", "mS/cm", "μS/cm"), _NOW),
    "current": Kind(("A", "mA"), _NOW),
    "data_rate": Kind(tuple(f"{unit}/s" for unit in _RATES), _NOW),
    "data_size": Kind((*_BITS, *_BYTES), _ANY),
    "distance": Kind(("mm", "cm", "m", "km", "in", "ft", "yd", "mi", "nmi"), _ANY),
    "duration": Kind(("d", "h", "min", "s", "ms", "μs"), _ANY),
    "energy": Kind(_ENERGY, _SUM),
    "energy_distance": Kind(("kWh/100km", "Wh/km", "mi/kWh", "km/kWh"), _NOW),
    "energy_storage": Kind(_ENERGY, _NOW),
    "frequency": Kind(("Hz", "kHz", "MHz", "GHz"), _NOW),
    "gas": Kind(("ft³", "CCF", "MCF", "m³", "L"), _SUM),
    "humidity": Kind(("%",), _NOW),
    "illuminance": Kind(("lx",), _NOW),
    "irradiance": Kind(("W/m²", "BTU/(h⋅ft²)"), _NOW),
    "moisture": Kind(("%",), _NOW),
    "nitrogen_dioxide": Kind(("ppb", "ppm", *_DUST), _NOW),
    "nitrogen_monoxide": Kind(("ppb", *_DUST), _NOW),
    "nitrous_oxide": Kind(_DUST, _NOW),
    "ozone": Kind(("ppb", "ppm", *_DUST), _NOW),
    "ph": Kind((NO_UNIT,), _NOW),
    "pm1": Kind(_DUST, _NOW),
    "pm10": Kind(_DUST, _NOW),
    "pm25": Kind(_DUST, _NOW),
    "pm4": Kind(_DUST, _NOW),
    "power": Kind(("mW", "W", "kW", "MW", "GW", "TW", "BTU/h"), _NOW),
    "power_factor": Kind(("%", NO_UNIT), _NOW),
    "precipitation": Kind(("in", "mm", "cm"), _ANY),
    "precipitation_intensity": Kind(_RAIN, _NOW),
    "pressure": Kind(_PRESSURE, _NOW),
    "reactive_energy": Kind(("varh", "kvarh"), _SUM),
    "reactive_power": Kind(("mvar", "var", "kvar"), _NOW),
    "signal_strength": Kind(("dB", "dBm"), _NOW),
    "sound_pressure": Kind(("dB", "dBA"), _NOW),
    "speed": Kind((*_SPEED, *_RAIN), _NOW),
    "sulphur_dioxide": Kind(("ppb", *_DUST), _NOW),
    "temperature": Kind(("°C", "°F", "K"), _NOW),
    "temperature_delta": Kind(("°C", "°F", "K"), _NOW),
    "volatile_organic_compounds": Kind(("mg/m³", *_DUST), _NOW),
    "volatile_organic_compounds_parts": Kind(("ppb", "ppm"), _NOW),
    "voltage": Kind(("V", "mV", "μV", "kV", "MV"), _NOW),
    "volume": Kind(_VOLUME, _SUM),
    "volume_flow_rate": Kind(
        (
            *("m³/h", "m³/min", "m³/s", "ft³/min", "L/h", "L/min", "L/s"),
            *("gal/h", "gal/min", "gal/d", "mL/s"),
        ),
        _NOW,
    ),
    "volume_storage": Kind(_VOLUME, _NOW),
    "water": Kind(("ft³", "CCF", "MCF", "m³", "L", "gal"), _SUM),
    "weight": Kind(("g", "kg", "mg", "μg", "oz", "lb", "st"), _ANY),
    "wind_direction": Kind(("°",), ()),
    "wind_speed": Kind(_SPEED, _NOW),
}
"""By device class, those that are numbers; money is left out, as its units are all currencies."""

_LOOK_ALIKE: Final = str.maketrans("µ", "μ")
"""The sign for micro, which keyboards have, and the Greek letter, which Home Assistant writes."""


def plain_unit(unit: str) -> str:
    """A unit as Home Assistant writes it."""
    return unit.strip().translate(_LOOK_ALIKE)


def check_sensor(key: str, sensor: SensorConfig) -> None:
    """Refuse what Home Assistant would refuse, or make nothing of.

    :param key: what the configuration's keys begin with, like ``sensor``.
    :raises ConfigError: naming the key.
    """
    if not sensor.device_class:
        return
    kind = DEVICE_CLASSES.get(sensor.device_class)
    if kind is None:
        import difflib  # noqa: PLC0415  2 ms, and most classes are known

        near = difflib.get_close_matches(sensor.device_class, DEVICE_CLASSES, n=1, cutoff=0.5)
        hint = f": did you mean '{near[0]}'?" if near else ""
        raise ConfigError(
            f"{key}.device_class is '{sensor.device_class}', "
            f"which Home Assistant doesn't know for numbers{hint}"
        )
    if plain_unit(sensor.unit) not in kind.units:
        raise ConfigError(
            f"{key}.unit is '{sensor.unit}': for {sensor.device_class} it must be "
            f"{' or '.join(repr(unit) for unit in kind.units)}"
        )
    if sensor.state_class and sensor.state_class not in kind.state_classes:
        allowed = " or ".join(map(repr, ("", *kind.state_classes)))
        raise ConfigError(
            f"{key}.state_class is '{sensor.state_class}': for {sensor.device_class} "
            f"Home Assistant allows {allowed}"
        )
