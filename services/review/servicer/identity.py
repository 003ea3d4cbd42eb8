"""IdentityService over gRPC: convert, call one use case, convert."""

import grpc

from experimentation.v1 import identity_service_pb2 as pb
from services.review.convert import identity as convert
from services.review.convert import requests
from services.review.service.principals import PrincipalService
from services.review.service.tokens import TokenService
from shared.rpc import caller, pagination


class IdentityServicer:
    """Answers the RPCs of IdentityService; every error is a PlatformError, as its proto lists them."""

    def __init__(self, principals: PrincipalService, tokens: TokenService) -> None:
        self._principals = principals
        self._tokens = tokens

    def GetCaller(self, _request: pb.GetCallerRequest, _context: grpc.ServicerContext) -> pb.GetCallerResponse:
        """Returns who calls."""
        return convert.caller_to_proto(caller.current())

    def CreatePrincipal(
        self, request: pb.CreatePrincipalRequest, _context: grpc.ServicerContext
    ) -> pb.CreatePrincipalResponse:
        """Creates a principal."""
        created = self._principals.create(convert.principal_from_proto(request), caller=caller.current())
        return pb.CreatePrincipalResponse(principal=convert.principal_to_proto(created))

    def ListPrincipals(
        self, request: pb.ListPrincipalsRequest, _context: grpc.ServicerContext
    ) -> pb.ListPrincipalsResponse:
        """Lists principals by id."""
        after, limit = convert.principal_cursor(request), pagination.page_size(request.page_size)
        return convert.principals_to_proto(self._principals.list_principals(after=after, limit=limit), request)

    def UpdatePrincipal(
        self, request: pb.UpdatePrincipalRequest, _context: grpc.ServicerContext
    ) -> pb.UpdatePrincipalResponse:
        """Replaces a principal."""
        updated = self._principals.update(convert.principal_from_proto(request), caller=caller.current())
        return pb.UpdatePrincipalResponse(principal=convert.principal_to_proto(updated))

    def CreateToken(self, request: pb.CreateTokenRequest, _context: grpc.ServicerContext) -> pb.CreateTokenResponse:
        """Creates a token."""
        requests.document(request)
        token, secret = self._tokens.create(
            request.principal_id,
            caller=caller.current(),
            description=request.description,
            scopes=request.scopes,
            time_to_live=convert.time_to_live(request),
        )
        return pb.CreateTokenResponse(token=convert.token_to_proto(token), secret=secret)

    def ListTokens(self, request: pb.ListTokensRequest, _context: grpc.ServicerContext) -> pb.ListTokensResponse:
        """Lists the tokens of a principal, newest first."""
        after, limit = convert.token_cursor(request), pagination.page_size(request.page_size)
        page = self._tokens.list_tokens(request.principal_id, caller=caller.current(), after=after, limit=limit)
        return convert.tokens_to_proto(page, request)

    def RotateToken(self, request: pb.RotateTokenRequest, _context: grpc.ServicerContext) -> pb.RotateTokenResponse:
        """Creates a token in the place of another."""
        requests.document(request)
        token, secret = self._tokens.rotate(request.token_id, caller=caller.current(), overlap=convert.overlap(request))
        return pb.RotateTokenResponse(token=convert.token_to_proto(token), secret=secret)

    def RevokeToken(self, request: pb.RevokeTokenRequest, _context: grpc.ServicerContext) -> pb.RevokeTokenResponse:
        """Revokes a token."""
        requests.document(request)
        revoked = self._tokens.revoke(request.token_id, caller=caller.current())
        return pb.RevokeTokenResponse(token=convert.token_to_proto(revoked))
