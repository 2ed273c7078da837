"""Sizes as people write them."""

from __future__ import annotations

import pytest

from registry.core.errors import UsageError
from registry.values.sizes import parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("512", 512), ("800M", 800e6), ("500MB", 500e6), ("1.5g", 1.5e9), ("1.5 gb", 1.5e9), ("4T", 4e12)],
)
def test_sizes_are_read(text: str, size: float) -> None:
    assert parse_size(text, "--max-size") == size


@pytest.mark.parametrize("text", ["", "2X", "-1GB", "GB", "1e9", "lots"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max-size is .*; expected a size such as 500MB or 2GB"):
        parse_size(text, "--max-size")


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="--memory-limit is '0'"):
        parse_size("0", "--memory-limit", least=1)
