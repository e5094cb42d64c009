//! Alerts: what programs do with them, what that does to the model, and what can be read of them. What they cover is
//! told by looking at everything the model has.

use std::collections::BTreeMap;

use billfold::FieldProblem;
use billfold::prelude::*;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::balances::is_open;
use super::compare::{admits, same, searchable};
use super::contracts::{UNIQUE, badness, key};
use super::operation::{Answer, Op, Refusal, at};
use super::part_requests::or;
use super::program::{ALERTS, KEYS, all_values, customers, ids_of, instance_ops, mostly};
use super::state::{Held, Model};
use crate::support::every;
use crate::support::scopes::{Item, expected, scope};

/// What is asked of contracts, commits or both, and by which alerts.
const ASKED: [(AlertType, &[AlertEntity]); 6] = [
    (AlertType::SpendThreshold, &[]),
    (AlertType::SpendThreshold, &[AlertEntity::Contract]),
    (AlertType::LowRemainingCommitBalance, &[AlertEntity::Commit]),
    (AlertType::LowRemainingCommitBalance, &[AlertEntity::Contract, AlertEntity::Commit]),
    (AlertType::LowRemainingCreditAndCommitPercentage, &[AlertEntity::Contract]),
    (AlertType::LowRemainingCreditAndCommitPercentage, &[]),
];

/// The ids of alerts that programs name.
fn alerts() -> impl Iterator<Item = AlertId> + Clone {
    ids_of(ALERTS).map(AlertId::from)
}

fn asking((alert_type, of): (AlertType, &[AlertEntity]), key: &str, value: &str) -> CreateAlert {
    CreateAlert {
        custom_field_filters: of.iter().map(|entity| AlertFilter::new(*entity, key, value)).collect(),
        ..CreateAlert::new(alert_type, "name", Amount::from(5))
    }
}

/// The alerts that programs begin with: for all, for the customer of the first contracts, and with a filter.
pub fn first_alerts() -> [CreateAlert; 3] {
    let own = CreateAlert {
        customer_id: customers().nth(1),
        uniqueness_key: Some(UNIQUE[0].to_owned()),
        ..asking(ASKED[5], "", "")
    };
    [asking(ASKED[0], "", ""), own, asking(ASKED[3], KEYS[1], "a")]
}

fn alert_or_bad(bad: bool) -> BoxedStrategy<CreateAlert> {
    let customer = option::of(mostly(customers().skip(1).take(1), customers()));
    let field = or(bad, select(&KEYS[..2]), select(&KEYS[2..]));
    let value = select(all_values().take(10).collect::<Vec<_>>());
    let name = or(bad, Just("name"), Just(""));
    (select(&ASKED), customer, key(bad), field, value, name)
        .prop_map(|(asked, customer_id, uniqueness_key, field, value, name)| CreateAlert {
            name: name.to_owned(),
            customer_id,
            uniqueness_key,
            ..asking(asked, field, &value)
        })
        .boxed()
}

/// What happens to alerts.
pub fn of_alerts() -> BoxedStrategy<Op> {
    let id = || mostly(alerts().take(3), alerts());
    prop_oneof![
        4 => badness().prop_flat_map(alert_or_bad).prop_map(|new| Op::CreateAlert(new.into())),
        2 => (id(), any::<bool>()).prop_map(|(id, release)| Op::ArchiveAlert(id, release)),
        1 => id().prop_flat_map(|id| instance_ops(id.into())),
    ]
    .boxed()
}

const fn entity(of: AlertEntity) -> ManagedEntity {
    match of {
        AlertEntity::Contract => ManagedEntity::Contract,
        AlertEntity::Credit => ManagedEntity::ContractCredit,
        // Programs do not ask for either.
        AlertEntity::Commit | AlertEntity::CreditOrCommit => ManagedEntity::Commit,
    }
}

impl Model {
    fn alert(&self, id: AlertId) -> Refusal<(&Held, &CreateAlert)> {
        self.made(id.into(), |held| held.alert.as_deref())
    }

    /// The alerts that were made here, in order of their ids.
    fn alerts(&self) -> impl Iterator<Item = (AlertId, &Held, &CreateAlert)> {
        let all = self.of_entity(ManagedEntity::Alert).map(AlertId::from);
        all.filter_map(|id| self.alert(id).ok().map(|(held, alert)| (id, held, alert)))
    }

    fn alert_by_key(&self, key: &str) -> Option<AlertId> {
        self.alerts().find(|(_, _, alert)| alert.uniqueness_key.as_deref() == Some(key)).map(|(id, ..)| id)
    }

    pub fn create_alert(&mut self, new: &CreateAlert) -> Refusal<Answer> {
        let target = self.fresh(ManagedEntity::Alert);
        let mut faults = Vec::new();
        faults.extend(new.name.is_empty().then(|| at("name", FieldProblem::Empty { rule: "" })));
        faults.extend(new.customer_id.and_then(|id| self.wrong_reference("customer_id", id.into())));
        let holder = new.uniqueness_key.as_deref().and_then(|key| self.alert_by_key(key));
        let holder = holder.map(|id| EntityRef::from(id).id);
        faults.extend(self.wrong_key(new.uniqueness_key.as_ref(), holder));
        for filter in &new.custom_field_filters {
            let kinds = &[KeyKind::Enforced, KeyKind::Indexed];
            faults.extend(
                searchable(self, entity(filter.entity), &filter.key, kinds).err().unwrap_or_default(),
            );
        }
        let held = Held { alert: Some(Box::new(new.clone())), ..Held::default() };
        self.make(target, held, faults, (Vec::new(), Vec::new()))
    }

    /// Archives an alert: its row, and its record where its key is released.
    pub fn archive_alert(&mut self, id: AlertId, release: bool) -> Refusal<Answer> {
        self.archive(id.into())?;
        if release && self.alert(id).is_ok_and(|(_, alert)| alert.uniqueness_key.is_some()) {
            self.touch(id.into(), |held| held.alert.as_mut().unwrap().uniqueness_key = None);
        }
        Ok(Answer::Done)
    }

    fn is_archived(&self, target: EntityRef) -> bool {
        self.instances[&target].archived
    }

    /// Every contract, commit and credit.
    fn items(&self) -> BTreeMap<EntityRef, Item> {
        let now = self.now();
        let values = |id: ContractId| self.instances[&id.into()].values.clone();
        let mut items = BTreeMap::new();
        for (id, made) in self.contracts() {
            let (customer, live) = (made.customer, !self.is_archived(id.into()) && made.is_in_force(now));
            let (values, contracts) = (values(id), vec![values(id)]);
            items.insert(id.into(), Item { customer, live, access_type: None, values, contracts });
        }
        for entity in [ManagedEntity::Commit, ManagedEntity::ContractCredit] {
            for target in self.of_entity(entity).map(|id| EntityRef::from((entity, id))) {
                let Ok((customer, home, level, drawn, own)) = self.balance(target) else { continue };
                let stands_on = home.map_or(EntityRef::from(customer), EntityRef::from);
                let live =
                    drawn.archived_at.is_none() && !self.is_archived(stands_on) && is_open(&drawn, now);
                let named = level.applicable_contract_ids;
                let applicable = self.contracts_of(customer).into_iter().map(|(id, _)| id).filter(|id| {
                    home.map_or(named.is_empty() || named.contains(id), |home| home == *id)
                        && !self.is_archived((*id).into())
                });
                let contracts = applicable.map(values).collect();
                let access_type = drawn.terms.access_type.or(Some(AccessType::Spend));
                items.insert(target, Item { customer, live, access_type, values: own, contracts });
            }
        }
        items
    }
}

/// What can be read of an alert, but for its times.
type Shown = (AlertId, CreateAlert, bool);

fn shown(alert: Alert) -> Shown {
    assert_eq!(alert.archived_at.is_some(), alert.status == AlertStatus::Archived);
    (alert.id, alert.terms, alert.archived_at.is_some())
}

/// Alerts one by one, as lists have them and by their keys; and what they cover, both ways round.
pub fn compare_alerts(from: &impl Reading, model: &Model) {
    for id in alerts() {
        let expected = model.alert(id).map(|(held, alert)| (id, alert.clone(), held.archived));
        same(from.alert(id).map(shown), expected);
    }
    for filter in [ArchiveFilter::NotArchived, ArchiveFilter::All] {
        let listed = |of: &dyn Fn(&CreateAlert) -> bool| {
            let all = model.alerts().filter(|(_, held, alert)| admits(filter, held.archived) && of(alert));
            all.map(|(id, held, alert)| (id, alert.clone(), held.archived)).collect::<Vec<_>>()
        };
        let found = every(2, |page| from.alerts(filter, page));
        assert_eq!(found.into_iter().map(shown).collect::<Vec<_>>(), listed(&|_| true));
        for customer in customers().filter(|id| model.instances.contains_key(&(*id).into())) {
            let found = every(2, |page| from.customer_alerts(customer, filter, page));
            let theirs = listed(&|alert| alert.customer_id.is_none_or(|own| own == customer));
            assert_eq!(found.into_iter().map(shown).collect::<Vec<_>>(), theirs, "{customer} {filter}");
        }
    }
    for key in UNIQUE {
        assert_eq!(from.alert_by_key(key).unwrap(), model.alert_by_key(key), "{key:?}");
    }
    compare_scopes(from, model);
}

fn compare_scopes(from: &impl Reading, model: &Model) {
    let items = model.items();
    let mut touching: BTreeMap<EntityRef, Vec<AlertId>> = BTreeMap::new();
    for (id, held, alert) in model.alerts() {
        let covered = expected(alert, held.archived, &items);
        assert_eq!(scope(from, id), covered, "{alert:#?}");
        for target in covered.into_values().flatten() {
            touching.entry(target).or_default().push(id);
        }
    }
    for target in items.keys() {
        let expected = touching.remove(target).unwrap_or_default();
        assert_eq!(from.alerts_touching(*target).unwrap(), expected, "{target}");
    }
    for customer in customers() {
        let target = customer.into();
        let in_use = model
            .alerts()
            .filter(|(_, held, alert)| !held.archived && alert.customer_id.is_none_or(|own| own == customer));
        let expected = match model.instances.get(&target) {
            None => Err(vec![Fault::InstanceNotFound { target }]),
            Some(held) => Ok(in_use.filter(|_| !held.archived).map(|(id, ..)| id).collect()),
        };
        same(from.alerts_touching(customer), expected);
    }
}
