//! The Lambda function: reads the settings, puts the parts together, opens one connection, and handles events.

use std::{process::ExitCode, sync::Arc, time::Duration};

use token_introspection::{
    call, lambda, logging,
    service::Service,
    settings::{Settings, check_root_certificates},
    signer::Signer,
    store::{self, Store},
};
use tokio::time::Instant;

/// The time limit for opening the connection during the start, for which Lambda allows 10 s.
const WARM_UP: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Boxed, because the SDK's futures are nested so deeply that they almost reach the compiler's limits.
    match Box::pin(start()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("token-introspection: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<(), lambda_http::Error> {
    let variable = |name: &str| std::env::var(name).ok();
    let settings = Arc::new(Settings::read(variable)?);
    check_root_certificates(variable)?;
    settings.check_token_files()?;
    logging::start(settings.log_level);
    settings.warn();
    let config = Box::pin(store::configuration(&settings.proxies)).await;
    let store = Store::with_config(&config, &settings)?;
    Box::pin(store.check(Instant::now() + WARM_UP)).await?;
    let signer = Signer::new(&settings, config);
    let service = Arc::new(Service::new(settings, store, signer)?);
    Box::pin(service.warm_up(call::now(), Instant::now() + WARM_UP)).await;
    Box::pin(lambda::run(service)).await
}
