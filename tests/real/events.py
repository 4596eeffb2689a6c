"""Gateway events in the shapes that API Gateway, function URLs and load balancers send."""

import base64
import urllib.parse
import uuid

INTROSPECT = "/token/introspect"
FORM = "application/x-www-form-urlencoded"
SOURCE = "203.0.113.7"
HOST = "abcdefghij.execute-api.eu-west-1.amazonaws.com"
# These gateways pass text and JSON on as they are and encode everything else, forms included.
PASSED_AS_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


def introspection(token, caller=None, *, make=None, post=False, pairs=(), headers=None, **more) -> dict:
    """An introspection request. `token` None leaves the parameter out; `post` puts the credentials into the body."""
    fields = [] if token is None else [("token", token)]
    headers = {"content-type": FORM, "accept": "application/json", **(headers or {})}
    if caller and post:
        fields += [("client_id", caller.id), ("client_secret", caller.secret)]
    elif caller:
        headers.setdefault("authorization", caller.basic())
    body = more.pop("body", urllib.parse.urlencode(fields + list(pairs)))
    return (make or http_api)(headers=headers, body=body, **more)


def http_api(method="POST", path=INTROSPECT, headers=None, body=None, query="", encoded=None, stage="$default",
             source=SOURCE) -> dict:
    """HTTP API, payload 2.0. With a named stage `rawPath` begins with the stage's name."""
    raw_path = path if stage == "$default" else f"/{stage}{path}"
    headers = {"host": HOST, "user-agent": "suite/1", "x-amzn-trace-id": "Root=1-5e9f0c65-1de4d666d4dd26aced652b6c",
               "x-forwarded-for": source, "x-forwarded-port": "443", "x-forwarded-proto": "https", **(headers or {})}
    event = {
        "version": "2.0", "routeKey": "$default", "rawPath": raw_path, "rawQueryString": query, "headers": headers,
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdefghij", "domainName": HOST, "domainPrefix": "abcdefghij",
            "http": {"method": method, "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": source,
                     "userAgent": "suite/1"},
            "requestId": uuid.uuid4().hex, "routeKey": "$default", "stage": stage,
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1767225600000,
        },
        **_body(body, headers, encoded),
    }
    if query:
        parsed = urllib.parse.parse_qsl(query, keep_blank_values=True)
        event["queryStringParameters"] = {name: ",".join(v for n, v in parsed if n == name) for name, _ in parsed}
    return event


def function_url(**parts) -> dict:
    """A function URL sends payload 2.0 as well, from its own domain and without a stage."""
    event = http_api(**parts)
    host = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws"
    event["headers"]["host"] = event["requestContext"]["domainName"] = host
    event["requestContext"]["apiId"] = event["requestContext"]["domainPrefix"] = host.split(".")[0]
    return event


def rest_api(method="POST", path=INTROSPECT, headers=None, body=None, query="", encoded=False, stage="prod",
             source=SOURCE) -> dict:
    """REST API, payload 1.0. `path` lacks the stage, which is only in the request context."""
    headers = {"Host": HOST, "User-Agent": "suite/1", "X-Forwarded-For": f"{source}, 54.182.214.83",
               "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https",
               **{name.title(): value for name, value in (headers or {}).items()}}
    parsed = urllib.parse.parse_qsl(query, keep_blank_values=True)
    return {
        "resource": "/{proxy+}", "path": path, "httpMethod": method, "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(parsed) or None,
        "multiValueQueryStringParameters": {n: [v for m, v in parsed if m == n] for n, _ in parsed} or None,
        "pathParameters": {"proxy": path.lstrip("/")}, "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012", "resourceId": "roq9wj", "path": f"/{stage}{path}", "stage": stage,
            "domainName": HOST, "domainPrefix": "abcdefghij", "requestId": str(uuid.uuid4()), "protocol": "HTTP/1.1",
            "extendedRequestId": "TWegAcC4EowCHnA=",
            "identity": {"accountId": None, "apiKey": None, "caller": None, "cognitoAuthenticationProvider": None,
                         "sourceIp": source, "user": None, "userAgent": "suite/1", "userArn": None},
            "resourcePath": "/{proxy+}", "httpMethod": method, "requestTime": "01/Jan/2026:00:00:00 +0000",
            "requestTimeEpoch": 1767225600000, "apiId": "abcdefghij",
        },
        **_body(body, headers, encoded),
    }


def load_balancer(method="POST", path=INTROSPECT, headers=None, body=None, query="", encoded=None,
                  source=SOURCE) -> dict:
    """An ALB target group without multi-value headers."""
    headers = {"host": "service-1334523864.eu-west-1.elb.amazonaws.com", "user-agent": "suite/1",
               "x-forwarded-for": source, "x-forwarded-port": "443", "x-forwarded-proto": "https", **(headers or {})}
    group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/introspection/abcdefg"
    return {
        "requestContext": {"elb": {"targetGroupArn": group}}, "httpMethod": method, "path": path,
        "queryStringParameters": dict(urllib.parse.parse_qsl(query, keep_blank_values=True)), "headers": headers,
        **{"body": "", "isBase64Encoded": False, **_body(body, headers, encoded)},
    }


def _body(body, headers, encoded) -> dict:
    if body is None:
        return {"isBase64Encoded": False}
    media_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if encoded is None:
        encoded = not media_type.lower().startswith(PASSED_AS_TEXT)
    data = body if isinstance(body, bytes) else body.encode()
    text = base64.b64encode(data).decode() if encoded else data.decode()
    return {"body": text, "isBase64Encoded": encoded}
