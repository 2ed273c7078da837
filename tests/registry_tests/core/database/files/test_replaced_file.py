"""A database that is brought back from a backup while it is read, or removed, is noticed at the next question."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import Registry
from registry.core.errors import DatabaseError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "studies.db"
    with Registry(f"sqlite:///{made}", create=True) as registry:
        registry.register("pets", weights=None, metric="val_loss", direction="min", score=0.5, epoch=1)
    return made


def test_what_was_brought_back_is_read(file: Path, tmp_path: Path) -> None:
    with Registry(f"sqlite:///{file}") as reader:
        reader.backup(tmp_path / "monday.db")
        with Registry(f"sqlite:///{tmp_path / 'monday.db'}") as copy:
            copy.set_tag("pets/1", "from", "monday")
        assert reader.get("pets/1").tags == {}
        (tmp_path / "monday.db").replace(file)
        assert reader.get("pets/1").tags == {"from": "monday"}
        reader.set_tag("pets/1", "day", "tuesday")
    with Registry(f"sqlite:///{file}") as later:
        assert later.get("pets/1").tags == {"from": "monday", "day": "tuesday"}


def test_one_that_is_gone_is_said_to_be_and_not_made_anew(file: Path, tmp_path: Path) -> None:
    with Registry(f"sqlite:///{file}") as reader:
        assert reader.get("pets/1").score == 0.5
        file.rename(tmp_path / "moved.db")
        for _ in range(2):
            with pytest.raises(DatabaseError, match="unable to open database file"):
                reader.get("pets/1")
        assert not file.exists()
        (tmp_path / "moved.db").rename(file)
        assert reader.get("pets/1").score == 0.5
