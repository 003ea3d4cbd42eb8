"""Batches with contexts: each unit is placed and logged as if alone; faults are named by unit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.publishing import next_snapshot
from services.bandit.service.columns import allocate_columns
from services.bandit.service.packed_units import PackedHashes
from shared.definition.model import (
    AnalysisUnit,
    BetaThompson,
    BooleanFeature,
    ExperimentState,
    LinearThompson,
    Traffic,
)
from shared.errors import InvalidArgument, Reason
from shared.policy.encoding import Context
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import NOW, experiment, policy, published
from tests.bandit.service.world import World

DEFINITION = experiment(
    features=(BooleanFeature("returning"),),
    allocation_policy=policy(LinearThompson(), exploration_floor=0.05),
    traffic=Traffic(0.9, 0.05),
)
UNITS = [f"u{place}" for place in range(300)]
TOLD: list[Context] = [{"returning": place % 2 == 0} for place in range(300)]


def learned(**fields: Any) -> PolicySnapshot:
    """Returns a policy that prefers blue for returning units and green for new ones."""
    rng = np.random.default_rng(1)
    contexts = np.column_stack([np.ones(900), np.arange(900) % 2]).astype(np.float64)
    arms = rng.integers(0, 3, 900)
    values = np.where(contexts[:, 1] == 1, arms == 1, arms == 2).astype(float)
    trials = Trials(contexts, arms, values)
    snapshot = next_snapshot(replace(DEFINITION, **fields), {}, None, frozen=False, now=NOW, trials=trials)
    assert snapshot is not None
    return snapshot


@pytest.mark.parametrize("unit", list(AnalysisUnit))
def test_batch_when_units_have_contexts_then_each_is_placed_and_logged_as_if_alone(unit: AnalysisUnit) -> None:
    together, alone = World(learned(analysis_unit=unit)), World(learned(analysis_unit=unit))

    batch = together.serving.batch_allocate("checkout", UNITS, contexts=TOLD)
    singles = [
        alone.serving.allocate("checkout", one, expose=False, context=told)
        for one, told in zip(UNITS, TOLD, strict=True)
    ]

    assert [batch.arm_ids[arm] for arm in batch.arm_indexes] == [single.arm_id for single in singles]
    assert batch.propensities.tolist() == [single.propensity for single in singles]
    assert batch.tokens == [single.token for single in singles]
    assert batch.allocation_ids == [single.allocation_id for single in singles if single.allocation_id]
    assert together.allocations.rows == alone.allocations.rows
    assert len({single.reason for single in singles}) == 3
    assert all(row.context and not row.exposed for row in together.allocations.rows)


def test_batch_when_nothing_was_learned_yet_then_contexts_are_logged_and_tokens_given_if_asked_for() -> None:
    world = World(published(DEFINITION))

    batch = world.serving.batch_allocate("checkout", UNITS[:2], contexts=TOLD[:2])

    assert batch.tokens == []
    assert [row.context for row in world.allocations.rows] == [(1.0, 1.0), (1.0, 0.0)]
    assert len(world.serving.batch_allocate("checkout", UNITS, contexts=TOLD, include_tokens=True).tokens) == 300


def test_batch_when_the_algorithm_does_not_go_by_contexts_then_they_may_be_given_and_are_logged() -> None:
    world = World(published(replace(DEFINITION, allocation_policy=policy(BetaThompson()))))

    with_contexts = world.serving.batch_allocate("checkout", UNITS, contexts=TOLD)
    logged = len(world.allocations.rows)
    without = world.serving.batch_allocate("checkout", UNITS)

    assert with_contexts.arm_indexes.tolist() == without.arm_indexes.tolist()
    assert len(world.allocations.rows) == logged > 0


def test_batch_when_no_features_are_declared_then_contexts_must_tell_nothing_and_nothing_is_logged() -> None:
    world = World(published(experiment()))

    batch = world.serving.batch_allocate("checkout", ["u1", "u2"], contexts=[{}, {}])

    assert (len(batch.arm_indexes), world.allocations.rows) == (2, [])
    with pytest.raises(InvalidArgument) as caught:
        world.serving.batch_allocate("checkout", ["u1", "u2"], contexts=[{}, {"returning": True}])
    assert [fault.field for fault in caught.value.violations] == ["contexts[1].context['returning']"]


def test_batch_when_stopped_then_no_context_is_needed() -> None:
    stopped = World(learned(state=ExperimentState.STOPPED))

    assert stopped.serving.batch_allocate("checkout", ["u"]).arm_indexes.tolist() == [0]
    assert allocate_columns(stopped.book, "checkout", PackedHashes(bytes(8))).arm_indexes.tolist() == [0]


@pytest.mark.parametrize("snapshot", [learned(), published(DEFINITION)], ids=["learned", "burning in"])
@pytest.mark.parametrize(
    ("contexts", "fields"),
    [
        ([], ["contexts"]),
        ([{}], ["contexts"]),
        ([{}, {"size": 1.0}], ["contexts[1].context['size']"]),
        ([{"returning": 1.0}, {"returning": "yes"}], [f"contexts[{place}].context['returning']" for place in (0, 1)]),
    ],
)
def test_batch_when_contexts_do_not_fit_then_names_each_and_logs_nothing(
    snapshot: PolicySnapshot, contexts: list[Context], fields: list[str]
) -> None:
    world = World(snapshot)

    with pytest.raises(InvalidArgument) as caught:
        world.serving.batch_allocate("checkout", ["u1", "u2"], contexts=contexts)

    assert caught.value.reason is Reason.INVALID_FIELD
    assert [fault.field for fault in caught.value.violations] == fields
    assert world.allocations.rows == []


def test_batch_when_many_contexts_are_at_fault_then_the_first_ten_are_named() -> None:
    with pytest.raises(InvalidArgument) as caught:
        World(learned()).serving.batch_allocate("checkout", UNITS, contexts=[{"size": 1.0}] * 300)

    assert len(caught.value.violations) == 10


def test_columns_when_the_algorithm_goes_by_contexts_then_says_what_to_call_instead() -> None:
    with pytest.raises(InvalidArgument, match="BatchAllocate") as caught:
        allocate_columns(World(published(DEFINITION)).book, "checkout", PackedHashes(bytes(8)))

    assert [fault.field for fault in caught.value.violations] == ["experiment_id"]
