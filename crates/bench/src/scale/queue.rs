//! What happens next in a simulation: events in the order of their times.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

pub struct Queue<T> {
    events: BinaryHeap<Reverse<Event<T>>>,
    numbered: u64,
}

/// Events at the same time keep the order in which they were added.
struct Event<T> {
    time: f64,
    number: u64,
    what: T,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { events: BinaryHeap::new(), numbered: 0 }
    }
}

impl<T> Queue<T> {
    pub fn add(&mut self, time: f64, what: T) {
        self.numbered += 1;
        self.events.push(Reverse(Event { time, number: self.numbered, what }));
    }

    /// The next event and its time.
    pub fn next(&mut self) -> Option<(f64, T)> {
        self.events.pop().map(|Reverse(event)| (event.time, event.what))
    }
}

impl<T> Ord for Event<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.time.total_cmp(&other.time).then(self.number.cmp(&other.number))
    }
}

impl<T> PartialOrd for Event<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Event<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Event<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_as_they_were_added() {
        let mut queue = Queue::default();
        for (time, what) in [(2.0, 'c'), (1.0, 'a'), (1.0, 'b')] {
            queue.add(time, what);
        }
        let order: String = std::iter::from_fn(|| queue.next()).map(|(_, what)| what).collect();
        assert_eq!(order, "abc");
    }
}
