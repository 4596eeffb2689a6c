"""Searches what a function wrote for what its callers sent, and for control characters: O-04, for every test of this suite."""

import base64
import json
import unicodedata
from urllib.parse import parse_qsl, unquote_plus

# Shorter values occur in a log by chance.
SHORTEST = 16
PUBLIC = {"client_id", "token_type_hint", "client_assertion_type", "grant_type", "htm", "htu"}


def secrets(event) -> set[str]:
    """The credentials, proofs and tokens of a gateway's event. A test may send anything as an event."""
    if not isinstance(event, dict):
        return set()
    found = set()
    headers = event.get("headers")
    for name, value in (headers if isinstance(headers, dict) else {}).items():
        if isinstance(value, str) and name.lower() in ("authorization", "dpop"):
            credentials = value.partition(" ")[2] or value
            found |= {credentials, unquote_plus(_plain(credentials).partition(":")[2])}
    body = event.get("body")
    if isinstance(body, str):
        text = _plain(body) if event.get("isBase64Encoded") is True else body
        found |= {value for name, value in parse_qsl(text, errors="replace") if name not in PUBLIC} | set(_batch(text))
    found |= {part for value in found for part in value.split(".") if len(part) > 20}
    return {value for value in found if len(value) >= SHORTEST}


def assert_absent(secrets: set[str], output: str):
    for line in output.splitlines():
        text = "\n".join(_texts(json.loads(line))) if line.startswith("{") else line
        assert not any(unicodedata.category(character) == "Cc" for character in text.replace("\n", "")), repr(line)
        found = [secret for secret in secrets if secret in text]
        assert not found, f"{found} in the log: {line}"


def _batch(body: str) -> list[str]:
    """The tokens of a batch."""
    try:
        return [token for token in json.loads(body)["tokens"] if isinstance(token, str)]
    except (ValueError, KeyError, TypeError):
        return []


def _plain(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""


def _texts(value) -> list[str]:
    if isinstance(value, dict):
        return [text for member in value.values() for text in _texts(member)]
    if isinstance(value, list):
        return [text for member in value for text in _texts(member)]
    return [str(value)]
