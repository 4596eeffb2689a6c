//! A seeded generator and the distributions of the simulation, so that two runs give the same figures.

/// `SplitMix64` (Steele, Lea and Flood 2014), which is good enough for arrivals and latencies.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// More than 0 and at most 1.
    pub fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Less than `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// The time between two arrivals of a Poisson process.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -self.unit().ln() * mean
    }

    /// Latencies have a long tail to the right: the logarithm is normal.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        median * (sigma * normal).exp()
    }
}

/// Ranks whose popularity falls with a power of the rank: a few callers make most of the requests.
pub struct Zipf(Vec<f64>);

impl Zipf {
    pub fn new(ranks: usize, exponent: f64) -> Self {
        let mut total = 0.0;
        let mut cumulative: Vec<f64> = (1..=ranks)
            .map(|rank| {
                total += (rank as f64).powf(-exponent);
                total
            })
            .collect();
        for sum in &mut cumulative {
            *sum /= total;
        }
        Self(cumulative)
    }

    /// The share of the most popular rank.
    pub fn largest_share(&self) -> f64 {
        self.0[0]
    }

    /// A rank, from 0.
    pub fn sample(&self, random: &mut Random) -> usize {
        let point = random.unit();
        self.0.partition_point(|sum| *sum < point).min(self.0.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_means_are_those_of_the_distributions() {
        let mut random = Random::new(1);
        let count = 100_000;
        let mean = (0..count).map(|_| random.exponential(2.0)).sum::<f64>() / f64::from(count);
        assert!((mean - 2.0).abs() < 0.05, "{mean}");
        let mut values: Vec<f64> = (0..count).map(|_| random.log_normal(4.0, 0.5)).collect();
        values.sort_by(f64::total_cmp);
        assert!((values[values.len() / 2] - 4.0).abs() < 0.1);
    }

    #[test]
    fn the_first_rank_has_the_largest_share() {
        let zipf = Zipf::new(100, 1.0);
        let mut random = Random::new(1);
        let first = (0..10_000).filter(|_| zipf.sample(&mut random) == 0).count();
        assert!((first as f64 / 10_000.0 - zipf.largest_share()).abs() < 0.02);
        assert!((zipf.largest_share() - 0.1928).abs() < 0.001);
    }
}
