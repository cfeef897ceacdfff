"""Keys and tokens as an identity provider would make them."""

import json
import time
import warnings
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeyParameters, KeySet, OKPKey, RSAKey

from renown.gateway.admission.tokens import Tokens
from renown.gateway.options import TokenOptions

__all__ = ["SECRET", "Provider", "shared", "soon"]

SECRET = "a secret of at least thirty-two bytes"


def shared() -> Tokens:
    """Return tokens signed and verified with one secret."""
    return Tokens(TokenOptions(secret=SECRET))


def soon(seconds: float) -> int:
    """Return the time `seconds` from now as a claim."""
    return int(time.time() + seconds)


class Provider:
    """Signs with one private key, and hands out the public one in a file."""

    def __init__(self, algorithm: str, folder: Path, *, jwks: bool = False) -> None:
        self.algorithm = algorithm
        self._key = _private(algorithm)
        self._folder = folder
        self._jwks = jwks

    def options(self) -> TokenOptions:
        """Return the settings that make a server trust this provider."""
        if self._jwks:
            path = self._folder / "keys.json"
            path.write_text(json.dumps(KeySet([self._key]).as_dict(private=False)))
            return TokenOptions(jwks_file=str(path))
        path = self._folder / "key.pem"
        path.write_bytes(self._key.as_pem(private=False))
        return TokenOptions(public_key_file=str(path))

    def sign(self, **claims: Any) -> str:
        """Return a signed token."""
        header = {"alg": self.algorithm} | ({"kid": self._key.kid} if self._key.kid else {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.encode(header, claims, self._key, algorithms=[self.algorithm])


def _private(algorithm: str) -> RSAKey | ECKey | OKPKey:
    parameters: KeyParameters = {"kid": "main"}
    if algorithm.startswith("RS"):
        return RSAKey.generate_key(2048, parameters)
    if algorithm == "ES256":
        return ECKey.generate_key("P-256", parameters)
    return OKPKey.generate_key("Ed25519", parameters)
