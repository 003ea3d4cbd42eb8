"""Requests and responses of IdentityService to and from the domain."""

from datetime import datetime, timedelta

from experimentation.v1 import identity_service_pb2 as pb
from services.review.convert import requests
from services.review.domain.identity import TokenCursor
from services.review.domain.model import Page
from services.review.service.tokens import DEFAULT_OVERLAP, DEFAULT_TIME_TO_LIVE
from shared import errors
from shared.definition.convert import timestamp_to_proto
from shared.identity.principal import Caller, Principal, PrincipalKind, Role
from shared.identity.token import ApiToken
from shared.rpc import pagination

_PREFIX = "PRINCIPAL_KIND_"
_ROLES = frozenset(role.value for role in Role)


def principal_from_proto(request: pb.CreatePrincipalRequest | pb.UpdatePrincipalRequest) -> Principal:
    """Returns the principal that is asked for, its output-only fields unset.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    requests.document(request)
    asked = request.principal
    unknown = [
        errors.FieldViolation(f"principal.roles[{index}]", f"{role!r} is none of {', '.join(Role)}")
        for index, role in enumerate(asked.roles)
        if role not in _ROLES
    ]
    if unknown:
        raise errors.invalid_fields(unknown)
    return Principal(
        principal_id=asked.principal_id,
        kind=PrincipalKind(pb.PrincipalKind.Name(asked.kind).removeprefix(_PREFIX)),
        person_id=asked.person_id,
        roles=frozenset(map(Role, asked.roles)),
        groups=frozenset(asked.groups),
        display_name=asked.display_name,
        external_ids=frozenset(asked.external_ids),
        disabled=asked.disabled,
    )


def time_to_live(request: pb.CreateTokenRequest) -> timedelta:
    """Returns how long a token is to be good."""
    return request.time_to_live.ToTimedelta() if request.HasField("time_to_live") else DEFAULT_TIME_TO_LIVE


def overlap(request: pb.RotateTokenRequest) -> timedelta:
    """Returns how long the old token is to stay good."""
    return request.overlap.ToTimedelta() if request.HasField("overlap") else DEFAULT_OVERLAP


def principal_cursor(request: pb.ListPrincipalsRequest) -> str | None:
    """Returns the id after which the page begins; None: at the first.

    Raises:
        InvalidArgument: INVALID_PAGE_TOKEN.
    """
    found = pagination.decode(request.page_token, requests.query(request))
    return str(found[0]) if found else None


def token_cursor(request: pb.ListTokensRequest) -> TokenCursor | None:
    """Returns where the page begins; None: at the newest.

    Raises:
        InvalidArgument: INVALID_PAGE_TOKEN.
    """
    found = pagination.decode(request.page_token, requests.query(request))
    return TokenCursor(datetime.fromisoformat(str(found[0])), str(found[1])) if found else None


def principals_to_proto(page: Page[Principal], request: pb.ListPrincipalsRequest) -> pb.ListPrincipalsResponse:
    """Returns the page as a response to the request."""
    response = pb.ListPrincipalsResponse(principals=map(principal_to_proto, page.items))
    if page.more:
        response.next_page_token = pagination.encode((page.items[-1].principal_id,), requests.query(request))
    return response


def tokens_to_proto(page: Page[ApiToken], request: pb.ListTokensRequest) -> pb.ListTokensResponse:
    """Returns the page as a response to the request."""
    response = pb.ListTokensResponse(tokens=map(token_to_proto, page.items))
    if page.more:
        last = page.items[-1]
        cursor = (last.created_at.isoformat(), last.token_id)
        response.next_page_token = pagination.encode(cursor, requests.query(request))
    return response


def caller_to_proto(caller: Caller) -> pb.GetCallerResponse:
    """Returns the caller as a response."""
    return pb.GetCallerResponse(
        principal=principal_to_proto(caller.principal),
        permissions=sorted(caller.permissions),
        authentication=caller.authentication,
        expires_at=timestamp_to_proto(caller.expires_at),
    )


def principal_to_proto(principal: Principal) -> pb.Principal:
    """Returns the principal as a message."""
    return pb.Principal(
        principal_id=principal.principal_id,
        kind=pb.PrincipalKind.Value(f"{_PREFIX}{principal.kind}"),
        display_name=principal.display_name,
        person_id=principal.person_id,
        roles=sorted(principal.roles),
        groups=sorted(principal.groups),
        external_ids=sorted(principal.external_ids),
        disabled=principal.disabled,
        created_at=timestamp_to_proto(principal.created_at),
    )


def token_to_proto(token: ApiToken) -> pb.Token:
    """Returns the token as a message, without its secret."""
    return pb.Token(
        token_id=token.token_id,
        principal_id=token.principal_id,
        description=token.description,
        scopes=sorted(token.scopes),
        created_at=timestamp_to_proto(token.created_at),
        expires_at=timestamp_to_proto(token.expires_at),
        revoked_at=timestamp_to_proto(token.revoked_at),
    )
