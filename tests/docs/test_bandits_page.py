"""The page on bandits names every algorithm and every control of the contract."""

from pathlib import Path

import pytest

from experimentation.v1 import common_pb2 as pb

PAGE = Path(__file__).resolve().parents[2].joinpath("docs", "bandits.md").read_text(encoding="utf-8")


ALGORITHMS = pb.AllocationPolicy.DESCRIPTOR.oneofs_by_name["algorithm"].fields


@pytest.mark.parametrize("name", [field.name for field in ALGORITHMS])
def test_page_when_the_contract_has_an_algorithm_then_it_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", [field.name for field in pb.AllocationControls.DESCRIPTOR.fields])
def test_page_when_the_contract_has_a_control_then_it_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize(
    "message", [pb.BetaThompson, pb.GaussianThompson, pb.GammaThompson, pb.TopTwoThompson, pb.Ucb1, pb.KlUcb, pb.Exp3]
)
def test_page_when_an_algorithm_has_parameters_then_they_are_named(message: type[pb.Exp3]) -> None:
    for field in message.DESCRIPTOR.fields:
        assert f"`{field.name}`" in PAGE
