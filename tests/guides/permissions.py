"""The permissions that a page gives a handler, and what the handler really requests."""

import fnmatch
import json
import re

import pages


def policy_of(path) -> dict:
    """The statement of the policy that a page writes into policy.json, with what the shell would insert as `x`."""
    texts = [match for block in pages.blocks(path) if block.marker == "aws"
             for match in re.findall(r"^cat > policy.json <<END\n(.*?)^END$", block.text, re.M | re.S)]
    assert len(texts) == 1, path.name
    [statement] = json.loads(re.sub(r"\$\([^)]*\)", "x", texts[0]))["Statement"]
    return statement


def record_calls(table) -> list[tuple[str, str]]:
    """The operations that the program requests from now on, with the key of the item."""
    calls = []

    def record(model, params, **_):
        body = json.loads(params["body"])
        calls.append((f"dynamodb:{model.name}", (body.get("Item") or body["Key"])["id"]["S"]))

    table.meta.client.meta.events.register("before-call.dynamodb.*", record)
    return calls


def assert_least(statement: dict, calls: list[tuple[str, str]], issuer: str):
    """Each request is allowed, each allowed operation is requested, and another issuer's marks are out of reach."""
    keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    # Without this, a request without a key would meet the condition above.
    assert statement["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    assert {action for action, _ in calls} == set(actions)
    for key in keys:
        assert key.endswith(f"#{issuer}#*") and key.count("*") == 1, key
        assert any(fnmatch.fnmatchcase(item, key) for _, item in calls), key
    for _, item in calls:
        assert any(fnmatch.fnmatchcase(item, key) for key in keys), item
