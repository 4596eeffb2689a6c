//! The tool revokes the tokens of each provider.

use serde_json::{Value, json};
use test_support::{
    keys,
    providers::{ask, goldens, providers, trusted_issuers, with_times},
    world::{INACTIVE, changed},
};

use super::Tool;

#[tokio::test]
async fn h22_h23_h24_h25_revoking_a_session_revokes_each_providers_tokens() {
    let signer = keys::ed25519(Some("k"), 7);
    let (world, service) = providers(&signer).await;
    for golden in goldens() {
        let token = signer.token(&golden.header, &with_times(&golden));
        ask(&service, &token).await.assert_active();
        let revoke = format!("revoke --sid {} --issuer {}", golden.session, golden.issuer);
        Tool::beside(&world).with("TRUSTED_ISSUERS", &trusted_issuers(&signer)).run(&revoke).await.done();
        ask(&service, &token).await.assert_verdict("revoked_session", golden.issuer);
    }
}

#[tokio::test]
async fn g15_the_tool_revokes_a_token_of_each_profile() {
    let signer = keys::ed25519(Some("k"), 7);
    let (world, service) = providers(&signer).await;
    let tool = Tool::beside(&world).with("TRUSTED_ISSUERS", &trusted_issuers(&signer));
    for (number, golden) in goldens().into_iter().enumerate() {
        for jti in [json!(format!("own-jti-{number}")), Value::Null] {
            let claims = changed(&with_times(&golden), &json!({ "jti": jti, "uti": golden.claims.get("uti") }));
            let token = signer.token(&golden.header, &claims);
            let answer = ask(&service, &token).await;
            if answer.body == INACTIVE {
                // This profile requires a jti.
                assert!(jti.is_null(), "{}", golden.issuer);
                answer.assert_verdict("missing_claim", golden.issuer);
                continue;
            }
            tool.run_with("revoke --token -", &token).await.done();
            ask(&service, &token).await.assert_verdict("revoked_token", format!("{} {jti}", golden.issuer));
        }
    }
}
