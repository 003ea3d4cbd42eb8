"""How an answer stood the check is told in words, one for each way, with how many claims it took."""

import pytest

from experimentation.v1 import analysis_pb2
from services.gateway.dashboard.views.statements import provenance


def test_badges_when_all_ways_are_shown_then_each_has_words_of_its_own() -> None:
    ways = analysis_pb2.Grounding.values()
    texts = [provenance(analysis_pb2.Provenance(grounding=one)).grounding.text for one in ways]

    assert len(ways) >= 5
    assert len(set(texts)) == len(ways)


@pytest.mark.parametrize("count", [0, 3])
def test_view_when_claims_are_told_in_the_engines_words_then_counts_them(count: int) -> None:
    message = analysis_pb2.Provenance(grounding=analysis_pb2.GROUNDING_REWORDED, reworded_claim_count=count)

    view = provenance(message)

    assert (view.reworded, view.dropped) == (count, 0)
    assert "engine's words" in view.grounding.text
