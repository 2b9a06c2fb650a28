"""MNIST through scikit-learn, from a server on this machine that answers as OpenML does."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import numpy as np
import pytest
from sklearn.datasets import _openml

from tinydigits.classifier import Glyphs
from tinydigits.errors import DataError
from tinydigits_train import mnist
from tinydigits_train.datasets import Labels
from tinydigits_train.mnist import content_digest, load_mnist

TRAIN = 30
PATHS = [
    "/api/v1/json/data/list/data_name/mnist_784",
    "/api/v1/json/data/features/554",
    "/api/v1/json/data/qualities/554",
    "/api/v1/json/data/554",
    "/data/v1/download/52667/mnist_784.arff",
]


def small_mnist() -> tuple[Glyphs, Labels]:
    """Forty pictures of noise in the shape of MNIST."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (40, 28, 28), np.uint8), rng.integers(0, 10, 40)


def answers(glyphs: Glyphs, labels: Labels) -> dict[str, bytes]:
    """What OpenML says of this data set, path by path."""
    names = [f"pixel{k}" for k in range(1, 785)]
    header = ["@RELATION mnist_784", *(f"@ATTRIBUTE {name} real" for name in names)]
    header += ["@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}", "@DATA", ""]
    rows = np.column_stack([glyphs.reshape(len(glyphs), -1), labels])
    arff = "\n".join(header) + "\n".join(",".join(map(str, row)) for row in rows.tolist()) + "\n"
    feature = {"is_ignore": "false", "is_row_identifier": "false", "data_type": "numeric"}
    feature["number_of_missing_values"] = "0"
    features = [
        {**feature, "index": str(k), "name": name, "is_target": "false"}
        for k, name in enumerate(names)
    ]
    target = {"index": "784", "name": "class", "is_target": "true", "data_type": "nominal"}
    description = {
        "id": "554",
        "name": "mnist_784",
        "version": "1",
        "description": "MNIST",
        "format": "ARFF",
        "status": "active",
        "url": f"https://api.openml.org{PATHS[-1]}",
        "md5_checksum": hashlib.md5(arff.encode(), usedforsecurity=False).hexdigest(),
    }
    count = [{"name": "NumberOfInstances", "value": f"{len(glyphs)}.0"}]
    documents = [
        {"data": {"dataset": [{"did": 554, "name": "mnist_784", "version": 1}]}},
        {"data_features": {"feature": [*features, {**feature, **target}]}},
        {"data_qualities": {"quality": count}},
        {"data_set_description": description},
    ]
    contents = [*(json.dumps(document).encode() for document in documents), arff.encode()]
    return dict(zip(PATHS, contents, strict=True))


class OpenML:
    """An HTTP server on the loopback interface."""

    def __init__(self) -> None:
        self.answers = answers(*small_mnist())
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        openml = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                openml.asked.append(self.path)
                known = [path for path in PATHS if self.path.startswith(path)]
                self.send_response(200 if known else 404)
                self.end_headers()
                self.wfile.write(openml.answers[known[0]] if known else b"")

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def stop(self) -> None:
        """Answer no more, and wait until the port is closed."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def openml(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OpenML]:
    """The server, with scikit-learn led to it and an empty cache of its own."""
    openml = OpenML()
    lead_to(openml.port, monkeypatch)
    monkeypatch.delenv("TINYDIGITS_DATA", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    glyphs, labels = small_mnist()
    monkeypatch.setattr(mnist, "TEST_START", TRAIN)
    monkeypatch.setattr(mnist, "_TRAIN_DIGEST", content_digest(glyphs[:TRAIN], labels[:TRAIN]))
    monkeypatch.setattr(mnist, "_TEST_DIGEST", content_digest(glyphs[TRAIN:], labels[TRAIN:]))
    yield openml
    openml.stop()


def lead_to(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every request that scikit-learn makes to a port of this machine."""

    def open_here(request: Request, *args: Any, **options: Any) -> Any:
        parts = urlsplit(request.full_url)._replace(scheme="http", netloc=f"127.0.0.1:{port}")
        request.full_url = parts.geturl()
        return urlopen(request, *args, **options)  # noqa: S310  the scheme is set above

    monkeypatch.setattr(_openml, "urlopen", open_here)


def closed_port() -> int:
    """A port that refuses connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_fetch(openml: OpenML) -> None:
    """OpenML's copy is fetched as glyphs and labels, training part first."""
    dataset = load_mnist()
    glyphs, labels = small_mnist()
    assert np.array_equal(dataset.glyphs, glyphs)
    assert np.array_equal(dataset.labels, labels)
    assert dataset.test_start == TRAIN
    assert PATHS[-1] in openml.asked


def test_offline_after_a_fetch(openml: OpenML, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was fetched once is read again without a network."""
    fetched = load_mnist()
    lead_to(closed_port(), monkeypatch)
    openml.asked.clear()
    assert load_mnist().sha256 == fetched.sha256
    assert not openml.asked


def test_any_order_within_a_part(openml: OpenML) -> None:
    """The order of the images within the training and the test part is left to OpenML."""
    glyphs, labels = small_mnist()
    order = np.r_[TRAIN - 1 : -1 : -1, TRAIN : len(labels)]
    openml.answers = answers(glyphs[order], labels[order])
    assert np.array_equal(load_mnist().glyphs, glyphs[order])


@pytest.mark.parametrize("change", ["pixel", "label", "part"])
def test_refuses_other_content(openml: OpenML, change: str) -> None:
    """A copy with another pixel, another label, or a test image among the training images is
    refused.
    """
    glyphs, labels = small_mnist()
    if change == "pixel":
        glyphs[3, 14, 14] ^= 1
    elif change == "label":
        labels[-1] = (labels[-1] + 1) % 10
    else:
        glyphs[[0, -1]], labels[[0, -1]] = glyphs[[-1, 0]], labels[[-1, 0]]
    openml.answers = answers(glyphs, labels)
    with pytest.raises(DataError, match=r"not the original MNIST: .*--data-dir"):
        load_mnist()


def test_offline(openml: OpenML, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a copy and without a network one line tells the three ways out."""
    lead_to(closed_port(), monkeypatch)
    with pytest.raises(DataError) as raised:
        load_mnist()
    message = str(raised.value)
    assert "\n" not in message
    assert "Connection refused" in message
    for way in ("--data-dir", "TINYDIGITS_DATA", "keeps a copy", "--data bundled"):
        assert way in message
    assert not openml.asked


def test_damaged_download(openml: OpenML) -> None:
    """A download that arrives damaged is refused, and nothing of it is used."""
    openml.answers[PATHS[-1]] = openml.answers[PATHS[-1]][:-1000]
    with pytest.raises(DataError, match=r"can't be fetched from OpenML \(.*md5"):
        load_mnist()


def test_damaged_cache(openml: OpenML, tmp_path: Path) -> None:
    """A damaged file in scikit-learn's cache is fetched again."""
    load_mnist()
    [arff] = tmp_path.rglob("*.arff.gz")
    arff.write_bytes(arff.read_bytes()[:100])
    assert len(load_mnist()) == len(small_mnist()[1])
    assert openml.asked.count(PATHS[-1]) == 2
