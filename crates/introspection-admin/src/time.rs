//! Times and durations as operators type them, and how times are printed: seconds since the epoch, and the date.

use std::fmt;

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{DateTime, datetime},
};
use token_introspection::{call::now, records::UnixTime};

const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);

/// A time that may be left out on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeArgument {
    Now,
    /// No limit: all tokens, or no end.
    None,
    At(UnixTime),
}

/// Whether a duration is counted into the past or the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Past,
    Future,
}

/// The times that an option accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The words that the option accepts.
    words: &'static str,
    direction: Direction,
}

/// Why a text is not a time. It never quotes the text, which may be a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeError {
    Unreadable(Form),
    OutOfRange(Form),
    NoOffset,
    Signed(Direction),
    Duration,
}

const NOT_BEFORE: Form = Form { words: "none, now or", direction: Direction::Past };
const EXPIRES_AT: Form = Form { words: "never or", direction: Direction::Future };
const PAST: Form = Form { words: "now or", direction: Direction::Past };
const FUTURE: Form = Form { words: "now or", direction: Direction::Future };

/// Adds to a command's help how a time is written.
pub fn explained(help: &str) -> String {
    format!(
        "TIME is seconds since the epoch; a date, which means its first second in UTC (2030-01-31); RFC 3339\n\
         (2030-01-31T14:00:00Z, 2030-01-31T15:00:00+01:00); or a duration from now (90s, 2h, 30d, 1h30m), into the past\n\
         or the future as the option says.\n\n{help}"
    )
}

/// Parses `--not-before`, for which a duration is counted into the past.
///
/// # Errors
///
/// Returns [`TimeError`] with the accepted values if the text is not one of them.
pub fn not_before(text: &str) -> Result<TimeArgument, TimeError> {
    match text {
        "now" => Ok(TimeArgument::Now),
        "none" => Ok(TimeArgument::None),
        _ => time(text, NOT_BEFORE, now()).map(UnixTime).map(TimeArgument::At),
    }
}

/// Parses `--expires-at`, for which a duration is counted into the future.
///
/// # Errors
///
/// Returns [`TimeError`] with the accepted values if the text is not one of them. `now` is not accepted, because such a
/// mark would revoke nothing.
pub fn expires_at(text: &str) -> Result<TimeArgument, TimeError> {
    match text {
        "now" => Err(TimeError::Unreadable(EXPIRES_AT)),
        "never" => Ok(TimeArgument::None),
        _ => time(text, EXPIRES_AT, now()).map(UnixTime).map(TimeArgument::At),
    }
}

/// Parses a time for which a duration is counted into the past.
///
/// # Errors
///
/// Returns [`TimeError`] with the accepted values if the text is not one of them.
pub fn past(text: &str) -> Result<UnixTime, TimeError> {
    time(text, PAST, now()).map(UnixTime)
}

/// Parses a time for which a duration is counted into the future.
///
/// # Errors
///
/// Returns [`TimeError`] with the accepted values if the text is not one of them.
pub fn future(text: &str) -> Result<UnixTime, TimeError> {
    time(text, FUTURE, now()).map(UnixTime)
}

/// Parses a duration: a number of seconds, or a number with units.
///
/// # Errors
///
/// Returns [`TimeError`] with the accepted values if the text is not one of them.
pub fn duration(text: &str) -> Result<u32, TimeError> {
    let now = now();
    let span = || {
        let end = shift(text.parse().ok()?, Direction::Future, now)?;
        u32::try_from(end - now).ok()
    };
    text.parse().ok().or_else(span).ok_or(TimeError::Duration)
}

fn time(text: &str, form: Form, now: i64) -> Result<i64, TimeError> {
    if text.strip_prefix(['+', '-']).unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return text.parse().ok().and_then(in_range).ok_or(TimeError::OutOfRange(form));
    }
    if text == "now" {
        return Ok(now);
    }
    // `Timestamp` ends before the year 9999 does, so that every time zone can express it. So UTC is parsed as a
    // `DateTime`.
    let utc = ["Z", "z", " UTC"].iter().find_map(|suffix| text.strip_suffix(suffix)).map(str::parse::<DateTime>);
    let seconds = if let Some(Ok(utc)) = utc {
        Some(seconds(utc))
    } else if let Ok(timestamp) = text.parse::<Timestamp>() {
        Some(timestamp.as_second())
    } else if let Ok(datetime) = text.parse::<DateTime>() {
        if text.contains(['T', 't', ' ']) {
            return Err(TimeError::NoOffset);
        }
        Some(seconds(datetime))
    } else {
        let span: Span = text.parse().map_err(|_| TimeError::Unreadable(form))?;
        if span.is_negative() {
            return Err(TimeError::Signed(form.direction));
        }
        shift(span, form.direction, now)
    };
    seconds.and_then(in_range).ok_or(TimeError::OutOfRange(form))
}

/// The time that is this far from now.
fn shift(span: Span, direction: Direction, now: i64) -> Option<i64> {
    let now = utc(now)?;
    let shifted = match direction {
        Direction::Past => now.checked_sub(span),
        Direction::Future => now.checked_add(span),
    };
    shifted.ok().map(seconds)
}

fn utc(seconds: i64) -> Option<DateTime> {
    EPOCH.checked_add(SignedDuration::from_secs(seconds)).ok()
}

fn seconds(utc: DateTime) -> i64 {
    utc.duration_since(EPOCH).as_secs()
}

fn in_range(seconds: i64) -> Option<i64> {
    (0..=UnixTime::LAST).contains(&seconds).then_some(seconds)
}

/// A time with its date, in UTC.
pub fn dated(time: UnixTime) -> String {
    let UnixTime(seconds) = time;
    match in_range(seconds).and_then(utc) {
        Some(utc) => format!("{seconds} ({})", utc.strftime("%Y-%m-%d %H:%M:%S UTC")),
        None => seconds.to_string(),
    }
}

impl fmt::Display for TimeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(Form { words, direction }) => write!(
                formatter,
                "takes {words} seconds since the epoch; also a date (2030-01-31), RFC 3339 (2030-01-31T14:00:00Z) or a \
                 duration into the {} (2h, 30d)",
                match direction {
                    Direction::Past => "past",
                    Direction::Future => "future",
                }
            ),
            Self::OutOfRange(Form { words, .. }) => {
                write!(formatter, "takes {words} seconds since the epoch (not milliseconds), from 1970 to 9999")
            }
            Self::NoOffset => formatter
                .write_str("needs the offset after a time of day; end it with Z for UTC, or with one like +01:00"),
            Self::Signed(direction) => write!(
                formatter,
                "takes a duration without a sign; 2h means two hours {}",
                match direction {
                    Direction::Past => "ago",
                    Direction::Future => "from now",
                }
            ),
            Self::Duration => {
                formatter.write_str("takes seconds, or a duration such as 90s, 12h or 7d, up to 136 years")
            }
        }
    }
}

impl std::error::Error for TimeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_their_dates() {
        for (seconds, expected) in [
            (0, "0 (1970-01-01 00:00:00 UTC)"),
            (951_782_399, "951782399 (2000-02-28 23:59:59 UTC)"),
            (951_782_400, "951782400 (2000-02-29 00:00:00 UTC)"),
            (1_709_251_200, "1709251200 (2024-03-01 00:00:00 UTC)"),
            (4_107_542_399, "4107542399 (2100-02-28 23:59:59 UTC)"),
            (4_107_542_400, "4107542400 (2100-03-01 00:00:00 UTC)"),
            (UnixTime::LAST, "253402300799 (9999-12-31 23:59:59 UTC)"),
            (-1, "-1"),
        ] {
            assert_eq!(dated(UnixTime(seconds)), expected);
        }
    }

    #[test]
    fn words_mean_what_their_option_says() {
        assert_eq!(not_before("now"), Ok(TimeArgument::Now));
        assert_eq!(not_before("none"), Ok(TimeArgument::None));
        assert_eq!(not_before("1700000000"), Ok(TimeArgument::At(UnixTime(1_700_000_000))));
        assert_eq!(expires_at("never"), Ok(TimeArgument::None));
        for text in ["", "-1", "1.5", "1700000000000", "tomorrow", "never"] {
            assert!(not_before(text).is_err() && past(text).is_err() && future(text).is_err(), "{text}");
        }
        assert!(expires_at("now").is_err() && expires_at("none").is_err());
        assert!((past("now").unwrap()..=UnixTime(now())).contains(&future("now").unwrap()));
    }

    #[test]
    fn seconds_dates_and_rfc_3339_are_the_same_in_either_direction() {
        for (text, expected) in [
            ("0", 0),
            ("+5", 5),
            ("007", 7),
            ("1700000000", 1_700_000_000),
            ("253402300799", UnixTime::LAST),
            ("2024-03-01", 1_709_251_200),
            ("2024-03-01Z", 1_709_251_200),
            ("2024-03-01T00:00:00Z", 1_709_251_200),
            ("2024-03-01t00:00:00z", 1_709_251_200),
            ("2024-03-01T00:00:00.9Z", 1_709_251_200),
            ("2024-03-01T01:00:00+01:00", 1_709_251_200),
            ("2024-02-29T19:00:00-05:00", 1_709_251_200),
            ("2024-03-01 00:00:00Z", 1_709_251_200),
            ("2024-03-01 00:00:00 UTC", 1_709_251_200),
            ("9999-12-31T23:59:59Z", UnixTime::LAST),
        ] {
            for form in [NOT_BEFORE, EXPIRES_AT, PAST, FUTURE] {
                assert_eq!(time(text, form, 1), Ok(expected), "{text}");
            }
        }
    }

    #[test]
    fn a_duration_leads_where_its_option_says() {
        // 2024-03-01 00:00:00 UTC, so that months and years depend on the calendar.
        let now = 1_709_251_200;
        for (text, before, after) in [
            ("0s", 0, 0),
            ("90s", 90, 90),
            ("15m", 900, 900),
            ("2h", 7_200, 7_200),
            ("2 hours", 7_200, 7_200),
            ("1h30m", 5_400, 5_400),
            ("30d", 2_592_000, 2_592_000),
            ("2w", 1_209_600, 1_209_600),
            ("1mo", 29 * 86_400, 31 * 86_400),
            ("1y", 366 * 86_400, 365 * 86_400),
            ("PT2H", 7_200, 7_200),
            ("P30D", 2_592_000, 2_592_000),
        ] {
            assert_eq!(time(text, PAST, now), Ok(now - before), "{text}");
            assert_eq!(time(text, FUTURE, now), Ok(now + after), "{text}");
        }
    }

    #[test]
    fn an_error_says_what_the_option_takes_and_never_quotes_it() {
        for (text, form, expected) in [
            ("eyJhbGci", NOT_BEFORE, "takes none, now or seconds since the epoch; also a date"),
            ("soon", EXPIRES_AT, "takes never or seconds since the epoch; also a date"),
            ("", PAST, "a duration into the past (2h, 30d)"),
            ("2024-02-30", FUTURE, "a duration into the future (2h, 30d)"),
            ("2024-03-01T25:00:00Z", PAST, "RFC 3339 (2030-01-31T14:00:00Z)"),
            ("2024-03-01T00:00:00", PAST, "end it with Z"),
            ("2024-03-01 00:00", PAST, "end it with Z"),
            ("1969-12-31", PAST, "from 1970 to 9999"),
            ("-1", PAST, "from 1970 to 9999"),
            ("1700000000000", PAST, "not milliseconds"),
            ("99999999999999999999", PAST, "not milliseconds"),
            ("100y", PAST, "from 1970 to 9999"),
            ("9999y", FUTURE, "from 1970 to 9999"),
            ("-2h", PAST, "2h means two hours ago"),
            ("2h ago", PAST, "2h means two hours ago"),
            ("-2h", FUTURE, "2h means two hours from now"),
        ] {
            let line = time(text, form, 1_709_251_200).unwrap_err().to_string();
            assert!(line.contains(expected) && !line.contains("eyJ") && !line.contains('\n'), "{text}: {line}");
        }
    }

    #[test]
    fn a_plain_duration_is_seconds_or_has_units() {
        for (text, expected) in [
            ("0", 0),
            ("+60", 60),
            ("4294967295", u32::MAX),
            ("90s", 90),
            ("12h", 43_200),
            ("1d", 86_400),
            ("P1W", 604_800),
        ] {
            assert_eq!(duration(text), Ok(expected), "{text}");
        }
        for text in ["", "-1", "1.5", "4294967296", "-2h", "1h ago", "200y", "now", "2030-01-31", "eyJhbGci"] {
            let line = duration(text).unwrap_err().to_string();
            assert!(line.starts_with("takes ") && !line.contains("eyJ"), "{text}: {line}");
        }
    }
}
