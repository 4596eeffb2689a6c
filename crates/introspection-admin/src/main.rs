//! `introspection-admin`: manages clients, tokens and revocations, and explains why a token is not active.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    introspection_admin::main().await
}
