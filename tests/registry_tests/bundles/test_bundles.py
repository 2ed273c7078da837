"""Bundles: what goes in comes out, bit for bit, once; and what is not safe is refused."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import math
import struct
import sys
import warnings
import zipfile
from datetime import UTC, datetime, timedelta

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import BundleError, Imported, NotFoundError, ReferencePredictions, Registry, Source, UsageError, UserError
from registry.bundles.untrusted.weights import check_weights
from registry.cli import app
from registry.core.console import run
from registry.core.database.transaction import writing
from registry.schema import versions

DENSE = {"class_name": "Dense", "module": "keras.layers", "registered_name": None, "config": {"units": 3}}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def vast(file):
    file.create_dataset("b", (10**6, 10**6), chunks=(100, 100), fillvalue=1.0)


def elsewhere(file):
    file.create_dataset("b", (3,), "f4", external=[("/etc/passwd", 0, 12)])


def around(file):
    file["layers/again"] = file["layers"]


def weights_h5(change=None):
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset("layers/dense/vars/0", data=np.arange(6.0).reshape(2, 3))
        if change:
            change(file)
    return out.getvalue()


def keras_file(config=DENSE, h5=None, **more):
    """Return the bytes of a .keras file of this configuration."""
    members = {
        "metadata.json": b"{}",
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": h5 or weights_h5(),
    }
    return zipped(members | more)


def zipped(members, compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", compression) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, data in members.items() if isinstance(members, dict) else members:
            archive.writestr(zipfile.ZipInfo(name) if isinstance(name, str) else name, data, compression)
    return out.getvalue()


def npy(dtype, shape, data):
    """Return the bytes of an .npy file of this header and so many zeros, or these bytes."""
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    body = data if isinstance(data, bytes) else bytes(data)
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body


WEIGHTS = keras_file()
NUMBERS = itertools.count()


def bits(version):
    """Return everything of a version that must survive, with floats as their bits."""

    def plain(value):
        return struct.pack("<d", value) if isinstance(value, float) else value

    return (
        plain(version.score if version.score == version.score else math.nan),
        (version.metric, version.direction, version.epoch, version.stop_reason, version.parameters),
        plain(version.seconds),
        {name: (type(value), plain(value)) for name, value in version.params.items()},
        {name: [plain(value) for value in curve.values] for name, curve in version.curves.items()},
        {name: plain(value) for name, value in version.metrics.items()},
        (version.source, version.created_at, dict(version.tags), version.description, version.weights),
    )


def marks(registry, model="toy"):
    """Return what is said of a registered model, apart from its versions."""
    (found,) = [one for one in registry.models() if one.name == model]
    return dict(found.tags), found.description, dict(found.aliases), found.protected


@pytest.fixture
def target(tmp_path):
    with Registry(f"sqlite:///{tmp_path}/target.db", create=True) as made:
        yield made


@pytest.fixture
def filled(registry, register):
    """Give a registry on each kind of database with two versions, one of them with all that there is."""
    predictions = ReferencePredictions(np.arange(4.0).reshape(2, 2), np.ones(2))
    register(
        registry,
        0.5,
        weights=WEIGHTS,
        reference_predictions=predictions,
        trial=3,
        tags={"team": "vision"},
        stop_reason="pruned",
        seconds=0.1,
    )
    register(
        registry,
        0.6,
        weights=keras_file({**DENSE, "config": {"units": 4}}),
        curves={"val_accuracy": [0.6], "x": [math.nan]},
    )
    registry.set_alias("toy", "champion", 1)
    registry.set_alias("toy", "newest", 2)
    registry.protect_alias("toy", "champion")
    registry.describe("toy/1", "# The first")
    registry.describe("toy", "Random numbers.")
    registry.set_tag("toy", "owner", "ann")
    registry.set_tag("toy", "data", "")
    return registry


class TestRoundTrip:
    def test_into_another_database(self, filled, target, tmp_path):
        out = tmp_path / "x.bundle"
        assert [version.ref for version in filled.bundle(["toy/2", "toy@champion", "toy/1"], out)] == ["toy/1", "toy/2"]
        found = target.import_bundle(out)
        names = {"toy@champion": "toy/1", "toy@newest": "toy/2"}
        assert found == Imported(added=("toy/1", "toy/2"), aliases_set=names)
        for number in (1, 2):
            before, after = filled.get(f"toy/{number}"), target.get(f"toy/{number}")
            assert bits(after) == bits(before)
            assert after.imported.endswith(f":toy/{number}")
            assert after.export(tmp_path / "b.keras").read_bytes() == before.export(tmp_path / "a.keras").read_bytes()
        assert marks(target) == marks(filled)
        assert marks(target)[::3] == ({"owner": "ann", "data": ""}, ("champion",))
        assert np.array_equal(
            target._loader.reference_predictions(target.get("toy/1")).inputs, np.arange(4.0).reshape(2, 2)
        )
        assert target.verify(grace=timedelta(0)).clean

    def test_a_second_time_adds_nothing(self, filled, target, tmp_path):
        filled.bundle(["toy/1", "toy/2"], tmp_path / "x")
        target.import_bundle(tmp_path / "x")
        target.remove_alias("toy", "champion", force=True)
        target.remove_tag("toy", "owner")
        target.describe("toy", None)
        found = target.import_bundle(tmp_path / "x")
        assert (found.added, found.present) == ((), ("toy/1", "toy/2"))
        assert len(target.list("toy")) == 2
        assert marks(target) == ({"data": ""}, None, {"newest": 2}, ())
        assert filled.import_bundle(tmp_path / "x").present == ("toy/1", "toy/2")

    def test_by_way_of_a_third(self, filled, target, tmp_path):
        filled.bundle(["toy/1"], tmp_path / "x")
        target.import_bundle(tmp_path / "x")
        target.bundle(["toy/1"], tmp_path / "y")
        assert filled.import_bundle(tmp_path / "y").present == ("toy/1",)
        with Registry(f"sqlite:///{tmp_path}/third.db", create=True) as third:
            assert third.import_bundle(tmp_path / "y").added == ("toy/1",)
            assert third.import_bundle(tmp_path / "x").present == ("toy/1",)

    def test_new_numbers_and_aliases_that_stay(self, filled, target, register, tmp_path):
        register(target, 0.1)
        target.set_alias("toy", "champion", 1)
        filled.bundle(["toy/1"], tmp_path / "x")
        assert target.import_bundle(tmp_path / "x").as_dict() == {
            "added": ("toy/2",),
            "present": (),
            "aliases_set": {},
            "aliases_left": ("toy@champion",),
            "marks_left": (),
        }
        assert marks(target)[2:] == ({"champion": 1}, ())

    def test_a_model_gets_the_marks_that_it_lacks(self, filled, target, register, tmp_path):
        register(target, 0.1)
        target.set_tag("toy", "owner", "bob")
        target.set_tag("toy", "team", "vision")
        filled.bundle(["toy/1", "toy/2"], tmp_path / "x")
        assert target.import_bundle(tmp_path / "x").marks_left == ("toy: tag owner",)
        assert marks(target)[:2] == ({"owner": "bob", "data": "", "team": "vision"}, "Random numbers.")
        assert [event.kind for event in target.history("toy") if event.to_version is None][2:] == [
            "tag_set",
            "described",
        ]

    def test_a_description_that_is_here_stays(self, filled, target, register, tmp_path):
        register(target, 0.1)
        target.describe("toy", "Ours.")
        filled.bundle(["toy/1"], tmp_path / "x")
        assert target.import_bundle(tmp_path / "x").marks_left == ("toy: description",)
        assert marks(target)[1] == "Ours."

    def test_a_study_of_the_same_name_goes_on(self, filled, target, register, tmp_path):
        filled.bundle(["toy/1"], tmp_path / "x")
        register(target, 0.1, trial=3, top_k=1)
        target.import_bundle(tmp_path / "x")
        assert target.get("toy/2").source.trial == 3
        assert register(target, 0.2, trial=4, top_k=1).version == 3
        assert [version.weights is not None for version in target.list("toy")] == [False, True, True]

    def test_same_content_is_the_same_file(self, filled, tmp_path):
        filled.bundle(["toy/1", "toy/2"], tmp_path / "x")
        filled.bundle(["toy/2", "toy/1"], tmp_path / "y")
        assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()

    def test_a_displaced_one_has_its_record(self, registry, target, register, tmp_path):
        for trial in range(2):
            register(registry, trial, trial=trial, top_k=1, weights=keras_file({**DENSE, "config": {"units": trial}}))
        registry.bundle(["toy/1"], tmp_path / "x", force=True)
        target.import_bundle(tmp_path / "x")
        assert (target.get("toy/1").state, target.get("toy/1").weights) == ("displaced", None)

    def test_a_version_that_is_here_under_another_name(self, filled, target, tmp_path):
        filled.bundle(["toy/1"], tmp_path / "x")
        target.import_bundle(tmp_path / "x")
        with zipfile.ZipFile(tmp_path / "x") as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        document = json.loads(members["versions/000001.json"]) | {"model": "other"}
        manifest = json.loads(members["manifest.json"])
        members["versions/000001.json"] = json.dumps(document).encode()
        manifest["versions"]["versions/000001.json"] = sha(members["versions/000001.json"])
        manifest["models"]["other"] = manifest["models"].pop("toy")
        (tmp_path / "y").write_bytes(zipped(members | {"manifest.json": json.dumps(manifest)}))
        assert target.import_bundle(tmp_path / "y").present == ("toy/1",)
        assert [model.name for model in target.models()] == ["toy"]

    @pytest.mark.parametrize("store", ["database", "folder"])
    def test_an_import_that_fails_at_the_last_version_adds_none(self, filled, tmp_path, store):
        filled.bundle(["toy/1", "toy/2"], tmp_path / "x")
        outside = None if store == "database" else str(tmp_path / "weights")
        with Registry(f"sqlite:///{tmp_path}/full.db", create=True, artifacts=outside) as full:
            with full._engine.begin() as connection:
                connection.exec_driver_sql(
                    "CREATE TRIGGER full BEFORE INSERT ON registry_versions WHEN new.number = 2 "
                    "BEGIN SELECT raise(FAIL, 'the disk is full'); END"
                )
            with pytest.raises(UserError, match="the disk is full"):
                full.import_bundle(tmp_path / "x")
            assert full.models() == []
            assert full.verify(grace=timedelta(0)).as_dict() | {"clean": True} == {
                **dict.fromkeys(("artifacts", "bytes", "versions", "unhashed"), 0),
                **dict.fromkeys(("faults", "orphans", "files", "damaged"), ()),
                "clean": True,
            }

    def test_what_is_no_reference(self, filled, tmp_path):
        with pytest.raises(UsageError, match="a bundle of no version"):
            filled.bundle([], tmp_path / "x")
        with pytest.raises(NotFoundError):
            filled.bundle(["toy/9"], tmp_path / "x")
        assert not (tmp_path / "x").exists()


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9)


tags = st.dictionaries(st.from_regex(r"\A\w{1,9}\Z"), texts, max_size=2)
sources = st.builds(
    Source, study=texts | st.none(), trial=st.integers(0, 9) | st.none(), libraries=st.dictionaries(texts, texts)
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    params=st.dictionaries(names, st.none() | st.booleans() | st.integers() | st.floats() | texts, max_size=4),
    curves=st.dictionaries(names, st.lists(st.floats(width=64), max_size=4), max_size=3),
    score=st.floats(width=64).filter(lambda score: score != -math.inf),
    units=st.integers(1, 10**6),
    seconds=st.none() | st.floats(0, 1e9),
    tags=tags,
    model_tags=tags,
    description=texts,
    source=sources,
    when=st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)),
)
def test_registered_is_found_exported_bundled_and_imported(
    sqlite_registry,
    target,
    tmp_path,
    params,
    curves,
    score,
    units,
    seconds,
    tags,
    model_tags,
    description,
    source,
    when,
):
    sqlite_registry._clock = lambda: when
    curves.pop("objective", None)
    weights = keras_file({**DENSE, "config": {"units": units}})
    made = sqlite_registry.register(
        f"any{next(NUMBERS)}",
        weights=weights,
        score=score,
        metric="objective",
        direction="min",
        epoch=2,
        params=params,
        curves=curves,
        seconds=seconds,
        tags=tags,
        source=source,
    )
    for name, text in model_tags.items():
        sqlite_registry.set_tag(made.model, name, text)
    sqlite_registry.describe(made.model, description)
    sqlite_registry.bundle([made.ref], tmp_path / "x")
    found = target.import_bundle(tmp_path / "x")
    (ref,) = found.added + found.present
    assert bits(target.get(ref)) == bits(sqlite_registry.get(made.ref))
    assert marks(target, made.model) == marks(sqlite_registry, made.model)
    assert marks(target, made.model)[0] == model_tags
    assert made.export(tmp_path / "a.keras").read_bytes() == weights
    assert target.get(ref).export(tmp_path / "b.keras").read_bytes() == weights
    assert target.import_bundle(tmp_path / "x").added == ()


class TestWritten:
    """What no registry would import is not written, either."""

    def test_a_score_of_an_older_program_that_is_infinite(self, filled, tmp_path):
        with writing(filled._engine) as connection:
            connection.execute(versions.update().values(score=math.inf))
        with pytest.raises(BundleError, match=r"no bundle is written, for no registry .*: x: .* is inf, which would"):
            filled.bundle(["toy/1"], tmp_path / "x")
        assert list(tmp_path.glob("*x*")) == []

    def test_a_model_with_code_in_it(self, sqlite_registry, register, tmp_path):
        register(sqlite_registry, 0.5, weights=keras_file({**DENSE, "class_name": "Lambda"}))
        with pytest.raises(BundleError, match="no bundle is written, .* of toy/1 .*Lambda"):
            sqlite_registry.bundle(["toy/1"], tmp_path / "x")
        assert not (tmp_path / "x").exists()


class TestRefused:
    """A bundle is untrusted: each of these is refused, and nothing is added."""

    @pytest.fixture
    def members(self, sqlite_registry, register, tmp_path):
        """Give the members of a good bundle."""
        register(
            sqlite_registry, 0.5, weights=WEIGHTS, reference_predictions=ReferencePredictions(np.ones(1), np.ones(1))
        )
        sqlite_registry.bundle(["toy"], tmp_path / "good")
        with zipfile.ZipFile(tmp_path / "good") as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    @pytest.fixture
    def refused(self, target, tmp_path):
        def check(data, match):
            (tmp_path / "bad").write_bytes(data)
            with pytest.raises(BundleError, match=match):
                target.import_bundle(tmp_path / "bad")
            assert target.models() == []
            assert target.verify(grace=timedelta(0)).artifacts == 0

        return check

    def changed(self, members, change=lambda document: None, weights=None, predictions=None):
        """Return a bundle of a changed record, other weights or other predictions, whose hashes are right."""
        members = dict(members)
        manifest = json.loads(members["manifest.json"])
        document = json.loads(members["versions/000001.json"])
        for key, data in (("weights", weights), ("check", predictions)):
            if data is not None:
                old = document[key]
                del members[f"artifacts/{old}"], manifest["artifacts"][old]
                members[f"artifacts/{sha(data)}"] = data
                manifest["artifacts"][sha(data)] = len(data)
                document[key] = sha(data)
        change(document)
        members["versions/000001.json"] = json.dumps(document).encode()
        manifest["versions"]["versions/000001.json"] = sha(members["versions/000001.json"])
        return zipped(members | {"manifest.json": json.dumps(manifest)})

    def test_the_changed_bundle_is_good_if_nothing_is_changed(self, members, target, tmp_path):
        (tmp_path / "same").write_bytes(self.changed(members, weights=keras_file()))
        assert target.import_bundle(tmp_path / "same").added == ("toy/1",)

    @pytest.mark.parametrize(
        "name", ["../x", "/etc/x", "a/../../x", "a\\x", "C:x", "versions//x", "versions/./x", "a\nb", "artifacts/"]
    )
    def test_names_that_lead_elsewhere(self, members, refused, name):
        refused(zipped(members | {name: b"x"}), "leads elsewhere|that no member of ours has")

    def test_two_members_of_one_name(self, members, refused):
        refused(zipped([*members.items(), ("manifest.json", b"{}")]), "'manifest.json' is there twice")

    @pytest.mark.parametrize("around", [(b"#!/bin/sh", b""), (b"", b"more"), (zipped({"x": b"y"}), b"")])
    def test_something_before_or_after_the_archive(self, members, refused, around):
        refused(zipped(members).join(around), "before or after it")

    def test_links(self, members, refused):
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        refused(zipped([*members.items(), (link, "/etc/passwd")]), "'link' is a link")

    def test_compressed_ones(self, members, refused):
        refused(zipped(members | {"big": bytes(10**6)}, zipfile.ZIP_DEFLATED), "is compressed; expected it stored")

    def test_members_that_share_their_bytes(self, members, refused):
        data = bytearray(zipped(members | {"a": b"x" * 5000}))
        place = data.rindex(b"PK\x01\x02")
        for field in (20, 24):
            data[place + field : place + field + 4] = struct.pack("<I", 2**30)
        refused(bytes(data), "larger than the archive")

    def test_more_than_there_should_be(self, members, refused):
        refused(zipped(members | {"more": b"x"}), "'more' is missing, or not in its manifest")

    def test_less_than_there_should_be(self, members, refused):
        name = next(name for name in members if name.startswith("artifacts/"))
        refused(zipped({key: value for key, value in members.items() if key != name}), "is missing, or not in its mani")
        refused(zipped({key: value for key, value in members.items() if key != "versions/000001.json"}), "is missing")
        refused(zipped({key: value for key, value in members.items() if key != "manifest.json"}), "it is no bundle of")

    def test_altered_bytes(self, members, refused):
        for name in members:
            if name.startswith(("artifacts/", "versions/")):
                refused(zipped(members | {name: members[name].replace(b"e", b"f", 1)}), "is altered")

    @pytest.mark.parametrize("data", [b"", b"nothing", b"PK\x05\x06" + bytes(18), zipped({"manifest.json": b"[]"})])
    def test_what_is_no_bundle(self, refused, data):
        refused(data, "is no whole zip archive|it is no bundle|is no bundle of a registry")

    def test_cut_off(self, members, refused):
        # The last directory that is left may be that of an archive in it.
        refused(zipped(members)[:-30], "is no whole zip archive|it is no bundle of a registry")

    @pytest.mark.parametrize("schema", [2, "1", None])
    def test_an_unknown_schema(self, members, refused, schema):
        manifest = json.loads(members["manifest.json"]) | {"schema": schema}
        refused(zipped(members | {"manifest.json": json.dumps(manifest)}), "this program knows 1: upgrade it")

    def test_nested_without_end(self, members, refused):
        refused(zipped(members | {"manifest.json": b"[" * 200_000}), "is no JSON")

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            (lambda document: document.update(model="../toy"), r"matching regex .* at `\$.model`"),
            (lambda document: document.update(state="?"), r"Invalid enum value '\?' - at `\$.state`"),
            (lambda document: document.update(aliases=["a b"]), r"matching regex .* at `\$.aliases\[0\]`"),
            (lambda document: document.update(aliases=["a", "a"]), "expected each once"),
            (lambda document: document.update(tags={"a": 1}), r"Expected `str`, got `int` - at `\$.tags\[...\]`"),
            (lambda document: document.update(tags={"a b": ""}), r"at `key` in `\$.tags`"),
            (lambda document: document.update(protected=["champion"]), "are protected, but its aliases are"),
            (lambda document: document.pop("protected"), "missing required field `protected`"),
            (lambda document: document.update(more=1), "unknown field `more`"),
            (lambda document: document.update(description=[]), r"at `\$.description`"),
            (lambda document: document.update(description="a\0"), "no database holds NUL"),
            (lambda document: document.update(description="x" * 100_001), "length <= 100000"),
            (lambda document: document["lasting"]["origin"].update(registry=None), r"at `\$.lasting.origin.registry`"),
            (lambda document: document["lasting"]["origin"].update(registry="a:b"), r"at `\$.lasting.origin.registry`"),
            (lambda document: document.pop("check"), "missing required field `check`"),
            (lambda document: document.update(check="../../etc/passwd"), r"at `\$.check`"),
            (lambda document: document.update(check="0" * 64), "its artifacts are not those of its versions"),
            (lambda document: document["lasting"].update(epoch=0), r"`int` >= 1 - at `\$.lasting.epoch`"),
            (lambda document: document["lasting"].update(epoch=math.inf), r"at `\$.lasting.epoch`"),
            (lambda document: document["lasting"].update(score="0x1"), "the score is 1.0, but 'val_accuracy' at epoch"),
            (lambda document: document["lasting"].update(score="inf", curves={}), "would be the best for ever"),
            (lambda document: document["lasting"].update(score="0x1p9999"), "too large"),
            (lambda document: document["lasting"].update(direction="up"), r"at `\$.lasting.direction`"),
            (lambda document: document["lasting"].update(created_at="2026-01-01T00:00:00"), "expected one of 1970 to"),
            (lambda document: document["lasting"].update(created_at="9999-12-31T23:59:59-09:00"), "expected one of"),
            (lambda document: document["lasting"].update(created_at="2026-01-01T00:00:00+01:00"), "a registry writes"),
            (lambda document: document["lasting"].update(created_at="yesterday"), "isoformat"),
            (lambda document: document["lasting"].update(seconds="inf"), "took inf seconds; expected a number from 0"),
            (lambda document: document["lasting"].update(seconds="-0x1p0"), "took -1.0 seconds"),
            (lambda document: document["lasting"]["source"].update(trial=2**31), r"at `\$.lasting.source.trial`"),
            (lambda document: document["lasting"]["source"].update(seed=2**70), r"at `\$.lasting.source.seed`"),
            (lambda document: document["lasting"]["params"].update(a={"kind": "int", "text": "x"}), "which is none"),
            (lambda document: document["lasting"]["params"].update(a={"kind": "int", "text": "0_1"}), "writes"),
            (lambda document: document["lasting"]["params"].update(a={"kind": "bool", "text": "no"}), "writes"),
            (lambda document: document["lasting"]["curves"].update(a="!"), "Invalid base64"),
            (lambda document: document["lasting"]["curves"].update(a="AAAA"), "has 3 bytes; expected 8 for each epoch"),
            (lambda document: document["lasting"].update(curves=[]), r"at `\$.lasting.curves`"),
        ],
    )
    def test_records_that_cannot_be(self, members, refused, change, match):
        refused(self.changed(members, change), match)

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            (lambda line: line.update(tags={"owner": None}), r"Expected `str`, got `null` - at `\$.tags\[...\]`"),
            (lambda line: line.update(tags={"owner": "x" * 501}), "length <= 500"),
            (lambda line: line.update(tags={"owner": "\0"}), "no database holds NUL"),
            (lambda line: line.update(tags={"../owner": "x"}), r"at `key` in `\$.tags`"),
            (lambda line: line.update(tags=["owner"]), r"at `\$.tags`"),
            (lambda line: line.pop("tags"), "missing required field `tags`"),
            (lambda line: line.update(description="\ud800"), "lone surrogates"),
            (lambda line: line.update(description="x" * 100_001), "length <= 100000"),
            (lambda line: line.update(direction="up"), r"at `\$.direction`"),
            (lambda line: line.update(metric=""), "length >= 1"),
            (lambda line: line.update(metric=None), r"at `\$.metric`"),
        ],
    )
    def test_models_that_cannot_be(self, members, refused, change, match):
        manifest = json.loads(members["manifest.json"])
        change(manifest["models"]["toy"])
        refused(
            zipped(members | {"manifest.json": json.dumps(manifest)}),
            f"(the model 'toy'|its manifest) is refused: .*{match}",
        )

    @pytest.mark.parametrize("models", [{}, {"toy": None}, {"toy": {}, "other": {}}, {"other": {}}])
    def test_models_that_are_not_those_of_the_versions(self, members, refused, models):
        manifest = json.loads(members["manifest.json"]) | {"models": models}
        refused(
            zipped(members | {"manifest.json": json.dumps(manifest)}),
            "models of its manifest are not|is refused: Expected `object`",
        )

    @pytest.mark.parametrize(
        ("weights", "match"),
        [
            (b"no zip", "is no whole zip archive"),
            (keras_file({**DENSE, "class_name": "Lambda"}), "has code in it .class 'Lambda'"),
            (keras_file([{"a": {"class_name": "__lambda__", "config": {"code": "e30="}}}]), "has code in it"),
            (keras_file({**DENSE, "class_name": "TFSMLayer"}), "has code in it"),
            (keras_file({**DENSE, "module": "os", "class_name": "system"}), "it names 'system' of 'os'"),
            (keras_file({**DENSE, "module": "keras.utils", "class_name": "get_file"}), "it names 'get_file'"),
            (keras_file({**DENSE, "module": "keras.config"}), "of 'keras.config'"),
            (keras_file({**DENSE, "module": "keras.src.saving"}), "of 'keras.src.saving'"),
            (keras_file({**DENSE, "module": "keras_hub.layers"}), "of 'keras_hub.layers'"),
            (keras_file({**DENSE, "module": "builtins", "class_name": "eval"}), "it names 'eval'"),
            (keras_file({**DENSE, "module": None, "class_name": "Thing"}), "it names 'Thing'"),
            (keras_file({**DENSE, "config": {"vocabulary": "/etc/passwd"}}), "reads the file '/etc/passwd'"),
            (keras_file(more=b"x"), "is no .keras file"),
            (zipped({"config.json": b"{}"}), "is no .keras file"),
            (keras_file(**{"assets/../../x": b"x"}), "leads elsewhere"),
            (zipped({"config.json": bytes(10**5)}, zipfile.ZIP_DEFLATED), "is compressed"),
            (keras_file(h5=b"no h5"), "cannot be read"),
            (keras_file(h5=weights_h5(lambda f: f.__setitem__("l", h5py.ExternalLink("/etc/x", "/")))), "may lead to"),
            (keras_file(h5=weights_h5(lambda f: f.__setitem__("l", h5py.SoftLink("/layers")))), "may lead to"),
            (keras_file(h5=weights_h5(vast)), "its arrays would have 4000"),
            (keras_file(h5=weights_h5(elsewhere)), "is no plain array"),
            (keras_file(h5=weights_h5(lambda f: f.create_dataset("b", data=["a"]))), "is no plain array"),
        ],
    )
    def test_weights_that_are_not_safe(self, members, refused, weights, match):
        refused(self.changed(members, weights=weights), match)

    def test_a_group_that_holds_itself_ends(self, tmp_path):
        check_weights(self.stored(tmp_path, weights_h5(around)))

    def stored(self, folder, *weights):
        files = {}
        for number, h5 in enumerate(weights):
            path = folder / f"{number}.keras"
            path.write_bytes(keras_file(h5=h5))
            files[path] = f"the file {number}"
        return files

    def test_weights_in_which_hdf5_turns_in_a_circle(self, tmp_path):
        h5 = bytearray(weights_h5())
        h5[728] = 16  # by HDF5 1.14, the size of a heap that leads back to itself
        with pytest.raises(BundleError, match="the file 1 is refused: its weights (take|make|cannot|hold)"):
            check_weights(self.stored(tmp_path, weights_h5(), bytes(h5), weights_h5()), longest=3)

    def test_weights_that_end_the_process_that_reads_them(self, tmp_path, monkeypatch):
        python = tmp_path / "python"
        python.write_text("#!/bin/sh\necho null\nkill -SEGV $$\n")
        python.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(python))
        with pytest.raises(BundleError, match=r"the file 1 is refused: its weights make HDF5 crash \(SIGSEGV\)"):
            check_weights(self.stored(tmp_path, weights_h5(), weights_h5(), weights_h5()))

    def test_predictions_that_are_none(self, members, refused):
        refused(self.changed(members, lambda document: document.update(check=document["weights"])), "artifacts are not")

    @pytest.mark.parametrize(
        ("arrays", "match"),
        [
            ({"inputs": npy("'<f8'", "(2,)", 16)}, "KeyError"),
            ({"inputs": npy("'<f8'", "(2,)", 16), "outputs": npy("'|O'", "(2,)", 16)}, "is an array of object"),
            ({"inputs": npy("'<f8'", "(2,)", 16), "outputs": npy("'<f8'", "(10**9,)", 16)}, "is no array"),
            ({"inputs": npy("'<f8'", "(2,)", 16), "outputs": npy("'<f8'", "(9999999999,)", 16)}, "in 80000000069"),
            ({"inputs": npy("'<f8'", "(2,)", 16), "outputs": npy("'<f8'", "(-2,)", 16)}, "outputs.npy' says"),
            ({"inputs": npy("'<f8'", "(2,)", 16), "outputs": npy("[('a', '<f8')]", "(2,)", 16)}, "outputs.npy' says"),
            ({"inputs": npy("'<f8'", "(2,)", 16), "outputs": b"no array"}, "is no array"),
            ({"inputs": npy("'<f8'", "()", 8), "outputs": npy("'<f8'", "(2,)", 16)}, "expected samples"),
            ({name: npy("'<f8'", "(2,)", 16) for name in ("inputs", "outputs", "inputs.0")}, "belong to nothing"),
            (
                {"inputs.structure": npy("'|u1'", "(4,)", b"true"), "outputs": npy("'<f8'", "(2,)", 16)},
                "holds no stored",
            ),
            ({"more": npy("'<f8'", "(2,)", 16)}, "expected arrays called inputs and outputs"),
        ],
    )
    def test_stored_predictions_that_are_nonsense(self, members, refused, arrays, match):
        stored = zipped({f"{name}.npy": data for name, data in arrays.items()})
        refused(self.changed(members, predictions=stored), match)

    def test_a_file_that_is_not_there(self, target, tmp_path):
        with pytest.raises(UserError, match="none cannot be read: No such file"):
            target.import_bundle(tmp_path / "none")


def test_commands(sqlite_registry, register, tmp_path, capsys):
    register(sqlite_registry, 0.5, weights=WEIGHTS)
    sqlite_registry.set_alias("toy", "champion", 1)
    source, target = f"sqlite:///{tmp_path}/studies.db", f"sqlite:///{tmp_path}/new.db"

    def call(*words):
        code = run(app, "registry", list(words))
        return code, *capsys.readouterr()

    out = str(tmp_path / "x.bundle")
    assert call("bundle", "toy@champion", "--out", out, "--storage", source)[1].startswith("toy/1: ")
    assert call("import", out, "--storage", target, "--artifacts", str(tmp_path / "w"))[:2] == (
        0, f"database: {tmp_path}/new.db\ntoy/1 is added, first registered as toy/1\ntoy@champion points to toy/1\n",
    )  # fmt: skip
    assert call("import", out, "--storage", target)[1] == f"database: {tmp_path}/new.db\ntoy/1 was here already\n"
    assert json.loads(call("import", out, "--storage", target, "--json")[1])["present"] == ["toy/1"]
    assert json.loads(call("show", "toy@champion", "--json", "--storage", target)[1])["source"]["imported"].endswith(
        ":toy/1"
    )
    (tmp_path / "bad").write_text("x")
    assert call("import", str(tmp_path / "bad"), "--storage", target)[0] == 1
    assert call("import", str(tmp_path / "bad"), "--storage", f"sqlite:///{tmp_path}/none.db")[0] == 1
    assert not (tmp_path / "none.db").exists()


def test_the_command_says_what_stays_as_it_is(filled, target, register, tmp_path, capsys):
    register(target, 0.1)
    target.set_tag("toy", "owner", "bob")
    filled.bundle(["toy/1"], tmp_path / "x")
    assert run(app, "registry", ["import", str(tmp_path / "x"), "--storage", f"sqlite:///{tmp_path}/target.db"]) == 0
    assert "toy: tag owner stays as it is here; change it with `registry tag set`" in capsys.readouterr().out
