"""A KMS with what moto's lacks: Ed25519 keys, and RSA-PSS signatures with a salt of the same length as AWS uses.

`GetPublicKey` and `Sign` follow the API reference of AWS KMS, and refuse what it forbids. `cryptography` makes the
signatures, which is not the function's library.
"""

import base64
import json
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from servers import Handler, Server
from tokens import make_key

LONGEST_MESSAGE = 4096
ALGORITHMS = {
    "ECC_NIST_EDWARDS25519": ["ED25519_PH_SHA_512", "ED25519_SHA_512"],
    "RSA_2048": ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_256"],
}


class DocumentedKms:
    """`requests` has the requests, as pairs of operation and body."""

    def __init__(self):
        self.keys, self.requests = {}, []
        self.server = Server(type("KmsHandler", (_Handler,), {"kms": self})).start()
        self.url = f"http://127.0.0.1:{self.server.port}"

    def create_key(self, spec: str) -> str:
        arn = f"arn:aws:kms:eu-central-1:123456789012:key/{uuid.uuid4()}"
        self.keys[arn] = spec, make_key("EdDSA" if spec == "ECC_NIST_EDWARDS25519" else "RS256").private
        return f"kms:{arn}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()


class _Handler(Handler):
    kms: DocumentedKms

    def do_POST(self):
        operation, body = self.headers["X-Amz-Target"].rsplit(".")[-1], json.loads(self.body())
        self.kms.requests.append((operation, body))
        spec, key = self.kms.keys[body["KeyId"]]
        if operation == "GetPublicKey":
            info = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return self.send(200, PublicKey=encode(info), KeySpec=spec, KeyUsage="SIGN_VERIFY",
                             SigningAlgorithms=ALGORITHMS[spec], KeyId=body["KeyId"])
        try:
            signature = sign(key, ALGORITHMS[spec], **body)
        except ValueError as error:
            return self.send(400, __type="ValidationException", message=str(error))
        self.send(200, Signature=encode(signature), SigningAlgorithm=body["SigningAlgorithm"], KeyId=body["KeyId"])

    def send(self, status: int, **members):
        self.answer(status, json.dumps(members).encode(), {"Content-Type": "application/x-amz-json-1.1"})


def sign(key, algorithms, SigningAlgorithm, Message, KeyId, MessageType="RAW") -> bytes:  # noqa: N803 - AWS's names
    """Raises ValueError for requests that KMS calls invalid."""
    message = base64.b64decode(Message, validate=True)
    if SigningAlgorithm not in algorithms:
        raise ValueError(f"{SigningAlgorithm} is not for this key")
    if not 0 < len(message) <= LONGEST_MESSAGE:
        raise ValueError("the message is too long")
    if SigningAlgorithm == "ED25519_SHA_512":
        if MessageType != "RAW":
            raise ValueError("ED25519_SHA_512 requires RAW")
        return key.sign(message)
    if SigningAlgorithm == "ED25519_PH_SHA_512":
        raise ValueError("prehashed Ed25519 is not an algorithm of JWS")
    if MessageType == "DIGEST" and len(message) != hashes.SHA256.digest_size:
        raise ValueError("the digest has a wrong length")
    digest = Prehashed(hashes.SHA256()) if MessageType == "DIGEST" else hashes.SHA256()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
    return key.sign(message, pss if "PSS" in SigningAlgorithm else padding.PKCS1v15(), digest)


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()
