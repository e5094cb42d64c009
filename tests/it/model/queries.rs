//! A few queries of each state, against a look at all of the model's instances.

use billfold::prelude::*;

use super::compare::{admits, same, searchable};
use super::program::ENTITIES;
use super::state::{Held, Model};
use crate::support::every;

const SEARCHED: &[KeyKind] = &[KeyKind::Enforced, KeyKind::Indexed];

type Says = fn(&Held) -> bool;

/// Conditions over two keys, through each kind of test, and what they say of an instance.
fn conditions() -> [(Condition, Says); 2] {
    let slot = || Condition::one_of("slot", ["a\0", "", "b"]);
    [
        (slot().or(!Condition::prefix("id", "a")), |held| {
            let one_of =
                held.values.get("slot").is_some_and(|slot| ["a\0", "", "b"].contains(&slot.as_str()));
            one_of || !held.values.get("id").is_some_and(|id| id.starts_with('a'))
        }),
        (Condition::range("slot", "a".."b").and(Condition::absent("id")), |held| {
            let within =
                held.values.get("slot").is_some_and(|slot| "a" <= slot.as_str() && slot.as_str() < "b");
            within && !held.values.contains_key("id")
        }),
    ]
}

pub fn compare_queries(from: &impl Reading, model: &Model) {
    for entity in ENTITIES {
        let refused =
            ["id", "slot"].into_iter().flat_map(|key| searchable(model, entity, key, SEARCHED).err());
        let refused: Vec<Fault> = refused.flatten().collect();
        for (condition, holds) in conditions() {
            for archived in [ArchiveFilter::NotArchived, ArchiveFilter::All] {
                let query = Query::new(entity, condition.clone()).showing(archived);
                if !refused.is_empty() {
                    same(from.count(&query), Err(refused.clone()));
                    continue;
                }
                let expected = model.instances.iter().filter(|(target, held)| {
                    target.entity == entity && admits(archived, held.archived) && holds(held)
                });
                let expected: Vec<_> = expected.map(|(target, _)| *target).collect();
                assert_eq!(every(2, |page| from.query(&query, page)), expected, "{query:?}");
                assert_eq!(from.count(&query).unwrap(), expected.len() as u64);
            }
        }
    }
}
