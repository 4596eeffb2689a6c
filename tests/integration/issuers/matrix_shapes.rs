//! Shapes of tokens, for client `app` and API `api`, with the verdict of each profile.
//!
//! The verdicts are in the order of the table's columns: `rfc9068`, `cognito`, `auth0`, `entra`, `okta`, `keycloak`,
//! `generic` by audience, `generic` by the claim `use`. `A` is active; the other letters are the rules that fire first:
//! `T` typ, `N` no access token, `M` missing claim, `R` required claim, `U` audience, `C` client, `Y` type, `E`
//! expired.

use serde_json::{Value, json};

pub struct Row {
    pub name: &'static str,
    pub header: Value,
    pub claims: Value,
    /// Times that differ from those of a token that is ten seconds old.
    pub times: Value,
    pub cells: &'static str,
}

fn row(name: &'static str, typ: &str, claims: Value, cells: &'static str) -> Row {
    let header = if typ.is_empty() { json!({}) } else { json!({ "typ": typ }) };
    Row { name, header, claims, times: json!({}), cells }
}

/// A token whose only peculiarity is one of its times.
fn timed(name: &'static str, times: Value, cells: &'static str) -> Row {
    let claims = json!({ "sub": "u", "aud": "api", "client_id": "app", "jti": "j", "scope": "a", "use": "access" });
    Row { times, ..row(name, "at+jwt", claims, cells) }
}

pub fn rows() -> Vec<Row> {
    [of_the_profiles(), of_keycloak(), of_other_issuers(), of_workloads(), of_other_kinds(), of_wrong_types()]
        .into_iter()
        .flatten()
        .collect()
}

#[rustfmt::skip]
fn of_the_profiles() -> Vec<Row> {
    vec![
        row("Cognito", "", json!({ "sub": "u", "token_use": "access", "client_id": "app", "scope": "api/read", "jti": "j", "origin_jti": "o", "username": "alice", "version": 2, "use": "access" }),
            "T A M M M N U A"),
        row("Cognito, bound to a resource", "", json!({ "sub": "u", "token_use": "access", "client_id": "app", "scope": "openid", "jti": "j", "aud": "api", "use": "access" }),
            "T A A A A N A A"),
        row("Cognito with nonce", "", json!({ "sub": "u", "token_use": "access", "client_id": "app", "scope": "api/read", "jti": "j", "nonce": "n" }),
            "T A N N N N N R"),
        row("Cognito, a machine", "", json!({ "sub": "app", "token_use": "access", "client_id": "app", "scope": "api/read", "jti": "j", "version": 2 }),
            "T A M M M N U R"),
        row("Cognito, ID token", "", json!({ "sub": "u", "token_use": "id", "aud": "app", "cognito:username": "alice", "jti": "j", "origin_jti": "o" }),
            "T N M M M N U R"),
        row("Cognito, another client", "", json!({ "sub": "u", "token_use": "access", "client_id": "other", "scope": "api/read", "jti": "j", "use": "access" }),
            "T C M M M N U A"),
        row("Auth0", "JWT", json!({ "sub": "u", "aud": ["api", "userinfo"], "azp": "app", "scope": "openid a", "use": "access" }),
            "T N A A M N A A"),
        row("Auth0 with nonce", "JWT", json!({ "sub": "u", "aud": ["api", "userinfo"], "azp": "app", "scope": "openid a", "nonce": "n", "use": "access" }),
            "T N N N N N N A"),
        row("Auth0, RFC 9068", "at+jwt", json!({ "sub": "u", "aud": "api", "client_id": "app", "jti": "j", "scope": "a", "use": "access" }),
            "A N A A A N A A"),
        row("Auth0, ID token", "JWT", json!({ "sub": "u", "aud": "app", "nonce": "n", "sid": "s", "nickname": "alice" }),
            "T N N N N N N R"),
        row("Entra, version 1", "JWT", json!({ "sub": "u", "aud": "api", "appid": "app", "scp": "a b", "uti": "j", "upn": "alice", "ver": "1.0", "tid": "t", "use": "access" }),
            "T N M A M N A A"),
        row("Entra, version 2", "JWT", json!({ "sub": "u", "aud": "api", "azp": "app", "scp": "a b", "uti": "j", "ver": "2.0", "tid": "t", "use": "access" }),
            "T N A A M N A A"),
        row("Entra, an application", "JWT", json!({ "sub": "o", "aud": "api", "azp": "app", "roles": ["r"], "uti": "j", "ver": "2.0", "use": "access" }),
            "T N A A M N A A"),
        row("Entra, ID token", "JWT", json!({ "sub": "u", "aud": "app", "preferred_username": "alice", "nonce": "n", "ver": "2.0" }),
            "T N N N N N N R"),
        row("empty scopes are no evidence", "JWT", json!({ "sub": "u", "aud": "api", "azp": "app", "scp": "", "nonce": "n", "use": "access" }),
            "T N N N N N N A"),
        row("Azure AD B2C", "JWT", json!({ "sub": "u", "aud": "api", "azp": "app", "scp": "a", "nonce": "n", "tfp": "p", "use": "access" }),
            "T N N A N N N A"),
        row("Azure AD B2C, ID token", "JWT", json!({ "sub": "u", "aud": "app", "nonce": "n", "tfp": "p", "c_hash": "h" }),
            "T N N N N N N R"),
        row("Okta", "", json!({ "sub": "u", "aud": "api", "cid": "app", "uid": "o", "scp": ["a", "b"], "jti": "j", "ver": 1, "use": "access" }),
            "T N M M A N A A"),
        row("Okta with nonce", "", json!({ "sub": "u", "aud": "api", "cid": "app", "scp": ["a"], "jti": "j", "nonce": "n", "use": "access" }),
            "T N N M A N N A"),
        row("Okta, ID token", "", json!({ "sub": "u", "aud": "app", "jti": "j", "idp": "o", "at_hash": "h" }),
            "T N N N N N N R"),
    ]
}

#[rustfmt::skip]
fn of_keycloak() -> Vec<Row> {
    vec![
        row("Keycloak from 25", "JWT", json!({ "sub": "u", "aud": "api", "typ": "Bearer", "azp": "app", "jti": "j", "sid": "s", "scope": "a", "use": "access" }),
            "T N A A M A A A"),
        row("Keycloak up to 24", "JWT", json!({ "sub": "u", "aud": "api", "typ": "Bearer", "azp": "app", "jti": "j", "sid": "s", "session_state": "s", "scope": "a", "nonce": "n", "use": "access" }),
            "T N N N N A N A"),
        row("Keycloak, lightweight", "JWT", json!({ "typ": "Bearer", "azp": "app", "jti": "j", "sid": "s", "scope": "a", "use": "access" }),
            "T N M M M A U A"),
        row("Keycloak, service account", "JWT", json!({ "sub": "u", "aud": "api", "typ": "Bearer", "azp": "app", "client_id": "app", "jti": "j", "auth_time": 0, "use": "access" }),
            "T N A A A A A A"),
        row("Keycloak with at+jwt", "at+jwt", json!({ "sub": "u", "aud": "api", "typ": "Bearer", "azp": "app", "jti": "j", "scope": "a", "nonce": "n", "use": "access" }),
            "M N A A M A A A"),
        row("Keycloak, DPoP", "JWT", json!({ "sub": "u", "aud": "api", "typ": "DPoP", "azp": "app", "jti": "j", "cnf": { "jkt": "t" }, "use": "access" }),
            "T N A A M A A A"),
        row("Keycloak, ID token", "JWT", json!({ "sub": "u", "aud": "app", "typ": "ID", "azp": "app", "jti": "j", "sid": "s", "at_hash": "h" }),
            "T N N N N N N R"),
        row("Keycloak, ID token without hash", "JWT", json!({ "sub": "u", "aud": "app", "typ": "ID", "azp": "app", "jti": "j", "sid": "s" }),
            "T N U U M N U R"),
        row("Keycloak, refresh token", "JWT", json!({ "sub": "u", "aud": "issuer", "typ": "Refresh", "azp": "app", "jti": "j", "sid": "s" }),
            "T N U U M N U R"),
    ]
}

#[rustfmt::skip]
fn of_other_issuers() -> Vec<Row> {
    vec![
        row("Spring Authorization Server", "", json!({ "sub": "u", "aud": "api", "scope": ["a", "b"], "jti": "j", "use": "access" }),
            "T N M M M N A A"),
        row("Spring Authorization Server, ID token", "", json!({ "sub": "u", "aud": "app", "azp": "app", "jti": "j", "sid": "s" }),
            "T N U U M N U R"),
        row("Duende IdentityServer", "at+jwt", json!({ "sub": "u", "aud": "api", "client_id": "app", "scope": ["a", "b"], "sid": "s", "jti": "j", "idp": "local", "use": "access" }),
            "A N A A A N A A"),
        row("Duende IdentityServer, a machine", "at+jwt", json!({ "aud": "api", "client_id": "app", "scope": ["a"], "jti": "j", "use": "access" }),
            "M N M M M N A A"),
        row("Duende IdentityServer, ID token", "JWT", json!({ "sub": "u", "aud": "app", "sid": "s", "at_hash": "h", "nonce": "n" }),
            "T N N N N N N R"),
        row("SimpleIdServer", "at+jwt", json!({ "sub": "u", "aud": ["api"], "client_id": "app", "scope": ["a"], "jti": "j", "nonce": "n", "use": "access" }),
            "A N A A A N A A"),
        row("Ory Hydra", "JWT", json!({ "sub": "u", "aud": ["api"], "client_id": "app", "scp": ["a", "b"], "ext": {}, "jti": "j", "use": "access" }),
            "T N A A A N A A"),
        row("Ory Hydra without audience", "JWT", json!({ "sub": "u", "aud": [], "client_id": "app", "scp": ["a"], "ext": {}, "jti": "j", "use": "access" }),
            "T N U U U N U A"),
        row("Ory Hydra, ID token", "JWT", json!({ "sub": "u", "aud": ["app"], "at_hash": "h", "jti": "j", "rat": 1, "sid": "s" }),
            "T N N N N N N R"),
        row("Zitadel", "JWT", json!({ "sub": "u", "aud": ["app", "api"], "client_id": "app", "jti": "j", "use": "access" }),
            "T N A A A N A A"),
        row("Zitadel without client", "JWT", json!({ "sub": "u", "aud": ["app", "api"], "jti": "j", "use": "access" }),
            "T N M M M N A A"),
        row("Zitadel, ID token", "JWT", json!({ "sub": "u", "aud": ["app", "api"], "azp": "app", "client_id": "app", "at_hash": "h", "amr": ["pwd"] }),
            "T N N N N N N R"),
        row("authentik", "JWT", json!({ "sub": "u", "aud": "app", "azp": "app", "uid": "j", "nonce": "n", "acr": "a", "use": "access" }),
            "T N N N N N N A"),
        row("authentik, ID token", "JWT", json!({ "sub": "u", "aud": "app", "nonce": "n", "acr": "a" }),
            "T N N N N N N R"),
        row("AD FS", "JWT", json!({ "aud": "api", "appid": "app", "apptype": "Public", "scp": "openid", "auth_time": "2026-06-05T20:30:17.507Z", "ver": "1.0", "use": "access" }),
            "T N M M M N A A"),
        row("AD FS with sub", "JWT", json!({ "sub": "u", "aud": "api", "appid": "app", "apptype": "Public", "scp": "openid", "auth_time": "2026-06-05T20:30:17.507Z", "ver": "1.0", "use": "access" }),
            "T N M A M N A A"),
        row("Supabase", "JWT", json!({ "sub": "u", "aud": "authenticated", "role": "authenticated", "session_id": "s", "amr": [{ "method": "password" }], "use": "access" }),
            "T N M M M N U A"),
        row("Firebase", "JWT", json!({ "sub": "u", "aud": "project", "user_id": "u", "firebase": {} }),
            "T N M M M N U R"),
        row("Clerk", "JWT", json!({ "sub": "u", "azp": "https://app", "sid": "s", "sts": "active", "v": 2, "fva": [7, -1], "use": "access" }),
            "T N M M M N U A"),
        row("Kinde", "JWT", json!({ "sub": "u", "aud": ["api"], "azp": "app", "scp": ["a"], "jti": "j", "org_code": "o", "permissions": [], "use": "access" }),
            "T N A A M N A A"),
        row("FusionAuth", "JWT", json!({ "sub": "u", "aud": "app", "applicationId": "app", "jti": "j", "sid": "s", "tid": "t", "tty": "at", "scope": "openid", "use": "access" }),
            "T N M M M N U A"),
        row("UAA", "JWT", json!({ "sub": "u", "aud": ["api", "app"], "client_id": "app", "cid": "app", "azp": "app", "scope": ["a"], "jti": "j", "rev_sig": "r", "zid": "z", "use": "access" }),
            "T N A A A N A A"),
        row("UAA with nonce", "JWT", json!({ "sub": "u", "aud": ["api", "app"], "client_id": "app", "cid": "app", "azp": "app", "scope": ["a"], "jti": "j", "nonce": "n", "use": "access" }),
            "T N N N A N N A"),
        row("Salesforce", "JWT", json!({ "sub": "u", "aud": ["api"], "client_id": "app", "scp": "a b", "jti": "j", "use": "access" }),
            "T N A A A N A A"),
        row("with scopes", "at+jwt", json!({ "sub": "u", "aud": "api", "client_id": "app", "scopes": ["a", "b"], "jti": "j", "use": "access" }),
            "A N A A A N A A"),
    ]
}

#[rustfmt::skip]
fn of_workloads() -> Vec<Row> {
    vec![
        row("GitHub Actions", "JWT", json!({ "sub": "repo:a/b", "aud": "api", "repository": "a/b", "job_workflow_ref": "a/b/c", "jti": "j", "run_id": "1", "use": "access" }),
            "T N M M M N A A"),
        row("GitLab CI", "JWT", json!({ "sub": "project_path:a/b", "aud": "api", "project_path": "a/b", "pipeline_id": "1", "jti": "j", "use": "access" }),
            "T N M M M N A A"),
        row("Kubernetes", "", json!({ "sub": "system:serviceaccount:a:b", "aud": ["api"], "kubernetes.io": { "namespace": "a" }, "jti": "j", "use": "access" }),
            "T N M M M N A A"),
        row("Google, a service account", "JWT", json!({ "sub": "1", "aud": "api", "azp": "app", "email": "a@b", "email_verified": true, "use": "access" }),
            "T N A A M N A A"),
    ]
}

/// A token that is an access token in every profile except two, with something that only another kind has.
fn full(changes: &Value) -> Value {
    let full = json!({
        "sub": "u", "aud": "api", "client_id": "app", "cid": "app", "azp": "app", "jti": "j", "scope": "a", "scp": "a",
        "typ": "Bearer", "token_use": "access", "use": "access",
    });
    crate::world::changed(&full, changes)
}

#[rustfmt::skip]
fn of_other_kinds() -> Vec<Row> {
    vec![
        row("with the evidence of all", "at+jwt", full(&json!({})), "A A A A A A A A"),
        row("with the evidence of all and nonce", "at+jwt", full(&json!({ "nonce": "n" })), "A A A A A A A A"),
        row("with nonce and no typ", "", full(&json!({ "nonce": "n" })), "T A N A A A N A"),
        row("with at_hash", "at+jwt", full(&json!({ "at_hash": "h" })), "N N N N N N N N"),
        row("with c_hash", "at+jwt", full(&json!({ "c_hash": "h" })), "N N N N N N N N"),
        row("with s_hash", "at+jwt", full(&json!({ "s_hash": "h" })), "N N N N N N N N"),
        row("with events", "at+jwt", full(&json!({ "events": {} })), "N N N N N N N N"),
        row("with token_introspection", "at+jwt", full(&json!({ "token_introspection": {} })), "N N N N N N N N"),
        row("logout token", "logout+jwt", full(&json!({})), "T T T T T T T T"),
        row("introspection response", "token-introspection+jwt", full(&json!({})), "T T T T T T T T"),
        row("proof of DPoP", "dpop+jwt", full(&json!({})), "T T T T T T T T"),
        row("request object", "oauth-authz-req+jwt", full(&json!({})), "T T T T T T T T"),
        row("client assertion", "client-authentication+jwt", full(&json!({})), "T T T T T T T T"),
        row("security event", "secevent+jwt", full(&json!({})), "T T T T T T T T"),
        row("with the long typ", "application/at+jwt", full(&json!({})), "A A A A A A A A"),
        row("with typ in capitals", "AT+JWT", full(&json!({})), "A A A A A A A A"),
        timed("exp in milliseconds", json!({ "exp": 1_900_000_000_000_i64 }), "Y N Y Y Y N Y Y"),
        timed("iat of zero", json!({ "iat": 0 }), "M N M M M N A A"),
        timed("nbf of zero", json!({ "nbf": 0 }), "A N A A A N A A"),
        timed("auth_time of zero", json!({ "auth_time": 0 }), "A N A A A N A A"),
        timed("exp of zero", json!({ "exp": 0 }), "E N E E E N E E"),
    ]
}

/// Claims with a type other than the registered one: claims that no decision reads, and claims that one does.
#[rustfmt::skip]
fn of_wrong_types() -> Vec<Row> {
    vec![
        row("auth_time as text", "at+jwt", full(&json!({ "auth_time": "2026-06-05T20:30:17.507Z" })), "A A A A A A A A"),
        row("acr as list", "at+jwt", full(&json!({ "acr": ["1"] })), "A A A A A A A A"),
        row("act as text", "at+jwt", full(&json!({ "act": "x" })), "A A A A A A A A"),
        row("username as number", "at+jwt", full(&json!({ "username": 5 })), "A A A A A A A A"),
        row("authorization_details as object", "at+jwt", full(&json!({ "authorization_details": {} })), "A A A A A A A A"),
        row("scope as number", "at+jwt", full(&json!({ "scope": 5 })), "Y Y Y Y Y Y Y Y"),
        row("scope as a list of other things", "at+jwt", full(&json!({ "scope": ["a", 1] })), "Y Y Y Y Y Y Y Y"),
        row("scp as number, in place of scope", "at+jwt", full(&json!({ "scope": null, "scp": 5 })), "Y Y Y Y Y Y Y Y"),
        row("scopes as object, in place of scope", "at+jwt", full(&json!({ "scope": null, "scp": null, "scopes": {} })), "Y Y Y Y Y Y Y Y"),
        timed("exp as text", json!({ "exp": "1900000000" }), "Y N Y Y Y N Y Y"),
        timed("iat as text", json!({ "iat": "1700000000" }), "Y N Y Y Y N Y Y"),
        row("aud as number", "at+jwt", full(&json!({ "aud": 5 })), "Y Y Y Y Y Y Y Y"),
        row("sub as number", "at+jwt", full(&json!({ "sub": 5 })), "Y Y Y Y Y Y Y Y"),
        row("client_id as number", "at+jwt", full(&json!({ "client_id": 5, "azp": null, "cid": null })), "Y Y Y Y Y Y Y Y"),
        row("jti as number", "at+jwt", full(&json!({ "jti": 5 })), "Y Y Y Y Y Y Y Y"),
        row("sid as number", "at+jwt", full(&json!({ "sid": 5 })), "Y Y Y Y Y Y Y Y"),
        row("cnf as text", "at+jwt", full(&json!({ "cnf": "x" })), "Y Y Y Y Y Y Y Y"),
    ]
}
