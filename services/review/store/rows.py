"""Experiments, revisions and audit events as rows of their tables, and back."""

from typing import Any

from sqlalchemy import Row

from services.review.domain import audit
from services.review.domain.model import Revision
from shared.definition import document, model


def experiment_row(experiment: model.Experiment) -> dict[str, object]:
    """Returns the columns of `experiments` that every revision sets."""
    return {
        "experiment_id": experiment.experiment_id,
        "state": experiment.state,
        "revision": experiment.revision,
        "etag": experiment.etag,
        "definition": document.to_document(experiment),
        "display_name": experiment.display_name,
        # Folded here, as the store's own folding depends on its locale.
        "search_text": f"{experiment.experiment_id}\n{experiment.display_name}".casefold(),
        "labels": experiment.labels,
        "updated_at": experiment.updated_at,
    }


def revision_row(revision: Revision) -> dict[str, object]:
    """Returns the row of `experiment_revisions`."""
    return {
        "experiment_id": revision.experiment.experiment_id,
        "revision": revision.experiment.revision,
        "definition": document.to_document(revision.experiment),
        "change_request_id": revision.change_request_id or None,
        "author": revision.author,
        "created_at": revision.created_at,
    }


def revision_from_row(row: Row[Any]) -> Revision:
    """Returns the row as a revision."""
    experiment = document.from_document(row.definition)
    return Revision(experiment, row.author, row.created_at, row.change_request_id or "")


def event_row(event: audit.Event) -> dict[str, object]:
    """Returns the row of `audit_events`."""
    entry = event.entry
    return {
        "sequence": event.sequence,
        "previous_hash": event.previous_hash,
        "hash": event.hash,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "details": entry.details,
        "occurred_at": entry.occurred_at,
    }


def event_from_row(row: Row[Any]) -> audit.Event:
    """Returns the row as an event."""
    entry = audit.Entry(row.actor, row.action, row.target, row.details, row.occurred_at)
    return audit.Event(row.sequence, row.previous_hash, row.hash, entry)
