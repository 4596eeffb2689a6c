//! The crate `oauth2`, over its own blocking HTTP client: every secret by both methods, inactive tokens, wrong secrets.

use std::{env, error::Error, process::ExitCode};

use oauth2::{
    AccessToken, AuthType, ClientId, ClientSecret, IntrospectionUrl, RequestTokenError, TokenIntrospectionResponse,
    basic::{BasicClient, BasicErrorResponseType, BasicTokenIntrospectionResponse},
    reqwest::blocking,
};

type Answer = Result<BasicTokenIntrospectionResponse, Failure>;
type Failure = Box<dyn Error>;

/// How the server answers a wrong secret.
const REFUSED: &str = "refused as invalid_client";

fn main() -> ExitCode {
    let basic = ("basic", AuthType::BasicAuth);
    let post = ("post", AuthType::RequestBody);
    let (either, odd) = (("either-api", &*variable("EITHER_SECRET")), (&*variable("ODD_ID"), &*variable("ODD_SECRET")));
    let mut checks = vec![
        ("basic: a secret only for basic", alice(("basic-api", &variable("BASIC_SECRET")), &basic.1)),
        ("post: a secret only for post", alice(("post-api", &variable("POST_SECRET")), &post.1)),
    ];
    for (name, method) in [basic, post] {
        let named = |what: &str| -> &'static str { format!("{name}: {what}").leak() };
        checks.extend([
            (named("a secret made by the tool"), alice(either, &method)),
            (named("a secret with + % : and non-ASCII"), alice(odd, &method)),
            (named("an expired token is inactive"), inactive(either, &method, "EXPIRED")),
            (named("a revoked token is inactive"), inactive(either, &method, "REVOKED")),
            (named("a wrong secret is an error, never inactive"), wrong_secret(&method)),
        ]);
    }
    let mut code = ExitCode::SUCCESS;
    for (name, outcome) in checks {
        match outcome {
            Ok(()) => println!("ok - {name}"),
            Err(error) => {
                println!("not ok - {name}: {error:?}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn alice(client: (&str, &str), method: &AuthType) -> Result<(), Failure> {
    let answer = introspect(client, method, &variable("ACTIVE"))?;
    let scopes: Vec<&str> = answer.scopes().into_iter().flatten().map(|scope| &***scope).collect();
    let as_expected = answer.active()
        && answer.sub() == Some("alice")
        && answer.iss() == Some("https://issuer.demo.example")
        && answer.aud().is_some_and(|audiences| audiences == &["https://orders.demo.example"])
        && answer.exp().is_some()
        && scopes == ["orders:read", "orders:write"];
    if as_expected { Ok(()) } else { Err(format!("{answer:?}").into()) }
}

fn inactive(client: (&str, &str), method: &AuthType, token: &str) -> Result<(), Failure> {
    let answer = introspect(client, method, &variable(token))?;
    if !answer.active() && answer.sub().is_none() { Ok(()) } else { Err(format!("{answer:?}").into()) }
}

fn wrong_secret(method: &AuthType) -> Result<(), Failure> {
    match introspect(("either-api", "wrong"), method, &variable("ACTIVE")) {
        Err(error) if error.to_string() == REFUSED => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn introspect((id, secret): (&str, &str), method: &AuthType, token: &str) -> Answer {
    let client = BasicClient::new(ClientId::new(id.to_owned()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_auth_type(method.clone())
        .set_introspection_url(IntrospectionUrl::new(variable("ENDPOINT"))?);
    let answer = client.introspect(&AccessToken::new(token.to_owned())).request(&blocking::Client::new());
    answer.map_err(|error| match error {
        RequestTokenError::ServerResponse(response) if *response.error() == BasicErrorResponseType::InvalidClient => {
            REFUSED.into()
        }
        other => Box::new(other) as Failure,
    })
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: start this by tests/interop/run"))
}
