"""Builds who proposes at review."""

from services.ai.config import ReviewOptions
from services.ai.proposing.proposer import ReviewProposer
from shared import log
from shared.rpc import client


class ReviewPart:
    """Is who proposes, over a channel of its own; close it.

    Raises:
        OSError: A TLS file cannot be read.
    """

    def __init__(self, options: ReviewOptions) -> None:
        token = options.token if options.token.value else None
        self._channel = client.open_channel(
            options.address, tls=options.client_tls(), token=token, request_id=log.request_id
        )
        self.proposer = ReviewProposer(self._channel, timeout_seconds=options.timeout.total_seconds())

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()
