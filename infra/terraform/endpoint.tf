# Written from template.yaml by `UPDATE_INFRA=1 pytest tests/template -k infra`. A change belongs there.

locals {
  has_issuer                    = var.issuer != ""
  has_public_url                = var.public_url != ""
  has_cors_allowed_origins      = var.cors_allowed_origins != ""
  has_reserved_concurrency      = var.reserved_concurrency != ""
  has_provisioned_concurrency   = var.provisioned_concurrency != 0
  has_table_key                 = var.table_key_arn != ""
  creates_clients_table         = var.existing_clients_table == ""
  creates_tokens_table          = var.existing_tokens_table == ""
  creates_state_table           = var.existing_state_table == ""
  has_existing_table_keys       = join(",", var.existing_table_key_arns) != ""
  has_replica                   = var.replica_region != ""
  has_replica_table_key         = var.replica_table_key_arn != ""
  has_second_replica            = (local.has_replica) && (var.second_replica_region != "")
  has_second_replica_table_key  = var.second_replica_table_key_arn != ""
  has_revocation_events         = var.revocation_event_bus_arn != ""
  has_stream                    = (local.has_replica) || (local.has_revocation_events)
  streams_tokens                = (local.creates_tokens_table) && (local.has_stream)
  has_log_key                   = var.log_key_arn != ""
  has_signing_key               = var.signing_key != ""
  has_signing_kms_keys          = join(",", var.signing_kms_key_arns) != ""
  has_signing_secrets           = join(",", var.signing_secret_arns) != ""
  has_redis                     = !(nonsensitive(var.redis_url == ""))
  has_vpc                       = join(",", var.subnet_ids) != ""
  has_domain                    = var.domain_name != ""
  has_mtls_domain               = var.mtls_domain_name != ""
  has_logout_issuer             = var.logout_issuer != ""
  has_notice_issuers            = join(",", var.notice_issuers) != ""
  has_global_revocation_issuers = join(",", var.global_revocation_issuers) != ""
  has_alarm_topic               = var.alarm_topic_arn != ""

  # Parameters that contradict each other.
  contradictions = compact([
    (var.domain_name != "") && !(var.mtls_domain_name == "") ? "Set DomainName or MtlsDomainName, and not both." : "",
    (var.second_replica_region != "") && !(var.replica_region != "") ? "Set ReplicaRegion before SecondReplicaRegion." : "",
    (var.second_replica_region != "") && !(var.second_replica_region != var.replica_region) ? "ReplicaRegion and SecondReplicaRegion are two Regions." : "",
    (var.replica_region != "") && !((var.existing_clients_table == "") || (var.existing_tokens_table == "")) ? "ReplicaRegion has no effect, because both tables exist already." : "",
    (var.replica_region != "") && !(((var.table_key_arn == "") && (var.replica_table_key_arn == "")) || ((var.table_key_arn != "") && (var.replica_table_key_arn != ""))) ? "Set TableKeyArn and ReplicaTableKeyArn, or neither." : "",
    (var.second_replica_region != "") && !(((var.table_key_arn == "") && (var.second_replica_table_key_arn == "")) || ((var.table_key_arn != "") && (var.second_replica_table_key_arn != ""))) ? "Set TableKeyArn and SecondReplicaTableKeyArn, or neither." : "",
    (var.revocation_event_bus_arn != "") && !((var.existing_tokens_table == "") || (var.existing_tokens_stream_arn != "")) ? "Set ExistingTokensStreamArn, the stream of ExistingTokensTable." : "",
    (var.revocation_event_bus_arn != "") && !(nonsensitive(var.redis_url == "")) ? "Marks in Redis have no stream, so RevocationEventBusArn cannot be used with RedisUrl." : "",
  ])

  environment = merge(
    {
      ISSUER                      = local.has_issuer ? var.issuer : (local.has_domain ? "https://${var.domain_name}" : (local.has_mtls_domain ? "https://${var.mtls_domain_name}" : aws_apigatewayv2_api.endpoint.api_endpoint))
      PUBLIC_URL                  = local.has_public_url ? var.public_url : (local.has_domain ? "https://${var.domain_name}" : (local.has_mtls_domain ? "https://${var.mtls_domain_name}" : aws_apigatewayv2_api.endpoint.api_endpoint))
      MTLS_METHOD                 = var.mtls_method
      CLIENTS_TABLE               = local.creates_clients_table ? aws_dynamodb_table.clients[0].name : var.existing_clients_table
      TOKENS_TABLE                = local.creates_tokens_table ? aws_dynamodb_table.tokens[0].name : var.existing_tokens_table
      STATE_TABLE                 = local.creates_state_table ? aws_dynamodb_table.state[0].name : var.existing_state_table
      TRUSTED_ISSUERS             = var.trusted_issuers
      DEFAULT_POLICY              = var.default_policy
      READ_CONSISTENCY            = var.read_consistency
      HOT_RECORD_SECONDS          = var.hot_record_seconds
      CLOCK_SKEW_SECONDS          = var.clock_skew_seconds
      JWKS_REFRESH_SECONDS        = var.jwks_refresh_seconds
      FAILED_AUTHENTICATION_LIMIT = var.failed_authentication_limit
      LOG_LEVEL                   = var.log_level
    },
    local.has_mtls_domain ? { MTLS_PUBLIC_URL = "https://${var.mtls_domain_name}" } : {},
    local.has_global_revocation_issuers ? { GLOBAL_REVOCATION_ISSUERS = join(",", var.global_revocation_issuers) } : {},
    local.has_cors_allowed_origins ? { CORS_ALLOWED_ORIGINS = var.cors_allowed_origins } : {},
    local.has_signing_key ? { SIGNING_KEY = var.signing_key } : {},
    local.has_signing_key ? { SIGNING_ALGORITHM = var.signing_algorithm } : {},
    local.has_redis ? { REDIS_URL = var.redis_url } : {},
  )

  function_role_policy = {
    Version = "2012-10-17"
    Statement = [for item in [
      {
        Sid    = "ReadRecords"
        Effect = "Allow"
        Action = "dynamodb:BatchGetItem"
        Resource = [
          local.creates_clients_table ? aws_dynamodb_table.clients[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_clients_table}",
          local.creates_tokens_table ? aws_dynamodb_table.tokens[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_tokens_table}",
          local.creates_state_table ? aws_dynamodb_table.state[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_state_table}",
        ]
      },
      {
        Sid      = "WriteState"
        Effect   = "Allow"
        Action   = "dynamodb:PutItem"
        Resource = local.creates_state_table ? aws_dynamodb_table.state[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_state_table}"
      },
      {
        Sid      = "WriteMarks"
        Effect   = "Allow"
        Action   = "dynamodb:PutItem"
        Resource = local.creates_tokens_table ? aws_dynamodb_table.tokens[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_tokens_table}"
        Condition = {
          "ForAllValues:StringLike" = {
            "dynamodb:LeadingKeys" = ["revoked#*", "jti#*", "jwt#*", "grant#*"]
          }
          Null = {
            "dynamodb:LeadingKeys" = "false"
          }
        }
      },
      local.has_notice_issuers ? {
        Sid      = "WriteReportedMarks"
        Effect   = "Allow"
        Action   = "dynamodb:PutItem"
        Resource = local.creates_tokens_table ? aws_dynamodb_table.tokens[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_tokens_table}"
        Condition = {
          "ForAllValues:StringLike" = {
            "dynamodb:LeadingKeys" = split(",", join("", ["sid#", join("#*,sid#", var.notice_issuers), "#*,sub#", join("#*,sub#", var.notice_issuers), "#*"]))
          }
          Null = {
            "dynamodb:LeadingKeys" = "false"
          }
        }
      } : null,
      local.has_global_revocation_issuers ? {
        Sid      = "WriteSubjectMarks"
        Effect   = "Allow"
        Action   = "dynamodb:PutItem"
        Resource = local.creates_tokens_table ? aws_dynamodb_table.tokens[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_tokens_table}"
        Condition = {
          "ForAllValues:StringLike" = {
            "dynamodb:LeadingKeys" = split(",", join("", ["sub#", join("#*,sub#", var.global_revocation_issuers), "#*"]))
          }
          Null = {
            "dynamodb:LeadingKeys" = "false"
          }
        }
      } : null,
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.function.arn}:*"
      },
      {
        Sid      = "WriteTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
      local.has_table_key ? {
        Sid      = "DecryptTables"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.table_key_arn
        Condition = {
          StringEquals = {
            "kms:ViaService" = "dynamodb.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}"
          }
        }
      } : null,
      local.has_existing_table_keys ? {
        Sid      = "DecryptExistingTables"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.existing_table_key_arns
        Condition = {
          StringEquals = {
            "kms:ViaService" = "dynamodb.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}"
          }
        }
      } : null,
      local.has_signing_kms_keys ? {
        Sid      = "SignResponses"
        Effect   = "Allow"
        Action   = ["kms:Sign", "kms:GetPublicKey"]
        Resource = var.signing_kms_key_arns
      } : null,
      local.has_signing_secrets ? {
        Sid      = "ReadSigningKeys"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = var.signing_secret_arns
      } : null,
      local.has_vpc ? {
        Sid    = "AttachToVpc"
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = "*"
      } : null,
      local.has_vpc ? {
        Sid      = "LeaveVpcAlone"
        Effect   = "Deny"
        Action   = "ec2:*"
        Resource = "*"
        Condition = {
          Null = {
            "lambda:SourceFunctionArn" = "false"
          }
        }
      } : null,
    ] : item if item != null]
  }

  function_role_trust = {
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "lambda.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      },
    ]
  }

  authorization_server_policy_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WriteOpaqueTokens"
        Effect   = "Allow"
        Action   = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = local.creates_tokens_table ? aws_dynamodb_table.tokens[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_tokens_table}"
        Condition = {
          "ForAllValues:StringLike" = {
            "dynamodb:LeadingKeys" = ["token#*"]
          }
          Null = {
            "dynamodb:LeadingKeys" = "false"
          }
        }
      },
    ]
  }

  logout_handler_policy_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WriteMarks"
        Effect   = "Allow"
        Action   = "dynamodb:PutItem"
        Resource = local.creates_tokens_table ? aws_dynamodb_table.tokens[0].arn : "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${var.existing_tokens_table}"
        Condition = {
          "ForAllValues:StringLike" = {
            "dynamodb:LeadingKeys" = ["sid#${var.logout_issuer}#*"]
          }
          Null = {
            "dynamodb:LeadingKeys" = "false"
          }
        }
      },
    ]
  }

  revocation_pipe_role_policy = {
    Version = "2012-10-17"
    Statement = [for item in [
      {
        Sid    = "ReadStream"
        Effect = "Allow"
        Action = [
          "dynamodb:DescribeStream",
          "dynamodb:GetRecords",
          "dynamodb:GetShardIterator",
          "dynamodb:ListStreams",
        ]
        Resource = local.creates_tokens_table ? aws_dynamodb_table.tokens[0].stream_arn : "${var.existing_tokens_stream_arn}"
      },
      {
        Sid      = "PutEvents"
        Effect   = "Allow"
        Action   = "events:PutEvents"
        Resource = var.revocation_event_bus_arn
      },
      local.has_table_key ? {
        Sid      = "DecryptTables"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.table_key_arn
        Condition = {
          StringEquals = {
            "kms:ViaService" = "dynamodb.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}"
          }
        }
      } : null,
      local.has_existing_table_keys ? {
        Sid      = "DecryptExistingTables"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.existing_table_key_arns
        Condition = {
          StringEquals = {
            "kms:ViaService" = "dynamodb.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}"
          }
        }
      } : null,
    ] : item if item != null]
  }

  revocation_pipe_role_trust = {
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "pipes.amazonaws.com"
        }
        Action = "sts:AssumeRole"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = data.aws_caller_identity.current.account_id
          }
        }
      },
    ]
  }

  metric_filters = {
    OutcomeMetric = {
      pattern   = "{ $.target = \"audit\" && $.outcome = \"*\" }"
      metric    = "Outcomes"
      namespace = "token-introspection/${var.name}"
      value     = "1"
      unit      = "Count"
      dimensions = {
        Outcome = "$.outcome"
      }
    }
    WouldDenyMetric = {
      pattern   = "{ $.target = \"audit\" && $.policy = \"would_deny\" }"
      metric    = "WouldDeny"
      namespace = "token-introspection/${var.name}"
      value     = "1"
      unit      = "Count"
      dimensions = {
      }
    }
    CorruptItemMetric = {
      pattern   = "{ $.event = \"corrupt_item\" }"
      metric    = "CorruptItems"
      namespace = "token-introspection/${var.name}"
      value     = "1"
      unit      = "Count"
      dimensions = {
      }
    }
    AssertionAudienceMetric = {
      pattern   = "{ $.event = \"assertion_audience_refused\" }"
      metric    = "AssertionAudienceRefused"
      namespace = "token-introspection/${var.name}"
      value     = "1"
      unit      = "Count"
      dimensions = {
      }
    }
    RevocationIgnoredMetric = {
      pattern   = "{ $.event = \"revocation_ignored\" }"
      metric    = "RevocationsIgnored"
      namespace = "token-introspection/${var.name}"
      value     = "1"
      unit      = "Count"
      dimensions = {
      }
    }
    ReasonMetric = {
      pattern   = "{ $.target = \"audit\" && $.outcome = \"unavailable\" && $.reason = \"*\" }"
      metric    = "DontKnow"
      namespace = "token-introspection/${var.name}"
      value     = "1"
      unit      = "Count"
      dimensions = {
        Reason = "$.reason"
      }
    }
    InactiveReasonMetric = {
      pattern   = "{ $.target = \"audit\" && $.outcome = \"inactive\" && $.reason = \"*\" }"
      metric    = "Inactive"
      namespace = "token-introspection/${var.name}"
      value     = "1"
      unit      = "Count"
      dimensions = {
        Reason = "$.reason"
      }
    }
    LatencyMetric = {
      pattern   = "{ $.target = \"audit\" && $.latency_ms = \"*\" }"
      metric    = "Latency"
      namespace = "token-introspection/${var.name}"
      value     = "$.latency_ms"
      unit      = "Milliseconds"
      dimensions = {
      }
    }
    KeyFetchFailureMetric = {
      pattern   = "{ $.event = \"jwks_fetch_failed\" && $.issuer = \"*\" }"
      metric    = "KeyFetchFailures"
      namespace = "token-introspection/${var.name}"
      value     = "1"
      unit      = "Count"
      dimensions = {
        Issuer = "$.issuer"
      }
    }
    DefectMetric = {
      pattern   = "{ $.event = \"panic\" || $.event = \"unreadable_event\" || $.event = \"answer_not_delivered\" }"
      metric    = "Defects"
      namespace = "token-introspection/${var.name}"
      value     = "1"
      unit      = "Count"
      dimensions = {
      }
    }
  }

  alarms = { for name, alarm in {
    RevocationEventAlarm = local.has_revocation_events ? {
      description = "Revocations do not reach the event bus, so gateways may serve revoked tokens from their caches."
      namespace   = null
      metric      = null
      dimensions = {
      }
      statistic           = null
      extended_statistic  = null
      low_sample_count    = null
      period              = null
      evaluation_periods  = 3
      datapoints_to_alarm = 2
      comparison          = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries = [
        {
          id          = "undelivered"
          label       = "executions that did not deliver every event"
          expression  = "FILL(failed, 0) + FILL(partiallyfailed, 0) + FILL(throttled, 0) + FILL(timeout, 0)"
          return_data = true
          period      = null
          metrics     = []
        },
        {
          id          = "failed"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "AWS/EventBridge/Pipes"
              name      = "ExecutionFailed"
              dimensions = {
                PipeName = aws_pipes_pipe.revocations[0].name
              }
              stat   = "Sum"
              period = 60
            },
          ]
        },
        {
          id          = "partiallyfailed"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "AWS/EventBridge/Pipes"
              name      = "ExecutionPartiallyFailed"
              dimensions = {
                PipeName = aws_pipes_pipe.revocations[0].name
              }
              stat   = "Sum"
              period = 60
            },
          ]
        },
        {
          id          = "throttled"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "AWS/EventBridge/Pipes"
              name      = "ExecutionThrottled"
              dimensions = {
                PipeName = aws_pipes_pipe.revocations[0].name
              }
              stat   = "Sum"
              period = 60
            },
          ]
        },
        {
          id          = "timeout"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "AWS/EventBridge/Pipes"
              name      = "ExecutionTimeout"
              dimensions = {
                PipeName = aws_pipes_pipe.revocations[0].name
              }
              stat   = "Sum"
              period = 60
            },
          ]
        },
      ]
    } : null
    CorruptItemAlarm = {
      description = "An item has an attribute of a wrong type. It revokes or refuses, so a client may be locked out."
      namespace   = "token-introspection/${var.name}"
      metric      = "CorruptItems"
      dimensions = {
      }
      statistic           = "Sum"
      extended_statistic  = null
      low_sample_count    = null
      period              = 300
      evaluation_periods  = 1
      datapoints_to_alarm = null
      comparison          = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries             = []
    }
    FunctionErrorAlarm = {
      description = "The handler always answers, so an error is a crash, a time-out or a wrong setting at the start."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions = {
        FunctionName = aws_lambda_function.endpoint.function_name
      }
      statistic           = "Sum"
      extended_statistic  = null
      low_sample_count    = null
      period              = 60
      evaluation_periods  = 1
      datapoints_to_alarm = null
      comparison          = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries             = []
    }
    FunctionThrottleAlarm = {
      description = "Lambda has no free environment. Raise the concurrency, or lower the throttle of the API."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions = {
        FunctionName = aws_lambda_function.endpoint.function_name
      }
      statistic           = "Sum"
      extended_statistic  = null
      low_sample_count    = null
      period              = 60
      evaluation_periods  = 1
      datapoints_to_alarm = null
      comparison          = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries             = []
    }
    ApiErrorAlarm = {
      description = "More than one per cent of the answers are \"don't know\" (5xx), so resource servers answer 503 to requests with good tokens."
      namespace   = null
      metric      = null
      dimensions = {
      }
      statistic           = null
      extended_statistic  = null
      low_sample_count    = null
      period              = null
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      comparison          = "GreaterThanThreshold"
      threshold           = 1
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries = [
        {
          id          = "rate"
          label       = "5xx per cent"
          expression  = "100 * FILL(errors, 0) / requests"
          return_data = true
          period      = null
          metrics     = []
        },
        {
          id          = "errors"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "AWS/ApiGateway"
              name      = "5xx"
              dimensions = {
                ApiId = aws_apigatewayv2_api.endpoint.id
              }
              stat   = "Sum"
              period = 60
            },
          ]
        },
        {
          id          = "requests"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "AWS/ApiGateway"
              name      = "Count"
              dimensions = {
                ApiId = aws_apigatewayv2_api.endpoint.id
              }
              stat   = "Sum"
              period = 60
            },
          ]
        },
      ]
    }
    ApiLatencyAlarm = {
      description = "The slowest per cent of requests takes over a second; common gateways time out after two."
      namespace   = "AWS/ApiGateway"
      metric      = "Latency"
      dimensions = {
        ApiId = aws_apigatewayv2_api.endpoint.id
      }
      statistic           = null
      extended_statistic  = "p99"
      low_sample_count    = "ignore"
      period              = 60
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      comparison          = "GreaterThanThreshold"
      threshold           = 1000
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries             = []
    }
    StoreAlarm = {
      description = "DynamoDB or Redis does not return what is requested, so tokens are \"don't know\" (503)."
      namespace   = "token-introspection/${var.name}"
      metric      = "DontKnow"
      dimensions = {
        Reason = "store_unavailable"
      }
      statistic           = "Sum"
      extended_statistic  = null
      low_sample_count    = null
      period              = 60
      evaluation_periods  = 3
      datapoints_to_alarm = 2
      comparison          = "GreaterThanOrEqualToThreshold"
      threshold           = 3
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries             = []
    }
    KeysAlarm = {
      description = "An issuer's keys are out of reach and too old, so its tokens are \"don't know\" (503)."
      namespace   = "token-introspection/${var.name}"
      metric      = "DontKnow"
      dimensions = {
        Reason = "keys_unavailable"
      }
      statistic           = "Sum"
      extended_statistic  = null
      low_sample_count    = null
      period              = 60
      evaluation_periods  = 5
      datapoints_to_alarm = 3
      comparison          = "GreaterThanOrEqualToThreshold"
      threshold           = 3
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries             = []
    }
    SignerAlarm = {
      description = "The key of signed answers cannot be used, so callers that need signed answers get 503."
      namespace   = "token-introspection/${var.name}"
      metric      = "DontKnow"
      dimensions = {
        Reason = "signer_unavailable"
      }
      statistic           = "Sum"
      extended_statistic  = null
      low_sample_count    = null
      period              = 60
      evaluation_periods  = 3
      datapoints_to_alarm = 2
      comparison          = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries             = []
    }
    KeyFetchAlarm = {
      description = "An issuer's keys could not be fetched. Its tokens are still judged with the old keys, for 24 hours after the last fetch."
      namespace   = null
      metric      = null
      dimensions = {
      }
      statistic           = null
      extended_statistic  = null
      low_sample_count    = null
      period              = null
      evaluation_periods  = 36
      datapoints_to_alarm = 3
      comparison          = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries = [
        {
          id          = "failures"
          label       = "failed fetches of an issuer"
          expression  = "SELECT SUM(KeyFetchFailures) FROM SCHEMA(\"token-introspection/${var.name}\", Issuer) GROUP BY Issuer ORDER BY SUM() DESC"
          return_data = true
          period      = 300
          metrics     = []
        },
      ]
    }
    DefectAlarm = {
      description = "A defect in the function, or an event that it cannot read. The request was answered with 500."
      namespace   = "token-introspection/${var.name}"
      metric      = "Defects"
      dimensions = {
      }
      statistic           = "Sum"
      extended_statistic  = null
      low_sample_count    = null
      period              = 60
      evaluation_periods  = 1
      datapoints_to_alarm = null
      comparison          = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries             = []
    }
    RevocationIgnoredAlarm = {
      description = "A client believes that its token is revoked, and it is not. Most often its record lacks the right issuer."
      namespace   = "token-introspection/${var.name}"
      metric      = "RevocationsIgnored"
      dimensions = {
      }
      statistic           = "Sum"
      extended_statistic  = null
      low_sample_count    = null
      period              = 300
      evaluation_periods  = 1
      datapoints_to_alarm = null
      comparison          = "GreaterThanOrEqualToThreshold"
      threshold           = 1
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries             = []
    }
    RefusedCallersAlarm = {
      description = "More than a fifth of the calls have wrong credentials. An attacker guesses secrets, or a rotation missed a client."
      namespace   = null
      metric      = null
      dimensions = {
      }
      statistic           = null
      extended_statistic  = null
      low_sample_count    = null
      period              = null
      evaluation_periods  = 3
      datapoints_to_alarm = null
      comparison          = "GreaterThanThreshold"
      threshold           = 20
      threshold_metric    = null
      missing_data        = "notBreaching"
      queries = [
        {
          id          = "share"
          label       = "refused per cent"
          expression  = "IF(refused > 20, 100 * refused / (refused + FILL(active, 0) + FILL(inactive, 0)), 0)"
          return_data = true
          period      = null
          metrics     = []
        },
        {
          id          = "refused"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "token-introspection/${var.name}"
              name      = "Outcomes"
              dimensions = {
                Outcome = "refused"
              }
              stat   = "Sum"
              period = 300
            },
          ]
        },
        {
          id          = "active"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "token-introspection/${var.name}"
              name      = "Outcomes"
              dimensions = {
                Outcome = "active"
              }
              stat   = "Sum"
              period = 300
            },
          ]
        },
        {
          id          = "inactive"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "token-introspection/${var.name}"
              name      = "Outcomes"
              dimensions = {
                Outcome = "inactive"
              }
              stat   = "Sum"
              period = 300
            },
          ]
        },
      ]
    }
    InactiveShareAlarm = {
      description = "The share of inactive answers is far above what is usual at this time. An issuer may have changed its tokens, or a mark revokes too much."
      namespace   = null
      metric      = null
      dimensions = {
      }
      statistic           = null
      extended_statistic  = null
      low_sample_count    = null
      period              = null
      evaluation_periods  = 3
      datapoints_to_alarm = null
      comparison          = "GreaterThanUpperThreshold"
      threshold           = null
      threshold_metric    = "band"
      missing_data        = "notBreaching"
      queries = [
        {
          id          = "band"
          label       = "usual share"
          expression  = "ANOMALY_DETECTION_BAND(share, 4)"
          return_data = true
          period      = null
          metrics     = []
        },
        {
          id          = "share"
          label       = "inactive per cent"
          expression  = "100 * inactive / (inactive + FILL(active, 0))"
          return_data = true
          period      = null
          metrics     = []
        },
        {
          id          = "active"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "token-introspection/${var.name}"
              name      = "Outcomes"
              dimensions = {
                Outcome = "active"
              }
              stat   = "Sum"
              period = 300
            },
          ]
        },
        {
          id          = "inactive"
          label       = null
          expression  = null
          return_data = false
          period      = null
          metrics = [
            {
              namespace = "token-introspection/${var.name}"
              name      = "Outcomes"
              dimensions = {
                Outcome = "inactive"
              }
              stat   = "Sum"
              period = 300
            },
          ]
        },
      ]
    }
  } : name => alarm if alarm != null }

  dashboard = "{\"widgets\": [\n  {\"type\": \"alarm\", \"x\": 0, \"y\": 0, \"width\": 24, \"height\": 3, \"properties\": {\"title\": \"Is it up?\", \"alarms\": [\"${aws_cloudwatch_metric_alarm.endpoint["StoreAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["KeysAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["SignerAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["KeyFetchAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["DefectAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["RevocationIgnoredAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["RefusedCallersAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["InactiveShareAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["CorruptItemAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["FunctionErrorAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["FunctionThrottleAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["ApiErrorAlarm"].arn}\", \"${aws_cloudwatch_metric_alarm.endpoint["ApiLatencyAlarm"].arn}\"${local.has_revocation_events ? ", \"${aws_cloudwatch_metric_alarm.endpoint["RevocationEventAlarm"].arn}\"" : ""}]}},\n  {\"type\": \"metric\", \"x\": 0, \"y\": 3, \"width\": 8, \"height\": 6, \"properties\": {\"title\": \"Answers by outcome\", \"region\": \"${data.aws_region.current.region}\", \"metrics\": [[{\"expression\": \"SEARCH('{token-introspection/${var.name},Outcome} MetricName=\\\"Outcomes\\\"', 'Sum', 60)\", \"id\": \"outcomes\", \"label\": \"$${PROP('Dim.Outcome')}\"}]], \"period\": 60, \"stat\": \"Sum\", \"view\": \"timeSeries\", \"stacked\": true}},\n  {\"type\": \"metric\", \"x\": 8, \"y\": 3, \"width\": 8, \"height\": 6, \"properties\": {\"title\": \"How fast (ms)\", \"region\": \"${data.aws_region.current.region}\", \"metrics\": [[\"token-introspection/${var.name}\", \"Latency\", {\"stat\": \"p50\", \"label\": \"function p50\"}], [\"token-introspection/${var.name}\", \"Latency\", {\"stat\": \"p99\", \"label\": \"function p99\"}], [\"AWS/ApiGateway\", \"Latency\", \"ApiId\", \"${aws_apigatewayv2_api.endpoint.id}\", {\"stat\": \"p99\", \"label\": \"gateway p99\"}]], \"period\": 60, \"stat\": \"Sum\", \"view\": \"timeSeries\"}},\n  {\"type\": \"metric\", \"x\": 16, \"y\": 3, \"width\": 8, \"height\": 6, \"properties\": {\"title\": \"Don't know (503), by reason\", \"region\": \"${data.aws_region.current.region}\", \"metrics\": [[{\"expression\": \"SEARCH('{token-introspection/${var.name},Reason} MetricName=\\\"DontKnow\\\"', 'Sum', 60)\", \"id\": \"unknown\", \"label\": \"$${PROP('Dim.Reason')}\"}]], \"period\": 60, \"stat\": \"Sum\", \"view\": \"timeSeries\", \"stacked\": true}},\n  {\"type\": \"metric\", \"x\": 0, \"y\": 9, \"width\": 8, \"height\": 6, \"properties\": {\"title\": \"Inactive, by reason\", \"region\": \"${data.aws_region.current.region}\", \"metrics\": [[{\"expression\": \"SEARCH('{token-introspection/${var.name},Reason} MetricName=\\\"Inactive\\\"', 'Sum', 300)\", \"id\": \"inactive\", \"label\": \"$${PROP('Dim.Reason')}\"}]], \"period\": 300, \"stat\": \"Sum\", \"view\": \"timeSeries\", \"stacked\": true}},\n  {\"type\": \"metric\", \"x\": 8, \"y\": 9, \"width\": 8, \"height\": 6, \"properties\": {\"title\": \"DynamoDB latency (ms)\", \"region\": \"${data.aws_region.current.region}\", \"metrics\": [[\"AWS/DynamoDB\", \"SuccessfulRequestLatency\", \"TableName\", \"${local.creates_clients_table ? aws_dynamodb_table.clients[0].name : var.existing_clients_table}\", \"Operation\", \"BatchGetItem\", {\"stat\": \"Average\", \"label\": \"ClientsTable BatchGetItem\"}], [\"AWS/DynamoDB\", \"SuccessfulRequestLatency\", \"TableName\", \"${local.creates_tokens_table ? aws_dynamodb_table.tokens[0].name : var.existing_tokens_table}\", \"Operation\", \"BatchGetItem\", {\"stat\": \"Average\", \"label\": \"TokensTable BatchGetItem\"}], [\"AWS/DynamoDB\", \"SuccessfulRequestLatency\", \"TableName\", \"${local.creates_state_table ? aws_dynamodb_table.state[0].name : var.existing_state_table}\", \"Operation\", \"BatchGetItem\", {\"stat\": \"Average\", \"label\": \"StateTable BatchGetItem\"}], [\"AWS/DynamoDB\", \"SuccessfulRequestLatency\", \"TableName\", \"${local.creates_state_table ? aws_dynamodb_table.state[0].name : var.existing_state_table}\", \"Operation\", \"PutItem\", {\"stat\": \"Average\", \"label\": \"StateTable PutItem\"}]], \"period\": 60, \"stat\": \"Sum\", \"view\": \"timeSeries\"}},\n  {\"type\": \"metric\", \"x\": 16, \"y\": 9, \"width\": 8, \"height\": 6, \"properties\": {\"title\": \"Issuers' keys: failed fetches\", \"region\": \"${data.aws_region.current.region}\", \"metrics\": [[{\"expression\": \"SEARCH('{token-introspection/${var.name},Issuer} MetricName=\\\"KeyFetchFailures\\\"', 'Sum', 300)\", \"id\": \"failures\", \"label\": \"$${PROP('Dim.Issuer')}\"}]], \"period\": 300, \"stat\": \"Sum\", \"view\": \"timeSeries\"}},\n  {\"type\": \"log\", \"x\": 0, \"y\": 15, \"width\": 8, \"height\": 6, \"properties\": {\"title\": \"Who calls\", \"region\": \"${data.aws_region.current.region}\", \"view\": \"table\", \"query\": \"SOURCE '${aws_cloudwatch_log_group.function.name}' | filter target = 'audit' | stats count(*) as calls, sum(strcontains(outcome, 'inactive')) as inactive, sum(strcontains(outcome, 'refused')) as refused by caller | sort calls desc | limit 20\"}},\n  {\"type\": \"log\", \"x\": 8, \"y\": 15, \"width\": 8, \"height\": 6, \"properties\": {\"title\": \"Issuers: share of inactive answers\", \"region\": \"${data.aws_region.current.region}\", \"view\": \"table\", \"query\": \"SOURCE '${aws_cloudwatch_log_group.function.name}' | filter target = 'audit' and outcome in ['active', 'inactive'] | stats count(*) as answers, 100 * sum(strcontains(outcome, 'inactive')) / count(*) as inactive_per_cent by issuer | sort answers desc | limit 20\"}},\n  {\"type\": \"log\", \"x\": 16, \"y\": 15, \"width\": 8, \"height\": 6, \"properties\": {\"title\": \"Issuers: last fetch of keys\", \"region\": \"${data.aws_region.current.region}\", \"view\": \"table\", \"query\": \"SOURCE '${aws_cloudwatch_log_group.function.name}' | filter event in ['jwks_fetched', 'jwks_fetch_failed'] | stats latest(event) as last, latest(@timestamp) as at, latest(cause) as why by issuer | sort at asc\"}},\n  {\"type\": \"log\", \"x\": 0, \"y\": 21, \"width\": 24, \"height\": 6, \"properties\": {\"title\": \"Where the slowest per cent of the time goes (ms)\", \"region\": \"${data.aws_region.current.region}\", \"view\": \"timeSeries\", \"query\": \"SOURCE '${aws_cloudwatch_log_group.function.name}' | filter target = 'audit' | stats pct(latency_ms, 99) as call, pct(store_ms, 99) as store, pct(keys_ms, 99) as keys, pct(signer_ms, 99) as signer, pct(parse_ms, 99) as parse, count(cold_start) as cold_starts by bin(5m)\"}},\n  {\"type\": \"metric\", \"x\": 0, \"y\": 27, \"width\": 12, \"height\": 6, \"properties\": {\"title\": \"Read and write units a day (docs/cost.md has what they cost)\", \"region\": \"${data.aws_region.current.region}\", \"metrics\": [[\"AWS/DynamoDB\", \"ConsumedReadCapacityUnits\", \"TableName\", \"${local.creates_clients_table ? aws_dynamodb_table.clients[0].name : var.existing_clients_table}\", {\"label\": \"ClientsTable read\"}], [\"AWS/DynamoDB\", \"ConsumedReadCapacityUnits\", \"TableName\", \"${local.creates_tokens_table ? aws_dynamodb_table.tokens[0].name : var.existing_tokens_table}\", {\"label\": \"TokensTable read\"}], [\"AWS/DynamoDB\", \"ConsumedReadCapacityUnits\", \"TableName\", \"${local.creates_state_table ? aws_dynamodb_table.state[0].name : var.existing_state_table}\", {\"label\": \"StateTable read\"}], [\"AWS/DynamoDB\", \"ConsumedWriteCapacityUnits\", \"TableName\", \"${local.creates_state_table ? aws_dynamodb_table.state[0].name : var.existing_state_table}\", {\"label\": \"StateTable write\"}]], \"period\": 86400, \"stat\": \"Sum\", \"view\": \"singleValue\"}},\n  {\"type\": \"metric\", \"x\": 12, \"y\": 27, \"width\": 12, \"height\": 6, \"properties\": {\"title\": \"Invocations and their time a day\", \"region\": \"${data.aws_region.current.region}\", \"metrics\": [[\"AWS/Lambda\", \"Invocations\", \"FunctionName\", \"${aws_lambda_function.endpoint.function_name}\", {\"label\": \"invocations\"}], [\"AWS/Lambda\", \"Duration\", \"FunctionName\", \"${aws_lambda_function.endpoint.function_name}\", {\"stat\": \"Sum\", \"label\": \"milliseconds\"}], [\"AWS/ApiGateway\", \"Count\", \"ApiId\", \"${aws_apigatewayv2_api.endpoint.id}\", {\"label\": \"requests\"}]], \"period\": 86400, \"stat\": \"Sum\", \"view\": \"singleValue\"}}\n]}\n"

  routes = {
    ApiRoute = {
      route_key          = "$default"
      authorization_type = "NONE"
    }
    IamRoute = {
      route_key          = "ANY /iam/{proxy+}"
      authorization_type = "AWS_IAM"
    }
  }

  access_log_format = "{\"requestId\":\"$context.requestId\",\"lambdaRequestId\":\"$context.integration.requestId\", \"time\":\"$context.requestTime\",\"sourceIp\":\"$context.identity.sourceIp\",\"method\":\"$context.httpMethod\", \"status\":\"$context.status\",\"gatewayError\":\"$context.error.responseType\", \"integrationStatus\":\"$context.integration.integrationStatus\", \"latency\":\"$context.responseLatency\",\"integrationLatency\":\"$context.integrationLatency\"}"

  revocation_filters = [
    "{\"eventName\": [\"INSERT\", \"MODIFY\"], \"dynamodb\": {\"Keys\": {\"id\": {\"S\": [{\"prefix\": \"revoked#\"}, {\"prefix\": \"jti#\"}, {\"prefix\": \"jwt#\"}, {\"prefix\": \"kid#\"}, {\"prefix\": \"grant#\"}, {\"prefix\": \"sid#\"}, {\"prefix\": \"sub#\"}, {\"prefix\": \"client#\"}, {\"prefix\": \"iss#\"}]}}}}",
    "{\"eventName\": [\"INSERT\", \"MODIFY\"], \"dynamodb\": {\"Keys\": {\"id\": {\"S\": [{\"prefix\": \"token#\"}]}}, \"NewImage\": {\"revoked\": {\"BOOL\": [true]}}}}",
    "{\"eventName\": [\"REMOVE\"], \"dynamodb\": {\"Keys\": {\"id\": {\"S\": [{\"prefix\": \"token#\"}]}}}, \"userIdentity\": {\"type\": [{\"exists\": false}]}}",
  ]

  revocation_source = local.creates_tokens_table ? aws_dynamodb_table.tokens[0].stream_arn : "${var.existing_tokens_stream_arn}"

  revocation_event = {
    EventBridgeEventBusParameters = {
      Source     = "token-introspection/${var.name}"
      DetailType = "Token Revoked"
    }
    InputTemplate = "{\"key\": <$.dynamodb.Keys.id.S>, \"time\": <$.dynamodb.ApproximateCreationDateTime>}"
  }
}
