"""Compares an answer of the function with an expectation of `events/`, and ends with an error if they differ.

The arguments are the file with the expectation, the answer, and the answer to `events/http-api-jwks.json`. A body that
differs each time is described by an object: a signed answer by its header and claims without `kid` and `iat`, the key set
by its keys without `kid`, `x` and `y`.
"""

import json
import sys
import time

import jwt


def described(body: str, expected: dict, keys: dict) -> dict:
    if "signed" in expected:
        header = jwt.get_unverified_header(body)
        key = jwt.PyJWKSet.from_dict(keys)[header.pop("kid")]
        claims = jwt.decode(body, key, algorithms=[header["alg"]], options={"verify_aud": False, "require": ["iat"]})
        assert abs(time.time() - claims.pop("iat")) <= 60
        return {"signed": {"header": header, "claims": claims}}
    stable = [{name: value for name, value in key.items() if name not in ("kid", "x", "y")} for key in keys["keys"]]
    return {"keys": stable}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        expected = json.load(file)
    answer, key_set = (json.loads(text) for text in sys.argv[2:4])
    if isinstance(expected["body"], dict):
        answer["body"] = described(answer["body"], expected["body"], json.loads(key_set["body"]))
    sys.exit(answer != expected)


main()
