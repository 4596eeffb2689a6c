//! H-36: each issuer of docs/issuers.md with its tokens. The entries and the marks are read from that page, so the
//! tests check the page itself; only the location of the keys differs.

mod cloud;
pub mod guide;
mod matrix;
mod matrix_shapes;
mod microsoft;
mod products;
mod servers;
mod services;
mod shapes;

pub use self::matrix::profiles as matrix_profiles;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use token_introspection::{call, records::sha256_hex, service::Service, settings::Settings};

use self::{
    guide::Section,
    shapes::{Issuer, Token, and, with_times},
};
use crate::{
    keys,
    signer::Signer,
    world::{ACTIVE, API, Answer, SECRET, World, changed, request, revoked_by, send},
};

fn issuers() -> Vec<Issuer> {
    [cloud::issuers(), microsoft::issuers(), servers::issuers(), products::issuers(), services::issuers()]
        .into_iter()
        .flatten()
        .collect()
}

fn section<'a>(guide: &'a [Section], issuer: &Issuer) -> &'a Section {
    let section = guide.iter().find(|section| section.title == issuer.section);
    section.unwrap_or_else(|| panic!("docs/issuers.md has no section {}", issuer.section))
}

/// A key of the first algorithm that the section's entry accepts.
fn signer(section: &Section) -> Signer {
    let algorithm = section.entries[0]["algorithms"][0].as_str().unwrap_or("RS256");
    match algorithm {
        "RS256" => keys::rsa(Some("k"), Algorithm::RS256),
        "ES256" => keys::es256(Some("k")),
        other => panic!("{}: no key for {other}", section.title),
    }
}

/// The section's entries, with these keys instead of fetched ones.
fn with_keys(section: &Section, signer: &Signer) -> String {
    let place = json!({ "jwks_uri": null, "jwks_bearer_file": null, "jwks": { "keys": [signer.jwk()] } });
    json!(section.entries.iter().map(|entry| changed(entry, &place)).collect::<Vec<_>>()).to_string()
}

async fn service(world: &World, section: &Section, signer: &Signer) -> Service {
    World::service(&world.engine.url, &with_keys(section, signer), &world.token_settings()).await
}

async fn ask(service: &Service, token: &str) -> Answer {
    send(service, request().basic(API, SECRET).form(&[("token", token)])).await
}

#[test]
fn h36_each_section_has_a_golden_case_and_each_case_a_section() {
    let guide = guide::sections();
    let (mut described, mut tested): (Vec<_>, Vec<_>) =
        (guide.iter().map(|section| section.title.as_str()).collect(), Vec::new());
    let issuers = issuers();
    for issuer in &issuers {
        assert!(!issuer.tokens.is_empty() && !issuer.inactive.is_empty(), "{}", issuer.section);
        tested.push(issuer.section);
    }
    described.sort_unstable();
    tested.sort_unstable();
    assert_eq!(described, tested);
    for section in &guide {
        assert!(guide::index().contains(&section.title), "the index has no {}", section.title);
    }
    assert_eq!(guide::index().len(), guide.len());
}

#[test]
fn h36_the_function_starts_with_each_entry_as_it_is_pasted() {
    for section in guide::sections() {
        let entries = json!(section.entries).to_string();
        let settings = Settings::read(|name| match name {
            "ISSUER" => Some("https://introspection.example.com".into()),
            "TRUSTED_ISSUERS" => Some(entries.clone()),
            _ => None,
        });
        assert!(settings.is_ok(), "{}: {}", section.title, settings.err().unwrap());
    }
}

#[tokio::test]
async fn h22_h23_h24_h25_h26_h28_h29_h36_each_issuers_access_tokens_get_the_exact_answer() {
    let (world, guide) = (World::new().await, guide::sections());
    for issuer in issuers() {
        let section = section(&guide, &issuer);
        let signer = signer(section);
        let service = service(&world, section, &signer).await;
        for token in &issuer.tokens {
            let claims = with_times(&token.claims);
            let answer = ask(&service, &signer.token(&token.header, &claims)).await;
            answer.assert_verdict(ACTIVE, format!("{}, {}", issuer.section, token.name));
            assert_eq!(answer.json(), token.expected(&claims), "{}, {}", issuer.section, token.name);
        }
    }
}

#[tokio::test]
async fn h03_h05_h32_h36_id_tokens_and_tokens_of_other_issuers_are_inactive() {
    let (world, guide) = (World::new().await, guide::sections());
    for issuer in issuers() {
        let section = section(&guide, &issuer);
        let signer = signer(section);
        let service = service(&world, section, &signer).await;
        let first = &issuer.tokens[0];
        for case in &issuer.inactive {
            let times = with_times(&and(&first.claims, &case.claims));
            let claims = changed(&times, &case.claims);
            let token = signer.token(&changed(&first.header, &case.header), &claims);
            ask(&service, &token).await.assert_verdict(case.reason, format!("{}, {}", issuer.section, case.name));
        }
    }
}

/// The ids of the marks that the section names for this token; `None` for one whose claim the token does not have.
fn marks(section: &Section, token: &Token, text: &str) -> Vec<Option<String>> {
    let (signed, _) = text.rsplit_once('.').unwrap();
    let value = |claim: &str| match claim {
        "digest" => token.claims.get("jti").is_none().then(|| sha256_hex(signed)),
        claim => token.claims.get(claim).and_then(Value::as_str).map(str::to_owned),
    };
    section.marks.iter().map(|mark| guide::filled(mark, value)).collect()
}

#[tokio::test]
async fn g15_h12_h32_h36_each_mark_that_the_guide_names_revokes() {
    let (world, guide) = (World::new().await, guide::sections());
    for issuer in issuers() {
        let section = section(&guide, &issuer);
        let signer = signer(section);
        let service = service(&world, section, &signer).await;
        let mut used = vec![false; section.marks.len()];
        for token in &issuer.tokens {
            let text = signer.token(&token.header, &with_times(&token.claims));
            let marks = marks(section, token, &text);
            assert!(marks.iter().any(Option::is_some), "{}, {}: no mark revokes it", issuer.section, token.name);
            for (position, mark) in marks.iter().enumerate() {
                let Some(mark) = mark else { continue };
                used[position] = true;
                let case = format!("{}, {}, {mark}", issuer.section, token.name);
                let dated = ["sub#", "client#", "iss#", "sid#"].iter().any(|kind| mark.starts_with(kind));
                let until_now = json!({ "not_before": call::now() });
                for attributes in [Some(json!({})), dated.then_some(until_now)].into_iter().flatten() {
                    ask(&service, &text).await.assert_verdict(ACTIVE, &case);
                    world.put_mark(mark, &attributes);
                    ask(&service, &text).await.assert_verdict(revoked_by(mark), &case);
                    world.delete_item(mark).await;
                }
            }
        }
        for (mark, used) in section.marks.iter().zip(used) {
            assert!(used, "{}: no golden token has what {mark} names", issuer.section);
        }
    }
}

#[tokio::test]
async fn g13_g15_h32_h36_each_token_can_be_revoked_by_issuer_key_and_signing_input() {
    let (world, guide) = (World::new().await, guide::sections());
    for issuer in issuers() {
        let section = section(&guide, &issuer);
        let signer = signer(section);
        let service = service(&world, section, &signer).await;
        for token in &issuer.tokens {
            let text = signer.token(&token.header, &with_times(&token.claims));
            let (input, _) = text.rsplit_once('.').unwrap();
            // Marks have the entry's issuer, whichever of its names the token has.
            let tenant = token.claims["tid"].as_str().unwrap_or_default();
            let name = section.entries[0]["issuer"].as_str().unwrap().replace("{tenantid}", tenant);
            let has_jti = token.claims.get("jti").is_some();
            for (mark, revokes) in [
                (format!("iss#{name}"), true),
                (format!("kid#{name}#k"), true),
                (format!("kid#{name}#other"), false),
                (format!("jwt#{}", sha256_hex(input)), !has_jti),
            ] {
                world.put_mark(&mark, &json!({}));
                let case = format!("{}, {}, {mark}", issuer.section, token.name);
                let verdict = if revokes { revoked_by(&mark) } else { ACTIVE };
                ask(&service, &text).await.assert_verdict(verdict, case);
                world.delete_item(&mark).await;
            }
        }
    }
}

#[tokio::test]
async fn h21_h36_opaque_and_encrypted_tokens_of_issuers_are_inactive() {
    let (world, guide) = (World::new().await, guide::sections());
    let encrypted = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXYxMjM0NTY3ODkw.Y2lwaGVydGV4dA.dGFnMTIzNDU2Nzg5MA";
    for section in &guide {
        let service = service(&world, section, &signer(section)).await;
        for token in [encrypted, "ya29.a0AfH6SMBx", "ory_at_x1.y2", "oat_2y", "mt_2y", "V2_1-at_1"] {
            ask(&service, token).await.assert_verdict("unknown_token", format!("{}, {token}", section.title));
        }
    }
}

#[tokio::test]
async fn h06_h36_a_token_signed_with_another_issuers_key_is_inactive() {
    let (world, guide) = (World::new().await, guide::sections());
    let stranger = keys::ed25519(Some("k"), 9);
    for issuer in issuers() {
        let section = section(&guide, &issuer);
        let signer = signer(section);
        let service = service(&world, section, &signer).await;
        let token = &issuer.tokens[0];
        let good = signer.token(&token.header, &with_times(&token.claims));
        let forged =
            stranger.token(&changed(&token.header, &json!({ "alg": signer.alg() })), &with_times(&token.claims));
        ask(&service, &good).await.assert_verdict(ACTIVE, issuer.section);
        ask(&service, &forged).await.assert_verdict("bad_signature", issuer.section);
    }
}

#[tokio::test]
async fn h28_i01_a_policy_filters_the_scopes_of_each_issuer() {
    let (world, guide) = (World::new().await, guide::sections());
    let mut filtered = 0;
    for issuer in issuers() {
        let section = section(&guide, &issuer);
        let signer = signer(section);
        let service = service(&world, section, &signer).await;
        for token in &issuer.tokens {
            let case = format!("{}, {}", issuer.section, token.name);
            let claims = with_times(&token.claims);
            let text = signer.token(&token.header, &claims);
            let expected = token.expected(&claims);
            let Some(first) = expected["scope"].as_str().and_then(|scope| scope.split(' ').next()) else { continue };
            world.put_policy(&json!({ "scopes": [first] }));
            assert_eq!(ask(&service, &text).await.json(), changed(&expected, &json!({ "scope": first })), "{case}");
            world.put_policy(&json!({ "scopes": ["of-none-of-them"] }));
            ask(&service, &text).await.assert_verdict("scopes_hidden", case);
            filtered += 1;
        }
    }
    assert!(filtered > 20, "{filtered}");
}
