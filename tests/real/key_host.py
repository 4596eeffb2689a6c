"""An issuer's key host that can fail in every way a host on the internet does.

It uses HTTPS with a certificate authority made for the run, which SSL_CERT_FILE names for the function, or plain HTTP for
the development case.
"""

import datetime
import ipaddress
import json
import pathlib
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from servers import Handler, Server


class Authority:
    """A certificate authority, and one server certificate of it for 127.0.0.1."""

    def __init__(self, folder: pathlib.Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self.server = folder / "ca.pem", folder / "server.pem"
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Suite CA {folder.name}")])
        root = (_certificate(root_name, root_name, root_key)
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .sign(root_key, hashes.SHA256()))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "key host")])
        addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        leaf = (_certificate(name, root_name, key)
                .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
                .sign(root_key, hashes.SHA256()))
        self.certificate.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        self.server.write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


class KeyHost:
    """Serves `keys` at `/jwks.json`. `mode` says how it behaves; `requests` holds the paths that were asked for."""

    def __init__(self, authority: Authority | None, keys=()):
        self.authority, self.keys, self.mode = authority, list(keys), "ok"
        self.requests: list[str] = []
        self.documents: dict[str, dict] = {}
        self.asked = threading.Event()
        self.lifted = threading.Event()
        self.server = None
        self.up(port=0)
        self.port = self.server.port
        self.base = f"{'https' if authority else 'http'}://127.0.0.1:{self.port}"
        self.url = f"{self.base}/jwks.json"

    def up(self, port=None):
        handler = type("KeyHostHandler", (_Handler,), {"host": self})
        kind = type("KeyServer", (_TlsServer,), {"context": self._context()}) if self.authority else Server
        self.server = kind(handler, self.port if port is None else port).start()

    def down(self):
        """From here on, connections are refused."""
        self.lifted.set()
        if self.server:
            self.server.close()
        self.server = None

    def _context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority.server)
        return context

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()


class _TlsServer(Server):
    context: ssl.SSLContext

    def get_request(self):
        connection, address = super().get_request()
        # The handler's thread makes the handshake, so that a silent client does not stop the others.
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address


class _Handler(Handler):
    host: KeyHost

    def do_GET(self):
        self.host.requests.append(self.path)
        self.host.asked.set()
        getattr(self, f"mode_{self.host.mode}")()

    def send(self, status: int, body: bytes, **headers):
        # Each answer ends its connection, so that no connection stays open when the host goes down.
        self.answer(status, body, {"Content-Type": "application/json", "Connection": "close", **headers})

    def key_set(self) -> bytes:
        return json.dumps({"keys": self.host.keys}).encode()

    def mode_ok(self):
        if self.path in ("/jwks.json", "/elsewhere.json"):
            return self.send(200, self.key_set())
        document = self.host.documents.get(self.path)
        self.send(200 if document else 404, json.dumps(document).encode())

    def mode_kept(self):
        """The connection stays open, as most servers leave it."""
        self.answer(200, self.key_set(), {"Content-Type": "application/json"})

    def mode_slow(self):
        self.host.lifted.wait(0.5)
        self.mode_ok()

    def mode_server_error(self):
        self.send(500, b'{"error":"made by the suite"}')

    def mode_not_found(self):
        self.send(404, b'{"keys":[]}')

    def mode_hang(self):
        self.host.lifted.wait(30)
        self.close_connection = True

    def mode_redirect(self):
        if self.path == "/elsewhere.json":
            return self.mode_ok()
        self.send(302, b"", Location=f"{self.host.base}/elsewhere.json")

    def mode_garbage(self):
        self.send(200, b"<html>Welcome to the hotel's network</html>")

    def mode_not_a_set(self):
        self.send(200, b'{"keys":"none today"}')

    def mode_huge(self):
        """A valid set of more than 256 KiB, so that only its size is wrong."""
        self.send(200, json.dumps({"padding": "x" * (256 * 1024), "keys": self.host.keys}).encode())

    def mode_endless(self):
        """No length, no end: the reader must stop by itself."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        for _ in range(1 << 14):
            self.wfile.write(b" " * (1 << 14))
        self.close_connection = True

    def mode_truncated(self):
        body = self.key_set()
        self.answer(200, body[: len(body) // 2], {"Connection": "close"}, promised=len(body))


def _certificate(subject, issuer, key):
    today = datetime.datetime.now(datetime.timezone.utc)
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))
            .not_valid_after(today + datetime.timedelta(days=7)))
