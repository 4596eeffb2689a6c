//! docs/scale.md and its plots.

use std::{fmt::Write, fs};

use super::{
    breaks,
    lines::{Axis, Line, chart},
    load,
    measured::Measured,
    model::{self, Figure},
    outcome::{Outcome, percent, whole},
    rushes::Situation,
    traffic::{Quotas, Scenario, Settings, simulate},
};
use crate::{cost::Cost, root};

const FRAME: &str = include_str!("page.md");
pub const RATES: [f64; 3] = [1.0, 1000.0, 100_000.0];
const SWEEP: [f64; 10] = [1e2, 1e3, 2e3, 3e3, 5e3, 1e4, 2e4, 3e4, 5e4, 1e5];

/// What the simulation says.
pub struct Simulated {
    steady: Vec<(f64, Outcome)>,
    sudden: Vec<(f64, &'static str, Outcome)>,
    sweep: Vec<Line>,
    pub situations: Vec<Situation>,
}

/// Runs all simulations, which takes about a minute.
pub fn simulate_all(measured: &Measured) -> Simulated {
    let steady = |rate: f64, settings, quotas| {
        // Long enough for the held items to expire and for a few thousand requests.
        let seconds = (20_000.0 / rate).clamp(12.0, 3000.0);
        let scenario = Scenario { rate, settings, quotas, warm: true, seconds, counted_from: seconds / 2.0 };
        simulate(&scenario, measured)
    };
    let rates = RATES.into_iter().flat_map(|rate| Settings::ALL.map(|settings| (rate, settings)));
    let sudden = |rate: f64, name, quotas| {
        let scenario =
            Scenario { rate, settings: Settings::ALL[1], quotas, warm: false, seconds: 10.0, counted_from: 0.0 };
        (rate, name, simulate(&scenario, measured))
    };
    let line = |name: &str, run: &dyn Fn(f64) -> Outcome| Line {
        name: name.replace('`', ""),
        points: SWEEP.into_iter().map(|rate| (rate, run(rate).answered() * 100.0)).collect(),
    };
    let mut sweep: Vec<Line> = Settings::ALL
        .into_iter()
        .map(|settings| line(settings.name(), &|rate| steady(rate, settings, Quotas::raised(rate))))
        .collect();
    sweep.push(line("both, default quotas", &|rate| steady(rate, Settings::ALL[3], Quotas::DEFAULT)));
    Simulated {
        steady: rates.map(|(rate, settings)| (rate, steady(rate, settings, Quotas::raised(rate)))).collect(),
        sudden: RATES
            .into_iter()
            .skip(1)
            .flat_map(|rate| {
                [sudden(rate, "default quotas", Quotas::DEFAULT), sudden(rate, "raised quotas", Quotas::raised(rate))]
            })
            .collect(),
        sweep,
        situations: super::rushes::all(measured, &[1, 10, 100, 1000]),
    }
}

impl Simulated {
    /// The tables of the simulation.
    pub fn tables(&self, measured: &Measured) -> [String; 3] {
        let mut steady = "| a second | settings | environments | read units a second | units each | caller's record | `iss#` | \
                          `kid#` | `client#` | `jti#` | answered | 503 | throttled | p50 | p99 | USD a day |\n\
                          | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
        for (rate, outcome) in &self.steady {
            let cost = Cost::new(outcome.units_per_request, outcome.billed_ms, "arm64", measured);
            let day = match outcome.answered() {
                answered if answered > 0.99 => whole_or_cents(cost.total() * rate * 86_400.0 / 1e6),
                _ => "–".to_owned(),
            };
            writeln!(steady, "| {} | {} | {} {day} |", whole(*rate), outcome.settings.name(), outcome.row()).unwrap();
        }
        let mut sudden = "| a second | quotas | cold starts | environments | answered | throttled | p99 |\n\
                          | --- | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
        for (rate, name, outcome) in &self.sudden {
            let throttled = (outcome.gateway_throttled + outcome.lambda_throttled) / outcome.offered;
            writeln!(
                sudden,
                "| {} | {name} | {} | {} | {} | {} | {:.0} ms |",
                whole(*rate),
                whole(outcome.cold),
                whole(outcome.environments as f64),
                percent(outcome.answered()),
                percent(throttled),
                outcome.p99_ms,
            )
            .unwrap();
        }
        let mut fetches = "| situation | environments | fetches | in the busiest second | without the lease |\n\
                           | --- | --- | --- | --- | --- |\n"
            .to_owned();
        for Situation { name, environments, fetches: [now, without] } in &self.situations {
            writeln!(
                fetches,
                "| {name} | {} | {} | {} | {} |",
                whole(*environments as f64),
                whole(now.total as f64),
                whole(now.busiest_second as f64),
                whole(without.total as f64),
            )
            .unwrap();
        }
        [steady, sudden, fetches]
    }

    /// The fetches of a situation with 1,000 environments.
    fn thousand(&self, name: &str) -> String {
        let found = self.situations.iter().find(|one| one.environments == 1000 && one.name.contains(name));
        whole(found.unwrap().fetches[0].total as f64)
    }

    fn plots(&self) -> [(&'static str, String); 2] {
        let rate = Axis { label: "introspections a second", marks: &[1e2, 1e3, 1e4, 1e5], logarithmic: true };
        let share = Axis { label: "per cent answered", marks: &[0.0, 25.0, 50.0, 75.0, 100.0], logarithmic: false };
        let environments = Axis { label: "environments", marks: &[1.0, 10.0, 100.0, 1000.0], logarithmic: true };
        let fetches = Axis { label: "key fetches", marks: &[1.0, 10.0, 1e2, 1e3, 1e4, 1e5], logarithmic: true };
        let line = |name: &str, situation: &str, guard: usize| Line {
            name: name.to_owned(),
            points: (self.situations.iter().filter(|one| one.name.contains(situation)))
                .map(|one| (one.environments as f64, one.fetches[guard].total as f64))
                .collect(),
        };
        let rushes = [
            line("cold, no snapshot", "created at once, no snapshot", 0),
            line("refresh, 100 a second each", "300 s, 100", 0),
            line("unknown kid, at once", "each at once", 0),
            line("unknown kids for 20 s", "for 20 s", 0),
            line("cold, without the lease", "created at once, no snapshot", 1),
        ];
        [
            ("answered.svg", chart("Requests that are answered, by rate", &rate, &share, &self.sweep)),
            ("fetches.svg", chart("Requests to the issuer's key host", &environments, &fetches, &rushes)),
        ]
    }
}

/// The tables of the load test.
pub fn load_tables(rows: &[load::Row], throughputs: &[load::Throughput]) -> [String; 2] {
    let mut fetches = "| situation | environments | a fetch takes | fetches, measured | fetches, simulated |\n\
                       | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for load::Row { situation, environments, fetch, measured, expected } in rows {
        writeln!(fetches, "| {situation} | {environments} | {} ms | {measured} | {expected} |", fetch.as_millis())
            .unwrap();
    }
    let mut rates = "| environments | introspections a second, measured | expected |\n| --- | --- | --- |\n".to_owned();
    for load::Throughput { environments, measured, expected } in throughputs {
        writeln!(rates, "| {environments} | {} | {} |", whole(*measured), whole(*expected)).unwrap();
    }
    [fetches, rates]
}

pub fn write(measured: &Measured, simulated: &Simulated, loads: &[String; 2], machine: &str) {
    let folder = root().join("docs/scale");
    fs::create_dir_all(&folder).unwrap();
    for (name, plot) in simulated.plots() {
        fs::write(folder.join(name), plot).unwrap();
    }
    let [steady, sudden, fetches] = simulated.tables(measured);
    let page = FRAME
        .replace("{steady}", steady.trim_end())
        .replace("{sudden}", sudden.trim_end())
        .replace("{fetches}", fetches.trim_end())
        .replace("{breaks}", breaks::table(measured).trim_end())
        .replace("{needs}", breaks::needs(measured, &RATES).trim_end())
        .replace("{load}", loads[0].trim_end())
        .replace("{throughput}", loads[1].trim_end())
        .replace("{machine}", machine)
        .replace("{limits}", figures(&model::LIMITS).trim_end())
        .replace("{assumptions}", figures(&model::ASSUMPTIONS).trim_end())
        .replace("{cpu}", &format!("{}", measured.cpu_ms))
        .replace("{init}", &format!("{}", measured.init_ms))
        .replace("{resident}", &format!("{}", measured.resident_mb))
        .replace("{cold}", &simulated.thousand("created at once, no snapshot"))
        .replace("{ready}", &simulated.thousand("same moment"))
        .replace("{refresh}", &simulated.thousand("300 s, 100"))
        .replace("{unknown}", &simulated.thousand("each at once"))
        .replace("{attack}", &simulated.thousand("for 20 s"));
    fs::write(root().join("docs/scale.md"), page).unwrap();
}

fn figures(figures: &[&Figure]) -> String {
    let mut text = "| what | value | source |\n| --- | --- | --- |\n".to_owned();
    for Figure { what, value, unit, source } in figures {
        let source = if source.starts_with("https") { format!("<{source}>") } else { (*source).to_owned() };
        writeln!(text, "| {what} | {} {unit} | {source} |", whole(*value)).unwrap();
    }
    text
}

fn whole_or_cents(amount: f64) -> String {
    if amount < 100.0 { format!("{amount:.2}") } else { whole(amount) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_tables_that_follow_from_the_data() {
        let (page, measured) = (fs::read_to_string(root().join("docs/scale.md")).unwrap(), Measured::read());
        for table in [
            breaks::table(&measured),
            breaks::needs(&measured, &RATES),
            figures(&model::LIMITS),
            figures(&model::ASSUMPTIONS),
        ] {
            assert!(page.contains(table.trim_end()), "`cargo bench --bench scale -- --update` writes it:\n{table}");
        }
    }
}
