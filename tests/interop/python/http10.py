"""HTTP/1.0 with `Connection: close` over a raw socket, as nginx sends it to an upstream by default."""

import json
import socket
from base64 import b64encode

from checks import ENV, check, main


def post(secret: str, token: str) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Sends one request and reads until the server ends the connection, which ends the body in HTTP/1.0."""
    body = f"token={token}"
    credentials = b64encode(f"basic-api:{secret}".encode()).decode()
    request = (
        "POST /token/introspect HTTP/1.0\r\nHost: introspection\r\nConnection: close\r\n"
        f"Authorization: Basic {credentials}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    answer = b""
    with socket.create_connection(("127.0.0.1", int(ENV["PORT"])), timeout=10) as connection:
        connection.sendall(request.encode())
        while part := connection.recv(4096):
            answer += part
    head, body = answer.split(b"\r\n\r\n", 1)
    status, *lines = head.split(b"\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in lines)
    # Only HTTP/1.1 has chunked bodies.
    assert b"transfer-encoding" not in headers, headers
    assert int(headers[b"content-length"]) == len(body), headers
    return status, headers, body


@check("an active token")
def active() -> None:
    status, _, body = post(ENV["BASIC_SECRET"], ENV["ACTIVE"])
    assert status == b"HTTP/1.0 200 OK", status
    assert json.loads(body)["sub"] == "alice", body


@check("an inactive token")
def inactive() -> None:
    status, _, body = post(ENV["BASIC_SECRET"], ENV["EXPIRED"])
    assert (status, body) == (b"HTTP/1.0 200 OK", b'{"active":false}'), (status, body)


@check("a wrong secret is challenged")
def wrong_secret() -> None:
    status, headers, _ = post("wrong", ENV["ACTIVE"])
    assert status == b"HTTP/1.0 401 Unauthorized", status
    assert headers[b"www-authenticate"].startswith(b"basic "), headers


main()
