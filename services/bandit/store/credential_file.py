"""Who may call, in a file on this machine, so that a replica that starts while the store is away knows its callers."""

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from shared import log
from shared.identity.credential_book import CredentialBook
from shared.identity.principal import Principal, PrincipalKind, Role
from shared.identity.token import ApiToken

_logger = logging.getLogger(__name__)


class LocalCredentialFile:
    """Reads and replaces the file, which holds hashes of secrets and is for its owner's eyes alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> CredentialBook | None:
        """Returns what was last written; None where there is no file, or it is damaged."""
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            return _book(_checked(held["book"], held["checksum"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            log.event(_logger, "credential file is damaged", level=logging.ERROR, error=str(error))
            return None

    def write(self, book: CredentialBook) -> None:
        """Replaces the file, whole or not at all.

        Raises:
            OSError: It cannot be written.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        document = _document(book)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({"checksum": _checksum(document), "book": document}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _checked(document: Any, checksum: str) -> Any:  # any JSON
    if checksum != _checksum(document):
        raise ValueError("its checksum is another")
    return document


def _checksum(document: Any) -> str:  # any JSON
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _document(book: CredentialBook) -> dict[str, Any]:
    return {
        "principals": [
            {
                "principal_id": each.principal_id,
                "kind": each.kind,
                "person_id": each.person_id,
                "roles": sorted(each.roles),
                "groups": sorted(each.groups),
                "display_name": each.display_name,
                "external_ids": sorted(each.external_ids),
                "disabled": each.disabled,
                "created_at": _text(each.created_at),
            }
            for each in book.principals
        ],
        "tokens": [
            {
                "token_id": each.token_id,
                "principal_id": each.principal_id,
                "secret_hash": each.secret_hash,
                "scopes": sorted(each.scopes),
                "created_at": _text(each.created_at),
                "expires_at": _text(each.expires_at),
                "revoked_at": _text(each.revoked_at),
                "description": each.description,
            }
            for each in book.tokens
        ],
    }


def _book(document: Mapping[str, Any]) -> CredentialBook:
    return CredentialBook(map(_principal, document["principals"]), map(_token, document["tokens"]))


def _principal(held: Mapping[str, Any]) -> Principal:
    return Principal(
        **{**held, "kind": PrincipalKind(held["kind"]), "created_at": _instant(held["created_at"])}
        | {"roles": frozenset(map(Role, held["roles"]))}
        | {name: frozenset(held[name]) for name in ("groups", "external_ids")}
    )


def _token(held: Mapping[str, Any]) -> ApiToken:
    instants = {name: _instant(held[name]) for name in ("created_at", "expires_at", "revoked_at")}
    return ApiToken(**{**held, **instants, "scopes": frozenset(held["scopes"])})


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
