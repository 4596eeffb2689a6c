//! Reports a command line that does not parse, in one line. clap would quote what was typed, which may be a token.

use std::{error::Error as _, io::Write, process::ExitCode};

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{
    output::{fail, print_error},
    problem::USAGE,
};

/// Prints the requested help, or what is wrong with the command line.
pub fn answer(error: &Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // If the stream is closed, nothing is left to report to.
            let _ = writeln!(std::io::stdout(), "{}", error.to_string().trim_end());
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            print_error(error.to_string().trim_end());
            ExitCode::from(USAGE)
        }
        _ => {
            fail(&format!("{}; --help says more", what(error)));
            ExitCode::from(USAGE)
        }
    }
}

fn what(error: &Error) -> String {
    let option = named(error, ContextKind::InvalidArg).unwrap_or_else(|| "an argument".to_owned());
    match error.kind() {
        // The name of an option may be quoted, but nothing that could be its value. A PEM begins with dashes too.
        ErrorKind::UnknownArgument if is_option(option.split('=').next().unwrap_or_default()) => {
            format!("unknown option {}", option.split('=').next().unwrap_or_default())
        }
        ErrorKind::UnknownArgument => {
            "unexpected argument; tokens and secrets are given as - (standard input) or @FILE".to_owned()
        }
        ErrorKind::InvalidSubcommand => {
            let known = named(error, ContextKind::ValidSubcommand).map(|known| format!("; the commands are {known}"));
            format!("unknown command{}", known.unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => format!("{option} is missing"),
        ErrorKind::ArgumentConflict => match named(error, ContextKind::PriorArg) {
            Some(prior) if prior != option => format!("{option} cannot be used with {prior}"),
            _ => format!("{option} can be given only once"),
        },
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let known = named(error, ContextKind::ValidValue).map(|known| format!("takes one of {known}"));
            let reason = error.source().map(ToString::to_string);
            let empty = error.get(ContextKind::InvalidValue).is_none_or(|value| value.to_string().is_empty());
            match known.or(reason) {
                Some(reason) if !empty => format!("{option}: {reason}"),
                _ => format!("{option} needs a value"),
            }
        }
        kind => kind.as_str().unwrap_or("the command line is not valid").to_owned(),
    }
}

/// Whether a text has the form of an option.
fn is_option(text: &str) -> bool {
    let name = text.strip_prefix("--").unwrap_or_default();
    (1..=30).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

fn named(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(name) => Some(name.clone()),
        ContextValue::Strings(names) if !names.is_empty() => Some(names.join(", ")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn o04_what_was_typed_is_not_repeated() {
        for (line, expected) in [
            ("explain eyJhbGci", "unexpected argument"),
            ("explain --tokn=eyJhbGci", "unknown option --tokn"),
            ("explain --token", "--token <-|@FILE> needs a value"),
            ("explain -----eyJ", "unexpected argument"),
            ("explain --eyJhbGci", "unexpected argument"),
            ("explain", "--token <-|@FILE> is missing"),
            ("eyJhbGci", "unknown command"),
            ("client eyJhbGci", "unknown command"),
            ("client show a eyJhbGci", "unexpected argument"),
            ("revoke", "is missing"),
            ("revoke --sub a --jti b", "cannot be used with"),
            ("revoke --sub a --sub b", "can be given only once"),
            ("revoke --sub=", "--sub <SUB> needs a value"),
            ("revoke --jti a --except-sid b", "cannot be used with"),
            ("revoke --issuer a --except-sid b", "--sub <SUB> is missing"),
            ("client list --output eyJhbGci", "takes one of table, json"),
            ("client rotate-secret a --overlap eyJhbGci", "--overlap <DURATION>: "),
            ("client add --public --secret -", "cannot be used with"),
            ("client list --function f --settings s", "cannot be used with"),
            ("client list --settings=", "--settings <FILE> needs a value"),
        ] {
            let words = std::iter::once("introspection-admin").chain(line.split(' '));
            let Err(error) = Cli::try_parse_from(words) else { panic!("{line} parses") };
            let text = what(&error);
            assert!(text.contains(expected), "{line}: {text}");
            assert!(!text.contains("eyJ") && !text.contains('\n'), "{line}: {text}");
        }
    }
}
