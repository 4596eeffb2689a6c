locals {
  # The other Regions with a replica of the clients and tokens tables, and the key of each.
  replicas = merge(
    local.has_replica ? { (var.replica_region) = local.has_replica_table_key ? var.replica_table_key_arn : null } : {},
    local.has_second_replica ? {
      (var.second_replica_region) = local.has_second_replica_table_key ? var.second_replica_table_key_arn : null
    } : {},
  )
}

resource "aws_dynamodb_table" "clients" {
  count = local.creates_clients_table ? 1 : 0

  name                        = "${var.name}-clients"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "client_id"
  deletion_protection_enabled = true
  # Replicas need it.
  stream_enabled   = local.has_replica
  stream_view_type = local.has_replica ? "NEW_AND_OLD_IMAGES" : null

  attribute {
    name = "client_id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.has_table_key ? var.table_key_arn : null
  }

  dynamic "replica" {
    for_each = local.replicas

    content {
      region_name                 = replica.key
      kms_key_arn                 = replica.value
      point_in_time_recovery      = true
      deletion_protection_enabled = true
    }
  }
}

resource "aws_dynamodb_table" "tokens" {
  count = local.creates_tokens_table ? 1 : 0

  name                        = "${var.name}-tokens"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = true
  # Replicas and events of revocations need it.
  stream_enabled   = local.has_stream
  stream_view_type = local.has_stream ? "NEW_AND_OLD_IMAGES" : null

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.has_table_key ? var.table_key_arn : null
  }

  dynamic "replica" {
    for_each = local.replicas

    content {
      region_name                 = replica.key
      kms_key_arn                 = replica.value
      point_in_time_recovery      = true
      deletion_protection_enabled = true
    }
  }
}

# It has no replicas and no protection: the function fills it again by itself.
resource "aws_dynamodb_table" "state" {
  count = local.creates_state_table ? 1 : 0

  name         = "${var.name}-state"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.has_table_key ? var.table_key_arn : null
  }
}
