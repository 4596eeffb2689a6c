# Written from template.yaml by `UPDATE_INFRA=1 pytest tests/template -k infra`. A change belongs there.

output "introspection_endpoint" {
  value = local.has_public_url ? "${var.public_url}/token/introspect" : (local.has_domain ? "https://${var.domain_name}/token/introspect" : (local.has_mtls_domain ? "https://${var.mtls_domain_name}/token/introspect" : "${aws_apigatewayv2_api.endpoint.api_endpoint}/token/introspect"))
}

output "api_address" {
  value = aws_apigatewayv2_api.endpoint.api_endpoint
}

output "api_id" {
  value = aws_apigatewayv2_api.endpoint.id
}

output "domain_target" {
  description = "What the DNS record of DomainName points to."
  value       = local.has_domain ? aws_apigatewayv2_domain_name.domain[0].domain_name_configuration[0].target_domain_name : null
}

output "domain_hosted_zone_id" {
  description = "The hosted zone of DomainTarget, for an alias record."
  value       = local.has_domain ? aws_apigatewayv2_domain_name.domain[0].domain_name_configuration[0].hosted_zone_id : null
}

output "mtls_domain_target" {
  description = "What the DNS record of MtlsDomainName points to."
  value       = local.has_mtls_domain ? aws_apigatewayv2_domain_name.mtls[0].domain_name_configuration[0].target_domain_name : null
}

output "mtls_domain_hosted_zone_id" {
  description = "The hosted zone of MtlsDomainTarget, for an alias record."
  value       = local.has_mtls_domain ? aws_apigatewayv2_domain_name.mtls[0].domain_name_configuration[0].hosted_zone_id : null
}

output "clients_table_name" {
  value = local.creates_clients_table ? aws_dynamodb_table.clients[0].name : var.existing_clients_table
}

output "clients_table_arn" {
  value = local.creates_clients_table ? aws_dynamodb_table.clients[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_clients_table}"
}

output "tokens_table_name" {
  value = local.creates_tokens_table ? aws_dynamodb_table.tokens[0].name : var.existing_tokens_table
}

output "tokens_table_arn" {
  value = local.creates_tokens_table ? aws_dynamodb_table.tokens[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_tokens_table}"
}

output "state_table_name" {
  value = local.creates_state_table ? aws_dynamodb_table.state[0].name : var.existing_state_table
}

output "state_table_arn" {
  value = local.creates_state_table ? aws_dynamodb_table.state[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_state_table}"
}

output "tokens_stream_arn" {
  description = "The stream of the tokens table, if this stack created both."
  value       = local.streams_tokens ? aws_dynamodb_table.tokens[0].stream_arn : null
}

output "function_name" {
  value = aws_lambda_function.endpoint.function_name
}

output "function_arn" {
  value = aws_lambda_function.endpoint.arn
}

output "function_alias_arn" {
  value = aws_lambda_alias.live.arn
}

output "function_role_arn" {
  description = "For the policies of keys, secrets and networks."
  value       = aws_iam_role.function.arn
}

output "function_log_group_name" {
  value = aws_cloudwatch_log_group.function.name
}

output "access_log_group_name" {
  value = aws_cloudwatch_log_group.access.name
}

output "metrics_namespace" {
  value = "token-introspection/${var.name}"
}

output "dashboard_url" {
  value = "https://console.aws.amazon.com/cloudwatch/home?region=${data.aws_region.current.region}#dashboards:name=${aws_cloudwatch_dashboard.endpoint.dashboard_name}"
}

output "authorization_server_policy_arn" {
  value = aws_iam_policy.authorization_server.arn
}

output "logout_handler_policy_arn" {
  value = local.has_logout_issuer ? aws_iam_policy.logout_handler[0].arn : null
}

output "revocation_event_source" {
  description = "The source of its events, for the patterns of rules."
  value       = local.has_revocation_events ? "token-introspection/${var.name}" : null
}
