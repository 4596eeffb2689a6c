"""The same endpoint in Python, as a team would write it: client look-up, secret check, JWT check, mark look-up.

The loop at the end takes the place of Lambda's own runtime client, and does less.
"""

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import os
import urllib.parse

import boto3
import jwt

ISSUER = "https://auth.example.com"
database = boto3.client("dynamodb")
keys = {key["kid"]: jwt.PyJWK(key) for key in json.loads(os.environ["JWKS"])["keys"]}


def answer(status, body):
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def handle(event):
    scheme, _, encoded = event["headers"].get("authorization", "").partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        return answer(401, {"error": "invalid_client"})
    token = urllib.parse.parse_qs(event["body"]).get("token", [""])[0]
    if not token:
        return answer(400, {"error": "invalid_request"})
    claims = None
    try:
        kid = jwt.get_unverified_header(token)["kid"]
        options = {"require": ["exp"], "verify_aud": False}
        claims = jwt.decode(token, keys[kid], algorithms=["RS256"], issuer=ISSUER, options=options)
    except (jwt.PyJWTError, KeyError):
        pass
    tables = {"oauth-clients": {"ConsistentRead": True, "Keys": [{"client_id": {"S": client_id}}]}}
    if claims:
        ids = [f"jti#{ISSUER}#{claims.get('jti')}", f"sub#{ISSUER}#{claims.get('sub')}",
               f"client#{ISSUER}#{claims.get('client_id')}", f"iss#{ISSUER}", f"kid#{ISSUER}#{kid}"]
        tables["oauth-tokens"] = {"ConsistentRead": True, "Keys": [{"id": {"S": id}} for id in ids]}
    items = database.batch_get_item(RequestItems=tables)
    if items.get("UnprocessedKeys"):
        return answer(503, {"error": "temporarily_unavailable"})
    found = items["Responses"]["oauth-clients"]
    stored = found[0]["client_secret"]["S"] if found else ""
    if not hmac.compare_digest(stored, hashlib.sha256(secret.encode()).hexdigest()):
        return answer(401, {"error": "invalid_client"})
    if not claims or items["Responses"]["oauth-tokens"]:
        return answer(200, {"active": False})
    return answer(200, {"active": True, **claims})


runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
INVOCATION = "/2018-06-01/runtime/invocation"
while True:
    runtime.request("GET", f"{INVOCATION}/next")
    response = runtime.getresponse()
    request_id, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(response.read())
    runtime.request("POST", f"{INVOCATION}/{request_id}/response", json.dumps(handle(event)))
    runtime.getresponse().read()
