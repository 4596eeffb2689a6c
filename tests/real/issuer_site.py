"""An issuer with keys of its own, its key host, and a short way to introspect its tokens."""

import contextlib
import json
import secrets

from items import STATE
from key_host import KeyHost
from tokens import ABSENT, claims, key_set, make_key, mint, now


class Site:
    def __init__(self, start, items, caller, authority, **entry):
        self.issuer = f"https://{secrets.token_hex(6)}.example.com"
        self.items, self.caller = items, caller
        self.one, self.two, self.unknown = make_key("ES256"), make_key("EdDSA"), make_key("ES256")
        self.host = KeyHost(authority, [self.one.jwk(), self.two.jwk()])
        self.entry = {"issuer": self.issuer, "profile": "rfc9068", "jwks_uri": self.host.url, **entry}
        self.start_function, self.running = start, contextlib.ExitStack()
        self.items.written.append((STATE, f"jwks#{self.issuer}"))

    def function(self, **changes):
        issuers = [{name: value for name, value in self.entry.items() if value is not ABSENT}]
        return self.running.enter_context(self.start_function(issuers, **changes))

    def ask(self, function, key, **changes):
        return function.introspect(mint(key, claims(self.entry["issuer"], **changes)), self.caller)

    def fail(self, failure: str):
        if failure == "down":
            self.host.down()
        else:
            self.host.mode = failure

    def snapshot(self, age: int, *keys, **changes):
        """A snapshot as another execution environment wrote it `age` seconds ago."""
        stored = json.dumps(key_set(*(keys or (self.one, self.two))))
        attributes = {"jwks": stored, "jwks_uri": self.host.url, "fetched_at": now() - age, **changes}
        self.items.snapshot(self.issuer, **attributes)

    def stored(self) -> dict | None:
        return self.items.get(STATE, f"jwks#{self.issuer}")

    def close(self):
        self.running.close()
        self.host.down()
