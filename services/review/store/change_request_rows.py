"""Change requests and their parts as rows of their tables, and back."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Label, Row, Table, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.review.domain.change_request import (
    Author,
    ChangeRequest,
    ChangeRequestState,
    Comment,
    Emergency,
    FieldDiff,
    RequestKey,
    Verdict,
    VerdictKind,
)
from services.review.store import documents, rule_documents
from services.review.store.tables import change_requests
from shared.definition.document import Document


def new_row(request: ChangeRequest) -> dict[str, object]:
    """Returns the whole row of a request."""
    return {
        "change_request_id": request.change_request_id,
        "experiment_id": request.experiment_id or None,
        "requester": request.requester,
        "request_id": request.key.request_id or None,
        "request_digest": request.key.digest,
        "created_at": request.created_at,
        **changing_columns(request),
    }


def changing_columns(request: ChangeRequest) -> dict[str, object]:
    """Returns the columns that verbs set."""
    return {
        "change": documents.change_to_document(request.change),
        "reason": request.reason,
        "state": request.state,
        "base_revision": request.base_revision,
        "applied_revision": request.applied_revision,
        "applied_at": request.applied_at,
        "request_revision": request.request_revision,
        "digest": request.digest,
        "target_etag": request.target_etag,
        "contributors": [_author_document(author) for author in request.authors],
        "expires_at": request.expires_at,
        "scheduled_at": request.scheduled_at,
        "auto_apply": request.auto_apply,
        "diff": [[each.path, each.before, each.after] for each in request.diff],
        "assessment": rule_documents.assessment_to_document(request.assessment),
        "emergency": _emergency_document(request.emergency),
        "failure": request.failure,
        "updated_at": request.updated_at,
    }


def parts(table: Table, *order: ColumnElement[Any]) -> Label[Any]:
    """Returns the column that holds the rows of a table that belong to a request, in this order, as JSON."""
    ordered = func.jsonb_agg(aggregate_order_by(func.to_jsonb(table.table_valued()), *order))
    belonging = table.c.change_request_id == change_requests.c.change_request_id
    whole = select(func.coalesce(ordered, text("'[]'"))).where(belonging).correlate(change_requests)
    return whole.scalar_subquery().label(table.name)


def from_row(row: Row[Any]) -> ChangeRequest:
    """Returns the row, with its `parts`, as a change request."""
    return ChangeRequest(
        change_request_id=row.change_request_id,
        experiment_id=row.experiment_id or "",
        change=documents.change_from_document(row.change),
        reason=row.reason,
        authors=_authors(row),
        state=ChangeRequestState(row.state),
        base_revision=row.base_revision,
        target_etag=row.target_etag,
        digest=row.digest,
        created_at=row.created_at,
        updated_at=row.updated_at,
        # Those of the first release were applied at once.
        expires_at=row.expires_at or row.created_at,
        request_revision=row.request_revision,
        scheduled_at=row.scheduled_at,
        auto_apply=row.auto_apply,
        diff=tuple(FieldDiff(*each) for each in row.diff),
        assessment=rule_documents.assessment_from_document(row.assessment),
        verdicts=tuple(map(_verdict, row.verdicts)),
        comments=tuple(map(_comment, row.comments)),
        emergency=_emergency(row.emergency),
        failure=row.failure,
        applied_revision=row.applied_revision,
        applied_at=row.applied_at,
        key=RequestKey(row.request_id or "", row.request_digest),
    )


def verdict_row(change_request_id: str, verdict: Verdict) -> dict[str, object]:
    """Returns the row of a verdict."""
    return {
        "change_request_id": change_request_id,
        "reviewer": verdict.reviewer.principal_id,
        "person_id": verdict.reviewer.person_id,
        "roles": sorted(verdict.roles),
        "groups": sorted(verdict.groups),
        "kind": verdict.kind,
        "request_revision": verdict.request_revision,
        "digest": verdict.digest,
        "comment": verdict.comment,
        "created_at": verdict.created_at,
    }


def _verdict(document: Document) -> Verdict:
    return Verdict(
        Author(document["reviewer"], document["person_id"]),
        VerdictKind(document["kind"]),
        document["request_revision"],
        document["digest"],
        datetime.fromisoformat(document["created_at"]),
        document["comment"],
        frozenset(document["roles"]),
        frozenset(document["groups"]),
    )


def _comment(document: Document) -> Comment:
    created_at = datetime.fromisoformat(document["created_at"])
    return Comment(document["comment_id"], document["author"], document["text"], created_at)


def _authors(row: Row[Any]) -> tuple[Author, ...]:
    return tuple(map(_author, row.contributors)) or (Author(row.requester, ""),)


def _author_document(author: Author) -> Document:
    return {"principal_id": author.principal_id, "person_id": author.person_id, "is_agent": author.is_agent}


def _author(document: Document) -> Author:
    return Author(document["principal_id"], document["person_id"], document.get("is_agent", False))


def _emergency_document(emergency: Emergency | None) -> Document | None:
    if emergency is None:
        return None
    return {
        "actor": _author_document(emergency.actor),
        "justification": emergency.justification,
        "signed_by": emergency.signed_by,
        "sign_comment": emergency.sign_comment,
        "signed_at": emergency.signed_at.isoformat() if emergency.signed_at else None,
    }


def _emergency(document: Document | None) -> Emergency | None:
    if document is None:
        return None
    return Emergency(
        _author(document["actor"]),
        document["justification"],
        document["signed_by"],
        document["sign_comment"],
        datetime.fromisoformat(document["signed_at"]) if document["signed_at"] else None,
    )
