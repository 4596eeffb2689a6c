"""The Terraform module: its arguments are the provider's, its references exist, and its resources are the template's.

No Terraform runs here, because its provider is too large to install: a parser reads the files. `aws_provider.json` has the
arguments of the resources, as the provider of that version declares them.
"""

import json
import re

import hcl2
import pytest

from terraform import Module
from test_infra import NOT_IN_TERRAFORM, TERRAFORM
from test_template import EXPANDED, RESOURCES

MODULE = Module(EXPANDED)
FILES = {path.name: path.read_text() for path in sorted(TERRAFORM.glob("*.tf"))}
PROVIDER = json.loads((TERRAFORM.parents[1] / "tests/template/aws_provider.json").read_text())["resources"]
META = {"count", "for_each", "depends_on", "lifecycle", "dynamic"}
OURS = re.compile(r"__\w+__")


def text(value):
    """An expression as it is written, without white space that does not matter."""
    if isinstance(value, list):
        return "[" + ", ".join(text(item) for item in value) + "]"
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        return value[2:-1]
    return value if isinstance(value, str) else json.dumps(value)


def parsed():
    """The resources by address, and the names of variables, locals and outputs."""
    resources, names = {}, {"variable": set(), "locals": set(), "output": set()}
    for content in FILES.values():
        file = hcl2.loads(content)
        for block in file.get("resource", []):
            [(kind, inner)] = block.items()
            [(name, body)] = inner.items()
            resources[f"{kind}.{name}".replace('"', "")] = body
        for kind in ("variable", "output"):
            names[kind] |= {name.strip('"') for block in file.get(kind, []) for name in block}
        names["locals"] |= {name for block in file.get("locals", []) for name in block if not OURS.fullmatch(name)}
    return resources, names


DECLARED, NAMES = parsed()


def arguments(body):
    return {name: value for name, value in body.items() if not OURS.fullmatch(name)}


def found(address, path):
    """The expression at a path such as `logging_config.log_format`, or None."""
    value = DECLARED[address]
    for name in path.split("."):
        value = value[0] if isinstance(value, list) else value
        value = value.get(name)
        if value is None:
            return None
    return text(value)


# --- The module by itself ---


def unknown(body, schema, place):
    """The arguments that the provider does not declare."""
    for name, value in arguments(body).items():
        if name == "dynamic":
            for block in value:
                for inner, content in arguments(block).items():
                    [content] = content["content"]
                    yield from unknown({inner.strip('"'): [content]}, schema, place)
        elif name in META:
            continue
        elif name not in schema:
            yield f"{place}: {name}"
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for block in value:
                yield from unknown(block, schema[name] or {}, f"{place}.{name}")


@pytest.mark.parametrize("address", DECLARED)
def test_every_argument_is_one_of_the_provider(address):
    kind, _ = address.split(".")
    assert list(unknown(DECLARED[address], PROVIDER[kind], address)) == []


def test_the_check_of_arguments_finds_a_wrong_one_in_every_depth():
    table = {"name": 1, "ttl": [{"attribute": 1}], "dynamic": [{'"replica"': {"content": [{"region": 1}]}}], "hash": 1}
    places = ["t.ttl: attribute", "t.replica: region", "t: hash"]
    assert list(unknown(table, PROVIDER["aws_dynamodb_table"], "t")) == places


def test_every_reference_exists_and_every_declaration_is_used():
    everything = "\n".join(FILES.values())
    for prefix, names in (("var", NAMES["variable"]), ("local", NAMES["locals"])):
        used = set(re.findall(rf"\b{prefix}\.(\w+)", everything))
        assert used == names, used ^ names
    used = set(re.findall(r"(?<!data\.)\b(aws_\w+\.\w+)(?=[.\[\]])", everything))
    assert used <= DECLARED.keys(), used - DECLARED.keys()
    indexed = set(re.findall(r"\b(aws_\w+\.\w+)\[0\]", everything))
    counted = {address for address, body in DECLARED.items() if "count" in body}
    assert indexed <= counted
    bare = set(re.findall(r"\b(aws_\w+\.\w+)\.", everything))
    assert not bare & counted, "a resource with a count is named by its index"


# --- The module beside the template ---

# Resources that `endpoint.tf` describes and one `for_each` creates.
WHOLE = {
    "AWS::CloudWatch::Alarm": ("aws_cloudwatch_metric_alarm.endpoint", "local.alarms"),
    "AWS::Logs::MetricFilter": ("aws_cloudwatch_log_metric_filter.endpoint", "local.metric_filters"),
    "AWS::ApiGatewayV2::Route": ("aws_apigatewayv2_route.endpoint", "local.routes"),
}
# Terraform has no resource for a deployment of CodeDeploy.
ABSENT = {"DeploymentRole", "ServerlessDeploymentApplication", "IntrospectionFunctionDeploymentGroup"}
DOMAIN = {
    "DomainNameConfigurations.CertificateArn": "domain_name_configuration.certificate_arn",
    "DomainNameConfigurations.EndpointType": "domain_name_configuration.endpoint_type",
    "DomainNameConfigurations.SecurityPolicy": "domain_name_configuration.security_policy",
}  # fmt: skip
LOG_GROUP = {"RetentionInDays": "retention_in_days", "KmsKeyId": "kms_key_id"}
# For each other resource: its address, and the argument for each property. A pair is the argument with the expression that it
# has instead of the property's own, because the two languages differ there.
COUNTERPARTS = {
    "IntrospectionFunction": ("aws_lambda_function.endpoint", {
        "Code": ("filename", "var.package"), "Handler": "handler", "MemorySize": "memory_size", "Role": "role",
        "Runtime": "runtime", "Timeout": "timeout", "Architectures": "architectures",
        "VpcConfig": ("vpc_config.subnet_ids", "var.subnet_ids"), "Environment": ("environment.variables", "local.environment"),
        "ReservedConcurrentExecutions": "reserved_concurrent_executions", "LoggingConfig.LogGroup": "logging_config.log_group",
        "LoggingConfig.LogFormat": "logging_config.log_format", "TracingConfig.Mode": "tracing_config.mode",
        "LoggingConfig.ApplicationLogLevel": "logging_config.application_log_level",
        "LoggingConfig.SystemLogLevel": "logging_config.system_log_level",
        "Tags": None,
    }),
    "IntrospectionFunctionVersion": ("aws_lambda_function.endpoint", {"FunctionName": ("publish", "true")}),
    "IntrospectionFunctionAliaslive": ("aws_lambda_alias.live", {
        "Name": "name", "FunctionName": "function_name",
        "FunctionVersion": ("function_version", "aws_lambda_function.endpoint.version"),
        "ProvisionedConcurrencyConfig": ("name", '"live"'),
    }),
    "FunctionLogGroup": ("aws_cloudwatch_log_group.function", LOG_GROUP),
    "AccessLogGroup": ("aws_cloudwatch_log_group.access", {**LOG_GROUP, "LogGroupName": "name"}),
    "FunctionRole": ("aws_iam_role.function", {
        "AssumeRolePolicyDocument": ("assume_role_policy", "jsonencode(local.function_role_trust)"), "Policies": None,
    }),
    "RevocationPipeRole": ("aws_iam_role.revocations", {
        "AssumeRolePolicyDocument": ("assume_role_policy", "jsonencode(local.revocation_pipe_role_trust)"), "Policies": None,
    }),
    "AuthorizationServerPolicy": ("aws_iam_policy.authorization_server", {
        "Description": "description", "PolicyDocument": ("policy", "jsonencode(local.authorization_server_policy_policy)"),
    }),
    "LogoutHandlerPolicy": ("aws_iam_policy.logout_handler", {
        "Description": "description", "PolicyDocument": ("policy", "jsonencode(local.logout_handler_policy_policy)"),
    }),
    "Api": ("aws_apigatewayv2_api.endpoint", {
        "Name": "name", "ProtocolType": "protocol_type",
        "DisableExecuteApiEndpoint": ("disable_execute_api_endpoint", "local.has_mtls_domain"),
    }),
    "ApiIntegration": ("aws_apigatewayv2_integration.endpoint", {
        "ApiId": "api_id", "IntegrationType": "integration_type", "PayloadFormatVersion": "payload_format_version",
        "IntegrationUri": ("integration_uri", "aws_lambda_alias.live.invoke_arn"),
    }),
    "ApiStage": ("aws_apigatewayv2_stage.endpoint", {
        "ApiId": "api_id", "StageName": "name", "AutoDeploy": "auto_deploy",
        "DefaultRouteSettings.ThrottlingRateLimit": "default_route_settings.throttling_rate_limit",
        "DefaultRouteSettings.ThrottlingBurstLimit": "default_route_settings.throttling_burst_limit",
        "AccessLogSettings.DestinationArn": ("access_log_settings.destination_arn", "aws_cloudwatch_log_group.access.arn"),
        "AccessLogSettings.Format": ("access_log_settings.format", "local.access_log_format"),
    }),
    "Domain": ("aws_apigatewayv2_domain_name.domain", {"DomainName": "domain_name", **DOMAIN}),
    "MtlsDomain": ("aws_apigatewayv2_domain_name.mtls", {
        "DomainName": "domain_name", **DOMAIN, "MutualTlsAuthentication.TruststoreUri": "mutual_tls_authentication.truststore_uri",
    }),
    "DomainMapping": ("aws_apigatewayv2_api_mapping.domain", {
        "ApiId": "api_id", "DomainName": ("domain_name", "aws_apigatewayv2_domain_name.domain[0].id"),
        "Stage": ("stage", "aws_apigatewayv2_stage.endpoint.id"),
    }),
    "MtlsDomainMapping": ("aws_apigatewayv2_api_mapping.mtls", {
        "ApiId": "api_id", "DomainName": ("domain_name", "aws_apigatewayv2_domain_name.mtls[0].id"),
        "Stage": ("stage", "aws_apigatewayv2_stage.endpoint.id"),
    }),
    "ApiPermission": ("aws_lambda_permission.api", {
        "FunctionName": ("qualifier", "aws_lambda_alias.live.name"), "Action": "action", "Principal": "principal",
        "SourceArn": ("source_arn", '"${aws_apigatewayv2_api.endpoint.execution_arn}/*"'),
    }),
    "ClientsTable": ("aws_dynamodb_table.clients", {
        "AttributeDefinitions": ("attribute.name", '"client_id"'), "KeySchema": ("hash_key", '"client_id"'),
        "BillingMode": "billing_mode", "StreamSpecification": ("stream_enabled", "local.has_replica"),
        "SSESpecification.SSEEnabled": "server_side_encryption.enabled",
        "SSESpecification.SSEType": ("server_side_encryption.kms_key_arn", "local.has_table_key ? var.table_key_arn : null"),
        "Replicas": ("deletion_protection_enabled", "true"),
    }),
    "TokensTable": ("aws_dynamodb_table.tokens", {
        "AttributeDefinitions": ("attribute.name", '"id"'), "KeySchema": ("hash_key", '"id"'),
        "BillingMode": "billing_mode", "StreamSpecification": ("stream_enabled", "local.has_stream"),
        "SSESpecification.SSEEnabled": "server_side_encryption.enabled",
        "SSESpecification.SSEType": ("server_side_encryption.kms_key_arn", "local.has_table_key ? var.table_key_arn : null"),
        "Replicas": ("deletion_protection_enabled", "true"),
        "TimeToLiveSpecification.AttributeName": "ttl.attribute_name", "TimeToLiveSpecification.Enabled": "ttl.enabled",
    }),
    "StateTable": ("aws_dynamodb_table.state", {
        "AttributeDefinitions": ("attribute.name", '"id"'), "KeySchema": ("hash_key", '"id"'), "BillingMode": "billing_mode",
        "TimeToLiveSpecification.AttributeName": "ttl.attribute_name", "TimeToLiveSpecification.Enabled": "ttl.enabled",
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "point_in_time_recovery.enabled",
        "SSESpecification.SSEEnabled": "server_side_encryption.enabled",
        "SSESpecification.SSEType": ("server_side_encryption.enabled", "true"),
        "SSESpecification.KMSMasterKeyId": "server_side_encryption.kms_key_arn",
    }),
    "Dashboard": ("aws_cloudwatch_dashboard.endpoint", {
        "DashboardName": "dashboard_name", "DashboardBody": ("dashboard_body", "local.dashboard"),
    }),
    "RevocationPipe": ("aws_pipes_pipe.revocations", {
        "Description": "description", "RoleArn": ("role_arn", "aws_iam_role.revocations[0].arn"),
        "Source": ("source", "local.revocation_source"), "Target": "target",
        "SourceParameters.DynamoDBStreamParameters.StartingPosition": "source_parameters.dynamodb_stream_parameters.starting_position",
        "SourceParameters.DynamoDBStreamParameters.BatchSize": "source_parameters.dynamodb_stream_parameters.batch_size",
        "SourceParameters.DynamoDBStreamParameters.MaximumRecordAgeInSeconds":
            "source_parameters.dynamodb_stream_parameters.maximum_record_age_in_seconds",
        "SourceParameters.DynamoDBStreamParameters.OnPartialBatchItemFailure":
            "source_parameters.dynamodb_stream_parameters.on_partial_batch_item_failure",
        "SourceParameters.FilterCriteria.Filters": ("source_parameters.filter_criteria.filter.pattern", "filter.value"),
        "TargetParameters.InputTemplate": ("target_parameters.input_template", "local.revocation_event.InputTemplate"),
        "TargetParameters.EventBridgeEventBusParameters.Source": (
            "target_parameters.eventbridge_event_bus_parameters.source",
            "local.revocation_event.EventBridgeEventBusParameters.Source",
        ),
        "TargetParameters.EventBridgeEventBusParameters.DetailType": (
            "target_parameters.eventbridge_event_bus_parameters.detail_type",
            "local.revocation_event.EventBridgeEventBusParameters.DetailType",
        ),
    }),
}  # fmt: skip
# What is left of the properties: the transform's own, and policies, which are resources of their own.
POLICIES = {
    "FunctionRole": ("aws_iam_role_policy.function", "jsonencode(local.function_role_policy)"),
    "RevocationPipeRole": ("aws_iam_role_policy.revocations", "jsonencode(local.revocation_pipe_role_policy)"),
}


def canonical(name):
    return re.sub(r"(FunctionVersion)[0-9a-f]+$", r"\1", name)


def leaves(properties, rules, prefix=""):
    """The properties by path, as deep as the rules go."""
    for name, value in properties.items():
        path = f"{prefix}{name}"
        if path not in rules and isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            value = value[0]
        is_function = isinstance(value, dict) and any(key == "Ref" or key.startswith("Fn::") for key in value)
        if path not in rules and isinstance(value, dict) and not is_function:
            yield from leaves(value, rules, f"{path}.")
        else:
            yield path, value


def flattened(address):
    """The dynamic blocks of a resource among its other blocks, as if they had no condition."""
    def body(value):
        value = dict(value)
        for block in value.pop("dynamic", []):
            for name, content in arguments(block).items():
                value[name.strip('"')] = content["content"]
        return {
            name: [body(item) for item in items] if isinstance(items, list) and items and isinstance(items[0], dict) else items
            for name, items in value.items()
        }

    return body(DECLARED[address])


@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_each_resource_of_the_template_has_a_counterpart_with_each_property(name, monkeypatch):
    resource = RESOURCES[name]
    if resource["Type"] in WHOLE:
        address, source = WHOLE[resource["Type"]]
        assert found(address, "for_each") == source
        return
    if canonical(name) in ABSENT:
        return
    address, rules = COUNTERPARTS[canonical(name)]
    monkeypatch.setitem(DECLARED, address, flattened(address))
    assert dict(leaves(resource.get("Properties", {}), rules)).keys() == rules.keys()
    for path, value in leaves(resource.get("Properties", {}), rules):
        rule = rules[path]
        if rule is None:
            continue
        argument, expected = (rule, MODULE.value(value)) if isinstance(rule, str) else rule
        assert found(address, argument) == expected, path
    if "Condition" in resource:
        condition = re.sub(r"(?<!^)(?=[A-Z])", "_", resource["Condition"]).lower()
        assert found(address, "count") == f"local.{condition} ? 1 : 0"
    if name in POLICIES:
        address, expected = POLICIES[name]
        assert found(address, "policy") == expected


def test_a_filter_or_a_route_has_no_property_that_the_module_leaves_out():
    # `terraform.py` checks those of alarms itself.
    for item in RESOURCES.values():
        if item["Type"] == "AWS::Logs::MetricFilter":
            [change] = item["Properties"]["MetricTransformations"]
            assert item["Properties"].keys() == {"LogGroupName", "FilterPattern", "MetricTransformations"}
            assert change.keys() - {"Dimensions"} == {"MetricNamespace", "MetricName", "MetricValue", "Unit"}
        elif item["Type"] == "AWS::ApiGatewayV2::Route":
            assert item["Properties"].keys() - {"AuthorizationType"} == {"ApiId", "RouteKey", "Target"}


def test_every_resource_of_the_module_is_one_of_the_template():
    known = {address for address, _ in [*WHOLE.values(), *COUNTERPARTS.values(), *POLICIES.values()]}
    assert DECLARED.keys() - known == {"aws_lambda_provisioned_concurrency_config.live"}
    assert COUNTERPARTS.keys() | ABSENT == {
        canonical(name) for name, item in RESOURCES.items() if item["Type"] not in WHOLE
    }


def test_what_outlives_the_stack_is_protected():
    for name, item in RESOURCES.items():
        if item.get("DeletionPolicy", "Delete") != "Delete" and "Version" not in name:
            address, _ = COUNTERPARTS[name]
            assert "true" in (found(address, "deletion_protection_enabled"), found(address, "skip_destroy")), name


def test_replicas_are_protected_and_have_the_keys_of_their_regions():
    for table in ("clients", "tokens"):
        [replica] = flattened(f"aws_dynamodb_table.{table}")["replica"]
        assert arguments(replica) == {
            "region_name": "${replica.key}",
            "kms_key_arn": "${replica.value}",
            "point_in_time_recovery": True,
            "deletion_protection_enabled": True,
        }
        assert found(f"aws_dynamodb_table.{table}", "point_in_time_recovery.enabled") == "true"


def test_each_variable_is_a_parameter_or_belongs_to_the_tool():
    own = {"name", "package"}
    parameters = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in EXPANDED["Parameters"].keys() - NOT_IN_TERRAFORM}
    assert NAMES["variable"] - own == parameters
    assert found("aws_lambda_function.endpoint", "lifecycle.precondition.condition") == "length(local.contradictions) == 0"


def test_the_modules_of_the_readme_have_arguments_and_outputs_that_exist():
    page = (TERRAFORM / "README.md").read_text()
    blocks = re.findall(r"^```hcl terraform\n(.*?)^```$", page, re.M | re.S)
    assert len(blocks) == 2 and page.count("```") == 4
    for block in blocks:
        for item in hcl2.loads(block)["module"]:
            [body] = item.values()
            given = arguments(body).keys() - {"source", "providers"}
            assert given <= NAMES["variable"], given - NAMES["variable"]
            # The variables without a default.
            assert {"name", "package", "default_policy"} <= given
    assert set(re.findall(r"module\.\w+\.(\w+)", page)) <= NAMES["output"]


@pytest.mark.parametrize("tool", ["cdk", "terraform"])
def test_each_link_of_a_readme_leads_somewhere(tool):
    folder = TERRAFORM.parent / tool
    links = re.findall(r"\]\(([^)#]+)", (folder / "README.md").read_text())
    assert links and all((folder / link).exists() for link in links), links
