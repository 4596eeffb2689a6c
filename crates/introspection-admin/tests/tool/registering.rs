//! What `client add` refuses: a client that could never authenticate, options of another method, private keys.

use serde_json::{Value, json};
use test_support::{
    certificates::{ORDERS, body},
    keys,
    world::{GENERIC, ISSUER, World},
};

use super::{Tool, file};

/// Asserts that the command is refused with one line that contains this, and that nothing is written.
async fn assert_not_registered(world: &World, tool: &Tool, words: &[&str], stdin: &str, expected: &str) {
    let words = [&["client", "add", "--id", "orders"], words].concat();
    tool.run_words(&words, stdin).await.failed(2, expected);
    assert_eq!(world.stored_client("orders").await, Value::Null, "{words:?}");
}

#[tokio::test]
async fn a_client_that_could_never_authenticate_is_refused_with_the_option_and_the_cure() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let option = |name: &str| format!("--tls-client-auth-{name}");
    for (method, name, value, expected) in [
        ("tls_client_auth", option("subject-dn"), "orders", "write it as in CN=orders"),
        (
            "tls_client_auth",
            option("subject-dn"),
            "/CN=orders/C=DE",
            "no certificate can have the value of --tls-client-auth-subject-dn",
        ),
        (
            "tls_client_auth",
            option("san-ip"),
            "192.0.2",
            "no certificate can have the value of --tls-client-auth-san-ip",
        ),
        ("tls_client_auth", option("san-ip"), "192.0.2.0/24", "write it as in 192.0.2.7"),
        (
            "tls_client_auth",
            option("san-dns"),
            "größe.example",
            "no certificate can have the value of --tls-client-auth-san-dns",
        ),
        (
            "tls_client_auth",
            option("san-uri"),
            "https://größe.example",
            "no certificate can have the value of --tls-client-auth-san-uri",
        ),
        (
            "tls_client_auth",
            option("san-email"),
            "example.com",
            "no certificate can have the value of --tls-client-auth-san-email",
        ),
        ("aws_iam", "--iam-principal-arn".to_owned(), "Orders", "not the ARN of one IAM user or role"),
        ("aws_iam", "--iam-principal-arn".to_owned(), "arn:aws:iam::111122223333:role/*", "of one IAM user or role"),
        ("aws_iam", "--iam-principal-arn".to_owned(), "arn:aws:iam::111122223333:root", "of one IAM user or role"),
        (
            "aws_iam",
            "--iam-principal-arn".to_owned(),
            "arn:aws:sts::111122223333:assumed-role/Orders/x",
            "for a session give its role",
        ),
        ("bearer", "--issuer".to_owned(), "https://issuer.example.com/", "--issuer is not in TRUSTED_ISSUERS"),
        ("bearer", "--issuer".to_owned(), "a#b", "--issuer is not in TRUSTED_ISSUERS"),
    ] {
        assert_not_registered(&world, &tool, &["--method", method, &name, value], "", expected).await;
    }
}

#[tokio::test]
async fn h06_a_key_set_without_a_usable_key_is_refused_with_the_reason_of_each_key() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let (good, x5c) = (keys::es256(None).jwk(), |text: &str| json!({ "keys": [{ "kty": "EC", "x5c": [text] }] }));
    let changed = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        json!({ "keys": [key] })
    };
    for (method, set, expected) in [
        ("private_key_jwt", json!({ "keys": [] }), "--jwks is not a JSON Web Key Set"),
        ("private_key_jwt", good.clone(), "--jwks is not a JSON Web Key Set"),
        ("private_key_jwt", json!([good]), "--jwks is not a JSON Web Key Set"),
        ("private_key_jwt", changed("use", json!("enc")), "of key 1, its kty, use or key_ops say"),
        ("private_key_jwt", changed("alg", json!("RS256")), "of key 1, its algorithm is not RS256"),
        ("private_key_jwt", changed("x", json!("AAAA")), "of key 1, a member is missing or cannot be read"),
        ("private_key_jwt", changed("x", good["y"].clone()), "of key 1, a member is missing or cannot be read"),
        (
            "private_key_jwt",
            json!({ "keys": [1, { "kty": "RSA", "n": "AQAB", "e": "AQAB" }] }),
            "cannot be read; of key 2, an RSA key has 2,048 to 8,192 bits",
        ),
        ("self_signed_tls_client_auth", json!({ "keys": [good] }), "--jwks contains no key with a certificate"),
        ("self_signed_tls_client_auth", x5c(ORDERS), "without line breaks"),
        ("self_signed_tls_client_auth", x5c("AAAA"), "--jwks contains no key with a certificate"),
        ("self_signed_tls_client_auth", x5c(&body(ORDERS)[..200]), "--jwks contains no key with a certificate"),
        ("private_key_jwt", changed("x5t", json!("x".repeat(64 * 1024))), "--jwks is over 64 KiB"),
    ] {
        let words = ["--method", method, "--jwks", "-"];
        assert_not_registered(&world, &tool, &words, &set.to_string(), expected).await;
    }
    let words = ["--method", "private_key_jwt", "--jwks", "-"];
    for (text, expected) in [
        ("", "is empty"),
        ("\n", "is empty"),
        ("nothing", "is not a JSON Web Key Set"),
        (r#"{"keys":[{"kty":"OKP"}],"keys":[]}"#, "no member twice"),
    ] {
        assert_not_registered(&world, &tool, &words, text, expected).await;
    }
    let words = ["--method", "private_key_jwt", "--jwks", "@/nowhere/jwks.json"];
    assert_not_registered(&world, &tool, &words, "", "cannot be read").await;
}

#[tokio::test]
async fn keys_that_are_never_used_are_reported() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let encryption = json!({ "kty": "EC", "crv": "P-256", "use": "enc", "x": "AA", "y": "AA" });
    let set = json!({ "keys": [encryption, keys::es256(Some("k1")).jwk()] });
    let run = tool.run_with("client add --id some --method private_key_jwt --jwks -", &set.to_string()).await.done();
    run.warned("1 of 2 keys are used: of key 1, its kty, use or key_ops say that it verifies no signatures");
    let many: Vec<_> = (0..21).map(|number| keys::ed25519(Some(&format!("k{number}")), number).jwk()).collect();
    let set = json!({ "keys": many }).to_string();
    let run = tool.run_with("client add --id many --method private_key_jwt --jwks -", &set).await.done();
    run.warned("20 of 21 keys are used: the set has more keys than are read");
}

#[tokio::test]
async fn h27_o04_a_private_key_is_refused_and_neither_stored_nor_repeated() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let secret = "nnxRsjMTG0vzFtTGBRxu3HAPCL4zvYCqmwnpFqSW0hc";
    let key = |name: &str| {
        let mut key = keys::es256(Some("k1")).jwk();
        key["x5c"] = json!([body(ORDERS)]);
        key[name] = json!(secret);
        key
    };
    let mut texts: Vec<String> = ["d", "p", "q", "dp", "dq", "qi", "k"]
        .map(|name| json!({ "keys": [keys::ed25519(None, 1).jwk(), key(name)] }).to_string())
        .into();
    texts.extend([
        // A single key, a key outside `keys`, a symmetric key, and the formats of other tools.
        key("d").to_string(),
        json!({ "keys": [keys::es256(None).jwk()], "backup": [key("d")] }).to_string(),
        json!({ "keys": [keys::es256(None).jwk(), { "kty": "oct", "k": secret }] }).to_string(),
        format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n"),
        format!("-----BEGIN EC PRIVATE KEY-----\n{secret}\n-----END EC PRIVATE KEY-----\n"),
    ]);
    for (number, text) in texts.iter().enumerate() {
        for method in ["private_key_jwt", "self_signed_tls_client_auth"] {
            for (source, stdin) in [("-".to_owned(), text.as_str()), (file(&format!("private-{number}"), text), "")] {
                let line = format!("client add --id orders --method {method} --jwks {source}");
                let run = tool.run_with(&line, stdin).await;
                run.failed(2, "--jwks contains a private key, which was not stored");
                assert!(!run.stderr.contains(secret), "{}", run.stderr);
                assert_eq!(world.stored_client("orders").await, Value::Null);
            }
        }
    }
    let run = tool.run(&format!("client add --id orders --method private_key_jwt --jwks {}", texts[0])).await;
    run.failed(
        2,
        "--jwks takes - (standard input) or @FILE, not the key set itself, which a shell's history would keep",
    );
    assert!(!run.stderr.contains(secret) && !run.stderr.contains("live"));
    // Another program may have stored a private key, in the form of our records or in another.
    for jwks in [json!(texts[0]), json!({ "keys": [key("d")] }), json!(texts[texts.len() - 1])] {
        world.put_client(&json!({
            "client_id": "orders", "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks,
        }));
        for line in ["client show orders", "client list --output json"] {
            let run = tool.run(line).await.done();
            run.warned("contains a private key");
            assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{line}");
        }
    }
}

#[tokio::test]
async fn options_of_another_method_are_refused_and_missing_ones_named() {
    let world = World::new().await;
    let tool = Tool::beside(&world);
    let san = "--tls-client-auth-san-dns";
    for (line, expected) in [
        ("--jwks -", "--jwks belongs to --method private_key_jwt or self_signed_tls_client_auth"),
        ("--method client_secret_basic --jwks -", "--jwks belongs to"),
        ("--method bearer --issuer a --secret -", "--secret belongs to --method client_secret_basic or"),
        ("--method private_key_jwt --jwks - --secret -", "--secret belongs to"),
        ("--method aws_iam --iam-principal-arn a --assertion-audience b", "--assertion-audience belongs to --method p"),
        ("--method self_signed_tls_client_auth --jwks - --assertion-audience b", "--assertion-audience belongs to"),
        (
            "--method private_key_jwt --jwks - --tls-client-auth-san-dns a",
            "san-dns belongs to --method tls_client_auth",
        ),
        ("--method tls_client_auth --iam-principal-arn a", "--iam-principal-arn belongs to --method aws_iam"),
        ("--public --jwks -", "--public cannot be used with --jwks"),
        ("--public --iam-principal-arn a", "--public cannot be used with --iam-principal-arn"),
        ("--public --tls-client-auth-san-ip a", "--public cannot be used with --tls-client-auth-"),
        ("--public --method bearer", "--public cannot be used with --method"),
        ("--method private_key_jwt", "--jwks is missing"),
        ("--method self_signed_tls_client_auth", "--jwks is missing"),
        ("--method aws_iam", "--iam-principal-arn is missing"),
        ("--method bearer", "--issuer is missing"),
        ("--method tls_client_auth", "needs exactly one of --tls-client-auth-subject-dn, --tls-client-auth-san-dns"),
    ] {
        assert_not_registered(&world, &tool, &line.split(' ').collect::<Vec<_>>(), "{}", expected).await;
    }
    let two = ["--method", "tls_client_auth", san, "a.example.com", "--tls-client-auth-san-ip", "192.0.2.7"];
    assert_not_registered(&world, &tool, &two, "", "needs exactly one of").await;
    tool.run(&format!("client add --method bearer --issuer {ISSUER}")).await.failed(2, "--id is missing");
    let line = format!("client add --id orders --method bearer --issuer {ISSUER}");
    tool.run(&line).await.done();
    tool.run(&line).await.failed(1, "the client \"orders\" already exists and was not changed; choose another --id");
}

#[tokio::test]
async fn a_client_of_bearer_needs_the_functions_settings() {
    let world = World::new().await;
    let line = format!("client add --id orders --method bearer --issuer {GENERIC}");
    Tool::beside(&world).without("ISSUER").run(&line).await.failed(2, "ISSUER is missing");
    let jwks = json!({ "keys": [world.signer.jwk()] });
    let issuers = json!([{
        "issuer": GENERIC, "profile": "generic", "jwks": jwks, "required_claims": { "a": 1 }, "client_ids": ["web"],
    }]);
    let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", &issuers.to_string());
    tool.run(&line).await.failed(2, "--id is not among the client_ids that TRUSTED_ISSUERS has for --issuer");
    assert_eq!(world.stored_client("orders").await, Value::Null);
    tool.run(&line.replace("orders", "web")).await.done();
}
