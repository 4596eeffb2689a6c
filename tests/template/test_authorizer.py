"""Checks examples/authorizer/template.yaml: the linter's verdict, what the authorizer may do, and its protected route."""

import json
import re

import pytest

from stack import ROOT, Stack
from test_template import ENDPOINT as ENDPOINT_STACK
from test_template import TEMPLATE as ENDPOINT

STACK = Stack("examples/authorizer/template.yaml", "AuthorizerFunction")
TEMPLATE, EXPANDED, RESOURCES = STACK.template, STACK.expanded, STACK.resources
properties, of_type = STACK.properties, STACK.of_type


def test_the_linter_reports_nothing(tmp_path):
    code, output = STACK.lint(tmp_path)
    assert code == 0, output
    assert "is a valid SAM Template" in output


def test_every_reference_exists_and_every_parameter_is_used():
    assert STACK.unresolved() == EXPANDED["Parameters"].keys()


def test_the_outputs_that_it_needs_exist():
    for name in ("ClientsTableName", "TokensTableName", "StateTableName"):
        assert name in ENDPOINT["Outputs"]
        assert f"output {name} of the endpoint's stack" in TEMPLATE["Parameters"][name]["Description"]


def test_t09_no_answer_is_cached():
    for kind in ("AWS::ApiGatewayV2::Authorizer", "AWS::ApiGateway::Authorizer"):
        [authorizer] = of_type(kind).values()
        assert authorizer["AuthorizerResultTtlInSeconds"] == 0


def test_t02_each_authorizer_asks_in_a_form_that_the_function_answers():
    http = properties("HttpAuthorizer")
    assert (http["AuthorizerType"], http["AuthorizerPayloadFormatVersion"]) == ("REQUEST", "2.0")
    assert http["EnableSimpleResponses"] is True
    variables = properties("AuthorizerFunction")["Environment"]["Variables"]
    assert variables["AUTHORIZER_RESPONSE"] == "simple"
    # A TOKEN authorizer would not name the route, and the scopes are those of routes.
    assert properties("RestAuthorizer")["Type"] == "REQUEST"
    scopes = json.loads(TEMPLATE["Parameters"]["RequiredScopes"]["Default"])
    rest = f"{properties('RestMethod')['HttpMethod']} /orders/{properties('RestOrder')['PathPart']}"
    assert properties("HttpRoute")["RouteKey"] == rest and rest in scopes


def test_each_route_has_the_authorizer():
    assert properties("HttpRoute")["AuthorizationType"] == properties("RestMethod")["AuthorizationType"] == "CUSTOM"
    assert properties("HttpRoute")["AuthorizerId"] == {"Ref": "HttpAuthorizer"}
    assert properties("RestMethod")["AuthorizerId"] == {"Ref": "RestAuthorizer"}
    assert len(of_type("AWS::ApiGatewayV2::Route")) == len(of_type("AWS::ApiGateway::Method")) == 1


def test_only_the_authorizers_may_invoke_the_function():
    permissions = [item for item in of_type("AWS::Lambda::Permission").values()]
    mine = [item for item in permissions if item["FunctionName"] == {"Ref": "AuthorizerFunction"}]
    arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
    assert [item["SourceArn"]["Fn::Sub"] for item in mine] == [
        arn + "${HttpApi}/authorizers/${HttpAuthorizer}",
        arn + "${RestApi}/authorizers/${RestAuthorizer}",
    ]
    assert all(item["Principal"] == "apigateway.amazonaws.com" for item in permissions)
    assert of_type("AWS::Lambda::Url") == {}


def test_the_role_reads_all_tables_and_writes_only_shared_keys():
    [policy] = properties("AuthorizerRole")["Policies"]
    statements = [item for item in policy["PolicyDocument"]["Statement"] if "Sid" in item]
    table = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${%sTableName}"
    clients, tokens, state = ({"Fn::Sub": table % name} for name in ("Clients", "Tokens", "State"))
    assert {item["Sid"]: (item["Action"], item["Resource"]) for item in statements} == {
        "ReadRecords": ("dynamodb:BatchGetItem", [clients, tokens, state]),
        "WriteState": ("dynamodb:PutItem", state),
        "WriteLogs": (["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": ["AuthorizerLogGroup", "Arn"]}),
        "WriteTraces": (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
    }
    # The key of the tables and the network are those of the endpoint, and so are the permissions for them.
    def conditional(statements):
        return {item["Fn::If"][1]["Sid"]: item for item in statements if "Fn::If" in item}

    [endpoint] = ENDPOINT_STACK.properties("FunctionRole")["Policies"]
    theirs = conditional(endpoint["PolicyDocument"]["Statement"])
    expected = {sid: theirs[sid] for sid in ("DecryptTables", "AttachToVpc", "LeaveVpcAlone")}
    assert conditional(policy["PolicyDocument"]["Statement"]) == expected


def test_it_judges_with_the_settings_of_the_endpoint_and_reads_the_same_store():
    mine, theirs = properties("AuthorizerFunction"), ENDPOINT_STACK.properties("IntrospectionFunction")
    for name in ("READ_CONSISTENCY", "HOT_RECORD_SECONDS", "CLOCK_SKEW_SECONDS", "JWKS_REFRESH_SECONDS", "REDIS_URL"):
        assert mine["Environment"]["Variables"][name] == theirs["Environment"]["Variables"][name]
    assert mine["VpcConfig"] == theirs["VpcConfig"]
    for name in ("HasRedis", "HasVpc"):
        assert TEMPLATE["Conditions"][name] == ENDPOINT["Conditions"][name]
    for name, parameter in TEMPLATE["Parameters"].items():
        endpoint = ENDPOINT["Parameters"].get(name, {})
        # An endpoint may take the address of its API as its issuer, which an authorizer cannot know.
        for member in endpoint.keys() - {"Description"} if name != "Issuer" else ():
            assert parameter[member] == endpoint[member], f"{name}: {member}"


def test_the_gateway_adds_the_challenges():
    responses = {item["ResponseType"]: item for item in of_type("AWS::ApiGateway::GatewayResponse").values()}
    header = "gatewayresponse.header.WWW-Authenticate"
    assert responses["UNAUTHORIZED"]["ResponseParameters"][header] == "'Bearer realm=\"orders\", error=\"invalid_token\"'"
    assert responses["ACCESS_DENIED"]["ResponseParameters"][header].endswith("error=\"insufficient_scope\"'")
    assert (responses["UNAUTHORIZED"]["StatusCode"], responses["ACCESS_DENIED"]["StatusCode"]) == ("401", "403")
    for kind in ("AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"):
        assert responses[kind]["StatusCode"] == "503"
    # The deployment would otherwise be made before them.
    names = of_type("AWS::ApiGateway::GatewayResponse").keys()
    assert set(RESOURCES["RestDeployment"]["DependsOn"]) == {"RestMethod", *names}


def test_the_alarm_counts_what_is_not_known_and_no_refused_token():
    pattern = properties("DontKnowMetric")["FilterPattern"]
    assert set(re.findall(r'outcome = "(\w+)"', pattern)) == {"unavailable", "error"}
    for name, value in (("MetricName", "DontKnow"), ("Namespace", {"Fn::Sub": "token-introspection/${AWS::StackName}"})):
        assert properties("DontKnowAlarm")[name] == value


def protected_route():
    scope = {}
    exec(TEMPLATE["Resources"]["OrdersFunction"]["Properties"]["InlineCode"], scope)
    return scope["handler"]


@pytest.mark.parametrize("name, wrapped", [("http-api-active", True), ("rest-request-active", False)])
def test_t05_the_protected_route_reads_the_claims_that_the_authorizer_returns(name, wrapped):
    answer = json.loads((ROOT / f"events/authorizer/{name}.expected.json").read_text())
    context = {"lambda": answer["context"]} if wrapped else {**answer["context"], "principalId": answer["principalId"]}
    response = protected_route()({"requestContext": {"authorizer": context}}, None)
    assert response["statusCode"] == 200
    assert json.loads(response["body"]) == {"order": 7, "for": "alice", "scope": "orders:read orders:write"}
