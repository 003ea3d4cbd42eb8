"""An OpenID Connect issuer of the tests: keys made here, tokens signed with them."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

URL = "https://issuer.example"
AUDIENCE = "experimentation"


class Issuer:
    """Signs tokens with a key that it publishes.

    Attributes:
        key_id: Names the key.
        algorithm: RS256 or ES256.
    """

    def __init__(self, key_id: str = "k1", *, algorithm: str = "RS256") -> None:
        self.key_id = key_id
        self.algorithm = algorithm
        self._key: Any = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048)
            if algorithm == "RS256"
            else ec.generate_private_key(ec.SECP256R1())
        )

    @property
    def key(self) -> dict[str, Any]:
        """Returns the public key as the issuer publishes it."""
        kind: Any = RSAAlgorithm if self.algorithm == "RS256" else ECAlgorithm
        document = json.loads(kind.to_jwk(self._key.public_key()))
        return {**document, "kid": self.key_id, "alg": self.algorithm, "use": "sig"}

    @property
    def key_set(self) -> dict[str, Any]:
        """Returns the JSON Web Key Set with this key alone."""
        return {"keys": [self.key]}

    def token(self, subject: str | None = "shop", **claims: Any) -> str:
        """Returns a token that is good for an hour; claims that are given replace the usual ones, None leaves out."""
        now = int(time.time())
        usual = {"iss": URL, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 3600}
        kept = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(kept, self._key, algorithm=self.algorithm, headers={"kid": self.key_id})
