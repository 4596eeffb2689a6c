//! Processors that environments share, in short slices, as on this machine. On Lambda, each environment has its own.

use std::collections::VecDeque;

/// How long an environment runs before another one gets the processor, in seconds.
const SLICE: f64 = 0.003;

/// A slice of CPU time.
#[derive(Clone, Copy)]
pub struct Slice {
    pub environment: usize,
    pub time: f64,
    left: f64,
}

pub struct Cores {
    /// `None` if each environment has a processor.
    free: Option<usize>,
    waiting: VecDeque<(usize, f64)>,
}

impl Cores {
    pub fn new(count: Option<usize>) -> Self {
        Self { free: count, waiting: VecDeque::new() }
    }

    /// Asks for CPU time. Returns a slice if a processor is free.
    pub fn ask(&mut self, environment: usize, amount: f64) -> Option<Slice> {
        match &mut self.free {
            None => Some(Slice { environment, time: amount, left: 0.0 }),
            Some(0) => {
                self.waiting.push_back((environment, amount));
                None
            }
            Some(free) => {
                *free -= 1;
                Some(slice(environment, amount))
            }
        }
    }

    /// Whether the environment has what it asked for, and who runs next.
    pub fn ran(&mut self, slice_of: Slice) -> (bool, Option<Slice>) {
        let Some(free) = &mut self.free else { return (true, None) };
        let done = slice_of.left <= 0.0;
        if !done {
            self.waiting.push_back((slice_of.environment, slice_of.left));
        }
        let next = self.waiting.pop_front().map(|(environment, amount)| slice(environment, amount));
        if next.is_none() {
            *free += 1;
        }
        (done, next)
    }
}

fn slice(environment: usize, amount: f64) -> Slice {
    let time = amount.min(SLICE);
    Slice { environment, time, left: amount - time }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_on_one_processor_take_turns() {
        let mut cores = Cores::new(Some(1));
        let first = cores.ask(0, 0.004).unwrap();
        assert!(cores.ask(1, 0.003).is_none());
        let (done, second) = cores.ran(first);
        assert!(!done && second.is_some_and(|slice| slice.environment == 1));
        let (done, third) = cores.ran(second.unwrap());
        assert!(done && third.is_some_and(|slice| slice.environment == 0));
        assert!(cores.ran(third.unwrap()).0);
        assert!(cores.ask(1, 0.001).is_some(), "the processor is free again");
    }
}
