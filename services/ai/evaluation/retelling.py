"""Measures whole answers in frozen paraphrases: sentences told as they are, in the engine's words, or not at all.

The engine's claims on made-up experiments are put into the words that a set has for claims of their type; what no
sentence fits is left out. Types and evidence are right, as beside the sentences of a set.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from services.ai.domain.grounding.checking import check
from services.ai.domain.grounding.claims import Answer, Claim, Recommendation, Relation
from services.ai.domain.grounding.documents import answer_json
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.inquiry import analysis_inquiry
from services.ai.domain.grounding.repair import Outcome, judge
from services.ai.domain.grounding.rewording import claims_of
from services.ai.evaluation.analyses import analyses
from services.ai.evaluation.case import Case
from services.ai.evaluation.held_out import paraphrases

Said = Claim | Recommendation
_LEAST_CLAIMS: Final = 3
"""Answers of fewer tell nothing of shares."""


@dataclass(frozen=True, slots=True)
class Retelling:
    """Is what became of sentences, and of the answers that they made up.

    Attributes:
        own_count: Sentences that stood the check as they are.
        reworded_count: Those of which the claim was told in the engine's words.
        stood_count: Answers that stood.
        stood_without_count: Answers that would have stood if nothing were told in the engine's words.
        published_count: Sentences that stood as they are in answers that stood.
        published_without_count: The same if nothing were told in the engine's words.
        foreign: Texts that were published and are neither the engine's nor such as stand the check by themselves.
    """

    sentence_count: int
    own_count: int
    reworded_count: int
    answer_count: int
    stood_count: int
    stood_without_count: int
    published_count: int
    published_without_count: int
    foreign: frozenset[str]


def retelling(held_out: Path, *, seed: int, draws: int, true: bool = True) -> Retelling:
    """Returns what becomes of the true sentences of a set, or of the false ones, in so many answers to an analysis."""
    chance, texts = random.Random(seed), _texts(held_out, true=true)  # noqa: S311 nothing here is secret
    found = [
        _retold(pack, engine, said)
        for pack, engine in analyses()
        for said in (_worded(pack, engine, texts, chance) for _ in range(draws))
        if len(said.statements) >= _LEAST_CLAIMS
    ]
    return Retelling(
        sum(one.sentence_count for one in found),
        sum(one.own_count for one in found),
        sum(one.reworded_count for one in found),
        sum(one.answer_count for one in found),
        sum(one.stood_count for one in found),
        sum(one.stood_without_count for one in found),
        sum(one.published_count for one in found),
        sum(one.published_without_count for one in found),
        frozenset(text for one in found for text in one.foreign),
    )


def _retold(pack: EvidencePack, engine: Answer, said: Answer) -> Retelling:
    before = check(said, pack)
    heard = analysis_inquiry(pack, engine).read(json.loads(answer_json(said)), repaired=True)
    left = heard.said or Answer(pack.sha256)
    own = before.claim_count - before.dropped_count
    stood = heard.judgement.outcome is Outcome.PUBLISH
    stood_without = judge(before, pack, repaired=True).outcome is Outcome.PUBLISH
    borne = {one.text for answer in (before.answer, engine) for one in _parts(answer)}
    return Retelling(
        before.claim_count,
        own,
        before.dropped_count - heard.dropped_count,
        1,
        stood,
        stood_without,
        own * stood,
        own * stood_without,
        frozenset(one.text for one in _parts(left)) - borne,
    )


def _worded(pack: EvidencePack, engine: Answer, texts: Mapping[object, Sequence[str]], chance: random.Random) -> Answer:
    """Returns what the engine says, in the words of a set, as far as it has some."""
    advice = engine.recommendation
    worded = None if advice is None else _in_words(advice, pack, texts, chance)
    told = (_in_words(one, pack, texts, chance) for one in engine.statements)
    statements = tuple(one for one in told if isinstance(one, Claim))
    return Answer(pack.sha256, worded if isinstance(worded, Recommendation) else None, statements=statements)


def _in_words(
    said: Said, pack: EvidencePack, texts: Mapping[object, Sequence[str]], chance: random.Random
) -> Said | None:
    fitting = [one for text in texts.get(_sort(said, pack), ()) for one in _filled(said, pack, text)]
    return chance.choice(fitting) if fitting else None


def _filled(said: Said, pack: EvidencePack, text: str) -> Iterator[Said]:
    """Yields the claim in the words of a text; nothing where the pack does not have all of its figures."""
    try:
        yield Case("", pack, said).said(text)
    except IndexError:
        return


def _parts(answer: Answer) -> Iterator[Said]:
    yield from claims_of(answer)
    yield from answer.next_steps
    if answer.recommendation:
        yield answer.recommendation


def _texts(held_out: Path, *, true: bool) -> Mapping[object, Sequence[str]]:
    found = defaultdict[object, list[str]](list)
    for one in paraphrases(held_out):
        if one.true is true:
            found[_sort(one.case.claim, one.case.pack)].append(one.text)
    return found


def _sort(said: Said, pack: EvidencePack) -> object:
    """Returns what sort of claim it is: sentences for one of a sort are sentences for another."""
    if isinstance(said, Recommendation):
        return said.verdict
    told = pack.fact_by_id[said.evidence_ids[0]].kind if said.relation is Relation.STATED else None
    bare = replace(said, text="", evidence_ids=(), metric="", arm="", baseline="", subject="")
    return (bare, told, bool(said.arm) if told else None)
