"""Reads those of many stored documents that this release can: one of another release must not stop the rest."""

import logging
from collections.abc import Iterable, Iterator
from typing import TypeVar

from services.ai.store.documents import DocumentError, from_document
from shared import log

_logger = logging.getLogger(__name__)
_Value = TypeVar("_Value")


def readable(kind: type[_Value], documents: Iterable[object]) -> Iterator[_Value]:
    """Yields the documents as values; those that cannot be read are told of in the log, and left out."""
    for document in documents:
        try:
            yield from_document(kind, document)
        except DocumentError as error:
            log.failure(_logger, "a stored document cannot be read", error, kind=kind.__name__)
