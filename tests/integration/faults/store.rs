//! Each exchange with the store fails, once and from then on, in every way.

use std::time::Duration;

use tokio::time::Instant;

use super::{Deployment, LINES, answer, unique};
use crate::{
    proxy::{Echo, Fault},
    world::ALL_IN_DYNAMODB,
};

const FAULTS: [Fault; 19] = [
    Fault::ServerError,
    Fault::Overloaded,
    Fault::Forbidden,
    Fault::Throttled,
    Fault::AccessDenied,
    Fault::BadRequest,
    Fault::MissingTable,
    Fault::ExpiredCredentials,
    Fault::UnknownCredentials,
    Fault::Refuses,
    Fault::Hangs,
    Fault::Stalls,
    Fault::Drips,
    Fault::Resets,
    Fault::Truncated,
    Fault::Empty,
    Fault::WrongTypes,
    Fault::WrongChecksum,
    Fault::Corrupted,
];
/// Those that only a read can have.
const OF_READS: [Fault; 7] = [
    Fault::Unprocessed,
    Fault::UnprocessedOnce,
    Fault::Echoes(Echo::Bare),
    Fault::Echoes(Echo::Changed),
    Fault::Echoes(Echo::OtherKey),
    Fault::Echoes(Echo::OtherTable),
    Fault::Echoes(Echo::NoKeys),
];
#[tokio::test]
async fn g08_each_exchange_with_the_store_may_fail_in_every_way_and_the_answer_is_right_or_503() {
    let deployment = Deployment::start().await;
    let (mut failed, mut unharmed) = (0, 0);
    for line in &LINES {
        // A key set that could not be stored or locked may be fetched again after 30 s. Nothing else has to wait.
        let pause = if line.0.contains("fetched") { 31 } else { 0 };
        let service = deployment.environment().await;
        deployment.world.proxy.take_requests();
        let right = answer(&deployment.ask(&service, line, 0).await);
        assert!(right.0 < 500, "{}: {right:?}", line.0);
        let operations: Vec<_> = deployment.world.proxy.take_requests().into_iter().map(|(name, _)| name).collect();
        for (number, operation) in operations.iter().enumerate() {
            // An empty answer to a write is what DynamoDB itself gives.
            let is_read = operation == "BatchGetItem";
            let faults = FAULTS.iter().filter(|fault| is_read || **fault != Fault::Empty);
            let faults = faults.chain(if is_read { &OF_READS[..] } else { &[] });
            for (fault, lasts) in faults.flat_map(|fault| [(*fault, false), (*fault, true)]) {
                let case = format!("{}, exchange {number} ({operation}): {fault:?}, lasts: {lasts}", line.0);
                let service = deployment.environment().await;
                if lasts {
                    deployment.world.proxy.fail_after(number, fault);
                } else {
                    deployment.world.proxy.fail_at(number, fault);
                }
                let started = Instant::now();
                let id = unique();
                let got = deployment.ask_during_a_fault(&service, line, &id).await;
                // The request has 0.55 s. The rest is for a busy machine.
                assert!(started.elapsed() < Duration::from_secs(2), "{case}: {:?}", started.elapsed());
                deployment.world.proxy.fail(Fault::None);
                if answer(&got) == right {
                    unharmed += 1;
                    deployment.assert_written(&service, line, &id, &case).await;
                } else {
                    assert_eq!(got.status, 503, "{case}: {}", got.body);
                    assert!(!got.body.contains("active"), "{case}: {}", got.body);
                    failed += 1;
                }
                let next = deployment.ask(&service, line, pause).await;
                assert_eq!(answer(&next), right, "{case}: the next request");
            }
        }
    }
    println!("{failed} answers were 503, {unharmed} were right all the same");
    // Both must occur, or the faults did not reach what they are for.
    assert!(failed > 200 && unharmed > 100, "{failed} and {unharmed}");
    assert!(!ALL_IN_DYNAMODB || failed + unharmed == 1312, "docs/testing.md names the number: {failed} and {unharmed}");
}
