"""Who may ask: this machine, or who has the token."""

from __future__ import annotations

import asyncio

import pytest
from support.serving import running

from registry import UsageError
from registry.serving.app import build_app
from registry.serving.guard import Guard, token_for
from registry.serving.metrics import Metrics


@pytest.fixture(autouse=True)
def no_token(monkeypatch):
    monkeypatch.delenv("REGISTRY_TOKEN", raising=False)


@pytest.fixture
def client(sqlite_registry):
    with running(build_app(None, sqlite_registry, token="secret")) as made:
        yield made


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_needs_no_token(host):
    assert token_for(host, None) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.4", "example.org", ""])
def test_others_do(host, monkeypatch, tmp_path):
    with pytest.raises(UsageError, match="there is no token; set REGISTRY_TOKEN, or give --token-file FILE"):
        token_for(host, None)
    monkeypatch.setenv("REGISTRY_TOKEN", "from-environment")
    assert token_for(host, None) == "from-environment"
    (tmp_path / "token").write_text("from-file\n")
    assert token_for(host, tmp_path / "token") == "from-file"


@pytest.mark.parametrize("token", ["", " \n", "two words", "tökén"])
def test_a_token_that_cannot_be_is_refused_and_not_shown(token, tmp_path, monkeypatch):
    (tmp_path / "token").write_text(token)
    monkeypatch.setenv("REGISTRY_TOKEN", token)
    for file in (tmp_path / "token", None):
        with pytest.raises(UsageError, match="is empty or has blanks in it; expected one word") as refused:
            token_for("127.0.0.1", file)
        assert "words" not in str(refused.value)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        token_for("127.0.0.1", tmp_path / "none")


def test_a_request_without_the_token_is_refused(client):
    for header in (None, "secret", "Bearer", "Bearer secre", "Bearer secret2", "Basic secret", "Bearer é"):
        answer = client.get("/models", **({} if header is None else {"Authorization": header}))
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "expected the header 'Authorization: Bearer TOKEN'" in answer.document["error"]


def test_a_request_with_it_is_answered_by_whatever_name_the_machine_is_called(client):
    for header in ("Bearer secret", "bearer secret", "BEARER  secret"):  # as RFC 9110 has it
        assert client.get("/models", Authorization=header, Host="models.example.org").status == 200


def test_whether_it_is_well_is_told_to_everybody_and_nothing_else(client):
    assert client.get("/health").document == {"status": "ok"}
    assert client.get("/ready").document == {"status": "ready"}


def test_without_a_token_a_page_cannot_ask_by_a_name_of_its_own(sqlite_registry):
    with running(build_app(None, sqlite_registry)) as client:
        for host in ("localhost:1", "127.0.0.1", "[::1]:80"):
            assert client.get("/models", Host=host).status == 200
        for host in ("rebound.example.org", "127.0.0.1.example.org", "[::1"):
            answer = client.get("/models", Host=host)
            assert answer.status == 403
            assert "is not this machine" in answer.document["error"]


def test_who_is_not_answered_before_the_service_ends_is_told_so():
    sent = []

    async def send(message):
        sent.append(message)

    async def waiting(*_):
        await asyncio.Event().wait()

    async def ended():
        scope = {"type": "http", "headers": [], "path": "/"}
        task = asyncio.create_task(Guard(waiting, None, Metrics())(scope, None, send))
        await asyncio.sleep(0)
        task.cancel()
        await task

    asyncio.run(ended())
    assert sent[0]["status"] == 503
    assert sent[1]["body"] == b'{"error":"the service ends"}'
