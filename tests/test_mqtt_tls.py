"""An encrypted connection is made where it can be, and else it is said what was wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker import Mosquitto, certificates, running, until
from mqtt_device import configured, publishing, seen


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Everybody's certificates."""
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def broker(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A broker that shows its certificate and asks for nobody's."""
    lines = (f"certfile {files['broker']}", f"keyfile {files['broker-key']}")
    with running(tmp_path_factory.mktemp("broker"), *lines) as broker:
        yield broker


@pytest.fixture(scope="module")
def strict(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A broker that wants to see a certificate."""
    lines = [f"certfile {files['broker']}", f"keyfile {files['broker-key']}"]
    lines += [f"cafile {files['ca']}", "require_certificate true"]
    with running(tmp_path_factory.mktemp("strict"), *lines) as broker:
        yield broker


def trouble(broker: Mosquitto, **mqtt: Any) -> str:
    """What is said of a connection that isn't made."""
    with publishing(configured(broker.port, **mqtt)) as (output, _):
        until(lambda: output.state.trouble)
        assert not output.wait(0)
        return output.state.trouble.partition(f"{broker.port}: ")[2]


def test_encrypted(broker: Mosquitto, files: dict[str, Path]) -> None:
    """With the certificate of who vouches for the broker, readings arrive."""
    config = configured(broker.port, host="localhost", tls=True, ca=str(files["ca"]))
    with publishing(config) as (output, _):
        for number in range(100):
            output.put(seen(number, str(number)))
        assert output.wait(10)
        until(lambda: not output.state.waiting)
        assert output.state.dropped == 0


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_both_certified(strict: Mosquitto, files: dict[str, Path], version: str) -> None:
    """With a certificate of its own, a device is let in where that is asked for."""
    config = configured(
        strict.port,
        host="localhost",
        tls=True,
        ca=str(files["ca"]),
        certificate=str(files["device"]),
        key=str(files["device-key"]),
        version=version,
    )
    with publishing(config) as (output, _):
        assert output.wait(10)


def test_certificate_missing(strict: Mosquitto, files: dict[str, Path]) -> None:
    """Without one it is said which key is missing."""
    told = trouble(strict, host="localhost", tls=True, ca=str(files["ca"]))
    assert told == "it wants a certificate of this device: name it in mqtt.certificate"


def test_certificate_unknown(strict: Mosquitto, files: dict[str, Path]) -> None:
    """With one of nobody known it is said which key to look at."""
    own = {"certificate": str(files["stranger"]), "key": str(files["stranger-key"])}
    told = trouble(strict, host="localhost", tls=True, ca=str(files["ca"]), **own)
    assert "mqtt.certificate" in told


def test_unknown_authority(broker: Mosquitto, files: dict[str, Path]) -> None:
    """A broker that nobody here vouches for is refused, and so is one that a stranger does."""
    told = trouble(broker, host="localhost", tls=True)
    assert told == ("its certificate is signed by somebody unknown here: name who it is in mqtt.ca")
    assert trouble(broker, host="localhost", tls=True, ca=str(files["stranger"])) == told


def test_other_name(broker: Mosquitto, files: dict[str, Path]) -> None:
    """A certificate must be for the name that the broker is called by."""
    told = trouble(broker, host="127.0.0.1", tls=True, ca=str(files["ca"]))
    assert told == "its certificate is for another address: mqtt.host must be one of those in it"


def test_not_encrypted(broker: Mosquitto, tmp_path: Path) -> None:
    """Where only one side wants encryption, the keys to look at are named."""
    assert trouble(broker, host="localhost").endswith("mqtt.port, mqtt.tls and mqtt.version")
    with running(tmp_path) as plain:
        told = trouble(plain, host="localhost", tls=True)
        assert told.endswith("look at mqtt.port and mqtt.tls")
