//! The certificates of two clients.

pub const ORDERS: &str = include_str!("../../../tests/certificates/orders.pem");
pub const BILLING: &str = include_str!("../../../tests/certificates/billing.pem");

/// The text between a certificate's first and last line, which is the form of `x5c`.
pub fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}
