"""Issuers whose keys the suite has. They publish them where the real ones do."""

import functools
import json
import secrets
import time
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm


def rsa_key(number: int = 0):
    """Keys cost a tenth of a second each, so all issuers share them."""
    return _rsa_key(number)


# A cache tells a default from the same value as an argument, so this has no default.
@functools.cache
def _rsa_key(number: int):
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


# Where issuers of a profile publish their keys, if it is not in `jwks_uri`. Those of other profiles are discovered.
KEY_SETS = {"keycloak": "/protocol/openid-connect/certs", "okta": "/v1/keys"}


class Issuer:
    def __init__(self, internet, entry: dict):
        self.name, self.keys = entry["issuer"], {"guide-1": rsa_key()}
        self.internet = internet
        self.jwks_uri = entry.get("jwks_uri", self.name.rstrip("/") + KEY_SETS.get(entry["profile"], "/.well-known/jwks.json"))
        self.metadata = self.name.rstrip("/") + "/.well-known/openid-configuration"
        self.publish()

    def publish(self):
        document = {"issuer": self.name, "jwks_uri": self.jwks_uri}
        for url, answer in [(self.jwks_uri, {"keys": self.key_set()}), (self.metadata, document)]:
            parts = urlsplit(url)
            self.internet.answers[parts.hostname, "GET", parts.path] = answer

    def key_set(self) -> list[dict]:
        jwk = lambda key: json.loads(RSAAlgorithm.to_jwk(key.public_key()))  # noqa: E731
        return [{**jwk(key), "kid": kid, "use": "sig", "alg": "RS256"} for kid, key in self.keys.items()]

    def sign(self, claims: dict, typ: str | None = "JWT", kid: str | None = None, key=None) -> str:
        """A JWT of this issuer. A claim of None is left out; `key` forges the signature."""
        kid = kid or list(self.keys)[-1]
        now = int(time.time())
        claims = {"iss": self.name, "iat": now, "exp": now + 3600, "jti": secrets.token_hex(8), **claims}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, key or self.keys[kid], "RS256", {"kid": kid, "typ": typ})
