"""Reads a text into words, slots, names and marks, with the clauses and the reach of negators."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from services.ai.domain.grounding.evidence import EvidencePack, Fact
from services.ai.domain.grounding.lexicon import BREAKS, NEGATORS
from services.ai.domain.grounding.names import written_names
from services.ai.domain.grounding.phrases import phrase_at
from services.ai.domain.grounding.separable import particle_of
from services.ai.domain.grounding.slots import SLOT

_TOKEN: Final = re.compile(
    r"(?P<slot>\{\{[EMVXS][1-9][0-9]{0,3}(?:\|[a-z]+[0-9]?)?\}\})|(?P<word>[a-z]+(?:['\u2019\-][a-z]+)*)|(?P<mark>\S)",
    re.IGNORECASE,
)
_CONTROL_WORDS: Final = frozenset({"control", "baseline"})


class TokenKind(Enum):
    """Says what a token is."""

    WORD = auto()
    SLOT = auto()
    NAME = auto()
    MARK = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """Is one word or phrase, slot of a fact, name, or mark.

    Attributes:
        text: In lower case; of a slot the evidence id, of a name the alias.
        style: The format of a slot; empty: the usual one.
        clause: Counts the clauses from 0.
        negated: Whether a negator reaches it.
    """

    kind: TokenKind
    text: str
    style: str = ""
    clause: int = 0
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Is a text as the rules see it.

    Attributes:
        outside_slots: The text without slots and registered names.
        facts: Of the slots, with their token's index; slots of unknown facts are left out.
    """

    text: str
    outside_slots: str
    tokens: tuple[Token, ...]
    facts: tuple[tuple[int, Fact], ...]

    def words(self, among: Collection[str]) -> Iterator[Token]:
        """Returns the words that are among these, in order."""
        return (token for token in self.tokens if token.kind is TokenKind.WORD and token.text in among)

    def has(self, among: Collection[str]) -> bool:
        """Says whether it has one of these words."""
        return any(True for _ in self.words(among))

    def names(self) -> Iterator[tuple[int, Token]]:
        """Returns the names with their index."""
        return ((index, token) for index, token in enumerate(self.tokens) if token.kind is TokenKind.NAME)

    def clause_words(self, clause: int) -> set[str]:
        """Returns the words of a clause."""
        return {token.text for token in self.tokens if token.clause == clause and token.kind is TokenKind.WORD}


class Reader:
    """Reads texts about one pack."""

    def __init__(self, pack: EvidencePack) -> None:
        self._pack = pack
        self._aliases = dict(written_names(pack))
        names = "|".join(map(re.escape, self._aliases)) or "(?!)"
        self._names = re.compile(rf"(?<![\w\-{{|])(?:{names})(?![\w\-}}])", re.IGNORECASE)

    def read(self, text: str) -> Reading:
        """Returns the reading of a text; the word `control` is read as the name of the control."""
        tokens = _with_clauses(_with_control(_joined(_tokens(self._with_slots(text))), self._pack))
        facts = tuple(
            (index, self._pack.fact_by_id[token.text])
            for index, token in enumerate(tokens)
            if token.kind is TokenKind.SLOT and token.text in self._pack.fact_by_id
        )
        return Reading(text, SLOT.sub(" ", self._with_slots(text)), tokens, facts)

    def _with_slots(self, text: str) -> str:
        """Returns the text with a slot for each name that was written as it is."""
        return self._names.sub(lambda found: f"{{{{{self._aliases[found[0].casefold()]}}}}}", text)


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        if match["slot"]:
            alias, style = SLOT.fullmatch(match["slot"]).groups()  # type: ignore[union-attr]
            yield Token(TokenKind.SLOT if alias[0] == "E" else TokenKind.NAME, alias, style or "")
        elif match["word"]:
            yield Token(TokenKind.WORD, match["word"].casefold().replace("\u2019", "'"))
        else:
            yield Token(TokenKind.MARK, match["mark"])


def _joined(tokens: Iterator[Token]) -> list[Token]:
    rest, joined = list(tokens), list[Token]()
    while rest:
        words = [token.text if token.kind is TokenKind.WORD else "" for token in rest[:12]]
        length, read_as = phrase_at(words) or (1, None)
        joined += [rest[0]] if read_as is None else [Token(TokenKind.WORD, word) for word in read_as]
        del rest[:length]
    return _with_particles(joined)


def _with_particles(tokens: list[Token]) -> list[Token]:
    """Returns the tokens with each verb and its particle as one word, in the place of the verb."""
    rest, joined = list(tokens), list[Token]()
    while rest:
        ahead = rest[:8]
        words = [one.text if one.kind is TokenKind.WORD else "@" * (one.kind is not TokenKind.MARK) for one in ahead]
        if found := particle_of(words):
            del rest[found[0]]
            rest[0] = Token(TokenKind.WORD, found[1])
        joined.append(rest.pop(0))
    return joined


def _with_control(tokens: list[Token], pack: EvidencePack) -> list[Token]:
    if not pack.control:
        return tokens
    return [
        Token(TokenKind.NAME, pack.control) if token.kind is TokenKind.WORD and token.text in _CONTROL_WORDS else token
        for token in tokens
    ]


def _with_clauses(tokens: list[Token]) -> tuple[Token, ...]:
    placed, clause, negated = list[Token](), 0, False
    for index, token in enumerate(tokens):
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.kind is not TokenKind.SLOT and token.text in BREAKS:
            clause, negated = clause + 1, False
        if token.text == "until" or (token.text == "and" and after in ("a", "an")):
            negated = False
        placed.append(replace(token, clause=clause, negated=negated))
        negated = negated or (token.kind is TokenKind.WORD and token.text in NEGATORS)
    return tuple(placed)
