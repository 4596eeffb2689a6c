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
    use std::collections::HashMap;

    use serde_json::Value;
    use token_introspection::{
        certificate::DistinguishedName,
        jwt::{UnverifiedJwt, key_set_entries},
        records::MarkKind,
        request::parse_form,
    };
    use token_introspection_fuzz::{
        credentials, distinguished_name, event, form, key_set, settings,
        stored_item::{self, FUNCTION},
        token,
    };

    use super::*;

    #[track_caller]
    fn assert_found(target: &str, property: impl Fn(&[u8])) {
        let found = seeds(target).iter().any(|seed| catch_unwind(AssertUnwindSafe(|| property(seed))).is_err());
        assert!(found, "no seed of {target} finds the fault");
    }

    #[test]
    fn an_event_that_is_read_as_written_is_found() {
        assert_found("event", |seed| {
            event::holds(
                |event| serde_json::to_string(&event.read().is_ok()).ok().map(|text| text + &size(event)),
                seed,
            );
        });
        fn size(event: &token_introspection::lambda::Event) -> String {
            event::reading(event).unwrap_or_default().len().to_string() + &std::ptr::from_ref(event).addr().to_string()
        }
    }

    #[test]
    fn a_form_whose_plus_is_kept_or_whose_values_are_swapped_is_found() {
        assert_found("form", |seed| {
            form::holds(
                |body| parse_form(&body.to_vec().into_iter().filter(|byte| *byte != b'+').collect::<Vec<_>>()).ok(),
                seed,
            );
        });
        assert_found("form", |seed| form::holds(|body| parse_form(body).ok().map(|pairs| pairs[1..].to_vec()), seed));
    }

    #[test]
    fn credentials_whose_secret_is_not_decoded_are_found() {
        assert_found("credentials", |seed| {
            let (header, body) = seed.split_at(seed.len() / 2);
            credentials::holds(
                |call| {
                    let (id, [_, raw, with_plus]) = credentials::secret_of(call)?;
                    Some((id, [raw.clone(), raw, with_plus]))
                },
                header,
                body,
            );
        });
    }

    #[test]
    fn a_token_whose_signature_is_not_checked_is_found() {
        assert_found("token", |seed| token::holds(|token| UnverifiedJwt::parse(token).is_ok(), seed));
        assert_found("token", |seed| token::holds(|token| token.len() % 2 == 0 || token::is_active(token), seed));
    }

    #[test]
    fn a_key_set_that_keeps_private_members_is_found() {
        assert_found("key_set", |seed| {
            key_set::holds(|text| key_set_entries(text).ok().map(|keys: Vec<Value>| keys), seed);
        });
    }

    #[test]
    fn corrupt_items_that_help_the_bearer_are_found() {
        let marks = |kind: MarkKind, item: HashMap<_, _>| item.len() % 2 == 0 && (FUNCTION.revokes)(kind, item);
        assert_found("stored_item", |seed| {
            stored_item::holds(&stored_item::Subject { revokes: marks, ..FUNCTION }, seed);
        });
        assert_found("stored_item", |seed| {
            stored_item::holds(
                &stored_item::Subject { is_active: |item| item.contains_key("client_id"), ..FUNCTION },
                seed,
            );
        });
    }

    #[test]
    fn a_comparison_of_names_as_texts_and_one_without_values_are_found() {
        assert_found("distinguished_name", |seed| {
            let text = String::from_utf8_lossy(seed);
            distinguished_name::holds(|a, b| Some(a == b && DistinguishedName::parse(a).is_some()), &text);
        });
        assert_found("distinguished_name", |seed| {
            let text = String::from_utf8_lossy(seed);
            let is_name = |text| DistinguishedName::parse(text).is_some();
            distinguished_name::holds(
                |a, b| (DistinguishedName::parse(a).is_some() && DistinguishedName::parse(b).is_some()).then_some(true),
                &text,
            );
            let _ = is_name;
        });
    }

    #[test]
    fn an_error_that_quotes_a_value_or_has_two_lines_is_found() {
        for faulty in [
            (|variables| Err(format!("ISSUER is {:?}; for example: ISSUER=x", variables.get("ISSUER"))))
                as settings::Subject,
            |_| Err("ISSUER is\nmissing; for example: ISSUER=x".to_owned()),
            |_| Err("the settings are wrong".to_owned()),
            |variables| Err(format!("ISSUER is one of {}; for example: ISSUER=x", variables.len())),
        ] {
            assert_found("settings", |seed| settings::holds(faulty, seed));
        }
    }
}
