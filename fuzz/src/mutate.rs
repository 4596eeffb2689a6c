//! Mutated inputs from a fixed seed, so that a failure in CI is the same everywhere.

/// A generator of numbers (xorshift64*), which needs to be neither fast nor unpredictable.
pub struct Random(pub u64);

impl Random {
    /// A number below the limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap_or_default() % limit.max(1)
    }
}

/// Characters that mean something in one of the formats.
const SPECIAL: &[u8] = b"\"\\{}[]:,.=&%+#;<> \n\0!~/-_09aZ\x7f\xc3\xa9\xff";

/// An input made from the seeds: one of them, with some bytes changed, repeated, removed, or replaced by a part of
/// another.
pub fn mutated(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        let end = (at + random.below(8)).min(input.len());
        match random.below(6) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 => input.insert(at, SPECIAL[random.below(SPECIAL.len())]),
            2 if at < input.len() => input[at] = SPECIAL[random.below(SPECIAL.len())],
            3 => drop(input.drain(at..end)),
            4 => {
                let part = input[at..end].repeat(1 + random.below(3));
                input.splice(at..at, part);
            }
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                let part = other[from..(from + random.below(40)).min(other.len())].to_vec();
                input.splice(at..end, part);
            }
        }
    }
    input
}
