"""How alike two interventions are: the cosine of their TF-IDF vectors.

Where both quote something, their own words and the quoted ones are compared apart, and the less alike of the two
counts: else a long quotation would make everything alike that is said of it.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

DUPLICATE: Final = 0.85
"""From here on two texts say the same."""

_QUOTED: Final = re.compile("\u201c[^\u201c\u201d]*\u201d")
_WORD: Final = re.compile(r"[^\W_]+(?:[=:][^\W_]+)*")
_STOP_WORDS: Final = """
    a an and are as at be been by do does for from had has have if in into is it its of on or our out so such that
    the their them then there these this those to was we were when which who will with your
"""
_STOP: Final = frozenset(_STOP_WORDS.split())


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[str, ...]:
    """Returns the words that count, in order: in lower case, without stop words and the s of plurals.

    A name such as `device=mobile` is one word.
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return tuple(_singular(word) for word in words if word not in _STOP)


class Corpus:
    """Weighs words by how rare they are among texts: ln((1 + N) / (1 + n)) + 1 (Salton and Buckley 1988, smoothed)."""

    def __init__(self, texts: Iterable[str]) -> None:
        sets = [set(tokens(text)) for text in texts]
        seen = Counter(word for words in sets for word in words)
        self._weights = {word: math.log((1 + len(sets)) / (1 + count)) + 1 for word, count in seen.items()}
        self._vectors = dict[str, dict[str, float]]()
        self._unseen = math.log(1 + len(sets)) + 1

    def similarity(self, one: str, other: str) -> float:
        """Returns the cosine of two texts, from 0 to 1; 0 where one has no word that counts."""
        quotations = [" ".join(_QUOTED.findall(text)) for text in (one, other)]
        if not all(quotations):
            return self._cosine(one, other)
        frames = [_QUOTED.sub(" ", text) for text in (one, other)]
        return min(self._cosine(*quotations), self._cosine(*frames))

    def _cosine(self, one: str, other: str) -> float:
        left, right = self._vector(one), self._vector(other)
        norm = math.sqrt(_dot(left, left) * _dot(right, right))
        return min(_dot(left, right) / norm, 1.0) if norm else 0.0

    def most_alike(self, text: str, others: Sequence[str]) -> tuple[int, float] | None:
        """Returns the place of the text that is most alike and its cosine; None: there is none."""
        cosines = [self.similarity(text, other) for other in others]
        if not cosines:
            return None
        place = max(range(len(cosines)), key=lambda one: (cosines[one], -one))
        return place, cosines[place]

    def _vector(self, text: str) -> dict[str, float]:
        if text not in self._vectors:
            counts = Counter(tokens(text))
            weights = {word: count * self._weights.get(word, self._unseen) for word, count in counts.items()}
            self._vectors[text] = weights
        return self._vectors[text]


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return math.fsum(weight * other.get(word, 0.0) for word, weight in one.items())


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
