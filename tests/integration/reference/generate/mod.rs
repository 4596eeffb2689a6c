//! Random deployments, items, keys, tokens and requests: most of them good, so that later rules are reached too.

pub mod broken_requests;
pub mod broken_tokens;
pub mod clients;
pub mod deployments;
pub mod dice;
pub mod items;
pub mod key_documents;
pub mod keyring;
pub mod marks;
pub mod records;
pub mod requests;
pub mod tokens;
pub mod values;

use deployments::Variant;
use dice::Dice;
use keyring::Keyring;
use requests::Sender;

use super::model::{Wire, base64::sha256, deployment::Entry, items::Tables, keys::Signatures};

/// When the tokens are judged, unless a real clock says when.
pub const NOW: i64 = 1_800_000_000;
/// The requests of one scene.
const REQUESTS: usize = 36;
/// How many of them are about several tokens, which costs less than asking about each.
const BATCHES: usize = 3;
/// How many tokens most of these have.
const BATCH: usize = 14;

/// What is stored, and requests about it.
pub struct Scene {
    pub tables: Tables,
    pub signatures: Signatures,
    pub cases: Vec<Wire>,
}

impl Scene {
    pub fn new(dice: &mut Dice, keyring: &Keyring, variant: &Variant, now: i64) -> Self {
        let deployment = &variant.deployment;
        let (mut tables, mut signatures) = (Tables::default(), Signatures::default());
        let ids = ["api-0", "api-1", "https://api.example/x y"];
        let secrets = ids.map(|id| {
            let (item, secret) = clients::client(dice, id, now, if id == ids[0] { 0 } else { 2 });
            tables.clients.insert(id.to_owned(), item);
            secret
        });
        let opaque = ["opaque-0", "opaque-1", "opaque-2", "opaque+%3 \u{e9}", "a.b.c"];
        for token in opaque {
            let item = records::record(dice, now, deployment.skew);
            tables.tokens.insert(format!("token#{}", sha256(token.as_bytes())), item);
        }
        let mut issuers: Vec<_> =
            deployment.entries.iter().flat_map(Entry::issuers).map(|(issuer, _)| issuer).collect();
        issuers.extend([deployment.own.clone(), "https://alias.example.com".to_owned()]);
        // Most tokens and marks of a scene are of one issuer, so that they meet.
        let focus = dice.below(deployment.entries.len());
        let focused: Vec<_> = deployment.entries[focus].issuers().into_iter().map(|(issuer, _)| issuer).collect();
        for _ in 0..dice.one(&[0, 1, 2, 4, 8]) {
            let named = if dice.chance(70) { &focused } else { &issuers };
            let (id, item) = marks::mark(dice, named, now);
            tables.tokens.insert(id, item);
        }
        let mut cases = Vec::new();
        let mut token = |dice: &mut Dice| {
            let text = if dice.chance(78) {
                let entry = if dice.chance(60) { focus } else { dice.below(deployment.entries.len()) };
                tokens::token(dice, keyring, deployment, entry, now, &mut signatures)
            } else if dice.chance(90) {
                dice.pick(&opaque).to_owned()
            } else {
                dice.one(&[
                    "unknown".to_owned(),
                    "x".repeat(16 * 1024),
                    "x".repeat(16 * 1024 + 1),
                    "a.b.c.d.e".to_owned(),
                ])
            };
            if dice.chance(10) {
                let input = text.rsplit_once('.').map_or(&*text, |(input, _)| input);
                let digest = if dice.chance(70) {
                    format!("jwt#{}", sha256(input.as_bytes()))
                } else {
                    format!("revoked#{}", sha256(text.as_bytes()))
                };
                tables.tokens.insert(digest, marks::limits(dice, now));
            }
            text
        };
        for number in 0..REQUESTS {
            let client = dice.one(&[0, 0, 0, 1, 2]);
            let sender = Sender { id: ids[client], secret: &secrets[client] };
            cases.push(if number < BATCHES {
                let tokens: Vec<_> = (0..BATCH).map(|_| token(dice)).collect();
                requests::batch(dice, &sender, &tokens, now)
            } else {
                let token = token(dice);
                requests::request(dice, &sender, &token, now)
            });
        }
        Self { tables, signatures, cases }
    }
}
