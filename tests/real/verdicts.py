"""The answers of the contract, as assertions."""

from lambda_runtime import Answer

INACTIVE = '{"active":false}'


def assert_inactive(answer: Answer):
    assert (answer.status, answer.body) == (200, INACTIVE)


def assert_active(answer: Answer) -> dict:
    assert answer.status == 200, answer.raw
    assert answer.json["active"] is True, answer.raw
    return answer.json


def assert_error(answer: Answer, status: int, error: str):
    assert (answer.status, answer.json.get("error")) == (status, error), answer.raw
    assert answer.headers["content-type"] == "application/json"
    assert "no-store" in answer.headers["cache-control"]
    # Above 499, a correlation id may be added.
    assert set(answer.json) <= {"error", "error_description"} or status >= 500
    assert answer.body.isascii()


def assert_refused(answer: Answer, scheme: str | None = "Basic"):
    """Wrong credentials of any kind."""
    assert_error(answer, 401, "invalid_client")
    if scheme:
        assert answer.headers["www-authenticate"].startswith(f"{scheme} ")


def assert_unavailable(answer: Answer, within: float = 2.0):
    """Don't know: it must not look like a verdict, and must arrive before the gateway in front times out."""
    assert_error(answer, 503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert '"active"' not in answer.body
    assert answer.seconds < within
