//! docs/redis.md without a Redis server: its items are judged, and its rules and lines are compared with the template
//! and the code. With the feature `redis`, a server holds the items, and `redis_fitness.rs` loads the rules into one.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use token_introspection::records::sha256_hex;

use super::page::{blocks, commands, page, read, root, spans, words};
use crate::world::{World, introspection, issuers, send};

const AUTH: &str = "https://auth.example.com";

/// Key and value of each `SET` of the page, in its order.
fn items() -> Vec<(String, Value)> {
    let lines = blocks("text", "redis").into_iter().flat_map(|block| commands(&block.text));
    let item = |line: String| {
        let words = words(&line);
        assert!(words[0] == "SET" && (words.len() == 3 || words[3] == "EXAT"), "{line}");
        (words[1].clone(), serde_json::from_str(&words[2]).unwrap_or_else(|error| panic!("{error}: {line}")))
    };
    lines.map(item).collect()
}

#[tokio::test]
async fn g03_g12_the_values_of_the_page_are_a_token_and_marks() {
    let world = World::new().await;
    let trusted = issuers(&world.signer).replace("https://issuer.example.com", AUTH);
    let service = World::service(&world.proxy.url, &trusted, &world.token_settings()).await;
    let [(token, record), (session, session_mark), (subject, subject_mark)] = <[_; 3]>::try_from(items()).unwrap();
    let put = |id: &str, attributes: &Value| {
        let mut item = attributes.clone();
        item["id"] = json!(id);
        world.put_item(&item);
    };
    let exp = record["exp"].as_i64().unwrap();
    let now = subject_mark["not_before"].as_i64().unwrap();
    let jwt = |changes: Value| {
        let mut claims = json!({ "iss": AUTH, "iat": now, "exp": now + 600 });
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        world.token(&claims)
    };
    let ask = async |token: &str| send(&service, introspection(token).at(now)).await;
    put(&token.replace("<digest>", &sha256_hex("opaque")), &record);
    assert_eq!(ask("opaque").await.assert_active()["exp"], exp);
    let (of_session, of_subject) = (jwt(json!({ "sub": "bob", "sid": "5f2c" })), jwt(json!({ "sub": "alice" })));
    for token in [&of_session, &of_subject] {
        ask(token).await.assert_active();
    }
    put(&session, &session_mark);
    put(&subject, &subject_mark);
    for (token, reason) in [(&of_session, "revoked_session"), (&of_subject, "revoked_subject")] {
        ask(token).await.assert_inactive(reason);
    }
}

/// The key patterns that a rule lets its user write.
fn writable(rule: &str) -> BTreeSet<String> {
    let patterns = rule.split(' ').filter_map(|word| word.strip_prefix("%W~").or_else(|| word.strip_prefix('~')));
    patterns.map(|pattern| pattern.replace(AUTH, "${LogoutIssuer}")).collect()
}

#[test]
fn each_user_may_write_the_keys_that_the_template_lets_its_role_write() {
    let template = read("template.yaml");
    let lists = template.split("dynamodb:LeadingKeys: [").skip(1).filter_map(|rest| rest.split_once(']'));
    let granted: Vec<BTreeSet<String>> =
        lists.map(|(list, _)| list.split('\'').skip(1).step_by(2).map(str::to_owned).collect()).collect();
    let rules: Vec<String> = blocks("text", "acl").into_iter().flat_map(|block| commands(&block.text)).collect();
    assert_eq!((rules.len(), granted.len()), (4, 3));
    for rule in &rules {
        let user = rule.strip_prefix("ACL SETUSER ").unwrap().split(' ').next().unwrap();
        let mut writable = writable(rule);
        // The function creates the canary, which a tokens table in DynamoDB does not have.
        assert_eq!(writable.remove("canary#tokens"), user == "introspection");
        let is_granted = granted.contains(&writable);
        assert!(
            is_granted || (user == "operator" && writable == BTreeSet::from(["*".to_owned()])),
            "{user}: {writable:?}"
        );
    }
}

#[test]
fn the_file_for_cargo_lambda_names_features_of_this_package() {
    let manifest = read("Cargo.toml");
    let (_, features) = manifest.split_once("[features]").unwrap();
    let features = features.split("\n[").next().unwrap();
    for block in blocks("toml", "cargo-lambda") {
        let (_, list) = block.text.split_once("features = [").unwrap_or_else(|| panic!("{}", block.place));
        for name in list.split('"').skip(1).step_by(2) {
            assert!(features.contains(&format!("\n{name} = [")), "{}: {name} is not a feature", block.place);
        }
    }
}

/// The string literals below that folder, whole, with `\u{0}` for what a format fills in.
fn literals(folder: &str) -> Vec<String> {
    let (mut folders, mut literals) = (vec![root().join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let code =
                text.split("#[cfg(test)]").next().unwrap_or_default().replace("'\"'", "").replace("\\\"", "\u{1}");
            let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            let code = code.join("\n");
            let found = code.split('"').skip(1).step_by(2).map(|literal| literal.replace('\u{1}', "\""));
            literals.extend(found.map(|literal| filled_in(&literal)));
        }
    }
    literals
}

fn filled_in(literal: &str) -> String {
    let parts = literal.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    parts.collect::<Vec<_>>().join("\u{0}")
}

/// Whether a line is that literal with values inserted.
fn fits(literal: &str, line: &str) -> bool {
    let parts: Vec<&str> = literal.split('\u{0}').collect();
    let mut rest = line;
    for part in &parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    line.starts_with(parts[0]) && line.ends_with(parts[parts.len() - 1])
}

#[test]
fn each_line_about_a_server_is_in_the_code_and_each_of_the_code_is_on_the_page() {
    let page = page("docs/redis.md");
    let text = page.text.replace('\n', " ");
    let literals: Vec<String> = ["src/store", "src/settings"].iter().flat_map(|folder| literals(folder)).collect();
    let rows = page.rows();
    let (_, after) = text.split_once("| the line after `token-introspection: REDIS_URL`").unwrap();
    let lines: Vec<&str> = spans(after.split("  ").next().unwrap());
    let lines = lines.into_iter().filter(|line| rows.iter().any(|(_, cells)| cells[0].contains(line)));
    let lines: Vec<&str> = lines.filter(|line| line.matches(' ').count() > 2).collect();
    assert!(lines.len() >= 8, "{lines:?}");
    for line in &lines {
        assert!(
            literals.iter().any(|literal| literal.len() > 12 && fits(literal, line)),
            "the code has no text {line:?}"
        );
    }
    // The reasons why a server is refused come from one type.
    let failure = literals.iter().find(|literal| literal.starts_with("may evict keys")).unwrap();
    assert!(lines.iter().any(|line| fits(failure, line)));
    let source = std::iter::once("src/store/redis").flat_map(self::literals);
    let told = source.filter(|text| text.matches(' ').count() > 3 && !text.starts_with("the ") && !text.contains('\n'));
    for literal in told {
        let on_the_page = spans(&text).iter().any(|span| {
            let span = span.strip_prefix("the server ").unwrap_or(span);
            fits(&literal, span)
        });
        assert!(on_the_page, "docs/redis.md does not show: {literal}");
    }
}
