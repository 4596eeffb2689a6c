"""Two sessions of a user of the realm, and logout tokens of the first: one of Keycloak and one of an attacker."""

from issuers import rsa_key

ISSUER = "https://keycloak.example.com/realms/shop"
USER = "9b2d3f4e-1c5a-4f6b-8d7e-0a1b2c3d4e5f"
SESSIONS = ["2f6a0d55-7c0f-4d21-9a37-52b1a0c4d1e8", "8a1b2c3d-0000-4444-8888-0a0b0c0d0e0f"]


def claims(session: str) -> dict:
    return {
        "sub": USER, "typ": "Bearer", "azp": "shop-web", "sid": session, "aud": "account", "acr": "1",
        "scope": "openid email profile", "preferred_username": "alice", "realm_access": {"roles": ["user"]},
    }


def logout_claims(session: str) -> dict:
    return {
        "aud": "shop-web", "sub": USER, "typ": "Logout", "sid": session,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }


def set_up(world):
    realm = world.issuer(ISSUER)
    for name, session in zip(["token.txt", "other.txt"], SESSIONS):
        world.write(name, realm.sign(claims(session)))
    world.write("logout-token.txt", realm.sign(logout_claims(SESSIONS[0])))
    world.write("forged-logout-token.txt", realm.sign(logout_claims(SESSIONS[1]), key=rsa_key(1)))
