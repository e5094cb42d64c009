//! Everything that can be read, against the model. Look-ups are checked against a scan of the model's maps.

use std::collections::BTreeMap;

use billfold::prelude::*;

use super::alerts::compare_alerts;
use super::balances::compare_balances;
use super::contract_reads::compare_contracts;
use super::customers::{ACCOUNTS, shown, texts};
use super::history::compare_history;
use super::metrics::compare_metrics;
use super::operation::{Refusal, sorted};
use super::packages::compare_packages;
use super::products::compare_products;
use super::program::{ENTITIES, KEYS, all_targets, all_values, customers};
use super::queries::compare_queries;
use super::rate_cards::compare_cards;
use super::rates::compare_rates;
use super::state::Model;
use crate::support::every;

const PREFIXES: [&str; 6] = ["", "a", "A", "ab", "a\0", "\u{1F4B0}"];

/// Compares all that `from` shows with the model.
pub fn compare(from: &impl Reading, model: &Model) {
    compare_keys(from, model);
    compare_instances(from, model);
    compare_customers(from, model);
    compare_metrics(from, model);
    compare_products(from, model);
    compare_cards(from, model);
    compare_rates(from, model);
    compare_contracts(from, model);
    compare_balances(from, model);
    compare_packages(from, model);
    compare_alerts(from, model);
    compare_history(from, model);
    compare_queries(from, model);
    for entity in ENTITIES {
        for key in KEYS {
            compare_look_ups(from, model, entity, key);
        }
    }
}

fn compare_keys(from: &impl Reading, model: &Model) {
    let shown = |key: CustomFieldKey| {
        let CustomFieldKey { kind, comparison, archived, .. } = key;
        (key.entity, key.key, KeyRules { kind, comparison, archived }, key.instances)
    };
    let expected = |of: &[ManagedEntity]| {
        let keys = model.keys.iter().filter(|key| of.is_empty() || of.contains(&key.entity));
        let held = |entity, name: &str| model.holders(entity, name).len() as u64;
        keys.map(|key| (key.entity, key.name.clone(), key.rules, held(key.entity, &key.name)))
            .collect::<Vec<_>>()
    };
    let of_one = [[ENTITIES[0]].as_slice(), &[ENTITIES[1]], &[]];
    for of in of_one {
        let all: Vec<_> = from.keys(of).unwrap().into_iter().map(shown).collect();
        assert_eq!(all, expected(of));
        let paged: Vec<_> = every(2, |page| from.keys_page(of, page)).into_iter().map(shown).collect();
        assert_eq!(paged, all);
    }
    for entity in ENTITIES {
        for name in KEYS {
            let one = from.key(entity, name).unwrap().map(shown);
            assert_eq!(one, expected(&[entity]).into_iter().find(|(_, key, ..)| key == name));
        }
    }
}

fn compare_instances(from: &impl Reading, model: &Model) {
    for entity in ENTITIES.into_iter().chain([ManagedEntity::Alert]) {
        let listed = every(2, |page| from.entities(entity, page));
        let expected = model.instances.iter().filter(|(target, _)| target.entity == entity);
        let expected: Vec<_> = expected
            .map(|(id, held)| Instance { id: *id, archived: held.archived, revision: held.revision })
            .collect();
        assert_eq!(listed, expected);
    }
    for target in all_targets() {
        let held = model.instances.get(&target);
        let missing = || vec![Fault::InstanceNotFound { target }];
        let of_held = |read: &dyn Fn(&super::state::Held) -> Read| held.map(read).ok_or_else(missing);
        assert_eq!(from.exists(target).unwrap(), held.is_some());
        same(from.values(target).map(Read::Values), of_held(&|held| Read::Values(held.values.clone())));
        same(from.is_archived(target).map(Read::Flag), of_held(&|held| Read::Flag(held.archived)));
        same(from.revision(target).map(Read::Number), of_held(&|held| Read::Number(held.revision)));
        for key in KEYS {
            let known = model.key(target.entity, key).is_some();
            let mut faults = Vec::new();
            if !known {
                faults.push(Fault::KeyNotFound { entity: target.entity, key: key.to_owned() });
            }
            if held.is_none() {
                faults.extend(missing());
            }
            let value = held.and_then(|held| held.values.get(key).cloned());
            same(from.value(target, key), if faults.is_empty() { Ok(value) } else { Err(faults) });
        }
    }
    let missing = all_targets().filter(|target| !model.instances.contains_key(target));
    let faults: Vec<_> = missing.map(|target| Fault::InstanceNotFound { target }).collect();
    let all = if faults.is_empty() {
        Ok(all_targets().map(|target| model.instances[&target].values.clone()).collect())
    } else {
        Err(faults)
    };
    same(from.values_many(all_targets()), all);
}

/// Customers one by one, by alias, and as every list has them: against a look at all of the model's.
fn compare_customers(from: &impl Reading, model: &Model) {
    for id in customers().chain(model.customers().keys().copied()) {
        same(from.customer(id).map(shown), model.customer(id).map(|(held, record)| record.shown(id, held)));
    }
    for alias in texts() {
        assert_eq!(from.find_customer(&alias).unwrap(), model.holder(&alias), "{alias:?}");
    }
    let named: Vec<_> = customers().collect();
    let filters = (0..16).map(|which| CustomerFilter {
        ingest_alias: (which & 1 != 0).then(|| texts()[1].clone()),
        customer_ids: if which & 2 != 0 { named.clone() } else { Vec::new() },
        salesforce_account_ids: if which & 4 != 0 { vec![ACCOUNTS[0].to_owned()] } else { Vec::new() },
        only_archived: which & 8 != 0,
    });
    for filter in filters {
        let found = every(2, |page| from.customers(&filter, page));
        assert_eq!(found.into_iter().map(shown).collect::<Vec<_>>(), model.listed(&filter), "{filter:?}");
    }
}

/// An answer about one instance.
#[derive(Debug, PartialEq)]
enum Read {
    Values(BTreeMap<String, String>),
    Flag(bool),
    Number(u64),
}

fn compare_look_ups(from: &impl Reading, model: &Model, entity: ManagedEntity, key: &str) {
    let holders = model.holders(entity, key);
    let compared = |value: &str| model.key(entity, key).map(|key| key.compared(value)).unwrap_or_default();
    for value in all_values() {
        let same_value = holders.iter().filter(|(held, _)| compared(held) == compared(&value));
        let holding: Vec<_> = same_value.map(|(_, target)| *target).collect();
        let one = searchable(model, entity, key, &[KeyKind::Enforced]);
        same(from.find_ref(entity, key, &value), one.map(|()| holding.first().copied()));
        match searchable(model, entity, key, &[KeyKind::Enforced, KeyKind::Indexed]) {
            Ok(()) => assert_eq!(every(1, |page| from.find_all_ref(entity, key, &value, page)), holding),
            refused => {
                let page = from.find_all_ref(entity, key, &value, &PageRequest::default());
                same(page.map(drop), refused);
            }
        }
    }
    for prefix in PREFIXES {
        let begins = |held: &str| compared(held).starts_with(&compared(prefix));
        let expected: Vec<_> = holders.iter().filter(|(held, _)| begins(held)).cloned().collect();
        match searchable(model, entity, key, &[KeyKind::Enforced, KeyKind::Indexed]) {
            Ok(()) => assert_eq!(every(2, |page| from.find_prefix_ref(entity, key, prefix, page)), expected),
            refused => {
                let page = from.find_prefix_ref(entity, key, prefix, &PageRequest::default());
                same(page.map(drop), refused);
            }
        }
    }
    if entity == ManagedEntity::Customer {
        let by_value: BTreeMap<_, _> =
            holders.iter().map(|(value, target)| (compared(value), *target)).collect();
        let holder = |value: &str| by_value.get(&compared(value)).map(|target| CustomerId::from(target.id));
        let expected = all_values().map(|value| holder(&value));
        let one = searchable(model, entity, key, &[KeyKind::Enforced]);
        same(from.find_many(key, all_values()), one.map(|()| expected.collect()));
    }
}

pub fn searchable(model: &Model, entity: ManagedEntity, key: &str, needs: &'static [KeyKind]) -> Refusal<()> {
    let kind = model.key(entity, key).map(|key| key.rules.kind);
    let key = key.to_owned();
    match kind {
        Some(kind) if needs.contains(&kind) => Ok(()),
        Some(kind) => Err(vec![Fault::KeyNotSearchable { entity, key, kind, needs }]),
        None => Err(vec![Fault::KeyNotFound { entity, key }]),
    }
}

/// Whether a list so filtered has something that is archived, or is not.
pub fn admits(filter: ArchiveFilter, archived: bool) -> bool {
    match filter {
        ArchiveFilter::NotArchived => !archived,
        ArchiveFilter::Archived => archived,
        ArchiveFilter::All => true,
    }
}

/// Compares an answer with the model's: the same answer, or the same faults.
#[track_caller]
pub fn same<T: PartialEq + std::fmt::Debug>(found: Result<T, Error>, expected: Refusal<T>) {
    let found = match found {
        Ok(answer) => Ok(answer),
        Err(Error::Refused(faults)) => Err(sorted(faults)),
        Err(other) => panic!("{other:?}, where the model has {expected:?}"),
    };
    assert_eq!(found, expected.map_err(sorted));
}
