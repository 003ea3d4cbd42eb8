"""Texts of others as a page may show them: without characters that are not seen, or that turn the text around them."""

import unicodedata
from typing import Final

_LINES: Final = frozenset("\n\t")
# Some scripts and emoji need the joiners; behind an ASCII character they only hide.
_JOINERS: Final = frozenset("\u200c\u200d")
# Control characters, formats such as the change of writing direction, surrogates, private use, separators of lines.
_FOREIGN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Are letters by category, and blank.
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")

MARK: Final = "\ufffd"
"""Stands where such a character was."""


def plain(text: str) -> str:
    """Returns the text with a question mark in a diamond in the place of each character that hides or misleads."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character, before) for before, character in zip(" " + text, text, strict=False))


def _shown(character: str, before: str) -> str:
    if character in _LINES or (character in _JOINERS and not before.isascii()):
        return character
    hidden = character in _BLANK or unicodedata.category(character) in _FOREIGN
    return MARK if hidden else character
