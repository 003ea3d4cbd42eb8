"""For whom a service is called."""

from dataclasses import dataclass

from shared.config import Secret
from shared.rpc.authorization import HEADER_KEY
from shared.rpc.calls import REQUEST_ID_KEY


@dataclass(frozen=True, slots=True)
class Origin:
    """Is what a call carries of the request that it is made for; a call never goes by the gateway's own identity.

    Attributes:
        token: Is the caller's bearer token.
        request_id: Goes into the services' logs.
    """

    token: Secret
    request_id: str

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Returns it as gRPC sends it."""
        return ((HEADER_KEY, f"Bearer {self.token.value}"), (REQUEST_ID_KEY, self.request_id))
