//! `aws_iam`: callers whose signature API Gateway checked, so that a service on AWS needs no secret.

use crate::{arn::Arn, call::Identity, records::ClientRecord};

const IAM: &str = "iam";
const USER: &str = "user/";
const ROLE: &str = "role/";

/// The IAM user or role that a client is registered for.
pub(super) struct Principal<'a> {
    arn: Arn,
    /// The unique id, which must match as well. A principal that is deleted and created again has another one.
    unique_id: Option<&'a str>,
}

impl<'a> Principal<'a> {
    /// Reads the principal of a record. Returns `None` if no caller can match it.
    pub fn from_record(record: &'a ClientRecord) -> Option<Self> {
        Self::new(record.iam_principal_arn.as_deref()?, record.iam_principal_id.as_deref())
    }

    /// Parses an ARN. A pattern is not valid: IAM is global, and its documentation lists the characters that a name may
    /// contain.
    fn new(arn: &str, unique_id: Option<&'a str>) -> Option<Self> {
        let arn = Arn::parse(arn).filter(|arn| arn.region.is_empty())?;
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
        };
        name_of(&arn).is_some_and(is_name).then_some(Self { arn, unique_id })
    }

    fn is_user(&self) -> bool {
        self.arn.name_of(IAM, USER).is_some()
    }

    /// Whether the unique id has the form that IAM gives to this kind of principal. True if the record has no unique
    /// id.
    pub fn has_plausible_id(&self) -> bool {
        let prefix = if self.is_user() { "AIDA" } else { "AROA" };
        self.unique_id.is_none_or(|id| {
            let is_id_character = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            id.len() > prefix.len() && id.starts_with(prefix) && id.bytes().all(is_id_character)
        })
    }

    /// Whether the gateway's caller is that user, or a session of that role (B-17).
    pub fn is(&self, caller: &Identity) -> bool {
        caller.iam_user_arn.as_deref().and_then(Arn::parse).is_some_and(|arn| self.has_arn(&arn))
            && self
                .unique_id
                .is_none_or(|id| caller.iam_user_id.as_deref().is_some_and(|caller| self.has_id(id, caller)))
    }

    /// The request context has a user's unique id as it is, and a role's followed by a colon and the session's name.
    fn has_id(&self, unique_id: &str, caller: &str) -> bool {
        let is_its_own = match caller.split_once(':') {
            Some((id, session)) => !self.is_user() && id == unique_id && !session.is_empty(),
            None => self.is_user() && caller == unique_id,
        };
        is_its_own && !unique_id.is_empty()
    }

    fn has_arn(&self, caller: &Arn) -> bool {
        if self.is_user() {
            return self.arn == *caller;
        }
        // A session's ARN has the role's name without its path. Role names are unique in an account.
        let session = caller.name_of("sts", "assumed-role/").and_then(|name| name.split_once('/'));
        let role = session.filter(|(_, session)| !session.is_empty()).map(|(role, _)| role);
        role.is_some() && role == name_of(&self.arn) && caller.is_in_same_account_as(&self.arn)
    }
}

/// The name of an IAM user or role, without its path.
fn name_of(arn: &Arn) -> Option<&str> {
    arn.name_of(IAM, USER).or_else(|| arn.name_of(IAM, ROLE))?.rsplit('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_principal(principal: &str, caller: &str) -> bool {
        Principal::new(principal, None).is_some_and(|principal| principal.is(&identity(caller, None)))
    }

    fn identity(arn: &str, id: Option<&str>) -> Identity {
        Identity { iam_user_arn: Some(arn.to_owned()), iam_user_id: id.map(str::to_owned), ..Identity::default() }
    }

    #[test]
    fn b17_a_user_is_itself_and_a_role_any_of_its_sessions() {
        let role = "arn:aws:iam::111122223333:role/services/Orders";
        let user = "arn:aws:iam::111122223333:user/ci/Deploy";
        for (principal, caller, expected) in [
            (user, user, true),
            (user, "arn:aws:iam::111122223333:user/Deploy", false),
            (user, "arn:aws:iam::111122223333:user/ci/deploy", false),
            (user, "arn:aws:iam::444455556666:user/ci/Deploy", false),
            (user, "arn:aws:sts::111122223333:assumed-role/Deploy/ci", false),
            (role, "arn:aws:sts::111122223333:assumed-role/Orders/i-0123", true),
            (role, "arn:aws:sts::111122223333:assumed-role/Orders/another", true),
            ("arn:aws:iam::111122223333:role/Orders", "arn:aws:sts::111122223333:assumed-role/Orders/x", true),
            ("arn:aws-cn:iam::111122223333:role/Orders", "arn:aws-cn:sts::111122223333:assumed-role/Orders/x", true),
            (role, "arn:aws-cn:sts::111122223333:assumed-role/Orders/x", false),
            (role, "arn:aws:sts::444455556666:assumed-role/Orders/x", false),
            (role, "arn:aws:sts::111122223333:assumed-role/Orders2/x", false),
            (role, "arn:aws:sts::111122223333:assumed-role/services/Orders", false),
            (role, "arn:aws:sts::111122223333:assumed-role/Orders", false),
            (role, "arn:aws:sts::111122223333:assumed-role/Orders/", false),
            (role, "arn:aws:sts:eu-west-1:111122223333:assumed-role/Orders/x", false),
            (role, "arn:aws:sts::111122223333:federated-user/Orders/x", false),
            (role, "arn:aws:iam::111122223333:user/Orders", false),
            (role, role, false),
            ("arn:aws:iam::111122223333:role/", "arn:aws:sts::111122223333:assumed-role//x", false),
            ("arn:aws:iam::111122223333:role/a/", "arn:aws:sts::111122223333:assumed-role//x", false),
            ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root", false),
            (
                "arn:aws:sts::111122223333:assumed-role/Orders/x",
                "arn:aws:sts::111122223333:assumed-role/Orders/x",
                false,
            ),
            ("arn:aws:iam::111122223333:user/a+=,.@_-", "arn:aws:iam::111122223333:user/a+=,.@_-", true),
            ("arn:aws:iam::11112222333x:user/Deploy", "arn:aws:iam::11112222333x:user/Deploy", false),
            ("arn:aws:iam:::user/Deploy", "arn:aws:iam:::user/Deploy", false),
            ("arn:aws:iam::1111:user/Deploy", "arn:aws:iam::1111:user/Deploy", false),
            ("arn:aws:iam::111122223333:user/*", "arn:aws:iam::111122223333:user/*", false),
            ("arn:aws:iam::111122223333:role/*", "arn:aws:sts::111122223333:assumed-role/Orders/x", false),
            ("*", user, false),
            ("", "", false),
        ] {
            assert_eq!(is_principal(principal, caller), expected, "{principal} {caller}");
        }
    }

    #[test]
    fn b17_a_registered_unique_id_must_be_the_callers() {
        let (role, session) =
            ("arn:aws:iam::111122223333:role/Orders", "arn:aws:sts::111122223333:assumed-role/Orders/i-0123");
        let user = "arn:aws:iam::111122223333:user/Deploy";
        for (principal, unique_id, caller, caller_id, expected) in [
            (role, None, session, None, true),
            (role, None, session, Some("AROAOTHER:i-0123"), true),
            (role, Some("AROAEXAMPLE"), session, Some("AROAEXAMPLE:i-0123"), true),
            (role, Some("AROAEXAMPLE"), session, Some("AROAOTHER:i-0123"), false),
            (role, Some("AROAEXAMPLE"), session, Some("AROAEXAMPLE"), false),
            (role, Some("AROAEXAMPLE"), session, Some("AROAEXAMPLE:"), false),
            (role, Some("AROAEXAMPLE"), session, Some("aroaexample:i-0123"), false),
            (role, Some("AROAEXAMPLE"), session, None, false),
            (role, Some("AROAEXAMPLE:i-0123"), session, Some("AROAEXAMPLE:i-0123"), false),
            (role, Some(""), session, Some(":i-0123"), false),
            (user, Some("AIDAEXAMPLE"), user, Some("AIDAEXAMPLE"), true),
            (user, Some("AIDAEXAMPLE"), user, Some("AIDAOTHER"), false),
            (user, Some("AIDAEXAMPLE"), user, Some("AIDAEXAMPLE:x"), false),
            (user, Some("AIDAEXAMPLE"), "arn:aws:iam::111122223333:user/Other", Some("AIDAEXAMPLE"), false),
        ] {
            let is = Principal::new(principal, unique_id)
                .is_some_and(|principal| principal.is(&identity(caller, caller_id)));
            assert_eq!(is, expected, "{unique_id:?} {caller_id:?}");
        }
    }

    #[test]
    fn b17_a_unique_id_has_the_prefix_of_its_kind_and_more_capitals_or_digits() {
        let (role, user) = ("arn:aws:iam::111122223333:role/Orders", "arn:aws:iam::111122223333:user/Deploy");
        for (principal, unique_id, expected) in [
            (role, None, true),
            (role, Some("AROA1"), true),
            (role, Some("AROAEXAMPLE"), true),
            (role, Some("AROA"), false),
            (role, Some("AIDAEXAMPLE"), false),
            (role, Some("AROAExample"), false),
            (role, Some("AROA1:x"), false),
            (user, Some("AIDA1"), true),
            (user, Some("AROAEXAMPLE"), false),
            (user, Some(""), false),
        ] {
            let principal = Principal::new(principal, unique_id).unwrap();
            assert_eq!(principal.has_plausible_id(), expected, "{unique_id:?}");
        }
    }
}
