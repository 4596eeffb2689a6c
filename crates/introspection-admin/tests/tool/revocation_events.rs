//! What the template's pipe reports of the items that `revoke` and `/token/revoke` write: which of them, and how much.

use serde_json::{Value, json};
use test_support::{
    pages::{blocks, read},
    world::{API, ISSUER, SECRET, World, request},
};
use token_introspection::records::sha256_hex;

use super::Tool;

const TIME: i64 = 1_795_371_830;

/// The filters of the pipe in the template, and its template of an event.
struct Pipe {
    filters: Vec<Value>,
    input_template: String,
}

impl Pipe {
    fn of_the_template() -> Self {
        let template = read("template.yaml");
        let (_, pipe) = template.split_once("\n  RevocationPipe:\n").unwrap();
        let (pipe, _) = pipe.split_once("\n  RevocationPipeRole:\n").unwrap();
        let patterns = pipe.split("- Pattern: >-\n").skip(1);
        let filters = patterns.map(|rest| {
            let lines = rest.lines().map(str::trim).take_while(|line| line.starts_with(['{', '"']));
            serde_json::from_str(&lines.collect::<Vec<_>>().join(" ")).unwrap()
        });
        let (_, input) = pipe.split_once("InputTemplate: '").unwrap();
        Self { filters: filters.collect(), input_template: input.split_once('\'').unwrap().0.to_owned() }
    }

    /// The detail of the event for a record of the stream, if one of the filters matches it.
    fn event(&self, record: &Value) -> Option<Value> {
        self.filters.iter().any(|filter| matches(filter, Some(record))).then(|| {
            let mut pieces = self.input_template.split("<$.");
            let mut text = pieces.next().unwrap().to_owned();
            for piece in pieces {
                let (path, rest) = piece.split_once('>').unwrap();
                let value = path.split('.').fold(record, |value, name| &value[name]);
                text = format!("{text}{value}{rest}");
            }
            serde_json::from_str(&text).unwrap()
        })
    }
}

/// The rules of `EventBridge` that the filters use: equal values, `prefix` and `exists`.
fn matches(pattern: &Value, value: Option<&Value>) -> bool {
    match pattern {
        Value::Object(members) => {
            members.iter().all(|(name, pattern)| matches(pattern, value.and_then(|value| value.get(name))))
        }
        Value::Array(choices) => choices.iter().any(|choice| match (choice, value) {
            (Value::Object(rule), value) => match (rule.get("prefix"), rule.get("exists")) {
                (Some(prefix), None) => {
                    value.and_then(Value::as_str).is_some_and(|text| text.starts_with(prefix.as_str().unwrap()))
                }
                (None, Some(exists)) => value.is_some() == exists.as_bool().unwrap(),
                _ => panic!("this rule is not known here: {choice}"),
            },
            (choice, value) => value == Some(choice),
        }),
        _ => panic!("a leaf of a pattern is a list: {pattern}"),
    }
}

/// The record of the stream for a change of an item, with DynamoDB's own names.
fn record(change: &str, item: &Value) -> Value {
    let mut dynamodb = json!({
        "ApproximateCreationDateTime": TIME, "Keys": { "id": item["id"] }, "SequenceNumber": "1", "SizeBytes": 100,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    dynamodb[if change == "REMOVE" { "OldImage" } else { "NewImage" }] = item.clone();
    json!({
        "eventID": "1", "eventName": change, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1", "dynamodb": dynamodb,
    })
}

#[tokio::test]
async fn each_kind_of_mark_that_the_tool_or_the_route_writes_is_reported_by_its_key_and_time_only() {
    let pipe = Pipe::of_the_template();
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let [jwt, opaque] = world.both_forms(&json!({ "client_id": API }));
    let without_jti = world.token(&json!({ "jti": null }));
    let answer = world.send(request().basic(API, SECRET).path("/token/revoke").form(&[("token", jwt.as_str())])).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let id = format!("jti#{ISSUER}#jti-1");
    let item = world.stored_mark(&id).await;
    assert_eq!(pipe.event(&record("INSERT", &item)), Some(json!({ "key": id, "time": TIME })), "{item}");
    for (options, stdin, id) in [
        ("--jti j-1", "", format!("jti#{ISSUER}#j-1")),
        ("--sub alice --reason stolen", "", format!("sub#{ISSUER}#alice")),
        ("--sub a\"b\\c", "", format!("sub#{ISSUER}#a\"b\\c")),
        ("--sid s-1", "", format!("sid#{ISSUER}#s-1")),
        ("--grant g-1", "", format!("grant#{ISSUER}#g-1")),
        ("--client app", "", format!("client#{ISSUER}#app")),
        ("--kid key-1", "", format!("kid#{ISSUER}#key-1")),
        ("--not-before none", "", format!("iss#{ISSUER}")),
        ("--token -", opaque.as_str(), format!("revoked#{}", sha256_hex(&opaque))),
        (
            "--token - --force",
            without_jti.as_str(),
            format!("jwt#{}", sha256_hex(without_jti.rsplit_once('.').unwrap().0)),
        ),
    ] {
        let issuer = if stdin.is_empty() { format!(" --issuer {ISSUER}") } else { String::new() };
        tool.run_with(&format!("revoke {options}{issuer}"), stdin).await.done();
        let item = world.stored_mark(&id).await;
        assert_eq!(item["id"]["S"], id);
        for change in ["INSERT", "MODIFY"] {
            assert_eq!(pipe.event(&record(change, &item)), Some(json!({ "key": id, "time": TIME })), "{change} {id}");
        }
        // Removing a mark, by hand or by its time to live, revokes nothing.
        assert_eq!(pipe.event(&record("REMOVE", &item)), None, "{id}");
    }
}

#[test]
fn the_record_of_an_opaque_token_is_reported_when_it_is_revoked_or_deleted_and_not_when_it_is_issued() {
    let pipe = Pipe::of_the_template();
    let digest = sha256_hex("an-opaque-token");
    let item = |revoked: Option<bool>| {
        let mut item = json!({ "id": { "S": format!("token#{digest}") }, "sub": { "S": "alice" } });
        if let Some(revoked) = revoked {
            item["revoked"] = json!({ "BOOL": revoked });
        }
        item
    };
    let reported = Some(json!({ "key": format!("token#{digest}"), "time": TIME }));
    for (change, revoked, event) in [
        ("INSERT", None, None),
        ("MODIFY", Some(false), None),
        ("MODIFY", Some(true), reported.clone()),
        ("INSERT", Some(true), reported.clone()),
        ("REMOVE", None, reported),
    ] {
        assert_eq!(pipe.event(&record(change, &item(revoked))), event, "{change} {revoked:?}");
    }
    let mut expired = record("REMOVE", &item(None));
    expired["userIdentity"] = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
    assert_eq!(pipe.event(&expired), None);
}

#[test]
fn items_of_other_kinds_are_not_reported() {
    let pipe = Pipe::of_the_template();
    for id in ["something#else", "jwks#https://auth.example.com", "assertion#00", "REVOKED#00", ""] {
        for change in ["INSERT", "MODIFY", "REMOVE"] {
            assert_eq!(pipe.event(&record(change, &json!({ "id": { "S": id } }))), None, "{change} {id}");
        }
    }
}

#[test]
fn the_rule_of_the_page_passes_the_event_of_the_page_which_is_one_that_the_pipe_makes() {
    let (events, rules) = (blocks("json", "revocation-event"), blocks("json", "revocation-rule"));
    let [event, rule] = [&events, &rules].map(|blocks| serde_json::from_str::<Value>(&blocks[0].text).unwrap());
    assert_eq!((events.len(), rules.len()), (1, 1));
    assert!(matches(&rule, Some(&event)));
    let item = json!({ "id": { "S": event["detail"]["key"] } });
    assert_eq!(Pipe::of_the_template().event(&record("INSERT", &item)), Some(event["detail"].clone()));
    let template = read("template.yaml");
    for (line, value) in [("DetailType: ", &event["detail-type"]), ("Source: !Sub ", &event["source"])] {
        let text = value.as_str().unwrap().replace("/introspection", "/${AWS::StackName}");
        assert!(template.contains(&format!("{line}{text}\n")), "{line}{text}");
    }
    // Every kind of mark is in the rule, with the issuer if the key has one.
    for kind in ["token", "revoked", "jwt", "jti", "sid", "sub", "grant", "client", "kid"] {
        let rest = if matches!(kind, "token" | "revoked" | "jwt") { "00" } else { "https://auth.example.com#1" };
        let mut other = event.clone();
        other["detail"]["key"] = json!(format!("{kind}#{rest}"));
        assert!(matches(&rule, Some(&other)), "{kind}");
    }
    for key in ["iss#https://auth.example.com/t2", "sid#https://other.example.com#1"] {
        let mut other = event.clone();
        other["detail"]["key"] = json!(key);
        assert!(!matches(&rule, Some(&other)), "{key}");
    }
}
