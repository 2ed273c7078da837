"""Every statement in words: a case where it must be said, and one where it must not."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest
from matplotlib.figure import Figure

from registry.reports import Baseline, Importances, ReportedStudy, ReportedTrial, bases_of, render
from registry.reports.analysis.basis import common_epoch
from registry.reports.analysis.losses import loss_note, ranked_by_loss
from registry.reports.analysis.noise import jitter, noise_lines
from registry.reports.document.parts import Bars, Choices, Facts, Pictures
from registry.reports.drawing.limits import cut_note, limits_of, time_axis
from registry.reports.drawing.ticks import PlainNumbers, tick_text
from registry.reports.facts.digits import alike, score_writer
from registry.reports.formats.markdown import to_markdown
from registry.reports.sections.compared.budget import budget_parts, grouped, without_tiny
from registry.reports.sections.curves import curves_block
from registry.reports.sections.headline.answer import answer
from registry.reports.sections.leaderboard import LONGEST_ERROR, failures
from registry.reports.sections.params.mattered import contradiction, importance_bars, mattered_block
from registry.reports.toy import toy_report, toy_study


def lived(number: int, *values: float, outcome: Any = "complete", **params: Any) -> ReportedTrial:
    """Return a trial with these values of the objective, one an epoch."""
    best = max(values)
    return ReportedTrial(
        number, outcome, params, best, values.index(best) + 1, len(values), curves={"val_accuracy": values}
    )


def of(*trials: ReportedTrial, **changes: Any) -> ReportedStudy:
    return toy_study(0, trials=trials, **changes)


class TestBasis:
    def test_trials_are_compared_at_the_last_epoch_that_four_of_five_reached(self) -> None:
        long = [lived(n, 0.5, 0.6 + n / 100, 0.9) for n in range(4)]
        study = of(*long, lived(4, 0.55))
        assert common_epoch(study) == 3
        (basis,) = bases_of(study)
        assert basis.title == "after 3 epochs"
        assert [trial.number for trial in basis.study.trials] == [0, 1, 2, 3]
        more = of(*long[:3], lived(3, 0.5, 0.8), lived(4, 0.7, 0.1))
        assert common_epoch(more) == 2
        assert {t.number: t.score for t in bases_of(more)[0].study.trials} == {0: 0.6, 1: 0.61, 2: 0.62, 3: 0.8, 4: 0.7}

    def test_who_lived_longer_gains_nothing(self) -> None:
        study = of(lived(1, 0.6), lived(2, 0.5, 0.9), lived(3, 0.4))
        (basis,) = bases_of(study)
        assert basis.title == "after 1 epoch"
        assert "3 of 3 trials with a score got so far" in basis.note
        assert [trial.number for trial in sorted(basis.study.trials, key=lambda t: -(t.score or 0))] == [1, 2, 3]
        assert basis.study.leaders[0].number == 2  # the ring is the winner of the study

    def test_who_returned_another_value_is_compared_by_what_was_reported(self) -> None:
        """As of an objective of Optuna's, whose last report and returned value are apart."""

        def returned(number: int, value: float, *reported: float) -> ReportedTrial:
            by_epochs = {"val_accuracy": (*(math.nan,) * (len(reported) - 1), value), "epoch_val_accuracy": reported}
            return replace(lived(number, value), curves=by_epochs)

        study = of(returned(1, 0.9, 0.3, 0.5), returned(2, 0.8, 0.2, 0.85), lived(3, 0.1))
        assert common_epoch(study) == 1
        (basis,) = bases_of(study)
        assert "3 of 3 trials with a score got so far" in basis.note
        assert {trial.number: trial.score for trial in basis.study.trials} == {1: 0.3, 2: 0.2, 3: 0.1}
        (basis,) = bases_of(of(returned(1, 0.9, 0.3, 0.5), returned(2, 0.8, 0.2, 0.85)))
        assert basis.title == "all trials"
        assert {trial.number: trial.score for trial in basis.study.trials} == {1: 0.9, 2: 0.8}

    def test_where_all_trained_to_their_best_there_is_nothing_to_choose(self) -> None:
        (basis,) = bases_of(of(*(lived(n, 0.5, 0.6) for n in range(12))))
        assert basis.title == "all trials"

    def test_a_page_says_which_and_has_a_switch(self) -> None:
        study = toy_study(40)
        (part,) = mattered_block(study).parts
        assert isinstance(part, Choices)
        epochs = common_epoch(study)
        assert list(part.parts) == [f"after {epochs} epochs", "complete trials only"]
        assert part.first[0].notes[0].startswith(f"Compared after {epochs} epochs, by the best score until then")
        page = render(toy_report(study))
        assert page.count('type="radio"') == 2
        same = of(*(lived(n, 0.5, 0.6 + n / 50, p=n) for n in range(12)))
        assert 'type="radio"' not in render(toy_report(same))

    def test_without_curves_complete_trials_count(self) -> None:
        bare = [replace(lived(n, 0.5 + n / 50), curves={}) for n in range(3)]
        (basis,) = bases_of(of(*bare, replace(lived(3, 0.9), curves={}, outcome="pruned")))
        assert (basis.title, len(basis.study.trials)) == ("complete trials only", 3)

    def test_without_a_score_there_is_none(self) -> None:
        assert bases_of(of()) == ()


class TestImportances:
    def test_a_contradiction_is_told(self) -> None:
        methods = ("PED-ANOVA", "fANOVA")
        said = contradiction({"activation": (0.04, 0.76), "dropout": (0.3, 0.2)}, methods)
        assert "contradict each other on activation (0.04 by PED-ANOVA, 0.76 by fANOVA)" in said
        assert "dropout" not in said
        assert contradiction({"activation": (0.5, 0.6), "units_3": (0.4, None)}, methods) == ""
        assert contradiction({"activation": (0.9,)}, ("importance",)) == ""

    def test_the_order_is_that_of_the_mean_rank(self) -> None:
        one = Importances({"dropout": 0.5, "activation": 0.3, "momentum": 0.2}, 40, "One")
        other = Importances({"activation": 0.8, "momentum": 0.15, "dropout": 0.05}, 40, "Other")
        assert list(importance_bars(one, other).shares) == ["activation", "dropout", "momentum"]

    def test_the_first_fifteen_are_shown_and_the_rest_counted(self) -> None:
        many = Importances({f"p{n}": 1 / 60 for n in range(60)}, 200, "By hand")
        bars = importance_bars(many, Importances())
        assert len(bars.shares) == 15
        assert "The first 15 of 60 hyperparameters." in " ".join(bars.notes)
        assert "first" not in " ".join(importance_bars(Importances({"a": 1.0}, 30, "By hand"), Importances()).notes)

    def test_whiskers_are_explained_where_there_are_some(self) -> None:
        sure = Importances({"a": 0.9, "b": 0.1}, 40, "By hand", ranges={"a": (0.7, 0.95), "b": (0.0, 0.3)})
        study = toy_study(40, importances=sure, fanova=Importances())
        page = render(toy_report(study))
        assert 'd="M70.00 4H95.00"' in page
        assert "A whisker is as wide as eight of ten shares" in page
        unsure = replace(study, importances=replace(sure, ranges={}))
        assert "whisker" not in render(toy_report(unsure))
        (choices,) = mattered_block(study).parts
        assert isinstance(choices, Choices)
        assert isinstance(choices.first[0], Bars)


class TestNoise:
    def test_a_trend_is_no_noise(self) -> None:
        falling = lived(1, *(0.5 + 0.04 * n for n in range(10)))
        assert jitter(of(falling), falling) is None
        curved = lived(2, *(0.9 - 0.4 * 0.8**n for n in range(20)))
        trend = abs(curved.curves["val_accuracy"][-1] - curved.curves["val_accuracy"][-2])
        moved = jitter(of(curved), curved)
        assert moved is not None
        assert moved < trend / 3

    def test_a_lead_beside_a_trend_is_not_called_noise(self) -> None:
        one, other = (lived(n, *(0.5 + 0.04 * e + 0.01 * n for e in range(10))) for n in (2, 1))
        assert noise_lines(of(one, other)) == [
            "Whether that is more than noise is not known: each was trained once, with one seed."
        ]

    def test_what_moves_up_and_down_is(self) -> None:
        wild = lived(1, *(0.8, 0.82) * 6)
        assert jitter(of(wild), wild) == pytest.approx(0.04 / 6**0.5)


class TestLosses:
    def test_those_that_mean_different_things_share_no_axis(self) -> None:
        study = with_losses(label_smoothing=(0.0, 0.1))
        overlaid, _, alone = curves_block(study).parts
        assert isinstance(overlaid, Pictures)
        assert isinstance(alone, Pictures)
        assert [picture.title for picture in overlaid.pictures] == ["accuracy"]
        assert alone.notes == (
            "Their losses mean different things (label_smoothing is 0, 0.1): each has an axis of its own.",
        )

    @pytest.mark.parametrize(
        "params", [{"label_smoothing": (0.1, 0.1)}, {"weight_decay": (0.0, 0.1)}, {"units": (1, 2)}]
    )
    def test_others_do(self, params: dict[str, Any]) -> None:
        study = with_losses(**params)
        overlaid, facts, alone = curves_block(study).parts
        assert isinstance(overlaid, Pictures)
        assert isinstance(facts, Facts)
        assert isinstance(alone, Pictures)
        assert [picture.title for picture in overlaid.pictures] == ["loss", "accuracy"]
        assert alone.notes == ()

    @pytest.mark.parametrize("name", ["class_weight", "loss", "l2", "kernel_regularizer", "head_label_smoothing"])
    def test_they_are_known_by_their_params_names(self, name: str) -> None:
        trials = [lived(1, 0.5, **{name: "x"}), lived(2, 0.6)]
        assert f"({name} is x, 0)" in loss_note(trials)
        assert loss_note(trials[:1]) == ""

    def test_a_ranking_by_them_is_not_to_be_trusted(self) -> None:
        study = with_losses(label_smoothing=(0.0, 0.1))
        assert ranked_by_loss(study) == ""
        by_loss = replace(study, metric="val_loss", direction="min")
        assert "which means another thing for each label_smoothing" in " ".join(answer(by_loss).lines)
        assert ranked_by_loss(replace(with_losses(units=(1, 2)), metric="val_loss")) == ""


def with_losses(**params: tuple[Any, Any]) -> ReportedStudy:
    curves = dict.fromkeys(("loss", "val_loss", "accuracy", "val_accuracy"), (0.7, 0.6, 0.65))
    return of(
        *(
            replace(lived(n, 0.7, 0.6, 0.65, **{name: values[n] for name, values in params.items()}), curves=curves)
            for n in range(2)
        )
    )


class TestLimits:
    def test_they_follow_what_is_good(self) -> None:
        good = [[0.7, 0.8, 0.85, 0.9, 0.9, 0.91]] * 3
        limits = limits_of([*good, [0.0001, 0.0001, 0.0001, 0.0001, 0.8, 0.9]], highest_first=True)
        assert limits is not None
        assert limits.high == 0.91
        assert 0.0001 < limits.low <= 0.7
        assert limits.cut([[0.0001, 0.9], [0.7, 0.8]]) == 1
        assert cut_note(1, "pruned") == "1 pruned leaves the picture, whose limits follow what is good."
        assert cut_note(0, "pruned") == ""

    def test_a_bad_beginning_that_presses_nothing_flat_is_not_cut(self) -> None:
        limits = limits_of([[0.7, 0.5, 0.4, 0.35, 0.34, 0.33]] * 3, highest_first=False)
        assert limits is not None
        assert (limits.low, limits.high) == (0.33, 0.7)

    def test_losses_over_two_decades_are_logarithmic(self) -> None:
        wide, narrow = limits_of([[50.0, 5.0, 0.1]], highest_first=False), limits_of([[0.9, 0.5]], highest_first=False)
        assert wide is not None
        assert narrow is not None
        assert (wide.low, wide.high, wide.log) == (0.1, 50.0, True)
        assert not narrow.log
        scores = limits_of([[0.001, 0.9, 0.9]], highest_first=True)
        assert scores is not None
        assert not scores.log

    def test_nothing_finite_has_none(self) -> None:
        assert limits_of([[float("nan")], []], highest_first=False) is None

    @pytest.mark.parametrize(
        ("end", "labels"),
        [
            (9, ["0", "2.0 s", "4.0 s", "6.0 s", "8.0 s"]),
            (170, ["0", "30 s", "1 min", "1 min 30 s", "2 min", "2 min 30 s"]),
            (1500, ["0", "5 min", "10 min", "15 min", "20 min", "25 min"]),
            (10000, ["0", "30 min", "1 h", "1 h 30 min", "2 h", "2 h 30 min"]),
            (200000, ["0", "12 h", "1 d", "1 d 12 h", "2 d"]),
        ],
    )
    def test_time_goes_in_steps_of_a_clock(self, end: float, labels: list[str]) -> None:
        axes = Figure().add_subplot()
        axes.set_xlim(0, end)
        time_axis(axes, end)
        ticks = [tick for tick in axes.xaxis.get_major_locator()() if 0 <= tick <= end]
        assert axes.xaxis.get_major_formatter().format_ticks(ticks) == labels

    def test_numbers_have_thousands_apart_and_no_offset(self) -> None:
        assert PlainNumbers().format_ticks([0, 500000, 1000000]) == ["0", "500,000", "1,000,000"]
        assert PlainNumbers().format_ticks([0.9, 0.925, 0.95]) == ["0.900", "0.925", "0.950"]
        assert PlainNumbers().format_ticks([1e-7, 2e-7]) == ["1e-07", "2e-07"]
        assert PlainNumbers().format_ticks([100000.001, 100000.002]) == ["100,000.001", "100,000.002"]
        assert tick_text(2000) == "2,000"


class TestDigits:
    def test_all_scores_of_a_document_have_as_many(self) -> None:
        one = of(lived(1, 0.89325), lived(2, 0.89317))
        other = replace(of(lived(1, 0.7), lived(2, 0.6)), name="other")
        assert score_writer(other)(0.7) == "0.7000"
        first, second = alike(toy_report(one, other)).studies
        assert [score_writer(study)(0.7) for study in (first, second)] == ["0.70000", "0.70000"]

    def test_another_metric_has_its_own(self) -> None:
        one = of(lived(1, 0.89325), lived(2, 0.89317))
        other = replace(of(lived(1, 0.7), lived(2, 0.6)), metric="val_loss")
        assert score_writer(alike(toy_report(one, other)).studies[1])(0.7) == "0.7000"

    def test_baselines_and_means_count(self) -> None:
        assert score_writer(of(lived(1, 0.89325), baselines=(Baseline("b", 0.89317),)))(0.5) == "0.50000"


class TestFailures:
    TRACEBACK = 'Traceback (most recent call last):\n  File "x.py"\nValueError: {} is too wide'

    def failed(self, number: int, error: str | None, reason: str = "error") -> ReportedTrial:
        return ReportedTrial(number, "failed", {}, stop_reason=reason, error=error)

    def test_equal_ones_are_one_line_with_their_count(self) -> None:
        wide = [self.failed(n, self.TRACEBACK.format("it")) for n in range(15)]
        table = failures(of(self.failed(99, "MemoryError", "out_of_memory"), *wide))
        first, second = table.rows
        assert [cell.text for cell in first] == [
            "15", "error", "ValueError: it is too wide", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more",
        ]  # fmt: skip
        assert first[2].folded == self.TRACEBACK.format("it")
        assert [cell.text for cell in second] == ["1", "out_of_memory", "MemoryError", "99"]
        assert second[2].folded == ""

    def test_an_error_of_many_lines_is_told_whole_and_shows_what_it_holds(self) -> None:
        text = " ".join(f"line {n}: `x` <b>b</b> | *y* _z_" for n in range(30))
        failed = self.failed(2, self.TRACEBACK.format(text.replace(" line", "\nline") + " \u202eturned"))
        report = toy_report(of(lived(1, 0.5), failed))
        (row,) = failures(report.studies[0]).rows
        assert text in row[2].text
        page, (markdown, _) = render(report), to_markdown(report, "p")
        assert ("\u202e" in page, "\u202e" in markdown) == (False, False)
        assert "\\u202eturned" in page
        (line,) = (line for line in markdown.splitlines() if "line 29" in line)
        assert text in re.sub(r"\\(.)", r"\1", line)
        assert not re.search(r"(?<!\\)[`<*_]", line)

    def test_what_is_longer_than_any_line_ends_in_a_sign_of_it(self) -> None:
        (row,) = failures(of(lived(1, 0.5), self.failed(2, "x" * 9000))).rows
        assert row[2].text == "x" * LONGEST_ERROR + "…"

    def test_the_traceback_is_folded_away(self) -> None:
        page = render(toy_report(of(lived(1, 0.5), self.failed(2, self.TRACEBACK.format("<b>")))))
        assert "<details><summary>traceback</summary>" in page
        assert "<b>" not in page.replace("<b class=", "")
        assert "traceback" not in render(toy_report(of(lived(1, 0.5), self.failed(2, "no space"))))


class TestBudget:
    def test_each_study_is_called_by_its_name_and_goes_to_its_own_end(self) -> None:
        groups = grouped([toy_study(40), toy_study(20, name="random", settings={"sampler": "random"})])
        assert [group.label for group in groups] == ["toy", "random"]
        pictures, _ = budget_parts(groups)
        assert isinstance(pictures, Pictures)
        ends = [sum(trial.epochs for trial in group.studies[0].trials) for group in groups]
        _, spots = pictures.pictures[0].drawing.inline("p")
        told = [max(int(t.split(" · ")[1].split()[0].replace(",", "")) for _, _, t in spots if t.startswith(g.label))
                for g in groups]  # fmt: skip
        assert told == ends

    def test_a_tiny_study_is_left_out_with_a_sentence(self) -> None:
        large = [toy_study(40, name=f"large{n}", seed=n) for n in range(3)]
        tiny = of(lived(1, 0.9), name="tiny")
        kept, said = without_tiny([*large, tiny])
        assert kept == large
        assert said == "Left out of the equal budget, for fewer epochs than a twentieth of the median study: tiny (1)."
        assert without_tiny(large) == (large, "")

    def test_one_line_is_no_picture(self) -> None:
        assert budget_parts(grouped([toy_study(10), toy_study(10, name="again", seed=4)])) == []


class TestTeacher:
    def test_who_learnt_from_a_teacher_says_so(self) -> None:
        said = "It learnt from the predictions of mine/7 instead of the labels."
        assert said in answer(toy_study(3, settings={"teacher": "mine/7#0f3a5c7d9e1b"})).lines
        assert not any("learnt" in line for line in answer(toy_study(3)).lines)
