"""Draws facts, and rules that are valid, broken, or no rules at all."""

from typing import Any

from hypothesis import strategies as st

from services.review.domain.policy.catalogue import CHANGE_KINDS, FACTS, FactType, FactValue
from services.review.domain.policy.evaluation import Labels
from services.review.domain.policy.rule_checks import APPROVER_ROLES
from services.review.domain.policy.rules import Condition, Operator, PolicyRule

NAMES = ("a", "b")
NUMBERS = st.sampled_from([0.0, 0.05, 0.5, 1.0, 3.0])
SCALES = (Operator.AT_LEAST, Operator.AT_MOST, Operator.ABOVE, Operator.BELOW)
junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def values_of(name: str) -> st.SearchStrategy[FactValue]:
    """Draws values of a fact; of numbers only a few, so that they are often equal."""
    fact = FACTS[name]
    match fact.type:
        case FactType.FLAG:
            return st.booleans()
        case FactType.NUMBER:
            return NUMBERS
        case FactType.TEXT:
            return st.sampled_from(fact.choices)


def operators_of(name: str) -> st.SearchStrategy[Operator]:
    """Draws operators that fit a fact."""
    is_number = FACTS[name].type is FactType.NUMBER
    return st.sampled_from([each for each in Operator if is_number or each not in SCALES])


complete_facts: st.SearchStrategy[dict[str, FactValue]] = st.fixed_dictionaries(
    {name: values_of(name) for name in FACTS}
)
some_facts: st.SearchStrategy[dict[str, FactValue]] = st.fixed_dictionaries(
    {}, optional={name: values_of(name) for name in FACTS}
)
fact_names = st.sampled_from(list(FACTS))
conditions = fact_names.flatmap(lambda name: st.builds(Condition, st.just(name), operators_of(name), values_of(name)))
label_sets = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES), max_size=2)
labels = st.builds(Labels, label_sets, label_sets)
rules = st.builds(
    PolicyRule,
    st.sampled_from(["rule-a", "rule-b", "rule-c"]),
    change_kinds=st.lists(st.sampled_from(CHANGE_KINDS), max_size=3).map(tuple),
    labels=label_sets,
    conditions=st.lists(conditions, max_size=2).map(tuple),
    approval_count=st.integers(1, 10),
    roles=st.lists(st.sampled_from(APPROVER_ROLES), max_size=2).map(tuple),
    groups=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
)

broken_conditions = st.one_of(
    # No fact, no value of its type, no number, no operator that fits, no operator.
    st.builds(
        Condition, st.text(max_size=20).filter(lambda name: name not in FACTS), st.sampled_from(Operator), NUMBERS
    ),
    st.builds(Condition, st.just("traffic_share"), st.sampled_from(Operator), st.booleans() | st.text(max_size=3)),
    st.builds(
        Condition,
        st.just("traffic_share"),
        st.sampled_from(Operator),
        st.sampled_from([float("nan"), float("inf"), float("-inf")]),
    ),
    st.builds(Condition, st.just("running"), st.sampled_from(Operator), NUMBERS),
    st.builds(Condition, st.just("running"), st.sampled_from(SCALES), st.booleans()),
    st.builds(
        Condition, st.just("experiment_state"), st.sampled_from(Operator), st.sampled_from(["", "RUNING", "running"])
    ),
    st.builds(Condition, st.just("traffic_share"), junk.filter(lambda each: each not in list(Operator)), NUMBERS),
)
broken_rules = st.builds(
    PolicyRule,
    junk,
    junk,
    change_kinds=junk,
    labels=junk,
    conditions=junk | st.tuples(st.builds(Condition, junk, junk, junk)) | st.tuples(broken_conditions),
    approval_count=junk,
    roles=junk,
    groups=junk,
    audiences=junk,
)
any_rules = rules | broken_rules
