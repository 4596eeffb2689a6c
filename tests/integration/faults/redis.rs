//! Each pipeline that is sent to Redis fails, once and from then on, in every way.

use std::time::Duration;

use tokio::time::Instant;

use super::{Deployment, LINES, answer, unique};
use crate::redis_tap::Break;

const BREAKS: [Break; 15] = [
    Break::Swallow,
    Break::Close,
    Break::Reset,
    Break::Stall,
    Break::Drip,
    Break::Truncate,
    // What a server answers while it starts, to a user without rights, after a failover, when it is full or broken.
    Break::Reply("-LOADING Redis is loading the dataset in memory\r\n"),
    Break::Reply("-NOAUTH Authentication required.\r\n"),
    Break::Reply("-NOPERM this user has no permissions to run the command\r\n"),
    Break::Reply("-READONLY You can't write against a read only replica.\r\n"),
    Break::Reply("-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
    // Replies of other types than those of the commands.
    Break::Reply("+OK\r\n"),
    Break::Reply("$-1\r\n"),
    Break::Reply("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"),
    // No reply at all.
    Break::Reply("HTTP/1.1 400 Bad Request\r\n\r\n"),
];

#[tokio::test]
async fn g08_each_pipeline_may_fail_in_every_way_and_the_answer_is_right_or_503() {
    let deployment = Deployment::start().await;
    let tap = &deployment.world.tokens.tap;
    let (mut failed, mut unharmed) = (0, 0);
    for line in &LINES {
        let service = deployment.environment().await;
        // The first request opens the connection and learns the canary.
        deployment.ask(&service, line, 0).await;
        tap.take_trips();
        let right = answer(&deployment.ask(&service, line, 0).await);
        assert!(right.0 < 500, "{}: {right:?}", line.0);
        let pipelines = tap.take_trips().len();
        for (number, fault, lasts) in (0..pipelines)
            .flat_map(|number| BREAKS.iter().flat_map(move |fault| [(number, *fault, false), (number, *fault, true)]))
        {
            let case = format!("{}, pipeline {number}: {fault:?}, lasts: {lasts}", line.0);
            if lasts {
                tap.fail_after(number, fault);
            } else {
                tap.fail_at(number, fault);
            }
            let (started, id) = (Instant::now(), unique());
            let got = deployment.ask_during_a_fault(&service, line, &id).await;
            assert!(started.elapsed() < Duration::from_secs(2), "{case}: {:?}", started.elapsed());
            tap.fail(Break::Nothing);
            if answer(&got) == right {
                unharmed += 1;
                deployment.assert_written(&service, line, &id, &case).await;
            } else {
                got.assert_unavailable("store_unavailable");
                failed += 1;
            }
            let next = deployment.ask(&service, line, 0).await;
            assert_eq!(answer(&next), right, "{case}: the next request");
        }
    }
    println!("{failed} answers were 503, {unharmed} were right all the same");
    assert!(failed > 200 && unharmed > 50, "{failed} and {unharmed}");
}
