"""Keys made at run time, and JWTs that PyJWT signs with them. The function verifies with another library."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field, replace
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ABSENT = object()


@dataclass(frozen=True)
class Key:
    algorithm: str
    kid: str | None
    private: Any = field(repr=False)

    def jwk(self, **changes) -> dict:
        """The public key as in a key set; `changes` add or replace members, ABSENT removes one."""
        members = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        members.pop("key_ops", None)
        return _without_absent({**members, "kid": self.kid or ABSENT, "alg": self.algorithm, "use": "sig", **changes})

    def private_jwk(self) -> dict:
        members = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private, as_dict=True)
        members.pop("key_ops", None)
        return {**members, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def named(self, kid: str | None) -> "Key":
        return replace(self, kid=kid)


def make_key(algorithm: str, kid: str | None = None, bits: int = 2048) -> Key:
    if algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    elif algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        private = rsa.generate_private_key(65537, bits)
    return Key(algorithm, kid or f"{algorithm.lower()}-{secrets.token_hex(4)}", private)


def key_set(*keys: Key | dict) -> dict:
    return {"keys": [key.jwk() if isinstance(key, Key) else key for key in keys]}


def now() -> int:
    return int(time.time())


def claims(issuer: str, **changes) -> dict:
    """The claims of an ordinary access token of RFC 9068 with new identifiers; ABSENT removes one."""
    usual = {
        "iss": issuer, "sub": f"user-{secrets.token_hex(8)}", "aud": "https://api.example.com",
        "client_id": f"app-{secrets.token_hex(6)}", "iat": now() - 60, "exp": now() + 600,
        "jti": secrets.token_hex(16), "scope": "read write",
    }
    return _without_absent({**usual, **changes})


def mint(key: Key, payload: dict, typ: str = "at+jwt", **header) -> str:
    """Signs claims with PyJWT."""
    # PyJWT leaves out an empty `typ`, and writes `JWT` by default.
    headers = _without_absent({"typ": "" if typ is ABSENT else typ, "kid": key.kid or ABSENT, **header})
    return jwt.encode(payload, key.private, key.algorithm, headers)


def mint_raw(key: Key, payload: bytes | dict, header: bytes | dict | None = None) -> str:
    """Signs bytes unchanged, for tokens that no library would sign."""
    header = header if header is not None else {"alg": key.algorithm, "typ": "at+jwt", "kid": key.kid}
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    signed = b".".join(encode(part).encode() for part in parts)
    signature = jwt.get_algorithm_by_name(key.algorithm).sign(signed, key.private)
    return f"{signed.decode()}.{encode(signature)}"


def forged(token: str) -> str:
    """The same header and payload, with one bit in the middle of the signature flipped."""
    signed, signature = token.rsplit(".", 1)
    data = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    data[len(data) // 2] ^= 1
    return f"{signed}.{encode(bytes(data))}"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def signing_input_digest(token: str) -> str:
    """The digest that names a JWT without `jti` in a mark. It leaves out the signature, which has two valid forms."""
    return digest(token.rsplit(".", 1)[0])


def _without_absent(members: dict) -> dict:
    return {name: value for name, value in members.items() if value is not ABSENT}
