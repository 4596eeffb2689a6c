//! `explain`: shows why a token is active or not. All results are the library's own; nothing is judged here.

mod caller;
mod jwt;
mod marks;
mod opaque;
mod stage;
mod withheld;

use serde_json::{Value, json};
use token_introspection::{
    issuers::Cause,
    judge::ActiveClaims,
    jwt::DroppedKey,
    outcome::Unavailable,
    records::Standing,
    settings::Settings,
    token::{Claims, Inactive, PresentedToken},
};

use self::{
    caller::Answer,
    marks::MarkFinding,
    stage::{Finding, Name, Stage},
};
use crate::{
    canary,
    environment::Environment,
    input::Input,
    output::{Cell, Report, Tone, pairs, table},
    problem::{NEGATIVE, Problem, UNKNOWN},
    store::AdminStore,
};

/// The explanation of a token. It contains the token's claims, so it has no `Debug`.
#[derive(Default)]
struct Explanation {
    stages: Vec<Stage>,
    /// The marks that could revoke the token, whether they exist or not.
    marks: Vec<MarkFinding>,
    /// The published keys that were not loaded.
    dropped_keys: Vec<DroppedKey>,
    /// The token's claims. They are its issuer's only if the signature stage is passed.
    claims: Option<Claims>,
    /// The same claims, if the token is active.
    active: Option<ActiveClaims>,
}

enum Verdict {
    Active,
    Inactive(Inactive),
    /// The function could not check the signature, so it answers 503.
    Unknown(Cause),
}

/// What every part of an explanation needs.
struct Context<'a> {
    settings: &'a Settings,
    admin: &'a AdminStore,
    now: i64,
}

/// Explains the token and, if a client id is given, which answer that client would get.
///
/// # Errors
///
/// Returns [`Problem`] if the settings are not valid, or the tables cannot be read.
pub async fn run(token: &Input, client: Option<&str>, environment: &Environment) -> Result<Report, Problem> {
    let settings = environment.settings()?;
    let token = token.read_token("--token")?;
    let admin = environment.open().await?;
    if let Some(Standing::Lost(loss)) = canary::standing(&admin).await? {
        return Err(Problem::Unknown(format!("the function answers 503: {loss}")));
    }
    let context = Context { settings, admin: &admin, now: token_introspection::call::now() };
    let mut explanation = match PresentedToken::parse(&token, settings) {
        PresentedToken::Jwt { unverified, .. } => jwt::explain(unverified, &token, &context).await?,
        PresentedToken::Opaque { digest, too_long } => opaque::explain(&digest, too_long, &context).await?,
    };
    let verdict = explanation.verdict();
    let active = explanation.active.take();
    let claims = explanation.claims.as_ref().filter(|_| explanation.reaches(Name::Signature));
    let answer = match client {
        Some(client) => Some(caller::explain(client, &verdict, claims, active, &context).await?),
        None => None,
    };
    Ok(report(&explanation, &verdict, answer.as_ref()))
}

impl Explanation {
    fn passed(&mut self, name: Name, detail: impl Into<String>) {
        self.stages.push(Stage { name, finding: Finding::Passed, detail: detail.into() });
    }

    fn failed(&mut self, why: Inactive, detail: impl Into<String>) {
        self.stages.push(Stage { name: Name::for_rule(&why), finding: Finding::Failed(why), detail: detail.into() });
    }

    /// Adds a stage with the library's result.
    fn judged(&mut self, name: Name, judged: Result<(), Inactive>, detail: impl Into<String>) {
        let finding = judged.map_or_else(Finding::Failed, |()| Finding::Passed);
        self.stages.push(Stage { name, finding, detail: detail.into() });
    }

    /// The stage that decided: the first one that is not passed, in the order of the contract. `None` if the token is
    /// active.
    fn deciding_stage(&self) -> Option<&Stage> {
        self.stages.iter().filter(|stage| stage.finding != Finding::Passed).min_by_key(|stage| stage.name)
    }

    fn verdict(&self) -> Verdict {
        match self.deciding_stage().map(|stage| &stage.finding) {
            None | Some(Finding::Passed) => Verdict::Active,
            Some(Finding::Failed(why)) => Verdict::Inactive(why.clone()),
            Some(Finding::Unknown(cause)) => Verdict::Unknown(*cause),
        }
    }

    /// Whether the function reaches this stage.
    fn reaches(&self, name: Name) -> bool {
        self.stages.iter().all(|stage| stage.name >= name || stage.finding == Finding::Passed)
    }
}

/// A key that was published but not loaded.
pub fn dropped_key(key: &DroppedKey) -> Value {
    json!({
        "kid": key.kid, "kty": key.kty, "cause": key.cause.name(), "member": key.cause.member(),
        "unreadable": key.cause.is_unreadable(),
    })
}

fn report(explanation: &Explanation, verdict: &Verdict, answer: Option<&Answer>) -> Report {
    let (word, tone, reason, because, hint) = match verdict {
        Verdict::Active => ("active", Tone::Good, None, None, None),
        Verdict::Inactive(why) => {
            ("inactive", Tone::Bad, Some(why.name().to_owned()), Some(why.to_string()), Some(why.hint()))
        }
        Verdict::Unknown(cause) => {
            let reason = Unavailable::Keys { retry_after: 1 }.name();
            ("unknown", Tone::Unknown, Some(reason.to_owned()), Some(cause.meaning().to_owned()), Some(cause.hint()))
        }
    };
    let mut summary = vec![("verdict", Cell::verdict(word, tone))];
    summary.extend(because.clone().map(|because| ("because", because.into())));
    summary.extend(hint.map(|hint| ("hint", hint.to_owned().into())));
    summary.extend(answer.map(Answer::pairs).into_iter().flatten().map(|(name, text)| (name, text.into())));
    let stages = explanation.stages.iter().map(Stage::row).collect();
    let mut text = format!("{}\n{}", pairs(&summary), table(&["stage", "result", "detail"], stages));
    if !explanation.marks.is_empty() {
        let rows = explanation.marks.iter().map(MarkFinding::row).collect();
        let marks = table(&["mark", "exists", "revokes", "not before", "except sid", "reason"], rows);
        text = format!("{text}\n{marks}");
    }
    if !explanation.dropped_keys.is_empty() {
        let lines = explanation.dropped_keys.iter().map(|key| format!("key not loaded: {key}"));
        text = format!("{text}\n{}\n", lines.collect::<Vec<_>>().join("\n"));
    }
    if let Some(view) = answer.and_then(|answer| answer.view.as_ref()) {
        text = format!("{text}\n{view:#}\n");
    }
    let json = json!({
        "verdict": word,
        "reason": reason,
        "because": because,
        "hint": hint,
        "decided_by": explanation.deciding_stage().map(|stage| stage.name.text()),
        "stages": explanation.stages.iter().map(Stage::json).collect::<Vec<_>>(),
        "marks": explanation.marks.iter().map(MarkFinding::json).collect::<Vec<_>>(),
        "dropped_keys": explanation.dropped_keys.iter().map(dropped_key).collect::<Vec<_>>(),
        "client": answer.map_or(Value::Null, Answer::json),
    });
    let exit_code = match (verdict, answer) {
        (Verdict::Unknown(_), _) => UNKNOWN,
        (Verdict::Active, None) => 0,
        (Verdict::Active, Some(answer)) if answer.view.is_some() => 0,
        _ => NEGATIVE,
    };
    Report { text, json, exit_code }
}
