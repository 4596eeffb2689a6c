//! How many invocations an execution environment serves at once. Lambda says so with a variable that it sets itself on
//! Lambda Managed Instances; everywhere else, an environment serves one invocation at a time.

use lambda_http::lambda_runtime::tower::util::MapResultLayer;
use tracing::{error, warn};

/// The number of invocations that Lambda sends at once. It is Lambda's variable, not a setting: an operator cannot set it.
const VARIABLE: &str = "AWS_LAMBDA_MAX_CONCURRENCY";

/// How many invocations are served at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// One at a time, as in every environment that is not on a managed instance.
    One,
    /// As many at once as Lambda says.
    Several,
    /// One at a time, because the variable has no number above 0.
    Unreadable,
}

impl Concurrency {
    /// Reads the variable by the rule of `lambda_runtime`, which reads it again to start its workers. As everywhere, an
    /// empty variable counts as missing.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let number = variable(VARIABLE).filter(|text| !text.trim().is_empty()).map(|text| text.parse::<u32>());
        match number {
            None | Some(Ok(1)) => Self::One,
            Some(Ok(0) | Err(_)) => Self::Unreadable,
            Some(Ok(_)) => Self::Several,
        }
    }

    /// Warns of a variable that cannot be read. It is not an error: an operator cannot correct what Lambda sets, and an
    /// environment that serves one invocation at a time is slower, but never wrong.
    pub fn warn(self) {
        if self == Self::Unreadable {
            warn!(event = "max_concurrency_unreadable", variable = VARIABLE);
        }
    }

    /// What follows when an answer could not be delivered. If the environment serves one invocation at a time, it ends
    /// and Lambda starts another one. If it serves several, the runtime would end only the worker, and each such failure
    /// would leave fewer of them, so the failure is logged and the worker goes on.
    pub(super) fn delivery<E>(self) -> MapResultLayer<impl Fn(Result<(), E>) -> Result<(), E> + Clone> {
        MapResultLayer::new(move |delivered: Result<(), E>| match delivered {
            Err(_) if self == Self::Several => {
                error!(event = "answer_not_delivered");
                Ok(())
            }
            delivered => delivered,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_above_one_makes_an_environment_serve_several_invocations() {
        for (text, expected) in [
            (None, Concurrency::One),
            (Some("1"), Concurrency::One),
            (Some("2"), Concurrency::Several),
            (Some("64"), Concurrency::Several),
            (Some("1600"), Concurrency::Several),
            (Some("0"), Concurrency::Unreadable),
            (Some(""), Concurrency::One),
            (Some(" "), Concurrency::One),
            (Some("many"), Concurrency::Unreadable),
            (Some("-1"), Concurrency::Unreadable),
            (Some("8.0"), Concurrency::Unreadable),
            (Some(" 8"), Concurrency::Unreadable),
            (Some("4294967296"), Concurrency::Unreadable),
        ] {
            let read = Concurrency::read(|name| text.filter(|_| name == VARIABLE).map(str::to_owned));
            assert_eq!(read, expected, "{text:?}");
        }
    }
}
