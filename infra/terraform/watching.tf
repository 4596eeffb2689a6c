resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_338:The operator chooses log_retention_days. The default keeps personal data for 90 days only.
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.has_log_key ? var.log_key_arn : null
  # It outlives the deployment, because it holds the audit trail; the retention still empties it.
  skip_destroy = true
}

# All groups with this prefix share one entry of the account's resource policy for log delivery.
resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_338:The operator chooses log_retention_days. The default keeps personal data for 90 days only.
  name              = "/aws/vendedlogs/${var.name}-access"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.has_log_key ? var.log_key_arn : null
}

resource "aws_cloudwatch_log_metric_filter" "endpoint" {
  for_each = local.metric_filters

  name           = each.key
  log_group_name = aws_cloudwatch_log_group.function.name
  pattern        = each.value.pattern

  metric_transformation {
    namespace  = each.value.namespace
    name       = each.value.metric
    value      = each.value.value
    unit       = each.value.unit
    dimensions = each.value.dimensions
  }
}

resource "aws_cloudwatch_metric_alarm" "endpoint" {
  for_each = local.alarms

  alarm_name                            = "${var.name}-${each.key}"
  alarm_description                     = each.value.description
  namespace                             = each.value.namespace
  metric_name                           = each.value.metric
  dimensions                            = each.value.metric == null ? null : each.value.dimensions
  statistic                             = each.value.statistic
  extended_statistic                    = each.value.extended_statistic
  evaluate_low_sample_count_percentiles = each.value.low_sample_count
  period                                = each.value.period
  evaluation_periods                    = each.value.evaluation_periods
  datapoints_to_alarm                   = each.value.datapoints_to_alarm
  comparison_operator                   = each.value.comparison
  threshold                             = each.value.threshold
  threshold_metric_id                   = each.value.threshold_metric
  treat_missing_data                    = each.value.missing_data
  alarm_actions                         = local.has_alarm_topic ? [var.alarm_topic_arn] : []

  dynamic "metric_query" {
    for_each = each.value.queries

    content {
      id          = metric_query.value.id
      label       = metric_query.value.label
      expression  = metric_query.value.expression
      return_data = metric_query.value.return_data
      period      = metric_query.value.period

      dynamic "metric" {
        for_each = metric_query.value.metrics

        content {
          namespace   = metric.value.namespace
          metric_name = metric.value.name
          dimensions  = metric.value.dimensions
          stat        = metric.value.stat
          period      = metric.value.period
        }
      }
    }
  }
}

resource "aws_cloudwatch_dashboard" "endpoint" {
  dashboard_name = var.name
  dashboard_body = local.dashboard
}
