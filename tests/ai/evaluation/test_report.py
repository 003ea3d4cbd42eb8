"""The evaluation: its bars are met, can be missed, and its held-out sets are the frozen ones."""

import hashlib
import random
from collections import Counter
from dataclasses import replace

import pytest
from statsmodels.stats import proportion

from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.__main__ import main
from services.ai.evaluation.held_out import HELD_OUT, paraphrases
from services.ai.evaluation.matrix import Row
from services.ai.evaluation.report import Evaluation, evaluate, written
from services.ai.evaluation.wilson import wilson

FIRST, SECOND, THIRD = HELD_OUT
FROZEN = (
    (FIRST, "52a5376dcce6f5f33daa6499dbad39c99e593f6955d7f630545caa3101b57287"),
    (SECOND, "a913d0ce2820702a8b04a5cc634aeb3c8f5d7c77f1d17b6b79d7d354ed92d75e"),
    (THIRD, "66e1d5279d19b529620823d0817364dd76013ead93099210499b3bf2af084a8c"),
)
# Shares escaped and dropped: what was measured may not get worse. The rules are tuned on the first two sets.
BARS = ((FIRST, 0.01, 0.06), (SECOND, 0.01, 0.1), (THIRD, 0.0175, 0.527))


@pytest.fixture(scope="module", name="evaluation")
def measured() -> Evaluation:
    return evaluate(seed=7, experiments=25, mutants=25)


def test_matrix_when_it_is_run_then_meets_all_bars(evaluation: Evaluation) -> None:
    assert evaluation.failures == ()


def test_ablation_when_a_rule_is_off_then_its_row_falls(evaluation: Evaluation) -> None:
    whole_checks = {RuleId.SHAPE, RuleId.DESIGN}

    assert set(evaluation.by_rule) == set(RuleId) - whole_checks
    assert all(without < found for _, found, without in evaluation.by_rule.values())


def test_bars_when_they_are_missed_then_are_named(evaluation: Evaluation) -> None:
    rows = (Row("blind", RuleId.NUMBER, 100, 99, 99), Row("never made", RuleId.SLOT, 0, 0, 0))
    missed = replace(evaluation, rows=rows, alarm_count=evaluation.clean_count)

    assert [one.split(":")[0] for one in missed.failures[:2]] == ["blind", "never made"]
    assert len(missed.failures) == 5


def test_answers_when_sentences_fail_by_their_words_then_the_engine_tells_most_of_the_true_ones(
    evaluation: Evaluation,
) -> None:
    true, false = evaluation.answers[THIRD]

    assert true.own_count + true.reworded_count > 0.85 * true.sentence_count
    assert true.stood_count > 0.8 * true.answer_count
    assert true.stood_without_count < 0.4 * true.answer_count
    assert true.foreign == false.foreign == frozenset()
    # The rules miss some sentences; in an answer that stands they are told.
    assert false.published_count <= false.own_count <= 0.02 * false.sentence_count


def test_bars_when_a_text_is_published_that_stands_no_check_then_are_missed(evaluation: Evaluation) -> None:
    true, false = evaluation.answers[THIRD]
    missed = replace(evaluation, answers={THIRD: (true, replace(false, foreign=frozenset({"It doubled."})))})

    assert missed.failures == (f"{THIRD}: 1 texts are published in whole answers that stand no check",)


def test_report_when_it_is_written_then_has_all_parts(evaluation: Evaluation) -> None:
    text = written(evaluation)

    for part in (
        *HELD_OUT,
        "Recall by mutation",
        "False positives",
        "escape rate",
        "Ablation",
        "Whole answers in true sentences",
        "last digit",
        "R4_WORDING",
    ):
        assert part in text


def test_command_when_bars_are_met_then_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--experiments", "30", "--mutants", "3"]) == 0
    assert "All bars are met." in capsys.readouterr().out


@pytest.mark.parametrize(("name", "frozen"), FROZEN)
def test_held_out_set_when_it_is_read_then_is_the_frozen_one(name: str, frozen: str) -> None:
    held_out = HELD_OUT[name]
    counts = Counter(one.true for one in paraphrases(held_out))

    assert hashlib.sha256(held_out.read_bytes()).hexdigest() == frozen
    assert counts[True] >= 200
    assert counts[False] >= 200


@pytest.mark.parametrize(("name", "escaped", "dropped"), BARS)
def test_held_out_set_when_it_is_checked_then_no_more_false_ones_escape_or_true_ones_are_dropped(
    evaluation: Evaluation, name: str, escaped: float, dropped: float
) -> None:
    found = evaluation.held_out[name]
    false = [one.published for one in found if not one.paraphrase.true]
    true = [one.published for one in found if one.paraphrase.true]

    assert sum(false) <= escaped * len(false)
    assert true.count(False) <= dropped * len(true)


@pytest.mark.parametrize(("count", "total"), [(0, 10), (10, 10), (3, 7), (500, 100_000)])
def test_interval_when_computed_then_is_that_of_statsmodels(count: int, total: int) -> None:
    expected = proportion.proportion_confint(count, total, method="wilson")

    assert wilson(count, total)[1:] == pytest.approx(expected, abs=1e-12)


def test_interval_when_it_is_simulated_then_covers_about_95_percent() -> None:
    chance, share, total, runs = random.Random(3), 0.2, 60, 2000
    hits = 0
    for _ in range(runs):
        interval = wilson(sum(chance.random() < share for _ in range(total)), total)
        hits += interval.low <= share <= interval.high

    # Four standard errors of a share of 2,000; Wilson's own coverage differs from 0.95 by 0.01 here.
    assert abs(hits / runs - 0.95) < 4 * (0.95 * 0.05 / runs) ** 0.5 + 0.01
