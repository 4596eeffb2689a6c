//! Amazon Resource Names (ARNs): how settings, client records and requests name things on AWS.

use std::fmt;

/// `arn:partition:service:region:account:resource`. It may name a person, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Arn {
    pub partition: String,
    pub service: String,
    /// Empty for a global service, as IAM is.
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// The type of the resource and its name, separated by a slash or a colon.
    pub resource: String,
}

impl Arn {
    /// Parses the ARN of one resource in an account. Returns `None` if the text cannot be such an ARN.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts.as_slice() else { return None };
        let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let are_words = partition.starts_with("aws")
            && !service.is_empty()
            && [partition, service, region].map(|text| is_word(text)) == [true; 3];
        let is_resource = !resource.is_empty() && resource.bytes().all(|byte| byte.is_ascii_graphic());
        (are_words && is_account && is_resource).then(|| Self {
            partition: (*partition).to_owned(),
            service: (*service).to_owned(),
            region: (*region).to_owned(),
            account: (*account).to_owned(),
            resource: (*resource).to_owned(),
        })
    }

    /// Whether a text is meant as an ARN rather than as a plain name.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("arn:")
    }

    /// The name of the resource, if it has this service and type. `kind` includes the separator: `key/`, `function:`.
    pub fn name_of(&self, service: &str, kind: &str) -> Option<&str> {
        let name = self.resource.strip_prefix(kind).filter(|name| !name.is_empty());
        name.filter(|_| self.service == service)
    }

    /// Whether both resources are in the same partition, Region and account.
    pub fn is_in_same_account_as(&self, other: &Self) -> bool {
        self.partition == other.partition && self.region == other.region && self.account == other.account
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(formatter, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_one_resource_in_one_account() {
        for (text, is_arn) in [
            ("arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab", true),
            ("arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1234", true),
            ("arn:aws:lambda:eu-west-1:123456789012:function:a:$LATEST", true),
            ("arn:aws:iam::123456789012:user/a/b+c@d", true),
            ("arn:aws:kms:eu-west-1:123456789012:", false),
            ("arn:aws:kms:eu-west-1:123456789012:key/a b", false),
            ("arn:aws:kms:eu-west-1:123456789012:key/é", false),
            ("arn:aws:kms:eu-west-1:12345678901:key/a", false),
            ("arn:aws:kms:eu-west-1::key/a", false),
            ("arn:aws::eu-west-1:123456789012:key/a", false),
            ("arn:aws:kms:eu west:123456789012:key/a", false),
            ("arn:gcp:kms:eu-west-1:123456789012:key/a", false),
            ("arn::kms:eu-west-1:123456789012:key/a", false),
            ("ARN:aws:kms:eu-west-1:123456789012:key/a", false),
            ("arn:aws:kms:eu-west-1:123456789012", false),
            ("key/a", false),
            ("", false),
        ] {
            let arn = Arn::parse(text);
            assert_eq!(arn.is_some(), is_arn, "{text}");
            assert!(arn.is_none_or(|arn| arn.to_string() == text), "{text}");
        }
    }

    #[test]
    fn a_resource_has_its_name_only_under_its_service_and_kind() {
        let function = Arn::parse("arn:aws:lambda:eu-west-1:123456789012:function:a:live").unwrap();
        assert_eq!(function.name_of("lambda", "function:"), Some("a:live"));
        assert_eq!(function.name_of("kms", "function:"), None);
        assert_eq!(function.name_of("lambda", "layer:"), None);
        assert_eq!(function.name_of("lambda", "function:a:live"), None);
    }
}
