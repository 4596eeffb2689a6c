//! Random choices, which a seed repeats.

use serde_json::Value;

/// A source of choices.
pub struct Dice(fastrand::Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Whether something happens that happens so often in a hundred times.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.0.u32(0..100) < percent
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0.usize(0..end)
    }

    pub fn pick<'c, T: ?Sized>(&mut self, choices: &[&'c T]) -> &'c T {
        choices[self.0.usize(0..choices.len())]
    }

    pub fn one<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.0.usize(0..choices.len())].clone()
    }

    /// A few different elements, in their order.
    pub fn some<T: Clone>(&mut self, choices: &[T], percent: u32) -> Vec<T> {
        choices.iter().filter(|_| self.chance(percent)).cloned().collect()
    }

    /// Sets or removes a member.
    pub fn put(&mut self, object: &mut Value, name: &str, values: &[Value]) {
        object[name] = self.one(values);
    }
}
