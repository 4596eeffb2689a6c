//! Rates that AWS limits, as token buckets.

/// What is left of a rate at a time in seconds.
#[derive(Clone, Copy)]
pub struct Bucket {
    rate: f64,
    depth: f64,
    left: f64,
    at: f64,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: f64, depth: f64) -> Self {
        Self { rate, depth, left: depth, at: 0.0 }
    }

    /// Takes so much, if it is left.
    pub fn take(&mut self, amount: f64, now: f64) -> bool {
        self.left = self.depth.min(self.left + (now - self.at) * self.rate);
        self.at = now;
        // What was added in parts may be a little less than the whole.
        let enough = self.left + 1e-9 >= amount;
        if enough {
            self.left -= amount;
        }
        enough
    }
}

/// The buckets of many items, of which most are never close to the limit: one second's worth is allowed at once, and the
/// burst that DynamoDB grants in addition, if it can, is left out.
pub struct Items(Vec<Bucket>);

impl Items {
    pub fn new(count: usize, rate: f64) -> Self {
        Self(vec![Bucket::new(rate, rate); count])
    }

    pub fn take(&mut self, item: usize, amount: f64, now: f64) -> bool {
        self.0[item].take(amount, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_depth_and_then_its_rate() {
        let mut bucket = Bucket::new(10.0, 5.0);
        let taken = |bucket: &mut Bucket, now| (0..100).filter(|_| bucket.take(1.0, now)).count();
        assert_eq!([0.0, 0.2, 0.2, 10.0].map(|now| taken(&mut bucket, now)), [5, 2, 0, 5]);
    }
}
