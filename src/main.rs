//! The Lambda function: reads the settings, puts the parts together, opens one connection, and handles events.

use std::{process::ExitCode, sync::Arc, time::Duration};

use token_introspection::{
    call,
    lambda::{self, ColdStart, Concurrency},
    logging,
    service::Service,
    settings::{Settings, check_root_certificates},
    signer::Signer,
    store::{self, Store},
};
use tokio::{runtime::Builder, time::Instant};

/// The time limit for opening the connection during the start, for which Lambda allows 10 s.
const WARM_UP: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let concurrency = Concurrency::read(variable);
    let mut runtime = match concurrency {
        // A thread for each processor, because an environment that serves several invocations at once may have several.
        Concurrency::Several => Builder::new_multi_thread(),
        // More threads would cost memory, and one invocation at a time cannot use them.
        Concurrency::One | Concurrency::Unreadable => Builder::new_current_thread(),
    };
    let served = match runtime.enable_all().build() {
        // Boxed, because the SDK's futures are nested so deeply that they almost reach the compiler's limits.
        Ok(runtime) => runtime.block_on(Box::pin(start(concurrency))),
        Err(error) => Err(error.into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("token-introspection: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(concurrency: Concurrency) -> Result<(), lambda_http::Error> {
    let settings = Arc::new(Settings::read(variable)?);
    check_root_certificates(variable)?;
    settings.check_token_files()?;
    logging::start(settings.log_level);
    settings.warn();
    concurrency.warn();
    let config = Box::pin(store::configuration(&settings.proxies)).await;
    let store = Store::with_config(&config, &settings)?;
    Box::pin(store.check(Instant::now() + WARM_UP)).await?;
    let signer = Signer::new(&settings, config);
    let service = Arc::new(Service::new(settings, store, signer)?);
    Box::pin(service.warm_up(call::now(), Instant::now() + WARM_UP)).await;
    Box::pin(lambda::run(service, concurrency, ColdStart::read(variable))).await
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
