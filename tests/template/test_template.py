"""Checks template.yaml: the linter's verdict, and what the linter does not check.

    python3 -m venv VENV && VENV/bin/pip install -r tests/template/requirements.txt
    VENV/bin/python -B -m pytest -p no:cacheprovider tests/template
"""

import json
import re
from copy import deepcopy
from graphlib import CycleError, TopologicalSorter

import pytest

from stack import ROOT, Stack, references

ENDPOINT = Stack("template.yaml", "IntrospectionFunction")
TEMPLATE, EXPANDED, RESOURCES = ENDPOINT.template, ENDPOINT.expanded, ENDPOINT.resources
expand, properties, of_type = ENDPOINT.expand, ENDPOINT.properties, ENDPOINT.of_type


# --- References ---


def resource_references(resource):
    depends_on = resource.get("DependsOn", [])
    return {*references(resource), *([depends_on] if isinstance(depends_on, str) else depends_on)}


def cycle(template):
    """The resources of a circular dependency, or an empty list. Both branches of every condition count."""
    resources = template["Resources"]
    graph = {name: resource_references(item) & resources.keys() for name, item in resources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return set(error.args[1])
    return set()


def test_no_resource_depends_on_itself():
    assert cycle(EXPANDED) == set()


def test_every_reference_exists_and_every_parameter_is_used():
    # The transform reads this parameter itself, to name the configuration of the deployment.
    assert ENDPOINT.unresolved() | {"DeploymentType"} == EXPANDED["Parameters"].keys()


def test_the_walk_finds_the_cycle_that_http_api_events_make():
    variant = deepcopy(TEMPLATE)
    for piece in ("ApiIntegration", "ApiRoute", "ApiStage", "ApiPermission"):
        del variant["Resources"][piece]
    variant["Resources"]["Api"] = {"Type": "AWS::Serverless::HttpApi"}
    event = {"Type": "HttpApi", "Properties": {"ApiId": {"Ref": "Api"}}}
    variant["Resources"]["IntrospectionFunction"]["Properties"]["Events"] = {"Any": event}
    # Through the alias, whose deployment waits for the alarm of the API.
    assert {"Api", "IntrospectionFunctionAliaslive"} <= cycle(expand(variant))


@pytest.mark.parametrize(
    "reference",
    [
        {"Properties": {"P": {"Ref": "B"}}},
        {"Properties": {"P": [{"Fn::GetAtt": ["B", "Arn"]}]}},
        {"Properties": {"P": {"Fn::GetAtt": "B.Arn"}}},
        {"Properties": {"P": {"Fn::Sub": "x/${B}"}}},
        {"Properties": {"P": {"Fn::Sub": "${AWS::Region}/${B.Arn}"}}},
        {"Properties": {"P": {"Fn::Sub": ["${V}", {"V": {"Ref": "B"}}]}}},
        {"Properties": {"P": {"Fn::If": ["Condition", {"Ref": "AWS::NoValue"}, {"Ref": "B"}]}}},
        {"DependsOn": "B"},
        {"DependsOn": ["B"]},
    ],
)
def test_the_walk_knows_every_form_of_reference(reference):
    back = {"Properties": {"P": {"Ref": "A"}}}
    assert cycle({"Resources": {"A": reference, "B": back}}) == {"A", "B"}


@pytest.mark.parametrize("text", ["${!B}", ["${B}", {"B": "a variable of this name"}]])
def test_the_walk_takes_no_literal_for_a_reference(text):
    assert set(references({"Fn::Sub": text})) == set()


# --- Lint ---


def test_the_linter_reports_nothing(tmp_path):
    code, output = ENDPOINT.lint(tmp_path)
    assert code == 0, output
    assert "is a valid SAM Template" in output


# --- Privileges ---


NO_VALUE = {"Ref": "AWS::NoValue"}


def arn(table):
    """The ARN of a table that exists already, or of the one that the stack creates."""
    existing = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Existing%s}" % table
    return {"Fn::If": [f"Creates{table}", {"Fn::GetAtt": [table, "Arn"]}, {"Fn::Sub": existing}]}


def marks(sid, parameter, *kinds):
    """The statement that lets the function write marks of these kinds, for each issuer of the parameter."""
    parts = []
    for kind in kinds:
        parts += [f"#*,{kind}#" if parts else f"{kind}#", {"Fn::Join": [f"#*,{kind}#", {"Ref": parameter}]}]
    keys = {"Fn::Split": [",", {"Fn::Join": ["", [*parts, "#*"]]}]}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": "dynamodb:PutItem",
        "Resource": arn("TokensTable"),
        "Condition": {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    }


def resolved(value, parameters):
    """What CloudFormation makes of the functions that the conditions use."""
    if isinstance(value, list):
        return [resolved(item, parameters) for item in value]
    if not isinstance(value, dict):
        return value
    [(function, argument)] = value.items()
    if function == "Ref":
        return parameters[argument]
    separator, items = argument[0], resolved(argument[1], parameters)
    return separator.join(items) if function == "Fn::Join" else items.split(separator)


def test_r18_reported_marks_are_those_of_the_named_issuers_and_no_others():
    one, two = "https://a.example", "https://b.example/tenant"
    for sid, parameter, kinds, condition in [
        ("WriteReportedMarks", "NoticeIssuers", ["sid", "sub"], "HasNoticeIssuers"),
        ("WriteSubjectMarks", "GlobalRevocationIssuers", ["sub"], "HasGlobalRevocationIssuers"),
    ]:
        [policy] = properties("FunctionRole")["Policies"]
        statements = [item["Fn::If"] for item in policy["PolicyDocument"]["Statement"] if "Fn::If" in item]
        [(found, statement, otherwise)] = [item for item in statements if item[1]["Sid"] == sid]
        assert (found, otherwise) == (condition, NO_VALUE)
        keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        for issuers in ([one], [one, two]):
            expected = [f"{kind}#{issuer}#*" for kind in kinds for issuer in issuers]
            assert resolved(keys, {parameter: issuers}) == expected
        empty = {"Fn::Equals": [{"Fn::Join": [",", {"Ref": parameter}]}, ""]}
        assert EXPANDED["Conditions"][condition] == {"Fn::Not": [empty]}
        declared = EXPANDED["Parameters"][parameter]
        assert (declared["Type"], declared["Default"]) == ("CommaDelimitedList", "")
        pattern = re.compile(declared["AllowedPattern"])
        assert pattern.search("") and pattern.search(one) and pattern.search(two)
        # In a condition, these characters would be wildcards, variables, or the end of the issuer.
        for text in ("*", f"{one}/*", f"{one}?", "${aws:username}", f"{one}#", f"{one},{two}", " "):
            assert not pattern.search(text), text


def test_the_role_has_exactly_the_least_privileges():
    assert set(properties("FunctionRole")) == {"AssumeRolePolicyDocument", "Policies"}
    [policy] = properties("FunctionRole")["Policies"]
    clients, tokens, state = (arn(name) for name in ("ClientsTable", "TokensTable", "StateTable"))
    via_dynamodb = {"kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"}}
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Sid": "ReadRecords",
            "Effect": "Allow",
            "Action": "dynamodb:BatchGetItem",
            "Resource": [clients, tokens, state],
        },
        {"Sid": "WriteState", "Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": state},
        {
            "Sid": "WriteMarks",
            "Effect": "Allow",
            "Action": "dynamodb:PutItem",
            "Resource": tokens,
            "Condition": {
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["revoked#*", "jti#*", "jwt#*", "grant#*"]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        },
        {"Fn::If": ["HasNoticeIssuers", marks("WriteReportedMarks", "NoticeIssuers", "sid", "sub"), NO_VALUE]},
        {"Fn::If": ["HasGlobalRevocationIssuers", marks("WriteSubjectMarks", "GlobalRevocationIssuers", "sub"), NO_VALUE]},
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": ["FunctionLogGroup", "Arn"]},
        },
        {
            "Sid": "WriteTraces",
            "Effect": "Allow",
            "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
            "Resource": "*",
        },
        {
            "Fn::If": [
                "HasTableKey",
                {
                    "Sid": "DecryptTables",
                    "Effect": "Allow",
                    "Action": "kms:Decrypt",
                    "Resource": {"Ref": "TableKeyArn"},
                    "Condition": {"StringEquals": via_dynamodb},
                },
                {"Ref": "AWS::NoValue"},
            ]
        },
        {
            "Fn::If": [
                "HasExistingTableKeys",
                {
                    "Sid": "DecryptExistingTables",
                    "Effect": "Allow",
                    "Action": "kms:Decrypt",
                    "Resource": {"Ref": "ExistingTableKeyArns"},
                    "Condition": {"StringEquals": via_dynamodb},
                },
                {"Ref": "AWS::NoValue"},
            ]
        },
        {
            "Fn::If": [
                "HasSigningKmsKeys",
                {
                    "Sid": "SignResponses",
                    "Effect": "Allow",
                    "Action": ["kms:Sign", "kms:GetPublicKey"],
                    "Resource": {"Ref": "SigningKmsKeyArns"},
                },
                {"Ref": "AWS::NoValue"},
            ]
        },
        {
            "Fn::If": [
                "HasSigningSecrets",
                {
                    "Sid": "ReadSigningKeys",
                    "Effect": "Allow",
                    "Action": "secretsmanager:GetSecretValue",
                    "Resource": {"Ref": "SigningSecretArns"},
                },
                {"Ref": "AWS::NoValue"},
            ]
        },
        {
            "Fn::If": [
                "HasVpc",
                {
                    "Sid": "AttachToVpc",
                    "Effect": "Allow",
                    "Action": [
                        "ec2:AssignPrivateIpAddresses",
                        "ec2:CreateNetworkInterface",
                        "ec2:DeleteNetworkInterface",
                        "ec2:DescribeNetworkInterfaces",
                        "ec2:DescribeSubnets",
                        "ec2:UnassignPrivateIpAddresses",
                    ],
                    "Resource": "*",
                },
                {"Ref": "AWS::NoValue"},
            ]
        },
        {
            "Fn::If": [
                "HasVpc",
                {
                    "Sid": "LeaveVpcAlone",
                    "Effect": "Deny",
                    "Action": "ec2:*",
                    "Resource": "*",
                    "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}},
                },
                {"Ref": "AWS::NoValue"},
            ]
        },
    ]


def test_signing_permissions_exist_only_if_a_key_is_named():
    parameters, conditions = EXPANDED["Parameters"], EXPANDED["Conditions"]
    for name in ("SigningKmsKeyArns", "SigningSecretArns"):
        assert (parameters[name]["Type"], parameters[name]["Default"]) == ("CommaDelimitedList", "")
    for condition, name in [("HasSigningKmsKeys", "SigningKmsKeyArns"), ("HasSigningSecrets", "SigningSecretArns")]:
        empty = {"Fn::Equals": [{"Fn::Join": [",", {"Ref": name}]}, ""]}
        assert conditions[condition] == {"Fn::Not": [empty]}


def test_redis_is_used_over_tls_and_only_if_a_url_is_given():
    parameter = EXPANDED["Parameters"]["RedisUrl"]
    assert (parameter["NoEcho"], parameter["Default"]) == (True, "")
    pattern = re.compile(parameter["AllowedPattern"])
    secret = "{{resolve:secretsmanager:introspection/redis:SecretString:url}}"
    for text in ["", "rediss://user:password@tokens.example.com:6379", secret]:
        assert pattern.search(text), text
    for text in ["redis://tokens.example.com", "rediss://a b", "tokens.example.com", f"{secret} "]:
        assert not pattern.search(text), text
    function = properties("IntrospectionFunction")
    no_value = {"Ref": "AWS::NoValue"}
    assert function["Environment"]["Variables"]["REDIS_URL"] == {"Fn::If": ["HasRedis", {"Ref": "RedisUrl"}, no_value]}
    network = {"SubnetIds": {"Ref": "SubnetIds"}, "SecurityGroupIds": {"Ref": "SecurityGroupIds"}}
    assert function["VpcConfig"] == {"Fn::If": ["HasVpc", network, no_value]}
    assert EXPANDED["Conditions"]["HasRedis"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "RedisUrl"}, ""]}]}


def test_the_pattern_of_signing_keys_takes_lists_of_the_three_kinds():
    pattern = re.compile(EXPANDED["Parameters"]["SigningKey"]["AllowedPattern"])
    kms = "kms:arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    secret = "secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:signing-AbCdEf"
    for text in ["", kms, secret, "file:key.pem", f"{kms},{secret},file:key.pem"]:
        assert pattern.search(text), text
    for text in [kms[4:], f"{kms},", f"{kms}, {secret}", "https://key", "file:"]:
        assert not pattern.search(text), text


def test_the_function_has_that_role_and_no_other_exists():
    assert of_type("AWS::IAM::").keys() == {
        "FunctionRole", "DeploymentRole", "AuthorizationServerPolicy", "LogoutHandlerPolicy", "RevocationPipeRole"
    }
    assert properties("IntrospectionFunction")["Role"] == {"Fn::GetAtt": ["FunctionRole", "Arn"]}
    [statement] = properties("FunctionRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_a_deployment_may_only_move_the_alias_of_this_function():
    statements = properties("DeploymentRole")["Policies"][0]["PolicyDocument"]["Statement"]
    alias, alarms = statements
    assert alias["Action"] == ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"]
    arn = {"Fn::GetAtt": ["IntrospectionFunction", "Arn"]}
    assert alias["Resource"] == [arn, {"Fn::Sub": "${IntrospectionFunction.Arn}:*"}]
    assert (alarms["Action"], alarms["Resource"]) == ("cloudwatch:DescribeAlarms", "*")


def test_calls_reach_the_alias_that_a_deployment_moves_and_alarms_move_back():
    alias = {"Ref": "IntrospectionFunctionAliaslive"}
    assert properties("ApiIntegration")["IntegrationUri"] == alias
    assert properties("ApiPermission")["FunctionName"] == alias
    [group] = of_type("AWS::CodeDeploy::DeploymentGroup").values()
    assert group["ServiceRoleArn"] == {"Fn::GetAtt": ["DeploymentRole", "Arn"]}
    assert {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]} == {
        "ApiErrorAlarm", "ApiLatencyAlarm", "FunctionErrorAlarm", "DefectAlarm"
    }
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    # Without provisioned concurrency, nothing is paid for while no call comes.
    assert EXPANDED["Parameters"]["ProvisionedConcurrency"]["Default"] == 0


def test_other_writers_may_write_only_their_own_items():
    for name, actions, keys in [
        ("AuthorizationServerPolicy", ["dynamodb:PutItem", "dynamodb:UpdateItem"], ["token#*"]),
        (
            "LogoutHandlerPolicy",
            "dynamodb:PutItem",
            [{"Fn::Sub": "sid#${LogoutIssuer}#*"}],
        ),
    ]:
        [statement] = properties(name)["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Allow", actions)
        assert statement["Resource"] == arn("TokensTable")
        assert statement["Condition"] == {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys},
            "Null": {"dynamodb:LeadingKeys": "false"},
        }


def test_only_this_api_may_invoke_the_function():
    [permission] = of_type("AWS::Lambda::Permission").values()
    assert permission["Principal"] == "apigateway.amazonaws.com"
    arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"
    assert permission["SourceArn"] == {"Fn::Sub": arn}
    assert of_type("AWS::Lambda::Url") == {}


# --- Settings ---

SETTINGS = {
    "ISSUER", "PUBLIC_URL", "CLIENTS_TABLE", "TOKENS_TABLE", "STATE_TABLE", "TRUSTED_ISSUERS", "DEFAULT_POLICY",
    "READ_CONSISTENCY", "HOT_RECORD_SECONDS", "CORS_ALLOWED_ORIGINS", "CLOCK_SKEW_SECONDS", "JWKS_REFRESH_SECONDS", "FAILED_AUTHENTICATION_LIMIT", "LOG_LEVEL",
    "SIGNING_KEY", "SIGNING_ALGORITHM", "MTLS_PUBLIC_URL", "MTLS_METHOD", "REDIS_URL", "GLOBAL_REVOCATION_ISSUERS",
}  # fmt: skip


def test_the_function_gets_these_settings():
    variables = properties("IntrospectionFunction")["Environment"]["Variables"]
    assert variables.keys() == SETTINGS
    mtls = {"Fn::Sub": "https://${MtlsDomainName}"}
    address = {"Fn::If": ["HasMtlsDomain", mtls, {"Fn::GetAtt": ["Api", "ApiEndpoint"]}]}
    address = {"Fn::If": ["HasDomain", {"Fn::Sub": "https://${DomainName}"}, address]}
    assert variables["MTLS_PUBLIC_URL"] == {"Fn::If": ["HasMtlsDomain", mtls, {"Ref": "AWS::NoValue"}]}
    assert variables["MTLS_METHOD"] == {"Ref": "MtlsMethod"}
    issuers = {"Fn::Join": [",", {"Ref": "GlobalRevocationIssuers"}]}
    assert variables["GLOBAL_REVOCATION_ISSUERS"] == {"Fn::If": ["HasGlobalRevocationIssuers", issuers, NO_VALUE]}
    assert variables["ISSUER"] == {"Fn::If": ["HasIssuer", {"Ref": "Issuer"}, address]}
    assert variables["PUBLIC_URL"] == {"Fn::If": ["HasPublicUrl", {"Ref": "PublicUrl"}, address]}


def test_f09_the_method_of_mutual_tls_is_one_of_two():
    parameter = EXPANDED["Parameters"]["MtlsMethod"]
    methods = ["tls_client_auth", "self_signed_tls_client_auth"]
    assert (parameter["AllowedValues"], parameter["Default"]) == (methods, methods[0])


def test_an_empty_parameter_leaves_its_setting_out():
    parameters = EXPANDED["Parameters"]
    for name, value in properties("IntrospectionFunction")["Environment"]["Variables"].items():
        if "Ref" in value and value["Ref"] in parameters:
            assert parameters[value["Ref"]].get("Default") != "", name


def test_the_default_policy_has_no_default():
    parameter = EXPANDED["Parameters"]["DefaultPolicy"]
    assert "Default" not in parameter
    assert parameter["AllowedValues"] == ["any", "audience"]


def test_reads_are_strongly_consistent_by_default():
    parameter = EXPANDED["Parameters"]["ReadConsistency"]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("strong", ["strong", "eventual"])
    variables = properties("IntrospectionFunction")["Environment"]["Variables"]
    assert variables["READ_CONSISTENCY"] == {"Ref": "ReadConsistency"}


def test_no_item_is_reused_by_default():
    parameter = EXPANDED["Parameters"]["HotRecordSeconds"]
    assert (parameter["Default"], parameter["MinValue"], parameter["MaxValue"]) == (0, 0, 5)
    variables = properties("IntrospectionFunction")["Environment"]["Variables"]
    assert variables["HOT_RECORD_SECONDS"] == {"Ref": "HotRecordSeconds"}


# --- API and logs ---


def test_the_function_answers_every_method_and_path_itself():
    api = properties("Api")
    assert "CorsConfiguration" not in api and "Body" not in api
    [integration] = of_type("AWS::ApiGatewayV2::Integration").values()
    assert integration["PayloadFormatVersion"] == "2.0"
    routes = {route["RouteKey"]: route.get("AuthorizationType") for route in of_type("AWS::ApiGatewayV2::Route").values()}
    assert routes == {"$default": None, "ANY /iam/{proxy+}": "AWS_IAM"}


def test_f05_the_mtls_domain_cannot_be_bypassed():
    api = properties("Api")
    assert api["DisableExecuteApiEndpoint"] == {"Fn::If": ["HasMtlsDomain", True, False]}
    domain = properties("MtlsDomain")
    assert "MutualTlsAuthentication" not in properties("Domain")
    rule = EXPANDED["Rules"]["OneDomain"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}
    [assertion] = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "MtlsDomainName"}, ""]}
    assert domain["MutualTlsAuthentication"] == {"TruststoreUri": {"Ref": "MtlsTruststoreUri"}}
    [configuration] = domain["DomainNameConfigurations"]
    assert configuration["SecurityPolicy"] == "TLS_1_2"
    mapping = properties("MtlsDomainMapping")
    assert (mapping["ApiId"], mapping["DomainName"]) == ({"Ref": "Api"}, {"Ref": "MtlsDomain"})
    for resource in ("MtlsDomain", "MtlsDomainMapping"):
        assert EXPANDED["Resources"][resource]["Condition"] == "HasMtlsDomain"


def test_the_gateway_throttles():
    [stage] = of_type("AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": {"Ref": "ThrottlingRateLimit"},
        "ThrottlingBurstLimit": {"Ref": "ThrottlingBurstLimit"},
    }


def test_every_log_group_has_a_retention():
    groups = of_type("AWS::Logs::LogGroup")
    assert groups.keys() == {"FunctionLogGroup", "AccessLogGroup"}
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())
    # A log group that Lambda creates by itself would keep its lines for ever.
    assert properties("IntrospectionFunction")["LoggingConfig"]["LogGroup"] == {"Ref": "FunctionLogGroup"}


def test_every_log_group_may_have_a_customers_key():
    for name, group in of_type("AWS::Logs::LogGroup").items():
        assert group["KmsKeyId"] == {"Fn::If": ["HasLogKey", {"Ref": "LogKeyArn"}, {"Ref": "AWS::NoValue"}]}, name


def test_the_access_log_contains_nothing_that_a_caller_chooses_freely():
    settings = properties("ApiStage")["AccessLogSettings"]
    assert settings["DestinationArn"] == {"Fn::GetAtt": ["AccessLogGroup", "Arn"]}
    assert "\n" not in settings["Format"]
    # There is no header, query string, body or path, and no identity except the address.
    assert set(json.loads(settings["Format"]).values()) == {
        "$context.requestId",
        "$context.integration.requestId",
        "$context.requestTime",
        "$context.identity.sourceIp",
        "$context.httpMethod",
        "$context.status",
        "$context.error.responseType",
        "$context.integration.integrationStatus",
        "$context.responseLatency",
        "$context.integrationLatency",
    }


def test_lambda_drops_no_log_line_of_the_function():
    logging = properties("IntrospectionFunction")["LoggingConfig"]
    assert (logging["LogFormat"], logging["ApplicationLogLevel"]) == ("JSON", "TRACE")


def test_lambda_adds_no_line_to_an_invocation_that_succeeds():
    assert properties("IntrospectionFunction")["LoggingConfig"]["SystemLogLevel"] == "WARN"
