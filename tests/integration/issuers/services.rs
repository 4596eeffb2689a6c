//! Sign-in services for applications, and platforms that run workloads: Google to Kubernetes.

use serde_json::{Value, json};

use super::shapes::{Issuer, and, inactive, token};
use crate::world::changed;

const GOOGLE: &str = "https://accounts.google.com";
const FIREBASE: &str = "https://securetoken.google.com/my-project";
const SUPABASE: &str = "https://abcdefghijklmnopqrst.supabase.co/auth/v1";
const CLERK: &str = "https://clerk.example.com";
const KINDE: &str = "https://example.kinde.com";
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";
const KUBERNETES: &str = "https://kubernetes.default.svc.cluster.local";
const ORDERS: &str = "https://orders.example.com";

pub fn issuers() -> Vec<Issuer> {
    vec![google(), firebase(), supabase(), clerk(), kinde(), github(), gitlab(), kubernetes()]
}

fn jwt() -> Value {
    json!({ "typ": "JWT" })
}

fn google() -> Issuer {
    let short = json!({
        "iss": GOOGLE, "aud": ORDERS, "azp": "104029289231928512345", "sub": "104029289231928512345",
    });
    let full = changed(
        &short,
        &json!({ "email": "orders@my-project.iam.gserviceaccount.com", "email_verified": true, "google": { "compute_engine": {} } }),
    );
    let bare = changed(&short, &json!({ "iss": "accounts.google.com" }));
    let named = json!({ "azp": null, "client_id": "104029289231928512345" });
    Issuer {
        section: "Google",
        tokens: vec![
            token("a service account's", jwt(), short, named.clone()),
            token(
                "in full",
                jwt(),
                full,
                and(&named, &json!({ "username": "orders@my-project.iam.gserviceaccount.com", "email": null })),
            ),
            token("with the issuer's short form", jwt(), bare, named),
        ],
        inactive: vec![
            inactive(
                "a user's ID token",
                "not_an_access_token",
                json!({}),
                json!({ "aud": "1.apps.googleusercontent.com", "azp": "1.apps.googleusercontent.com", "nonce": "n-1", "at_hash": "h" }),
            ),
            inactive("another service account's", "wrong_client", json!({}), json!({ "azp": "1", "sub": "1" })),
            inactive(
                "for another service",
                "wrong_audience",
                json!({}),
                json!({ "aud": "https://billing.example.com" }),
            ),
            inactive(
                "of gcloud",
                "not_an_access_token",
                json!({}),
                json!({ "aud": "32555940559.apps.googleusercontent.com", "at_hash": "h" }),
            ),
        ],
    }
}

fn firebase() -> Issuer {
    let user = json!({
        "iss": FIREBASE, "aud": "my-project", "auth_time": 1_700_000_000, "user_id": "u-1", "sub": "u-1",
        "email": "alice@example.com", "email_verified": true, "orders_api": true,
        "firebase": { "identities": { "email": ["alice@example.com"] }, "sign_in_provider": "password" },
    });
    Issuer {
        section: "Firebase Authentication",
        tokens: vec![token("with the custom claim", jwt(), user, json!({ "orders_api": null }))],
        inactive: vec![
            inactive(
                "an ID token without the custom claim",
                "required_claim",
                json!({}),
                json!({ "orders_api": null }),
            ),
            inactive("with the claim as a string", "required_claim", json!({}), json!({ "orders_api": "true" })),
            inactive(
                "another project's",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": "https://securetoken.google.com/other", "aud": "other" }),
            ),
            inactive("for another project", "wrong_audience", json!({}), json!({ "aud": "other" })),
            inactive(
                "a session cookie",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": "https://session.firebase.google.com/my-project" }),
            ),
        ],
    }
}

fn supabase() -> Issuer {
    let user = json!({
        "iss": SUPABASE, "aud": "authenticated", "sub": "u-1", "role": "authenticated", "aal": "aal1",
        "amr": [{ "method": "password", "timestamp": 1_700_000_000 }], "session_id": "s-1", "email": "alice@example.com",
        "phone": "", "app_metadata": { "provider": "email" }, "user_metadata": {}, "is_anonymous": false,
    });
    Issuer {
        section: "Supabase",
        tokens: vec![token(
            "a user's",
            jwt(),
            user,
            json!({ "role": null, "session_id": null, "sid": "s-1", "email": null, "username": "alice@example.com" }),
        )],
        inactive: vec![
            inactive(
                "the ID token of its OAuth server",
                "required_claim",
                json!({}),
                json!({ "aud": "client-1", "role": null, "session_id": null, "nonce": "n-1", "at_hash": "h" }),
            ),
            inactive("the anon key", "untrusted_issuer", json!({}), json!({ "role": "anon", "iss": "supabase" })),
            inactive("the role anon", "required_claim", json!({}), json!({ "role": "anon" })),
            inactive("the role service_role", "required_claim", json!({}), json!({ "role": "service_role" })),
            inactive("signed with the shared secret", "wrong_algorithm", json!({ "alg": "HS256" }), json!({})),
        ],
    }
}

fn clerk() -> Issuer {
    let header = json!({ "typ": "JWT", "cat": "cl_B7d4PD111AAA" });
    let user = json!({
        "iss": CLERK, "azp": "https://app.example.com", "fva": [7, -1], "nbf": 0, "sid": "sess_1", "sts": "active",
        "sub": "user_1", "v": 2, "pla": "u:free", "fea": "u:dashboard",
        "o": { "id": "org_1", "slg": "acme", "rol": "admin" },
    });
    let newer = changed(&user, &json!({ "jti": "j-1" }));
    let named = json!({ "azp": null, "client_id": "https://app.example.com", "v": null, "sts": null });
    Issuer {
        section: "Clerk",
        tokens: vec![
            token("a session's", header.clone(), user, named.clone()),
            token("with jti", header, newer, named),
        ],
        inactive: vec![
            inactive(
                "the ID token",
                "required_claim",
                json!({}),
                json!({ "azp": null, "aud": "client-1", "v": null, "sts": null, "nonce": "n-1", "at_hash": "h" }),
            ),
            inactive("of a pending session", "required_claim", json!({}), json!({ "sts": "pending" })),
            inactive("version 1", "required_claim", json!({}), json!({ "v": null, "sts": null })),
            inactive("another origin's", "wrong_client", json!({}), json!({ "azp": "https://evil.example" })),
            inactive("of no origin", "wrong_client", json!({}), json!({ "azp": null })),
        ],
    }
}

fn kinde() -> Issuer {
    let user = json!({
        "iss": KINDE, "aud": [ORDERS], "azp": "client-1", "jti": "j-1", "org_code": "org_1", "permissions": ["read:orders"],
        "scp": ["openid", "profile"], "sub": "kp_1",
    });
    let machine = json!({
        "iss": KINDE, "aud": [ORDERS], "azp": "client-2", "gty": ["client_credentials"], "jti": "j-2",
        "scp": ["read:orders"], "v": "2",
    });
    Issuer {
        section: "Kinde",
        tokens: vec![
            token(
                "a user's",
                jwt(),
                user,
                json!({ "azp": null, "client_id": "client-1", "scp": null, "scope": "openid profile" }),
            ),
            token(
                "a machine's",
                jwt(),
                machine,
                json!({ "azp": null, "client_id": "client-2", "scp": null, "scope": "read:orders" }),
            ),
        ],
        inactive: vec![
            inactive(
                "the ID token",
                "not_an_access_token",
                json!({}),
                json!({ "aud": ["client-1", KINDE], "scp": null, "permissions": null, "at_hash": "h", "nonce": "n-1" }),
            ),
            inactive(
                "the ID token without hash",
                "wrong_audience",
                json!({}),
                json!({ "aud": ["client-1", KINDE], "scp": null }),
            ),
            inactive("of a client that asked for no audience", "wrong_audience", json!({}), json!({ "aud": [] })),
        ],
    }
}

fn github() -> Issuer {
    let run = json!({
        "iss": GITHUB, "jti": "j-1", "sub": "repo:octo-org/orders:ref:refs/heads/main", "aud": ORDERS, "nbf": 0,
        "ref": "refs/heads/main", "ref_type": "branch", "ref_protected": "true", "sha": "5a1f", "repository": "octo-org/orders",
        "repository_id": "74", "repository_owner": "octo-org", "repository_owner_id": "65",
        "repository_visibility": "private", "run_id": "1001", "run_number": "10", "run_attempt": "2", "actor": "octocat",
        "actor_id": "12", "workflow": "deploy", "event_name": "push", "environment": "production",
        "job_workflow_ref": "octo-org/orders/.github/workflows/deploy.yml@refs/heads/main",
        "runner_environment": "github-hosted",
    });
    Issuer {
        section: "GitHub Actions",
        tokens: vec![token(
            "a workflow's",
            json!({ "typ": "JWT", "x5t": "thumbprint" }),
            run,
            json!({
                "repository": null, "client_id": "octo-org/orders", "run_id": null, "sid": "1001", "actor": null,
                "username": "octocat", "ref": null, "repository_owner_id": null,
            }),
        )],
        inactive: vec![
            inactive(
                "another owner's",
                "required_claim",
                json!({}),
                json!({ "repository_owner": "evil", "repository_owner_id": "66", "repository": "evil/orders" }),
            ),
            inactive(
                "of an owner that took the name",
                "required_claim",
                json!({}),
                json!({ "repository_owner_id": "66" }),
            ),
            inactive("another repository's", "wrong_client", json!({}), json!({ "repository": "octo-org/website" })),
            inactive("another branch's", "required_claim", json!({}), json!({ "ref": "refs/heads/feature" })),
            inactive(
                "for another audience",
                "wrong_audience",
                json!({}),
                json!({ "aud": "https://github.com/octo-org" }),
            ),
            inactive(
                "an enterprise's",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": format!("{GITHUB}/octo-enterprise") }),
            ),
        ],
    }
}

fn gitlab() -> Issuer {
    let job = json!({
        "iss": GITLAB, "aud": ORDERS, "nbf": 0, "jti": "j-1", "sub": "project_path:acme/orders:ref_type:branch:ref:main",
        "namespace_id": "72", "namespace_path": "acme", "project_id": "20", "project_path": "acme/orders", "user_id": "1",
        "user_login": "alice", "user_email": "alice@example.com", "pipeline_id": "574", "pipeline_source": "push",
        "job_id": "302", "ref": "main", "ref_type": "branch", "ref_path": "refs/heads/main", "ref_protected": "true",
        "runner_id": 1, "runner_environment": "gitlab-hosted", "sha": "714a",
    });
    Issuer {
        section: "GitLab CI",
        tokens: vec![token(
            "a job's",
            jwt(),
            job,
            json!({
                "project_path": null, "client_id": "acme/orders", "pipeline_id": null, "sid": "574", "user_login": null,
                "username": "alice", "namespace_id": null, "ref_protected": null,
            }),
        )],
        inactive: vec![
            inactive(
                "a user's ID token",
                "required_claim",
                json!({}),
                json!({ "aud": "application", "namespace_id": null, "project_path": null, "nonce": "n-1" }),
            ),
            inactive(
                "another group's",
                "required_claim",
                json!({}),
                json!({ "namespace_id": "73", "namespace_path": "evil" }),
            ),
            inactive("of an unprotected branch", "required_claim", json!({}), json!({ "ref_protected": "false" })),
            inactive("for another audience", "wrong_audience", json!({}), json!({ "aud": "https://gitlab.com" })),
        ],
    }
}

fn kubernetes() -> Issuer {
    let pod = json!({
        "iss": KUBERNETES, "aud": [ORDERS], "jti": "j-1", "nbf": 0, "sub": "system:serviceaccount:shop:orders",
        "kubernetes.io": {
            "namespace": "shop", "node": { "name": "node-1", "uid": "n-1" }, "pod": { "name": "orders-1", "uid": "p-1" },
            "serviceaccount": { "name": "orders", "uid": "s-1" }, "warnafter": 1_800_000_000,
        },
    });
    let older = changed(&pod, &json!({ "jti": null }));
    Issuer {
        section: "Kubernetes",
        tokens: vec![token("a pod's", json!({}), pod, json!({})), token("without jti", json!({}), older, json!({}))],
        inactive: vec![
            inactive(
                "for the API server",
                "wrong_audience",
                json!({}),
                json!({ "aud": ["https://kubernetes.default.svc.cluster.local"] }),
            ),
            inactive("without audience", "wrong_audience", json!({}), json!({ "aud": null })),
            inactive(
                "a legacy token",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": "kubernetes/serviceaccount", "aud": null, "exp": null }),
            ),
            inactive("without exp", "missing_claim", json!({}), json!({ "exp": null })),
            inactive(
                "another cluster's",
                "untrusted_issuer",
                json!({}),
                json!({ "iss": "https://kubernetes.default.svc" }),
            ),
        ],
    }
}
