//! Events as AWS sent them to other projects.

use crate::events::{answer, demo_service, shaped_by_the_adapter};

#[tokio::test]
#[ignore = "needs the events of CORPORA_DIR"]
async fn answers_to_real_events_have_the_shape_that_the_runtimes_adapter_gives_them() {
    let (_engine, service) = demo_service().await;
    for name in [
        "alb-lambda-target-request-headers-only",
        "alb-lambda-target-request-multivalue-headers",
        "apigw-request",
        "apigw-v2-request-no-authorizer",
        "function-url-domain-only-request-with-base64-encoded-body",
        "lambda-urls-request",
    ] {
        let event = super::read(&format!("events/{name}.json")).to_string();
        let answer = answer(&service, &event).await;
        assert_eq!(answer, shaped_by_the_adapter(&event, &answer).await, "{name}");
    }
}
