"""The first screen: the verdict in a sentence, four figures, and the picture of standing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from registry.core.objective import Objective
from registry.reports import Baseline, Repeats, ReportedStudy, ReportedTrial, render
from registry.reports.document.parts import Pictures, Rows
from registry.reports.formats.data_files import to_frame
from registry.reports.sections.front import front_block
from registry.reports.sections.headline.answer import answer
from registry.reports.sections.headline.standing import standing
from registry.reports.sections.headline.verdict import figures_of, luck, verdict_sentence
from registry.reports.sections.leaderboard import leaderboard
from registry.reports.toy import toy_evidence, toy_report, toy_study


def scored(number: int, score: float, **fields: Any) -> ReportedTrial:
    return ReportedTrial(number, "complete", {}, score, 1, 1, seconds=30.0, **fields)


def of(*trials: ReportedTrial, **changes: Any) -> ReportedStudy:
    return toy_study(0, trials=trials, **changes)


def luck_of(study: ReportedStudy) -> str:
    return luck(study, *study.leaders[:2])


class TestVerdict:
    def test_who_won_and_by_how_much(self) -> None:
        study = of(scored(3, 0.9), scored(1, 0.8))
        assert verdict_sentence(study) == (
            "Trial 3 won with val_accuracy 0.9000, 0.1000 ahead of trial 1, the second: "
            "whether by luck, only more seeds can tell."
        )

    def test_one_alone_has_no_second(self) -> None:
        assert verdict_sentence(of(scored(3, 0.9))).endswith("; nothing else has a score.")

    def test_a_confirmation_holds_a_configuration_against_others_and_not_against_its_own_seeds(self) -> None:
        seeds = [ReportedTrial(n, "complete", {"units": 8}, 0.9 + n / 100, 1, 1) for n in range(3)]
        other = ReportedTrial(3, "complete", {"units": 9}, 0.8, 1, 1)
        fields = {"confirmed": 0, "repeats": (Repeats("a", (0.9, 0.91, 0.92), 0),), "settings": {"confirms": "trial 5"}}
        alone, both = of(*seeds, **fields), of(*seeds, other, **fields)
        assert verdict_sentence(alone) == (
            "Trial 0 won with a mean val_accuracy of 0.9100; no other configuration has a score."
        )
        assert "It is the only configuration with a score." in answer(alone).lines
        assert ", 0.1100 ahead of trial 3, the second: " in verdict_sentence(both)
        assert "It is 0.1100 ahead of trial 3, the second (0.8000)." in answer(both).lines
        assert not any("by one training" in line for line in answer(both).lines)

    def test_equal_ones_are_called_so(self) -> None:
        assert verdict_sentence(of(scored(3, 0.9), scored(4, 0.9))).endswith("equal to trial 4, the second.")

    def test_who_leads_has_not_won(self) -> None:
        running = ReportedTrial(9, "running", {})
        assert "Trial 3 leads so far with" in verdict_sentence(of(scored(3, 0.9), scored(4, 0.8), running))

    def test_seeds_decide_on_luck(self) -> None:
        study = of(scored(3, 0.9), scored(4, 0.8))
        apart = (Repeats("a", (0.9, 0.901, 0.9), 3), Repeats("b", (0.8, 0.801, 0.8), 4))
        near = (Repeats("a", (0.85, 0.95), 3), Repeats("b", (0.84, 0.94), 4))
        assert luck_of(replace(study, repeats=apart)) == "more than luck"
        assert luck_of(replace(study, repeats=near)) == "that may be luck"
        assert "won with a mean val_accuracy of 0.9003" in verdict_sentence(replace(study, repeats=apart))

    def test_one_spread_can_only_call_it_luck(self) -> None:
        study = of(scored(3, 0.9), scored(4, 0.89))
        wide, narrow = (Repeats("a", (0.9, 0.8), 3),), (Repeats("a", (0.9, 0.9001), 3),)
        assert luck_of(replace(study, repeats=wide)) == "that may be luck"
        assert luck_of(replace(study, repeats=narrow)) == "whether by luck, only more seeds can tell"

    def test_a_confirmed_one_behind_by_its_mean_is_told(self) -> None:
        study = of(scored(3, 0.9), scored(4, 0.95), repeats=(Repeats("a", (0.9, 0.91), 3),), confirmed=3)
        assert "the best of those that were confirmed on several seeds" in verdict_sentence(study)

    def test_without_a_score_there_is_none(self) -> None:
        assert answer(of()).verdict == ""
        assert "verdict" not in render(toy_report(of())).partition("</style>")[2].partition("<script>")[0]


class TestSeveralObjectives:
    OBJECTIVES = (Objective("val_accuracy", "max"), Objective("parameters", "min"))

    def test_the_verdict_tells_of_the_front(self) -> None:
        several = [scored(3, 0.9, values=(0.9, 1215370.0)), scored(1, 0.8, values=(0.8, 177.0))]
        study = of(*several, scored(2, 0.7, values=(0.7, 200.0)), objectives=self.OBJECTIVES)
        assert verdict_sentence(study).endswith("; 2 trials are on the front of val_accuracy and parameters.")
        alone = of(*several[:1], objectives=self.OBJECTIVES)
        assert verdict_sentence(alone).endswith("has a score; 1 trial is on the front of val_accuracy and parameters.")

    def test_counts_are_whole_numbers(self) -> None:
        several = [scored(3, 0.9, values=(0.9, 1215370.0)), scored(1, 0.8, values=(0.8, 177.0))]
        (table,) = (
            part.table for part in front_block(of(*several, objectives=self.OBJECTIVES)).parts if isinstance(part, Rows)
        )
        assert [row[2].text for row in table.rows] == ["1,215,370", "177"]
        small = of(scored(3, 177.0), metric="parameters", direction="min")
        assert "won with parameters 177;" in verdict_sentence(small)


class TestFigures:
    def test_they_are_score_test_baseline_and_cost(self) -> None:
        best = scored(3, 0.9, test={"test_loss": 0.4, "test_accuracy": 0.88})
        study = of(best, baselines=(Baseline("weak", 0.7), Baseline("strong (toy/1)", 0.85)))
        told = [(figure.caption, figure.text, figure.note) for figure in figures_of(study)]
        assert told == [
            ("val_accuracy", "0.9000", "one training with one seed"),
            ("test_accuracy", "0.8800", "of one training"),
            ("ahead of the strongest baseline", "0.0500", "strong (toy/1)"),
            ("cost", "30 s", "1 epoch in one trial"),
        ]

    def test_what_is_not_known_is_a_dash(self) -> None:
        _, test, baseline, _ = figures_of(of(scored(3, 0.9)))
        assert (test.text, test.note, baseline.text, baseline.note) == ("–", "not measured", "–", "none is registered")

    def test_of_versions_it_is_not_said_that_no_baseline_is_registered(self) -> None:
        assert figures_of(of(scored(3, 0.9)))[2].note == "none is registered"
        assert figures_of(of(scored(3, 0.9), kind="versions"))[2].note == "none takes part"

    def test_the_trainings_that_confirmed_are_part_of_the_cost(self) -> None:
        confirmed = of(scored(3, 0.9), confirming_seconds=120.0)
        assert figures_of(confirmed)[3].note == "1 epoch in one trial; 2 min more to confirm"
        assert "; 2 min more for the trainings that confirmed the best." in answer(confirmed).cost

    def test_a_time_that_nobody_recorded_is_not_0(self) -> None:
        untimed = of(ReportedTrial(3, "complete", {}, 0.9, 1, 2, imported=True), budget=0)
        cost = figures_of(untimed)[3]
        assert (cost.text, cost.note) == ("–", "2 epochs in one trial, of unknown time")
        assert answer(untimed).cost.startswith("2 epochs in an unknown time of training")
        assert answer(of(scored(3, 0.9), budget=1)).outcomes.startswith("1 trial: ")

    def test_a_stronger_baseline_is_admitted(self) -> None:
        _, _, baseline, _ = figures_of(of(scored(3, 0.9), baselines=(Baseline("strong", 0.95),)))
        assert (baseline.caption, baseline.text) == ("behind the strongest baseline", "0.0500")

    def test_a_confirmed_score_is_the_mean(self) -> None:
        study = of(scored(3, 0.9), repeats=(Repeats("a", (0.9, 0.8), 3),), confirmed=3)
        assert (figures_of(study)[0].text, figures_of(study)[0].spread) == ("0.8500", "± 0.0707")


class TestFolds:
    def test_scores_of_folds_are_called_so(self) -> None:
        folds = (Repeats("a", (0.8, 0.6), 3, over="folds"), Repeats("b", (0.6, 0.4), 4, over="folds"))
        study = of(scored(3, 0.7), scored(4, 0.5), repeats=folds)
        assert figures_of(study)[0].note == "0.7000 ± 0.1414 over 2 folds"
        told = render(toy_report(study)).partition("</style>")[2].partition("<script>")[0]
        for said in ("Over 2 folds: ", "means over folds", "mean over folds", "Over folds", "on different folds"):
            assert said in told
        assert "seeds" not in told

    def test_a_confirmation_on_seeds_is_told_apart(self) -> None:
        repeats = (Repeats("a", (0.8, 0.6), 3), Repeats("b", (0.6, 0.4), 4, over="folds"))
        study = of(scored(3, 0.7), scored(4, 0.5), repeats=repeats, confirmed=3)
        assert "mean over seeds or folds" in [column.name for column in leaderboard(study).columns]
        assert list(to_frame(toy_report(study))[["seeds", "folds"]].max()) == [2, 2]


class TestStanding:
    def test_a_dot_is_a_training(self) -> None:
        study = toy_evidence(toy_study(40))
        pictures = standing(study)
        assert isinstance(pictures, Pictures)
        _, spots = pictures.pictures[0].drawing.inline("p")
        best = study.ranked[0]
        assert sum(text.startswith(f"{best.name} · val_accuracy") for _, _, text in spots) == 3
        assert sum("softmax" in text and "test_accuracy" in text for _, _, text in spots) == 1

    def test_the_seeds_of_a_baseline_are_its_dots(self) -> None:
        study = of(
            scored(3, 0.9),
            baselines=(Baseline("adam (mean of 2 seeds)", 0.85),),
            repeats=(Repeats("baseline adam", (0.84, 0.86)),),
        )
        pictures = standing(study)
        assert pictures is not None
        _, spots = pictures.pictures[0].drawing.inline("p")
        assert sum(text.startswith("adam · ") for _, _, text in spots) == 2

    def test_who_stands_alone_has_none(self) -> None:
        assert standing(of(scored(3, 0.9), scored(4, 0.8))) is None


def test_the_first_screen_answers_before_everything_else() -> None:
    page = render(toy_report(toy_evidence(toy_study(30))))
    places = [
        page.index(text) for text in ('class="verdict"', 'class="figures"', 'class="commands"', ">Leaderboard</h2>")
    ]
    assert places == sorted(places)
