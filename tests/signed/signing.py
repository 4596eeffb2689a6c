"""Keys at locations for SIGNING_KEY, and the checks that a resource server makes of a signed answer."""

import json

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import events
from settings import OWN
from tokens import make_key, now

SIGNED = "application/token-introspection+jwt"


def pem(key) -> str:
    return key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def file_key(folder, algorithm, as_jwk=False) -> str:
    key = make_key(algorithm)
    path = folder / f"{key.kid}.key"
    path.write_text(json.dumps(key.private_jwk()) if as_jwk else pem(key))
    return f"file:{path}"


def secret_key(aws, algorithm, as_jwk=False) -> str:
    key = make_key(algorithm)
    text = json.dumps(key.private_jwk()) if as_jwk else pem(key)
    created = aws("secretsmanager").create_secret(Name=f"signing/{key.kid}", SecretString=text)
    return f"secretsmanager:{created['ARN']}"


def kms_key(aws, spec) -> str:
    created = aws("kms").create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
    return f"kms:{created['KeyMetadata']['Arn']}"


def get(function, path) -> dict:
    answer = function.invoke(events.http_api(method="GET", path=path))
    assert answer.status == 200, answer.raw
    return answer.json


def ask(function, token, caller, accept=SIGNED):
    return function.introspect(token, caller, headers={"accept": accept})


def verified(answer, keys: dict, caller, algorithm) -> dict:
    """Checks an answer with PyJWT as RFC 9701 demands of a resource server, and returns the token's members."""
    assert (answer.status, answer.headers["content-type"]) == (200, SIGNED), answer.raw
    assert answer.headers["cache-control"] == "no-store"
    header = jwt.get_unverified_header(answer.body)
    assert (header["alg"], header["typ"]) == (algorithm, "token-introspection+jwt")
    key = jwt.PyJWKSet.from_dict(keys)[header["kid"]]
    claims = jwt.decode(
        answer.body, key, algorithms=[algorithm], issuer=OWN, audience=caller.id,
        options={"require": ["iss", "aud", "iat", "token_introspection"]},
    )
    assert claims.keys() == {"iss", "aud", "iat", "token_introspection"}
    assert (claims["iss"], claims["aud"]) == (OWN, caller.id)
    assert abs(claims["iat"] - now()) <= 2
    return claims["token_introspection"]
