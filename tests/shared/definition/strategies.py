"""Draws experiments of every kind, valid as far as their types go."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from shared.definition import model

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ids = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)
numbers = st.floats(allow_nan=False, allow_infinity=False)
positives = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
shares = st.floats(0, 1)
# What google.protobuf.Duration and Timestamp can hold.
spans = st.timedeltas(timedelta(0), timedelta(days=90))
instants = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
moments = st.none() | instants

arms = st.builds(model.Arm, ids, texts, st.booleans(), numbers)
metrics = st.builds(
    model.Metric,
    ids,
    st.sampled_from(model.MetricKind),
    st.sampled_from(model.MetricRole),
    st.sampled_from(model.MetricDirection),
    st.sampled_from(model.CombinationRule),
    numbers,
    numbers,
    texts,
)
algorithms = st.one_of(
    st.builds(model.FixedSplit, st.lists(st.builds(model.ArmWeight, ids, shares), max_size=4).map(tuple)),
    st.builds(model.BetaThompson, positives, positives),
    st.builds(model.GaussianThompson, positives),
    st.builds(model.GammaThompson, positives, positives),
    st.builds(model.TopTwoThompson, positives),
    st.builds(model.Ucb1, positives, st.integers(1, 2**63 - 1)),
    st.builds(model.KlUcb, numbers, st.integers(1, 2**63 - 1)),
    st.builds(model.EpsilonGreedy, positives, st.integers(0, 2**63 - 1)),
    st.builds(model.Exp3, numbers),
    st.builds(model.LinearThompson, positives, st.integers(1, 2**31 - 1), st.booleans()),
    st.builds(model.LinUcb, positives, positives, st.booleans()),
    st.builds(model.LogisticThompson, positives, st.integers(1, 2**31 - 1), st.booleans()),
    st.builds(model.InverseGap, positives, positives, st.booleans()),
)
_forgetting = st.one_of(
    st.just({}), st.builds(lambda span: {"half_life": span}, spans), st.builds(lambda span: {"window": span}, spans)
)
controls = st.builds(
    lambda forgetting, **others: model.AllocationControls(**others, **forgetting),
    _forgetting,
    exploration_floor=shares,
    min_control_share=shares,
    burn_in_unit_count=st.integers(0, 2**63 - 1),
    update_interval=spans,
    min_weight_change=shares,
    mature_only=st.booleans(),
    guardrail_pause=st.none() | st.builds(model.GuardrailPause, positives, numbers, st.integers(1, 2**63 - 1)),
    stop_rule=st.none() | st.builds(model.StopRule, positives, shares, st.integers(1, 2**63 - 1)),
    shadow=st.booleans(),
    warm_start=st.none() | st.builds(model.WarmStart, ids, positives),
    budget=st.none() | st.builds(model.Budget, numbers, instants),
)
rewards = st.lists(st.builds(model.RewardTerm, ids, numbers), max_size=4).map(tuple)
policies = st.builds(model.AllocationPolicy, algorithms, controls, rewards)
traffics = st.builds(model.Traffic, shares, shares, shares)
features = st.one_of(
    st.builds(model.NumericFeature, ids, numbers, positives),
    st.builds(model.CategoricalFeature, ids, st.lists(texts, max_size=4).map(tuple)),
    st.builds(model.BooleanFeature, ids),
)
experiments = st.builds(
    model.Experiment,
    ids,
    st.lists(arms, max_size=4).map(tuple),
    st.lists(metrics, max_size=4).map(tuple),
    policies,
    traffics,
    st.sampled_from(model.AnalysisUnit),
    spans,
    st.lists(features, max_size=4).map(tuple),
    texts,
    texts,
    st.dictionaries(texts, texts, max_size=4),
    st.sampled_from(model.ExperimentState),
    st.integers(0, 2**63 - 1),
    texts,
    texts,
    texts,
    moments,
    moments,
    moments,
    moments,
)
