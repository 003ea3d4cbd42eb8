"""What every store promises of designs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.ai.domain.jobs import RequestKey
from services.ai.domain.ports import AiStore
from services.ai.domain.queries import Cursor, DesignFilter
from services.ai.domain.records import DesignRecord
from shared.errors import AlreadyExists, Reason
from tests.ai.store.contract.desk import Desk, race
from tests.ai.store.examples import LATER, NOW, design, job, result

LATEST = LATER + timedelta(hours=1)


def store_designs(desk: Desk, *made: DesignRecord) -> None:
    for one in made:
        desk.finish(job(one.job_id), result(design=one))


def adopt(store: AiStore, experiment_id: str, change_request_id: str = "", design_id: str = "des_1") -> bool:
    adopted = store.designs.adopt(
        design_id, experiment_id=experiment_id, change_request_id=change_request_id, now=LATEST
    )
    assert adopted is None or adopted == store.designs.find(design_id)
    return adopted is not None


def test_adopt_when_it_is_free_then_it_is_noted(store: AiStore, desk: Desk) -> None:
    store_designs(desk, design("des_1"))

    assert adopt(store, "checkout")

    adopted = replace(design("des_1"), experiment_id="checkout", adopted_at=LATEST)
    assert store.designs.find("des_1") == adopted
    assert store.designs.of_experiment("checkout") == adopted


def test_note_adoption_when_the_request_id_was_used_for_another_then_refused(store: AiStore) -> None:
    key = RequestKey("ann", "r1", "digest")

    store.designs.note_adoption(key)
    store.designs.note_adoption(key)
    store.designs.note_adoption(replace(key, creator="bob", digest="other"))

    with pytest.raises(AlreadyExists) as caught:
        store.designs.note_adoption(replace(key, digest="other"))
    assert caught.value.reason is Reason.REQUEST_ID_REUSED
    assert caught.value.metadata == {"request_id": "r1"}


def test_adopt_when_it_is_done_again_then_the_first_change_request_is_filled_in(store: AiStore, desk: Desk) -> None:
    store_designs(desk, design("des_1"))

    assert [adopt(store, "checkout", named) for named in ("", "cr_1", "cr_2", "")] == [True] * 4

    found = store.designs.find("des_1")
    assert found is not None
    assert (found.change_request_id, found.adopted_at) == ("cr_1", LATEST)


def test_adopt_when_it_became_another_experiment_or_is_not_there_then_none(store: AiStore, desk: Desk) -> None:
    store_designs(desk, design("des_1"))
    adopt(store, "checkout")

    assert not adopt(store, "other")
    assert not adopt(store, "checkout", design_id="des_2")
    assert store.designs.of_experiment("other") is None


def test_adopt_when_two_want_it_at_once_then_one_has_it(store: AiStore, desk: Desk) -> None:
    store_designs(desk, design("des_1"))

    adopted = race(
        *[
            lambda name=name: store.designs.adopt("des_1", experiment_id=name, change_request_id="", now=LATEST)
            for name in ("a", "b", "c", "d")
        ]
    )

    assert [one for one in adopted if one is not None] == [store.designs.find("des_1")]


def test_list_designs_when_times_are_equal_then_every_one_is_on_one_page(store: AiStore, desk: Desk) -> None:
    made = [design(f"des_{name}", f"job_{name}") for name in "bac"]
    store_designs(desk, *made, design("des_0", "job_0", created_at=NOW))

    found: list[DesignRecord] = []
    while page := store.designs.list_designs(
        DesignFilter(), after=Cursor(found[-1].created_at, found[-1].design_id) if found else None, limit=2
    ):
        found += page

    assert [one.design_id for one in found] == ["des_a", "des_b", "des_c", "des_0"]


def test_list_designs_when_filtered_then_those_alone(store: AiStore, desk: Desk) -> None:
    store_designs(
        desk,
        design("des_1", "job_1", recommended=False, hypothesis_id="hyp_1"),
        design("des_2", "job_2", hypothesis_id="hyp_1"),
        design("des_3", "job_3"),
    )

    def listed(kept: DesignFilter) -> list[str]:
        return [one.design_id for one in store.designs.list_designs(kept, after=None, limit=9)]

    assert listed(DesignFilter(hypothesis_id="hyp_1")) == ["des_1", "des_2"]
    assert listed(DesignFilter(recommended_only=True)) == ["des_2", "des_3"]
    assert listed(DesignFilter("hyp_1", recommended_only=True)) == ["des_2"]


def test_counts_when_there_are_designs_then_their_times(store: AiStore, desk: Desk) -> None:
    store_designs(desk, design("des_1", "job_1"), design("des_2", "job_2"))
    adopt(store, "checkout")

    assert store.designs.counts() == [("HEURISTIC", NOW, LATER, LATEST), ("HEURISTIC", NOW, LATER, None)]
