"""Metrics, alarms and the dashboard of template.yaml name only what the function logs and what exists."""

import json
import re

from stack import ROOT, Stack

ENDPOINT = Stack("template.yaml", "IntrospectionFunction")
RESOURCES, of_type = ENDPOINT.resources, ENDPOINT.of_type
FILTERS = of_type("AWS::Logs::MetricFilter")
ALARMS = of_type("AWS::CloudWatch::Alarm")
OURS = "token-introspection/${AWS::StackName}"
SOURCE = "".join(path.read_text() for path in (ROOT / "src").rglob("*.rs"))
REASONS = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/reasons.md").read_text(), re.M))
DEPLOY = (ROOT / "docs/deploy.md").read_text()
RUNBOOK = (ROOT / "docs/guides/runbook.md").read_text()


def emitted():
    """Each metric of ours, with the name of its dimension, if it has one."""
    changes = [change for item in FILTERS.values() for change in item["MetricTransformations"]]
    return {change["MetricName"]: [pair["Key"] for pair in change.get("Dimensions", [])] for change in changes}


def metrics_of(alarm):
    if "Metrics" not in alarm:
        return [alarm]
    return [item["MetricStat"]["Metric"] for item in alarm["Metrics"] if "MetricStat" in item]


def widgets():
    """The widgets of the dashboard. A reference to a resource becomes its name."""
    text, variables = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    names = set(re.findall(r"\$\{([^!.}:]+)", text)) - {"AWS"}
    assert variables.keys() < names
    assert names <= RESOURCES.keys() | variables.keys(), names - RESOURCES.keys()
    # An alarm that only some stacks have, as they show it.
    optional = variables["RevocationEventAlarms"]["Fn::If"]
    assert (optional[0], optional[2]) == ("HasRevocationEvents", "")
    return json.loads(text.replace("${RevocationEventAlarms}", optional[1]["Fn::Sub"]))["widgets"]


def test_e04_n02_each_event_that_is_counted_is_one_that_the_function_logs():
    events = {event for item in FILTERS.values() for event in re.findall(r'\$\.event = "(\w+)"', item["FilterPattern"])}
    assert len(events) == 7
    for event in events:
        assert f'event = "{event}"' in SOURCE, event


def test_the_metrics_use_only_fields_with_few_values():
    fields = {field for item in FILTERS.values() for field in re.findall(r"\$\.\w+", json.dumps(item))}
    assert fields == {"$.target", "$.outcome", "$.policy", "$.event", "$.reason", "$.latency_ms", "$.issuer"}
    # A dimension for each caller, issuer or token would be a metric for each.
    assert {name for names in emitted().values() for name in names} == {"Outcome", "Reason", "Issuer"}


def test_the_metric_of_an_issuer_exists_only_while_its_keys_cannot_be_fetched():
    [(name, item)] = [pair for pair in FILTERS.items() if "$.issuer" in json.dumps(pair[1])]
    assert name == "KeyFetchFailureMetric"
    assert item["FilterPattern"] == '{ $.event = "jwks_fetch_failed" && $.issuer = "*" }'


def test_the_alarm_of_the_keys_judges_each_issuer_and_long_before_a_day_is_over():
    alarm = ALARMS["KeyFetchAlarm"]
    [query] = alarm["Metrics"]
    text = query["Expression"]["Fn::Sub"]
    # CloudWatch demands both clauses of an alarm with a state for each series.
    schema = f'FROM SCHEMA("{OURS}", Issuer) GROUP BY Issuer ORDER BY SUM() DESC'
    assert text == f"SELECT SUM(KeyFetchFailures) {schema}"
    assert emitted()["KeyFetchFailures"] == ["Issuer"]
    seconds = query["Period"] * alarm["EvaluationPeriods"]
    # An issuer with few calls: its keys are requested once an hour, and each failure counts.
    assert seconds // 3600 >= alarm["DatapointsToAlarm"] and seconds <= 6 * 3600
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")


def test_each_metric_has_a_row_on_the_page():
    rows = set(re.findall(r"^\| `(\w+)`(?:, by `\w+`)? \|", DEPLOY.split("## Metrics")[1].split("## Logs")[0], re.M))
    assert rows == emitted().keys()


def test_each_alarm_names_a_metric_that_is_emitted_with_its_dimension():
    ours = 0
    for name, alarm in ALARMS.items():
        for metric in metrics_of(alarm):
            namespace = metric["Namespace"]
            if namespace != {"Fn::Sub": OURS}:
                assert namespace in ("AWS/Lambda", "AWS/ApiGateway", "AWS/EventBridge/Pipes"), name
                continue
            ours += 1
            dimensions = metric.get("Dimensions", [])
            assert [pair["Name"] for pair in dimensions] == emitted()[metric["MetricName"]], name
            for pair in dimensions:
                known = REASONS if pair["Name"] == "Reason" else {"active", "inactive", "refused"}
                assert pair["Value"] in known, name
    assert ours == 11


def test_each_identifier_in_an_expression_is_a_metric_of_the_alarm():
    for name, alarm in ALARMS.items():
        ids = {item["Id"] for item in alarm.get("Metrics", [])}
        for item in alarm.get("Metrics", []):
            expression = item.get("Expression", "")
            if isinstance(expression, dict):
                assert expression["Fn::Sub"].startswith("SELECT "), name
                continue
            used = set(re.findall(r"\b[a-z]+\b", expression))
            assert used <= ids, (name, used - ids)
        assert alarm.get("ThresholdMetricId", "band") in ids | {"band"}


def test_each_alarm_pages_if_there_is_a_topic_and_has_a_section_in_the_runbook():
    for name, alarm in ALARMS.items():
        assert alarm["AlarmActions"]["Fn::If"][0] == "HasAlarmTopic", name
        assert alarm["TreatMissingData"] == "notBreaching", name
    sections = dict(re.findall(r"^### (\w+Alarm)\n(.*?)(?=^##|\Z)", RUNBOOK, re.M | re.S))
    assert sections.keys() == ALARMS.keys()
    for name, text in sections.items():
        # tests/integration/docs/queries.rs compares the fields of the queries with what the function logs.
        assert text.count("```text insights\n") == 1, name
        assert text.count("**Do") == 2 and "**Do not** " in text, name


def test_the_dashboard_shows_every_alarm_and_only_metrics_that_exist():
    [alarms] = [widget["properties"]["alarms"] for widget in widgets() if widget["type"] == "alarm"]
    assert {alarm.removeprefix("${").removesuffix(".Arn}") for alarm in alarms} == ALARMS.keys()
    text = json.dumps([widget for widget in widgets() if widget["type"] == "metric"])
    shown = re.findall(r'"token-introspection/\$\{AWS::StackName\}", "(\w+)"', text)
    searched = re.findall(r"\{token-introspection/\$\{AWS::StackName\},(\w+)\} MetricName=\\\"(\w+)\\\"", text)
    assert len(shown) == 2 and len(searched) == 4
    for name in shown:
        assert emitted()[name] == [], name
    for dimension, name in searched:
        assert emitted()[name] == [dimension], name


def test_the_queries_of_the_dashboard_name_only_fields_that_are_logged():
    table = DEPLOY.split("### The audit record")[1].split("### What the log costs")[0]
    fields = {name for names in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table, re.M) for name in re.findall(r"\w+", names)}
    queries = [widget["properties"]["query"] for widget in widgets() if widget["type"] == "log"]
    assert len(queries) == 4
    words = {"filter", "target", "audit", "stats", "count", "as", "calls", "sum", "strcontains", "by", "sort", "desc", "limit",
             "and", "in", "active", "inactive", "refused", "answers", "inactive_per_cent", "event", "latest", "last", "at",
             "timestamp", "cause", "why", "asc", "jwks_fetched", "jwks_fetch_failed", "pct", "call", "store", "keys", "signer",
             "parse", "cold_starts", "bin", "m"}
    for query in queries:
        _, query = query.split(" | ", 1)
        used = set(re.findall(r"[a-z_]+", query)) - words
        assert used <= fields, used - fields


def test_the_widgets_do_not_overlap():
    taken = set()
    for widget in widgets():
        cells = {(widget["x"] + x, widget["y"] + y) for x in range(widget["width"]) for y in range(widget["height"])}
        assert not cells & taken and max(x for x, _ in cells) < 24, widget["properties"]["title"]
        taken |= cells
