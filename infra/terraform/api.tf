resource "aws_apigatewayv2_api" "endpoint" {
  # There is no cors_configuration, because the gateway would then answer OPTIONS instead of the function.
  name          = var.name
  protocol_type = "HTTP"
  # The API's own address does not require a certificate, so callers could bypass the domain that does.
  disable_execute_api_endpoint = local.has_mtls_domain
}

resource "aws_apigatewayv2_integration" "endpoint" {
  api_id                 = aws_apigatewayv2_api.endpoint.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "endpoint" {
  #checkov:skip=CKV_AWS_309:The function authenticates each caller itself, with the credentials of its OAuth client (RFC 7662 §2.1).
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.endpoint.id
  route_key          = each.value.route_key
  authorization_type = each.value.authorization_type
  target             = "integrations/${aws_apigatewayv2_integration.endpoint.id}"
}

resource "aws_apigatewayv2_stage" "endpoint" {
  api_id      = aws_apigatewayv2_api.endpoint.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.throttling_rate_limit
    throttling_burst_limit = var.throttling_burst_limit
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = local.access_log_format
  }
}

resource "aws_apigatewayv2_domain_name" "domain" {
  count = local.has_domain ? 1 : 0

  domain_name = var.domain_name

  domain_name_configuration {
    certificate_arn = var.domain_certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "domain" {
  count = local.has_domain ? 1 : 0

  api_id      = aws_apigatewayv2_api.endpoint.id
  domain_name = aws_apigatewayv2_domain_name.domain[0].id
  stage       = aws_apigatewayv2_stage.endpoint.id
}

resource "aws_apigatewayv2_domain_name" "mtls" {
  count = local.has_mtls_domain ? 1 : 0

  domain_name = var.mtls_domain_name

  domain_name_configuration {
    certificate_arn = var.mtls_certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }

  mutual_tls_authentication {
    truststore_uri = var.mtls_truststore_uri
  }
}

resource "aws_apigatewayv2_api_mapping" "mtls" {
  count = local.has_mtls_domain ? 1 : 0

  api_id      = aws_apigatewayv2_api.endpoint.id
  domain_name = aws_apigatewayv2_domain_name.mtls[0].id
  stage       = aws_apigatewayv2_stage.endpoint.id
}
