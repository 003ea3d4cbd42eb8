"""Policy snapshots come back as they went out, and a damaged one is noticed."""

import base64
import copy
import json
from dataclasses import replace
from datetime import timedelta
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experimentation.v1 import bandit_service_pb2 as pb
from shared.definition import model
from shared.policy import convert, document
from shared.policy.snapshot import (
    AnalysisSplit,
    ContextualModel,
    PolicyArm,
    PolicySnapshot,
    PublishReason,
    ScoreMode,
    Segments,
)
from tests.shared.definition import strategies
from tests.shared.policy.examples import golden_cases, golden_snapshot

segments = st.lists(st.tuples(st.integers(1, 2**20), st.integers(0, 9)), min_size=1, max_size=8).map(
    lambda pieces: Segments((0, *accumulate(size for size, _ in pieces[:-1])), tuple(arm for _, arm in pieces))
)
plain_snapshots = st.builds(
    PolicySnapshot,
    strategies.ids,
    st.integers(1, 2**63 - 1),
    st.integers(1, 2**63 - 1),
    st.sampled_from(model.ExperimentState),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.builds(model.Traffic, strategies.shares, strategies.shares),
    st.lists(
        st.builds(PolicyArm, strategies.ids, strategies.shares, st.booleans(), analysis_weight=strategies.shares),
        max_size=4,
    ).map(tuple),
    segments,
    st.integers(0, 63),
    st.sampled_from(model.AnalysisUnit),
    strategies.spans,
    st.lists(strategies.metrics, max_size=3).map(tuple),
    strategies.policies,
    st.booleans(),
    st.sampled_from(PublishReason),
    strategies.instants,
)
models = st.builds(
    ContextualModel,
    st.sampled_from(ScoreMode),
    st.binary(max_size=16),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**31 - 1),
    strategies.shares,
    st.lists(strategies.shares, max_size=4).map(tuple),
)
splits = st.builds(AnalysisSplit, st.integers(0, 2**64 - 1), segments)
snapshots = plain_snapshots | st.builds(
    lambda snapshot, share, split: replace(
        snapshot, traffic=replace(snapshot.traffic, analysis_share=share), analysis_split=split
    ),
    plain_snapshots,
    strategies.shares,
    splits,
)
with_models = st.builds(
    lambda snapshot, served, shown, control: replace(
        snapshot, contextual_model=served, shadow_model=shown, control_served=control
    ),
    plain_snapshots,
    models | st.none(),
    models | st.none(),
    st.booleans(),
)
GOLDEN = [golden_snapshot(case) for case in golden_cases()]


@settings(deadline=None)
@given(snapshots | with_models)
def test_proto_when_there_and_back_then_the_same(snapshot: PolicySnapshot) -> None:
    message = convert.snapshot_to_proto(snapshot, checksum=b"seal")

    assert message.checksum == b"seal"
    assert convert.snapshot_from_proto(pb.PolicySnapshot.FromString(message.SerializeToString())) == snapshot


@settings(deadline=None)
@given(snapshots | with_models)
def test_document_when_there_and_back_through_json_then_the_same(snapshot: PolicySnapshot) -> None:
    text = json.dumps(document.to_document(snapshot))

    assert document.from_document(json.loads(text)) == snapshot


def test_document_when_its_keys_change_places_then_the_seal_holds() -> None:
    sealed = document.to_document(GOLDEN[0])

    assert document.from_document(dict(reversed(sealed.items()))) == GOLDEN[0]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Returns the paths to all scalars of a document."""
    if isinstance(value, dict):
        return [leaf for key, child in value.items() for leaf in leaves(child, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, child in enumerate(value) for leaf in leaves(child, (*path, index))]
    return [path]


def test_document_when_any_value_is_changed_then_the_seal_is_broken() -> None:
    sealed = document.to_document(GOLDEN[2])

    for *path, last in leaves(sealed):
        damaged = copy.deepcopy(sealed)
        place: Any = damaged
        for step in path:
            place = place[step]
        place[last] = f"{place[last]}1"
        with pytest.raises(ValueError, match="checksum"):
            document.from_document(damaged)


def test_document_when_a_field_goes_or_comes_then_the_seal_is_broken() -> None:
    sealed = document.to_document(GOLDEN[2])

    for name in sealed:
        with pytest.raises(ValueError, match="checksum"):
            document.from_document({key: value for key, value in sealed.items() if key != name})
    with pytest.raises(ValueError, match="checksum"):
        document.from_document({**sealed, "extra": 1})


def test_document_when_sealed_by_a_newer_release_then_its_new_fields_are_passed_over() -> None:
    body = document.to_document(GOLDEN[1])
    del body["checksum"]
    newer = {**body, "colour": "blue"}
    sealed = {**newer, "checksum": base64.b64encode(document.checksum(newer)).decode()}

    assert document.from_document(sealed) == GOLDEN[1]


def test_lengths_when_segments_come_back_then_they_are_added_up() -> None:
    assert Segments((0, 10, 30, 60), (1, 0, 1, 2)).lengths(4) == [20, 40, 2**32 - 60, 0]


def test_document_when_times_are_fine_then_no_microsecond_is_lost() -> None:
    fine = replace(GOLDEN[0], attribution_window=timedelta(seconds=1, microseconds=1))

    assert document.from_document(document.to_document(fine)) == fine
