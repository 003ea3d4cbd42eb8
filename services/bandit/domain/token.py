"""Decision tokens: signed, self-contained proof of one allocation.

Layout, little-endian: format (1 byte), key id (1), whether it counts (1), policy version (8), propensity (8, IEEE 754),
issued at in milliseconds since 1970 (8), lengths of experiment, arm and allocation id (1 each), those three and the
unit id in UTF-8, then 16 bytes of keyed BLAKE2b (RFC 7693) over all before.
"""

import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from shared.errors import InvalidArgument, Reason

FORMAT: Final = 1
MAC_BYTES: Final = 16
_HEAD: Final = struct.Struct("<BB?QdQBBB")


class Decision(NamedTuple):
    """Is what a token says: who got which arm, from which policy, with which probability, when.

    Attributes:
        arm_id: The arm as it is logged: held-out units have one of their own.
        counts: Whether the unit enters the statistics once it is exposed.
    """

    experiment_id: str
    unit_id: str
    arm_id: str
    policy_version: int
    propensity: float
    allocation_id: str
    issued_at_ms: int
    counts: bool = True


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Holds the secrets that sign and verify, by key id.

    Attributes:
        secrets: 16 to 64 bytes each, by key id 0 to 255; all of them verify.
        signing: The id of the one that signs.
    """

    secrets: Mapping[int, bytes] = field(repr=False)
    signing: int

    def __post_init__(self) -> None:
        if self.signing not in self.secrets:
            raise ValueError(f"signing key {self.signing} is not among the keys")
        for key_id, secret in self.secrets.items():
            if not 0 <= key_id <= 255 or not 16 <= len(secret) <= 64:
                raise ValueError(f"token key {key_id} must have an id of 0 to 255 and 16 to 64 bytes")


class TokenSigner:
    """Makes and reads decision tokens. Safe for threads."""

    def __init__(self, keys: TokenKeys, *, time_to_live: timedelta) -> None:
        self._keys = keys
        self._secret = keys.secrets[keys.signing]
        self._lifetime_ms = time_to_live // timedelta(milliseconds=1)

    def sign(self, decision: Decision) -> bytes:
        """Returns the token of a decision; about 1.5 microseconds."""
        experiment, arm = decision.experiment_id.encode(), decision.arm_id.encode()
        allocation = decision.allocation_id.encode()
        head = _HEAD.pack(
            FORMAT,
            self._keys.signing,
            decision.counts,
            decision.policy_version,
            decision.propensity,
            decision.issued_at_ms,
            len(experiment),
            len(arm),
            len(allocation),
        )
        body = head + experiment + arm + allocation + decision.unit_id.encode()
        return body + hashlib.blake2b(body, key=self._secret, digest_size=MAC_BYTES).digest()

    def read(self, token: bytes, *, now_ms: int) -> Decision:
        """Returns what a token says.

        Raises:
            InvalidArgument: INVALID_TOKEN: damaged, forged, or of an unknown key. EXPIRED_TOKEN: too old.
        """
        body, mac = token[:-MAC_BYTES], token[-MAC_BYTES:]
        secret = self._keys.secrets.get(body[1]) if len(body) >= _HEAD.size and body[0] == FORMAT else None
        if secret is None or not hmac.compare_digest(
            mac, hashlib.blake2b(body, key=secret, digest_size=MAC_BYTES).digest()
        ):
            raise InvalidArgument(Reason.INVALID_TOKEN, "the decision token is damaged, forged or of an unknown key")
        decision = _parse(body)
        expires_at_ms = decision.issued_at_ms + self._lifetime_ms
        if now_ms > expires_at_ms:
            expired_at = datetime.fromtimestamp(expires_at_ms / 1000, UTC).isoformat(timespec="seconds")
            raise InvalidArgument(
                Reason.EXPIRED_TOKEN, f"the decision token expired at {expired_at}", metadata={"expired_at": expired_at}
            )
        return decision


def _parse(body: bytes) -> Decision:
    _, _, counts, version, propensity, issued_at_ms, experiment, arm, allocation = _HEAD.unpack_from(body)
    ends = (_HEAD.size, _HEAD.size + experiment, _HEAD.size + experiment + arm)
    unit = ends[2] + allocation
    return Decision(
        experiment_id=body[ends[0] : ends[1]].decode(),
        unit_id=body[unit:].decode(),
        arm_id=body[ends[1] : ends[2]].decode(),
        policy_version=version,
        propensity=propensity,
        allocation_id=body[ends[2] : unit].decode(),
        issued_at_ms=issued_at_ms,
        counts=counts,
    )
