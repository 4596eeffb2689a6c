//! Bodies of answers that arrive slowly, or not to their end.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::body::{Body, Bytes, Frame};
use tokio::time::{Sleep, sleep};

/// The time between two bytes.
const PAUSE: Duration = Duration::from_millis(50);

/// What is left of a body, and when the next byte comes. Without that time, it never does.
pub struct Slow {
    left: Bytes,
    next: Option<Pin<Box<Sleep>>>,
}

impl Slow {
    /// The first half at once, and no end.
    pub fn stalls(whole: &Bytes) -> Self {
        Self { left: whole.slice(..whole.len() / 2), next: None }
    }

    /// Byte by byte.
    pub fn drips(whole: &Bytes) -> Self {
        Self { left: whole.clone(), next: Some(Box::pin(sleep(PAUSE))) }
    }
}

impl Body for Slow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return if self.next.is_some() { Poll::Ready(None) } else { Poll::Pending };
        }
        let length = match &mut self.next {
            None => self.left.len(),
            Some(next) => {
                ready!(next.as_mut().poll(context));
                *next = Box::pin(sleep(PAUSE));
                1
            }
        };
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(length)))))
    }
}
