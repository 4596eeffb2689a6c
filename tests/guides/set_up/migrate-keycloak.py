"""Three tokens of a realm, and its introspection endpoint, which knows that the second session has ended."""

import base64
from urllib.parse import parse_qs

import jwt

ISSUER = "https://keycloak.example.com/realms/shop"
USER = "9b2d3f4e-1c5a-4f6b-8d7e-0a1b2c3d4e5f"
SESSIONS = ["2f6a0d55-7c0f-4d21-9a37-52b1a0c4d1e8", "8a1b2c3d-0000-4444-8888-0a0b0c0d0e0f"]
CALLER = "orders-api", "old-secret"


def claims(session: str) -> dict:
    """The claims of an access token of Keycloak 26, with an audience mapper."""
    return {
        "sub": USER, "typ": "Bearer", "azp": "shop-web", "sid": session, "aud": "orders-api", "acr": "1",
        "auth_time": 1790000000, "allowed-origins": ["https://shop.example.com"], "scope": "email profile orders:read",
        "email_verified": True, "email": "alice@example.com", "name": "Alice", "preferred_username": "alice",
        "realm_access": {"roles": ["user"]},
    }


def introspect(headers, body):
    """The answer of Keycloak: the claims of the token, and five members that it adds."""
    if headers.get("Authorization") != "Basic " + base64.b64encode(":".join(CALLER).encode()).decode():
        return 401, {"error": "invalid_request", "error_description": "Authentication failed."}
    try:
        token = jwt.decode(parse_qs(body.decode())["token"][0], options={"verify_signature": False, "verify_exp": True})
    except jwt.InvalidTokenError:
        return {"active": False}
    if token.get("sid") == SESSIONS[1]:
        return {"active": False}
    return {
        **token, "client_id": token["azp"], "username": token["preferred_username"], "token_type": "Bearer",
        "active": True,
    }


def set_up(world):
    realm = world.issuer(ISSUER)
    current, ended = (realm.sign(claims(session)) for session in SESSIONS)
    expired = realm.sign({**claims(SESSIONS[0]), "iat": 1790000000, "exp": 1790000300})
    world.write("tokens.txt", "".join(f"{token}\n" for token in (current, ended, expired)))
    path = "/realms/shop/protocol/openid-connect/token/introspect"
    world.internet.answers["keycloak.example.com", "POST", path] = introspect
