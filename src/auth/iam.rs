//! `aws_iam`: callers whose signature API Gateway has checked, so that a service on AWS needs no secret.

/// The IAM user or role that a client is registered for.
pub(super) struct Principal<'a>(Arn<'a>);

impl<'a> Principal<'a> {
    /// Reads its ARN; `None` for what can be nobody's. An account has twelve digits, and IAM's documentation lists
    /// the characters of a name, so a pattern is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        let arn = Arn::parse(text)?;
        let is_account = arn.account.len() == 12 && arn.account.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = arn.name.rsplit('/').next().is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
        });
        (arn.service == "iam" && matches!(arn.kind, "user" | "role") && is_account && is_name).then_some(Self(arn))
    }

    /// Whether the caller is that user, or in a session of that role.
    pub fn is(&self, caller: &str) -> bool {
        let (Self(principal), Some(caller)) = (self, Arn::parse(caller)) else { return false };
        if principal.kind == "user" {
            return *principal == caller;
        }
        // The ARN of a session has the role's name without its path; the name is unique in the account.
        let role = principal.name.rsplit('/').next();
        let session_of_role = caller.name.split_once('/').filter(|(_, session)| !session.is_empty());
        (caller.service, caller.kind) == ("sts", "assumed-role")
            && (caller.partition, caller.account) == (principal.partition, principal.account)
            && session_of_role.is_some_and(|(name, _)| Some(name) == role)
    }
}

/// The parts of an ARN that identify an IAM principal; IAM is global, so there is no Region.
#[derive(PartialEq, Eq)]
struct Arn<'a> {
    partition: &'a str,
    account: &'a str,
    service: &'a str,
    /// The kind of principal, and what follows the first slash.
    kind: &'a str,
    name: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account) = (parts.next()?, parts.next()?);
        let (kind, name) = parts.next()?.split_once('/')?;
        let is_whole = scheme == "arn" && region.is_empty() && !partition.is_empty() && !account.is_empty();
        (is_whole && !name.is_empty()).then_some(Self { partition, account, service, kind, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_principal(principal: &str, caller: &str) -> bool {
        Principal::parse(principal).is_some_and(|principal| principal.is(caller))
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
}
