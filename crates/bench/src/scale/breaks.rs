//! Where it breaks first: the rate at which each limit is met, by arithmetic. The simulation must agree.

use std::fmt::Write;

use super::{
    measured::Measured,
    model,
    outcome::whole,
    random::Zipf,
    traffic::{Quotas, Settings},
};
use crate::cost::billed_ms;

/// A limit, and the requests a second at which it is met with each of the settings.
pub struct Break {
    pub limit: &'static str,
    pub rates: [f64; 4],
    pub cure: &'static str,
}

pub fn all(measured: &Measured) -> Vec<Break> {
    let share = |ranks: f64, exponent| Zipf::new(ranks as usize, exponent).largest_share();
    let (callers, clients) = (share(model::CALLERS.value, 1.0), share(model::CLIENTS.value, 1.0));
    let tokens = share(model::TOKENS.value, model::TOKEN_EXPONENT);
    let duration = billed_ms(measured) / 1e3;
    let partition = model::PARTITION_READS.value;
    // With the setting, every environment reads a shared item once in that time, and the requests keep so many busy.
    let shared = |share: f64| {
        Settings::ALL.map(|settings| match settings.hot_seconds {
            0 => partition / settings.unit() / share,
            seconds => partition / settings.unit() * f64::from(seconds) / duration,
        })
    };
    let table = |own: f64, shared: f64| {
        Settings::ALL.map(|settings| {
            let keys = if settings.hot_seconds > 0 { own } else { own + shared };
            if keys > 0.0 { Quotas::DEFAULT.table_reads / settings.unit() / keys } else { f64::INFINITY }
        })
    };
    let mut breaks = vec![
        Break { limit: "the template's throttle", rates: [model::STAGE_RATE; 4], cure: "`ThrottlingRateLimit`" },
        Break { limit: "the one issuer's `iss#` and `kid#` marks", rates: shared(1.0), cure: "`HOT_RECORD_SECONDS=5`" },
        Break { limit: "the busiest caller's record", rates: shared(callers), cure: "`HOT_RECORD_SECONDS=5`" },
        Break { limit: "the busiest client's `client#` mark", rates: shared(clients), cure: "`HOT_RECORD_SECONDS=5`" },
        Break {
            limit: "the busiest token's `jti#` mark",
            rates: Settings::ALL.map(|settings| partition / settings.unit() / tokens),
            cure: "caching at the resource server",
        },
        Break { limit: "reads of the tokens table", rates: table(2.0, 3.0), cure: "table quota, warm throughput" },
        Break { limit: "reads of the clients table", rates: table(0.0, 1.0), cure: "table quota, warm throughput" },
        Break { limit: "API Gateway", rates: [model::GATEWAY_RATE.value; 4], cure: "account quota" },
        Break {
            limit: "Lambda's requests a second",
            rates: [model::CONCURRENCY.value * model::REQUESTS_PER_CONCURRENCY.value; 4],
            cure: "concurrency quota",
        },
        Break {
            limit: "Lambda's environments",
            rates: [model::CONCURRENCY.value / duration; 4],
            cure: "concurrency quota",
        },
    ];
    breaks.sort_by(|left, right| left.rates[0].total_cmp(&right.rates[0]));
    breaks
}

/// The limits as a table, in the order in which a growing rate meets them by default.
pub fn table(measured: &Measured) -> String {
    let names = Settings::ALL.map(Settings::name).join(" | ");
    let mut text = format!("| limit | {names} | raised by |\n| --- | --- | --- | --- | --- | --- |\n");
    for Break { limit, rates, cure } in all(measured) {
        let rates = rates.map(|rate| if rate.is_finite() { whole(rate) } else { "–".to_owned() }).join(" | ");
        writeln!(text, "| {limit} | {rates} | {cure} |").unwrap();
    }
    text
}

/// What each rate needs, as a table.
pub fn needs(measured: &Measured, rates: &[f64]) -> String {
    let mut text = "| introspections a second | API Gateway, requests a second | Lambda, concurrency | \
                    `ThrottlingRateLimit` | tokens table, read units a second | clients table | settings |\n\
                    | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let first = all(measured).into_iter().filter(|one| one.cure.contains("HOT")).map(|one| one.rates[0]);
    let first = first.fold(f64::INFINITY, f64::min);
    for rate in rates {
        // Peaks are higher than the mean; a third more is a usual reserve.
        let reserve = rounded_up(rate * 4.0 / 3.0);
        let hot = reserve > first;
        let (tokens, clients) = if hot { (2.0, 0.1) } else { (5.0, 1.0) };
        let concurrency = (reserve / model::REQUESTS_PER_CONCURRENCY.value).max(reserve * billed_ms(measured) / 1e3);
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            whole(*rate),
            whole(reserve),
            whole(rounded_up(concurrency)),
            whole(reserve),
            whole(rounded_up(tokens * reserve)),
            whole(rounded_up(clients * reserve)),
            if hot { "`HOT_RECORD_SECONDS=5`" } else { "any" },
        )
        .unwrap();
    }
    text
}

/// Rounded up to two digits.
fn rounded_up(value: f64) -> f64 {
    let unit = 10_f64.powf((value.log10().floor() - 1.0).max(0.0));
    (value / unit).ceil() * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::traffic::{Scenario, simulate};

    #[test]
    fn what_to_set_is_a_round_number_that_is_not_too_small() {
        assert_eq!([0.3, 1.4, 134.0, 133_333.3].map(rounded_up).map(whole), ["1", "2", "140", "140,000"]);
    }

    #[test]
    fn the_simulation_breaks_where_the_arithmetic_says() {
        let measured = Measured::read();
        let first = all(&measured).into_iter().find(|one| one.limit.contains("iss#")).unwrap().rates[0];
        for (rate, answers) in [(first * 0.9, true), (first * 2.0, false)] {
            let quotas = Quotas::raised(rate);
            let settings = Settings::ALL[0];
            let scenario = Scenario { rate, settings, quotas, warm: true, seconds: 4.0, counted_from: 2.0 };
            let outcome = simulate(&scenario, &measured);
            assert_eq!(outcome.answered() > 0.999, answers, "{rate}: {}", outcome.row());
        }
    }
}
