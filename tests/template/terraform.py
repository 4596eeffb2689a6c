"""Writes what the Terraform module has in common with template.yaml, in the language of Terraform."""

import json
import re

# What Terraform calls the resources of the template. A reference to another one is an error.
ADDRESSES = {
    ("ClientsTable", None): "aws_dynamodb_table.clients[0].name",
    ("TokensTable", None): "aws_dynamodb_table.tokens[0].name",
    ("StateTable", None): "aws_dynamodb_table.state[0].name",
    ("ClientsTable", "Arn"): "aws_dynamodb_table.clients[0].arn",
    ("TokensTable", "Arn"): "aws_dynamodb_table.tokens[0].arn",
    ("StateTable", "Arn"): "aws_dynamodb_table.state[0].arn",
    ("TokensTable", "StreamArn"): "aws_dynamodb_table.tokens[0].stream_arn",
    ("IntrospectionFunction", None): "aws_lambda_function.endpoint.function_name",
    ("IntrospectionFunction", "Arn"): "aws_lambda_function.endpoint.arn",
    ("IntrospectionFunctionAliaslive", None): "aws_lambda_alias.live.arn",
    ("FunctionRole", "Arn"): "aws_iam_role.function.arn",
    ("FunctionLogGroup", None): "aws_cloudwatch_log_group.function.name",
    # CloudFormation's has this suffix already.
    ("FunctionLogGroup", "Arn"): '"${aws_cloudwatch_log_group.function.arn}:*"',
    ("AccessLogGroup", None): "aws_cloudwatch_log_group.access.name",
    ("Api", None): "aws_apigatewayv2_api.endpoint.id",
    ("Api", "ApiEndpoint"): "aws_apigatewayv2_api.endpoint.api_endpoint",
    ("Domain", "RegionalDomainName"): "aws_apigatewayv2_domain_name.domain[0].domain_name_configuration[0].target_domain_name",
    ("Domain", "RegionalHostedZoneId"): "aws_apigatewayv2_domain_name.domain[0].domain_name_configuration[0].hosted_zone_id",
    ("MtlsDomain", "RegionalDomainName"): "aws_apigatewayv2_domain_name.mtls[0].domain_name_configuration[0].target_domain_name",
    ("MtlsDomain", "RegionalHostedZoneId"): "aws_apigatewayv2_domain_name.mtls[0].domain_name_configuration[0].hosted_zone_id",
    ("AuthorizationServerPolicy", None): "aws_iam_policy.authorization_server.arn",
    ("LogoutHandlerPolicy", None): "aws_iam_policy.logout_handler[0].arn",
    ("RevocationPipe", None): "aws_pipes_pipe.revocations[0].name",
    ("Dashboard", None): "aws_cloudwatch_dashboard.endpoint.dashboard_name",
    ("AWS::Partition", None): "data.aws_partition.current.partition",
    ("AWS::URLSuffix", None): "data.aws_partition.current.dns_suffix",
    ("AWS::Region", None): "data.aws_region.current.region",
    ("AWS::AccountId", None): "data.aws_caller_identity.current.account_id",
    ("AWS::StackName", None): "var.name",
    ("AWS::NoValue", None): "null",
}
NO_VALUE = {"Ref": "AWS::NoValue"}
HEADER = "# Written from template.yaml by `UPDATE_INFRA=1 pytest tests/template -k infra`. A change belongs there.\n\n"


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def aligned(text):
    """The text with the equals signs of neighbouring lines below each other, as `terraform fmt` writes it."""
    lines, run = [], []

    def flush():
        width = max((len(name) for name, _ in run), default=0)
        lines.extend(f"{name.ljust(width)} = {value}" for name, value in run)
        run.clear()

    for line in text.split("\n"):
        match = re.fullmatch(r'( *(?:\w+|"[^"=]*")) = (.*)', line)
        opens = match and re.search(r"[\[{(]$", match[2])
        if match and run and len(run[0][0]) - len(run[0][0].lstrip()) != len(match[1]) - len(match[1].lstrip()):
            flush()
        if match and not opens:
            run.append((match[1], match[2]))
            continue
        flush()
        lines.append(line)
    flush()
    return "\n".join(lines)


def quoted(text):
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


# What a parameter says about CloudFormation.
TERRAFORMS_OWN = {
    "RedisUrl": {
        "Description": "REDIS_URL, to keep the tokens in Redis or Valkey. Read it from a data source, such as that of a secret. Empty - DynamoDB.",
        "AllowedPattern": r"^(rediss://\S+)?$",
    },
}


class Module:
    def __init__(self, template):
        self.template = template

    def address(self, name, attribute=None):
        if name in self.template["Parameters"]:
            return f"var.{snake(name)}"
        if attribute == "Arn" and self.template["Resources"].get(name, {}).get("Type") == "AWS::CloudWatch::Alarm":
            return f'aws_cloudwatch_metric_alarm.endpoint["{name}"].arn'
        return ADDRESSES[name, attribute]

    def sub(self, text, variables):
        out = ""
        for piece in re.split(r"(\$\{[^}]*\})", text):
            if not piece.startswith("${"):
                out += quoted(piece)[1:-1]
            elif piece.startswith("${!"):
                out += "$${" + piece[3:]
            elif piece[2:-1] in variables:
                out += "${" + self.value(variables[piece[2:-1]]) + "}"
            else:
                address = self.address(*piece[2:-1].split("."))
                # The suffix of a log group's ARN, say, is text and no expression.
                out += address[1:-1] if address.startswith('"') else "${" + address + "}"
        return f'"{out}"'

    def value(self, value, indent=0):
        """A value of the template as an expression of Terraform."""
        if isinstance(value, str):
            return quoted(value)
        if isinstance(value, bool) or not isinstance(value, (list, dict)):
            return json.dumps(value)
        inner = "  " * (indent + 1)
        if isinstance(value, list):
            items = [self.value(item, indent + 1) for item in value]
            # An item that may have no value is left out.
            if any(isinstance(item, dict) and item.get("Fn::If", [0, 0, 0])[2] == NO_VALUE for item in value):
                lines = "".join(f"{inner}{item},\n" for item in items)
                return f"[for item in [\n{lines}{'  ' * indent}] : item if item != null]"
            flat = f"[{', '.join(items)}]"
            if len(flat) < 100 and "\n" not in flat:
                return flat
            return "[\n" + "".join(f"{inner}{item},\n" for item in items) + "  " * indent + "]"
        [*names] = value
        if len(names) == 1 and (names[0].startswith("Fn::") or names[0] == "Ref"):
            return self.function(names[0], value[names[0]], indent)
        members = ((name if re.fullmatch(r"[A-Za-z_]\w*", name) else quoted(name), item) for name, item in value.items())
        return "{\n" + "".join(f"{inner}{name} = {self.value(item, indent + 1)}\n" for name, item in members) + "  " * indent + "}"

    def function(self, name, argument, indent):
        if name == "Ref":
            return self.address(argument)
        if name == "Fn::GetAtt":
            return self.address(*argument)
        if name == "Fn::Sub":
            text, variables = (argument, {}) if isinstance(argument, str) else argument
            return self.sub(text, variables)
        if name == "Fn::If":
            condition, one, other = argument
            return f"local.{snake(condition)} ? {self.value(one, indent)} : {self.nested(other, indent)}"
        if name in ("Fn::Join", "Fn::Split"):
            return f"{name[4:].lower()}({quoted(argument[0])}, {self.value(argument[1], indent)})"
        raise ValueError(name)

    def nested(self, value, indent):
        text = self.value(value, indent)
        return f"({text})" if isinstance(value, dict) and "Fn::If" in value else text

    def condition(self, condition):
        [(name, argument)] = condition.items()
        if name == "Condition":
            return f"local.{snake(argument)}"
        if name == "Fn::Equals":
            left, right = (self.value(item) for item in argument)
            # Whether a secret is given is no secret, and otherwise nothing that depends on it would be shown.
            secret = self.template["Parameters"].get(argument[0].get("Ref"), {}).get("NoEcho")
            return f"nonsensitive({left} == {right})" if secret else f"{left} == {right}"
        if name == "Fn::Not" and "Fn::Equals" in argument[0] and "nonsensitive" not in self.condition(argument[0]):
            return self.condition(argument[0]).replace(" == ", " != ")
        parts = [f"({self.condition(item)})" for item in argument]
        return f"!{parts[0]}" if name == "Fn::Not" else {"Fn::And": " && ", "Fn::Or": " || "}[name].join(parts)

    def variables(self, left_out):
        text = HEADER
        for name, parameter in self.template["Parameters"].items():
            parameter = {**parameter, **TERRAFORMS_OWN.get(name, {})}
            if name not in left_out:
                text += self.variable(name, parameter)
        return aligned(text.rstrip("\n") + "\n")

    def variable(self, name, parameter):
        of_list = parameter["Type"] == "CommaDelimitedList"
        number = parameter["Type"] == "Number" or name == "LogRetentionDays"
        kind = "list(string)" if of_list else "number" if number else "string"
        lines = [f'variable "{snake(name)}" {{', f"  type = {kind}"]
        if "Default" in parameter:
            default = [] if of_list else parameter["Default"]
            lines.append(f"  default = {self.value(default)}")
        lines += ["  nullable = false"]
        if parameter.get("NoEcho"):
            lines.append("  sensitive = true")
        if "Description" in parameter:
            lines.append(f"  description = {quoted(parameter['Description'])}")
        address = f"var.{snake(name)}"
        for condition, message in self.checks(parameter, "item" if of_list else address):
            if of_list:
                condition = f"alltrue([for item in {address} : {condition}])"
            lines += ["", "  validation {", f"    condition = {condition}", f"    error_message = {quoted(message)}", "  }"]
        return "\n".join(lines) + "\n}\n\n"

    def checks(self, parameter, address):
        if "AllowedPattern" in parameter:
            pattern = parameter["AllowedPattern"]
            yield f"can(regex({quoted(pattern)}, {address}))", f"The value does not match {pattern}."
        if "AllowedValues" in parameter:
            values = parameter["AllowedValues"]
            yield f"contains({self.value(values, 2)}, {address})", f"The value is one of {', '.join(map(str, values))}."
        for limit, sign, word in (("MinValue", ">=", "least"), ("MaxValue", "<=", "most")):
            if limit in parameter:
                yield f"{address} {sign} {parameter[limit]}", f"The value is at {word} {parameter[limit]}."

    def outputs(self):
        text = HEADER
        for name, output in self.template["Outputs"].items():
            value = self.value(output["Value"])
            if "Condition" in output:
                value = f"local.{snake(output['Condition'])} ? {value} : null"
            description = f"  description = {quoted(output['Description'])}\n" if "Description" in output else ""
            text += f'output "{snake(name)}" {{\n{description}  value = {value}\n}}\n\n'
        return aligned(text.rstrip("\n") + "\n")

    def local(self, name, value):
        return f"  {name} = {self.value(value, 1)}\n\n"

    def locals(self):
        template = self.template
        text = HEADER + "locals {\n"
        for name, condition in template["Conditions"].items():
            text += f"  {snake(name)} = {self.condition(condition)}\n"
        text += "\n  # Parameters that contradict each other.\n  contradictions = compact([\n"
        for rule in template["Rules"].values():
            for item in rule["Assertions"]:
                broken = f"({self.condition(rule['RuleCondition'])}) && !({self.condition(item['Assert'])})"
                text += f"    {broken} ? {quoted(item['AssertDescription'])} : \"\",\n"
        text += "  ])\n\n"
        resources = template["Resources"]
        variables = resources["IntrospectionFunction"]["Properties"]["Environment"]["Variables"]
        text += self.environment(variables)
        for name, item in resources.items():
            properties = item.get("Properties", {})
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
            documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
            if documents and name != "DeploymentRole":
                text += self.local(f"{snake(name)}_policy", documents[0])
            if "AssumeRolePolicyDocument" in properties and name != "DeploymentRole":
                text += self.local(f"{snake(name)}_trust", properties["AssumeRolePolicyDocument"])
        text += self.watching(resources) + self.routes_and_pipe(resources)
        return aligned(text.rstrip("\n") + "\n}\n")

    def environment(self, variables):
        optional = {name: item["Fn::If"] for name, item in variables.items() if "Fn::If" in item and item["Fn::If"][2] == NO_VALUE}
        always = {name: item for name, item in variables.items() if name not in optional}
        text = f"  environment = merge(\n    {self.value(always, 2)},\n"
        for name, (condition, value, _) in optional.items():
            text += f"    local.{snake(condition)} ? {{ {name} = {self.value(value, 2)} }} : {{}},\n"
        return text + "  )\n\n"

    def routes_and_pipe(self, resources):
        routes = {
            name: {"route_key": item["Properties"]["RouteKey"], "authorization_type": item["Properties"].get("AuthorizationType", "NONE")}
            for name, item in resources.items()
            if item["Type"] == "AWS::ApiGatewayV2::Route"
        }
        pipe = resources["RevocationPipe"]["Properties"]
        filters = [item["Pattern"] for item in pipe["SourceParameters"]["FilterCriteria"]["Filters"]]
        stage = resources["ApiStage"]["Properties"]
        return (
            self.local("routes", routes)
            + self.local("access_log_format", stage["AccessLogSettings"]["Format"])
            + self.local("revocation_filters", filters)
            + self.local("revocation_source", pipe["Source"])
            + self.local("revocation_event", pipe["TargetParameters"])
        )

    def watching(self, resources):
        filters, alarms = {}, "  alarms = { for name, alarm in {\n"
        for name, item in resources.items():
            properties = item.get("Properties", {})
            if item["Type"] == "AWS::Logs::MetricFilter":
                [change] = properties["MetricTransformations"]
                filters[name] = {
                    "pattern": properties["FilterPattern"],
                    "metric": change["MetricName"],
                    "namespace": change["MetricNamespace"],
                    "value": change["MetricValue"],
                    "unit": change["Unit"],
                    "dimensions": {pair["Key"]: pair["Value"] for pair in change.get("Dimensions", [])},
                }
            elif item["Type"] == "AWS::CloudWatch::Alarm":
                alarm = self.value(self.alarm(properties), 2)
                if "Condition" in item:
                    alarm = f"local.{snake(item['Condition'])} ? {alarm} : null"
                alarms += f"    {name} = {alarm}\n"
        alarms += "  } : name => alarm if alarm != null }\n\n"
        dashboard = resources["Dashboard"]["Properties"]["DashboardBody"]
        return self.local("metric_filters", filters) + alarms + self.local("dashboard", dashboard)

    @staticmethod
    def alarm(properties):
        """An alarm with the names of Terraform's attributes. All alarms have the same members."""
        def dimensions(metric):
            return {pair["Name"]: pair["Value"] for pair in metric.get("Dimensions", [])}

        known = {
            "AlarmDescription", "Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period",
            "EvaluationPeriods", "DatapointsToAlarm", "ComparisonOperator", "Threshold", "ThresholdMetricId", "TreatMissingData",
            "EvaluateLowSampleCountPercentile", "Metrics", "AlarmActions",
        }  # fmt: skip
        assert properties.keys() <= known, properties.keys() - known
        queries = []
        for query in properties.get("Metrics", []):
            stat = query.get("MetricStat", {})
            metric = stat.get("Metric", {})
            queries.append({
                "id": query["Id"],
                "label": query.get("Label"),
                "expression": query.get("Expression"),
                # The threshold of an anomaly detector is a query of its own.
                "return_data": query.get("ReturnData", True),
                "period": query.get("Period"),
                "metrics": [{
                    "namespace": metric["Namespace"],
                    "name": metric["MetricName"],
                    "dimensions": dimensions(metric),
                    "stat": stat["Stat"],
                    "period": stat["Period"],
                }] if metric else [],
            })
        return {
            "description": properties["AlarmDescription"],
            "namespace": properties.get("Namespace"),
            "metric": properties.get("MetricName"),
            "dimensions": dimensions(properties),
            "statistic": properties.get("Statistic"),
            "extended_statistic": properties.get("ExtendedStatistic"),
            "low_sample_count": properties.get("EvaluateLowSampleCountPercentile"),
            "period": properties.get("Period"),
            "evaluation_periods": properties["EvaluationPeriods"],
            "datapoints_to_alarm": properties.get("DatapointsToAlarm"),
            "comparison": properties["ComparisonOperator"],
            "threshold": properties.get("Threshold"),
            "threshold_metric": properties.get("ThresholdMetricId"),
            "missing_data": properties["TreatMissingData"],
            "queries": queries,
        }
