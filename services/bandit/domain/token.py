"""Decision tokens: signed, self-contained proof of one allocation.

Layout, little-endian, with ids in UTF-8:
    format (1 byte), whether it counts (1), policy version (8), propensity (8, IEEE 754), lengths of experiment and arm
    id (1 each), experiment id, arm id: the same for all units of an arm;
    issued at, in milliseconds since 1970 (8), length of the allocation id (2), allocation id, unit id;
    key id (1), keyed BLAKE2b (RFC 7693) over all before (16).
"""

import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final, NamedTuple

from shared.errors import InvalidArgument, Reason

FORMAT: Final = 1
MAC_BYTES: Final = 16
_HEAD: Final = struct.Struct("<B?QdBB")
_MIDDLE: Final = struct.Struct("<QH")
_SHORTEST: Final = _HEAD.size + _MIDDLE.size + 1


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
        self._signing_key_id = bytes([keys.signing])
        self._secret = keys.secrets[keys.signing]
        self._lifetime_ms = time_to_live // timedelta(milliseconds=1)

    def sign(self, prefix: bytes, unit_id: str, allocation_id: str, *, issued_at_ms: int) -> bytes:
        """Returns the token of a decision; about a microsecond.

        Args:
            prefix: What `prefix` returns for the arm.
            unit_id: The unit.
            allocation_id: The trial where every allocation counts; empty otherwise.
            issued_at_ms: Now, in milliseconds since 1970.
        """
        allocation = allocation_id.encode()
        body = (
            prefix + _MIDDLE.pack(issued_at_ms, len(allocation)) + allocation + unit_id.encode() + self._signing_key_id
        )
        return body + blake2b(body, key=self._secret, digest_size=MAC_BYTES).digest()

    def read(self, token: bytes, *, now_ms: int) -> Decision:
        """Returns what a token says.

        Raises:
            InvalidArgument: INVALID_TOKEN: damaged, forged, or of an unknown key. EXPIRED_TOKEN: too old.
        """
        body, mac = token[:-MAC_BYTES], token[-MAC_BYTES:]
        secret = self._keys.secrets.get(body[-1]) if len(body) >= _SHORTEST and body[0] == FORMAT else None
        if secret is None or not hmac.compare_digest(mac, blake2b(body, key=secret, digest_size=MAC_BYTES).digest()):
            raise InvalidArgument(Reason.INVALID_TOKEN, "the decision token is damaged, forged or of an unknown key")
        decision = _parse(body)
        expires_at_ms = decision.issued_at_ms + self._lifetime_ms
        if now_ms > expires_at_ms:
            expired_at = datetime.fromtimestamp(expires_at_ms / 1000, UTC).isoformat(timespec="seconds")
            raise InvalidArgument(
                Reason.EXPIRED_TOKEN, f"the decision token expired at {expired_at}", metadata={"expired_at": expired_at}
            )
        return decision


def prefix(experiment_id: str, arm_id: str, policy_version: int, propensity: float, *, counts: bool) -> bytes:
    """Returns the part of a token that is the same for all units of an arm."""
    experiment, arm = experiment_id.encode(), arm_id.encode()
    return _HEAD.pack(FORMAT, counts, policy_version, propensity, len(experiment), len(arm)) + experiment + arm


def _parse(body: bytes) -> Decision:
    _, counts, version, propensity, experiment_length, arm_length = _HEAD.unpack_from(body)
    arm = _HEAD.size + experiment_length
    middle = arm + arm_length
    issued_at_ms, allocation_length = _MIDDLE.unpack_from(body, middle)
    allocation = middle + _MIDDLE.size
    unit = allocation + allocation_length
    return Decision(
        experiment_id=body[_HEAD.size : arm].decode(),
        unit_id=body[unit:-1].decode(),
        arm_id=body[arm:middle].decode(),
        policy_version=version,
        propensity=propensity,
        allocation_id=body[allocation:unit].decode(),
        issued_at_ms=issued_at_ms,
        counts=counts,
    )
