"""A configuration that can't work is refused in one line that names the key."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import pytest

from broker import certificates
from mqtt_device import Asked, configured, region
from tinydigits.errors import ConfigError
from tinydigits.outputs.kinds import KINDS
from tinydigits.outputs.mqtt.broker import Broker
from tinydigits.outputs.mqtt.output import MqttOutput
from tinydigits.outputs.told import Daemon


def refused(**mqtt: Any) -> str:
    """Why a configuration is refused."""
    config = configured(**mqtt)
    with pytest.raises(ConfigError) as error:
        KINDS["mqtt"].make(config, cast("Daemon", Asked(config)))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("mqtt", "told"),
    [
        ({"topic": ""}, "mqtt.topic is empty: write what all topics begin with"),
        ({"topic": "a/+/b"}, "mqtt.topic is 'a/+/b': '+' stands for other topics"),
        ({"topic": "a#"}, "mqtt.topic is 'a#': '#' stands for other topics"),
        ({"topic": "$SYS/a"}, "mqtt.topic is '$SYS/a': what begins with '$' is the broker's own"),
        ({"topic": "a/"}, "mqtt.topic is 'a/': leave out the '/' at its end"),
        ({"topic": "a\0"}, "mqtt.topic has control characters in it, which MQTT forbids"),
        ({"topic": "\ufffe"}, "mqtt.topic has characters in it that Unicode keeps for no text"),
        ({"topic": "a" * 65_530}, "mqtt.topic is too long: 65,535 bytes are the most in MQTT"),
        ({"discovery": "ha/#"}, "mqtt.discovery is 'ha/#': '#' stands for other topics"),
        ({"client_id": "\n"}, "mqtt.client_id has control characters in it, which MQTT forbids"),
        ({"password": "file"}, "mqtt.password is for a user: write mqtt.user"),
        (
            {"user": "a", "password": "/nowhere"},
            "mqtt.password: /nowhere: it can't be read: No such file or directory",
        ),
        ({"ca": "ca.pem"}, "mqtt.ca is for an encrypted connection: mqtt.tls = true"),
        ({"key": "a"}, "mqtt.key is for an encrypted connection: mqtt.tls = true"),
        (
            {"tls": True, "key": "a"},
            "mqtt.key is the key of a certificate: write mqtt.certificate",
        ),
        (
            {"tls": True, "ca": "a\0b"},
            r"mqtt.ca is 'a\x00b': that is no name of a file",
        ),
        (
            {"tls": True, "certificate": "a\0b"},
            r"mqtt.certificate is 'a\x00b': that is no name of a file",
        ),
        (
            {"tls": True, "certificate": "/etc/passwd", "key": "a\0b"},
            r"mqtt.key is 'a\x00b': that is no name of a file",
        ),
        (
            {"tls": True, "ca": "/nowhere"},
            "mqtt.ca: /nowhere: it can't be read: No such file or directory",
        ),
        (
            {"tls": True, "ca": "/etc/passwd"},
            "mqtt.ca: /etc/passwd: no certificate is in there, or no key, as PEM",
        ),
        (
            {"tls": True, "certificate": "/nowhere"},
            (
                "mqtt.certificate: /nowhere, without mqtt.key: it can't be read: "
                "No such file or directory"
            ),
        ),
        (
            {"region": [region("a" * 70_000)]},
            "region.name: 'aaaaaaaaaaaaaaaaaaaa...' is too long for a topic",
        ),
        (
            {"sensor": {"device_class": "wather"}},
            (
                "sensor.device_class is 'wather', which Home Assistant doesn't know for numbers: "
                "did you mean 'water'?"
            ),
        ),
        (
            {"region": [region("a", sensor={"device_class": "water", "unit": "kWh"})]},
            (
                "region 'a': sensor.unit is 'kWh': for water it must be "
                "'ft³' or 'CCF' or 'MCF' or 'm³' or 'L' or 'gal'"
            ),
        ),
        (
            {"sensor": {"device_class": "gas", "unit": "m³", "state_class": "measurement"}},
            (
                "sensor.state_class is 'measurement': for gas Home Assistant allows "
                "'' or 'total' or 'total_increasing'"
            ),
        ),
    ],
)
def test_refused(mqtt: dict[str, Any], told: str) -> None:
    """What can't work is said in one line."""
    assert refused(**mqtt) == told


def test_keys(tmp_path: Path) -> None:
    """A key that belongs to another certificate, or that is encrypted, is told apart."""
    files = certificates(tmp_path)
    own = {"tls": True, "certificate": str(files["device"])}
    assert refused(**own, key=str(files["broker-key"])) == (
        f"mqtt.certificate: {files['device']} and {files['broker-key']}: "
        "the key is another certificate's"
    )
    assert refused(**own).endswith(
        "without mqtt.key: no certificate is in there, or no key, as PEM"
    )
    locked = tmp_path / "locked.pem"
    locked.write_text(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-128-CBC,00000000000000000000000000000000\n\nAAAA\n"
        "-----END RSA PRIVATE KEY-----\n"
    )
    assert refused(**own, key=str(locked)) == (
        "mqtt.key is encrypted: store it without a password, readable by root alone"
    )


@pytest.mark.parametrize(
    "sensor",
    [
        {"device_class": "water", "unit": "m³", "state_class": "total_increasing"},
        {"device_class": "energy", "unit": "kWh", "state_class": "total"},
        {"device_class": "current", "unit": "mA", "state_class": "measurement"},
        {"device_class": "conductivity", "unit": "µS/cm"},  # as keyboards write it
        {"device_class": "ph"},
        {"unit": "parsecs", "state_class": "measurement"},
    ],
)
def test_fitting(sensor: dict[str, str]) -> None:
    """What fits together is taken."""
    config = configured(sensor=sensor)
    MqttOutput(config, cast("Daemon", Asked(config)))


def test_without_discovery() -> None:
    """Home Assistant's rules are nobody's business where it isn't told anything."""
    config = configured(discovery="", sensor={"device_class": "own"})
    MqttOutput(config, cast("Daemon", Asked(config)))


def test_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare name is that of a credential, which systemd has put where only the service sees it."""
    (tmp_path / "broker").write_text("from systemd\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    config = configured(user="a", password="broker")  # noqa: S106  the name of a file
    assert Broker(config.mqtt).password() == "from systemd"


def test_no_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that no credential can have is told like that of any other file."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    told = refused(user="a", password="a" * 300)
    assert told.endswith("a: it can't be read: File name too long")


@pytest.mark.parametrize(("tls", "port"), [(False, 1883), (True, 8883)])
def test_port(*, tls: bool, port: int) -> None:
    """Without a port it is the one that everybody uses."""
    assert str(Broker(configured(0, tls=tls).mqtt)) == f"127.0.0.1:{port}"


def test_name() -> None:
    """A device's name at the broker is the same each time, another for each topic, and short."""
    names = [Broker(configured(topic=topic).mqtt).client_id for topic in ("a", "a", "b")]
    assert names[0] == names[1] != names[2]
    assert max(map(len, names)) <= 23  # all that a broker must take


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without paho, or with one of Debian 12, it is said how to get it."""
    how = "pip install 'tinydigits[mqtt]' (Debian 13: python3-paho-mqtt)"
    from paho.mqtt import client

    with monkeypatch.context() as patch:
        patch.delattr(client, "CallbackAPIVersion")
        assert refused() == f"mqtt: the Python module paho is too old: {how}"
    monkeypatch.setitem(sys.modules, "paho.mqtt", None)
    assert refused() == f"mqtt: the Python module paho is not installed: {how}"
