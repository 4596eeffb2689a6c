"""A small Flask application behind Authlib's ResourceProtector, which introspects each token at the dev server."""

from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from checks import ENV, check, main
from flask import Flask, abort
from requests import RequestException
from werkzeug.test import TestResponse


class Introspection(IntrospectTokenValidator):
    def __init__(self, client_id: str, client_secret: str) -> None:
        super().__init__()
        self.session = OAuth2Session(client_id, client_secret)

    def introspect_token(self, token_string: str) -> dict:
        try:
            response = self.session.introspect_token(ENV["ENDPOINT"], token=token_string)
            response.raise_for_status()
        except RequestException:
            # Nothing is known about the token, so the failure is not the caller's fault.
            abort(503)
        return response.json()


def application(client_id: str = "basic-api", client_secret: str = ENV["BASIC_SECRET"]) -> Flask:
    app = Flask("orders")
    protect = ResourceProtector()
    protect.register_token_validator(Introspection(client_id, client_secret))

    @app.get("/orders")
    @protect("orders:read")
    def orders() -> str:
        return current_token["sub"]

    @app.get("/admin")
    @protect("admin")
    def admin() -> str:
        return current_token["sub"]

    return app


def get(path: str, token: str | None, app: Flask | None = None) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return (app or application()).test_client().get(path, headers=headers)


for token in ("ACTIVE", "OPAQUE"):

    @check(f"a request with the token {token} is served")
    def active(token=token) -> None:
        response = get("/orders", ENV[token])
        assert (response.status_code, response.text) == (200, "alice"), response.text


for token in ("EXPIRED", "REVOKED"):

    @check(f"a token that is {token.lower()} is 401 invalid_token")
    def inactive(token=token) -> None:
        response = get("/orders", ENV[token])
        assert (response.status_code, response.json["error"]) == (401, "invalid_token"), response.text


@check("a request without a token is 401")
def nothing() -> None:
    assert get("/orders", None).status_code == 401


@check("a scope that the token lacks is 403 insufficient_scope")
def scope() -> None:
    response = get("/admin", ENV["ACTIVE"])
    assert (response.status_code, response.json["error"]) == (403, "insufficient_scope"), response.text


@check("a wrong secret of the application itself is 503, and no token is called invalid")
def wrong_secret() -> None:
    assert get("/orders", ENV["ACTIVE"], application("basic-api", "wrong")).status_code == 503


main()
