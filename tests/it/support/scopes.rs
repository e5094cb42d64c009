//! What alerts cover, told by looking at everything there is.

use std::collections::{BTreeMap, BTreeSet};

use billfold::prelude::*;

/// The contracts, commits and credits of each group, by its value.
pub type Covered = BTreeMap<Option<String>, BTreeSet<EntityRef>>;

pub fn scope(from: &impl Reading, alert: AlertId) -> Covered {
    let all = |group: &AlertGroup| {
        let contracts = group.contracts.iter().map(EntityRef::from);
        let commits = group.commits.iter().map(EntityRef::from);
        contracts.chain(commits).chain(group.credits.iter().map(EntityRef::from)).collect::<Vec<_>>()
    };
    let groups = from.alert_scope(alert).unwrap().groups;
    let covered: Covered =
        groups.iter().map(|group| (group.value.clone(), all(group).into_iter().collect())).collect();
    assert_eq!(covered.len(), groups.len(), "a value stands once");
    covered
}

/// A contract, commit or credit, and whether it is in use.
pub struct Item {
    pub customer: CustomerId,
    pub live: bool,
    /// Of a commit or credit.
    pub access_type: Option<AccessType>,
    pub values: BTreeMap<String, String>,
    /// Of each contract that it is looked at with.
    pub contracts: Vec<BTreeMap<String, String>>,
}

/// What an alert covers of all there is.
pub fn expected(terms: &CreateAlert, archived: bool, items: &BTreeMap<EntityRef, Item>) -> Covered {
    let by_value = terms.alert_specifiers.iter().flat_map(|by| &by.filters).find(|by| by.value.is_none());
    let mut covered = Covered::new();
    if by_value.is_none() {
        covered.insert(None, BTreeSet::new());
    }
    let watched: &[ManagedEntity] = match terms.alert_type {
        AlertType::SpendThreshold => &[ManagedEntity::Contract],
        AlertType::LowRemainingCommitBalance | AlertType::LowRemainingDaysForCommitSegment => {
            &[ManagedEntity::Commit]
        }
        AlertType::LowRemainingCreditBalance => &[ManagedEntity::ContractCredit],
        AlertType::LowRemainingCreditAndCommitBalance | AlertType::LowRemainingCreditAndCommitPercentage => {
            &[ManagedEntity::Commit, ManagedEntity::ContractCredit]
        }
        _ => &[],
    };
    let nothing = BTreeMap::new();
    for (target, item) in items {
        let theirs = terms.customer_id.is_none_or(|customer| customer == item.customer);
        let of_another_kind = terms.alert_type != AlertType::LowRemainingDaysForCommitSegment
            && item.access_type.is_some_and(|own| own != terms.access_type.unwrap_or(AccessType::Spend));
        let watched = watched.contains(&target.entity) && !of_another_kind;
        if archived || !item.live || !theirs || !watched {
            continue;
        }
        let contracts =
            if item.contracts.is_empty() { std::slice::from_ref(&nothing) } else { &item.contracts };
        for contract in contracts {
            if is_covered(terms, target.entity, &item.values, contract) {
                let value = by_value.map(|by| match by.entity {
                    AlertEntity::Contract => contract[&by.key].clone(),
                    _ => item.values[&by.key].clone(),
                });
                covered.entry(value).or_default().insert(*target);
            }
        }
    }
    covered
}

type Held = BTreeMap<String, String>;

fn is_covered(terms: &CreateAlert, entity: ManagedEntity, own: &Held, contract: &Held) -> bool {
    let fit = |filters: &[AlertFilter]| {
        let filters: Vec<_> = filters.iter().cloned().map(AlertSpecifierFilter::from).collect();
        all_fit(&filters, entity, own, contract)
    };
    let specified = |by: &AlertSpecifier| {
        all_fit(&by.filters, entity, own, contract) && !by.exclude.iter().any(|out| fit(out))
    };
    fit(&terms.custom_field_filters)
        && (terms.alert_specifiers.is_empty() || terms.alert_specifiers.iter().any(specified))
}

fn all_fit(filters: &[AlertSpecifierFilter], entity: ManagedEntity, own: &Held, contract: &Held) -> bool {
    let mut asks_of_others = false;
    let mut asks_of_these = false;
    for filter in filters {
        let means = match filter.entity {
            AlertEntity::Contract => &[][..],
            AlertEntity::Commit => &[ManagedEntity::Commit],
            AlertEntity::Credit => &[ManagedEntity::ContractCredit],
            AlertEntity::CreditOrCommit => &[ManagedEntity::Commit, ManagedEntity::ContractCredit],
        };
        let held = if means.is_empty() {
            contract.get(&filter.key)
        } else if means.contains(&entity) {
            asks_of_these = true;
            own.get(&filter.key)
        } else {
            asks_of_others = true;
            continue;
        };
        if held.is_none() || filter.value.is_some() && held != filter.value.as_ref() {
            return false;
        }
    }
    asks_of_these || !asks_of_others
}
