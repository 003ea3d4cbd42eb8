"""One call's place on record: begun before it is sent, ended with what came of it."""

from dataclasses import replace

from services.ai.domain.asking import ProviderFailure, Usage
from services.ai.domain.calls import CallRecord
from services.ai.domain.ports import Calls


class CallEntry:
    """Is one call's place on record, for one thread; `job_id` is empty where the call is made for none."""

    def __init__(self, calls: Calls, call_id: str, job_id: str, *, system: str) -> None:
        self.call_id = call_id
        self._calls = calls
        self._job_id = job_id
        self._system = system
        self._open: CallRecord | None = None

    def begin(self, call: CallRecord) -> None:
        """Records that the call is about to be sent, with the most that it can cost."""
        self._calls.begin(self.call_id, self._job_id, call, system=self._system)
        self._open = call

    def end(self, call: CallRecord) -> None:
        """Records what came of it."""
        if self._open is None:
            self.begin(call)
        self._calls.end(self.call_id, call)
        self._open = None

    def close(self, failure: ProviderFailure) -> None:
        """Ends a call of which it turned out that it was not sent."""
        if self._open is not None:
            self.end(
                replace(
                    self._open,
                    usage=Usage(),
                    cost_usd=0.0,
                    status=failure.status,
                    fallback_reason=failure.reason,
                    message=failure.message,
                )
            )
