//! Times as operators type and read them: seconds since the epoch, and the date beside them.

use token_introspection::records::UnixTime;

/// A time that may be left out on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeArgument {
    Now,
    /// No limit: all tokens, or no end.
    None,
    At(UnixTime),
}

/// Parses `--not-before`.
///
/// # Errors
///
/// Returns the values that it takes.
pub fn not_before(text: &str) -> Result<TimeArgument, &'static str> {
    match text {
        "now" => Ok(TimeArgument::Now),
        "none" => Ok(TimeArgument::None),
        _ => seconds(text).map(TimeArgument::At).map_err(|_| "takes none, now or seconds since the epoch"),
    }
}

/// Parses `--expires-at`.
///
/// # Errors
///
/// Returns the values that it takes.
pub fn expires_at(text: &str) -> Result<TimeArgument, &'static str> {
    match text {
        "never" => Ok(TimeArgument::None),
        _ => seconds(text).map(TimeArgument::At).map_err(|_| "takes never or seconds since the epoch"),
    }
}

/// Parses a time.
///
/// # Errors
///
/// Returns the values that it takes.
pub fn seconds(text: &str) -> Result<UnixTime, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| (0..=UnixTime::LAST).contains(seconds));
    seconds.map(UnixTime).ok_or("takes seconds since the epoch (not milliseconds)")
}

/// A time with its date, in UTC.
pub fn dated(time: UnixTime) -> String {
    let UnixTime(seconds) = time;
    if !(0..=UnixTime::LAST).contains(&seconds) {
        return seconds.to_string();
    }
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!("{seconds} ({year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC)", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The Gregorian date of a day since the epoch, by counting years from March, so that the leap day is the last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

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
    fn what_is_typed_is_seconds_or_a_word() {
        assert_eq!(not_before("now"), Ok(TimeArgument::Now));
        assert_eq!(not_before("none"), Ok(TimeArgument::None));
        assert_eq!(not_before("1700000000"), Ok(TimeArgument::At(UnixTime(1_700_000_000))));
        assert_eq!(expires_at("never"), Ok(TimeArgument::None));
        for text in ["", "-1", "1.5", "1700000000000", "tomorrow", "never"] {
            assert!(not_before(text).is_err() && seconds(text).is_err(), "{text}");
        }
        assert!(expires_at("now").is_err() && expires_at("none").is_err());
    }
}
