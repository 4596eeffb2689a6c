# An event for each mark that is written, and for each record of an opaque token that is revoked or deleted.
resource "aws_pipes_pipe" "revocations" {
  count = local.has_revocation_events ? 1 : 0

  name        = "${var.name}-revocations"
  description = "Tells gateways which tokens are revoked."
  role_arn    = aws_iam_role.revocations[0].arn
  source      = local.revocation_source
  target      = var.revocation_event_bus_arn

  source_parameters {
    dynamodb_stream_parameters {
      starting_position             = "LATEST"
      batch_size                    = 10
      maximum_record_age_in_seconds = 3600
      on_partial_batch_item_failure = "AUTOMATIC_BISECT"
    }

    filter_criteria {
      dynamic "filter" {
        for_each = local.revocation_filters

        content {
          pattern = filter.value
        }
      }
    }
  }

  target_parameters {
    input_template = local.revocation_event.InputTemplate

    eventbridge_event_bus_parameters {
      source      = local.revocation_event.EventBridgeEventBusParameters.Source
      detail_type = local.revocation_event.EventBridgeEventBusParameters.DetailType
    }
  }

  depends_on = [aws_iam_role_policy.revocations]
}

resource "aws_iam_role" "revocations" {
  count = local.has_revocation_events ? 1 : 0

  name               = "${var.name}-revocations"
  assume_role_policy = jsonencode(local.revocation_pipe_role_trust)
}

resource "aws_iam_role_policy" "revocations" {
  count = local.has_revocation_events ? 1 : 0

  name   = "least-privilege"
  role   = aws_iam_role.revocations[0].id
  policy = jsonencode(local.revocation_pipe_role_policy)
}
