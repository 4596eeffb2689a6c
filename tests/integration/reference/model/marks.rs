//! Which marks revoke a token (docs/data-model.md#marks).

use super::{
    Stop, World,
    items::{self, Corrupt, Item},
    rules::Fault,
    token::Facts,
};

/// A mark that could revoke a token.
#[derive(Clone, Debug)]
pub struct Mark {
    pub id: String,
    pub reason: &'static str,
}

impl Mark {
    pub fn of_token(id: String) -> Self {
        Self { id, reason: "revoked_token" }
    }

    pub fn of_key(issuer: &str, kid: &str) -> Self {
        Self { id: format!("kid#{issuer}#{kid}"), reason: "revoked_signing_key" }
    }

    /// The marks of the grant, the session, the subject, the client and the issuer.
    pub fn of_claims(issuer: &str, [grant, sid, sub, client]: [&Option<String>; 4]) -> Vec<Self> {
        let named = [
            ("grant", grant, "revoked_grant"),
            ("sid", sid, "revoked_session"),
            ("sub", sub, "revoked_subject"),
            ("client", client, "revoked_client"),
        ];
        let named = named.into_iter().filter_map(|(kind, name, reason)| {
            let name = name.as_ref()?;
            Some(Self { id: format!("{kind}#{issuer}#{name}"), reason })
        });
        named.chain([Self { id: format!("iss#{issuer}"), reason: "revoked_issuer" }]).collect()
    }

    fn kind(&self) -> &str {
        self.id.split('#').next().unwrap_or_default()
    }
}

pub fn check(world: &World<'_>, facts: &Facts) -> Result<(), Stop> {
    for mark in &facts.marks {
        let Some(item) = world.tables.tokens.get(&mark.id) else { continue };
        match revokes(world, mark, item, facts) {
            Ok(true) => return Err(Stop::Inactive(mark.reason)),
            Ok(false) => {}
            Err(Corrupt) if world.rules.breaks(Fault::CorruptMarksAreIgnored) => {}
            Err(Corrupt) => return Err(Stop::Inactive("corrupt_mark")),
        }
    }
    Ok(())
}

fn revokes(world: &World<'_>, mark: &Mark, item: &Item, facts: &Facts) -> Result<bool, Corrupt> {
    let of_subject = mark.kind() == "sub";
    match mark.kind() {
        "kid" => return Ok(!world.rules.breaks(Fault::KeyMarksAreIgnored)),
        "jti" | "jwt" => return Ok(true),
        _ => {}
    }
    let not_before = items::known_time(item, "not_before")?;
    let counts = of_subject || world.rules.breaks(Fault::ExceptionInEveryMark);
    let except_sid = items::string(item, "except_sid")?.filter(|_| counts);
    if except_sid.is_some() && except_sid == facts.sid {
        return Ok(false);
    }
    let Some(not_before) = not_before else { return Ok(true) };
    let spared = i128::from(world.rules.breaks(Fault::MarkSparesItsSecond));
    let by_issue = facts.iat.is_none_or(|iat| iat + spared <= not_before);
    let authenticated =
        facts.auth_time.filter(|_| of_subject && !world.rules.breaks(Fault::AuthenticationTimeIsIgnored));
    Ok(by_issue || authenticated.is_some_and(|time| time <= not_before))
}
