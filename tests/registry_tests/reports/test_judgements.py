"""What a report says of curves, differences and groups, and the kinds of files that it is written to."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas
import pytest

from registry import Registry
from registry.core.errors import UsageError
from registry.plots.fonts import families_for
from registry.reports import Baseline, Repeats, ReportedTrial, to_frame
from registry.reports.analysis.fit import describe_fit, judge_fit
from registry.reports.analysis.groups import compare_groups, holm
from registry.reports.analysis.noise import baseline_lines, jitter, noise_lines, welch
from registry.reports.compare import compare
from registry.reports.formats.data_files import to_csv
from registry.reports.formats.markdown import to_markdown
from registry.reports.formats.pdf import to_pdf
from registry.reports.formats.write import write
from registry.reports.sections.blocks import baselines_table
from registry.reports.sections.compared.budget import best_at, best_so_far, budget_table, epochs_of, grouped
from registry.reports.sections.compared.studies import lead_lines, studies_block
from registry.reports.sections.headline.answer import answer
from registry.reports.sections.leaderboard import leaderboard
from registry.reports.sections.timeline import continued_table
from registry.reports.sources.versions import comparison_of
from registry.reports.toy import toy_evidence, toy_report, toy_study
from registry.values.version import ModelVersion, Source, curves_of


def trial(loss: Any = (), val_loss: Any = (), reason: str = "max_epochs", **fields: Any) -> ReportedTrial:
    curves = {"loss": tuple(loss), "val_loss": tuple(val_loss), **fields.pop("curves", {})}
    return ReportedTrial(1, "complete", {}, stop_reason=reason, curves=curves, **fields)


class TestFit:
    @pytest.mark.parametrize(
        ("loss", "val_loss", "reason", "fit"),
        [
            ((0.5, 0.4, 0.3, 0.2), (0.5, 0.4, 0.42, 0.46), "max_epochs", "overfitting"),
            ((0.5, 0.4, 0.3, 0.2), (0.9, 0.8, 0.7, 0.6), "max_epochs", "underfitting"),
            ((0.5, 0.4, 0.3, 0.2), (0.9, 0.8, 0.7, 0.6), "pruned", "gap"),
            ((0.5, 0.4, 0.3, 0.2), (0.5, 0.4, 0.39, 0.39), "max_epochs", "gap"),
            ((0.5, 0.4, 0.38, 0.37), (0.5, 0.4, 0.39, 0.39), "max_epochs", "no sign of over- or underfitting"),
            ((0.5, 0.4, 0.5, 0.6), (0.5, 0.4, 0.42, 0.46), "max_epochs", "no sign of over- or underfitting"),
            ((0.5, 0.4, 0.3), (0.5, 0.4, 0.6), "max_epochs", "too few epochs to tell"),
            ((0.5, 0.4, 0.3, 0.2), (0.5, 0.4, math.nan, 0.9), "max_epochs", "too few epochs to tell"),
        ],
    )
    def test_it_is_called_by_name(self, loss: Any, val_loss: Any, reason: str, fit: str) -> None:
        assert judge_fit(trial(loss, val_loss, reason)) == fit

    def test_the_numbers_are_told(self) -> None:
        assert describe_fit(trial((0.5, 0.4, 0.3, 0.2), (0.5, 0.4, 0.42, 0.46))) == (
            "overfitting after epoch 2: the validation loss rises by 15 % "
            "while the training loss falls from 0.4000 to 0.2000"
        )

    def test_a_validation_loss_far_above_that_of_training_is_told(self) -> None:
        assert describe_fit(trial((0.5, 0.4, 0.3, 0.2), (0.5, 0.4, 0.39, 0.4))) == (
            "a gap: the validation loss ends 100 % above that of training, without having risen by more than 5 %"
        )
        near = trial((0.5, 0.4, 0.3, 0.38), (0.5, 0.4, 0.39, 0.39))
        assert describe_fit(near) == "no sign of over- or underfitting"


class TestNoise:
    def test_seeds_decide_by_welchs_test(self) -> None:
        study = toy_study(40)
        one, other = study.ranked[:2]
        same = (Repeats("a", (0.8, 0.9), one.number), Repeats("b", (0.81, 0.9), other.number))
        apart = (Repeats("a", (0.9, 0.901, 0.9), one.number), Repeats("b", (0.8, 0.801, 0.8), other.number))
        assert "not more than noise (Welch's" in noise_lines(replace(study, repeats=same))[0]
        assert "more than noise (Welch's t-test, p < 0.001)" in noise_lines(replace(study, repeats=apart))[0]

    def test_the_winner_is_the_best_in_the_mean_where_some_were_confirmed(self) -> None:
        study = toy_study(40)
        one, other = study.ranked[:2]
        assert study.leaders == study.ranked
        repeats = (Repeats("a", (0.5, 0.6), one.number), Repeats("b", (0.6, 0.7), other.number))
        assert replace(study, repeats=repeats).leaders == study.ranked
        confirmed = replace(study, repeats=repeats, confirmed=other.number)
        assert confirmed.leaders == (other, one, *study.ranked[2:])
        said = answer(confirmed)
        assert said.best == other
        assert said.caption == "val_accuracy of the best: mean and standard deviation over 2 seeds"
        assert said.score is not None
        assert (said.score.text, said.score.value, said.spread) == (
            "0.6500",
            repr(confirmed.repeats[1].mean),
            "± 0.0707",
        )
        assert "; not registered." in said.subject or "registered as toy/2." in said.subject
        assert f"by one training of each, {one.name} (" in said.lines[0]
        assert f"0.1000 ahead of {one.name}, the second (mean 0.5500)" in said.lines[1]
        beside = replace(confirmed, baselines=(Baseline("b", 0.9),))
        assert [row[0].text for row in baselines_table(beside).rows] == ["b", f"{other.name}, the winner"]
        assert baselines_table(beside).rows[1][1].value == str(confirmed.repeats[1].mean)
        alone = replace(study, repeats=repeats[1:], confirmed=other.number)
        assert f"behind {one.name}, which was not confirmed" in answer(alone).lines[1]
        assert noise_lines(alone) == []

    def test_the_version_that_stands_for_the_winner_is_named(self) -> None:
        study = toy_study(20)
        best = study.ranked[3]
        seen = replace(best, stand_in="toy/9", aliases=("champion",))
        tested = Repeats(best.name, (0.5, 0.6), best.number, {"test_accuracy": (0.4, 0.6), "test_loss": (1.0,)})
        trials = tuple(seen if trial is best else trial for trial in study.trials)
        confirmed = replace(study, trials=trials, repeats=(tested,), confirmed=best.number)
        said = answer(confirmed)
        assert said.subject.endswith(
            ". toy/9 (champion) is registered for it: the same params, trained with a new seed."
        )
        assert said.lines[1] == "On the test data: test_accuracy 0.5000 ± 0.1414."
        first = leaderboard(confirmed).rows[0]
        assert [cell.value or cell.text for cell in first[:4]] == ["1", str(best.number), repr(best.score), "0.55"]
        assert "toy/9 (trained again) champion" in [cell.text for cell in first]

    def test_the_winner_is_shown_first_in_curves_and_pictures(self) -> None:
        study = toy_study(40)
        other = study.ranked[9]
        repeats = (Repeats("a", (0.5, 0.6), other.number),)
        text, _ = to_markdown(toy_report(replace(study, repeats=repeats, confirmed=other.number)), "f")
        assert f"blue thick: {other.name};" in text

    def test_a_tie_is_no_lead(self) -> None:
        wild = trial(curves={"val_accuracy": (0.8, 0.9, 0.8, 0.9, 0.8, 0.9)}, score=0.9, epoch=2)
        study = toy_study(0, trials=(wild, replace(wild, number=2)))
        assert answer(study).lines[:2] == (
            "It is equal to trial 2, the second (0.9000).", "Nothing but their order tells the two apart.",
        )  # fmt: skip

    def test_the_seeds_of_baselines_are_not_the_winners(self) -> None:
        study = toy_study(20, repeats=(Repeats("baseline softmax", (0.8, 0.81)),))
        assert answer(study).lines[-1].endswith("that the search chose by, of one training with one seed.")

    def test_without_seeds_the_movement_from_epoch_to_epoch_tells_what_may_be_noise(self) -> None:
        wild = trial(curves={"val_accuracy": (0.8, 0.9, 0.8, 0.9, 0.8, 0.9)}, score=0.9, epoch=2)
        second = replace(wild, number=2, score=0.89)
        assert jitter(toy_study(0), wild) == pytest.approx(0.2 / math.sqrt(6))
        assert "it may be noise" in noise_lines(toy_study(0, trials=(wild, second)))[0]
        far = toy_study(0, trials=(wild, replace(second, score=0.2)))
        assert "only more seeds can tell" in noise_lines(far)[0]

    def test_a_short_curve_tells_nothing(self) -> None:
        short = trial(curves={"val_accuracy": (0.8, 0.9)}, score=0.9, epoch=2)
        assert "not known" in noise_lines(toy_study(0, trials=(short, replace(short, number=2, score=0.8))))[0]

    def test_equal_scores_are_no_evidence(self) -> None:
        assert welch((0.5, 0.5), (0.5, 0.5)) == 1.0
        assert welch((0.5, 0.5), (0.6, 0.6)) == 0.0
        assert 0 < welch((0.7, 0.58), (0.62, 0.6199999)) < 1  # SciPy warns of nearly equal values
        assert 0 < welch((0.7, 0.58), (0.62, 0.62)) < 1

    def test_the_strongest_baseline_is_named(self) -> None:
        best = trial(score=0.9, epoch=1)
        study = toy_study(0, trials=(best,), baselines=(Baseline("weak", 0.8), Baseline("strong", 0.95)))
        assert baseline_lines(study) == ["It beats 1 of 2 baselines; it is 0.0500 behind the strongest, strong."]

    def test_test_data_decide_too_where_both_were_measured(self) -> None:
        best = trial(score=0.9, epoch=1, test={"test_accuracy": 0.88})
        study = toy_study(0, trials=(best,), baselines=(Baseline("strong", 0.85, {"test_accuracy": 0.83}),))
        assert baseline_lines(study)[1] == "On the test data it is 0.0500 ahead of that (0.8800 and 0.8300)."


def test_what_is_paid_once_a_trial_is_not_spared_by_the_epoch() -> None:
    full = trial(epochs=10, seconds=11.0, score=0.9, epoch=1)
    short = replace(full, number=2, epochs=1, seconds=2.0, outcome="pruned", stop_reason="pruned")
    study = toy_study(0, trials=(full, short))
    assert "Pruning spared 9 epochs, about 11 s" in answer(study).cost


class TestGroups:
    def test_they_are_tested_by_ranks(self) -> None:
        trials = tuple(
            ReportedTrial(n, "complete", {"kind": "ab"[n % 2], "odd": n % 3 == 0}, score=n % 2 + n / 1000, epoch=1)
            for n in range(24)
        )
        kind, odd = compare_groups(toy_study(0, trials=trials))
        assert list(kind.scores) == ["b", "a"]
        assert kind.test == odd.test == "Mann-Whitney"
        assert kind.p is not None
        assert odd.p is not None
        assert kind.p < 0.001 < 0.5 < odd.p

    def test_few_scores_are_not_tested(self) -> None:
        trials = tuple(ReportedTrial(n, "complete", {"k": "ab"[n % 2]}, score=n / 9, epoch=1) for n in range(8))
        (found,) = compare_groups(toy_study(0, trials=trials))
        assert (found.p, found.test) == (None, "")

    def test_holm(self) -> None:
        assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
        assert holm([]) == []


class TestSeveralStudies:
    def test_repeats_are_those_that_differ_in_their_seed(self) -> None:
        one, two = toy_study(5), toy_study(5, name="two", seed=1)
        other = toy_study(5, name="three", settings=dict(one.settings) | {"sampler": "random"})
        assert [(g.label, len(g.studies)) for g in grouped([one, other, two])] == [
            ("toy, two", 2), ("three", 1),
        ]  # fmt: skip

    def test_the_best_so_far_is_by_epochs_in_sum(self) -> None:
        trials = tuple(
            ReportedTrial(n, "complete", {}, score=score, epoch=1, epochs=3) for n, score in enumerate((0.5, 0.4, 0.7))
        )
        study = toy_study(0, trials=trials)
        assert best_so_far(study, epochs_of) == ([3, 9], [0.5, 0.7])
        assert [best_at(study, budget) for budget in (2, 3, 8, 9)] == [None, 0.5, 0.5, 0.7]

    def test_which_is_best_and_which_is_ahead_comes_first(self) -> None:
        one, two = toy_study(20), toy_study(20, name="two", settings={"sampler": "random"}, seed=1)
        best = max(one, two, key=lambda study: study.ranked[0].score or 0.0)
        first, _, second = lead_lines([one, two], grouped([one, two]))
        assert first.startswith(f"The best is {best.ranked[0].name} of {best.name}: val_accuracy ")
        assert first.endswith(", of one training with one seed.")
        assert second.endswith("; without repeats on other seeds, nobody knows how much of that is luck.")
        again = [toy_study(20, name="three", seed=2), toy_study(20, name="4", settings=two.settings, seed=3)]
        repeated = lead_lines([one, two, *again], grouped([one, two, *again]))[2]
        assert "in the median over repeats: the difference is" in repeated
        assert "(Welch's t-test, p" in repeated

    def test_what_trains_the_best_of_another_is_no_search_to_compare(self) -> None:
        one, two = toy_study(10), toy_study(10, name="two", settings={"sampler": "random"}, seed=1)
        again = toy_study(5, name="again", settings={"confirms": "trials 1, 2 of toy"})
        block = studies_block([one, two, again])
        assert block.notes[-1] == "Without again, which trains what another study found."
        assert not any("again" in note for note in block.notes[:-1])
        assert len(block.parts) == 5
        assert len(studies_block([one, again]).parts) == 1

    def test_what_a_teacher_taught_may_win_and_has_searched_nothing(self) -> None:
        one, two = toy_study(10), toy_study(10, name="two", settings={"sampler": "random"}, seed=1)
        best = ReportedTrial(0, "complete", {"units": 8}, 0.9999, 1, 1)
        settings = {"confirms": "trial 1 of toy", "teacher": "toy/3"}
        taught = toy_study(0, name="taught", trials=(best,), settings=settings)
        block = studies_block([one, two, taught])
        assert block.notes[0].startswith("The best is trial 0 of taught: val_accuracy 0.9999")
        assert block.notes[-1] == "taught searched nothing, but trained anew what was found: not on equal budget."
        winners, curves = block.parts[0], block.parts[1]
        assert [column.name for column in winners.table.columns] == ["", "toy", "two", "taught"]
        assert "taught" in [key.text for key in curves.legend]
        assert not any("taught" in spot for _, _, spot in curves.pictures[-1].drawing.inline("p")[1])
        assert "taught" not in str(next(part for part in block.parts if part.title == "On equal budget").table)

    def test_what_was_trained_longer_may_win_and_that_is_said(self) -> None:
        best = ReportedTrial(0, "complete", {"units": 8}, 0.9999, 1, 1)
        settings = {"confirms": "trial 1 of toy", "confirms with": "max_epochs 6, where toy had 3"}
        longer = toy_study(0, name="longer", trials=(best,), settings=settings)
        block = studies_block([toy_study(10), longer])
        assert block.notes[0].startswith("The best is trial 0 of longer: val_accuracy 0.9999")
        assert block.notes[-2:] == (
            "longer searched nothing, but trained anew what was found: not on equal budget.",
            "longer trained with max_epochs 6, where toy had 3.",
        )
        told = "This study trains trial 1 of toy again on new seeds, with max_epochs 6, where toy had 3."
        assert told in answer(longer).lines
        plain = replace(longer, settings={"confirms": "trial 1 of toy"})
        assert "This study trains trial 1 of toy again on new seeds." in answer(plain).lines
        assert not any("trains" in line for line in answer(toy_study(10)).lines)

    def test_all_are_cut_at_the_smallest_budget(self) -> None:
        long, short = toy_study(40), toy_study(10, name="short", seed=1)
        table = budget_table(grouped([long, short]))
        spent = sum(trial.epochs for trial in short.trials)
        assert table.columns[5].name == f"at {spent} epochs"
        ends = [best_at(study, spent) for study in (long, short)]
        assert table.rows[0][-1].text == f"{min(e or 0 for e in ends):.4f} to {max(e or 0 for e in ends):.4f}"


def test_an_interrupted_attempt_names_who_went_on() -> None:
    table = continued_table(toy_study(4).attempts, {})
    assert [cell.text for cell in table.rows[0]] == [
        "3", "worker-0", "north, cpu", "lost", "3", "worker-1", "4", "11.0", "–",
    ]  # fmt: skip


def test_nobody_goes_on_with_a_trial_that_has_ended() -> None:
    last = [attempt for attempt in toy_study(4).attempts if attempt.outcome == "lost"]
    assert continued_table(last, {}).rows[0][5].text == "nobody yet"
    assert continued_table(last, {3: "pruned"}).rows[0][5].text == "nobody: pruned"


def test_an_interrupted_attempt_says_what_was_not_continued_exactly() -> None:
    said = "continued, not exactly: its tf.data.Dataset shuffles by itself"
    attempts = [replace(attempt, detail=said) for attempt in toy_study(4).attempts]
    assert continued_table(attempts, {}).rows[0][-1].text == said


class TestFiles:
    def test_the_numbers_of_a_table_are_the_facts(self, tmp_path: Path) -> None:
        study = toy_study(12)
        write(toy_report(study), tmp_path / "r.csv")
        write(toy_report(study), tmp_path / "r.parquet")
        write(toy_report(study), tmp_path / "r.json")
        scores = [trial.score for trial in study.ranked]
        assert list(pandas.read_csv(tmp_path / "r.csv")["score"].dropna()) == scores
        frame = pandas.read_parquet(tmp_path / "r.parquet")
        assert list(frame["score"].dropna()) == scores
        assert list(frame["curves.val_loss"][0]) == list(study.ranked[0].curves["val_loss"])
        told = json.loads((tmp_path / "r.json").read_text())["studies"][0]
        assert [trial["score"] for trial in told["trials"]] == [trial.score for trial in study.trials]

    def test_params_of_mixed_types_become_text_in_parquet(self, tmp_path: Path) -> None:
        values: tuple[Any, ...] = (None, True, 3, "x")
        trials = tuple(ReportedTrial(n, "complete", {"p": v}, score=-n, epoch=1) for n, v in enumerate(values))
        write(toy_report(toy_study(0, trials=trials)), tmp_path / "r.parquet")
        found = pandas.read_parquet(tmp_path / "r.parquet")["params.p"]
        assert [None if pandas.isna(value) else value for value in found] == [None, "True", "3", "x"]

    def test_a_spreadsheet_finds_no_formula(self) -> None:
        hostile = toy_study(0, trials=(ReportedTrial(1, "failed", {"=p": "=1+1"}, error="@cmd"),))
        text = to_csv(toy_report(hostile)).decode()
        assert "'=1+1" in text
        assert "'@cmd" in text

    def test_markdown_has_its_pictures_beside_it(self, tmp_path: Path) -> None:
        study = replace(toy_evidence(toy_study(20)), name="a|b <script> 무작위")
        write(toy_report(study), tmp_path / "r.md")
        text = (tmp_path / "r.md").read_text()
        assert r"# Study a\|b \<script\> 무작위" in text
        pictures = sorted(path.name for path in (tmp_path / "r-pictures").iterdir())
        assert len(pictures) == text.count("](<r-pictures/") > 10
        first = (tmp_path / "r-pictures" / "1.svg").read_text()
        assert first.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
        assert "#0072b2" in first

    def test_a_command_in_markdown_stays_a_command(self) -> None:
        text, _ = to_markdown(toy_report(toy_study(0, commands={"x": "a ``` b"})), "f")
        assert "````\na ``` b\n````" in text

    def test_pdf(self) -> None:
        study = replace(toy_evidence(toy_study(12)), name="무작위 탐색")
        data = to_pdf(toy_report(study))
        assert data.startswith(b"%PDF")
        assert data == to_pdf(toy_report(study))

    def test_another_ending_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"expected a name that ends in \.html, \.md, \.pdf, \.csv, \.parquet or"):
            write(toy_report(), tmp_path / "r.docx")
        assert list(tmp_path.iterdir()) == []

    def test_a_row_a_trial(self) -> None:
        frame = to_frame(toy_report(toy_study(12), toy_study(5, name="b", seed=1)))
        assert list(frame["study"]) == ["toy"] * 12 + ["b"] * 5


def version(number: int, score: float, **fields: Any) -> ModelVersion:
    moment = toy_report().made_at
    values: dict[str, Any] = {"metric": "val_accuracy", "direction": "max", "epoch": 1, "created_at": moment}
    curves = curves_of({"val_accuracy": [score]})
    metrics = {"val_accuracy": score, "val_loss": 1 - score, "test_accuracy": score - 0.01}
    return ModelVersion("m", number, score, params={"n": number}, metrics=metrics, curves=curves,
                        **({"source": Source("s", number)} | values | fields))  # fmt: skip


class TestVersionsCompared:
    def test_they_are_ranked_by_the_first_ones_objective(self) -> None:
        report = comparison_of([version(1, 0.8), version(2, 0.9)], database="d", made_by="p")
        (study,) = report.studies
        assert [(trial.name, trial.score, trial.test) for trial in study.ranked] == [
            ("m/2", 0.9, {"test_accuracy": pytest.approx(0.89)}),
            ("m/1", 0.8, {"test_accuracy": pytest.approx(0.79)}),
        ]

    def test_or_by_a_metric(self) -> None:
        report = comparison_of([version(1, 0.8), version(2, 0.9)], database="d", made_by="p", metric="val_loss")
        assert report.studies[0].direction == "min"
        assert report.studies[0].ranked[0].name == "m/2"

    def test_seeds_are_found_of_confirmed_configurations_and_baselines(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path}/studies.db"
        with Registry(url, create=True) as registry:
            found = Source("search", 4), {"x": 1}, {}
            again = [(Source("again", n, seed=n), {"x": 1}, {"confirm": "search"}) for n in (0, 1)]
            other = Source("again", 2, seed=0), {"x": 2}, {"confirm": "search"}
            fixed = [(Source(f"b{n}", n, seed=n), {}, {"kind": "baseline", "baseline": "b"}) for n in (0, 1)]
            for number, (source, params, tags) in enumerate([found, *again, other, *fixed]):
                score = 0.9 - number / 100
                registry.register("m", weights=None, score=score, metric="val_accuracy", direction="max", epoch=1,
                                  params=params, curves={}, source=source, tags=tags)  # fmt: skip
        (study,) = compare(["m/1", "m/2", "m/4", "m/5"], storage=url).studies
        assert {one.label: one.scores for one in study.repeats} == {
            "m/1": pytest.approx((0.89, 0.88)),
            "m/2": pytest.approx((0.89, 0.88)),
            "m/5": pytest.approx((0.86, 0.85)),
        }
        assert study.commands == {
            "Its record, on the command line": f"registry show m/1 --storage {url}",
            "Its weights were not kept: to train it again": f"registry reproduce m/1 --storage {url}",
        }
        assert set(study.provenance) == {"m/1", "m/2", "m/4", "m/5"}
        assert "seed 0" in study.provenance["m/2"]

    def test_what_is_made_of_others_says_so_and_has_no_rank_without_a_score(self) -> None:
        made = version(3, 0.95, source=Source(origin="ensemble:m/1+m/2"))
        refit = version(4, math.nan, source=Source(origin="refit:m/1#7"))
        (study,) = comparison_of([version(1, 0.9), made, refit], database="d", made_by="p").studies
        assert [trial.name for trial in study.ranked] == ["m/3", "m/1"]
        assert [trial.source for trial in study.trials] == ["s, trial 1", "ensemble:m/1+m/2", "refit:m/1#7"]
        assert "ensemble:m/1+m/2" in study.provenance["m/3"]

    def test_a_mean_is_not_held_against_a_single_score(self) -> None:
        chosen = [version(1, 0.9), version(2, 0.89)]
        alike = [version(1, 0.9), version(3, 0.8, source=Source("s", 3, seed=1))]
        (study,) = comparison_of(chosen, {"m/1": alike}, database="d", made_by="p").studies
        said = answer(study)
        assert said.lines[0].startswith("Over 2 seeds: 0.8500 ± 0.0707")
        assert said.lines[1] == ("On the test data: test_accuracy 0.8900 (0.8400 ± 0.0707 over 2 seeds).")
        assert said.lines[2] == "It is 0.0100 ahead of m/2, the second (0.8900)."
        assert said.lines[3] == "That is no more than twice the spread over seeds (0.0707)."

    def test_one_is_not_enough(self) -> None:
        with pytest.raises(UsageError, match="expected two or more"):
            comparison_of([version(1, 0.8)], database="d", made_by="p")


def test_a_font_is_found_for_each_letter_or_the_letter_is_told() -> None:
    assert families_for(["val_loss"]) == (["DejaVu Sans"], frozenset())
    families, missing = families_for(["활성화"])
    assert (len(families) > 1) != bool(missing)
    assert "\U000ffffd" in families_for(["\U000ffffd"])[1] or not "\U000ffffd".isprintable()
