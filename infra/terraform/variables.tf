# Written from template.yaml by `UPDATE_INFRA=1 pytest tests/template -k infra`. A change belongs there.

variable "default_policy" {
  type        = string
  nullable    = false
  description = "Tokens that a client without introspection.audiences may see - any, or only those for its audience."

  validation {
    condition     = contains(["any", "audience"], var.default_policy)
    error_message = "The value is one of any, audience."
  }
}

variable "issuer" {
  type        = string
  default     = ""
  nullable    = false
  description = "Our own issuer identifier, byte for byte. Empty - https:// and DomainName or MtlsDomainName, otherwise the address of the API."

  validation {
    condition     = can(regex("^(https://[^\\s?#]+)?$", var.issuer))
    error_message = "The value does not match ^(https://[^\\s?#]+)?$."
  }
}

variable "public_url" {
  type        = string
  default     = ""
  nullable    = false
  description = "Base URL of the endpoints. Empty - https:// and DomainName or MtlsDomainName, otherwise the address of the API."

  validation {
    condition     = can(regex("^(https://[^\\s?#]*[^\\s?#/])?$", var.public_url))
    error_message = "The value does not match ^(https://[^\\s?#]*[^\\s?#/])?$."
  }
}

variable "trusted_issuers" {
  type        = string
  default     = "[]"
  nullable    = false
  description = "TRUSTED_ISSUERS, a JSON array. All environment variables of a function share 4 KB."

  validation {
    condition     = can(regex("^\\s*\\[[\\s\\S]*\\]\\s*$", var.trusted_issuers))
    error_message = "The value does not match ^\\s*\\[[\\s\\S]*\\]\\s*$."
  }
}

variable "read_consistency" {
  type        = string
  default     = "strong"
  nullable    = false
  description = "READ_CONSISTENCY. eventual - reads cost half as much, and a revocation usually takes effect within a second instead of on the next request."

  validation {
    condition     = contains(["strong", "eventual"], var.read_consistency)
    error_message = "The value is one of strong, eventual."
  }
}

variable "hot_record_seconds" {
  type        = number
  default     = 0
  nullable    = false
  description = "HOT_RECORD_SECONDS. Above 0 - the caller's record and the iss#, kid# and client# marks are read less often, and a change to them takes effect up to that many seconds later."

  validation {
    condition     = var.hot_record_seconds >= 0
    error_message = "The value is at least 0."
  }

  validation {
    condition     = var.hot_record_seconds <= 5
    error_message = "The value is at most 5."
  }
}

variable "cors_allowed_origins" {
  type        = string
  default     = ""
  nullable    = false
  description = "Exact origins, comma-separated. Empty - no CORS."
}

variable "clock_skew_seconds" {
  type     = number
  default  = 10
  nullable = false

  validation {
    condition     = var.clock_skew_seconds >= 0
    error_message = "The value is at least 0."
  }

  validation {
    condition     = var.clock_skew_seconds <= 60
    error_message = "The value is at most 60."
  }
}

variable "jwks_refresh_seconds" {
  type     = number
  default  = 300
  nullable = false

  validation {
    condition     = var.jwks_refresh_seconds >= 60
    error_message = "The value is at least 60."
  }

  validation {
    condition     = var.jwks_refresh_seconds <= 86400
    error_message = "The value is at most 86400."
  }
}

variable "failed_authentication_limit" {
  type        = number
  default     = 20
  nullable    = false
  description = "Wrong credentials per client id and source address, each minute and environment, before 401 becomes 429."

  validation {
    condition     = var.failed_authentication_limit >= 1
    error_message = "The value is at least 1."
  }
}

variable "signing_key" {
  type        = string
  default     = ""
  nullable    = false
  description = "SIGNING_KEY, the keys of signed responses (RFC 9701), comma-separated; the first signs. Empty - nothing is signed."

  validation {
    condition     = can(regex("^((file|secretsmanager|kms):[^\\s,]+(,(file|secretsmanager|kms):[^\\s,]+)*)?$", var.signing_key))
    error_message = "The value does not match ^((file|secretsmanager|kms):[^\\s,]+(,(file|secretsmanager|kms):[^\\s,]+)*)?$."
  }
}

variable "signing_algorithm" {
  type        = string
  default     = "RS256"
  nullable    = false
  description = "SIGNING_ALGORITHM, for RSA keys of SigningKey that do not name an algorithm."

  validation {
    condition     = contains(["RS256", "PS256"], var.signing_algorithm)
    error_message = "The value is one of RS256, PS256."
  }
}

variable "signing_kms_key_arns" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "The ARNs of all KMS keys in SigningKey, so that the function may sign with them and read their public halves."
}

variable "signing_secret_arns" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "The ARNs of all secrets in SigningKey, so that the function may read them."
}

variable "redis_url" {
  type        = string
  default     = ""
  nullable    = false
  sensitive   = true
  description = "REDIS_URL, to keep the tokens in Redis or Valkey. Read it from a data source, such as that of a secret. Empty - DynamoDB."

  validation {
    condition     = can(regex("^(rediss://\\S+)?$", var.redis_url))
    error_message = "The value does not match ^(rediss://\\S+)?$."
  }
}

variable "subnet_ids" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "Subnets of a VPC for the function, as Redis needs them. They need routes to DynamoDB and the issuers' key hosts. Empty - no VPC."
}

variable "security_group_ids" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "The function's security groups in that VPC."
}

variable "log_level" {
  type     = string
  default  = "info"
  nullable = false

  validation {
    condition     = contains(["error", "warn", "info", "debug", "trace"], var.log_level)
    error_message = "The value is one of error, warn, info, debug, trace."
  }
}

variable "log_retention_days" {
  type        = number
  default     = 90
  nullable    = false
  description = "The function's log holds the audit records."

  validation {
    condition = contains([
      1,
      3,
      5,
      7,
      14,
      30,
      60,
      90,
      120,
      150,
      180,
      365,
      400,
      545,
      731,
      1096,
      1827,
      2192,
      2557,
      2922,
      3288,
      3653,
    ], var.log_retention_days)
    error_message = "The value is one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "architecture" {
  type     = string
  default  = "arm64"
  nullable = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The value is one of arm64, x86_64."
  }
}

variable "memory_size" {
  type        = number
  default     = 256
  nullable    = false
  description = "Megabytes. Lambda grants CPU in proportion."

  validation {
    condition     = var.memory_size >= 128
    error_message = "The value is at least 128."
  }

  validation {
    condition     = var.memory_size <= 10240
    error_message = "The value is at most 10240."
  }
}

variable "reserved_concurrency" {
  type        = string
  default     = ""
  nullable    = false
  description = "Execution environments reserved for this function, which is also its limit. Empty - none."

  validation {
    condition     = can(regex("^[0-9]*$", var.reserved_concurrency))
    error_message = "The value does not match ^[0-9]*$."
  }
}

variable "provisioned_concurrency" {
  type        = number
  default     = 0
  nullable    = false
  description = "Execution environments that are always ready. 0 - none."

  validation {
    condition     = var.provisioned_concurrency >= 0
    error_message = "The value is at least 0."
  }
}

variable "throttling_rate_limit" {
  type        = number
  default     = 1000
  nullable    = false
  description = "Requests a second on average. Above, the gateway answers 429 without calling the function."

  validation {
    condition     = var.throttling_rate_limit >= 1
    error_message = "The value is at least 1."
  }
}

variable "throttling_burst_limit" {
  type     = number
  default  = 2000
  nullable = false

  validation {
    condition     = var.throttling_burst_limit >= 1
    error_message = "The value is at least 1."
  }
}

variable "table_key_arn" {
  type        = string
  default     = ""
  nullable    = false
  description = "Customer managed KMS key (not an alias) for the tables. Empty - the AWS managed key of DynamoDB."

  validation {
    condition     = can(regex("^(arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[^:]+)?$", var.table_key_arn))
    error_message = "The value does not match ^(arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[^:]+)?$."
  }
}

variable "existing_clients_table" {
  type        = string
  default     = ""
  nullable    = false
  description = "Name of an existing table of clients in this Region and account, such as an authorization server's. Empty - one is created."

  validation {
    condition     = can(regex("^([a-zA-Z0-9_.-]{3,255})?$", var.existing_clients_table))
    error_message = "The value does not match ^([a-zA-Z0-9_.-]{3,255})?$."
  }
}

variable "existing_tokens_table" {
  type        = string
  default     = ""
  nullable    = false
  description = "Name of an existing table of tokens and marks in this Region and account, such as a replica. Empty - one is created."

  validation {
    condition     = can(regex("^([a-zA-Z0-9_.-]{3,255})?$", var.existing_tokens_table))
    error_message = "The value does not match ^([a-zA-Z0-9_.-]{3,255})?$."
  }
}

variable "existing_state_table" {
  type        = string
  default     = ""
  nullable    = false
  description = "Name of an existing state table in this Region and account, which only functions of this service may write. Empty - one is created."

  validation {
    condition     = can(regex("^([a-zA-Z0-9_.-]{3,255})?$", var.existing_state_table))
    error_message = "The value does not match ^([a-zA-Z0-9_.-]{3,255})?$."
  }
}

variable "existing_table_key_arns" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "The ARNs of the customer managed KMS keys (not aliases) of the existing tables. Empty - they have none."
}

variable "replica_region" {
  type        = string
  default     = ""
  nullable    = false
  description = "Another Region with a replica of the created clients and tokens tables. Empty - none."

  validation {
    condition     = can(regex("^([a-z]{2}(-[a-z]+)+-[0-9])?$", var.replica_region))
    error_message = "The value does not match ^([a-z]{2}(-[a-z]+)+-[0-9])?$."
  }
}

variable "replica_table_key_arn" {
  type        = string
  default     = ""
  nullable    = false
  description = "Customer managed KMS key of ReplicaRegion for the replicas. Required with TableKeyArn."

  validation {
    condition     = can(regex("^(arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[^:]+)?$", var.replica_table_key_arn))
    error_message = "The value does not match ^(arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[^:]+)?$."
  }
}

variable "second_replica_region" {
  type        = string
  default     = ""
  nullable    = false
  description = "A third Region with a replica. Empty - none."

  validation {
    condition     = can(regex("^([a-z]{2}(-[a-z]+)+-[0-9])?$", var.second_replica_region))
    error_message = "The value does not match ^([a-z]{2}(-[a-z]+)+-[0-9])?$."
  }
}

variable "second_replica_table_key_arn" {
  type        = string
  default     = ""
  nullable    = false
  description = "Customer managed KMS key of SecondReplicaRegion for the replicas. Required with TableKeyArn."

  validation {
    condition     = can(regex("^(arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[^:]+)?$", var.second_replica_table_key_arn))
    error_message = "The value does not match ^(arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[^:]+)?$."
  }
}

variable "revocation_event_bus_arn" {
  type        = string
  default     = ""
  nullable    = false
  description = "Event bus that gets an event for each revocation, so that gateways drop the token from their caches. Empty - none."

  validation {
    condition     = can(regex("^(arn:[^:]+:events:[^:]+:[0-9]{12}:event-bus/[^:]+)?$", var.revocation_event_bus_arn))
    error_message = "The value does not match ^(arn:[^:]+:events:[^:]+:[0-9]{12}:event-bus/[^:]+)?$."
  }
}

variable "existing_tokens_stream_arn" {
  type        = string
  default     = ""
  nullable    = false
  description = "The stream of ExistingTokensTable with new images. Required with RevocationEventBusArn and ExistingTokensTable."

  validation {
    condition     = can(regex("^(arn:[^:]+:dynamodb:[^:]+:[0-9]{12}:table/[^/]+/stream/.+)?$", var.existing_tokens_stream_arn))
    error_message = "The value does not match ^(arn:[^:]+:dynamodb:[^:]+:[0-9]{12}:table/[^/]+/stream/.+)?$."
  }
}

variable "log_key_arn" {
  type        = string
  default     = ""
  nullable    = false
  description = "Customer managed KMS key for the logs. Its policy must allow CloudWatch Logs to use it. Empty - the key of CloudWatch Logs."

  validation {
    condition     = can(regex("^(arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[^:]+)?$", var.log_key_arn))
    error_message = "The value does not match ^(arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[^:]+)?$."
  }
}

variable "domain_name" {
  type        = string
  default     = ""
  nullable    = false
  description = "A domain of the API without mutual TLS. Empty - none."

  validation {
    condition     = can(regex("^([a-z0-9.-]+)?$", var.domain_name))
    error_message = "The value does not match ^([a-z0-9.-]+)?$."
  }
}

variable "domain_certificate_arn" {
  type        = string
  default     = ""
  nullable    = false
  description = "The ACM certificate of DomainName, in this Region."

  validation {
    condition     = can(regex("^(arn:[^:]+:acm:[^:]+:[0-9]{12}:certificate/[^:]+)?$", var.domain_certificate_arn))
    error_message = "The value does not match ^(arn:[^:]+:acm:[^:]+:[0-9]{12}:certificate/[^:]+)?$."
  }
}

variable "mtls_domain_name" {
  type        = string
  default     = ""
  nullable    = false
  description = "A domain that requires a certificate from every caller. Empty - none."

  validation {
    condition     = can(regex("^([a-z0-9.-]+)?$", var.mtls_domain_name))
    error_message = "The value does not match ^([a-z0-9.-]+)?$."
  }
}

variable "mtls_certificate_arn" {
  type        = string
  default     = ""
  nullable    = false
  description = "The ACM certificate of MtlsDomainName."

  validation {
    condition     = can(regex("^(arn:[^:]+:acm:[^:]+:[0-9]{12}:certificate/[^:]+)?$", var.mtls_certificate_arn))
    error_message = "The value does not match ^(arn:[^:]+:acm:[^:]+:[0-9]{12}:certificate/[^:]+)?$."
  }
}

variable "mtls_truststore_uri" {
  type        = string
  default     = ""
  nullable    = false
  description = "The truststore for callers' certificates (PEM, in S3). The gateway does not check their revocation."

  validation {
    condition     = can(regex("^(s3://[^\\s]+)?$", var.mtls_truststore_uri))
    error_message = "The value does not match ^(s3://[^\\s]+)?$."
  }
}

variable "mtls_method" {
  type        = string
  default     = "tls_client_auth"
  nullable    = false
  description = "MTLS_METHOD, the one method for certificates at MtlsDomainName. The truststore cannot tell the two apart."

  validation {
    condition     = contains(["tls_client_auth", "self_signed_tls_client_auth"], var.mtls_method)
    error_message = "The value is one of tls_client_auth, self_signed_tls_client_auth."
  }
}

variable "logout_issuer" {
  type        = string
  default     = ""
  nullable    = false
  description = "The issuer whose logout handler may revoke sessions. Empty - no policy."

  validation {
    condition     = can(regex("^([^\\s#*?$]+)?$", var.logout_issuer))
    error_message = "The value does not match ^([^\\s#*?$]+)?$."
  }
}

variable "notice_issuers" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "Issuers with logout_audiences or event_audiences in TrustedIssuers, whose sessions and subjects the function may revoke when they report it. Empty - none."

  validation {
    condition     = alltrue([for item in var.notice_issuers : can(regex("^([^\\s#*?$,]+)?$", item))])
    error_message = "The value does not match ^([^\\s#*?$,]+)?$."
  }
}

variable "global_revocation_issuers" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "GLOBAL_REVOCATION_ISSUERS, the issuers whose subjects callers may revoke if their records allow it. Empty - none."

  validation {
    condition     = alltrue([for item in var.global_revocation_issuers : can(regex("^([^\\s#*?$,]+)?$", item))])
    error_message = "The value does not match ^([^\\s#*?$,]+)?$."
  }
}

variable "alarm_topic_arn" {
  type        = string
  default     = ""
  nullable    = false
  description = "SNS topic that the alarms notify. Empty - they only change state."

  validation {
    condition     = can(regex("^(arn:[^:]+:sns:[^:]+:[0-9]{12}:[^:]+)?$", var.alarm_topic_arn))
    error_message = "The value does not match ^(arn:[^:]+:sns:[^:]+:[0-9]{12}:[^:]+)?$."
  }
}
