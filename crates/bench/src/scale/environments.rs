//! The gateway's throttle, and Lambda's environments: which of them takes a request, or why none may.

use super::{capacity::Bucket, model, random::Random, traffic::Quotas};

/// What happens to a request that arrives.
pub enum Given {
    Environment {
        number: usize,
        /// When the environment can begin: now, or once it has started.
        ready: f64,
        cold: bool,
    },
    GatewayThrottles,
    LambdaThrottles,
}

pub struct Environments {
    gateway: Bucket,
    requests: Bucket,
    scaling: Bucket,
    concurrency: usize,
    init: f64,
    count: usize,
    idle: Vec<usize>,
    most_busy: usize,
}

impl Environments {
    /// With so many warm environments.
    pub fn new(quotas: Quotas, warm: f64, init: f64) -> Self {
        let requests = quotas.concurrency * model::REQUESTS_PER_CONCURRENCY.value;
        let count = (warm as usize).min(quotas.concurrency as usize);
        // AWS sets the burst in proportion to the rate.
        let burst = quotas.gateway_rate * model::GATEWAY_BURST.value / model::GATEWAY_RATE.value;
        Self {
            gateway: Bucket::new(quotas.gateway_rate, burst),
            requests: Bucket::new(requests, requests),
            scaling: Bucket::new(model::SCALING.value / 10.0, model::SCALING.value),
            concurrency: quotas.concurrency as usize,
            init,
            count,
            idle: (0..count).collect(),
            most_busy: 0,
        }
    }

    pub fn give(&mut self, now: f64, random: &mut Random) -> Given {
        if !self.gateway.take(1.0, now) {
            return Given::GatewayThrottles;
        }
        if !self.requests.take(1.0, now) {
            return Given::LambdaThrottles;
        }
        // AWS does not document which idle environment takes a request. Any of them is the least favourable for what
        // environments hold.
        let given = if !self.idle.is_empty() {
            let number = self.idle.swap_remove(random.below(self.idle.len()));
            Given::Environment { number, ready: now, cold: false }
        } else if self.count < self.concurrency && self.scaling.take(1.0, now) {
            self.count += 1;
            let creation = random.log_normal(model::CREATION_MEDIAN.value / 1e3, model::CREATION_SIGMA);
            Given::Environment { number: self.count - 1, ready: now + creation + self.init, cold: true }
        } else {
            Given::LambdaThrottles
        };
        self.most_busy = self.most_busy.max(self.count - self.idle.len());
        given
    }

    pub fn free(&mut self, number: usize) {
        self.idle.push(number);
    }

    /// The number of environments that were busy at once, at most.
    pub fn most(&self) -> usize {
        self.most_busy
    }
}
