"""What every store promises of hypotheses."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.ai.domain.hypotheses.model import EffectDirection, HypothesisState, StoredHypothesis
from services.ai.domain.jobs import RequestKey
from services.ai.domain.ports import AiStore
from services.ai.domain.queries import HypothesisCursor, HypothesisFilter, HypothesisOrder
from services.ai.domain.records import HypothesisRecord
from shared.errors import AlreadyExists, Reason
from tests.ai.store.contract.desk import Desk, race
from tests.ai.store.examples import LATER, NOW, hypothesis, job, result

KEY = RequestKey("ann", "r1", "digest")
BEST_FIRST = HypothesisFilter(order=HypothesisOrder.BEST_FIRST)


def accepted(record: HypothesisRecord, **changes: object) -> HypothesisRecord:
    said = replace(record, state=HypothesisState.ACCEPTED, reviewer="ann", review_reason="é\x00", updated_at=LATER)
    return replace(said, **changes)  # type: ignore[arg-type]


def pages(store: AiStore, kept: HypothesisFilter, *, limit: int = 2) -> list[str]:
    found: list[HypothesisRecord] = []
    while page := store.hypotheses.list_hypotheses(
        kept,
        after=HypothesisCursor(found[-1].hypothesis.score, found[-1].created_at, found[-1].hypothesis_id)
        if found
        else None,
        limit=limit,
    ):
        found += page
    return [one.hypothesis_id for one in found]


def test_change_when_the_version_was_seen_then_the_next_one(store: AiStore, desk: Desk) -> None:
    first = hypothesis("hyp_1")
    desk.finish(job(), result(first))

    assert store.hypotheses.change(accepted(first), seen_version=1)

    assert store.hypotheses.find("hyp_1") == accepted(first, version=2)
    assert not store.hypotheses.change(accepted(first), seen_version=1)
    assert store.hypotheses.change(accepted(first, experiment_id="checkout"), seen_version=2)
    assert store.hypotheses.tested_by("checkout") == [accepted(first, version=3, experiment_id="checkout")]


def test_change_when_there_is_no_such_hypothesis_then_false(store: AiStore) -> None:
    assert not store.hypotheses.change(hypothesis("hyp_1"), seen_version=1)
    assert store.hypotheses.find("hyp_1") is None


def test_find_reviewed_when_it_changed_since_then_as_the_request_left_it(store: AiStore, desk: Desk) -> None:
    first = hypothesis("hyp_1")
    desk.finish(job(), result(first))

    store.hypotheses.change(accepted(first), seen_version=1, key=KEY)
    store.hypotheses.change(replace(first, state=HypothesisState.REJECTED), seen_version=2)

    assert store.hypotheses.find_reviewed(KEY) == accepted(first, version=2)
    assert store.hypotheses.find_reviewed(replace(KEY, request_id="r2")) is None
    assert store.hypotheses.find_reviewed(replace(KEY, creator="bob")) is None


def test_find_reviewed_when_the_id_was_used_for_another_request_then_refused(store: AiStore, desk: Desk) -> None:
    first = hypothesis("hyp_1")
    desk.finish(job(), result(first))
    store.hypotheses.change(accepted(first), seen_version=1, key=KEY)
    other = replace(KEY, digest="other")

    for refused in (
        lambda: store.hypotheses.find_reviewed(other),
        lambda: store.hypotheses.change(first, seen_version=2, key=other),
    ):
        with pytest.raises(AlreadyExists) as caught:
            refused()
        assert caught.value.reason is Reason.REQUEST_ID_REUSED

    assert store.hypotheses.find("hyp_1") == accepted(first, version=2)


def test_change_when_the_same_request_was_answered_then_nothing_changes(store: AiStore, desk: Desk) -> None:
    first = hypothesis("hyp_1")
    desk.finish(job(), result(first))
    store.hypotheses.change(accepted(first), seen_version=1, key=KEY)

    assert not store.hypotheses.change(first, seen_version=2, key=KEY)
    assert store.hypotheses.find("hyp_1") == accepted(first, version=2)


def test_change_when_many_change_it_at_once_then_one_does(store: AiStore, desk: Desk) -> None:
    first = hypothesis("hyp_1")
    desk.finish(job(), result(first))

    changed = race(
        *[
            lambda key=key: store.hypotheses.change(accepted(first), seen_version=1, key=key)
            for key in (KEY, KEY, replace(KEY, request_id="r2"), None)
        ]
    )

    assert sorted(changed) == [False, False, False, True]


def test_list_hypotheses_when_times_and_scores_are_equal_then_every_one_is_on_one_page(
    store: AiStore, desk: Desk
) -> None:
    made = [
        hypothesis("hyp_c", score=0.1),
        hypothesis("hyp_a", score=0.5),
        hypothesis("hyp_b", score=0.5),
        hypothesis("hyp_d", score=0.5, created_at=LATER),
        hypothesis("hyp_e", score=0.1 + 0.2),
        hypothesis("hyp_f", score=0.3),
    ]
    desk.finish(job(), result(*made))

    assert pages(store, HypothesisFilter()) == ["hyp_d", "hyp_a", "hyp_b", "hyp_c", "hyp_e", "hyp_f"]
    assert pages(store, BEST_FIRST, limit=1) == ["hyp_d", "hyp_a", "hyp_b", "hyp_e", "hyp_f", "hyp_c"]


def test_list_hypotheses_when_filtered_then_those_alone(store: AiStore, desk: Desk) -> None:
    desk.finish(job(), result(hypothesis("hyp_1"), hypothesis("hyp_2", metric_id="revenue")))
    desk.finish(job("job_2"), result(hypothesis("hyp_3", "job_2", duplicate_of="hyp_1")))
    store.hypotheses.change(accepted(hypothesis("hyp_1")), seen_version=1)

    assert pages(store, HypothesisFilter(state=HypothesisState.ACCEPTED)) == ["hyp_1"]
    assert pages(store, HypothesisFilter(metric_id="revenue")) == ["hyp_2"]
    assert pages(store, HypothesisFilter(job_id="job_2")) == ["hyp_3"]
    assert pages(store, replace(BEST_FIRST, without_duplicates=True)) == ["hyp_1", "hyp_2"]


def test_stored_when_there_are_many_then_the_newest(store: AiStore, desk: Desk) -> None:
    made = [hypothesis(f"hyp_{place}", created_at=NOW + timedelta(seconds=place)) for place in range(3)]
    desk.finish(job(), result(*made))

    found = store.hypotheses.stored(limit=2)

    assert [one.hypothesis_id for one in found] == ["hyp_2", "hyp_1"]
    assert found[0] == StoredHypothesis(
        "hyp_2", "Shorten the form", "rate", EffectDirection.INCREASE, HypothesisState.PROPOSED, 0.62, 0.6
    )


def test_counts_when_there_are_hypotheses_then_their_figures(store: AiStore, desk: Desk) -> None:
    desk.finish(job(), result(hypothesis("hyp_1"), hypothesis("hyp_2", created_at=LATER)))
    store.hypotheses.change(accepted(hypothesis("hyp_1")), seen_version=1)

    expected: list[tuple[str, HypothesisState, float, datetime]] = [
        ("HEURISTIC", HypothesisState.PROPOSED, 0.62, LATER),
        ("HEURISTIC", HypothesisState.ACCEPTED, 0.62, NOW),
    ]
    assert store.hypotheses.counts() == expected


def test_tested_by_when_no_experiment_is_named_then_what_is_untested_is_not_meant(store: AiStore, desk: Desk) -> None:
    desk.finish(job(), result(hypothesis("hyp_1")))

    assert store.hypotheses.tested_by("checkout") == []
