//! The read units of a JWT, counted in the requests that the function sends.

use std::time::Duration;

use crate::{
    event::Traffic,
    scale::{
        environment::{ISSUER, Setup, event_with},
        measured::Figure,
        tables::Tables,
        traffic::Settings,
    },
};

/// What the token names besides its client and its subject.
#[derive(Clone, Copy)]
pub enum Token {
    Plain,
    Session,
    SessionAndGrant,
}

impl Token {
    pub const ALL: [Self; 3] = [Self::Plain, Self::Session, Self::SessionAndGrant];

    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Session => "with a session",
            Self::SessionAndGrant => "with a session and a grant",
        }
    }

    fn event(self) -> String {
        let more = match self {
            Self::Plain => return event_with(None, None),
            Self::Session => r#""sid":"session-1""#,
            Self::SessionAndGrant => r#""sid":"session-1","grant_id":"grant-1""#,
        };
        let claims = format!(
            r#"{{"iss":"{ISSUER}","aud":"https://api.example.com","sub":"alice","client_id":"web-app","jti":"1","iat":1767225600,"exp":4102444800,{more}}}"#
        );
        event_with(None, Some(&claims))
    }
}

const INVOCATIONS: usize = 100;
const MEASURED_BY: &str = "keys of 100 requests of the release binary, after the first";

/// The name of the figure in `measured.tsv`.
pub fn name(settings: Settings, token: Token) -> String {
    format!("read units, {}, {}", settings.name().replace('`', ""), token.name())
}

/// Counts the read units for each setting and kind of token.
pub fn measure() -> Vec<Figure> {
    let tables = Tables::start(Duration::ZERO);
    let kinds = Settings::ALL.into_iter().flat_map(|settings| Token::ALL.map(|token| (settings, token)));
    let figures = kinds.map(|(settings, token)| {
        let setup = Setup { dynamodb: &tables.url, jwks_uri: None, settings, event: token.event(), log: None };
        let environment = setup.start();
        let first = environment.api.invoke(Traffic::Again, 1, 1);
        assert!(first.answer.contains("active"), "{}", first.answer);
        tables.take_seen();
        environment.api.invoke(Traffic::Again, INVOCATIONS, 1);
        let seen = tables.take_seen();
        assert_eq!(seen.reads.len(), INVOCATIONS, "a JWT costs one request");
        let eventual = if settings.eventual { INVOCATIONS } else { 0 };
        assert_eq!(seen.eventual, eventual, "the setting decides the consistency");
        let keys: usize = seen.reads.iter().map(Vec::len).sum();
        (name(settings, token), keys as f64 / INVOCATIONS as f64 * settings.unit(), MEASURED_BY)
    });
    figures.collect()
}
