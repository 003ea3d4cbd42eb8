"""The audit log."""

from typing import Final

from services.gateway.rest.route import Route

_TAG: Final = "audit"

ROUTES: Final = (
    Route("GET", "/audit-events", "AuditService.ListAuditEvents", _TAG),
    Route("GET", "/audit-events/verification", "AuditService.VerifyAuditChain", _TAG),
)
