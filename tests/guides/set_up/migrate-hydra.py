"""Three tokens of Hydra, its introspection endpoint, and the program of the page about Keycloak."""

from urllib.parse import parse_qs

import jwt

import pages

ISSUER = "https://hydra.example.com"


def claims(subject: str) -> dict:
    """The claims of an access token with the strategy `jwt`."""
    return {
        "sub": subject, "client_id": "shop-web", "aud": ["https://orders.example.com"], "scp": ["offline", "orders:read"],
        "nbf": 1790000000, "ext": {"tier": "gold"},
    }


def introspect(headers, body):
    """The answer of Hydra 2. It needs no credentials, and the second user's consent was revoked."""
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    try:
        token = jwt.decode(form["token"], options={"verify_signature": False, "verify_exp": True})
    except jwt.InvalidTokenError:
        return {"active": False}
    needed = form.get("scope", "").split()
    if token["sub"] == "bob" or not set(needed) <= set(token["scp"]):
        return {"active": False}
    kept = {name: token[name] for name in ("client_id", "sub", "exp", "iat", "nbf", "aud", "iss", "ext")}
    return {"active": True, "scope": " ".join(token["scp"]), **kept, "token_type": "Bearer", "token_use": "access_token"}


def set_up(world):
    hydra = world.issuer(ISSUER)
    current, ended = (hydra.sign(claims(subject)) for subject in ("alice", "bob"))
    expired = hydra.sign({**claims("alice"), "iat": 1790000000, "exp": 1790000300})
    world.write("tokens.txt", "".join(f"{token}\n" for token in (current, ended, expired)))
    world.write("compare.py", pages.files(pages.FOLDER / "migrate-keycloak.md")["compare.py"])
    world.internet.answers["hydra-admin.example.com", "POST", "/admin/oauth2/introspect"] = introspect
