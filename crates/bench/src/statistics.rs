//! Numbers from measurements.

use std::time::Duration;

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[allow(clippy::cast_precision_loss, reason = "small counts")]
pub fn per(total: f64, times: usize) -> f64 {
    total / times as f64
}

/// The value that so many percent of the values do not exceed.
pub fn quantile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * percent / 100).min(values.len() - 1)]
}

/// A whole number with a comma after each three digits.
pub fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.char_indices() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_in_groups_of_three() {
        assert_eq!([7, 1234, 123_456, 1_234_567].map(grouped), ["7", "1,234", "123,456", "1,234,567"]);
    }

    #[test]
    fn half_of_the_values_do_not_exceed_the_median() {
        assert!((quantile(vec![3.0, 1.0, 2.0], 50) - 2.0).abs() < f64::EPSILON);
    }
}
