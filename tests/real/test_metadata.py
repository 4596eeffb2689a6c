"""The metadata at both well-known paths, and the set of our own public keys."""

import pytest

import events
from settings import OWN, PUBLIC

PATHS = [
    "/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/tenant",
    "/tenant/.well-known/oauth-authorization-server", "/.well-known/openid-configuration",
    "/tenant/.well-known/openid-configuration",
]


@pytest.mark.parametrize("make", [events.http_api, events.rest_api, events.function_url, events.load_balancer])
@pytest.mark.parametrize("path", PATHS)
def test_m01_m02_same_document_at_every_path(function, make, path):
    answer = function.invoke(make(method="GET", path=path))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.body == function.invoke(events.http_api(method="GET", path=PATHS[0])).body
    assert answer.json["issuer"] == OWN


def test_m01_m03_m11_metadata(function):
    answer = function.invoke(events.http_api(method="GET", path=PATHS[0], headers={"host": "evil.example"}))
    document = answer.json
    assert document["introspection_endpoint"] == f"{PUBLIC}/token/introspect"
    methods = document["introspection_endpoint_auth_methods_supported"]
    assert {"client_secret_basic", "client_secret_post"} <= set(methods)
    assert "none" not in methods
    # Public clients may only revoke their own tokens.
    assert "none" in document["revocation_endpoint_auth_methods_supported"]
    if "private_key_jwt" in methods:
        assert "none" not in document["introspection_endpoint_auth_signing_alg_values_supported"]
    assert "evil" not in answer.body
    assert "public" in answer.headers["cache-control"] and "max-age=" in answer.headers["cache-control"]


@pytest.mark.parametrize("make", [events.http_api, events.rest_api, events.function_url, events.load_balancer])
def test_a02_head_is_get_without_the_body(function, make):
    for path in (PATHS[0], "/.well-known/jwks.json", "/nothing"):
        get, head = (function.invoke(make(method=method, path=path)) for method in ("GET", "HEAD"))
        assert (head.status, head.headers, head.body) == (get.status, get.headers, "")
        assert get.body


@pytest.mark.parametrize("method, other", [("tls_client_auth", "self_signed_tls_client_auth"),
                                           ("self_signed_tls_client_auth", "tls_client_auth")])
def test_f08_f09_only_the_method_of_the_setting_is_advertised(start, method, other):
    with start(MTLS_PUBLIC_URL="https://mtls.example.com", MTLS_METHOD=method) as function:
        document = function.invoke(events.http_api(method="GET", path=PATHS[0])).json
    for name in ("introspection", "revocation"):
        assert method in document[f"{name}_endpoint_auth_methods_supported"]
        assert other not in document[f"{name}_endpoint_auth_methods_supported"]
    assert document["mtls_endpoint_aliases"]["introspection_endpoint"].startswith("https://mtls.example.com/")


def test_m08_members_that_strict_clients_demand(function):
    document = function.invoke(events.http_api(method="GET", path=PATHS[3])).json
    assert document["response_types_supported"] == ["none"]
    assert document["subject_types_supported"] == ["public"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["grant_types_supported"] == []
    assert document["jwks_uri"] == f"{PUBLIC}/.well-known/jwks.json"


def test_m05_nothing_is_signed_without_a_key(function):
    document = function.invoke(events.http_api(method="GET", path=PATHS[0])).json
    assert not document.get("introspection_signing_alg_values_supported")
    answer = function.invoke(events.http_api(method="GET", path="/.well-known/jwks.json"))
    assert (answer.status, answer.json) == (200, {"keys": []})


def test_m08_metadata_file_adds_and_replaces_but_never_what_is_enforced(start, tmp_path):
    file = tmp_path / "metadata.json"
    file.write_text('{"token_endpoint":"https://as.example.com/token","grant_types_supported":["refresh_token"],'
                    '"issuer":"https://evil.example","introspection_endpoint":"https://evil.example"}')
    with start(METADATA_FILE=str(file)) as function:
        document = function.invoke(events.http_api(method="GET", path=PATHS[0])).json
    assert document["token_endpoint"] == "https://as.example.com/token"
    assert document["grant_types_supported"] == ["refresh_token"]
    assert (document["issuer"], document["introspection_endpoint"]) == (OWN, f"{PUBLIC}/token/introspect")


def test_public_url_defaults_to_the_issuer(start):
    with start(PUBLIC_URL=None) as function:
        document = function.invoke(events.http_api(method="GET", path=PATHS[0])).json
    assert document["introspection_endpoint"] == f"{OWN}/token/introspect"
