//! Access tokens as many issuers make them, and the suggested entry for each.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use token_introspection::call::now;

use super::{check, entry::Suggestion, read, report, settings};

/// A token with these members in its header and claims, in addition to the usual ones. Its signature is not valid.
fn token(header: &Value, claims: &Value) -> String {
    let (mut all_header, mut all_claims) =
        (json!({ "alg": "RS256", "kid": "key-1" }), json!({ "sub": "alice", "iat": now() - 10, "exp": now() + 600 }));
    for (all, changes) in [(&mut all_header, header), (&mut all_claims, claims)] {
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(all.as_object_mut().unwrap().remove(name)),
                value => all[name] = value.clone(),
            }
        }
    }
    [all_header, all_claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()) + ".").concat() + "AAAA"
}

/// The suggestion for a token, and the rule that the token breaks with the suggested entry.
fn suggest(header: &Value, claims: &Value) -> (Suggestion, Option<&'static str>) {
    let text = token(header, claims);
    let shape = read(&text).unwrap_or_else(|problem| panic!("{problem}"));
    let suggestion = Suggestion::from_shape(&shape);
    let why = check(&text, settings(&suggestion).ok().as_ref()).err();
    let report = report(&shape, &suggestion, why.as_ref());
    assert!(!report.text.contains(&text) && !report.json.to_string().contains(&text), "O-04");
    assert_eq!(report.exit_code == 0, why.is_none());
    (suggestion, why.map(|why| why.name()))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_suggested_entry_accepts_the_access_token_of_each_issuer() {
    let at = json!({ "typ": "at+jwt" });
    let jwt = json!({ "typ": "JWT" });
    let tenant = "9122040d-6c67-4c5b-b112-36a304b66dad";
    for (name, header, claims, expected) in [
        (
            "Cognito",
            &json!({}),
            json!({ "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf", "token_use": "access",
                "client_id": "7abc", "scope": "openid", "username": "alice", "jti": "j", "origin_jti": "o", "version": 2 }),
            json!({ "profile": "cognito", "client_ids": ["7abc"] }),
        ),
        (
            "Auth0",
            &jwt,
            json!({ "iss": "https://t.eu.auth0.com/", "aud": ["https://api", "https://t.eu.auth0.com/userinfo"],
                "azp": "c", "scope": "openid" }),
            json!({ "profile": "auth0", "audiences": ["https://api"] }),
        ),
        (
            "Auth0, RFC 9068",
            &at,
            json!({ "iss": "https://t.eu.auth0.com/", "aud": "https://api", "client_id": "c", "jti": "j" }),
            json!({ "profile": "auth0", "audiences": ["https://api"] }),
        ),
        (
            "Auth0, own domain",
            &jwt,
            json!({ "iss": "https://login.example.com/", "aud": "https://api", "azp": "c", "gty": "client-credentials" }),
            json!({ "profile": "auth0" }),
        ),
        (
            "Entra v1",
            &jwt,
            json!({ "iss": format!("https://sts.windows.net/{tenant}/"), "aud": "api://orders", "appid": "a", "tid": tenant,
                "scp": "orders.read", "uti": "u", "ver": "1.0" }),
            json!({ "profile": "entra", "audiences": ["api://orders"] }),
        ),
        (
            "Entra v2",
            &jwt,
            json!({ "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0"), "aud": "11112222", "azp": "a",
                "roles": ["x"], "tid": tenant, "uti": "u", "ver": "2.0" }),
            json!({ "profile": "entra", "audiences": ["11112222"] }),
        ),
        (
            "B2C",
            &jwt,
            json!({ "iss": format!("https://shop.b2clogin.com/{tenant}/v2.0/"), "aud": "a1", "azp": "a2", "tfp": "B2C_1_in",
                "scp": "read", "nonce": "n", "ver": "1.0" }),
            json!({ "profile": "entra",
                "jwks_uri": "https://shop.b2clogin.com/shop.onmicrosoft.com/B2C_1_in/discovery/v2.0/keys" }),
        ),
        (
            "Okta",
            &json!({}),
            json!({ "iss": "https://t.okta.com/oauth2/default", "aud": "api://default", "cid": "c", "uid": "u",
                "scp": ["openid"], "jti": "AT.1", "ver": 1 }),
            json!({ "profile": "okta", "audiences": ["api://default"] }),
        ),
        (
            "Keycloak",
            &jwt,
            json!({ "iss": "https://kc.example.com/realms/shop", "aud": "account", "azp": "web", "typ": "Bearer",
                "session_state": "s", "sid": "s", "jti": "j", "nonce": "n", "scope": "openid" }),
            json!({ "profile": "keycloak", "audiences": ["account"] }),
        ),
        (
            "Keycloak, lightweight",
            &jwt,
            json!({ "iss": "https://kc.example.com/realms/shop", "azp": "web", "typ": "Bearer", "jti": "j", "sub": null }),
            json!({ "profile": "keycloak", "audiences": null }),
        ),
        (
            "Spring Authorization Server",
            &json!({}),
            json!({ "iss": "https://auth.example.com", "aud": "web", "nbf": now() - 10, "scope": ["read", "write"],
                "jti": "j" }),
            json!({ "profile": "generic", "audiences": ["web"] }),
        ),
        (
            "Duende",
            &at,
            json!({ "iss": "https://ids.example.com", "aud": "api", "client_id": "web", "scope": ["api"], "jti": "j" }),
            json!({ "profile": "rfc9068", "audiences": ["api"] }),
        ),
        (
            "Duende, client credentials",
            &at,
            json!({ "iss": "https://ids.example.com", "aud": "api", "client_id": "job", "scope": ["api"], "jti": "j",
                "sub": null }),
            json!({ "profile": "generic", "audiences": ["api"] }),
        ),
        (
            "Hydra",
            &jwt,
            json!({ "iss": "https://hydra.example.com", "aud": [], "client_id": "web", "scp": ["read"], "ext": {},
                "jti": "j" }),
            json!({ "profile": "generic", "required_claims": { "client_id": "web" } }),
        ),
        (
            "Zitadel",
            &jwt,
            json!({ "iss": "https://t.zitadel.cloud", "aud": ["1@project"], "client_id": "web", "jti": "V2_1" }),
            json!({ "profile": "generic", "audiences": ["1@project"] }),
        ),
        (
            "authentik",
            &jwt,
            json!({ "iss": "https://auth.example.com/application/o/web/", "aud": "web", "azp": "web", "uid": "u",
                "scope": "openid", "jti": "j" }),
            json!({ "profile": "generic", "audiences": ["web"], "claim_names": { "client_id": ["azp"] } }),
        ),
        (
            "AD FS",
            &jwt,
            json!({ "iss": "http://adfs.example.com/adfs/services/trust", "aud": "microsoft:identityserver:api",
                "appid": "a", "apptype": "Public", "scp": "openid", "ver": "1.0" }),
            json!({ "profile": "generic", "required_claims": { "apptype": "Public" },
                "jwks_uri": "https://adfs.example.com/adfs/discovery/keys", "claim_names": { "client_id": ["appid"] } }),
        ),
        (
            "Firebase",
            &json!({}),
            json!({ "iss": "https://securetoken.google.com/shop", "aud": "shop", "auth_time": 1, "user_id": "u" }),
            json!({ "profile": "generic", "audiences": ["shop"] }),
        ),
        (
            "Supabase",
            &json!({ "typ": "JWT", "alg": "ES256" }),
            json!({ "iss": "https://x.supabase.co/auth/v1", "aud": "authenticated", "role": "authenticated",
                "session_id": "s", "aal": "aal1" }),
            json!({ "profile": "generic", "required_claims": { "role": "authenticated" },
                "claim_names": { "sid": ["session_id"] } }),
        ),
        (
            "Clerk",
            &jwt,
            json!({ "iss": "https://x.clerk.accounts.dev", "azp": "https://app.example.com", "sid": "sess_1", "v": 2,
                "sts": "active" }),
            json!({ "profile": "generic", "required_claims": { "sts": "active" } }),
        ),
        (
            "Kinde",
            &jwt,
            json!({ "iss": "https://x.kinde.com", "aud": [], "azp": "web", "scp": ["openid"], "jti": "j" }),
            json!({ "profile": "generic", "required_claims": { "azp": "web" } }),
        ),
        (
            "FusionAuth",
            &jwt,
            json!({ "iss": "https://fa.example.com", "aud": "app", "applicationId": "app", "tty": "at", "jti": "j" }),
            json!({ "profile": "generic", "required_claims": { "tty": "at" } }),
        ),
        (
            "GitHub Actions",
            &jwt,
            json!({ "iss": "https://token.actions.githubusercontent.com", "aud": "https://github.com/acme",
                "repository": "acme/shop", "jti": "j" }),
            json!({ "profile": "generic", "audiences": ["https://github.com/acme"] }),
        ),
        (
            "GitLab",
            &jwt,
            json!({ "iss": "https://gitlab.com", "aud": "https://api", "project_path": "acme/shop", "jti": "j" }),
            json!({ "profile": "generic", "audiences": ["https://api"] }),
        ),
        (
            "Kubernetes",
            &json!({}),
            json!({ "iss": "https://kubernetes.default.svc.cluster.local", "aud": ["https://api"],
                "kubernetes.io": { "namespace": "shop" }, "sub": "system:serviceaccount:shop:web", "jti": "j" }),
            json!({ "profile": "generic",
                "jwks_uri": "https://kubernetes.default.svc.cluster.local/openid/v1/jwks",
                "jwks_bearer_file": "/var/run/secrets/kubernetes.io/serviceaccount/token" }),
        ),
    ] {
        let (suggestion, why) = suggest(header, &claims);
        let entry = suggestion.entry();
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(entry.get(member).unwrap_or(&Value::Null), value, "{name}: {entry}");
        }
        assert_eq!(why, None, "{name}: {entry}");
        let text: Value = serde_json::from_str(&suggestion.text()).unwrap();
        assert_eq!(text, entry, "{name}");
    }
}

#[test]
fn what_is_not_an_access_token_is_pointed_out() {
    let issuer = json!("https://issuer.example.com");
    for (header, claims, expected) in [
        (json!({}), json!({ "aud": "web", "at_hash": "h" }), "at_hash"),
        (json!({}), json!({ "aud": "web", "nonce": "n" }), "nonce"),
        (json!({}), json!({ "aud": "web", "token_use": "id" }), "ID token, as it says itself"),
        (json!({}), json!({ "aud": "web", "typ": "ID", "azp": "web" }), "ID token, as it says itself"),
        (json!({}), json!({ "aud": "web", "typ": "Refresh", "azp": "web" }), "refresh token"),
        (json!({}), json!({ "aud": "web", "events": {} }), "logout token"),
        (json!({}), json!({ "aud": "web", "iss": "https://accounts.google.com" }), "Google's access tokens are opaque"),
        (json!({ "alg": "HS256" }), json!({ "aud": "web" }), "shared secret"),
        (json!({ "alg": "none" }), json!({ "aud": "web" }), "which no entry can accept"),
        (json!({ "kid": null }), json!({ "aud": "web" }), "no kid"),
        (json!({}), json!({ "aud": "web" }), "only aud distinguishes these tokens from ID tokens"),
        (json!({}), json!({ "aud": "web", "iss": "issuer" }), "fill in jwks_uri"),
    ] {
        let mut all = json!({ "iss": issuer });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let (suggestion, _) = suggest(&header, &all);
        assert!(suggestion.notes.iter().any(|note| note.contains(expected)), "{expected}: {:?}", suggestion.notes);
    }
    for (text, expected) in
        [("a.b.c.d.e", "encrypted"), ("opaque", "opaque"), ("eyJhbGciOiJub25lIn0.e.e", "does not parse")]
    {
        let problem = read(text).err().map(|problem| problem.to_string()).unwrap_or_default();
        assert!(problem.contains(expected), "{text}: {problem}");
    }
}
