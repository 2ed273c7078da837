"""What an artifact store promises, whichever it is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry import Registry, StoreError, UsageError
from registry.artifacts import MissingError, Store, display, located, open_store
from registry.artifacts.contract import PIECE_BYTES
from registry.core.database.transaction import writing
from registry.schema import artifacts

KINDS = ["database", "folder", "memory", "s3"]
BIG = bytes(range(256)) * (PIECE_BYTES // 200)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE_BYTES):
        yield data[start : start + PIECE_BYTES]


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Start a server that speaks S3; give a bucket's URL. Its keys and address are in the environment."""
    import boto3
    import fsspec.config
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        # What FSSPEC_S3_ENDPOINT_URL does in a new process.
        patch.setitem(fsspec.config.conf, "s3", {"endpoint_url": address})
        boto3.client("s3", endpoint_url=address).create_bucket(Bucket="models")
        yield "s3://models/some/where"
    server.stop()


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """Give what `Registry(artifacts=…)` takes, for each kind of store."""
    if request.param == "s3":
        return str(request.getfixturevalue("s3")) + f"/{tmp_path.name}"
    return {
        "database": "database",
        "folder": str(tmp_path / "the weights"),
        "memory": f"memory://{tmp_path.name}",
    }[request.param]


class TestContract:
    @pytest.fixture
    def store(self, place: str, tmp_path: Any) -> Iterator[Store]:
        with Registry(f"sqlite:///{tmp_path}/s.db", create=True) as made, writing(made._engine) as connection:
            yield open_store(located(place), connection)
            connection.rollback()

    @pytest.fixture
    def put(self, store: Store) -> Callable[[bytes], str]:
        def put(data: bytes, content: Any = None) -> str:
            if store.url is None:
                row = {"sha256": sha(data), "bytes": len(data), "created_at": datetime.now(UTC)}
                store._connection.execute(artifacts.insert(), row)
            store.put(sha(data), pieces(data) if content is None else content)
            return sha(data)

        return put

    @pytest.mark.parametrize("data", [b"", b"x", BIG], ids=len)
    def test_what_is_put_is_read(self, store, put, data):
        name = put(data)
        assert b"".join(store.read(name)) == data
        assert store.size(name) == len(data)

    def test_it_is_read_in_pieces(self, store, put):
        assert max(len(piece) for piece in store.read(put(BIG))) <= PIECE_BYTES

    def test_what_is_not_there(self, store):
        with pytest.raises(MissingError):
            list(store.read(sha(b"nothing")))
        assert store.size(sha(b"nothing")) is None
        store.delete(sha(b"nothing"))

    def test_deleted_is_not_there(self, store, put):
        name = put(b"some")
        store.delete(name)
        assert store.size(name) is None
        assert list(store.held()) == []

    def test_files_are_told_and_removed(self, store, put):
        names = {put(b"one"), put(b"two")}
        found = list(store.held())
        if store.url is None:
            assert found == []
            return
        assert {(held.sha256, held.bytes) for held in found} == {(name, 3) for name in names}
        age = datetime.now(UTC) - store.modified(found[0].name)
        assert timedelta(seconds=-2) < age < timedelta(minutes=5)
        store.remove(found[0].name)
        store.remove(found[0].name)
        assert store.modified(found[0].name) is None
        assert list(store.held()) == found[1:]

    def test_half_written_is_not_seen(self, store, put):
        def broken() -> Iterator[bytes]:
            yield BIG
            raise ZeroDivisionError

        if store.url is None:
            pytest.skip("the transaction sees to it; the registry's tests tell")
        with pytest.raises((ZeroDivisionError, StoreError)):
            put(BIG, broken())
        assert store.size(sha(BIG)) is None
        assert list(store.held()) == []


class TestFolder:
    def test_files_of_others_are_left_alone(self, tmp_path):
        store = open_store(located(str(tmp_path)), None)
        store.put(sha(b"a"), [b"a"])
        (tmp_path / "README").write_text("mine")
        (tmp_path / "tmp" / "mine").write_text("mine")
        (tmp_path / sha(b"a")[:2] / "notes").write_text("mine")
        assert [held.sha256 for held in store.held()] == [sha(b"a")]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_no_right_to_write(self, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(StoreError, match="Permission denied; check that the folder"):
            open_store(located(str(tmp_path / "x")), None).put(sha(b"a"), [b"a"])

    def test_a_folder_that_cannot_be(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(
            StoreError, match=f"the artifact store {tmp_path}/file/x answered: .*; check that the folder"
        ):
            open_store(located(str(tmp_path / "file/x")), None).put(sha(b"a"), [b"a"])


class TestUrls:
    @pytest.mark.parametrize(
        "text",
        ["sftp://ann:s3cret@host/x", "s3://key:s3cret@bucket/x", "s3://b/x?key=s3cret", "simplecache::s3://s3cret"],
    )
    def test_secrets_are_refused_and_not_repeated(self, text, tmp_path):
        with pytest.raises(UsageError, match="put them into the environment") as caught:
            Registry(f"sqlite:///{tmp_path}/s.db", create=True, artifacts=text)
        assert "s3cret" not in str(caught.value)
        assert not (tmp_path / "s.db").exists()

    @pytest.mark.parametrize(
        "text", ["", "S3://bucket", "s3://", "memory://", "s3//bucket/models", "s3:/bucket", "C:models"]
    )
    def test_what_is_no_place(self, text):
        with pytest.raises(UsageError, match=r"expected .*s3://bucket/models"):
            located(text)

    @pytest.mark.parametrize("text", ["/srv/a b", "/srv/100%", "/srv/ü#?", "/srv/s3:x"])
    def test_a_folder_comes_back(self, text):
        assert display(located(text)) == text
        assert located(located(text)) == located(text)

    def test_an_unknown_protocol(self, sqlite_registry, register, tmp_path):
        with pytest.raises(StoreError, match="Protocol not known: gopher"):
            Registry(f"sqlite:///{tmp_path}/studies.db", artifacts="gopher://host/x")
        assert sqlite_registry.artifacts == "database"


class TestRegistry:
    """A registry whose artifacts are anywhere."""

    @pytest.fixture(params=["sqlite", "postgresql"])
    def url(self, request: pytest.FixtureRequest, place: str, tmp_path: Any) -> str:
        if request.param == "sqlite":
            return f"sqlite:///{tmp_path}/s.db"
        if place == "database" or place.startswith("s3"):
            return str(request.getfixturevalue("postgres")())
        pytest.skip("what the database has to do is the same for all stores outside")

    @pytest.fixture
    def stored(self, place: str, url: str) -> Iterator[Registry]:
        with Registry(url, create=True, artifacts=place) as made:
            yield made

    def test_registered_then_exported(self, stored, register, tmp_path):
        version = register(stored, 0.5, weights=BIG)
        assert version.export(tmp_path / "x.keras").read_bytes() == BIG
        assert stored.verify().clean

    def test_the_choice_is_recorded(self, stored, place, url):
        with Registry(url) as again:
            assert again.artifacts == stored.artifacts
            assert again.artifacts.startswith(place)

    def test_the_place_that_is_shown_is_the_place(self, stored, url):
        with Registry(url, artifacts=stored.artifacts) as again:
            assert again.artifacts == stored.artifacts
            assert len(again.stores()) == (again.artifacts != "database")

    def test_a_changed_choice_is_for_new_ones(self, stored, url, register, tmp_path):
        register(stored, 0.5, weights=b"old")
        with Registry(url, artifacts=str(tmp_path / "other")) as changed:
            register(changed, 0.6, weights=b"new")
            register(changed, 0.7, weights=b"old")
            assert sum(path.is_file() for path in (tmp_path / "other").rglob("*")) == 1
            for number, data in [(1, b"old"), (2, b"new"), (3, b"old")]:
                assert changed.get(f"toy/{number}").export(tmp_path / "x.keras").read_bytes() == data
            assert changed.verify().artifacts == 2

    def test_the_displaced_goes_at_once(self, stored, register, tmp_path):
        for trial, score in enumerate([0.5, 0.6, 0.55, 0.1]):
            register(stored, score, trial=trial, top_k=1)
        found = stored.verify(grace=timedelta(0))
        assert (found.artifacts, found.clean) == (1, True)

    def test_bytes_are_brought_again_if_somebody_collected_them(self, stored, register, tmp_path):
        from registry.artifacts import content
        from registry.artifacts.findings import StoredArtifact

        with content.staging(stored._engine, b"early", None) as staged:
            if staged.weights.store is None:
                return
            unowned = StoredArtifact(sha(b"early"), 5, staged.weights.store)
            assert content.collect_unowned(stored._engine, [unowned]) == 1
            with writing(stored._engine) as connection:
                content.claim(connection, staged.weights, datetime.now(UTC))
        assert [fault.kind for fault in stored.verify().faults] == []
        assert content.collect_unowned(stored._engine, [unowned]) == 0
