"""Two users of the tenant, and the part of Microsoft Graph that the handler asks."""

import datetime
import secrets
import urllib.parse

TENANT = "9122040d-6c67-4c5b-b112-36a304b66dad"
ISSUER = f"https://login.microsoftonline.com/{TENANT}/v2.0"
USERS = ["87d349ed-44d7-43e1-9a83-5f2406dee5bd", "1a2b3c4d-0000-4444-8888-5e6f7a8b9c0d"]
SELECT = "?$select=accountEnabled,signInSessionsValidFromDateTime"
GRAPH_SECRET, GRAPH_TOKEN = "secret-of-the-registration", "token-for-graph"


def claims(user: str, **changes) -> dict:
    """An access token of version 2."""
    return {
        "aud": "11112222-bbbb-3333-cccc-4444dddd5555", "azp": "22223333-cccc-4444-dddd-5555eeee6666", "azpacr": "0", "jti": None,
        "oid": user, "sub": f"pairwise-{user[:8]}", "tid": TENANT, "uti": secrets.token_urlsafe(16), "ver": "2.0",
        "scp": "Orders.Read", "sid": secrets.token_hex(8), "preferred_username": "alice@example.com", **changes,
    }


def token_endpoint(headers, body):
    form = dict(urllib.parse.parse_qsl(body.decode()))
    if form.get("client_secret") != GRAPH_SECRET or form.get("grant_type") != "client_credentials":
        return 401, {"error": "invalid_client"}
    return 200, {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": GRAPH_TOKEN}


def user(document: dict | None):
    """Graph's answer about a user; None if the user was deleted."""

    def answer(headers, body):
        if headers.get("Authorization") != f"Bearer {GRAPH_TOKEN}":
            return 401, {"error": {"code": "InvalidAuthenticationToken"}}
        if document is None:
            return 404, {"error": {"code": "Request_ResourceNotFound"}}
        return 200, {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity", **document}

    return answer


def path(user_id: str) -> str:
    return f"/v1.0/users/{user_id}{SELECT}"


def graph_time(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def set_up(world):
    tenant = world.issuer(ISSUER)
    for name, user_id in zip(["token.txt", "other.txt"], USERS):
        world.write(name, tenant.sign(claims(user_id)))
    world.write("graph-secret.txt", GRAPH_SECRET)
    now = graph_time(datetime.datetime.now(datetime.timezone.utc))
    answers = world.internet.answers
    answers["login.microsoftonline.com", "POST", f"/{TENANT}/oauth2/v2.0/token"] = token_endpoint
    answers["graph.microsoft.com", "GET", path(USERS[1])] = user({"accountEnabled": True, "signInSessionsValidFromDateTime": now})
