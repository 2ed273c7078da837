"""The dashboard's server, with a small app in the place of optuna-dashboard's own."""

import http.client
import json
import socket
import sys
import threading
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest

from search.dashboard import serving
from search.errors import DashboardError


def names_of_studies(storage):
    """Return an app that answers everything with the studies' names."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps([study.study_name for study in storage.get_all_studies()]).encode()]

    return app


@pytest.fixture
def url(sqlite_engine, make_study, monkeypatch):
    """Give the URL of a database with a study, where the small app is installed."""
    make_study(sqlite_engine, name="night")
    monkeypatch.setitem(sys.modules, "optuna_dashboard", SimpleNamespace(wsgi=names_of_studies))
    return str(sqlite_engine.url)


def test_questions_are_answered_and_everything_else_is_refused(url, capfd):
    with serving(url, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/api/studies"
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert json.loads(answer.read()) == ["night"]
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                request = urllib.request.Request(address, data=b"{}", method=method)
                with pytest.raises(urllib.error.HTTPError, match="403") as refused:
                    urllib.request.urlopen(request, timeout=10)
                assert "this dashboard only shows" in json.loads(refused.value.read())["reason"]
                refused.value.close()
        finally:
            server.shutdown()
            thread.join()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        *(("127.0.0.1:{port}", 200), ("localhost:{port}", 200), ("LocalHost", 200), ("localhost.", 200)),
        *((socket.gethostname(), 200), (f"{socket.gethostname()}:{{port}}", 200)),
        *(("evil.example", 403), ("evil.example:{port}", 403), ("localhost.evil.example", 403), ("10.9.8.7", 403)),
        *(("", 403), ("localhost:x", 403), ("localhost@evil.example", 403), ("[::1", 403), ("[::1]", 403)),
    ],
)
def test_only_this_machines_names_are_answered(url, asked, code):
    with serving(url, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
            connection.putrequest("GET", "/api/studies", skip_host=True)
            connection.putheader("Host", asked.format(port=server.server_port))
            connection.endheaders()
            answer = connection.getresponse()
            body = json.loads(answer.read())
            connection.close()
        finally:
            server.shutdown()
            thread.join()
    assert answer.status == code
    assert body == ["night"] if code == 200 else "answers only to names of its machine" in body["reason"]


def test_a_port_that_is_taken_is_named(url):
    with (
        serving(url, "127.0.0.1", 0) as first,
        pytest.raises(DashboardError, match=f"cannot listen on 127.0.0.1 port {first.server_port}: .*another --port"),
        serving(url, "127.0.0.1", first.server_port),
    ):
        pass


def test_a_host_that_cannot_be_is_told(url):
    with pytest.raises(DashboardError, match=r"cannot listen on a\.\.b port 0: .*; choose"), serving(url, "a..b", 0):
        pass


def test_where_the_extra_is_missing_it_is_named(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    missing = pytest.raises(DashboardError, match=r"optuna-dashboard is not installed; install: .*\[dashboard\]")
    with missing, serving(url, "127.0.0.1", 0):
        pass
