//! Calls that only a store has, because each is a transaction by itself: loads, and what is carried out once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use billfold::prelude::*;
use billfold::{Loaded, Once};

use super::compare::{compare, same};
use super::operation::{Op, Pairs, Refusal};
use super::run::run_one;
use super::state::Model;

/// How long the programs' stores keep outcomes.
pub const KEPT: Duration = Duration::from_secs(4 * 3_600);

/// What is kept of the transactions that carried a key: their request, and until when.
pub type Outcomes = BTreeMap<String, (Vec<u8>, Time)>;

/// Loads values on both.
pub fn run_load(store: &Store, model: &mut Model, items: &[(EntityRef, Pairs)]) {
    let given = items.iter().cloned().map(|(target, pairs)| (target, CustomFields::from(pairs)));
    let found = store.load(given).map(|Loaded { items, made, .. }| (items, made));
    same(found, model.load(items));
}

impl Model {
    /// Items see those before them, and an unknown id is taken in whatever the store says of them.
    fn load(&mut self, items: &[(EntityRef, Pairs)]) -> Refusal<(u64, u64)> {
        let before = self.clone();
        let (mut faults, mut made) = (Vec::new(), 0);
        self.adopts_unknown = true;
        for (item, (target, pairs)) in (0..).zip(items) {
            let new = !self.instances.contains_key(target);
            match self.change_values(&Op::Set(*target, pairs.clone())) {
                Ok(_) => made += u64::from(new),
                Err(refused) => {
                    let inside = |fault| Fault::Item { item, fault: Box::new(fault) };
                    faults.extend(refused.into_iter().map(inside));
                }
            }
        }
        if !faults.is_empty() {
            *self = before;
            return Err(faults);
        }
        self.adopts_unknown = before.adopts_unknown;
        Ok((items.len() as u64, made))
    }
}

/// Carries operations out under a key, on both: once for each request, and not where the closure fails.
pub fn run_once(
    store: &Store,
    model: &Mutex<Model>,
    outcomes: &mut Outcomes,
    [key, request]: [u8; 2],
    ops: &[Op],
    fails: bool,
) {
    let mut shared = model.lock().unwrap();
    let now = shared.time.unwrap();
    outcomes.retain(|_, (_, until)| now < *until);
    let (key, request) = (format!("key {key}"), vec![request; 3]);
    let (mut own, mut ran) = (shared.clone(), false);
    let found = store.write_once(&key, &request, |tx| {
        ran = true;
        for op in ops {
            run_one(tx, &mut own, op);
        }
        compare(tx, &own);
        if fails { Err(Error::stop("the program says so")) } else { Ok(request.clone()) }
    });
    match outcomes.get(&key) {
        Some((before, _)) if *before == request => {
            assert!(!ran);
            assert_eq!(found.unwrap(), Once::Replayed(request));
        }
        Some(_) => {
            assert!(!ran);
            same(found, Err(vec![Fault::IdempotencyKeyReused { key }]));
        }
        None if fails => assert!(ran && matches!(found, Err(Error::Stopped(_)))),
        None => {
            assert_eq!(found.unwrap(), Once::Done(request.clone()));
            *shared = own;
            outcomes.insert(key, (request, now.after(KEPT)));
        }
    }
}
