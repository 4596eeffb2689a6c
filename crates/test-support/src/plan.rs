//! Which of its next requests a server fails.

/// A fault, and the requests that have it. Its type's default means that a request has no fault.
#[derive(Default)]
pub struct Plan<F> {
    fault: F,
    /// The number of requests that pass before the fault occurs.
    spared: usize,
    /// Whether the fault occurs only once.
    once: bool,
}

impl<F: Copy + Default> Plan<F> {
    /// All requests fail after this many more.
    pub fn after(spared: usize, fault: F) -> Self {
        Self { fault, spared, once: false }
    }

    /// Only one request fails, after this many have passed.
    pub fn at(spared: usize, fault: F) -> Self {
        Self { fault, spared, once: true }
    }

    /// The fault that is still to occur.
    pub fn fault(&self) -> F {
        self.fault
    }

    /// The fault of every request from now on, if all fail.
    pub fn lasting(&self) -> F {
        if self.once || self.spared > 0 { F::default() } else { self.fault }
    }

    /// Takes the fault of the next request.
    pub fn take(&mut self) -> F {
        if self.spared > 0 {
            self.spared -= 1;
            F::default()
        } else if self.once {
            std::mem::take(&mut self.fault)
        } else {
            self.fault
        }
    }
}
