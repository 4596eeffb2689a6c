//! Hostile parts of a gateway's event: whatever a client can write into it, the answer is not a `5xx`, and it is either that to the
//! plain event or a refusal.

use serde_json::{Value, json};

use crate::events::{answer, demo_service, event};

/// An event of each gateway, and the name of its path.
const GATEWAYS: [(&str, &str); 4] = [
    ("http-api-active", "rawPath"),
    ("function-url-active", "rawPath"),
    ("rest-api-active", "path"),
    ("alb-active", "path"),
];

/// A change that a client can cause.
type Change = Box<dyn Fn(&mut Value)>;

/// Sets a header in each form in which the gateway shows it.
fn set_header(event: &mut Value, name: &str, value: &str) {
    for (member, shown) in [("headers", json!(value)), ("multiValueHeaders", json!([value]))] {
        if let Some(headers) = event[member].as_object_mut() {
            headers.retain(|existing, _| !existing.eq_ignore_ascii_case(name));
            headers.insert(name.to_owned(), shown);
        }
    }
}

fn headers() -> Vec<(String, Change)> {
    let mut all: Vec<(String, Change)> = Vec::new();
    let long = "x".repeat(10_000);
    let values = ["", " ", "\t", "é", "\u{202e}", "\r\nx: y", "\0", "a,b", "\"", "{}", "%00", "\u{ffff}", &long];
    for name in ["accept", "content-type", "authorization", "host", "origin", "x-amzn-trace-id", "user-agent"] {
        for value in values {
            let (name, value) = (name.to_owned(), value.to_owned());
            let case = format!("{name}: {}", value.escape_debug().take(20).collect::<String>());
            all.push((case, Box::new(move |event| set_header(event, &name, &value))));
        }
    }
    for name in ["", " ", "a b", "é", ":path", "__proto__", "content-length", "a\r\nb", "\0", &long] {
        let name = name.to_owned();
        let case = format!("a header named {}", name.escape_debug().take(20).collect::<String>());
        all.push((case, Box::new(move |event| set_header(event, &name, "1"))));
    }
    all
}

fn paths_and_bodies(path_member: &'static str) -> Vec<(String, Change)> {
    let mut all: Vec<(String, Change)> = Vec::new();
    let long = format!("/{}/token/introspect", "x".repeat(8000));
    for path in [
        "",
        "/",
        "//",
        "/%",
        "/%00",
        "/\0",
        "/é/token/introspect",
        "/../token/introspect",
        "*",
        "http://a/token/introspect",
        &long,
    ] {
        let path = path.to_owned();
        let case = format!("path {}", path.escape_debug().take(30).collect::<String>());
        all.push((case, Box::new(move |event| event[path_member] = json!(path))));
    }
    for query in ["%", "%zz=1", "a=%FF", "&&&", "=", "token=x", "a=\u{0}", "é=é"] {
        let query = query.to_owned();
        let change = move |event: &mut Value| {
            let pair = query.split_once('=').unwrap_or((&query, ""));
            event["rawQueryString"] = json!(query);
            event["queryStringParameters"] = json!({ pair.0: pair.1 });
            event["multiValueQueryStringParameters"] = json!({ pair.0: [pair.1] });
        };
        all.push(("a query".to_owned(), Box::new(change)));
    }
    let large = "t".repeat(6 * 1024 * 1024);
    let bodies = [
        ("", false),
        ("!", true),
        ("dG9r", true),
        ("/w==", true),
        ("token=\u{0}", false),
        ("token=%", false),
        (&large, false),
    ];
    for (body, base64) in bodies {
        let body = body.to_owned();
        let case = format!("body {} in base64: {base64}", body.escape_debug().take(20).collect::<String>());
        all.push((
            case,
            Box::new(move |event| (event["body"], event["isBase64Encoded"]) = (json!(body), json!(base64))),
        ));
    }
    all.push(("no body".to_owned(), Box::new(|event| event["body"] = json!(null))));
    all
}

#[tokio::test]
async fn a01_a13_a14_c06_what_a_client_writes_into_an_event_is_never_a_5xx() {
    let (_engine, service) = demo_service().await;
    let (mut count, mut wrong) = (0, Vec::new());
    for (name, path) in GATEWAYS {
        let plain = answer(&service, &event(name, |_| ())).await;
        assert_eq!(plain["statusCode"], 200, "{name}");
        for (case, change) in headers().into_iter().chain(paths_and_bodies(path)) {
            let found = answer(&service, &event(name, |event| change(event))).await;
            let status = found["statusCode"].as_u64().unwrap();
            if !(200..500).contains(&status)
                || (status == 200 && found["body"] != plain["body"] && found["body"] != crate::world::INACTIVE)
            {
                wrong.push(format!("{name}, {case}: {status} {}", found["body"]));
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 500, "{count} events");
}
