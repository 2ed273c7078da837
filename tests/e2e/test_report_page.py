"""The report's page in a real Chromium: quiet, offline, sortable, and as wide as a phone."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect, sync_playwright

from registry.reports import ReportedStudy, render
from registry.reports.toy import toy_evidence, toy_report, toy_study

SERIOUS = ("serious", "critical")
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = "<script>document.title='hacked'</script><img src=http://example.org/x onerror=alert(1)> \"' & </style>"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"needs {CHROMIUM}"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@dataclass
class Heard:
    """All that a page said and asked for."""

    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


_rendered: dict[str, str] = {}


def rendered(*studies: ReportedStudy) -> str:
    """Return the page of some studies, which is drawn once for all tests: a second each."""
    key = repr(studies)
    if key not in _rendered:
        _rendered[key] = render(toy_report(*studies))
    return _rendered[key]


@pytest.fixture
def look(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Give a function that opens the page of some studies; at the end, it must have been silent and offline."""
    heard = Heard()
    contexts = []

    def opened(*studies: ReportedStudy, width: int = 1280, scheme: Any = "light") -> Page:
        path = tmp_path / "report.html"
        path.write_text(rendered(*studies), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard.messages.append(message.text))
        page.on("pageerror", lambda error: heard.messages.append(str(error)))
        page.on("dialog", lambda dialog: heard.messages.append(dialog.message))
        page.on("request", lambda request: heard.requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert heard.messages == []
    assert [url for url in heard.requests if not url.startswith(("file:", "data:"))] == []


def column(page: Page, number: int) -> list[str]:
    """Return a leaderboard column's exact values, in the order shown."""
    cells = page.locator(f"table[data-sortable] tbody td:nth-child({number})")
    found: list[str] = cells.evaluate_all("cells => cells.map(cell => cell.dataset.v ?? cell.textContent)")
    return found


def hostile_study() -> ReportedStudy:
    study = toy_study(24)
    trials = tuple(
        replace(trial, params={HOSTILE: HOSTILE, "활성화": "렐루"}, aliases=(HOSTILE,), error=trial.error and HOSTILE)
        for trial in study.trials
    )
    return replace(study, name=HOSTILE, problem=HOSTILE, trials=trials, provenance={HOSTILE: HOSTILE}, error=HOSTILE)


def test_numbers_sort_as_numbers_and_back(look: Any) -> None:
    page = look(toy_study(40))
    head = page.locator("th", has_text="learning_rate").first
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    rates = [float(text) for text in column(page, 4)]
    assert rates == sorted(rates)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert [float(text) for text in column(page, 4)] == rates[::-1]


def test_what_is_missing_stays_last(look: Any) -> None:
    page = look(toy_study(40))
    button = page.locator("th", has_text="val_accuracy").first.get_by_role("button")
    for _ in range(2):
        button.click()
        scores = column(page, 3)
        assert "" in scores
        assert all(score == "" for score in scores[scores.index("") :])


def test_the_keyboard_sorts_too(look: Any) -> None:
    page = look(toy_study(40))
    button = page.locator("th", has_text="trial").first.get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    assert [int(text) for text in column(page, 2)] == list(range(40))


def test_the_filter_hides_rows_and_counts_them(look: Any) -> None:
    study = toy_study(40)
    page = look(study)
    page.get_by_label("Filter").fill("elu")
    wanted = sum("elu" in trial.params["activation"] for trial in study.trials)
    assert page.locator("table[data-sortable] tbody tr:visible").count() == wanted
    assert page.locator(".filter output").text_content() == f"{wanted} of 40 rows"


def test_the_filter_compares_columns(look: Any) -> None:
    study = toy_study(40)
    page = look(study)
    page.get_by_label("Filter").fill("learning_rate<=0.01 relu")
    wanted = sum(t.params["learning_rate"] <= 0.01 and t.params["activation"] == "relu" for t in study.trials)
    assert wanted > 0
    assert page.locator("table[data-sortable] tbody tr:visible").count() == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Parameters > 200,000", lambda t: (t.parameters or 0) > 200_000),
        ("hidden_layers <= 2 and relu", lambda t: t.params["hidden_layers"] <= 2 and t.params["activation"] == "relu"),
        ("activation = elu or momentum>=0.9", lambda t: t.params["activation"] == "elu" or t.params["momentum"] >= 0.9),
        ("stop reason = max_epochs", lambda t: t.stop_reason == "max_epochs"),
        ("stop reason != nan units_1 < 200", lambda t: t.stop_reason != "nan" and t.params["units_1"] < 200),
    ],
)
def test_the_filter_takes_names_with_blanks_thousands_and_or(look: Any, text: str, wanted: Any) -> None:
    check_filter(look, toy_study(60), text, wanted)


def test_a_name_that_is_no_column_is_answered_with_near_ones(look: Any) -> None:
    page = look(toy_study(20))
    page.get_by_label("Filter").fill("momentun > 0.5")
    said = page.locator(".filter output").text_content() or ""
    assert said.startswith("No column is called momentun; near: momentum")
    page.get_by_label("Filter").fill("tanh and stop reasn = pruned")
    said = page.locator(".filter output").text_content() or ""
    assert said == "No column is called stop reasn; near: stop reason."
    page.get_by_label("Filter").fill("momentum >")
    assert page.locator(".filter output").text_content() == "momentum > what? A value is missing."
    page.get_by_label("Filter").fill("momentum > high")
    assert page.locator(".filter output").text_content() == "momentum > high? Expected a number."


def test_the_view_is_kept_in_the_address(look: Any) -> None:
    page = look(toy_study(40))
    page.get_by_label("Filter").fill("elu")
    page.locator("th", has_text="learning_rate").first.get_by_role("button").click()
    page.get_by_label("the run").check()
    rates, said = column(page, 4), page.locator(".filter output").text_content()
    page.reload()
    assert page.get_by_label("Filter").input_value() == "elu"
    assert (column(page, 4), page.locator(".filter output").text_content()) == (rates, said)
    assert page.locator("td.run:visible").count() > 0


def test_a_page_that_loads_itself_anew_keeps_the_view(look: Any, tmp_path: Path) -> None:
    study = toy_study(20)
    page = look(study)
    (tmp_path / "report.html").write_text(render(toy_report(study), reload=1), encoding="utf-8")
    page.reload()
    page.get_by_label("Filter").fill("elu")
    with page.expect_event("load"):
        pass
    assert page.get_by_label("Filter").input_value() == "elu"


def check_filter(look: Any, study: ReportedStudy, text: str, wanted: Any) -> None:
    """Hold the page to keep those rows, some but not all, whose trials are wanted."""
    page = look(study)
    page.get_by_label("Filter").fill(text)
    count, rows = sum(map(wanted, study.trials)), len(study.trials)
    assert 0 < count < rows
    assert page.locator(".filter output").text_content() == f"{count} of {rows} rows"


def with_params(study: ReportedStudy, params: Any) -> ReportedStudy:
    """Return the study with more params a trial, which are given by its number."""
    return replace(study, trials=tuple(replace(t, params={**t.params, **params(t.number)}) for t in study.trials))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("layers = 64,128", lambda t: t.params["layers"] == "64,128"),
        ('mode = "a or b" or layers = 64', lambda t: t.params["mode"] == "a or b" or t.params["layers"] == "64"),
        ('mode = "say ""and""" and tanh', lambda t: "say" in t.params["mode"] and t.params["activation"] == "tanh"),
        ("activation == tanh", lambda t: t.params["activation"] == "tanh"),
        ("params.rank <= 8", lambda t: t.params["rank"] <= 8),
        ("Units > 20", lambda t: t.params["Units"] > 20),
        ("units > 20", lambda t: t.params["units"] > 20),
    ],
)
def test_the_filter_takes_any_value_and_any_name(look: Any, text: str, wanted: Any) -> None:
    study = with_params(
        toy_study(40),
        lambda number: {
            "layers": ("64,128", "256,512", "64")[number % 3],
            "mode": ("a or b", 'say "and"')[number % 2],
            "rank": 4 << number % 4,
            "Units": number,
            "units": 2 * number,
        },
    )
    check_filter(look, study, text, wanted)


def test_an_address_of_a_row_or_a_section_leads_there(look: Any) -> None:
    page = look(toy_study(40))
    row = page.locator("tr[data-curve]").nth(30)
    address = f"{page.url}#{row.get_attribute('id')}"
    page.goto(address)
    page.reload()
    assert page.url == address
    assert page.locator("tr[aria-selected='true']").get_attribute("id") == row.get_attribute("id")
    expect(row).to_be_in_viewport()
    section = page.get_by_role("link", name="Provenance").get_attribute("href")
    page.goto(f"{page.url.partition('#')[0]}{section}")
    page.reload()
    assert page.get_by_text("data fingerprint").first.is_visible()


def test_the_best_come_first_at_the_first_click(look: Any) -> None:
    page = look(toy_study(40))
    page.locator("th", has_text="val_accuracy").first.get_by_role("button").click()
    scores = [float(text) for text in column(page, 3) if text]
    assert scores == sorted(scores, reverse=True)


def test_two_columns_stay_and_what_tells_of_the_run_is_hidden(look: Any) -> None:
    page = look(toy_study(20), width=390)
    cell = page.locator("tbody tr td:nth-child(2)").first
    before = cell.bounding_box()
    page.locator(".scroll").first.evaluate("box => { box.scrollLeft = 200; }")
    assert cell.bounding_box() == before
    assert not page.locator("td.run").first.is_visible()


def test_what_is_filtered_out_fades_in_the_pictures(look: Any) -> None:
    study = toy_study(30)
    page = look(study)
    page.get_by_label("Filter").fill("elu")
    history = page.locator("figure.long[data-spots]").first
    assert history.locator("svg.faded").count() == 1
    assert history.locator(".kept").count() == sum("elu" in trial.params["activation"] for trial in study.trials)
    page.get_by_label("Filter").fill("")
    assert page.locator(".kept, .faded").count() == 0


def test_a_click_on_a_row_lays_its_curve_over_those_of_the_best(look: Any) -> None:
    page = look(toy_study(20))
    row = page.locator("tr[data-curve]").nth(6)
    row.click()
    assert page.locator("svg[data-ends] .laid").count() == 1
    row.click()
    assert page.locator(".laid").count() == 0


def test_a_row_is_reached_by_keyboard_and_lays_its_curve(look: Any) -> None:
    page = look(toy_study(20))
    page.get_by_label("Filter").fill("elu")
    rows = page.locator("tr[data-curve]:visible")
    page.locator("table[data-sortable] thead button:visible").last.focus()
    for key in ("Tab", "ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(rows.nth(1)).to_be_focused()
    assert (rows.nth(1).get_attribute("aria-selected"), page.locator(".laid").count()) == ("true", 1)
    page.keyboard.press("Enter")
    assert page.locator(".laid").count() == 0


def test_numbers_and_points_of_trials_lead_to_their_rows(look: Any) -> None:
    page = look(toy_study(40))
    link = page.locator("table:not([data-sortable]) td a[href^='#']").first
    name = f"trial {link.text_content()}"
    link.click()
    chosen = page.locator("tr[aria-selected='true']")
    assert (chosen.get_attribute("data-name"), page.locator(".laid").count()) == (name, 1)
    expect(chosen).to_be_in_viewport()
    figure = page.locator("figure[data-spots]:not([data-axes])", has=page.locator("svg[aria-label*='trial']")).first
    spots = json.loads(figure.get_attribute("data-spots"))
    assert spots[0][2].startswith("trial ")
    figure.locator("svg").focus()
    page.keyboard.press("ArrowRight")
    other = page.locator("#told").text_content().split(" · ")[0]
    page.keyboard.press("Enter")
    assert chosen.get_attribute("data-name") == other
    page.go_back()
    assert chosen.get_attribute("data-name") == name


def test_a_pointer_at_rest_leaves_the_keyboard_its_point(look: Any) -> None:
    page = look(toy_study(40))
    page.set_viewport_size({"width": 1280, "height": 4000})  # nothing scrolls
    figure = page.locator("figure[data-spots]:not([data-axes])", has=page.locator("svg[aria-label*='trial']")).first
    svg = figure.locator("svg")
    spots = sorted(json.loads(figure.get_attribute("data-spots")))
    rest = svg.evaluate(
        "(svg, [x, y]) => { const at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM()); return [at.x, at.y]; }",
        spots[len(spots) // 2][:2],
    )
    page.mouse.move(*rest)
    svg.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    told = page.locator("#told").text_content()
    page.mouse.move(*rest)  # as a browser says it whenever the page is laid out anew
    assert page.locator("#told").text_content() == told


def test_rows_and_pictures_can_be_taken_away(look: Any) -> None:
    study = toy_study(20)
    page = look(study)
    page.get_by_label("Filter").fill("rank <= 5")
    with page.expect_download() as csv:
        page.get_by_role("button", name="CSV").click()
    lines = csv.value.path().read_text().splitlines()
    assert len(lines) == 6
    assert lines[1].split(",")[:3] == ["1", str(study.ranked[0].number), repr(study.ranked[0].score)]
    picture = page.locator("figure.long").first
    with page.expect_download() as svg:
        picture.get_by_role("button", name="SVG").click()
    assert "<svg" in svg.value.path().read_text()
    assert "var(--" not in svg.value.path().read_text()
    with page.expect_download() as png:
        picture.get_by_role("button", name="PNG").click()
    assert png.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_picture_is_taken_away_as_it_looks(look: Any) -> None:
    page = look(toy_study(40))
    page.get_by_label("Filter").fill("elu")
    page.locator("tr[data-curve]:visible").nth(6).click()
    first = page.locator("figure[data-pairs]:visible").first
    first.get_by_label("goes across").select_option("momentum")
    for figure in (page.locator("figure", has=page.locator(".laid")).first, page.locator("figure.long").first, first):
        page.mouse.move(2, 2)
        here = figure.locator("svg:visible").first.screenshot()
        with page.expect_download() as png:
            figure.get_by_role("button", name="PNG").click()
        seen, taken = (
            Image.open(io.BytesIO(each)).convert("L").resize((200, 140), Image.Resampling.BOX)
            for each in (here, png.value.path().read_bytes())
        )
        assert sum(ImageChops.difference(seen, taken).histogram()[60:]) < 0.0005 * 200 * 140


def test_dragging_along_an_axis_filters_by_it(look: Any) -> None:
    study = toy_study(40)
    page = look(study)
    figure = page.locator("figure[data-axes]:visible").first
    figure.scroll_into_view_if_needed()
    names = [axis[0] for axis in json.loads(figure.get_attribute("data-axes") or "")]
    x0, x1, y0, y1 = json.loads(figure.locator("svg").get_attribute("data-ends") or "")[4:8]
    x = x0 + names.index("momentum") / (len(names) - 1) * (x1 - x0)
    places = [
        figure.locator("svg").evaluate(
            "(svg, [x, y]) => { const p = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM()); return [p.x, p.y]; }",
            [x, y0 + share * (y1 - y0)],
        )
        for share in (0.45, 0.95)
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1])
    page.mouse.up()
    low, high = re.fullmatch(
        r"momentum >= (\S+) and momentum <= (\S+)", page.get_by_label("Filter").input_value()
    ).groups()
    kept = [trial for trial in study.trials if float(low) <= trial.params["momentum"] <= float(high)]
    assert 0 < len(kept) < 40
    assert page.locator(".filter output").text_content() == f"{len(kept)} of 40 rows"
    assert figure.locator(".through").count() == sum(trial.counts for trial in kept)


def test_dragging_beyond_an_axis_takes_all_to_its_end(look: Any) -> None:
    study = with_params(toy_study(40), lambda number: {"rank": 4 << number % 4})
    page = look(replace(study, space=()))
    figure = page.locator("figure[data-axes]:visible").first
    figure.scroll_into_view_if_needed()
    names = [axis[0] for axis in json.loads(figure.get_attribute("data-axes") or "")]
    x0, x1, y0, y1 = json.loads(figure.locator("svg").get_attribute("data-ends") or "")[4:8]
    box = figure.locator("svg").bounding_box()
    scale = box["width"] / float(figure.locator("svg").get_attribute("viewBox").split()[2])
    x = box["x"] + scale * (x0 + names.index("rank") / (len(names) - 1) * (x1 - x0))
    page.mouse.move(x, box["y"] + scale * (y0 + y1) / 2)
    page.mouse.down()
    page.mouse.move(x, box["y"] - 20)
    page.mouse.up()
    assert page.get_by_label("Filter").input_value().startswith("params.rank ")
    kept = sum(trial.params["rank"] >= 16 for trial in study.trials)
    assert page.locator(".filter output").text_content() == f"{kept} of 40 rows"


def test_any_two_params_can_be_mapped(look: Any) -> None:
    study = toy_study(40)
    page = look(study)
    figure = page.locator("figure[data-pairs]:visible").first
    assert not figure.locator("svg.map").is_visible()
    figure.get_by_label("goes across").select_option("momentum")
    figure.get_by_label("goes up").select_option("activation")
    dots = figure.locator("svg.map circle")
    assert dots.count() == len(study.ranked)
    page.get_by_label("Filter").fill("activation = tanh")
    assert dots.count() == sum(trial.params["activation"] == "tanh" for trial in study.ranked)


def test_long_names_have_room_in_the_map(look: Any) -> None:
    encoders = ("convnext_tiny_imagenet21k_in1k", "efficientnet_v2_small_imagenet21k", "resnet_50_imagenet")
    name = "pretrained_backbone_of_the_encoder"
    page = look(replace(with_params(toy_study(40), lambda number: {name: encoders[number % 3]}), space=()))
    figure = page.locator("figure[data-pairs]:visible").first
    assert figure.locator("figcaption").is_visible()
    for way in ("across", "up"):
        figure.get_by_label(f"goes {way}").select_option(label=name)
    assert not figure.locator("figcaption").is_visible()  # which names two others
    box = figure.locator("svg.map").bounding_box()
    texts = figure.locator("svg.map text")
    boxes = [texts.nth(place).bounding_box() for place in range(texts.count())]
    assert min(each["x"] for each in boxes) >= box["x"]
    assert max(each["x"] + each["width"] for each in boxes) <= box["x"] + box["width"]
    across = boxes[: len(encoders)]
    assert all(one["x"] + one["width"] < other["x"] for one, other in itertools.pairwise(across))
    with page.expect_download() as svg:
        figure.get_by_role("button", name="SVG").click()
    assert svg.value.suggested_filename.startswith("trials-by-pretrained_backbone")


def test_a_link_opens_what_is_folded(look: Any) -> None:
    page = look(toy_study(20))
    assert not page.get_by_text("data fingerprint").first.is_visible()
    page.get_by_role("link", name="Provenance").click()
    assert page.get_by_text("data fingerprint").first.is_visible()


def test_values_are_told_under_the_pointer(look: Any) -> None:
    study = toy_study(20)
    page = look(study)
    told = page.locator("#told")
    assert not told.is_visible()
    figure = page.locator("figure.long[data-spots]").first
    figure.scroll_into_view_if_needed()
    best = study.ranked[0]
    spots = json.loads(figure.get_attribute("data-spots") or "")
    x, y, text = next(spot for spot in spots if spot[2].startswith(f"trial {best.number} "))
    place = figure.locator("svg").evaluate(
        "(svg, [x, y]) => { const p = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM()); return [p.x, p.y]; }",
        [x, y],
    )
    page.mouse.move(*place)
    assert told.text_content() == text
    assert f"val_accuracy {best.score:.4f}"[:18] in text
    page.mouse.move(2, 2)
    assert not told.is_visible()


def test_the_keyboard_tells_values_too(look: Any) -> None:
    page = look(toy_study(20))
    page.locator("figure.long[data-spots] svg").first.focus()
    page.keyboard.press("ArrowRight")
    first = page.locator("#told").text_content()
    page.keyboard.press("ArrowRight")
    assert page.locator("#told").is_visible()
    assert page.locator("#told").text_content() != first
    page.keyboard.press("Escape")
    assert not page.locator("#told").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(look: Any, scheme: str) -> None:
    study = toy_evidence(toy_study(40))
    failed = toy_study(0, name="failed", error="all trials failed")
    page = look(study, toy_study(20, name="other", seed=1), failed, scheme=scheme)
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    found = Axe().run(page).response["violations"]
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found if fault["impact"] in SERIOUS] == []


@pytest.mark.parametrize("width", [390, 1100])
def test_commands_are_shown_to_their_end(look: Any, width: int) -> None:
    long = "registry best toy --storage sqlite:////a/very/long/folder/with/many/parts/studies.db " * 3
    page = look(toy_study(5, commands={"Its record": long}), width=width)
    assert page.locator("pre").evaluate("pre => pre.scrollWidth <= pre.clientWidth")


def test_commands_can_be_copied_or_are_selected(look: Any) -> None:
    page = look(toy_study(5))
    page.get_by_role("button", name="Copy: ").first.click()
    page.locator(".copy", has_text="ed").first.wait_for()
    assert page.evaluate("getSelection().toString()") == "registry best toy --storage sqlite:///studies.db"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_horizontal_scroll_on_a_phone(look: Any, scheme: str) -> None:
    studies = (toy_study(40), hostile_study(), toy_study(20, name="w" * 200, seed=3))
    page = look(*studies, width=390, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_hostile_names_only_show(look: Any) -> None:
    study = hostile_study()
    page = look(study)
    assert page.title() == f"Study {HOSTILE}"
    assert page.locator("h1").text_content() == f"Study {HOSTILE}"
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1


def test_names_with_characters_that_are_not_obeyed_keep_the_page_alive(look: Any) -> None:
    names = ("a\x85b", "c\u202ed", " blank", "tab\tand\nline")
    study = with_params(toy_study(40), lambda number: dict.fromkeys(names, (" q", "z\x7f", number)[number % 3]))
    page = look(replace(study, space=()))
    page.get_by_label("Filter").fill("tanh")
    dots = page.locator("figure[data-pairs]:visible svg.map circle")
    across = page.get_by_label("goes across").first
    for name in (r"a\x85b", r"c\u202ed", "blank"):
        across.select_option(label=name)
        assert dots.count() == sum(trial.params["activation"] == "tanh" for trial in study.ranked)
        assert all(0 <= float(x) <= 400 for x in dots.evaluate_all("all => all.map(dot => dot.getAttribute('cx'))"))


def test_pictures_follow_dark_and_light(look: Any) -> None:
    colours = [
        look(toy_study(12), scheme=scheme).locator("figure text").first.evaluate("text => getComputedStyle(text).fill")
        for scheme in ("light", "dark")
    ]
    assert len(set(colours)) == 2


def test_on_a4_nothing_is_cut_off(look: Any) -> None:
    study = toy_study(60)
    wide = tuple(replace(t, params={f"hyperparameter{n}": 1 / 3 for n in range(30)}) for t in study.trials)
    page = look(study, replace(study, trials=wide), width=688)  # A4 less its margins
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") == 688
    assert page.locator("table[data-sortable] tbody tr:visible").count() == 2 * 50
    assert page.get_by_text("On paper: at most 50 rows").first.is_visible()
    assert page.locator("table[data-sortable] thead th:visible").count() == 2 * 15
    shown = "all => Math.min(...all.filter(svg => svg.checkVisibility()).map(svg => svg.clientWidth))"
    assert page.locator("figure svg").evaluate_all(shown) > 190
    assert page.get_by_text("data fingerprint").first.is_visible()  # what is folded on the screen


BROKEN_WORDS = """cells => cells.flatMap(cell => {
    const found = [];
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
        for (const word of node.data.matchAll(/[^\\s_]{1,9}(?=[\\s_]|$)/g)) {
            const range = document.createRange();
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            if (new Set([...range.getClientRects()].map(box => box.top)).size > 1) found.push(word[0]);
        }
    return found;
})"""


def test_paper_keeps_words_whole_and_headings_with_what_follows(look: Any) -> None:
    page = look(toy_evidence(toy_study(60)), width=688)  # A4 less its margins
    page.emulate_media(media="print")
    cells = page.locator("table[data-sortable] :is(th, td):visible")
    assert cells.count() > 0
    assert cells.evaluate_all(BROKEN_WORDS) == []
    follows = "found => found.map(each => getComputedStyle(each).breakAfter)"
    assert set(page.locator("summary:has(h2), h2, h3").evaluate_all(follows)) == {"avoid"}
    boxes = "found => new Set(found.map(each => each.getBoundingClientRect().top)).size"
    assert page.locator(".figures li").evaluate_all(boxes) == 1  # the four figures in one line
    width = "each => each.getBoundingClientRect().width"
    assert page.locator(".answer figure svg").evaluate(width) > 0.9 * page.locator(".answer .facts").evaluate(width)


@pytest.mark.parametrize("kind", ["none", "one", "pruned", "failed"])
def test_odd_studies_show(look: Any, kind: str) -> None:
    study = toy_study(40)
    kept = {
        "none": [],
        "one": [trial for trial in study.trials if trial.outcome == "complete"][:1],
        "pruned": [trial for trial in study.trials if trial.outcome == "pruned"],
        "failed": [trial for trial in study.trials if trial.outcome == "failed"],
    }[kind]
    page = look(replace(study, trials=tuple(kept)), width=390)
    assert page.locator("h1").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
