"""What an artifact store promises, whichever it is."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
import pytest

from registry import Registry, StoreError, StoreUnavailable, UsageError
from registry.artifacts import MissingError, Store, display, located, open_store
from registry.artifacts.stores.contract import PIECE_BYTES
from registry.core.database.transaction import writing
from registry.schema import artifacts, stores

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
    def store(self, place: str, sqlite_registry: Registry) -> Iterator[Store]:
        with writing(sqlite_registry._engine) as connection:
            store = open_store(located(place), connection)
            store.prepare()
            yield store
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
        store.prepare()
        store.put(sha(b"a"), [b"a"])
        (tmp_path / "README").write_text("mine")
        (tmp_path / "tmp" / "mine").write_text("mine")
        (tmp_path / sha(b"a")[:2] / "notes").write_text("mine")
        assert [held.sha256 for held in store.held()] == [sha(b"a")]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_no_right_to_write(self, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(StoreUnavailable, match="Permission denied; check that the folder"):
            open_store(located(str(tmp_path)), None).put(sha(b"a"), [b"a"])

    def test_a_folder_that_cannot_be(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(
            StoreError, match=f"the artifact store {tmp_path}/file/x answered: .*; check that the folder"
        ):
            open_store(located(str(tmp_path / "file/x")), None).prepare()

    def test_what_is_not_mounted_is_away_and_not_made_anew(self, tmp_path):
        store = open_store(located(str(tmp_path / "mount/registry-1")), None)
        store.prepare()
        store.put(sha(b"a"), [b"a"])
        (tmp_path / "mount").rename(tmp_path / "elsewhere")
        acts = [
            lambda: store.put(sha(b"b"), [b"b"]),
            lambda: list(store.read(sha(b"a"))),
            lambda: store.size(sha(b"a")),
            lambda: store.delete(sha(b"a")),
            lambda: list(store.held()),
            lambda: store.modified("aa/x"),
        ]
        (tmp_path / "mount").mkdir()  # the mount point is there, what was mounted is not
        for act in acts:
            with pytest.raises(StoreUnavailable, match=f"not there; mount its disk, .* artifacts {tmp_path}/mount$"):
                act()
        assert list((tmp_path / "mount").iterdir()) == []
        (tmp_path / "mount").rmdir()
        (tmp_path / "elsewhere").rename(tmp_path / "mount")
        assert list(store.read(sha(b"a"))) == [b"a"]


class TestServer:
    @pytest.fixture
    def port(self, s3: str) -> Iterator[Callable[[], Any]]:
        """Give a port of S3's and a function that starts a server there; the buckets outlive it."""
        import fsspec.config
        from moto.server import ThreadedMotoServer

        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        servers = []

        def start() -> Any:
            servers.append(ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False))
            servers[-1].start()
            return servers[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(fsspec.config.conf, "s3", {"endpoint_url": f"http://127.0.0.1:{port}"})
            yield start
        servers[-1].stop()

    def test_one_that_is_away_comes_back(self, s3, port, tmp_path):
        store = open_store(f"{s3}/{tmp_path.name}", None)
        with pytest.raises(StoreUnavailable, match="Could not connect"):
            store.put(sha(b"a"), [b"a"])
        server = port()
        store = open_store(f"{s3}/{tmp_path.name}", None)
        store.put(sha(b"a"), [b"a"])
        server.stop()
        with pytest.raises(StoreUnavailable, match="Could not connect"):
            list(store.read(sha(b"a")))
        port()
        assert list(open_store(f"{s3}/{tmp_path.name}", None).read(sha(b"a"))) == [b"a"]

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (PermissionError("the keys are wrong"), StoreError),
            (FileNotFoundError("no such bucket"), StoreError),
            (TimeoutError("no answer"), StoreUnavailable),
            (OSError(121, "Remote I/O error"), StoreUnavailable),
            (RuntimeError("what nobody has thought of"), StoreUnavailable),
        ],
        ids=lambda value: getattr(value, "__name__", type(value).__name__),
    )
    def test_what_is_waited_for(self, error, kind):
        class Failing(fsspec.AbstractFileSystem):
            def makedirs(self, *_path, **_options):
                raise error

        fsspec.register_implementation("failing", Failing, clobber=True)
        with pytest.raises(StoreError, match="check the URL") as caught:
            open_store("failing://x/y", None).put(sha(b"a"), [b"a"])
        assert type(caught.value) is kind


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

    def test_a_place_where_nothing_can_be_stored(self, sqlite_registry, tmp_path):
        with pytest.raises(StoreError, match="the artifact store http://127.0.0.1:9/x/registry-.* answered"):
            Registry(f"sqlite:///{tmp_path}/studies.db", artifacts="http://127.0.0.1:9/x")
        assert (sqlite_registry.artifacts, sqlite_registry.stores()) == ("database", [])

    def test_a_store_that_was_never_used_and_never_answers_stops_nobody(self, sqlite_registry, register, caplog):
        register(sqlite_registry, 0.5)
        with writing(sqlite_registry._engine) as connection:
            connection.execute(stores.insert(), {"url": "gopher://x/registry-1", "created_at": datetime.now(UTC)})
        assert sqlite_registry.verify(grace=timedelta(0)).clean
        assert sqlite_registry.gc().files == ()
        assert "Protocol not known: gopher" in caplog.text


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

    def test_a_store_that_is_away_is_not_taken_for_an_empty_one(self, stored, place, register, tmp_path):
        if not place.startswith("/"):
            pytest.skip("a folder shows it")
        register(stored, 0.5, weights=b"kept")
        Path(place).rename(tmp_path / "away")
        for act in (stored.verify, stored.gc, lambda: register(stored, 0.6, weights=b"new")):
            with pytest.raises(StoreUnavailable, match="is not there; mount its disk"):
                act()
        assert len(stored.list("toy")) == 1
        (tmp_path / "away").rename(place)
        assert stored.verify(grace=timedelta(0)).clean

    def test_a_former_store_of_which_nothing_is_left_may_be_gone(self, stored, url, place, register, tmp_path, caplog):
        if not place.startswith("/"):
            pytest.skip("a folder shows it")
        with Registry(url, artifacts=str(tmp_path / "other")) as changed:
            register(changed, 0.5)
            shutil.rmtree(place)
            assert changed.verify(grace=timedelta(0)).clean
        assert "nothing of this registry is known to be there, so it is passed over" in caplog.text

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
