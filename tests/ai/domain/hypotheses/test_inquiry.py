"""What the engine suggests stands the check that everybody's answers go through, whatever is known."""

import json

from hypothesis import given, settings

from services.ai.domain.grounding.repair import Outcome
from services.ai.domain.hypotheses.brief import Brief
from services.ai.domain.hypotheses.gathering import known
from services.ai.domain.hypotheses.inquiry import MOST_TOLD, hypotheses_inquiry, notes_of
from services.ai.domain.hypotheses.suggesting import suggestions
from tests.ai.domain.hypotheses.examples import knowing, stored, won
from tests.ai.domain.hypotheses.strategies import briefs


@settings(max_examples=50, deadline=None)
@given(brief=briefs())
def test_answer_when_it_is_the_engines_then_stands_whole(brief: Brief) -> None:
    knowledge = known(brief)
    inquiry = hypotheses_inquiry(knowledge)

    heard = inquiry.read(json.loads(inquiry.question.plain_answer), repaired=False)

    assert heard.violations == ()
    assert heard.judgement.outcome is Outcome.PUBLISH
    assert heard.dropped_count == 0
    assert heard.said is not None
    assert [(one.draft, one.hypothesis) for one in heard.said] == [
        (one.draft, one.hypothesis) for one in suggestions(knowledge)
    ]


def test_notes_when_much_is_stored_then_tell_the_newest() -> None:
    many = tuple(stored(f"Show banner {place}") for place in range(MOST_TOLD + 5))

    notes = notes_of(knowing(won("one", "Show it"), stored=many))

    assert notes["listed hypothesis 1"] == "Show banner 0"
    assert f"listed hypothesis {MOST_TOLD + 1}" not in notes


def test_notes_when_nothing_is_written_then_say_how_many_are_wanted() -> None:
    assert notes_of(knowing()) == {"wanted count": "5"}
