"""Tells of a failure on standard error: one message, or one JSON object where the output is for machines."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import typer

from services.admin.formats import Format
from services.admin.plain_text import plain
from services.admin.screen import complain
from shared.errors import Kind, PlatformError, Reason


def tell(error: PlatformError, kind: Format) -> None:
    """Writes an error of the platform."""
    violations = [{"field": each.field, "description": each.description} for each in error.violations]
    _write(kind, _object(error.kind, error.reason, error.message, metadata=error.metadata, violations=violations))


def tell_usage(error: typer.TyperException, kind: Format) -> None:
    """Writes what is wrong with a command line."""
    message, context = error.format_message(), getattr(error, "ctx", None)
    if context is not None:
        message = f"{message.rstrip('.')}; see `{context.command_path} --help`"
    _write(kind, _object(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, message))


def tell_other(error: Exception, kind: Format, *, code: Kind = Kind.FAILED_PRECONDITION) -> None:
    """Writes a failure that has no reason of the platform: of files, of the environment."""
    reason = Reason.INVALID_FIELD if code is Kind.INVALID_ARGUMENT else Reason.INVALID_STATE
    _write(kind, _object(code, reason, str(error)))


def tell_defect(error: Exception, kind: Format) -> None:
    """Writes that the command has a defect."""
    message = f"a defect of this command, please report it: {type(error).__name__}: {error}"
    _write(kind, _object(Kind.INTERNAL, Reason.INTERNAL, message))


def _object(
    code: Kind,
    reason: Reason,
    message: str,
    *,
    metadata: Mapping[str, str] | None = None,
    violations: list[dict[str, str]] | None = None,
) -> Mapping[str, Any]:
    return {
        "code": str(code),
        "reason": str(reason),
        "message": message,
        "metadata": dict(metadata or {}),
        "violations": violations or [],
    }


def _write(kind: Format, error: Mapping[str, Any]) -> None:
    if kind is Format.TABLE:
        complain(plain(error["message"]))
    else:
        sys.stderr.write(json.dumps({"error": error}) + "\n")
