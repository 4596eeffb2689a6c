//! Cold starts, each with its first request.

use super::{Figures, Scene};
use crate::{
    event::Traffic,
    statistics::{milliseconds, quantile},
};

const STARTS: usize = 7;

pub fn measure(scene: &Scene, figures: &mut [Figures]) {
    println!("starting each handler {STARTS} times");
    let mut seen: Vec<[Vec<f64>; 3]> = scene.handlers.iter().map(|_| Default::default()).collect();
    for _ in 0..STARTS {
        for (handler, seen) in scene.handlers.iter().zip(&mut seen) {
            let environment = scene.start(handler, 1);
            let first = environment.api.invoke(Traffic::New, 1, 1);
            let is_active =
                [r#"\"active\":true"#, r#"\"active\": true"#].iter().any(|text| first.answer.contains(text));
            assert!(is_active || !handler.introspects, "{}: {}", handler.name, first.answer);
            let figures = [environment.init, environment.init_cpu, first.latencies[0]];
            seen.iter_mut().zip(figures).for_each(|(all, one)| all.push(milliseconds(one)));
        }
    }
    for (figures, seen) in figures.iter_mut().zip(seen) {
        [figures.init, figures.init_cpu, figures.first] = seen.map(|values| quantile(values, 50));
    }
}
