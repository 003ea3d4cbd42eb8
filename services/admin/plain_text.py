"""Texts of others as a terminal may be given them: without control characters, which could move the cursor or lie."""

import unicodedata
from collections.abc import MutableMapping
from typing import TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_Message = TypeVar("_Message", bound=Message)

# The joiners are letters' business: some scripts need them.
_KEPT = frozenset("\n\t\u200c\u200d")
# Control characters, formats such as the change of writing direction, lone surrogates, private use.
_FOREIGN = frozenset({"Cc", "Cf", "Cs", "Co"})


def plain(text: str) -> str:
    """Returns the text with a question mark in a diamond in the place of each character that a terminal may obey."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("\ufffd" if _is_foreign(character) else character for character in text)


def cleaned(message: _Message) -> _Message:
    """Returns a copy of the message, all its texts plain."""
    copy = type(message)()
    copy.CopyFrom(message)
    _clean(copy)
    return copy


def _is_foreign(character: str) -> bool:
    return character not in _KEPT and unicodedata.category(character) in _FOREIGN


def _clean(message: Message) -> None:
    for field, value in message.ListFields():
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            if entry.fields_by_name["value"].type == FieldDescriptor.TYPE_STRING:
                _clean_map(value)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for part in value if field.is_repeated else [value]:
                _clean(part)
        elif field.type == FieldDescriptor.TYPE_STRING and field.is_repeated:
            value[:] = [plain(text) for text in value]
        elif field.type == FieldDescriptor.TYPE_STRING:
            setattr(message, field.name, plain(value))


def _clean_map(pairs: MutableMapping[str, str]) -> None:
    clean = {plain(key): plain(value) for key, value in pairs.items()}
    pairs.clear()
    pairs.update(clean)
