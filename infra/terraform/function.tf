# What template.yaml has no parameter for, because its tools know it.

variable "name" {
  type        = string
  nullable    = false
  description = "The name of the deployment, as the name of a stack. Names of resources and metrics begin or end with it."

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,40}$", var.name))
    error_message = "The value is a letter, and up to 40 letters, digits and hyphens."
  }
}

variable "package" {
  type        = string
  nullable    = false
  description = "Path of the zip with the function: bootstrap.zip of `cargo lambda build --release --output-format zip`."
}

resource "aws_lambda_function" "endpoint" {
  #checkov:skip=CKV_AWS_116:The gateway waits for the answer. A dead-letter queue takes only asynchronous calls, and no principal may make them.
  #checkov:skip=CKV_AWS_173:Lambda encrypts the variables with its own key. Only redis_url is a secret; the others name tables, issuers and keys.
  #checkov:skip=CKV_AWS_272:The deployer builds the zip. An account that requires signed code signs it with a profile of its own.
  function_name    = var.name
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = var.memory_size
  # The function answers within two seconds by itself; this limit only ends invocations that hang.
  timeout                        = 5
  reserved_concurrent_executions = local.has_reserved_concurrency ? var.reserved_concurrency : null
  role                           = aws_iam_role.function.arn
  publish                        = true

  environment {
    variables = local.environment
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.function.name
    log_format            = "JSON"
    application_log_level = "TRACE"
    system_log_level      = "WARN"
  }

  tracing_config {
    mode = "Active"
  }

  dynamic "vpc_config" {
    for_each = local.has_vpc ? [1] : []

    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }

  depends_on = [aws_iam_role_policy.function]

  lifecycle {
    precondition {
      condition     = length(local.contradictions) == 0
      error_message = join(" ", local.contradictions)
    }
  }
}

# The gateway calls this alias. Terraform has no resource for a deployment of CodeDeploy, so the alias moves at once.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.endpoint.function_name
  function_version = aws_lambda_function.endpoint.version
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  count = local.has_provisioned_concurrency ? 1 : 0

  function_name                     = aws_lambda_function.endpoint.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.provisioned_concurrency
}

# A principal that may invoke the function directly may claim any identity, so only this API may invoke it.
resource "aws_lambda_permission" "api" {
  function_name = aws_lambda_function.endpoint.function_name
  qualifier     = aws_lambda_alias.live.name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.endpoint.execution_arn}/*"
}

resource "aws_iam_role" "function" {
  name               = "${var.name}-function"
  assume_role_policy = jsonencode(local.function_role_trust)
}

resource "aws_iam_role_policy" "function" {
  name   = "least-privilege"
  role   = aws_iam_role.function.id
  policy = jsonencode(local.function_role_policy)
}

# Attach these policies to the other writers of the tokens table, so that each can write only its own kind of item.
resource "aws_iam_policy" "authorization_server" {
  name        = "${var.name}-authorization-server"
  description = "Stores opaque tokens for introspection, and marks them revoked in their records."
  policy      = jsonencode(local.authorization_server_policy_policy)
}

resource "aws_iam_policy" "logout_handler" {
  count = local.has_logout_issuer ? 1 : 0

  name        = "${var.name}-logout-handler"
  description = "Revokes sessions of one issuer."
  policy      = jsonencode(local.logout_handler_policy_policy)
}
