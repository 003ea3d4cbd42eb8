"""Words that only mean something together: each is read as one word."""

from collections.abc import Iterable, Mapping
from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.idioms import IDIOMS

_ALIASES: Final[dict[str, str]] = {
    "compared with": "compared_with",
    "compared to": "compared_with",
    "in comparison with": "compared_with",
    "in comparison to": "compared_with",
    "relative to": "relative_to",
    "lost to": "lost than",
    "loses to": "loses than",
    "lose to": "lose than",
    "losing to": "losing than",
    "include zero": "includes_zero",
    "includes zero": "includes_zero",
    "contain zero": "contains_zero",
    "contains zero": "contains_zero",
    "excludes zero": "excludes_zero",
    "exclude zero": "excludes_zero",
    "includes no change": "includes_no_change",
    "a lower value is better": "lower_is_better",
    "a higher value is better": "higher_is_better",
    "lower bound": "bound",
    "upper bound": "bound",
    "lower confidence bound": "bound",
    "upper confidence bound": "bound",
    "lower end": "bound",
    "upper end": "bound",
    "up to": "up_to",
    "so far": "so_far",
    "lower is better": "lower_is_better",
    "lower values are better": "lower_is_better",
    "higher is better": "higher_is_better",
    "higher values are better": "higher_is_better",
    "lower is worse": "higher_is_better",
    "higher is worse": "lower_is_better",
    "which is not to say that there is none": "absence_not_shown",
    "which does not mean that there is none": "absence_not_shown",
    "which is not to say that there is no effect": "absence_not_shown",
    "which does not mean that there is no effect": "absence_not_shown",
    "is due to": "due_to",
    "as a result of": "result_of",
    "in the wrong direction": "wrong_direction",
    "of being best": "of_being_best",
    "of being the best": "of_being_best",
    "of being the best arm": "of_being_best",
    "to be best": "of_being_best",
    "to be the best": "of_being_best",
    "to be the best arm": "of_being_best",
    "keep running": "keep_running",
    "less than": "below",
    "some units": "some_units",
    "some users": "some_units",
    "some visitors": "some_units",
    "some sessions": "some_units",
    "some of the": "some_units",
    "too soon": "too_early",
    "not yet": "not",
    "has yet to": "not",
    "have yet to": "not",
    "benefits from": "benefits",
    "benefited from": "benefited",
    "the planned ones": "planned_ones",
    "in total": "in_total",
    "all arms": "all_arms",
    "all the arms": "all_arms",
    "all units": "all_units",
    "all of the units": "all_units",
    "all comparisons": "the_comparisons",
    "as of": "as_of",
    "all the units": "all_units",
    "no more than": "at_most",
    "at most": "at_most",
    "at least": "at_least",
    "not more than": "at_most",
    "not only": "not_only",
    "in spite of": "in_spite_of",
    "p value": "p-value",
    "too few": "too_few",
    "too little": "too_little",
    "standard deviation": "standard_deviation",
    "sample ratio": "sample_ratio",
    "expected loss": "expected_loss",
    "expected regret": "expected_regret",
    "error rate": "error_rate",
    "win rate": "win_rate",
    "exploration floor": "exploration_floor",
    "minimum detectable": "minimum_detectable",
    "smallest detectable": "minimum_detectable",
    "each other": "each_other",
    "per cent": "percent",
    "the planned one": "planned_one",
    "better or worse": "either_way",
    "worse or better": "either_way",
    "up or down": "either_way",
    "rose or fell": "either_way",
    "raises or lowers": "either_way",
    "higher or lower": "either_way",
    "lower or higher": "either_way",
    "increase or decrease": "either_way",
    "increased or decreased": "either_way",
}


def _joined() -> dict[tuple[str, ...], tuple[str, ...]]:
    named = {name: getattr(lexicon, name) for name in dir(lexicon) if name.isupper()}
    plain = {word for words in named.values() for word in words if "_" in word}
    phrases = {tuple(word.split("_")): (word,) for word in plain}
    return phrases | {tuple(text.split()): tuple(word.split()) for text, word in (_ALIASES | IDIOMS).items()}


PHRASES: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = _joined()
"""From the words of a phrase to what they are read as."""
LONGEST: Final = max(map(len, PHRASES))
PHRASE_WORDS: Final = frozenset(word for words in PHRASES.values() for word in words)


def phrase_at(words: list[str]) -> tuple[int, tuple[str, ...]] | None:
    """Returns the length of the longest phrase that the words begin with, and what it is read as; None: none."""
    for length in range(min(LONGEST, len(words)), 1, -1):
        if read_as := PHRASES.get(tuple(words[:length])):
            return length, read_as
    return None


def parts(words: Iterable[str]) -> frozenset[str]:
    """Returns the single words that phrases are made of."""
    return frozenset(part for word in words for part in word.split("_"))
