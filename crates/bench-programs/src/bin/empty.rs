//! An empty handler: what Lambda's runtime client itself costs.

use lambda_http::{Error, Request, Response, run_concurrent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_concurrent(service_fn(|_: Request| async { Ok::<_, Error>(Response::new(r#"{"active":false}"#.to_owned())) }))
        .await
}
