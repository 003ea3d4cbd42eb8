"""Questions with their replies as JSON files, found by the digest of the question: what `replay` answers from."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from services.ai.domain.asking import Operation, Question, Reply, Usage

_ASKED: Final = ("operation", "system", "data", "schema", "repair")


@dataclass(frozen=True, slots=True)
class Exchange:
    """Is a question as it was asked, part by part as text, and the reply to it."""

    asked: dict[str, str]
    reply: Reply


class Exchanges:
    """Keeps the exchanges of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, question: Question) -> Exchange | None:
        """Returns the exchange of a question; None: it was not recorded.

        Raises:
            ValueError: Its file is not one of this kind.
        """
        path = self._path(question)
        return _read(path) if path.is_file() else None

    def of_operation(self, operation: Operation) -> Iterator[Exchange]:
        """Returns all exchanges of an operation, by name of their files.

        Raises:
            ValueError: A file is not one of this kind.
        """
        for path in sorted(self._directory.glob(f"{operation.value.lower()}-*.json")):
            yield _read(path)

    def keep(self, question: Question, reply: Reply) -> Path:
        """Writes an exchange, in place of one of the same question, and returns its file."""
        path = self._path(question)
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"asked": asked_parts(question), "reply": asdict(reply)}
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(document, indent=1, ensure_ascii=True) + "\n", encoding="ascii")
        fresh.replace(path)
        return path

    def _path(self, question: Question) -> Path:
        return self._directory / f"{question.operation.value.lower()}-{digest(question)}.json"


def digest(question: Question) -> str:
    """Returns the digest of all that a provider sees of a question, in hexadecimal; equal questions have equal ones."""
    text = json.dumps(asked_parts(question), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def asked_parts(question: Question) -> dict[str, str]:
    """Returns what a provider sees of a question, part by part, as text."""
    repair = None if question.repair is None else asdict(question.repair)
    values = (question.operation.value, question.system, question.data, dict(question.schema), repair)
    return {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=True)
        for name, value in zip(_ASKED, values, strict=True)
    }


def _read(path: Path) -> Exchange:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        reply = document["reply"]
        return Exchange(
            {name: str(document["asked"][name]) for name in _ASKED}, Reply(**reply | {"usage": Usage(**reply["usage"])})
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name} is no recorded exchange ({type(error).__name__})") from error
