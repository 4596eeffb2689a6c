//! `GLOBAL_REVOCATION_ISSUERS`: whose subjects callers may revoke.

use super::{SettingError, TrustedIssuer, issuer};

const VARIABLE: &str = "GLOBAL_REVOCATION_ISSUERS";
const EXAMPLE: &str = "https://auth.example.com";

/// Reads the setting: the identifiers by which marks name the issuers. Empty if no caller may revoke a subject.
///
/// # Errors
///
/// Returns [`SettingError`] if an entry is neither our own issuer nor a trusted one. Its marks would have no effect.
pub(super) fn read(
    variable: impl Fn(&str) -> Option<String>,
    own: &str,
    trusted: &[TrustedIssuer],
) -> Result<Vec<String>, SettingError> {
    let Some(list) = variable(VARIABLE) else { return Ok(Vec::new()) };
    (1..)
        .zip(list.split(',').map(str::trim))
        .map(|(number, name): (usize, _)| match issuer::find(trusted, name) {
            Some(found) => Ok(found.issuer.clone()),
            None if name == own => Ok(own.to_owned()),
            None => Err(SettingError::new(
                VARIABLE,
                format!("has an entry {number} that is neither ISSUER nor an issuer of TRUSTED_ISSUERS"),
                EXAMPLE,
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r15_each_entry_is_an_issuer_of_the_deployment() {
        let trusted = issuer::parse(
            "TRUSTED_ISSUERS",
            r#"[{"issuer":"https://a.example","profile":"rfc9068","aliases":["https://alias.example"]}]"#,
        );
        let trusted = trusted.unwrap_or_else(|error| panic!("{error}"));
        let read = |text: Option<&str>| read(|_| text.map(str::to_owned), "https://own.example", &trusted);
        assert_eq!(read(None), Ok(Vec::new()));
        let both = ["https://own.example", "https://a.example"].map(str::to_owned).to_vec();
        assert_eq!(read(Some("https://own.example, https://alias.example")), Ok(both));
        for wrong in ["https://b.example", "https://a.example/", "*", "https://a.example,"] {
            assert!(read(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
