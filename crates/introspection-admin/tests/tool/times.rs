//! Times and durations as operators type them: each option takes every form, and says in which direction one leads.

use serde_json::{Value, json};
use test_support::world::{API, ISSUER, SECRET, World};
use token_introspection::{call::now, records::sha256_hex};

use super::Tool;

/// 2030-01-31 14:00:00 UTC.
const JANUARY: i64 = 1_896_098_400;

/// The forms of one time, which no clock moves.
const FORMS: [&str; 4] =
    ["1896098400", "2030-01-31T14:00:00Z", "2030-01-31T15:00:00+01:00", "2030-01-31T14:00:00.000Z"];

fn about(time: &Value, before: i64, distance: i64) {
    let time = time.as_i64().unwrap();
    assert!((before + distance..=now() + distance).contains(&time), "{time} is not {distance} s from {before}");
}

#[tokio::test]
async fn each_option_takes_a_time_in_every_form() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    for form in FORMS {
        let line = format!("revoke --sub alice --issuer {ISSUER} --replace --not-before {form} --expires-at {form}");
        let answer = tool.json(&line).await;
        assert_eq!((&answer["not_before"], &answer["expires_at"]), (&json!(JANUARY), &json!(JANUARY)), "{form}");

        let line = format!("token put --client app --exp {form} --iat {form} --nbf {form}");
        let answer = tool.json(&line).await;
        let record = world.stored_mark(answer["id"].as_str().unwrap()).await;
        for name in ["exp", "iat", "nbf"] {
            assert_eq!(record[name]["N"], JANUARY.to_string(), "{name} {form}");
        }

        world.put_client(&json!({ "client_id": API, "client_secret": sha256_hex(SECRET), "issuer": form }));
        let line = format!("client disable {API} --force --not-before {form}");
        assert_eq!(tool.json(&line).await["marks"][0]["not_before"], JANUARY, "{form}");
    }
    // A date is its first second.
    let answer = tool.json("token put --client app --exp 2030-01-31").await;
    assert_eq!(answer["exp"], JANUARY - 14 * 3_600);
}

#[tokio::test]
async fn a_duration_leads_into_the_past_or_the_future_as_its_option_says() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let before = now();
    let answer = tool.json(&format!("revoke --sub alice --issuer {ISSUER} --not-before 2h --expires-at 30d")).await;
    about(&answer["not_before"], before, -7_200);
    about(&answer["expires_at"], before, 30 * 86_400);

    let answer = tool.json("token put --client app --exp 2h --iat 1h --nbf 90s").await;
    let record = world.stored_mark(answer["id"].as_str().unwrap()).await;
    for (name, distance) in [("exp", 7_200), ("iat", -3_600), ("nbf", 90)] {
        about(&json!(record[name]["N"].as_str().unwrap().parse::<i64>().unwrap()), before, distance);
    }
    let now_is_a_time = tool.json("token put --client app --expires-in 1h --iat now --nbf now").await;
    about(&now_is_a_time["exp"], before, 3_600);

    let before = now();
    let answer = tool.json(&format!("client rotate-secret {API} --overlap 12h")).await;
    about(&answer["previous_client_secret_expires_at"], before, 43_200);

    let answer = tool.json(&format!("client disable {API} --not-before 1d")).await;
    about(&answer["marks"][0]["not_before"], before, -86_400);
}

#[tokio::test]
async fn what_was_revoked_two_hours_ago_spares_a_token_of_now() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let (old, new) = (world.token(&json!({ "iat": now() - 7_300, "jti": "old" })), world.token(&json!({})));
    tool.json(&format!("revoke --sub alice --issuer {ISSUER} --not-before 2h")).await;
    world.introspect(&old).await.assert_inactive("revoked_subject");
    world.introspect(&new).await.assert_active();
}

#[tokio::test]
async fn an_error_names_the_option_and_what_it_takes() {
    let tool = Tool::without_aws();
    for (line, expected) in [
        (
            "revoke --sub a --not-before soon",
            "--not-before <TIME>: takes none, now or seconds since the epoch; also a date",
        ),
        ("revoke --sub a --not-before 2h-ago", "a duration into the past (2h, 30d)"),
        (
            "revoke --sub a --not-before=-2h",
            "--not-before <TIME>: takes a duration without a sign; 2h means two hours ago",
        ),
        ("revoke --sub a --expires-at now", "--expires-at <TIME>: takes never or seconds since the epoch"),
        (
            "revoke --sub a --expires-at 1896098400000",
            "--expires-at <TIME>: takes never or seconds since the epoch (not milliseconds)",
        ),
        ("client disable a --not-before 2030-01-31T14:00:00", "--not-before <TIME>: needs the offset"),
        ("token put --client a --exp 2030-02-30", "--exp <TIME>: takes now or seconds since the epoch; also a date"),
        (
            "token put --client a --iat 100y",
            "--iat <TIME>: takes now or seconds since the epoch (not milliseconds), from 1970 to 9999",
        ),
        ("token put --client a --nbf later", "a duration into the future (2h, 30d)"),
        ("token put --client a --expires-in now", "--expires-in <DURATION>: takes seconds, or a duration such as 90s"),
        ("client rotate-secret a --overlap -1", "unexpected argument"),
        ("client rotate-secret a --overlap 200y", "--overlap <DURATION>: takes seconds, or a duration"),
    ] {
        tool.run(line).await.failed(2, expected);
    }
}

#[tokio::test]
async fn the_help_of_each_command_says_what_a_time_is() {
    let tool = Tool::without_aws();
    for line in ["revoke --help", "client disable --help", "token put --help"] {
        let help = tool.run(line).await.done().stdout;
        assert!(help.contains("TIME is seconds since the epoch; a date"), "{help}");
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("TIME (2h: two hours ago)"), "{help}");
    }
}
