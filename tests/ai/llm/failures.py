"""Each way in which the Messages API fails, by name, and what it has to mean."""

from typing import NamedTuple

from services.ai.domain.asking import CallStatus, FallbackReason
from tests.ai.stand_in import behaviours
from tests.ai.stand_in.behaviours import Behaviour, answers, document, fails, page


class Failure(NamedTuple):
    """Is a behaviour of the API, and what it means."""

    behaviour: Behaviour
    reason: FallbackReason
    status: CallStatus
    retryable: bool = False


def _unavailable(behaviour: Behaviour, status: CallStatus = CallStatus.SERVER_ERROR) -> Failure:
    return Failure(behaviour, FallbackReason.PROVIDER_UNAVAILABLE, status, retryable=True)


def _rejected(behaviour: Behaviour, status: CallStatus) -> Failure:
    return Failure(behaviour, FallbackReason.PROVIDER_REJECTED, status)


def _malformed(behaviour: Behaviour) -> Failure:
    return Failure(behaviour, FallbackReason.MALFORMED, CallStatus.MALFORMED)


_INVALID = "invalid_request_error"
_SPEND = FallbackReason.SPEND_LIMIT
_CONTRACT = "contract_spend_limit_reached"
FAILURES = {
    "400": _rejected(fails(400, _INVALID), CallStatus.BAD_REQUEST),
    "400, to be tried again": _rejected(fails(400, _INVALID, x_should_retry="true"), CallStatus.BAD_REQUEST),
    "401": _rejected(fails(401, "authentication_error"), CallStatus.NOT_AUTHENTICATED),
    "402": Failure(fails(402, "billing_error"), _SPEND, CallStatus.NOT_PAID),
    "403": _rejected(fails(403, "permission_error"), CallStatus.NOT_PERMITTED),
    "404": _rejected(fails(404, "not_found_error"), CallStatus.NOT_FOUND),
    "408": _unavailable(fails(408, "timeout_error")),
    "409": _unavailable(fails(409, "conflict_error")),
    "413": _rejected(fails(413, "request_too_large"), CallStatus.TOO_LARGE),
    "422": _rejected(fails(422, _INVALID), CallStatus.BAD_REQUEST),
    "429": _unavailable(behaviours.rate_limited(), CallStatus.RATE_LIMITED),
    "429, ramp": _unavailable(
        fails(429, "rate_limit_error", error_code="ramp_limit_exceeded"), CallStatus.RATE_LIMITED
    ),
    "429, spend limit": Failure(behaviours.spend_limited(), _SPEND, CallStatus.SPEND_LIMITED),
    "429, contract": Failure(behaviours.spend_limited(_CONTRACT), _SPEND, CallStatus.SPEND_LIMITED),
    "500": _unavailable(fails(500, "api_error")),
    "503": _unavailable(fails(503, "api_error")),
    "503, not to be tried again": Failure(
        fails(503, "api_error", x_should_retry="false"), FallbackReason.PROVIDER_UNAVAILABLE, CallStatus.SERVER_ERROR
    ),
    "529": _unavailable(fails(529, "overloaded_error"), CallStatus.OVERLOADED),
    "200 with an error": _unavailable(fails(200, "overloaded_error"), CallStatus.OVERLOADED),
    "200 with an unknown error": _malformed(fails(200, "strange_error")),
    "200 with a stream": _malformed(behaviours.stream_error()),
    "page with 200": _malformed(page()),
    "page with 500": _unavailable(page(500)),
    "page with a redirect": _rejected(page(302, location="https://portal.example/"), CallStatus.REDIRECTED),
    "half a message": _malformed(behaviours.half_a_message()),
    "empty object": _malformed(document("{}")),
    "list": _malformed(document("[]")),
    "null": _malformed(document("null")),
    "string": _malformed(document('"text"')),
    "nothing": _malformed(document("")),
    "deep nesting": _malformed(document("[" * 100_000)),
    "error without its fields": _malformed(document('{"type":"error","error":"no"}')),
    "no content": _malformed(answers(content=None)),
    "content that is text": _malformed(answers(content="text")),
    "content of anything": _malformed(answers(content=[7, None, {}])),
    "empty content": _malformed(answers(content=[])),
    "text that is none": _malformed(answers(content=[{"type": "text", "text": None}])),
    "blank text": _malformed(answers(" ")),
    "tool use": _malformed(answers(stop_reason="tool_use")),
    "pause": _malformed(answers(stop_reason="pause_turn")),
    "no stop reason": _malformed(answers(stop_reason=None)),
    "refusal": Failure(behaviours.refuses(), FallbackReason.REFUSED, CallStatus.REFUSED),
    "refusal with text": Failure(behaviours.refuses(None, "No."), FallbackReason.REFUSED, CallStatus.REFUSED),
    "max_tokens": Failure(behaviours.cut_off(), FallbackReason.TRUNCATED, CallStatus.TRUNCATED),
    "context window": Failure(
        answers("{", stop_reason="model_context_window_exceeded"), FallbackReason.TRUNCATED, CallStatus.TRUNCATED
    ),
    "dropped connection": _unavailable(behaviours.breaks_off(), CallStatus.DISCONNECTED),
}
