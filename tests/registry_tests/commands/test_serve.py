"""`registry serve` before it serves: what is wrong is told in a line, and nothing heavy is imported for it."""

from __future__ import annotations

import sys

import pytest

from registry.cli import app
from registry.core.console import run
from registry.serving.server import listen


@pytest.fixture
def serve(sqlite_registry, register, tmp_path, monkeypatch, capsys):
    """Give a function that runs the command on a registry with a model, and returns its exit code and its words."""
    monkeypatch.delenv("REGISTRY_TOKEN", raising=False)
    register(sqlite_registry, 0.5, weights=None)

    def ran(*words):
        code = run(app, "registry", ["serve", "--port", "0", *words, "--storage", f"sqlite:///{tmp_path}/studies.db"])
        return code, capsys.readouterr().err

    return ran


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "nothing to serve: name MODEL@ALIAS for predictions, --registry for the registry, or both"),
        (["toy", "--host", "0.0.0.0"], 2, "there is no token; set REGISTRY_TOKEN, or give --token-file FILE"),
        (["toy@champion"], 1, "the model 'toy' has no alias 'champion'"),
        (["toy"], 1, "toy/1 was registered without weights"),
        (["--registry", "--host", "192.0.2.1", "--token-file", __file__], 2, "is empty or has blanks in it"),
    ],
)
def test_what_cannot_be_served_is_told_in_a_line(serve, words, code, said):
    found, errors = serve(*words)
    assert found == code
    assert said in errors
    assert errors.count("\n") == 1


def test_a_port_that_is_taken_is_told(serve):
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        code, errors = serve("--registry", "--port", str(port))
    assert code == 1
    assert f"nobody can listen on 127.0.0.1, port {port}: Address already in use" in errors


@pytest.mark.parametrize("host", ["x" * 70, "a..b", "no such host"])
def test_a_host_that_cannot_be_is_told(serve, monkeypatch, host):
    monkeypatch.setenv("REGISTRY_TOKEN", "secret")
    code, errors = serve("--registry", "--host", host)
    assert code == 1
    assert f"nobody can listen on {host}, port 0: " in errors
    assert errors.count("\n") == 1


def test_where_the_extra_is_missing_it_is_named(serve, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "registry.serving.server", raising=False)
    code, errors = serve("--registry")
    assert code == 1
    assert "install it: pip install 'studies[serve]'" in errors
