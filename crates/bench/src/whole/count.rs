//! The instructions of the handlers in Rust, counted by valgrind.

use super::{Figures, Scene};
use crate::{counts, event::Traffic, handler::Handler, statistics::per};

/// The difference of two counts leaves out what a process does once.
const BEFORE: usize = 30;
const COUNTED: usize = 100;

pub fn measure(scene: &Scene, figures: &mut [Figures]) {
    println!("counting the instructions of the handlers in Rust");
    for (handler, figures) in scene.handlers.iter().zip(figures).filter(|(handler, _)| handler.is_native) {
        let init = count(scene, handler, &[]);
        let before = count(scene, handler, &[(Traffic::Again, BEFORE)]);
        let again = count(scene, handler, &[(Traffic::Again, BEFORE + COUNTED)]);
        let new = count(scene, handler, &[(Traffic::Again, BEFORE), (Traffic::New, COUNTED)]);
        figures.init_instructions = Some(init);
        figures.again.instructions = Some(per(again - before, COUNTED));
        figures.new.instructions = Some(per(new - before, COUNTED));
    }
}

/// The instructions of a process that makes these invocations.
#[allow(clippy::cast_precision_loss, reason = "less than 2^53")]
fn count(scene: &Scene, handler: &Handler, invocations: &[(Traffic, usize)]) -> f64 {
    let (mut command, log) = counts::valgrind("whole");
    command.arg(&handler.program);
    let environment = scene.start_command(command, handler, 1);
    for (traffic, times) in invocations {
        environment.api.invoke(*traffic, *times, 1);
    }
    environment.process.terminate();
    counts::read(&log) as f64
}
