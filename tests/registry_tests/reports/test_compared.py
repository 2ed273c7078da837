"""Several studies in one page: the verdict first, winners side by side, and each study in full folded below."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from registry.reports import Repeats, ReportedStudy, ReportedTrial, render
from registry.reports.document.parts import Bars, Pictures, Rows
from registry.reports.document.side_by_side import Line, side_by_side
from registry.reports.document.table import NOTHING, Cell
from registry.reports.sections.compared.pictures import importances, overlaid
from registry.reports.sections.compared.studies import ahead_line, lead_lines, studies_block
from registry.reports.sections.compared.winners import versions_table, winners_table
from registry.reports.toy import toy_report, toy_study


def two(**changes: Any) -> tuple[ReportedStudy, ReportedStudy]:
    one = toy_study(30, name="one")
    return one, toy_study(30, name="two", seed=3, settings={"sampler": "random"}, **changes)


def seeded(study: ReportedStudy, *scores: float) -> ReportedStudy:
    best = study.ranked[0]
    return replace(study, repeats=(Repeats(best.name, scores, best.number),), confirmed=best.number)


class TestVerdict:
    def test_it_comes_first_with_the_distance(self) -> None:
        one, other = two()
        block = studies_block([one, other])
        first, second = sorted((one, other), key=lambda study: -(study.ranked[0].score or 0.0))
        assert block.notes[0].startswith(f"The best is {first.ranked[0].name} of {first.name}")
        assert f"ahead of the best of {second.name}, {second.ranked[0].name}" in block.notes[1]
        assert block.notes[1].endswith(
            "whether that is luck is not known: the command search confirm trains both on several seeds."
        )

    def test_who_has_several_seeds_need_not_train_on_them_again(self) -> None:
        one, other = two()
        seeds, single = seeded(one, 0.9, 0.901), f"trains {other.ranked[0].name} of two on several seeds."
        assert ahead_line(seeds, other).endswith(f"the command search confirm {single}")
        assert ahead_line(other, seeds).endswith(f"the command search confirm {single}")

    def test_what_has_no_version_is_not_sent_to_a_command_that_trains_versions(self) -> None:
        one, other = two()
        bare = replace(one, trials=tuple(replace(trial, version=None) for trial in one.trials))
        assert ahead_line(bare, other).endswith("; whether by luck, only more seeds can tell.")

    def test_seeds_tell_whether_it_is_luck(self) -> None:
        one, other = two()
        apart = ahead_line(seeded(one, 0.9, 0.901, 0.9), seeded(other, 0.8, 0.801, 0.8))
        assert apart.endswith("more than noise (Welch's t-test, p < 0.001).")
        assert "luck" not in apart
        near = ahead_line(seeded(one, 0.9, 0.92, 0.91), seeded(other, 0.89, 0.93, 0.9))
        assert "not more than noise" in near

    def test_equal_ones_are_called_so(self) -> None:
        one = toy_study(20, name="one")
        assert ahead_line(one, replace(one, name="two")).startswith(
            f"The best of two, {one.ranked[0].name}, is equal to it"
        )

    def test_one_group_of_repeats_has_no_budget_to_compare(self) -> None:
        one, other = toy_study(20), toy_study(20, name="again", seed=1)
        assert not any("equal budget" in line for line in lead_lines([one, other], []))

    def test_who_takes_no_part_is_told_and_only_then(self) -> None:
        one, other = two()
        empty = replace(toy_study(0), name="empty")
        assert "Without empty: no trial of it has a score yet." in studies_block([one, other, empty]).notes
        assert not any(note.startswith("Without") for note in studies_block([one, other]).notes)


class TestSideBySide:
    def test_what_differs_is_a_line_and_what_is_equal_one_sentence(self) -> None:
        lines = [Line("a", (Cell("1"), Cell("1"))), Line("b", (Cell("1"), Cell("2")), param=True)]
        table = side_by_side(["x", "y"], lines)
        assert [[cell.text for cell in row] for row in table.rows] == [["b", "1", "2"]]
        assert table.note == "Equal in all: a 1."
        assert side_by_side(["x", "y"], lines[1:]).note == ""
        assert side_by_side(["x", "y"], [Line("parameters", (NOTHING, NOTHING))]).note == ""  # of neither known

    def test_the_winners_come_with_their_seeds_and_their_cost(self) -> None:
        one, other = two()
        rows = {
            row[0].text: [cell.text for cell in row[1:]] for row in winners_table([seeded(one, 0.9, 0.91), other]).rows
        }
        assert rows["over seeds"] == ["0.9050 ± 0.0071 (0.9000, 0.9100)", "one seed"]
        assert rows["sampler"] == ["tpe", "random"]
        assert rows["epochs trained"] == [f"{sum(t.epochs for t in study.trials):,}" for study in (one, other)]
        assert rows["winner"][0].startswith(one.ranked[0].name)
        assert list(rows)[:2] == ["winner", "val_accuracy"]

    def test_versions_too(self) -> None:
        trials = tuple(
            ReportedTrial(n, "complete", {"units": 64, "rate": n / 10}, n / 10, 1, 2, label=f"toy/{n}") for n in (1, 2)
        )
        table = versions_table(toy_study(0, trials=trials, kind="versions"))
        assert [column.name for column in table.columns] == ["", "toy/2", "toy/1"]
        assert {row[0].text: [c.text for c in row[1:]] for row in table.rows}["rate"] == ["0.2", "0.1"]
        assert "units 64" in table.note


class TestPictures:
    def test_the_curves_of_the_winners_are_overlaid_under_the_studies_names(self) -> None:
        pictures = overlaid(two(), two())
        assert [key.text for key in pictures.legend[:2]] == ["one", "two"]
        assert [picture.title for picture in pictures.pictures] == [
            "loss", "accuracy", "val_accuracy: distribution of scores",
        ]  # fmt: skip
        _, spots = pictures.pictures[0].drawing.inline("p")
        assert {text.split(" · ")[0] for _, _, text in spots} == {"one", "two"}

    def test_losses_that_mean_different_things_are_not_overlaid(self) -> None:
        one, other = two()
        smoothed = tuple(replace(t, params={**t.params, "label_smoothing": 0.1}) for t in other.trials)
        pictures = overlaid(*[(one, replace(other, trials=smoothed))] * 2)
        assert pictures.pictures[0].title == "accuracy"
        assert pictures.notes == (
            "Their losses mean different things (label_smoothing is 0, 0.1): they are not overlaid.",
        )
        assert overlaid(*[(one, other)] * 2).notes == ()

    def test_the_distribution_counts_every_trial(self) -> None:
        one, other = two()
        _, spots = overlaid(*[(one, other)] * 2).pictures[-1].drawing.inline("p")
        assert sum(text.startswith("one ") and text.endswith("100 % up to it") for _, _, text in spots) == 1

    def test_importances_stand_side_by_side_where_both_have_some(self) -> None:
        one, other = two()
        bars = importances((one, other))
        assert bars is not None
        assert bars.columns == ("one", "two")
        assert importances((one, replace(other, importances=replace(other.importances, shares={})))) is None


def test_the_page_begins_with_the_comparison_and_folds_each_study() -> None:
    page = render(toy_report(*two()))
    assert (
        page.index("Studies compared") < page.index("The winners side by side") < page.index('<details class="whole">')
    )
    assert page.count('<details class="whole">') == 2
    assert '<details class="whole">' not in render(toy_report())
    kinds = [type(part) for part in studies_block(list(two())).parts]
    assert kinds == [Rows, Pictures, Pictures, Rows, Bars, Rows]
