"""An allocation policy in words: its algorithm with parameters, its limits; and features with their kinds."""

import pytest
from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import common_pb2 as pb
from services.admin.allocations import facts, feature


def test_facts_when_something_learns_then_parameters_and_limits() -> None:
    policy = pb.AllocationPolicy(
        beta_thompson=pb.BetaThompson(prior_alpha=2, prior_beta=3),
        controls=pb.AllocationControls(
            exploration_floor=0.05,
            update_interval=Duration(seconds=300),
            guardrail_pause=pb.GuardrailPause(alpha=0.01),
            shadow=True,
        ),
        reward=[pb.RewardTerm(metric_id="bought", weight=2)],
    )

    found = dict(facts(policy))

    assert found["allocation"] == "Beta-Bernoulli Thompson sampling (prior_alpha 2, prior_beta 3)"
    assert found["reward"] == "2 x bought"
    assert found["exploration_floor"] == "0.05"
    assert found["update_interval"] == "5 min"
    assert found["guardrail_pause"] == "(alpha 0.01)"
    assert found["shadow"] == "yes"


def test_facts_when_the_split_is_fixed_then_no_limits() -> None:
    policy = pb.AllocationPolicy(fixed_split=pb.FixedSplit(), controls=pb.AllocationControls(exploration_floor=0.05))

    assert dict(facts(policy)) == {"allocation": "fixed split"}


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (
            pb.Feature(feature_id="plan", categorical=pb.CategoricalFeature(values=["a", "b"])),
            "plan (categorical: a, b)",
        ),
        (pb.Feature(feature_id="age", numeric=pb.NumericFeature(center=40)), "age (numeric: center 40, scale 1)"),
        (pb.Feature(feature_id="new", boolean=pb.BooleanFeature()), "new (boolean)"),
    ],
)
def test_feature_when_declared_then_has_its_kind(declared: pb.Feature, words: str) -> None:
    assert feature(declared) == words
