//! The properties, over the seeds and over inputs that are made from them, without libFuzzer. Each property is also
//! shown to fail with a wrong subject.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use token_introspection_fuzz::{
    Check, TARGETS,
    mutate::{Random, mutated},
};

/// How many inputs are made for each target.
const MUTATED: usize = 20_000;
/// More than each limit on the size of an input.
const LARGE: usize = 70_000;
/// What one input may take, on a machine that does other things too.
const MAX_TIME: Duration = Duration::from_secs(2);

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder("seeds").join(target)).unwrap_or_else(|error| panic!("seeds/{target}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Names the input if the property does not hold for it.
fn check(name: &str, check: Check, input: &[u8]) {
    let started = Instant::now();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(input))) {
        eprintln!("{name} fails for this input:\n{}", input.escape_ascii());
        resume_unwind(panic);
    }
    assert!(started.elapsed() < MAX_TIME, "{name} takes too long for this input:\n{}", input.escape_ascii());
}

fn run(name: &str) {
    let (_, property) = TARGETS.into_iter().find(|(target, _)| *target == name).unwrap();
    let seeds = seeds(name);
    assert!(seeds.len() > 1, "{name} has no seeds");
    for seed in &seeds {
        check(name, property, seed);
        check(name, property, &seed.repeat(LARGE / seed.len().max(1) + 1));
    }
    let mut random = Random(0x5eed);
    for _ in 0..MUTATED {
        check(name, property, &mutated(&mut random, &seeds));
    }
}

macro_rules! targets {
    ($($target:ident)*) => {
        $(#[test]
        fn $target() {
            run(stringify!($target));
        })*

        #[test]
        fn each_target_is_run_and_has_a_file() {
            assert_eq!([$(stringify!($target)),*], TARGETS.map(|(name, _)| name));
            for (name, _) in TARGETS {
                assert!(folder("fuzz_targets").join(format!("{name}.rs")).is_file(), "{name}");
            }
        }
    };
}

targets!(event form credentials token key_set stored_item distinguished_name settings);

/// Each property fails, for one of the seeds, with a subject that has a fault.
mod planted {
    use serde_json::value::RawValue;
    use token_introspection::{
        certificate::DistinguishedName,
        jwt::{UnverifiedJwt, key_set_entries},
        lambda::Asked,
        outcome::Outcome,
        records::{Corrupt, ItemKey, MarkKind, to_json},
        request::{Credentials, parse_form},
        response::render,
        settings::Settings,
    };
    use token_introspection_fuzz::{
        credentials, distinguished_name, event, form, key_set, settings,
        stored_item::{self, FUNCTION, Subject},
        token,
    };

    use super::*;

    #[track_caller]
    fn assert_found(target: &str, property: impl Fn(&[u8])) {
        let found = seeds(target).iter().any(|seed| catch_unwind(AssertUnwindSafe(|| property(seed))).is_err());
        assert!(found, "no seed of {target} finds the fault");
    }

    #[test]
    fn an_event_whose_order_counts_and_one_that_is_answered_with_500_are_found() {
        let last_header: event::Subject = |event| match event.read().ok()? {
            Asked::Request(incoming) => incoming.headers.keys().last().map(ToString::to_string),
            Asked::Access(_) => None,
        };
        assert_found("event", |seed| event::holds(last_header, seed));
        let defect: event::Answer = |call| Some(render(&Outcome::Internal, &call.request_id));
        assert_found("event", |seed| event::is_answered(defect, seed));
    }

    #[test]
    fn a_form_that_loses_a_plus_or_a_pair_and_one_without_limits_are_found() {
        let without_plus: form::Subject = |body| {
            let body: Vec<_> = body.iter().copied().filter(|byte| *byte != b'+').collect();
            parse_form(&body).ok()
        };
        let without_last: form::Subject = |body| {
            let mut pairs = parse_form(body).ok()?;
            pairs.pop();
            Some(pairs)
        };
        for faulty in [without_plus, without_last] {
            assert_found("form", |seed| form::holds(faulty, seed));
        }
        let unlimited: form::Client = |_| Ok(Some("orders-api".to_owned()));
        // This body is only too large. A repeated seed would be ambiguous as well.
        let large = b"x=1&".repeat(LARGE / 4);
        assert_found("form", |_| form::is_refused_if_too_large_or_ambiguous(unlimited, &large));
        assert_found("form", |seed| form::is_refused_if_too_large_or_ambiguous(unlimited, seed));
    }

    #[test]
    fn credentials_whose_secret_is_not_decoded_or_whose_mechanism_is_another_are_found() {
        let undecoded: credentials::Subject = |call| {
            let (id, [_, raw, with_plus]) = credentials::secret_of(call)?;
            Some((id, [raw.clone(), raw, with_plus]))
        };
        assert_found("credentials", |seed| {
            let (id, secret) = seed.split_at(seed.len() / 2);
            credentials::holds(undecoded, id, secret);
        });
        let unsupported: credentials::Parse = |_| Some(Credentials::Unsupported);
        assert_found("credentials", |seed| {
            let header = seed.split(|byte| *byte == b'\n').next().unwrap_or_default();
            credentials::use_one_mechanism(unsupported, header, b"token=a");
        });
    }

    #[test]
    fn a_token_whose_signature_is_not_checked_and_one_without_marks_are_found() {
        let parses: token::Subject = |token| UnverifiedJwt::parse(token).is_ok();
        let sometimes: token::Subject = |token| token.len().is_multiple_of(2) || token::is_active(token);
        for faulty in [parses, sometimes] {
            assert_found("token", |seed| token::holds(faulty, seed));
        }
        let only_padding: token::Keys = |token| vec![ItemKey::padding(token.digest(), 0)];
        assert_found("token", |seed| token::can_be_revoked(only_padding, seed));
    }

    #[test]
    fn a_key_set_that_keeps_private_members_and_a_key_that_accepts_anything_are_found() {
        let as_published: key_set::Subject = |text| key_set_entries(text).ok();
        assert_found("key_set", |seed| key_set::holds(as_published, seed));
        assert_found("key_set", |seed| key_set::verify_only_their_own(|_, _| true, seed));
    }

    #[test]
    fn items_that_help_the_bearer_or_have_another_text_are_found() {
        let marks = Subject { revokes: |kind, item| !item.is_empty() && kind == MarkKind::Jti, ..FUNCTION };
        let records = Subject { is_active: |item| item.contains_key("client_id"), ..FUNCTION };
        let sizes = Subject { is_active: |item| item.len().is_multiple_of(2), ..FUNCTION };
        for faulty in [marks, records, sizes] {
            assert_found("stored_item", |seed| stored_item::holds(&faulty, seed));
        }
        let spaced: stored_item::Write =
            |value| RawValue::from_string(to_json(value)?.get().replace(':', ": ")).map_err(|_| Corrupt);
        assert_found("stored_item", |seed| stored_item::has_one_text(spaced, seed));
    }

    #[test]
    fn names_that_are_compared_as_texts_and_those_that_are_all_equal_are_found() {
        let is_name = |text: &str| DistinguishedName::parse(text).is_some();
        for faulty in [(|a, b| DistinguishedName::parse(a).map(|_| a == b)) as distinguished_name::Subject, |a, b| {
            Some(DistinguishedName::parse(a).is_some() && DistinguishedName::parse(b).is_some())
        }] {
            assert_found("distinguished_name", |seed| match std::str::from_utf8(seed) {
                Ok(text) if is_name(text) => distinguished_name::holds(faulty, text),
                _ => {}
            });
        }
    }

    #[test]
    fn an_error_that_quotes_a_value_or_has_two_lines_and_settings_without_tls_are_found() {
        for faulty in [
            (|variables| Err(format!("ISSUER is {:?}; for example: ISSUER=x", variables.get("ISSUER"))))
                as settings::Subject,
            |_| Err("ISSUER is\nmissing; for example: ISSUER=x".to_owned()),
            |_| Err("the settings are wrong".to_owned()),
            |variables| Err(format!("ISSUER is one of {}; for example: ISSUER=x", variables.len())),
        ] {
            assert_found("settings", |seed| settings::holds(faulty, seed));
        }
        let insecure: settings::Read = |variables| {
            let issuer = "http://issuer.example.com".to_owned();
            settings::read(variables).ok().map(|settings| Settings { issuer, ..settings })
        };
        assert_found("settings", |seed| settings::are_safe(insecure, seed));
    }
}
