//! Plays random scenes to the service and to the model, and keeps what differs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use token_introspection::{call, service::Service};

use super::{
    compare::{difference, minimal_facts, name, visible_difference},
    drive::{answer_to_event, as_call},
    generate::{
        NOW, Scene,
        deployments::{Variant, fetching, variants},
        dice::Dice,
        key_documents,
        keyring::Keyring,
    },
    model::{
        Expected, Wire, World, decide,
        rules::{Fault, Rules},
    },
};
use crate::{
    engine::Engine,
    key_host::KeyHost,
    world::{self, send},
};

/// How often a request is repeated that ran out of time.
const RETRIES: usize = 5;

/// A kind of deployment, and a service that runs it.
struct Stage {
    variant: Variant,
    service: Service,
}

impl Stage {
    fn decide(&self, scene: &Scene, wire: &Wire, broken: Option<Fault>) -> Expected {
        let deployment = &self.variant.deployment;
        let rules = Rules { broken };
        decide(&World { deployment, tables: &scene.tables, signatures: &scene.signatures, rules }, wire)
    }
}

/// The deployments, and what has been found.
pub struct Run {
    engine: Engine,
    host: KeyHost,
    keyring: Keyring,
    stages: Vec<Stage>,
    pub cases: usize,
    /// How often each verdict and reason was expected.
    pub reached: BTreeMap<&'static str, usize>,
    /// How often a new environment was asked again after an unexpected `503`.
    pub repeats: usize,
    /// After how many cases each planted fault was found.
    pub found: BTreeMap<String, usize>,
    pub missed: Vec<Fault>,
    /// The first difference of each kind, and how many there are.
    differences: BTreeMap<String, (usize, String)>,
}

/// How many answers about tokens, or errors, were compared.
fn verdicts(expected: &Expected) -> usize {
    if let Expected::Batch(entries) = expected { entries.len() } else { 1 }
}

async fn service(engine: &Engine, variant: &Variant) -> Service {
    let settings: Vec<_> = variant.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world::World::service(&engine.url, "[]", &settings).await
}

impl Run {
    pub async fn new() -> Self {
        let engine = Engine::start(0).await.unwrap();
        let host = KeyHost::start(&json!({ "keys": [] })).await;
        let keyring = Keyring::new();
        let mut stages = Vec::new();
        for variant in variants(&keyring).into_iter().chain([fetching(&host.url)]) {
            stages.push(Stage { service: service(&engine, &variant).await, variant });
        }
        Self {
            engine,
            host,
            keyring,
            stages,
            cases: 0,
            reached: BTreeMap::new(),
            repeats: 0,
            found: BTreeMap::new(),
            missed: Fault::ALL.to_vec(),
            differences: BTreeMap::new(),
        }
    }

    /// A scene of that seed, stored for the stage whose number is returned.
    async fn stored(&mut self, seed: u64, now: i64) -> (usize, Scene) {
        let mut dice = Dice::new(seed);
        let chosen = dice.below(self.stages.len());
        let stage = &mut self.stages[chosen];
        self.engine.clear().unwrap();
        if stage.variant.fetches_keys {
            let document = key_documents::document(&mut dice, &self.keyring);
            self.host.publish(200, String::from_utf8(document.clone()).unwrap());
            stage.variant.deployment.entries[0].key_document = document;
        }
        if stage.variant.fetches_keys || stage.variant.holds_records {
            stage.service = service(&self.engine, &stage.variant).await;
        }
        let scene = Scene::new(&mut dice, &self.keyring, &stage.variant, now);
        let clients = scene.tables.clients.iter().map(|item| ("oauth-clients", "client_id", item));
        let tokens = scene.tables.tokens.iter().map(|item| ("oauth-tokens", "id", item));
        for (table, key, (id, item)) in clients.chain(tokens) {
            let mut item: Map<String, Value> = item.clone();
            item.insert(key.to_owned(), json!({ "S": id }));
            self.engine.put_attributes(table, &item.into()).unwrap();
        }
        (chosen, scene)
    }

    /// Plays one scene, and compares every answer and its reason.
    pub async fn play(&mut self, seed: u64) {
        let (chosen, scene) = self.stored(seed, NOW).await;
        for (number, wire) in scene.cases.iter().enumerate() {
            let expected = self.stages[chosen].decide(&scene, wire, None);
            let mut answer = send(&self.stages[chosen].service, as_call(wire)).await;
            for _ in 0..RETRIES {
                if difference(wire, &expected, &answer).is_none() || !ran_out_of_time(&answer) {
                    break;
                }
                self.renew(chosen).await;
                answer = send(&self.stages[chosen].service, as_call(wire)).await;
            }
            let stage = &self.stages[chosen];
            self.cases += verdicts(&expected);
            count(&mut self.reached, &expected);
            if let Some(difference) = difference(wire, &expected, &answer) {
                let facts = minimal_facts(&stage.variant, wire, &scene);
                note(&mut self.differences, &difference, &format!("seed {seed}, case {number}\n{facts}"));
                continue;
            }
            for fault in std::mem::take(&mut self.missed) {
                if difference_of(stage, &scene, wire, fault, &answer) {
                    self.found.insert(format!("{fault:?}"), self.cases);
                } else {
                    self.missed.push(fault);
                }
            }
        }
    }

    /// Plays one scene through the events of a gateway, by the real clock.
    pub async fn play_events(&mut self, seed: u64) {
        let (chosen, scene) = self.stored(seed, call::now()).await;
        let mut dice = Dice::new(seed);
        for (number, wire) in scene.cases.iter().enumerate() {
            let at = |now: i64| Wire { now, ..wire.clone() };
            let in_base64 = dice.chance(50);
            let mut found = None;
            for _ in 0..=RETRIES {
                let stage = &self.stages[chosen];
                let before = stage.decide(&scene, &at(call::now()), None);
                let answer = answer_to_event(&stage.service, wire, in_base64).await;
                let after = stage.decide(&scene, &at(call::now()), None);
                // The second may have changed meanwhile.
                let differs_before = visible_difference(wire, &before, &answer);
                found = differs_before.and_then(|_| visible_difference(wire, &after, &answer));
                if found.is_none() || !ran_out_of_time(&answer) {
                    break;
                }
                self.renew(chosen).await;
            }
            let stage = &self.stages[chosen];
            self.cases += verdicts(&stage.decide(&scene, wire, None));
            if let Some(difference) = found {
                let facts = minimal_facts(&stage.variant, wire, &scene);
                note(&mut self.differences, &difference, &format!("seed {seed}, case {number}, an event\n{facts}"));
            }
        }
    }

    /// Continues in a new environment.
    async fn renew(&mut self, chosen: usize) {
        self.repeats += 1;
        let stage = &mut self.stages[chosen];
        stage.service = service(&self.engine, &stage.variant).await;
    }

    pub fn assert_no_difference(&self) {
        let differences = self.differences.values().map(|(count, first)| format!("\n{count} times, first: {first}\n"));
        assert!(self.differences.is_empty(), "{}", differences.collect::<String>());
        assert!(self.repeats <= 5 + self.cases / 1000, "{} answers were 503 without a reason", self.repeats);
    }
}

/// Whether the answer may be late work of a busy machine. The service gives up after less than two seconds, and does not
/// ask a key host again soon; a fault of its own would show again in a new environment.
fn ran_out_of_time(answer: &world::Answer) -> bool {
    answer.body.contains("temporarily_unavailable")
}

fn note(differences: &mut BTreeMap<String, (usize, String)>, difference: &str, facts: &str) {
    let kind = difference.lines().next().unwrap_or_default().to_owned();
    differences.entry(kind).or_insert((0, format!("{difference}\n{facts}"))).0 += 1;
}

/// Whether a model with this fault expects another answer.
fn difference_of(stage: &Stage, scene: &Scene, wire: &Wire, fault: Fault, answer: &world::Answer) -> bool {
    difference(wire, &stage.decide(scene, wire, Some(fault)), answer).is_some()
}

/// Counts what was reached, each token of a batch by itself.
fn count(reached: &mut BTreeMap<&'static str, usize>, expected: &Expected) {
    if let Expected::Batch(entries) = expected {
        for entry in entries {
            count(reached, entry);
        }
    }
    *reached.entry(name(expected)).or_default() += 1;
}
