//! Times: numbers as they are written in tokens and items, in whole seconds.

/// The last second of the year 9999.
pub const LAST: i128 = 253_402_300_799;
/// Longer numbers than any that this reader shifts by its exponent.
const FAR: i64 = 400;

/// What a number says as a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The fraction cut off.
    pub seconds: i128,
    /// The fraction rounded up.
    pub rounded_up: i128,
}

/// Reads a number as a time. Nothing for one after the year 9999, and for one that is as far in the past.
pub fn time(number: &str) -> Option<Time> {
    any_time(number).filter(|time| time.seconds.abs() <= LAST)
}

/// The same without that limit.
pub fn any_time(number: &str) -> Option<Time> {
    let (sign, unsigned) = number.strip_prefix('-').map_or((1, number), |rest| (-1, rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.chars().all(|digit| digit == '0') {
        return Some(Time { seconds: 0, rounded_up: 0 });
    }
    // The value is 0.DIGITS times ten to the power of `point`.
    let exponent: i64 = exponent.parse().unwrap_or(if exponent.starts_with('-') { -FAR } else { FAR });
    let zeros = digits.chars().take_while(|digit| *digit == '0').count();
    let point = i64::try_from(whole.len()).ok()? + exponent - i64::try_from(zeros).ok()?;
    let digits = &digits[zeros..];
    if point > 30 {
        return None;
    }
    let places = usize::try_from(point.max(0)).ok()?;
    let whole: String = digits.chars().chain(std::iter::repeat('0')).take(places).collect();
    let has_fraction = point < 0 || digits.chars().skip(places).any(|digit| digit != '0');
    let magnitude = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? };
    let up = i128::from(has_fraction && sign > 0);
    Some(Time { seconds: sign * magnitude, rounded_up: sign * magnitude + up })
}
