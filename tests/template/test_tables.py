"""The tables of template.yaml: those that it creates, those that exist already, and replicas in other Regions."""

import re

import pytest

from test_template import EXPANDED, NO_VALUE, RESOURCES, arn, of_type, properties

TABLES = ("ClientsTable", "TokensTable", "StateTable")


def created_if(condition, value):
    return {"Fn::If": [condition, value, NO_VALUE]}


@pytest.mark.parametrize(
    "name, key, expires, kept",
    [("ClientsTable", "client_id", False, True), ("TokensTable", "id", True, True), ("StateTable", "id", True, False)],
)
def test_table(name, key, expires, kept):
    table = properties(name)
    assert table["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": key, "AttributeType": "S"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    time_to_live = {"AttributeName": "expires_at", "Enabled": True} if expires else None
    assert table.get("TimeToLiveSpecification") == time_to_live
    specification = table["SSESpecification"]
    assert (specification["SSEEnabled"], specification["SSEType"]) == (True, "KMS")
    assert "TableName" not in table
    assert RESOURCES[name]["Condition"] == f"Creates{name}"
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        assert RESOURCES[name][policy] == ("Retain" if kept else "Delete")


def test_the_state_table_has_the_key_of_the_tables_and_no_replica():
    assert RESOURCES["StateTable"]["Type"] == "AWS::DynamoDB::Table"
    table = properties("StateTable")
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    key = created_if("HasTableKey", {"Ref": "TableKeyArn"})
    assert table["SSESpecification"]["KMSMasterKeyId"] == key


def replica(region, condition, key):
    return {
        "Region": {"Ref": region},
        "DeletionProtectionEnabled": True,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": created_if(condition, {"KMSMasterKeyId": {"Ref": key}}),
    }


@pytest.mark.parametrize("name, stream", [("ClientsTable", "HasReplica"), ("TokensTable", "HasStream")])
def test_adding_a_replica_changes_the_table_and_does_not_replace_it(name, stream):
    # CloudFormation would refuse to change the type of a resource, and a resource of another name is another table.
    assert RESOURCES[name]["Type"] == "AWS::DynamoDB::GlobalTable"
    assert properties(name)["Replicas"] == [
        replica("AWS::Region", "HasTableKey", "TableKeyArn"),
        created_if("HasReplica", replica("ReplicaRegion", "HasReplicaTableKey", "ReplicaTableKeyArn")),
        created_if("HasSecondReplica", replica("SecondReplicaRegion", "HasSecondReplicaTableKey", "SecondReplicaTableKeyArn")),
    ]
    # DynamoDB demands this view for replicas. The events need no other, so adding a replica later changes no stream.
    assert properties(name)["StreamSpecification"] == created_if(stream, {"StreamViewType": "NEW_AND_OLD_IMAGES"})


def test_there_are_no_other_tables():
    assert of_type("AWS::DynamoDB::").keys() == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_each_use_of_a_table_is_of_the_existing_one_if_there_is_one(name):
    existing = EXPANDED["Parameters"][f"Existing{name}"]
    assert (existing["Type"], existing["Default"]) == ("String", "")
    pattern = re.compile(existing["AllowedPattern"])
    assert pattern.search("oauth-clients.v2_a") and pattern.search("")
    # In a permission, the last ones would be wildcards or another resource.
    for text in ("ab", "a b", "*", "table?", "table/index/x", "arn:aws:dynamodb:eu-west-1:123456789012:table/x"):
        assert not pattern.search(text), text
    assert EXPANDED["Conditions"][f"Creates{name}"] == {"Fn::Equals": [{"Ref": f"Existing{name}"}, ""]}
    chosen = {"Fn::If": [f"Creates{name}", {"Ref": name}, {"Ref": f"Existing{name}"}]}
    variable = name.removesuffix("Table").upper() + "_TABLE"
    assert properties("IntrospectionFunction")["Environment"]["Variables"][variable] == chosen
    assert EXPANDED["Outputs"][f"{name}Name"]["Value"] == chosen
    assert EXPANDED["Outputs"][f"{name}Arn"]["Value"] == arn(name)
    assert properties("Dashboard")["DashboardBody"]["Fn::Sub"][1][f"{name}Name"] == chosen


def unguarded(value, name, guards):
    """The references to a resource outside the first branch of one of these conditions."""
    if isinstance(value, list):
        return [found for item in value for found in unguarded(item, name, guards)]
    if not isinstance(value, dict):
        return []
    if value == {"Ref": name} or value.get("Fn::GetAtt", [None])[0] == name:
        return [value]
    if "Fn::If" in value and value["Fn::If"][0] in guards:
        return unguarded(value["Fn::If"][2], name, guards)
    return [found for item in value.values() for found in unguarded(item, name, guards)]


def test_nothing_refers_to_a_resource_that_its_condition_leaves_out():
    guards = {name: {f"Creates{name}"} for name in TABLES}
    guards |= {"RevocationPipe": {"HasRevocationEvents"}, "RevocationPipeRole": {"HasRevocationEvents"}}
    for name, conditions in guards.items():
        for place, item in {**RESOURCES, **EXPANDED["Outputs"]}.items():
            if item.get("Condition") in conditions or (name, place) == ("TokensTable", "TokensStreamArn"):
                continue
            assert unguarded(item, name, conditions) == [], (name, place)
    both = [{"Condition": "CreatesTokensTable"}, {"Condition": "HasStream"}]
    assert EXPANDED["Conditions"]["StreamsTokens"] == {"Fn::And": both}
    assert EXPANDED["Outputs"]["TokensStreamArn"]["Condition"] == "StreamsTokens"


def holds(value, parameters):
    """Whether a condition of a rule holds for these parameters; all others are empty."""
    [(function, arguments)] = value.items()
    if function == "Fn::Equals":
        left, right = (parameters.get(item["Ref"], "") if isinstance(item, dict) else item for item in arguments)
        return left == right
    results = [holds(item, parameters) for item in arguments]
    return {"Fn::Not": not results[0], "Fn::And": all(results), "Fn::Or": any(results)}[function]


def refused(**parameters):
    """The rules that refuse these parameters."""
    return {
        name
        for name, rule in EXPANDED["Rules"].items()
        if holds(rule["RuleCondition"], parameters)
        and not all(holds(item["Assert"], parameters) for item in rule["Assertions"])
    }


@pytest.mark.parametrize(
    "parameters, rules",
    [
        ({}, set()),
        ({"DomainName": "a.example"}, set()),
        ({"DomainName": "a.example", "MtlsDomainName": "b.example"}, {"OneDomain"}),
        ({"ReplicaRegion": "eu-west-2"}, set()),
        ({"ReplicaRegion": "eu-west-2", "SecondReplicaRegion": "eu-west-3"}, set()),
        ({"SecondReplicaRegion": "eu-west-3"}, {"FirstReplicaFirst"}),
        ({"ReplicaRegion": "eu-west-3", "SecondReplicaRegion": "eu-west-3"}, {"FirstReplicaFirst"}),
        ({"ReplicaRegion": "eu-west-2", "TableKeyArn": "k"}, {"ReplicaKey"}),
        ({"ReplicaRegion": "eu-west-2", "ReplicaTableKeyArn": "k"}, {"ReplicaKey"}),
        ({"ReplicaRegion": "eu-west-2", "TableKeyArn": "k", "ReplicaTableKeyArn": "l"}, set()),
        (
            {"ReplicaRegion": "a", "TableKeyArn": "k", "ReplicaTableKeyArn": "l", "SecondReplicaRegion": "b"},
            {"SecondReplicaKey"},
        ),
        ({"ReplicaRegion": "eu-west-2", "ExistingClientsTable": "clients"}, set()),
        ({"ReplicaRegion": "a", "ExistingClientsTable": "c", "ExistingTokensTable": "t"}, {"ReplicasAreOfCreatedTables"}),
        ({"RevocationEventBusArn": "bus"}, set()),
        ({"RevocationEventBusArn": "bus", "ExistingTokensTable": "t"}, {"RevocationEventsNeedAStream"}),
        ({"RevocationEventBusArn": "bus", "ExistingTokensTable": "t", "ExistingTokensStreamArn": "s"}, set()),
        ({"RevocationEventBusArn": "bus", "RedisUrl": "rediss://r"}, {"RevocationEventsNeedAStream"}),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(parameters, rules):
    assert refused(**parameters) == rules
