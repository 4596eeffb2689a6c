"""Items as a program other than ours writes them: native attributes with boto3, based only on the contract."""

import base64
import secrets
import urllib.parse
from dataclasses import dataclass, field

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from tokens import ABSENT, digest, now

CLIENTS, TOKENS, STATE = "oauth-clients", "oauth-tokens", "oauth-introspection-state"
TABLES = {CLIENTS: "client_id", TOKENS: "id", STATE: "id"}

# One value of each type of DynamoDB. The corruption tests put each where another type belongs.
ONE_OF_EACH = {
    "S": "x", "N": 1, "BOOL": True, "L": ["x"], "M": {"x": "x"}, "SS": {"x"}, "NS": {1}, "B": b"x", "BS": {b"x"},
}


@dataclass(frozen=True)
class Caller:
    """A client as a resource server knows it: its id and the secret in the clear."""

    id: str
    secret: str = field(repr=False)

    def basic(self, scheme: str = "Basic") -> str:
        pair = f"{urllib.parse.quote_plus(self.id)}:{urllib.parse.quote_plus(self.secret)}"
        return f"{scheme} {base64.b64encode(pair.encode()).decode()}"

    def raw_basic(self) -> str:
        """What many clients send: the two halves without the form encoding that RFC 6749 asks for."""
        return "Basic " + base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()

    def with_secret(self, secret: str) -> "Caller":
        return Caller(self.id, secret)


class Items:
    """Writes items and remembers them, so that a mark of one test does not revoke the tokens of the next."""

    def __init__(self, client):
        self.client = client
        self.written: list[tuple[str, str]] = []

    def put(self, table: str, key: str, **attributes):
        item = {TABLES[table]: key, **{name: v for name, v in attributes.items() if v is not ABSENT}}
        self.client.put_item(TableName=table, Item={n: TypeSerializer().serialize(v) for n, v in item.items()})
        self.written.append((table, key))

    def get(self, table: str, key: str) -> dict | None:
        found = self.client.get_item(TableName=table, Key={TABLES[table]: {"S": key}}, ConsistentRead=True).get("Item")
        return found and {name: TypeDeserializer().deserialize(value) for name, value in found.items()}

    def caller(self, id: str | None = None, secret: str | None = None, **attributes) -> Caller:
        """A confidential client. `attributes` replace those of an ordinary record; ABSENT leaves one out."""
        caller = Caller(id or f"rs-{secrets.token_hex(6)}", secret or secrets.token_hex(32))
        usual = {"client_secret": digest(caller.secret), "client_name": "A resource server"}
        self.put(CLIENTS, caller.id, **{**usual, **attributes})
        return caller

    def opaque(self, **attributes) -> str:
        """An ordinary opaque access token; returns the token, of which the store knows only the digest."""
        token = secrets.token_urlsafe(32)
        usual = {"token_type": "access_token", "client_id": f"app-{secrets.token_hex(6)}", "iat": now() - 60,
                 "sub": f"user-{secrets.token_hex(8)}", "scope": "read write", "aud": "https://api.example.com",
                 "exp": now() + 600, "expires_at": now() + 3600}
        self.put(TOKENS, f"token#{digest(token)}", **{**usual, **attributes})
        return token

    def mark(self, key: str, **attributes):
        self.put(TOKENS, key, **attributes)

    def unmark(self, key: str):
        self.client.delete_item(TableName=TOKENS, Key={"id": {"S": key}})

    def snapshot(self, issuer: str, **attributes):
        self.put(STATE, f"jwks#{issuer}", **attributes)

    def forget(self):
        for table, key in self.written:
            self.client.delete_item(TableName=table, Key={TABLES[table]: {"S": key}})
        self.written.clear()
