"""What a page, a comparison and a version's curves are in a notebook."""

import pytest

from registry.core.errors import NotFoundError


def test_a_page_shows_a_row_for_each_version(sqlite_registry, register):
    for score in (0.5, 0.6, 0.7):
        register(sqlite_registry, score)
    page = sqlite_registry.find("toy", best_first=True, limit=2)
    assert repr(page) == "<Page of 2 versions: toy/3, toy/2>"
    shown = page._repr_html_()
    assert "<caption>2 versions, and more</caption>" in shown
    assert "<td>toy/3</td><td>val_accuracy</td><td>0.7000</td>" in shown
    assert "toy/1" not in shown


def test_an_empty_page(sqlite_registry, register):
    register(sqlite_registry, 0.5)
    page = sqlite_registry.find("toy", "score > 1")
    assert repr(page) == "<Page of 0 versions>"
    assert "<caption>0 versions</caption>" in page._repr_html_()


def test_a_comparison_shows_what_differs_without_markup_of_users(sqlite_registry, register):
    refs = [
        register(sqlite_registry, score, params={"<b>": units, "rate": 0.1}).ref
        for score, units in ((0.5, 3), (0.6, 4))
    ]
    compared = sqlite_registry.compare(refs)
    assert repr(compared) == "<Comparison of toy/1, toy/2>"
    shown = compared._repr_html_()
    assert "<caption>equal in all: rate = 0.1</caption>" in shown
    assert "<td>&lt;b&gt;</td><td>3</td><td>4</td>" in shown


def test_a_version_plots_its_curves(sqlite_registry, register):
    version = register(sqlite_registry, 0.6, curves={"loss": [0.9, 0.7], "val_accuracy": [0.5, 0.6]}, epoch=2)
    assert [axes.get_title(loc="left") for axes in version.plot().axes] == ["loss", "accuracy"]
    assert [axes.get_title(loc="left") for axes in version.plot(["accuracy"]).axes] == ["accuracy"]
    with pytest.raises(NotFoundError, match="no curve of 'accurcy'"):
        version.plot(["accurcy"])
