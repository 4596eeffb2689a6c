"""Two sign-ins of a user of the pool."""

ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123"


def claims(session: str, **changes) -> dict:
    """An access token as the managed login of a user pool issues it."""
    return {
        "sub": "9b2d3f4e-1c5a-4f6b-8d7e-0a1b2c3d4e5f", "cognito:groups": ["staff"], "version": 2,
        "client_id": "1example23456789", "origin_jti": session, "event_id": "3f6a0d55-7c0f-4d21-9a37-52b1a0c4d1e8",
        "token_use": "access", "scope": "openid email", "auth_time": 1795371830, "username": "alice", **changes,
    }


def set_up(world):
    pool = world.issuer(ISSUER)
    world.write("token.txt", pool.sign(claims("5c1d2e3f-aaaa-4bbb-8ccc-000000000001"), typ=None))
    world.write("other.txt", pool.sign(claims("5c1d2e3f-aaaa-4bbb-8ccc-000000000002"), typ=None))
