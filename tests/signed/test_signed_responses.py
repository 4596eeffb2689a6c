"""Answers that are signed with keys from every source verify with PyJWT and the published key set."""

import base64
import socket
import time

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from settings import KEYS, RFC9068
from signing import ask, file_key, get, kms_key, secret_key, verified
from tokens import claims, mint, now

KEY_SET, METADATA = "/.well-known/jwks.json", "/.well-known/openid-configuration"

SOURCES = {
    "file, PEM": (lambda aws, folder: file_key(folder, "ES256"), None, "ES256"),
    "file, JWK": (lambda aws, folder: file_key(folder, "EdDSA", as_jwk=True), None, "EdDSA"),
    "file, PEM, RSA": (lambda aws, folder: file_key(folder, "RS256"), None, "RS256"),
    "file, JWK, RSA": (lambda aws, folder: file_key(folder, "RS256", as_jwk=True), None, "RS256"),
    "Secrets Manager, PEM": (lambda aws, folder: secret_key(aws, "ES256"), None, "ES256"),
    "Secrets Manager, JWK": (lambda aws, folder: secret_key(aws, "ES256", as_jwk=True), None, "ES256"),
    "Secrets Manager, RSA": (lambda aws, folder: secret_key(aws, "RS256"), "PS256", "PS256"),
    "KMS, P-256": (lambda aws, folder: kms_key(aws, "ECC_NIST_P256"), None, "ES256"),
    "KMS, RSA": (lambda aws, folder: kms_key(aws, "RSA_2048"), None, "RS256"),
}


@pytest.fixture(scope="module", params=SOURCES)
def source(request, start, aws, tmp_path_factory):
    make, setting, algorithm = SOURCES[request.param]
    with start(make(aws, tmp_path_factory.mktemp("keys")), SIGNING_ALGORITHM=setting) as function:
        yield function, algorithm


def test_j03_j04_j05_j07_j08_active_answers_verify(source, items, caller):
    function, algorithm = source
    keys = get(function, KEY_SET)
    for token in (mint(KEYS["ES256"], claims(RFC9068, department="sales")), items.opaque()):
        shown = verified(ask(function, token, caller), keys, caller, algorithm)
        assert shown["active"] is True
        assert shown == ask(function, token, caller, "application/json").json


def test_j06_inactive_answers_verify_and_contain_only_active_false(source, items, caller):
    function, algorithm = source
    keys = get(function, KEY_SET)
    revoked = claims(RFC9068)
    items.mark(f"jti#{RFC9068}#{revoked['jti']}", reason="stolen")
    for token in (
        mint(KEYS["ES256"], claims(RFC9068, exp=now() - 1)), mint(KEYS["ES256"], revoked), "unknown",
        items.opaque(revoked=True),
    ):
        assert verified(ask(function, token, caller), keys, caller, algorithm) == {"active": False}


def test_j13_m05_m06_the_published_keys_are_those_that_sign_without_private_members(source):
    function, algorithm = source
    metadata, keys = get(function, METADATA), get(function, KEY_SET)
    assert metadata["introspection_signing_alg_values_supported"] == [algorithm]
    assert metadata["jwks_uri"].endswith(KEY_SET)
    [key] = keys["keys"]
    assert (key["alg"], key["use"]) == (algorithm, "sig") and key["kid"]
    assert not key.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"}


def test_j14_many_signatures_of_kms_all_have_their_fixed_width(start, aws, caller):
    # This many signatures include numbers with a leading zero byte, which DER leaves out.
    with start(kms_key(aws, "ECC_NIST_P256")) as function:
        keys = get(function, KEY_SET)
        for _ in range(300):
            answer = ask(function, "unknown", caller)
            assert verified(answer, keys, caller, "ES256") == {"active": False}
            assert len(answer.body.rsplit(".", 1)[1]) == 86


def test_j08_a_key_in_kms_signs_with_rsa_pss(start, aws, caller):
    # KMS salts with as many bytes as the hash has, as RFC 7518 §3.5 wants, and moto with as many as there is room for.
    # PyJWT accepts only the former, so this check does not use it; the test with the other KMS does.
    with start(kms_key(aws, "RSA_2048"), SIGNING_ALGORITHM="PS256") as function:
        [entry] = get(function, KEY_SET)["keys"]
        assert entry["alg"] == "PS256"
        text, signature = ask(function, "unknown", caller).body.rsplit(".", 1)
        jwt.PyJWK(entry).key.verify(
            base64.urlsafe_b64decode(signature + "=="), text.encode(),
            padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO), hashes.SHA256(),
        )


@pytest.mark.parametrize("spec, setting, algorithm, asked", [
    ("ECC_NIST_EDWARDS25519", None, "EdDSA", "ED25519_SHA_512"),
    ("RSA_2048", None, "RS256", "RSASSA_PKCS1_V1_5_SHA_256"),
    ("RSA_2048", "PS256", "PS256", "RSASSA_PSS_SHA_256"),
])
def test_j08_keys_in_a_kms_that_signs_as_aws_documents_it(
    start, documented_kms, items, caller, spec, setting, algorithm, asked
):
    documented_kms.requests.clear()
    with start(documented_kms.create_key(spec), documented_kms.url, SIGNING_ALGORITHM=setting) as function:
        keys = get(function, KEY_SET)
        assert get(function, METADATA)["introspection_signing_alg_values_supported"] == [algorithm]
        assert [key["alg"] for key in keys["keys"]] == [algorithm]
        for token, active in ((items.opaque(), True), ("unknown", False)):
            shown = verified(ask(function, token, caller), keys, caller, algorithm)
            assert shown == ask(function, token, caller, "application/json").json and shown["active"] is active
        # KMS takes the digest of an answer that is longer than 4,096 bytes, except for Ed25519.
        answer = ask(function, items.opaque(claims={"department": "x" * 4000}), caller)
        if algorithm == "EdDSA":
            assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
        else:
            assert verified(answer, keys, caller, algorithm)["department"] == "x" * 4000
        assert verified(ask(function, "unknown", caller), keys, caller, algorithm) == {"active": False}
    operations = [operation for operation, _ in documented_kms.requests]
    assert operations == ["GetPublicKey"] + ["Sign"] * (3 if algorithm == "EdDSA" else 4)
    assert {body["SigningAlgorithm"] for operation, body in documented_kms.requests if operation == "Sign"} == {asked}


def test_j13_every_answer_verifies_while_keys_are_rotated(start, aws, caller, tmp_path):
    old, new = secret_key(aws, "ES256"), kms_key(aws, "RSA_2048")
    file = file_key(tmp_path, "EdDSA")
    with start(f"{old},{new}") as before, start(f"{new},{old},{file}") as after:
        sets = [get(function, KEY_SET) for function in (before, after)]
        assert [len(keys["keys"]) for keys in sets] == [2, 3]
        for keys in sets:
            assert verified(ask(before, "unknown", caller), keys, caller, "ES256") == {"active": False}
            assert verified(ask(after, "unknown", caller), keys, caller, "RS256") == {"active": False}


def test_j06_an_answer_that_was_changed_does_not_verify(start, aws, caller):
    with start(kms_key(aws, "ECC_NIST_P256")) as function:
        keys, answer = get(function, KEY_SET), ask(function, "unknown", caller)
        key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(answer.body)["kid"]]
        header, payload, signature = answer.body.split(".")
        for changed in (f"{header}.{payload}.{signature[:-4]}AAAA", f"{header}.{payload[:-4]}AAAA.{signature}"):
            with pytest.raises(jwt.InvalidTokenError):
                jwt.decode(changed, key, algorithms=["ES256"], audience=caller.id)


@pytest.mark.parametrize("kind", ["refuses", "hangs", "has no such key"])
def test_g08_an_unreachable_signer_is_503_in_time_and_does_not_affect_json_answers(start, aws, moto, caller, kind):
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        if kind == "refuses":
            server.close()
        if kind == "has no such key":
            endpoint = moto
        missing = "1234abcd-12ab-34cd-56ef-1234567890ab"
        for signing_key in (
            f"kms:arn:aws:kms:eu-central-1:123456789012:key/{missing}",
            "secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:missing-AbCdEf",
        ):
            with start(signing_key, endpoint) as function:
                began = time.monotonic()
                answer = ask(function, "unknown", caller)
                assert time.monotonic() - began < 2
                assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
                assert answer.headers["content-type"] == "application/json" and answer.headers["retry-after"]
                assert ask(function, "unknown", caller, "*/*").body == '{"active":false}'


def test_j11_a_client_registered_for_signed_answers_gets_only_those(start, aws, items):
    caller = items.caller(introspection={"require_signed_response": True})
    with start(kms_key(aws, "ECC_NIST_P256")) as function:
        keys = get(function, KEY_SET)
        for accept in ("application/json", "*/*"):
            answer = ask(function, "unknown", caller, accept)
            assert (answer.status, answer.json["error"]) == (400, "invalid_request")
        assert verified(ask(function, "unknown", caller), keys, caller, "ES256") == {"active": False}
        assert ask(function, "unknown", None).json == {"error": "invalid_client"}
        assert ask(function, "unknown", caller.with_secret("wrong")).status == 401
