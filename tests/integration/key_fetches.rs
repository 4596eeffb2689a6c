//! How issuers' keys are fetched: which requests each host gets, what can go wrong, and how a failure affects the
//! tokens of that issuer and of others.

use std::time::Duration;

use serde_json::{Value, json};
use token_introspection::{
    issuers::Issuers,
    settings::{LogLevel, Settings},
    token::UnverifiedToken,
};
use tokio::time::Instant;

use crate::{
    engine::Engine,
    key_host::KeyHost,
    key_sets::{Deployment, at, claims_of_the_key_tests, key_set, token},
    key_site::{Site, proxy, response, trusting},
    keys,
    log::Log,
    signer::Signer,
    world::{API, ISSUER, OWN, SECRET, World, changed, introspection, request, send},
};

/// The time of the first request, as in the other key tests.
const T: i64 = 1_800_000_000;
/// A host that only the proxy can reach.
const FAR: &str = "keys.issuer.test";

fn token_of(issuer: &str, signer: &Signer) -> String {
    signer.token(&json!({}), &changed(&claims_of_the_key_tests(), &json!({ "iss": issuer })))
}

/// The log lines of one event.
fn lines(log: &Log, event: &str) -> Vec<Value> {
    let text = log.take();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|line| line["event"] == event).collect()
}

#[tokio::test]
async fn h13_the_log_tells_the_causes_of_failed_fetches_apart() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let key = keys::ed25519(Some("a"), 1);
    let world = World::new().await;
    let (site, set) = (Site::start().await, key_set(&[&key]).to_string());
    let refused = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/jwks.json", listener.local_addr().unwrap())
    };
    let weak = json!({ "keys": [{ "kty": "oct", "k": "AAAA" }, { "kty": "XYZ" }] }).to_string();
    for (path, answer, cause, found) in [
        ("/html", response("200 OK", "", "<html></html>"), "not_json", json!(null)),
        ("/twice", response("200 OK", "", &set.replacen('{', r#"{"keys":[],"#, 1)), "duplicate_members", json!(null)),
        ("/list", response("200 OK", "", "[]"), "not_a_key_set", json!(null)),
        ("/deflate", response("200 OK", "content-encoding: DEFLATE\r\n", &set), "compressed", json!("DEFLATE")),
        ("/gzip", response("200 OK", "content-encoding: gzip\r\n", &set), "compressed", json!("gzip")),
        ("/status", response("403 Forbidden", "", &set), "status", json!("403")),
        ("/moved", response("302 Found", "location: /keys\r\n", &set), "redirect", json!("302")),
        ("/large", response("200 OK", "", &format!("{set}{}", " ".repeat(256 * 1024))), "too_large", json!(null)),
        (
            "/short",
            response("200 OK", "", &set).replacen("content-length: ", "content-length: 9", 1),
            "body",
            json!(null),
        ),
        ("/weak", response("200 OK", "", &weak), "no_usable_key", json!("2 keys")),
    ] {
        site.put_raw(path, &answer);
        let environment = trusting(&world, &json!({ "issuer": ISSUER, "jwks_uri": site.url(path) }), &[]).await;
        at(&environment, 0, &token(&key)).await.assert_unavailable("keys_unavailable");
        let lines = lines(&log, "jwks_fetch_failed");
        assert_eq!(lines.len(), 1, "{path}");
        let line = &lines[0];
        assert_eq!(
            (&line["cause"], &line["found"], &line["issuer"]),
            (&json!(cause), &found, &json!(ISSUER)),
            "{path}"
        );
    }
    for (path, encoding) in [("/1", "identity"), ("/2", "Identity"), ("/3", "")] {
        site.put_raw(path, &response("200 OK", &format!("content-encoding: {encoding}\r\n"), &set));
        let environment = trusting(&world, &json!({ "issuer": ISSUER, "jwks_uri": site.url(path) }), &[]).await;
        at(&environment, 0, &token(&key)).await.assert_active();
    }
    let asked = site.take_requests();
    assert!(asked.iter().all(|head| head.to_ascii_lowercase().contains("accept-encoding: identity")), "{asked:?}");
    assert_eq!(asked.len(), 13, "no redirect was followed");

    let host = KeyHost::start(&key_set(&[&key])).await;
    host.hang();
    for (uri, cause) in [(refused, "refused"), (host.url.clone(), "timed_out")] {
        let environment = trusting(&world, &json!({ "issuer": ISSUER, "jwks_uri": uri }), &[]).await;
        at(&environment, 0, &token(&key)).await.assert_unavailable("keys_unavailable");
        assert_eq!(lines(&log, "jwks_fetch_failed")[0]["cause"], cause);
    }
}

#[tokio::test]
async fn h13_metadata_must_name_their_own_issuer_and_its_keys() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let key = keys::ed25519(Some("a"), 1);
    let (world, site) = (World::new().await, Site::start().await);
    let issuer = site.url("/tenant");
    let place = "/tenant/.well-known/openid-configuration";
    let token = token_of(&issuer, &key);
    site.put("/keys", &key_set(&[&key]));
    // Plain http is accepted here, because the issuer itself is on a loopback address.
    let good = json!({ "issuer": issuer, "jwks_uri": site.url("/keys") });
    for (metadata, cause, found) in [
        (good.clone(), None, json!(null)),
        (
            changed(&good, &json!({ "issuer": format!("{issuer}/") })),
            Some("issuer_differs"),
            json!(format!("{issuer}/")),
        ),
        (changed(&good, &json!({ "jwks_uri": null })), Some("no_jwks_uri"), json!(null)),
        (
            changed(&good, &json!({ "jwks_uri": "http://keys.example/" })),
            Some("insecure_jwks_uri"),
            json!("http://keys.example/"),
        ),
    ] {
        world.delete("oauth-introspection-state", &format!("jwks#{issuer}")).await;
        site.put(place, &metadata);
        let environment = trusting(&world, &json!({ "issuer": issuer }), &[]).await;
        let answer = at(&environment, 0, &token).await;
        let Some(cause) = cause else {
            answer.assert_active();
            continue;
        };
        answer.assert_unavailable("keys_unavailable");
        let line = lines(&log, "jwks_fetch_failed").remove(0);
        assert_eq!((&line["cause"], &line["found"]), (&json!(cause), &found));
        let differs = cause == "issuer_differs";
        assert_eq!(line["expected"], if differs { json!(issuer) } else { json!(null) }, "{line}");
    }
}

#[tokio::test]
async fn h13_a_token_file_is_read_for_each_fetch_and_sent_to_the_issuers_origin_only() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let key = keys::ed25519(Some("a"), 1);
    let (world, site, elsewhere) = (World::new().await, Site::start().await, Site::start().await);
    let file = std::env::temp_dir().join(format!("jwks-bearer-{}", std::process::id()));
    let issuer = site.url("");
    let entry = json!({ "issuer": issuer, "jwks_bearer_file": file });
    let token = token_of(&issuer, &key);
    let authorization = |site: &Site| {
        let heads = site.take_requests().into_iter();
        heads
            .map(|head| head.lines().find(|line| line.starts_with("authorization")).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    site.put("/keys", &key_set(&[&key]));
    elsewhere.put("/keys", &key_set(&[&key]));

    // The file does not exist yet.
    let environment = trusting(&world, &entry, &[]).await;
    at(&environment, 0, &token).await.assert_unavailable("keys_unavailable");
    assert_eq!(lines(&log, "jwks_fetch_failed")[0]["cause"], "token_file_unreadable");
    assert_eq!(site.take_requests().len(), 0);
    std::fs::write(&file, "  first\n").unwrap();
    site.put("/.well-known/openid-configuration", &json!({ "issuer": issuer, "jwks_uri": site.url("/keys") }));
    at(&environment, 30, &token).await.assert_active();
    let sent = |token: &str| Some(format!("authorization: Bearer {token}"));
    assert_eq!(authorization(&site), [sent("first"), sent("first")]);
    // The token was renewed, and the metadata now name another origin.
    std::fs::write(&file, "second").unwrap();
    site.put("/.well-known/openid-configuration", &json!({ "issuer": issuer, "jwks_uri": elsewhere.url("/keys") }));
    at(&environment, 330, &token).await.assert_active();
    assert_eq!((authorization(&site), authorization(&elsewhere)), (vec![sent("second")], vec![None]));
    // The operator chose the configured address, so it gets the token.
    let configured = json!({ "issuer": issuer, "jwks_bearer_file": file, "jwks_uri": elsewhere.url("/keys") });
    at(&trusting(&world, &configured, &[]).await, 330, &token).await.assert_active();
    assert_eq!(authorization(&elsewhere), [sent("second")]);
    assert!(!log.take().contains("second"));
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn h13_https_goes_through_the_proxy_and_loopback_addresses_never_do() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let key = keys::ed25519(Some("a"), 1);
    let (world, site) = (World::new().await, Site::start().await);
    site.put("/keys", &key_set(&[&key]));
    let far = json!({ "issuer": ISSUER, "jwks_uri": format!("https://{FAR}/keys") });
    let (address, heads) = proxy(&site.address, "200 OK").await;
    let (forbidding, _) = proxy(&site.address, "407 Proxy Authentication Required").await;
    let with_credentials = format!("http://user:hush@{address}");
    for (variable, value, no_proxy, cause, tunnels) in [
        // The site behind the tunnel does not speak TLS.
        ("HTTPS_PROXY", with_credentials.as_str(), "", "tls", 1),
        ("https_proxy", &address, "", "tls", 1),
        ("ALL_PROXY", &address, "other.example", "tls", 1),
        ("HTTPS_PROXY", &format!("http://{forbidding}"), "", "proxy", 0),
        ("HTTPS_PROXY", "http://127.0.0.1:1", "", "proxy", 0),
    ] {
        let environment = trusting(&world, &far, &[(variable, value), ("NO_PROXY", no_proxy)]).await;
        at(&environment, 0, &token(&key)).await.assert_unavailable("keys_unavailable");
        let text = log.take();
        assert!(
            text.contains(&format!(r#""cause":"{cause}""#)) && !text.contains("hush"),
            "{variable} {value}: {text}"
        );
        let seen = std::mem::take(&mut *heads.lock().unwrap());
        assert_eq!(seen.len(), tunnels, "{variable} {value} {no_proxy}");
        assert!(seen.iter().all(|head| head.starts_with(&format!("CONNECT {FAR}:443 "))), "{seen:?}");
        let authorized = seen.iter().any(|head| head.contains("Proxy-Authorization: Basic dXNlcjpodXNo"));
        assert_eq!(authorized, value.contains('@'), "{seen:?}");
    }
    let near = json!({ "issuer": ISSUER, "jwks_uri": site.url("/keys") });
    let environment = trusting(&world, &near, &[("HTTPS_PROXY", &address), ("ALL_PROXY", &address)]).await;
    at(&environment, 0, &token(&key)).await.assert_active();
    assert!(heads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn h13_two_issuers_that_hang_do_not_delay_a_healthy_one_in_a_batch() {
    let (log, _guard) = Log::start(LogLevel::Info);
    let key = keys::ed25519(Some("a"), 1);
    let world = World::new().await;
    let mut entries = Vec::new();
    let mut tokens = Vec::new();
    for number in 0..3 {
        let host = KeyHost::start(&key_set(&[&key])).await;
        if number < 2 {
            host.hang();
        }
        let issuer = format!("https://issuer-{number}.example");
        entries.push(json!({ "issuer": issuer, "profile": "rfc9068", "jwks_uri": host.url }));
        let claims = changed(&claims_of_the_key_tests(), &json!({ "iss": issuer }));
        tokens.push(key.token(&json!({ "typ": "at+jwt" }), &claims));
    }
    let environment = World::service(&world.proxy.url, &json!(entries).to_string(), &world.token_settings()).await;
    let started = Instant::now();
    let batch = request().basic(API, SECRET).path("/token/introspect/batch").header("content-type", "application/json");
    let batch = batch.body(json!({ "tokens": tokens }).to_string()).at(T);
    let results = send(&environment, batch).await.json()["results"].take();
    assert!(started.elapsed() < Duration::from_millis(1700), "{:?}", started.elapsed());
    let unavailable = json!({ "error": "temporarily_unavailable" });
    assert_eq!((&results[0], &results[1], &results[2]["active"]), (&unavailable, &unavailable, &json!(true)));
    assert_eq!(lines(&log, "jwks_fetch_failed").len(), 2);
}

#[tokio::test]
async fn g08_h13_a_fetch_without_enough_time_is_not_begun_and_does_not_count_as_failed() {
    let key = keys::ed25519(Some("a"), 1);
    let deployment = Deployment::publishing(&[&key]).await;
    let environment = deployment.environment().await;
    let hurried = |token: &str, seconds| introspection(token).at(T + seconds).within(Duration::from_millis(450));
    let answer = send(&environment, hurried(&token(&key), 0)).await;
    answer.assert_unavailable("keys_unavailable");
    assert_eq!((answer.header("retry-after"), deployment.host.take_requests()), ("1", 0));
    at(&environment, 0, &token(&key)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 1);
    // The same holds for an unknown key, and for a signature that a newer key may have made.
    for signer in [keys::ed25519(Some("b"), 2), keys::ed25519(Some("a"), 3)] {
        send(&environment, hurried(&token(&signer), 10)).await.assert_unavailable("keys_unavailable");
    }
    // A set that is due for a refresh stays in use.
    send(&environment, hurried(&token(&key), 300)).await.assert_active();
    assert_eq!(deployment.host.take_requests(), 0);
}

#[tokio::test]
async fn g08_retry_after_is_the_rest_of_the_pause() {
    let (known, unknown) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let deployment = Deployment::publishing(&[&known]).await;
    deployment.host.publish(500, "");
    let environment = deployment.environment().await;
    for (seconds, expected) in [(0, "30"), (1, "29"), (29, "1"), (30, "30"), (50, "10")] {
        let answer = at(&environment, seconds, &token(&known)).await;
        answer.assert_unavailable("keys_unavailable");
        assert_eq!(answer.header("retry-after"), expected, "after {seconds} s");
    }
    deployment.publish(&[&known]);
    at(&environment, 60, &token(&known)).await.assert_active();
    deployment.host.publish(500, "");
    let answer = at(&environment, 70, &token(&unknown)).await;
    answer.assert_unavailable("keys_unavailable");
    assert_eq!(answer.header("retry-after"), "30");
    // After a failure of the store, a client may ask again at once.
    deployment.world.proxy.fail(crate::proxy::Fault::ServerError);
    assert_eq!(at(&environment, 71, &token(&known)).await.header("retry-after"), "1");
}

#[tokio::test]
async fn g08_h14_a_valid_token_of_a_replaced_key_is_503_while_the_host_is_down() {
    let (old, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("a"), 2));
    let deployment = Deployment::publishing(&[&old]).await;
    let environment = deployment.environment().await;
    at(&environment, 0, &token(&old)).await.assert_active();
    deployment.host.publish(500, "");
    for seconds in [5, 6, 34] {
        at(&environment, seconds, &token(&new)).await.assert_unavailable("keys_unavailable");
        at(&environment, seconds, &token(&old)).await.assert_active();
    }
    deployment.publish(&[&new]);
    at(&environment, 35, &token(&new)).await.assert_active();
    at(&environment, 35, &token(&old)).await.assert_inactive("bad_signature");
}

#[tokio::test]
async fn h13_a_clock_that_moves_by_an_hour_prevents_no_fetch() {
    let (old, new) = (keys::ed25519(Some("a"), 1), keys::ed25519(Some("b"), 2));
    let replaced = keys::ed25519(Some("b"), 3);
    // The token is valid at each of these times.
    let claims = changed(&claims_of_the_key_tests(), &json!({ "iat": null, "exp": T + 400 * 86_400 }));
    let token = |signer: &Signer| signer.token(&json!({}), &claims);
    for hours in [-1, 1, -24 * 365, 24 * 365] {
        let deployment = Deployment::publishing(&[&old]).await;
        let entry = json!({ "issuer": ISSUER, "jwks_uri": deployment.host.url });
        let environment = trusting(&deployment.world, &entry, &[]).await;
        at(&environment, 0, &token(&old)).await.assert_active();
        // A failure and a fetch that a signature caused are remembered as well.
        at(&environment, 1, &token(&keys::ed25519(Some("a"), 9))).await.assert_inactive("bad_signature");
        deployment.host.publish(500, "");
        at(&environment, 2, &token(&new)).await.assert_unavailable("keys_unavailable");
        deployment.publish(&[&old, &new]);
        let moved = hours * 3600;
        at(&environment, moved, &token(&new)).await.assert_active();
        at(&environment, moved, &token(&old)).await.assert_active();
        deployment.publish(&[&old, &replaced]);
        at(&environment, moved + 1, &token(&replaced)).await.assert_active();
        // A cold environment does not believe a snapshot from the future, and fetches.
        let cold = trusting(&deployment.world, &entry, &[]).await;
        at(&cold, moved + 1, &token(&replaced)).await.assert_active();
    }
}

#[tokio::test]
async fn h15_the_one_key_that_fits_is_known_before_the_read() {
    let (ed, es) = (keys::ed25519(Some("a"), 1), keys::es256(Some("b")));
    let world = World::new().await;
    for (keys, expected) in [
        (vec![ed.jwk(), es.jwk()], Some("a")),
        (vec![ed.jwk()], Some("a")),
        (vec![ed.jwk(), keys::ed25519(Some("c"), 2).jwk()], None),
        (vec![ed.jwk(), keys::ed25519(None, 2).jwk()], None),
        (vec![keys::ed25519(None, 1).jwk()], None),
        (vec![es.jwk()], None),
    ] {
        let issuers = json!([{ "issuer": ISSUER, "profile": "rfc9068", "jwks": { "keys": keys } }]).to_string();
        let settings = Settings::read(|name| match name {
            "ISSUER" => Some(OWN.to_owned()),
            "TRUSTED_ISSUERS" => Some(issuers.clone()),
            _ => None,
        });
        let settings = settings.unwrap_or_else(|error| panic!("{error}"));
        let store = Engine::store_at(&world.proxy.url, &settings).await.unwrap();
        let issuers = Issuers::new(&settings, store).unwrap();
        for (kid, expected) in [(None, expected), (Some(""), expected), (Some("a"), None)] {
            let text = token(&keys::ed25519(kid, 1));
            let unverified = UnverifiedToken::parse(&text, &settings).ok().unwrap();
            assert_eq!(issuers.only_fitting_kid(&unverified, T).as_deref(), expected, "{kid:?} {keys:?}");
        }
    }
}
