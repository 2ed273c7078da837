"""The files of an objective's trial, packed and unpacked."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from search.training.objective.folder import FILES, new_folder, pack, study_folder, unpack


def packed(folder: Path) -> zipfile.ZipFile:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        pack(folder, archive)
    return zipfile.ZipFile(data)


def test_a_folder_comes_back_as_it_was_without_links(tmp_path: Path) -> None:
    folder, other = new_folder(tmp_path, 1), new_folder(tmp_path, 2)
    (folder / "deep" / "empty").mkdir(parents=True)
    (folder / "deep" / "weights").write_bytes(bytes(range(256)))
    (folder / "link").symlink_to(tmp_path)
    unpack(packed(folder), other)
    assert {str(path.relative_to(other)) for path in other.rglob("*")} == {"deep", "deep/empty", "deep/weights"}
    assert (other / "deep" / "weights").read_bytes() == bytes(range(256))


def test_nothing_lands_outside_of_the_folder(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in (f"{FILES}../../above", f"{FILES}/etc/absolute", "state.json"):
            archive.writestr(name, "x")
    folder = new_folder(tmp_path / "deep" / "down", 1)
    unpack(zipfile.ZipFile(data), folder)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {
        str((folder / name).relative_to(tmp_path)) for name in ("above", "etc/absolute")
    }


def test_a_new_attempt_has_an_empty_folder_and_others_keep_theirs(tmp_path: Path) -> None:
    first, neighbour = new_folder(tmp_path, 1), new_folder(tmp_path, 11)
    (first / "file").touch()
    again = new_folder(tmp_path, 1)
    assert again != first
    assert list(again.iterdir()) == []
    assert neighbour.is_dir()
    assert not first.exists()


def test_studies_of_other_names_and_databases_have_other_folders() -> None:
    folders = {study_folder(url, name) for url in ("sqlite:///a.db", "sqlite:///b.db") for name in ("s", "../s", "s/1")}
    assert len(folders) == 6
    assert {folder.parent for folder in folders} == {Path.cwd() / "trials"}
