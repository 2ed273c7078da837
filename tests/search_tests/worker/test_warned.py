"""A worker shows each warning once, though libraries change Python's filters meanwhile."""

import warnings

import pytest

from search.worker.process.warned import show_each_warning_once


def test_a_warning_of_one_place_is_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_rest, **_more: shown.append(str(message)))
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        show_each_warning_once()
        for trial in range(3):
            for text in ("slow", "old"):
                warnings.warn(text, UserWarning, stacklevel=1)
            with warnings.catch_warnings():  # which makes Python forget what it has shown
                warnings.simplefilter("ignore")
            assert shown == ["slow", "old"], f"after trial {trial}"
