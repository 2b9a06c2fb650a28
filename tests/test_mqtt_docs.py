"""What the page on MQTT shows is what is published."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from broker import Listener, running, until
from judge_days import reading
from mqtt_device import publishing, seen
from tinydigits.config import Config, load_config
from tinydigits.judges import Judges
from tinydigits.output_tables import MqttConfig
from tinydigits.outputs.mqtt import output as output_module
from tinydigits.outputs.mqtt.commands import Commands
from tinydigits.outputs.mqtt.topics import Topics
from tinydigits.outputs.told import Daemon
from tinydigits.regions import make_rules

PAGE = (Path(__file__).parents[1] / "docs" / "mqtt.md").read_text()

COUNTER = "main counter"


def blocks(kind: str) -> list[str]:
    """The blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def documented(port: int, **mqtt: Any) -> Config:
    """The page's first configuration, with a broker on this machine."""
    table = tomllib.loads(blocks("toml")[0])
    table["mqtt"] |= {"host": "127.0.0.1", "port": port, **mqtt}
    return load_config(changes=table)


def test_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration that is shown publishes what is shown, in any order."""
    monkeypatch.setattr(output_module, "temperatures", lambda: iter([41.0, 48.3]))
    shown = blocks("text")[0].splitlines()
    with (
        running(tmp_path) as broker,
        Listener(broker.port, "home/cellar/#", tidy=False) as listener,
        publishing(documented(broker.port)) as (output, _),
    ):
        output.put(seen(41, "472.100", text="0472100", name=COUNTER))
        until(lambda: len({one.topic for one in listener.heard}) == len(shown))
        heard = [f"{one.topic} {one.payload.decode()}" for one in listener.heard]
    assert sorted(heard) == sorted(shown)


def test_rights(tmp_path: Path) -> None:
    """The rights that are shown are enough for all that the device does."""
    rules, topic = tmp_path / "rules", "home/cellar/main%20counter/command"
    rules.write_text(blocks("text")[1] + "\nuser other\ntopic readwrite #\n")
    with running(tmp_path, f"acl_file {rules}") as broker:
        config = documented(broker.port, user="cellar")
        with (
            Listener(broker.port, "homeassistant/#", user="other") as listener,
            publishing(config) as (output, asked),
        ):
            output.put(seen(41, "472.100", name=COUNTER))
            listener.waits_for("homeassistant/device/home_2fcellar/config")
            listener.say("home/cellar/command", b"read_now")
            listener.say(topic, b"confirm 472.1")
            until(lambda: len(asked.calls) == 2)
            until(lambda: not output.state.waiting)
            assert output.state.trouble == ""


def test_confirmed() -> None:
    """The command that is shown is obeyed under the configuration that is shown."""
    config = documented(1)
    (topic, said) = re.findall(r"^mosquitto_pub .* -t (\S+) -m '(.+)'$", PAGE, re.MULTILINE)[0]
    judges = Judges(make_rules(config))
    commands = Commands(Topics(config.mqtt.topic, [COUNTER]), cast("Daemon", judges))
    commands.obey(topic, said.encode(), retained=False)
    (verdict,) = judges.judge([replace(reading("0472100"), region=COUNTER)], 0.0)
    assert f"{verdict.value:f}" == "472.100"


def test_entities() -> None:
    """Each entity of Home Assistant's is in the page, by its name."""
    from tinydigits.outputs.mqtt.discovery import Discovery

    discovery = Discovery(documented(1), Topics("home/cellar", [COUNTER]))
    for entity in json.loads(discovery.message().payload)["components"].values():
        name = entity["name"].removeprefix(f"{COUNTER} ")
        assert f"*{name}*" in PAGE.replace(f"*{COUNTER} ", "*")


def test_keys() -> None:
    """Each key that the page names exists, and all that it shows are taken."""
    named = set(re.findall(r"`mqtt\.([a-z_]+)", PAGE))
    assert named - {"conf"} <= set(MqttConfig.__struct_fields__)  # the drop-in is mqtt.conf
    for block in blocks("toml"):
        load_config(changes=tomllib.loads(block))


@pytest.mark.parametrize("said", re.findall(r"^\| `(it[^`]+)` \|", PAGE, re.MULTILINE))
def test_words(said: str) -> None:
    """What the log is said to say of encryption, it says."""
    source = Path(output_module.__file__).parent
    words = "".join((source / name).read_text() for name in ("words.py", "connection.py"))
    assert said in words
