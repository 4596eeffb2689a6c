"""Authlib's OAuth2Session: introspection by every method, with the client's raw Basic credentials; discovery."""

import requests
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from checks import DEMO, ENV, check, main
from flask import Flask

EITHER = ("either-api", ENV["EITHER_SECRET"])


def introspect(client: tuple[str, str], method: str, token: str) -> requests.Response:
    session = OAuth2Session(*client, token_endpoint_auth_method=method)
    if method == "private_key_jwt":
        session.register_client_auth_method(PrivateKeyJWT(ENV["ENDPOINT"], alg="RS256"))
    return session.introspect_token(ENV["ENDPOINT"], token=token)


def expect_alice(response: requests.Response) -> None:
    assert response.status_code == 200, response.text
    answer = response.json()
    assert (answer["active"], answer["sub"]) == (True, "alice"), answer


# The library sends Basic credentials raw, so the id contains nothing that decoding would change.
SECRETS = [
    ("of the demo", DEMO, ["client_secret_basic", "client_secret_post"]),
    ("made by the tool", EITHER, ["client_secret_basic", "client_secret_post"]),
    ("only for basic", ("basic-api", ENV["BASIC_SECRET"]), ["client_secret_basic"]),
    ("only for post", ("post-api", ENV["POST_SECRET"]), ["client_secret_post"]),
    ("with + % :", ("raw-api", ENV["RAW_SECRET"]), ["client_secret_basic", "client_secret_post"]),
    # The form of `client_secret_post` is encoded by every client.
    ("with + % : and non-ASCII", (ENV["ODD_ID"], ENV["ODD_SECRET"]), ["client_secret_post"]),
]
for what, client, methods in SECRETS:
    for method in methods:
        check(f"{method}: a secret {what}")(
            lambda client=client, method=method: expect_alice(introspect(client, method, ENV["ACTIVE"]))
        )

for token in ("EXPIRED", "REVOKED"):

    @check(f"a token that is {token.lower()} is inactive")
    def inactive(token=token) -> None:
        response = introspect(EITHER, "client_secret_basic", ENV[token])
        assert (response.status_code, response.text) == (200, '{"active":false}'), response.text


for method in ("client_secret_basic", "client_secret_post"):

    @check(f"a wrong secret by {method} is an error, never inactive")
    def wrong_secret(method=method) -> None:
        response = introspect(("either-api", "wrong"), method, ENV["ACTIVE"])
        assert (response.status_code, response.json()) == (401, {"error": "invalid_client"}), response.text


@check("a method that the record does not name is refused")
def other_method() -> None:
    response = introspect(("post-api", ENV["POST_SECRET"]), "client_secret_basic", ENV["ACTIVE"])
    assert response.status_code == 401, response.text


@check("discovery through the Flask registry finds the endpoint")
def discovery() -> None:
    app = Flask("interop")
    app.secret_key = "only the registry needs it"
    registry = OAuth(app)
    url = f"{ENV['ISSUER']}/.well-known/openid-configuration"
    client = registry.register("introspection", client_id="either-api", server_metadata_url=url)
    with app.app_context():
        assert client.load_server_metadata()["introspection_endpoint"] == ENV["ENDPOINT"]


@check(
    "private_key_jwt: the endpoint is the audience, which the record allows",
    needs=("introspection_endpoint_auth_methods_supported", "private_key_jwt"),
)
def private_key_jwt() -> None:
    with open(ENV["PRIVATE_KEY"]) as key:
        expect_alice(introspect(("endpoint-key-api", key.read()), "private_key_jwt", ENV["ACTIVE"]))


main()
