"""The settings of the functions in this suite, and the issuers that they trust."""

import json

from tokens import key_set, make_key

# An identifier with a path, because that is where the two well-known paths differ.
OWN = "https://as.example.com/tenant"
PUBLIC = "https://introspection.example.com"
RFC9068 = "https://auth.example.com"
# The trailing slash belongs to the identifier.
GENERIC = "https://generic.example.net/"
AUDIENCES = "https://audiences.example.org"
# Trusted as well, with a key of its own, which must not verify the tokens of other issuers.
OTHER = "https://other.example.com"
# Allows only RS256, although its set also contains a key for ES256.
NARROW = "https://narrow.example.com"

KEYS = {algorithm: make_key(algorithm) for algorithm in ("ES256", "RS256", "PS256", "EdDSA")}
OTHER_KEY = make_key("ES256")
NAMELESS_KEY = make_key("ES256").named(None)

ISSUERS = [
    {"issuer": RFC9068, "profile": "rfc9068", "jwks": key_set(*KEYS.values(), NAMELESS_KEY)},
    {"issuer": GENERIC, "profile": "generic", "jwks": key_set(*KEYS.values(), NAMELESS_KEY),
     "required_claims": {"token_use": "access"}},
    {"issuer": AUDIENCES, "profile": "generic", "jwks": key_set(KEYS["ES256"]),
     "audiences": ["https://api.example.com", "https://files.example.com"]},
    {"issuer": OTHER, "profile": "rfc9068", "jwks": key_set(OTHER_KEY)},
    {"issuer": NARROW, "profile": "rfc9068", "jwks": key_set(KEYS["ES256"], KEYS["RS256"]), "algorithms": ["RS256"]},
]


def settings(endpoint: str, issuers: list[dict] | None = None, **changes: str | None) -> dict[str, str]:
    """The environment of a function. `changes` replace variables; None leaves one out."""
    usual = {
        "ISSUER": OWN, "PUBLIC_URL": PUBLIC, "DEFAULT_POLICY": "any",
        "TRUSTED_ISSUERS": json.dumps(ISSUERS if issuers is None else issuers),
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        **changes,
    }
    return {name: value for name, value in usual.items() if value is not None}
