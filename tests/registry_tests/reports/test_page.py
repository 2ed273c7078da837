"""The report's page: what it says is what the facts say, and names from outside only show."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from registry.core.durations import duration_text
from registry.core.numbers import number_format
from registry.reports import (
    Attempt,
    Baseline,
    Hyperparameter,
    Importances,
    Mistake,
    Mistakes,
    Repeats,
    ReportedStudy,
    ReportedTrial,
    render,
)
from registry.reports.document.table import thin
from registry.reports.drawing.canvas import Drawing
from registry.reports.drawing.limits import thinned, window
from registry.reports.drawing.svg import inline
from registry.reports.drawing.ticks import even_ticks, log_ticks
from registry.reports.facts.text import share_text, shorten_apart, value_text
from registry.reports.sections.curves import ONE_POINT, curves_block
from registry.reports.sections.history import history_picture
from registry.reports.sections.leaderboard import leaderboard
from registry.reports.sections.markers import OTHER, legend, median_line
from registry.reports.toy import OBJECTIVE, toy_evidence, toy_report, toy_study

HOSTILE = "<script>alert(1)</script>\"'&$x$ {{ 7*7 }} </style><img src=x onerror=alert(2)> </svg>"
VOID = {"meta", "link", "input", "wbr", "br", "img"}


class Page(HTMLParser):
    """A parsed page: its tags with their attributes, its text, the cells of its tables."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.tables: list[list[list[tuple[str, str]]]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append(("", dict(attrs).get("data-v") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("style", "script"):
            return
        self.text += data
        if "td" in self._open or "th" in self._open:
            text, exact = self.tables[-1][-1][-1]
            self.tables[-1][-1][-1] = (text + data, exact)

    def leaderboard(self) -> list[dict[str, str]]:
        """Return the leaderboard's rows by column, in exact values."""
        return self.table("rank")

    def table(self, *first: str) -> list[dict[str, str]]:
        """Return the rows of the table whose first columns have these names, in exact values; a bar is no column."""
        head, *rows = next(t for t in self.tables if [name for name, _ in t[0]][: len(first)] == list(first))
        names = [name for name, _ in head]
        shown = [row if len(row) == len(names) else [row[0], *row[2::2]] for row in rows]
        return [{name: exact or text for name, (text, exact) in zip(names, row, strict=True)} for row in shown]


def page_of(*studies: ReportedStudy) -> Page:
    return Page(render(toy_report(*studies)))


def only(study: ReportedStudy, *outcomes: str) -> ReportedStudy:
    return replace(study, trials=tuple(trial for trial in study.trials if trial.outcome in outcomes))


class TestLeaderboard:
    def test_numbers_read_back_from_the_page_equal_the_facts(self) -> None:
        study = toy_study(40)
        rows = page_of(study).leaderboard()
        ranked = [row for row in rows if row["rank"] != "–"]
        assert len(rows) == 40
        assert [float(row["val_accuracy"]) for row in ranked] == [trial.score for trial in study.ranked]
        assert [int(row["trial"]) for row in ranked] == [trial.number for trial in study.ranked]
        assert [int(row["epoch"]) for row in ranked] == [trial.epoch for trial in study.ranked]
        assert [float(row["seconds"]) for row in ranked] == [trial.seconds for trial in study.ranked]
        assert [float(row["learning_rate"]) for row in ranked] == [t.params["learning_rate"] for t in study.ranked]

    def test_the_best_comes_first_for_a_loss_too(self) -> None:
        study = replace(toy_study(20), direction="min", metric="val_loss")
        scores = [trial.score for trial in study.ranked]
        assert scores == sorted(scores, key=lambda score: score or 0.0)

    def test_of_equal_scores_the_earlier_trial_comes_first(self) -> None:
        trials = tuple(ReportedTrial(number, "complete", {}, score=0.5, epoch=1) for number in (3, 1, 2))
        assert [trial.number for trial in toy_study(0, trials=trials).ranked] == [1, 2, 3]

    def test_a_running_trial_has_no_rank(self) -> None:
        study = toy_study(3)
        running = replace(study, trials=tuple(replace(t, outcome="running", stop_reason=None) for t in study.trials))
        assert running.ranked == ()
        assert [row["stop reason"] for row in page_of(running).leaderboard()] == ["running"] * 3

    def test_a_dropped_trial_has_no_rank_but_is_told(self) -> None:
        study = toy_study(12)
        best = study.ranked[0]
        dropped = replace(study, trials=tuple(replace(t, dropped=t is best) for t in study.trials))
        assert dropped.ranked == study.ranked[1:]
        told = [row["stop reason"] for row in page_of(dropped).leaderboard() if row["trial"] == str(best.number)]
        assert told == [f"{best.stop_reason}, dropped"]

    def test_a_param_that_a_trial_does_not_have_is_a_dash(self) -> None:
        rows = page_of(toy_study(40)).leaderboard()
        assert all((row["units_2"] == "–") == (row["hidden_layers"] == "1") for row in rows)

    def test_many_trials_are_thinned_and_the_page_says_so(self) -> None:
        page = page_of(toy_study(1000))
        rows = page.leaderboard()
        assert len(rows) == 500
        assert "500 of 1,000 trials: the best 250, and of the rest an even choice" in page.text
        assert [row["rank"] for row in rows[:250]] == [str(rank) for rank in range(1, 251)]

    def test_winners_with_many_params_are_not_cut_in_their_box(self) -> None:
        params = {f"p{n}": n / 7 for n in range(30)}
        trials = (replace(toy_study(9).ranked[0], params=params, number=0),)
        page = render(toy_report(*(toy_study(0, trials=trials, name=name) for name in ("one", "two"))))
        assert 'class="scroll tall"' not in page
        assert 'class="scroll tall"' in render(toy_report(toy_study(40)))  # a leaderboard keeps its head in sight

    def test_every_trial_is_shown_once_where_there_are_few(self) -> None:
        table = leaderboard(toy_study(100))
        assert table.note == ""
        assert Counter(row[1].text for row in table.rows) == Counter(map(str, range(100)))


class TestNumbersReadBack:
    """Each number of the page is the fact's own, to its last digit."""

    def test_the_leaderboard_has_all_facts_of_all_trials(self) -> None:
        study = toy_evidence(toy_study(60))
        rows = {int(row["trial"]): row for row in page_of(study).leaderboard()}
        assert set(rows) == {trial.number for trial in study.trials}
        for trial in study.trials:
            row = rows[trial.number]
            assert row["stop reason"] == trial.stop_reason
            facts = {
                "val_accuracy": trial.score,
                "epoch": trial.epoch,
                "seconds": trial.seconds,
                "parameters": trial.parameters,
                "test_accuracy": trial.test.get("test_accuracy"),
                "mean over seeds": next((one.mean for one in study.repeats if one.trial == trial.number), None),
                **{name: trial.params.get(name) for name in ("learning_rate", "momentum", "units_1", "units_2")},
            }
            assert {name: number(row[name]) for name in facts} == facts
            assert (row["activation"], row["nesterov"]) == (trial.params["activation"], str(trial.params["nesterov"]))
            assert row["version"] == (" ".join(filter(None, (trial.version, *trial.aliases))) or "–")

    def test_the_headline_is_the_score_or_the_mean_of_the_confirmed(self) -> None:
        study = toy_evidence(toy_study(60))
        second = study.ranked[1]
        assert headline(study) == study.ranked[0].score
        assert headline(replace(study, confirmed=second.number)) == study.repeats[1].mean

    def test_baselines_and_seeds(self) -> None:
        study = toy_evidence(toy_study(60))
        page = page_of(study)
        winner, one, other = page.table("model")
        assert [number(winner[name]) for name in ("val_accuracy", "test_accuracy", "seconds", "parameters")] == [
            study.repeats[0].mean, study.ranked[0].test["test_accuracy"],
            study.ranked[0].seconds, study.ranked[0].parameters,
        ]  # fmt: skip
        strong, weak = study.baselines[1], study.baselines[0]
        assert [number(one["val_accuracy"]), number(other["val_accuracy"])] == [strong.score, weak.score]
        assert number(one["behind"]) == study.repeats[0].mean - strong.score
        assert number(other["test_accuracy"]) == weak.test["test_accuracy"]
        told = [[number(row[name]) for name in ("seeds", "mean", "deviation", "lowest", "highest")]
                for row in page.table("configuration")]  # fmt: skip
        assert told == [[len(r.scores), r.mean, r.spread, min(r.scores), max(r.scores)] for r in study.repeats]

    def test_importances(self) -> None:
        study = toy_study(60)
        rows = page_of(study).table("hyperparameter")
        assert {row["hyperparameter"]: number(row["PED-ANOVA"]) for row in rows} == dict(study.importances.shares)
        assert {row["hyperparameter"]: number(row["fANOVA"]) for row in rows if row["fANOVA"] != "–"} == dict(
            study.fanova.shares
        )

    def test_stop_reasons_and_pruned_trials(self) -> None:
        study = toy_study(60)
        page = page_of(study)
        for row in page.table("stop reason"):
            those = [trial for trial in study.trials if trial.stop_reason == row["stop reason"]]
            assert number(row["trials"]) == len(those)
            assert number(row["time"]) == pytest.approx(sum(trial.seconds or 0.0 for trial in those))
        pruned = [(trial.number, trial.pruned_by) for trial in study.trials if trial.pruned_by]
        rows = page.table("trial", "at epoch")
        assert [(number(r["trial"]), number(r["at epoch"]), number(r["val_accuracy there"])) for r in rows] == [
            (trial, by.epoch, by.value) for trial, by in pruned
        ]

    def test_the_errors_of_the_winner(self) -> None:
        found = toy_evidence(toy_study(20)).mistakes
        assert found is not None
        rows = page_of(toy_evidence(toy_study(20))).table("true class")
        assert [[number(row[name]) for name in found.classes] for row in rows] == list(map(list, found.confusion))


def number(text: str) -> float | None:
    return None if text in ("", "–") else float(text.replace(",", ""))


def headline(study: ReportedStudy) -> float:
    tags = page_of(study).tags
    return next(float(attributes["data-v"] or "") for _, attributes in tags if attributes.get("class") == "score")


class TestOddStudies:
    def test_no_trial(self) -> None:
        text = page_of(replace(toy_study(0), budget=5, waiting=5)).text
        assert "No trial has finished yet." in text
        assert "5 trials: 5 waiting" in text
        assert "Nothing has been trained yet." in text

    def test_one_trial(self) -> None:
        study = toy_study(40)
        page = page_of(replace(only(study, "complete"), trials=only(study, "complete").trials[:1]))
        assert "It is the only one with a score." in page.text
        assert len(page.leaderboard()) == 1

    def test_all_pruned(self) -> None:
        page = page_of(only(toy_study(40), "pruned"))
        assert "Pruned, and against whom" in page.text
        assert {row["stop reason"] for row in page.leaderboard()} == {"pruned"}

    def test_all_failed(self) -> None:
        text = page_of(only(toy_study(40), "failed")).text
        assert "No trial has a score: 2 failed, for the reasons below." in text
        assert "the loss of epoch 2 is not a finite number" in text

    def test_curves_with_nan_and_infinity(self) -> None:
        best = toy_study(1).ranked[0]
        curves = {"loss": (0.5, math.nan, math.inf), "val_loss": (math.nan,) * 3}
        page = page_of(toy_study(1, trials=(replace(best, curves=curves, epoch=1, epochs=3),)))
        assert "Curves of the best" in page.text

    def test_trials_that_report_once_have_no_curves(self) -> None:
        once = tuple(
            replace(trial, epochs=1, epoch=1, curves={name: values[:1] for name, values in trial.curves.items()})
            for trial in toy_study(12).trials
        )
        block = curves_block(toy_study(12, trials=once))
        assert (block.parts, block.notes) == ((), (ONE_POINT,))
        assert ONE_POINT in render(toy_report(toy_study(12, trials=once)))

    def test_no_curves(self) -> None:
        study = toy_study(5)
        page = page_of(replace(study, trials=tuple(replace(trial, curves={}) for trial in study.trials)))
        assert "Curves of the best" not in page.text

    def test_equal_scores(self) -> None:
        study = only(toy_study(40), "complete")
        page = page_of(replace(study, trials=tuple(replace(trial, score=0.5) for trial in study.trials)))
        assert "It is equal to trial" in page.text

    @pytest.mark.parametrize("score", [0.0, -3.25, 1e-9, 1e300, -1e300])
    def test_extreme_scores(self, score: float) -> None:
        study = only(toy_study(40), "complete")
        changed = (replace(study.trials[0], score=score), *study.trials[1:])
        rows = page_of(replace(study, trials=changed)).leaderboard()
        assert score in [float(row["val_accuracy"]) for row in rows]

    def test_a_hundred_params(self) -> None:
        params = [{f"p{index}": (number * (index + 1) % 101) / 101 for index in range(100)} for number in range(30)]
        trials = tuple(ReportedTrial(n, "complete", p, score=n / 30, epoch=1) for n, p in enumerate(params))
        page = page_of(toy_study(0, trials=trials))
        assert len(page.leaderboard()[0]) == 108
        assert "24 of 100 hyperparameters are drawn" in page.text
        assert "76 more params are in the leaderboard." in page.text

    def test_names_in_korean(self) -> None:
        study = toy_study(12, name="무작위 탐색")
        trials = tuple(replace(t, params={"활성화": ("렐루", "엘루")[t.number % 2]}) for t in study.trials)
        page = page_of(replace(study, trials=trials))
        assert "무작위 탐색" in page.text
        assert [text for text in page.text.split("\n") if "렐루" in text]

    def test_params_of_several_types(self) -> None:
        values: tuple[Any, ...] = (None, True, 3, 2.5, "x", math.nan, math.inf)
        trials = tuple(ReportedTrial(n, "complete", {"odd": values[n % 7]}, score=n / 30, epoch=1) for n in range(14))
        assert {row["odd"] for row in page_of(toy_study(0, trials=trials)).leaderboard()} == {
            "None", "True", "3", "2.5", "x", "nan", "inf",
        }  # fmt: skip


class TestSafety:
    def test_hostile_names_only_show(self) -> None:
        study = toy_study(40)
        trials = tuple(
            replace(
                trial,
                params={HOSTILE: HOSTILE if trial.number % 2 else "x"},
                aliases=(HOSTILE,),
                error=trial.error and HOSTILE,
                curves={HOSTILE: (0.1, 0.2), f"val_{HOSTILE}": (0.1, 0.3)},
            )
            for trial in study.trials
        )
        words = {HOSTILE: HOSTILE}
        hostile = replace(
            study,
            name=HOSTILE,
            problem=HOSTILE,
            metric=HOSTILE,
            error=HOSTILE,
            trials=trials,
            settings=words,
            commands=words,
            provenance=words,
            libraries=words,
            space=(Hyperparameter(HOSTILE, HOSTILE, range=HOSTILE, choices=(HOSTILE,), condition=HOSTILE),),
            importances=Importances({HOSTILE: 1.0}, 40, HOSTILE),
            fanova=Importances({HOSTILE: 1.0}, 40, HOSTILE),
            attempts=(
                Attempt(0, HOSTILE, HOSTILE, 0.0, 1.0, HOSTILE),
                Attempt(0, HOSTILE, HOSTILE, 2.0, None, "running"),
            ),
            baselines=(Baseline(HOSTILE, 0.5, {HOSTILE: 0.5}),),
            repeats=(Repeats(HOSTILE, (0.5, 0.6)),),
            mistakes=Mistakes(
                HOSTILE, (HOSTILE, "b"), ((1, 1), (0, 1)), (), (Mistake(0, HOSTILE, HOSTILE, 0.9, b"png"),)
            ),
            machines=(HOSTILE,),
        )
        page, plain = page_of(hostile, hostile), page_of(toy_evidence(study), study)
        assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags} | {"img"}
        assert [tag for tag, _ in page.tags].count("script") == 1
        assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
        assert {a["src"] for tag, a in page.tags if tag == "img"} == {"data:image/png;base64,cG5n"}
        assert page.text.count(HOSTILE) > 40

    def test_nothing_is_asked_of_the_network(self) -> None:
        html = render(toy_report())
        assert not re.findall(r"(?:src|srcset|action|xlink:href)=", html)
        assert set(re.findall(r'href="([^"#]*)', html)) <= {"", "data:,"}
        assert not re.findall(r"url\((?!#)", html)
        assert "@import" not in html

    def test_the_policy_forbids_all_but_our_own_style_and_script(self) -> None:
        page = page_of(toy_study())
        policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
        assert policy is not None
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert not [attributes for _, attributes in page.tags if "style" in attributes]

    def test_ids_are_unique_and_every_reference_has_its_id(self) -> None:
        html = render(toy_report(toy_study(), toy_study(20, name="other", seed=1)))
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'(?:href="#|url\(#|labelledby=")([^")]+)', html)) <= set(ids)

    def test_pictures_have_alternative_texts(self) -> None:
        pictures = [attributes for tag, attributes in page_of(toy_study()).tags if tag == "svg"]
        assert len(pictures) > 8
        assert all(picture.get("aria-label") or picture.get("aria-hidden") for picture in pictures)


class TestSeveralStudies:
    def test_they_are_compared_on_top(self) -> None:
        page = page_of(toy_study(30), toy_study(20, name="other", seed=1))
        compared = page.table("study")
        assert [row["study"] for row in compared] == ["toy", "other"]
        assert float(compared[0]["best"]) == toy_study(30).ranked[0].score
        assert page.text.index("The best is trial") < page.text.index("epochs trained")

    def test_different_objectives_are_not_compared(self) -> None:
        text = page_of(toy_study(5), toy_study(5, name="other", metric="val_loss", direction="min")).text
        assert "These studies have different objectives" in text


def test_a_thousand_trials_make_a_small_page() -> None:
    html = render(toy_report(toy_study(1000)))
    assert len(html.encode()) < 5_000_000


class TestNumbers:
    @pytest.mark.parametrize(
        ("scores", "texts"),
        [
            ([0.8907499, 0.8901], ["0.8907", "0.8901"]),
            ([0.89325, 0.89317], ["0.89325", "0.89317"]),
            ([0.99999, 0.5], ["0.99999", "0.50000"]),
            ([1.0, 0.5], ["1.0000", "0.5000"]),
            ([12.3456, 20.0], ["12.35", "20.00"]),
            ([1e-7, 2e-7], ["1e-07", "2e-07"]),
            ([0.0, 0.0], ["0.0000", "0.0000"]),
        ],
    )
    def test_scores_are_rounded_as_far_as_they_stay_apart(self, scores: list[float], texts: list[str]) -> None:
        assert [number_format(scores)(score) for score in scores] == texts

    def test_durations(self) -> None:
        assert [duration_text(s) for s in (None, 0.0, 9.96, 59.2, 60, 3599.9, 90061)] == [
            "–", "0.0 s", "10.0 s", "59 s", "1 min", "1 h", "1 d 1 h",
        ]  # fmt: skip

    def test_values(self) -> None:
        assert [value_text(v) for v in (0.00123456, 3, True, None, math.nan)] == [
            "0.001235", "3", "True", "None", "NaN",
        ]  # fmt: skip

    def test_a_share_of_nothing_is_a_dash(self) -> None:
        assert share_text(1, 0) == "–"


class TestPictures:
    def test_outliers_at_the_worse_end_are_out_of_the_window(self) -> None:
        low, high = window([0.1] + [0.8 + number / 100 for number in range(10)], OBJECTIVE)
        assert 0.5 < low < 0.8 < 0.89 < high

    def test_equal_scores_have_a_window(self) -> None:
        low, high = window([0.5, 0.5], OBJECTIVE)
        assert low < 0.5 < high

    def test_even_ticks_are_round_and_inside(self) -> None:
        assert even_ticks(0.0103, 0.196, 4) == [0.05, 0.1, 0.15]
        assert even_ticks(128, 512, 4) == [200, 300, 400, 500]
        assert even_ticks(3.0, 3.0) == [3.0]
        assert log_ticks(0.0011, 0.0037) == [0.002, 0.003]
        assert log_ticks(0.01101, 0.01199) == pytest.approx([0.0112, 0.0114, 0.0116, 0.0118])

    def test_log_ticks_are_few_and_inside(self) -> None:
        for low, high in ((1e-6, 1e2), (0.003, 0.05), (0.011, 0.012), (1, 1000)):
            ticks = log_ticks(low, high)
            assert 1 <= len(ticks) <= 5
            assert all(low * 0.99 <= tick <= high * 1.01 for tick in ticks)

    def test_thinning_keeps_the_first_and_not_too_many(self) -> None:
        assert list(thinned(5, 10)) == [0, 1, 2, 3, 4]
        assert thinned(1001, 500)[0] == 0
        assert len(thinned(1001, 500)) <= 500
        assert thin(list(range(1000)), 10) == [0, 1, 2, 3, 4, 5, 204, 403, 602, 801]

    def test_no_median_of_few_points(self) -> None:
        assert median_line([(1.0, 1.0)] * 23) == ([], [])
        assert median_line([(float(x), float(x)) for x in range(24)])[0] == [1.5, 5.5, 9.5, 13.5, 17.5, 21.5]

    def test_a_colour_that_does_not_follow_the_page_is_refused(self) -> None:
        with pytest.raises(ValueError, match="the picture has the colour #ff0000; expected one of ink"):
            Drawing(lambda axes: axes.plot([1, 2], color="red") and None, (200, 100), "").inline("a")

    def test_a_picture_is_cleaned(self) -> None:
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="9pt"><metadata><a/></metadata>'
            '<g id="unused"><path d="M 1.23456 2 \nL 3 4" style="fill: none; stroke: #000001; font-family: X"/>'
            "</g></svg>"
        )
        assert inline(svg, alt='a "b"', prefix="p") == (
            '<svg viewBox="0 0 9 9" role="img" aria-label="a &quot;b&quot;">'
            '<g><path d="M1.23 2L3 4" fill="none" class="s-ink" /></g></svg>'
        )


def test_a_stop_reason_that_nobody_has_heard_of_is_drawn_with_a_marker_of_its_own() -> None:
    study = toy_study(6)
    first = replace(study.ranked[0], stop_reason="power_cut")
    trials = [first if trial.number == first.number else trial for trial in study.trials]
    study = replace(study, trials=tuple(trials))
    assert ("power_cut", OTHER.role, OTHER.sign) in [(key.text, key.role, key.sign) for key in legend(study)]
    without = toy_study(6)
    picture = history_picture(study)
    assert picture is not None
    drawn = picture.drawing.standalone()
    assert drawn.count('class="f-c6') > history_picture(without).drawing.standalone().count('class="f-c6')  # type: ignore[union-attr]


def test_labels_that_begin_alike_stay_apart() -> None:
    names = [f"a_choice_text_that_is_rather_long_{number}" for number in range(3)]
    assert shorten_apart([*names, "short"]) == ["…g_0", "…g_1", "…g_2", "short"]
    assert shorten_apart(["가나다라마바사아자차카타파하", "x" * 30]) == ["가나다라마바…", "x" * 13 + "…"]
