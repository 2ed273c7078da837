"""Clients that are slow, or never end, do not hold the service for ever; those that are only unusual are answered."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from support.pets import SAMPLE, register_pets
from support.serving import Client, running

from registry import Registry
from registry.serving import connection, predicting
from registry.serving.app import build_app
from registry.serving.model.following import Following

LARGE = 30_000_000  # bytes, more than a connection holds on its way
BODY = json.dumps({"instances": SAMPLE.tolist()}).encode()
PREDICT = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n%s\r\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with Registry(f"sqlite:///{tmp_path_factory.mktemp('slow')}/studies.db", create=True) as registry:
        register_pets(registry)
        registry.register("large", weights=b"w" * LARGE, metric="val_loss", score=0.5, epoch=1)
        with running(build_app(Following(registry, "pets"), registry, max_bytes=10_000)) as made:
            yield made


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connection, "SEND_SECONDS", 0.3)
    monkeypatch.setattr(predicting, "BODY_SECONDS", 0.3)


@contextmanager
def connected(client: Client) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", client.port), timeout=30) as made:
        yield made


def rest(made: socket.socket) -> bytes:
    """Return what comes until the service closes the connection."""
    came = b""
    with suppress(ConnectionResetError):
        while piece := made.recv(65536):
            came += piece
    return came


def say_more(made: socket.socket) -> None:
    for _ in range(1_000):
        made.sendall(b"x" * 100)
        with suppress(TimeoutError):
            made.recv(1)


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET /health HTTP/1.1\r\nHo", b"GET /" + b"x" * 100])
def test_who_sends_no_whole_head_is_left(client: Client, sent: bytes) -> None:
    with connected(client) as made:
        made.sendall(sent)
        assert rest(made) == b""


def test_who_sends_half_a_head_behind_a_request_is_left(client: Client) -> None:
    with connected(client) as made:
        made.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /health")
        assert rest(made).count(b"HTTP/1.1 200 OK") == 1


@pytest.mark.parametrize("begin", [b"GET /", b"GET /health HTTP/1.1\r\nX-Long: "])
def test_a_head_without_an_end_is_refused(client: Client, begin: bytes) -> None:
    with connected(client) as made:
        with suppress(OSError):  # it closes before we have sent all
            made.sendall(begin)
            for _ in range(10_000):
                made.sendall(b"x" * 10_000)
        assert rest(made)[:12] in (b"", b"HTTP/1.1 400")


def test_a_body_that_does_not_go_on_is_told_so(client: Client) -> None:
    with connected(client) as made:
        made.sendall(PREDICT % (len(BODY), b"") + BODY[:-1])
        came = rest(made)
    assert b"408 Request Timeout" in came
    assert b"nothing of the request's body came for 0.3 seconds, after %d bytes" % (len(BODY) - 1) in came


def test_the_rest_of_a_refused_body_is_not_read_for_ever(client: Client) -> None:
    with connected(client) as made:
        made.sendall(PREDICT % (10**9, b""))
        assert b"413" in made.recv(65536)
        made.settimeout(0.02)
        with pytest.raises(OSError, match="reset|Broken pipe"):
            say_more(made)


def test_who_owes_a_body_does_not_keep_the_service_from_ending(
    sqlite_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LAST_BODY_SECONDS", 0.1)
    monkeypatch.setattr(predicting, "BODY_SECONDS", 60.0)
    register_pets(sqlite_registry)
    with running(build_app(Following(sqlite_registry, "pets"), None)) as ending, connected(ending) as made:
        made.sendall(PREDICT % (100, b"Expect: 100-continue\r\n") + b"{")
        assert b"100 Continue" in made.recv(65536)
        began = time.monotonic()
    assert time.monotonic() - began < 15


def test_who_takes_nothing_of_an_answer_is_left(client: Client) -> None:
    with connected(client) as made:
        made.sendall(b"GET /versions/large/1/weights HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert client.get("/health").status == 200
        assert 0 < len(rest(made)) < LARGE


def test_what_comes_in_pieces_and_in_time_is_answered(client: Client) -> None:
    with connected(client) as made:
        for byte in PREDICT % (len(BODY), b"Connection: close\r\n") + BODY:
            made.sendall(bytes([byte]))
        assert b'"version":1' in rest(made)


def test_requests_that_are_sent_without_waiting_are_answered_in_their_order(client: Client) -> None:
    with connected(client) as made:
        request = PREDICT % (len(BODY), b"") + BODY
        made.sendall(request * 20 + b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        came = rest(made)
    assert came.count(b"HTTP/1.1 200 OK") == 21
    assert came.index(b"predictions") < came.index(b'"status":"ready"')


@pytest.mark.parametrize("cut", [1, 40, 220, 10_000])
def test_who_would_rather_speak_http_2_is_answered(client: Client, cut: int) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
    request = PREDICT % (len(BODY), upgrade) + BODY
    last = PREDICT % (len(BODY), b"Connection: close, Upgrade\r\nUpgrade: websocket\r\n") + BODY
    with connected(client) as made:
        made.sendall(request[:cut])
        made.sendall(request[cut:] + request + last)
        came = rest(made)
    assert came.count(b'"version":1') == 3


def test_who_asks_for_a_way_elsewhere_is_refused(client: Client) -> None:
    with connected(client) as made:
        made.sendall(b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\nx")
        assert rest(made).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "target",
    [b"/nothing?\xff", b"/models?x\xff=1", b"/n\xffothing", b"/%00", b"/%ff%fe", b"//", b"*", b"/models?a=%00"],
)
def test_whatever_is_asked_for_gets_an_answer(client: Client, target: bytes) -> None:
    for host in (b"127.0.0.1", b"localhost:99999999"):
        with connected(client) as made:
            made.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
            assert rest(made)[:10] == b"HTTP/1.1 4"
