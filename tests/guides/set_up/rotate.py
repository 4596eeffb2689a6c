"""An issuer that rotates its key after the function has fetched the old one."""

from urllib.parse import urlsplit

from issuers import rsa_key

ISSUER = "https://auth.example.com"


def set_up(world):
    issuer = world.issuer(ISSUER)
    issuer.keys = {"2026-03": rsa_key()}
    before = {"keys": issuer.key_set()}
    claims = {"aud": "https://orders.example.com", "sub": "alice", "client_id": "web-app", "scope": "orders:read"}
    world.write("token.txt", issuer.sign(claims, typ="at+jwt"))
    issuer.keys["2026-11"] = rsa_key(1)
    world.write("new-token.txt", issuer.sign(claims, typ="at+jwt"))
    after = {"keys": issuer.key_set()}
    fetched = []

    def key_set(headers, body):
        fetched.append(headers)
        return 200, before if len(fetched) == 1 else after

    world.internet.answers["auth.example.com", "GET", urlsplit(issuer.jwks_uri).path] = key_set
