"""A report that follows a search: written as long as it may change."""

from __future__ import annotations

from registry.reports import render
from registry.reports.toy import toy_report
from search.report.follow import RELOAD_SECONDS, follow


def test_it_is_written_until_the_search_is_over() -> None:
    said: list[object] = []
    states = iter([True, True, False])
    follow(lambda: next(states), lambda: said.append("written"), said.append)
    assert said == ["written", RELOAD_SECONDS] * 2


def test_only_a_page_that_follows_loads_itself_again() -> None:
    assert f'<meta http-equiv="refresh" content="{RELOAD_SECONDS}">' in render(toy_report(), RELOAD_SECONDS)
    assert 'http-equiv="refresh"' not in render(toy_report())
