"""Two sessions of a user, after the Action, and the logout token of the first."""

ISSUER = "https://tenant.eu.auth0.com/"
CLIENT = "4xUo8Yq2shopSpaClient"
USER = "auth0|5f7c8ec7c33c6c004bbafe82"
SESSIONS = ["sA3b1Yw2kQ9xdgDkCD4rO2uLp07C8BiH", "tB4c2Zx3lR0yehElDE5sP3vMq18D9CjI"]
BACKCHANNEL = "http://schemas.openid.net/event/backchannel-logout"


def claims(session: str, **changes) -> dict:
    return {
        "https://orders.example.com/session": session, "sub": USER, "azp": CLIENT, "scope": "openid orders:read",
        "aud": ["https://orders.example.com", "https://tenant.eu.auth0.com/userinfo"], "jti": None, **changes,
    }


def logout_claims(session: str) -> dict:
    """A logout token, with the members of Auth0's documentation."""
    return {
        "sub": USER, "aud": CLIENT, "sid": session, "events": {BACKCHANNEL: {}}, "trace_id": "5d9d1f0c9a2b3c4d",
    }


def set_up(world):
    tenant = world.issuer(ISSUER)
    for name, session in zip(["token.txt", "other.txt"], SESSIONS):
        world.write(name, tenant.sign(claims(session)))
    world.write("logout-token.txt", tenant.sign(logout_claims(SESSIONS[0]), typ="logout+jwt"))
