"""Signed responses of every algorithm, by joserfc: what a resource server in Python does with Authlib's own library."""

import requests
from checks import DEMO, ENV, check, main
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

SIGNED = "application/token-introspection+jwt"


def ask(issuer: str, token: str) -> str:
    headers = {"Accept": SIGNED}
    response = requests.post(f"{issuer}/token/introspect", {"token": token}, auth=DEMO, headers=headers, timeout=10)
    assert (response.status_code, response.headers["content-type"]) == (200, SIGNED), response.text
    return response.text


def verify(text: str, issuer: str, algorithm: str) -> dict:
    metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    token = jwt.decode(text, keys, algorithms=[algorithm])
    assert token.header["typ"] == "token-introspection+jwt", token.header
    required = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": DEMO[0]}}
    jwt.JWTClaimsRegistry(iat={"essential": True}, **required).validate(token.claims)
    return token.claims["token_introspection"]


for server in ENV["SIGNED"].split():
    algorithm, issuer = server.split("=")

    @check(f"{algorithm}, an active token")
    def active(algorithm=algorithm, issuer=issuer) -> None:
        answer = verify(ask(issuer, ENV["ACTIVE"]), issuer, algorithm)
        assert (answer["active"], answer["sub"]) == (True, "alice"), answer

    @check(f"{algorithm}, an inactive token")
    def inactive(algorithm=algorithm, issuer=issuer) -> None:
        assert verify(ask(issuer, ENV["EXPIRED"]), issuer, algorithm) == {"active": False}

    @check(f"{algorithm}: an answer under another one's signature does not verify")
    def changed(algorithm=algorithm, issuer=issuer) -> None:
        first, second = (ask(issuer, ENV[token]) for token in ("ACTIVE", "EXPIRED"))
        try:
            verify(f"{first.rsplit('.', 1)[0]}.{second.rsplit('.', 1)[1]}", issuer, algorithm)
        except BadSignatureError:
            return
        raise AssertionError("it was taken")


main()
