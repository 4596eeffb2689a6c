//! Subject identifiers: how a request or an event names what it is about (RFC 9493).

use serde_json::Value;

use super::NotAccepted;

/// A subject by its issuer and its identifier there.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuerSubject {
    pub issuer: String,
    pub subject: String,
}

impl IssuerSubject {
    /// Reads a subject identifier of the format `iss_sub` (RFC 9493 §3.2.3). `None` if it has another format, or if a
    /// member is missing, empty or not a string.
    pub fn parse(identifier: &Value) -> Option<Self> {
        let member = |name: &str| text(identifier, name).ok();
        let is_of_format = member("format").is_some_and(|format| format == "iss_sub");
        is_of_format.then(|| Some(Self { issuer: member("iss")?, subject: member("sub")? })).flatten()
    }
}

/// The subject of a security event, as far as marks can name it.
#[derive(PartialEq, Eq)]
pub enum EventSubject {
    /// A user of the issuer, under one or several identifiers.
    User(Vec<String>),
    /// An identifier of which only the transmitter knows what it names.
    Opaque(String),
    /// A subject with members, each a facet of it. A facet is `None` if it is missing, or if no mark can name it.
    Complex {
        user: Option<Vec<String>>,
        /// Whether a user is named, even if no mark can name it.
        has_user: bool,
        session: Option<Vec<String>>,
        /// The same for a session.
        has_session: bool,
    },
}

impl EventSubject {
    /// Reads a subject identifier. `is_own` says whether a text is an identifier of the issuer that reports the event.
    ///
    /// # Errors
    ///
    /// Returns [`NotAccepted::ForeignSubject`] if it names another issuer, and [`NotAccepted::WrongSubject`] if its
    /// format is not supported or a member is missing.
    pub fn parse(subject: &Value, is_own: &dyn Fn(&str) -> bool) -> Result<Self, NotAccepted> {
        match format(subject).as_deref() {
            Some("iss_sub" | "aliases") => simple(subject, is_own).map(Self::User),
            Some("opaque") => text(subject, "id").map(Self::Opaque),
            // Early transmitters write no format for it.
            Some("complex") | None => {
                let facet = |name: &str| match subject.get(name).map(|facet| simple(facet, is_own)) {
                    Some(Err(NotAccepted::ForeignSubject)) => Err(NotAccepted::ForeignSubject),
                    facet => Ok(facet.and_then(Result::ok)),
                };
                let (user, session) = (facet("user")?, facet("session")?);
                let has = |name: &str| subject.get(name).is_some();
                Ok(Self::Complex { user, has_user: has("user"), session, has_session: has("session") })
            }
            // RFC 8935 §2.4: an event whose payload cannot be processed is refused, not ignored.
            Some(_) => Err(NotAccepted::WrongSubject),
        }
    }
}

/// The identifiers of a simple subject: RFC 9493 §3.2.3 (`iss_sub`), RFC 9493 §3.2.4 (`opaque`), and of RFC 9493 §3.2.8
/// (`aliases`) those that can be named.
fn simple(subject: &Value, is_own: &dyn Fn(&str) -> bool) -> Result<Vec<String>, NotAccepted> {
    match format(subject).as_deref() {
        Some("iss_sub") => {
            let (issuer, name) = (text(subject, "iss")?, text(subject, "sub")?);
            if is_own(&issuer) { Ok(vec![name]) } else { Err(NotAccepted::ForeignSubject) }
        }
        Some("opaque") => text(subject, "id").map(|name| vec![name]),
        Some("aliases") => {
            let aliases = subject.get("identifiers").and_then(Value::as_array).ok_or(NotAccepted::WrongSubject)?;
            // RFC 9493 §3.2.8: aliases are not nested.
            let aliases = aliases.iter().filter(|alias| format(alias).as_deref() != Some("aliases"));
            let (mut names, mut foreign) = (Vec::new(), false);
            for alias in aliases.map(|alias| simple(alias, is_own)) {
                foreign |= alias == Err(NotAccepted::ForeignSubject);
                names.extend(alias.into_iter().flatten());
            }
            match (names.is_empty(), foreign) {
                (false, _) => Ok(names),
                (true, true) => Err(NotAccepted::ForeignSubject),
                (true, false) => Err(NotAccepted::WrongSubject),
            }
        }
        _ => Err(NotAccepted::WrongSubject),
    }
}

/// The format of an identifier. Transmitters from before RFC 9493 call it `subject_type`, and write `iss-sub`.
fn format(subject: &Value) -> Option<String> {
    let format = subject.get("format").or(subject.get("subject_type"))?;
    // A format that is not a string is one that is not supported.
    Some(format.as_str().unwrap_or_default().replace('-', "_"))
}

fn text(subject: &Value, member: &str) -> Result<String, NotAccepted> {
    let text = subject.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or(NotAccepted::WrongSubject)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn r16_a_subject_has_an_issuer_and_an_identifier() {
        let good = json!({ "format": "iss_sub", "iss": "https://a", "sub": "alice", "other": 1 });
        let parsed = IssuerSubject::parse(&good).map(|subject| (subject.issuer, subject.subject));
        assert_eq!(parsed, Some(("https://a".to_owned(), "alice".to_owned())));
        for wrong in [
            json!({ "format": "iss_sub", "iss": "https://a" }),
            json!({ "format": "iss_sub", "iss": "https://a", "sub": "" }),
            json!({ "format": "iss_sub", "iss": 1, "sub": "alice" }),
            json!({ "format": "ISS_SUB", "iss": "https://a", "sub": "alice" }),
            json!({ "iss": "https://a", "sub": "alice" }),
            json!({ "format": "email", "email": "alice@example.com" }),
            json!({ "format": "opaque", "id": "alice" }),
            json!(["iss_sub"]),
            json!("alice"),
            json!(null),
        ] {
            assert!(IssuerSubject::parse(&wrong).is_none(), "{wrong}");
        }
    }

    fn event_subject(subject: &Value) -> Result<EventSubject, NotAccepted> {
        EventSubject::parse(subject, &|issuer| issuer == "https://a" || issuer == "alias")
    }

    #[test]
    fn r13_users_sessions_and_opaque_identifiers_are_read_in_every_spelling() {
        let user = |names: &[&str]| EventSubject::User(names.iter().map(|name| (*name).to_owned()).collect());
        let complex = |user: Option<&str>, has_user, session: Option<&str>| EventSubject::Complex {
            user: user.map(|name| vec![name.to_owned()]),
            has_user,
            has_session: session.is_some(),
            session: session.map(|name| vec![name.to_owned()]),
        };
        let iss_sub = json!({ "format": "iss_sub", "iss": "https://a", "sub": "alice" });
        let opaque = json!({ "format": "opaque", "id": "s-1" });
        let email = json!({ "format": "email", "email": "alice@example.com" });
        for (subject, expected) in [
            (iss_sub.clone(), user(&["alice"])),
            (json!({ "format": "iss_sub", "iss": "alias", "sub": "alice" }), user(&["alice"])),
            (json!({ "subject_type": "iss-sub", "iss": "https://a", "sub": "alice" }), user(&["alice"])),
            (opaque.clone(), EventSubject::Opaque("s-1".to_owned())),
            (json!({ "format": "aliases", "identifiers": [iss_sub, email, opaque] }), user(&["alice", "s-1"])),
            (json!({ "format": "complex", "user": iss_sub }), complex(Some("alice"), true, None)),
            (
                json!({ "format": "complex", "user": iss_sub, "session": opaque }),
                complex(Some("alice"), true, Some("s-1")),
            ),
            (json!({ "user": email, "session": opaque }), complex(None, true, Some("s-1"))),
            (json!({ "format": "complex", "session": opaque, "tenant": opaque }), complex(None, false, Some("s-1"))),
            (json!({ "format": "complex", "tenant": opaque }), complex(None, false, None)),
        ] {
            assert!(event_subject(&subject) == Ok(expected), "{subject}");
        }
    }

    #[test]
    fn r13_other_formats_and_other_issuers_are_refused() {
        let foreign = json!({ "format": "iss_sub", "iss": "https://b", "sub": "alice" });
        let opaque = json!({ "format": "opaque", "id": "s-1" });
        for (subject, expected) in [
            (foreign.clone(), NotAccepted::ForeignSubject),
            (json!({ "format": "aliases", "identifiers": [foreign] }), NotAccepted::ForeignSubject),
            (json!({ "format": "complex", "user": foreign, "session": opaque }), NotAccepted::ForeignSubject),
            (json!({ "format": "complex", "user": opaque, "session": foreign }), NotAccepted::ForeignSubject),
            (json!({ "format": "email", "email": "alice@example.com" }), NotAccepted::WrongSubject),
            (json!({ "format": "account", "uri": "acct:alice@example.com" }), NotAccepted::WrongSubject),
            (json!({ "format": "phone_number", "phone_number": "+1" }), NotAccepted::WrongSubject),
            (json!({ "format": "did", "url": "did:example:1" }), NotAccepted::WrongSubject),
            (json!({ "format": "uri", "uri": "https://a/alice" }), NotAccepted::WrongSubject),
            (json!({ "format": "jwt_id", "iss": "https://a", "jti": "1" }), NotAccepted::WrongSubject),
            (json!({ "format": 1, "user": opaque }), NotAccepted::WrongSubject),
            (json!({ "format": "iss_sub", "iss": "https://a" }), NotAccepted::WrongSubject),
            (json!({ "format": "iss_sub", "iss": "https://a", "sub": "" }), NotAccepted::WrongSubject),
            (json!({ "format": "opaque", "id": 1 }), NotAccepted::WrongSubject),
            (json!({ "format": "aliases", "identifiers": [] }), NotAccepted::WrongSubject),
            (
                json!({ "format": "aliases", "identifiers": [{ "format": "aliases", "identifiers": [opaque] }] }),
                NotAccepted::WrongSubject,
            ),
        ] {
            assert_eq!(event_subject(&subject).err(), Some(expected), "{subject}");
        }
    }
}
