"""The command tinydigits model: what it prints, does and refuses."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

import msgspec
import pytest

from command_line import Capture, complaint, printed
from hostile import hostile_models
from model_store import check_store, good_models, put
from samples import sample_model, shipped_name
from tinydigits.__main__ import main
from tinydigits.digest import sha256_hex
from tinydigits.models import command as command_module
from tinydigits.models import running
from tinydigits.models.owner import as_owner_of
from tinydigits.models.store import Store
from tinydigits.runtime import SOCKET_NAME

NO_DAEMON: Final = "no daemon is running: the next one takes it\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, where nothing of the machine's own is looked at."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setattr("tinydigits.config.SYSTEM_FILE", tmp_path / "config.toml")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.onnx").write_bytes(sample_model())
    return tmp_path


@pytest.fixture
def store(home: Path) -> Store:
    """The store that the command works with."""
    return Store(home / "state" / "models")


@pytest.fixture
def no_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what is tested comes after it, it is taken for granted."""
    from tinydigits.classifier import Classifier
    from tinydigits.models.records import Summary

    monkeypatch.setattr(
        command_module, "self_test", lambda content: Summary.of(Classifier.from_bytes(content).card)
    )


def model(*arguments: str) -> int:
    """Run the command."""
    return main(["model", *arguments])


def test_install(store: Store, capsys: Capture) -> None:
    """A good file is installed on trial, once; what to expect is said."""
    name = f"linear ({sha256_hex(sample_model())[:12]})"
    assert model("install", "new.onnx") == 0
    assert printed(capsys) == (
        f"installed {name}, on trial: 30 accepted readings confirm it\n{NO_DAEMON}"
    )
    assert check_store(store.folder)
    assert model("install", "new.onnx") == 0
    assert printed(capsys) == f"{name} is installed already\n{NO_DAEMON}"


@pytest.mark.parametrize("name", ["wrong shapes", "truncated", "too large"])
def test_refused(name: str, store: Store, capsys: Capture, home: Path) -> None:
    """A bad file is refused in one line that begins with its name, and what reads stays."""
    entry = put(store, b"as it was")
    (home / "bad.onnx").write_bytes(hostile_models()[name])
    assert model("install", "bad.onnx") == 4
    assert complaint(capsys).startswith("tinydigits: model bad.onnx: ")
    assert store.records().models == (entry,)


def test_missing(capsys: Capture) -> None:
    """A file that is not there is refused with the system's reason."""
    assert model("install", "missing.onnx") == 4
    assert "model missing.onnx: it can't be read: No such file" in complaint(capsys)


@pytest.mark.usefixtures("no_self_test")
def test_sha256(store: Store, capsys: Capture) -> None:
    """A SHA-256 that is given must be the file's, and must be one."""
    due = sha256_hex(sample_model())
    assert model("install", "new.onnx", "--sha256", "0" * 64) == 4
    assert f"its SHA-256 is {due}: it is another file" in complaint(capsys)
    assert model("install", "new.onnx", "--sha256", due[:-1]) == 2
    assert "--sha256 is not a SHA-256" in complaint(capsys)
    assert store.records().current is None
    assert model("install", "new.onnx", "--sha256", due.upper()) == 0


@pytest.mark.usefixtures("no_self_test")
def test_show(store: Store, capsys: Capture) -> None:
    """It tells what reads, how good it is, whether it stays, and what was there before."""
    assert model("show") == 0
    assert printed(capsys).startswith(f"model:     {shipped_name()}, comes with the program\n")
    (first,) = good_models(1)
    put(store, first)
    assert model("install", "new.onnx") == 0
    printed(capsys)
    assert model("show") == 0
    out = printed(capsys)
    for words in (
        "model:     linear, installed 20",
        f"sha256:    {sha256_hex(sample_model())}\n",
        "accuracy:  91.23 % (90.12 to 92.35 %) of 300 test digits\n",
        "started 0 of 5 times, needs 30 accepted readings\n",
        f"previous:  linear ({sha256_hex(first)[:12]}), installed 20",
    ):
        assert words in out
    assert model("rollback") == 0
    printed(capsys)
    assert model("show") == 0
    out = printed(capsys)
    assert "trial:     confirmed\n" in out
    assert f"previous:  {shipped_name()} (" in out
    assert f"returned:  linear ({sha256_hex(sample_model())[:12]}) on 20" in out
    assert out.endswith(": it was rolled back by hand\n")


def told_json(capsys: Capture, *arguments: str) -> Any:
    """What is printed as JSON."""
    assert model(*arguments, "--json") == 0
    return msgspec.json.decode(printed(capsys))


def test_json(store: Store, capsys: Capture) -> None:
    """The same for programs."""
    shown = told_json(capsys, "show")
    assert shown["model"]["summary"]["name"] == shipped_name()
    assert (shown["model"]["installed"], shown["previous"], shown["trial"]) == (None, None, None)
    entry = put(store, sample_model(), confirmed=False)
    shown = told_json(capsys, "show")
    assert shown["model"]["sha256"] == entry.sha256
    assert shown["trial"] == {"since": entry.installed, "starts": 0}
    assert (shown["trial_readings"], shown["max_starts"]) == (30, 5)
    assert shown["previous"]["installed"] is None
    names = [listed["summary"]["name"] for listed in told_json(capsys, "list")]
    assert names == ["linear", shipped_name()]


def test_list(store: Store, capsys: Capture) -> None:
    """The one that reads is marked and comes first, the one that ships last."""
    put(store, b"first")
    put(store, b"second", confirmed=False)
    assert model("list") == 0
    first, second, last = printed(capsys).splitlines()
    assert first.startswith(f"* linear ({sha256_hex(b'second')[:12]}), installed 20")
    assert first.endswith(", on trial")
    assert second.startswith(f"  linear ({sha256_hex(b'first')[:12]}), installed 20")
    assert last.startswith(f"  {shipped_name()} (")
    assert last.endswith("), comes with the program")


def test_roll_back(store: Store, capsys: Capture) -> None:
    """Going back says what reads then; with nothing to go back from it ends with code 1."""
    first, second = put(store, b"first"), put(store, b"second")
    assert model("rollback") == 0
    assert printed(capsys) == f"took back {second}: {first} reads\n{NO_DAEMON}"
    assert model("rollback") == 0
    assert printed(capsys) == f"took back {first}: the model that ships reads\n{NO_DAEMON}"
    assert model("rollback") == 1
    assert complaint(capsys) == (
        "tinydigits: there is nothing to roll back: the model that ships reads\n"
    )


def test_places(home: Path, capsys: Capture) -> None:
    """The store is where the option says, else where the configuration does."""
    (home / "my.toml").write_text('[model]\nstore = "mine"\n')
    put(Store(home / "mine"), b"first")
    assert len(told_json(capsys, "list", "--config", "my.toml")) == 2
    assert len(told_json(capsys, "list", "--config", "my.toml", "--store", "other")) == 1
    (home / "config.toml").write_text('[model]\nstore = "mine"\n')
    assert len(told_json(capsys, "list")) == 2


def test_configured_path(home: Path, capsys: Capture, store: Store) -> None:
    """Where the configuration names a model file it is said that the store is not used."""
    (home / "config.toml").write_text('[model]\npath = "/mine.onnx"\n')
    put(store, b"first")
    for action in ("show", "rollback"):
        assert model(action) == 0
        assert capsys.readouterr().err == (
            "tinydigits: model.path is /mine.onnx: what is in the store is not used\n"
        )


@pytest.mark.usefixtures("no_self_test")
def test_store_not_writable(home: Path, capsys: Capture) -> None:
    """A store that can't be written ends with the exit code for outputs."""
    (home / "file").write_bytes(b"")
    assert model("install", "new.onnx", "--store", "file/models") == 5
    assert "can't be written" in complaint(capsys)


@pytest.fixture
def daemon(home: Path) -> Iterator[list[int]]:
    """A stand-in for the daemon that listens on its socket: this process; the signals it got."""
    got: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        got.append(number)

    before = signal.signal(signal.SIGHUP, note)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(home / SOCKET_NAME))
        listener.listen()
        yield got
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("no_self_test")
def test_daemon_is_told(daemon: list[int], capsys: Capture) -> None:
    """A running daemon is told to reload, also where all was installed before."""
    for _ in range(2):
        assert model("install", "new.onnx") == 0
    assert model("rollback") == 0
    assert daemon == [signal.SIGHUP] * 3
    assert printed(capsys).count(f"told the daemon (process {os.getpid()})\n") == 3


def test_daemon_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that may not be told has to be restarted, which is said."""

    def forbidden(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "kill", forbidden)
    assert running.tell_to_reload(running.Daemon(7, os.geteuid())) == (
        "the daemon (process 7) can't be told: Operation not permitted: restart it"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_daemon_of_a_user(home: Path) -> None:
    """Root tells the daemon as its user: what belongs to somebody else by now is left alone."""
    listen = "s = socket.socket(socket.AF_UNIX); s.bind('status.sock'); s.listen()"
    heard = "signal.signal(signal.SIGHUP, signal.SIG_DFL)"  # under nohup it would be ignored
    lines = ("import os, signal, socket, time", heard, "os.setuid(4711)", listen)
    command = [sys.executable, "-c", "; ".join((*lines, "print(flush=True)", "time.sleep(60)"))]
    home.chmod(0o777)
    with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        daemon = running.running_daemon(str(home))
        assert daemon == (process.pid, 4711)
        assert running.tell_to_reload(running.Daemon(process.pid, 4712)) == (
            f"the daemon (process {process.pid}) can't be told: Operation not permitted: restart it"
        )
        assert running.tell_to_reload(daemon) == f"told the daemon (process {process.pid})"
        assert process.wait(30) == -signal.SIGHUP
    assert os.geteuid() == 0


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs OpenSSH")
class TestSigned:
    """Where the configuration names signers, only what they signed is installed."""

    @pytest.fixture(autouse=True)
    def _configured(self, home: Path, no_self_test: None) -> None:  # noqa: ARG002
        for who in ("alice", "mallory"):
            keygen(home, "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", who)
        key = (home / "alice.pub").read_text()
        (home / "signers").write_text(f"# ours\nalice@example.org {key}")
        (home / "config.toml").write_text(f'[model]\nsigners = "{home}/signers"\n')

    def test_signed(self, home: Path, store: Store, capsys: Capture) -> None:
        """What one of them signed is installed, and it is said by whom."""
        sign(home, "alice")
        assert model("install", "new.onnx") == 0
        assert store.records().current.signer == "alice@example.org"  # type: ignore[union-attr]
        printed(capsys)
        assert model("show") == 0
        assert ", signed by alice@example.org\n" in printed(capsys)

    def test_unsigned(self, store: Store, capsys: Capture) -> None:
        """What nobody signed is refused, even with the right SHA-256."""
        assert model("install", "new.onnx", "--sha256", sha256_hex(sample_model())) == 4
        assert "it is not signed: there is no new.onnx.sig" in complaint(capsys)
        assert store.records().current is None

    def test_by_somebody_else(self, home: Path, capsys: Capture) -> None:
        """What somebody else signed is refused."""
        sign(home, "mallory")
        assert model("install", "new.onnx") == 4
        assert "its signature is by nobody that " in complaint(capsys)

    def test_another_file(self, home: Path, capsys: Capture) -> None:
        """A signature of another file is refused."""
        sign(home, "alice")
        (home / "new.onnx").write_bytes(good_models(1)[0])
        assert model("install", "new.onnx") == 4
        assert "its signature does not hold" in complaint(capsys)

    def test_for_something_else(self, home: Path, capsys: Capture) -> None:
        """A signature that was made for something else is refused."""
        sign(home, "alice", namespace="git")
        assert model("install", "new.onnx") == 4
        assert "its signature does not hold" in complaint(capsys)

    @pytest.mark.parametrize("rubbish", [b"", b"rubbish", b"\x00" * 100_000])
    def test_no_signature(self, rubbish: bytes, home: Path, capsys: Capture) -> None:
        """A file that is no signature is refused."""
        (home / "new.onnx.sig").write_bytes(rubbish)
        assert model("install", "new.onnx") == 4
        assert "its signature is by nobody" in complaint(capsys)

    def test_no_signers(self, home: Path, capsys: Capture) -> None:
        """Where the list of signers is missing nothing is installed."""
        (home / "signers").unlink()
        assert model("install", "new.onnx") == 2
        assert "there is no such file, or it can't be read" in complaint(capsys)

    def test_no_program(self, home: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where signatures can't be checked nothing is installed, and what is missing is said."""
        sign(home, "alice")
        monkeypatch.setenv("PATH", str(home))
        assert model("install", "new.onnx") == 4
        assert "ssh-keygen is missing (Debian: openssh-client)" in complaint(capsys)


def keygen(folder: Path, *arguments: str) -> None:
    """Run OpenSSH's own program."""
    program = shutil.which("ssh-keygen")
    assert program
    subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)


def sign(folder: Path, who: str, namespace: str = "tinydigits-model") -> None:
    """Sign the new model."""
    keygen(folder, "-Y", "sign", "-f", who, "-n", namespace, "new.onnx")


def test_closed_folder(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Who may not look into the store is told so in a line."""

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", forbidden)
    for action in ("rollback", "show"):
        assert model(action, "--config", os.devnull, "--store", "closed") == 5
        assert "be rea" in (line := complaint(capsys))
        assert line.endswith(": Permission denied\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root works as the owner of the store, behind closed doors too, and not where links lead."""
    monkeypatch.chdir(tmp_path)
    closed = tmp_path / "private"
    state = closed / "tinydigits"
    state.mkdir(parents=True)
    os.chown(state, 4711, 4711)
    closed.chmod(0o700)
    with as_owner_of(state / "models") as folder:
        assert (os.geteuid(), os.getegid(), os.getgroups()) == (4711, 4711, [4711])
        entry = put(Store(folder), b"first")
    assert os.geteuid() == os.getegid() == 0
    assert Path.cwd() == tmp_path
    for path in ((state / "models"), *(state / "models").iterdir()):
        assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4711)
    assert Store(state / "models").records().current == entry
    (closed / "roots").mkdir()
    (state / "other").symlink_to(closed / "roots")
    os.chown(state / "other", 4711, 4711, follow_symlinks=False)
    with as_owner_of(state / "other"), pytest.raises(PermissionError):
        Path("file").write_bytes(b"")
