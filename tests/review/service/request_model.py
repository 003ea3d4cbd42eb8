"""A simple model of change requests: what each call should come to, said once more and otherwise than the service does.

It knows people and revisions, and nothing of digests, stores, rules or notices.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

LIFETIME = timedelta(days=14)
OPENS = {
    "start": {"DRAFT": "RUNNING"},
    "pause": {"RUNNING": "PAUSED"},
    "resume": {"PAUSED": "RUNNING"},
    "edit_traffic": {"DRAFT": "DRAFT", "RUNNING": "RUNNING", "PAUSED": "PAUSED"},
    "edit_details": {"DRAFT": "DRAFT", "RUNNING": "RUNNING", "PAUSED": "PAUSED"},
}
# How many must approve, and of which group; the test's policy says the same.
NEEDS: dict[str, list[tuple[int, str | None]]] = {
    "start": [(2, None)],
    "resume": [(1, None), (1, "seniors")],
    "edit_traffic": [(1, "seniors")],
}
CLOSED = ("APPLIED", "REJECTED", "CANCELLED", "EXPIRED")
SETTLING = ("PENDING", "CHANGES_REQUESTED")
READY = ("APPROVED", "SCHEDULED")


class Refused(Exception):  # noqa: N818 - it is no error
    """Says by which reason a call should be refused."""


@dataclass
class Person:
    """Is one principal of the test."""

    name: str
    person: str
    human: bool = True
    groups: frozenset[str] = frozenset()


@dataclass
class Request:
    """Is a change request as the model sees it."""

    kind: str
    experiment: str
    people: list[str]
    made_against: int
    expires_at: datetime
    scheduled_at: datetime | None
    auto_apply: bool
    state: str = "DRAFT"
    revision: int = 1
    said: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    emergency: str = ""
    signed: bool = False
    approved_when_applied: bool = False
    by_agent: bool = False

    def needs(self) -> list[tuple[int, str | None]]:
        """Returns how many must approve, and of which group: at least one where an agent wrote some of it."""
        return NEEDS.get(self.kind, [(1, None)] if self.by_agent else [])


class Model:
    """Is the whole of it: experiments by state and version, and the requests."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.requests: list[Request] = []

    def create(self, experiment: str) -> None:
        self.states[experiment], self.versions[experiment] = "DRAFT", 1

    def propose(
        self, kind: str, experiment: str, who: Person, now: datetime, *, draft: bool, at: datetime | None, auto: bool
    ) -> Request:
        self._must_open(kind, experiment)
        expires = max(now + LIFETIME, at + timedelta(days=1)) if at else now + LIFETIME
        made = Request(kind, experiment, [who.person], self.versions[experiment], expires, at, auto)
        made.by_agent = not who.human
        self.requests.append(made)
        if not draft:
            self._settle(made)
            self._go_on(made)
        return made

    def submit(self, request: Request, who: Person, now: datetime, revision: int) -> None:
        self._must_see(request, revision)
        if who.person not in request.people:
            raise Refused("PERMISSION_DENIED")
        self._must_be(request, ["DRAFT"])
        self._must_open(request.kind, request.experiment)
        self._must_not_have_moved(request)
        self._must_live(request, now)
        request.expires_at = self._expiry(request, now)
        self._settle(request)
        self._go_on(request)

    def edit(self, request: Request, who: Person, now: datetime, revision: int, *, rebase: bool) -> None:
        self._must_see(request, revision)
        self._must_be(request, ["DRAFT", "FAILED", *SETTLING, *READY])
        self._must_live(request, now)
        self._must_open(request.kind, request.experiment)
        if not rebase:
            self._must_not_have_moved(request)
        request.made_against = self.versions[request.experiment]
        request.revision += 1
        request.said = {}
        if who.person not in request.people:
            request.people.append(who.person)
        request.by_agent |= not who.human
        request.expires_at = self._expiry(request, now)
        if request.state != "DRAFT":
            self._settle(request)
            self._go_on(request)

    def judge(self, request: Request, who: Person, now: datetime, revision: int, kind: str) -> None:
        if not who.human:
            raise Refused("APPROVAL_NOT_ALLOWED")
        self._must_be(request, SETTLING if kind == "APPROVE" else (*SETTLING, *READY))
        self._must_live(request, now)
        self._must_see(request, revision)
        if who.person in request.people:
            raise Refused("APPROVAL_NOT_ALLOWED")
        if kind == "REJECT":
            request.state = "REJECTED"
            return
        request.said[who.person] = (kind, who.groups)
        self._settle(request)
        if kind == "APPROVE":
            self._go_on(request)

    def cancel(self, request: Request, who: Person) -> None:
        if who.person not in request.people:
            raise Refused("PERMISSION_DENIED")
        self._must_be(request, ["DRAFT", "FAILED", *SETTLING, *READY])
        request.state = "CANCELLED"

    def apply(self, request: Request, now: datetime, revision: int) -> None:
        self._must_see(request, revision)
        if request.state in SETTLING:
            raise Refused("APPROVAL_REQUIRED")
        self._must_be(request, READY)
        self._must_live(request, now)
        if request.scheduled_at and now < request.scheduled_at:
            raise Refused("INVALID_STATE")
        self._carry_out(request)

    def emergency(self, request: Request, who: Person, now: datetime, revision: int) -> None:
        if not who.human:
            raise Refused("APPROVAL_NOT_ALLOWED")
        self._must_see(request, revision)
        self._must_be(request, (*SETTLING, *READY))
        self._must_live(request, now)
        self._carry_out(request)
        if request.state == "APPLIED":
            request.emergency = who.person

    def sign(self, request: Request, who: Person) -> None:
        if not who.human:
            raise Refused("APPROVAL_NOT_ALLOWED")
        self._must_be(request, ["APPLIED"])
        if not request.emergency or request.signed:
            raise Refused("INVALID_STATE")
        if who.person in (request.emergency, *request.people):
            raise Refused("APPROVAL_NOT_ALLOWED")
        request.signed = True

    def sweep(self, now: datetime) -> None:
        for request in sorted(self.requests, key=lambda each: each.expires_at):
            if request.state not in CLOSED and now >= request.expires_at:
                request.state = "EXPIRED"
            elif request.state == "SCHEDULED" and request.scheduled_at and now >= request.scheduled_at:
                self._carry_out(request)

    def is_approved(self, request: Request) -> bool:
        """Returns whether everybody who must has approved the request as it is, and nobody asks for changes."""
        if any(kind == "REQUEST_CHANGES" for kind, _ in self._strangers(request).values()):
            return False
        approving = [groups for kind, groups in self._strangers(request).values() if kind == "APPROVE"]
        return all(
            sum(group is None or group in groups for groups in approving) >= count for count, group in request.needs()
        )

    def _strangers(self, request: Request) -> dict[str, tuple[str, frozenset[str]]]:
        return {who: said for who, said in request.said.items() if who not in request.people}

    def _settle(self, request: Request) -> None:
        said = self._strangers(request).values()
        if any(kind == "REQUEST_CHANGES" for kind, _ in said):
            request.state = "CHANGES_REQUESTED"
        elif self.is_approved(request):
            request.state = "SCHEDULED" if request.scheduled_at else "APPROVED"
        else:
            request.state = "PENDING"

    def _go_on(self, request: Request) -> None:
        if request.state == "APPROVED" and (request.auto_apply or not request.needs()):
            self._carry_out(request)

    def _carry_out(self, request: Request) -> None:
        opens = OPENS[request.kind]
        state = self.states[request.experiment]
        if request.made_against != self.versions[request.experiment] or state not in opens:
            request.state = "FAILED"
            return
        request.approved_when_applied = self.is_approved(request)
        self.states[request.experiment] = opens[state]
        self.versions[request.experiment] += 1
        request.state = "APPLIED"

    def _expiry(self, request: Request, now: datetime) -> datetime:
        latest = now + LIFETIME
        return max(latest, request.scheduled_at + timedelta(days=1)) if request.scheduled_at else latest

    def _must_open(self, kind: str, experiment: str) -> None:
        if self.states[experiment] not in OPENS[kind]:
            raise Refused("INVALID_STATE")

    def _must_be(self, request: Request, states: list[str] | tuple[str, ...]) -> None:
        if request.state not in states:
            raise Refused("INVALID_STATE")

    def _must_live(self, request: Request, now: datetime) -> None:
        if now >= request.expires_at:
            raise Refused("INVALID_STATE")

    def _must_see(self, request: Request, revision: int) -> None:
        if revision != request.revision:
            raise Refused("STALE_REVISION")

    def _must_not_have_moved(self, request: Request) -> None:
        if request.made_against != self.versions[request.experiment]:
            raise Refused("ETAG_MISMATCH")
