"""The internet of the pages: an HTTP proxy that answers for every host itself, so that pages name real hosts.

The function, the tool, curl and the programs of the pages reach it through HTTPS_PROXY, and trust it through
SSL_CERT_FILE. Nothing leaves this machine: a host that no page uses is refused.
"""

import datetime
import http.server
import json
import pathlib
import socketserver
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Internet:
    def __init__(self, folder: pathlib.Path):
        # Answers by host, method and path. An answer is a JSON document, bytes, or a function that gets the request's headers
        # and body and returns status and document.
        self.answers: dict[tuple[str, str, str], object] = {}
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self._key, self._contexts, self._lock = ec.generate_private_key(ec.SECP256R1()), {}, threading.Lock()
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the guides")])
        root = self._certificate(self._name, self._key).add_extension(x509.BasicConstraints(True, 0), critical=True)
        self.certificate.write_bytes(root.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        self.server = _Proxy(("127.0.0.1", 0), type("Tunnel", (_Tunnel,), {"internet": self}))
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def hosts(self) -> set[str]:
        return {host for host, _, _ in self.answers}

    def context(self, host: str) -> ssl.SSLContext:
        with self._lock:
            if host not in self._contexts:
                key = ec.generate_private_key(ec.SECP256R1())
                name = x509.SubjectAlternativeName([x509.DNSName(host)])
                leaf = self._certificate(x509.Name([]), key).add_extension(name, critical=True)
                path = self.folder / f"{host}.pem"
                path.write_bytes(
                    leaf.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
                    + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption()))
                self._contexts[host] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._contexts[host].load_cert_chain(path)
            return self._contexts[host]

    def _certificate(self, subject: x509.Name, key):
        today = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(today - datetime.timedelta(days=1))
                .not_valid_after(today + datetime.timedelta(days=7)))


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """A client that hangs up early is not an error of the page."""


class _Tunnel(socketserver.StreamRequestHandler):
    internet: Internet

    def handle(self):
        words = self.rfile.readline().decode("latin-1").split()
        while self.rfile.readline().strip():
            pass
        host = words[1].removesuffix(":443") if words[:1] == ["CONNECT"] else ""
        if host not in self.internet.hosts():
            self.wfile.write(b"HTTP/1.1 502 No Such Host\r\nContent-Length: 0\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        with self.internet.context(host).wrap_socket(self.request, server_side=True) as stream:
            type("Site", (_Site,), {"internet": self.internet, "host": host})(stream, self.client_address, self.server)


class _Site(http.server.BaseHTTPRequestHandler):
    internet: Internet
    host: str
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Logs nothing: the output of a page is compared."""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.internet.answers.get((self.host, self.command, self.path), (404, {"error": "not_found"}))
        if callable(answer):
            answer = answer(self.headers, body)
        status, document = answer if isinstance(answer, tuple) else (200, answer)
        # Bytes are sent as they are.
        document = b"" if document is None else document
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PATCH = do_DELETE = do_GET
