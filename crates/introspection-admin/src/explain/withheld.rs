//! What an answer lacks because of the client's policy.

use serde_json::Value;

/// The names of members that a policy removed from an answer. Their values are not in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Withheld {
    /// Members that the client does not see.
    pub hidden: Vec<String>,
    /// Members of which it sees a part, for example some of the scopes.
    pub narrowed: Vec<String>,
}

impl Withheld {
    /// The differences between the answer without a policy and the one that is shown.
    pub fn new(whole: &Value, shown: &Value) -> Self {
        let mut withheld = Self::default();
        for (name, value) in whole.as_object().into_iter().flatten() {
            match shown.get(name) {
                None => withheld.hidden.push(name.clone()),
                Some(part) if part != value => withheld.narrowed.push(name.clone()),
                Some(_) => {}
            }
        }
        withheld
    }

    /// The names, for humans. `None` if the policy removed nothing.
    pub fn text(&self) -> Option<String> {
        let narrowed = self.narrowed.iter().map(|member| format!("part of {member}"));
        let names: Vec<_> = self.hidden.iter().cloned().chain(narrowed).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_that_are_hidden_or_shown_in_part_are_named() {
        let whole = json!({ "active": true, "iss": "i", "scope": "a b", "sub": "s" });
        for (shown, expected) in [
            (whole.clone(), None),
            (json!({ "active": true, "iss": "i", "scope": "a b" }), Some("sub")),
            (json!({ "active": true, "scope": "a", "sub": "s" }), Some("iss, part of scope")),
        ] {
            assert_eq!(Withheld::new(&whole, &shown).text().as_deref(), expected, "{shown}");
        }
    }
}
