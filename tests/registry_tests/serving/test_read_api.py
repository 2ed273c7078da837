"""The registry's answers over HTTP are those of the commands, with ETags; nothing can be written."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from support.serving import running

from registry import Registry
from registry.cli import app as registry_app
from registry.core.console import run
from registry.serving.app import build_app


@pytest.fixture
def client(registry: Registry, register):
    for number in range(5):
        register(registry, number / 10, tags={"team": "vision" if number % 2 else "text"})
    register(registry, 0.9, weights=None)
    registry.set_alias("toy", "champion", 3)
    with running(build_app(None, registry)) as made:
        yield made


ANSWERS = {
    "/models": ["models"],
    "/models/toy/versions": ["list", "toy"],
    "/versions/toy/2": ["show", "toy/2"],
    "/versions/toy@champion": ["show", "toy@champion"],
    "/versions/toy": ["show", "toy"],
    "/versions/toy/2/curves": ["curves", "toy/2"],
    "/best?model=toy&loadable=true": ["best", "toy", "--loadable"],
    "/best?model=toy&where=tag.team%20%3D%20'text'": ["best", "toy", "--where", "tag.team = 'text'"],
}


def test_an_answer_is_the_commands(client, database_url, capsys):
    for path, words in ANSWERS.items():
        answer = client.get(path)
        assert answer.status == 200
        assert run(registry_app, "registry", [*words, "--json", "--storage", database_url]) == 0
        assert answer.body.decode() == capsys.readouterr().out
        again = client.get(path, If_None_Match=answer.headers["etag"])
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", answer.headers["etag"])
        assert client.get(path, If_None_Match='"another"').status == 200


def test_versions_are_filtered_and_sorted(client):
    found = client.get("/models/toy/versions?where=tag.team%20%3D%20'vision'&sort=val_accuracy+desc&limit=1")
    assert [version["version"] for version in found.document] == [4]


def test_pages_lead_to_all_versions(client):
    path, seen = "/models/toy/versions?limit=4&best_first=true", []
    while path:
        answer = client.get(path)
        seen += [version["version"] for version in answer.document]
        path = "".join(re.findall(r'^<(.+)>; rel="next"$', answer.headers.get("link", "")))
    assert seen == [6, 5, 4, 3, 2, 1]


def test_weights_are_the_file_and_its_hash_the_etag(client):
    answer = client.get("/versions/toy@champion/weights")
    assert answer.body == b"weights 0.2"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.body).hexdigest()}"'
    assert answer.headers["content-length"] == str(len(answer.body))
    known = client.get("/versions/toy/3/weights", If_None_Match=f"W/{answer.headers['etag']}")
    assert (known.status, known.body) == (304, b"")


WRONG = [
    ("/versions/toy/7", 404, "the model 'toy' has no version 7"),
    ("/versions/toy@best", 404, "has no alias 'best'"),
    ("/versions/to%20y", 400, "names no version; expected MODEL, MODEL/3 or MODEL@ALIAS"),
    ("/versions/toy/6/weights", 404, "toy/6 cannot be loaded, for it has no weights"),
    ("/models/toys/versions", 404, "did you mean 'toy'?"),
    ("/models/toy/versions?limit=0", 400, "limit is '0'; expected 1 to 1000"),
    ("/models/toy/versions?limit=-1", 400, "expected 1 to 1000"),
    ("/models/toy/versions?after=x", 400, "cursor"),
    ("/models/toy/versions?wher=x", 400, "no parameter 'wher'; did you mean 'where'?"),
    ("/models/toy/versions?best_first=yes", 400, "best_first is 'yes'; expected true or false"),
    ("/models/toy/versions?where=score%20%3E", 400, "it ends here; expected a number"),
    ("/models?x=1", 400, "has no parameter 'x'; expected none"),
    ("/best", 400, "expected /best?model=NAME"),
    ("/best?model=toy&direction=up", 400, "direction"),
    ("/nothing", 404, "expected one of: GET /models, GET /models/{model}/versions"),
]


def test_what_is_wrong_is_told(client):
    for path, status, said in WRONG:
        answer = client.get(path)
        assert (path, answer.status) == (path, status)
        assert said in answer.document["error"]


def test_nothing_can_be_written(client):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert {client.ask(method, path).status for path in ("/models", "/versions/toy/2", "/best")} == {405}


def test_it_tells_whether_it_is_well_and_what_can_be_asked(client):
    assert [client.get(path).status for path in ("/health", "/ready", "/metrics")] == [200] * 3
    paths = client.get("/openapi.json").document["paths"]
    assert {"/models", "/versions/{ref}/weights", "/best"} < set(paths)
    assert json.dumps(paths["/best"]).count('"in": "query"') == 5
    for path, asked in (("/metrics", "/metrics"), ("/versions/{ref}/weights", "/versions/toy/2/weights")):
        (kind,) = paths[path]["get"]["responses"]["200"]["content"]
        assert client.get(asked).headers["content-type"].startswith(kind)


def test_a_database_that_is_gone_is_an_outage_of_the_service(tmp_path):
    file = tmp_path / "gone.db"
    Registry(f"sqlite:///{file}", create=True).close()
    with Registry(f"sqlite:///{file}") as gone, running(build_app(None, gone)) as client:
        assert client.get("/models").status == 200
        file.rename(tmp_path / "elsewhere.db")
        answer = client.get("/models")
        assert (answer.status, "gone.db" in answer.document["error"]) == (503, True)
