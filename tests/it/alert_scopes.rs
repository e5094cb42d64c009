//! What alerts cover: told by the index as by looking at everything, and the other way round.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use billfold::prelude::*;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use crate::support::catalog::at;
use crate::support::ready::{Ready, year};
use crate::support::scopes::{Covered, Item, expected, scope};

const BOTH: AlertType = AlertType::LowRemainingCreditAndCommitBalance;
const SHARE: AlertType = AlertType::LowRemainingCreditAndCommitPercentage;
const START: &str = "2024-11-01T00:00:00Z";

fn filter(entity: AlertEntity, key: &str, value: &str) -> AlertFilter {
    AlertFilter::new(entity, key, value)
}

fn about(alert_type: AlertType, filters: Vec<AlertFilter>) -> CreateAlert {
    CreateAlert { custom_field_filters: filters, ..CreateAlert::new(alert_type, "alert", Amount::from(1)) }
}

#[test]
fn an_alert_about_spend_covers_the_contracts_in_force_with_its_values() {
    let Ready { store, clock, customer, .. } = Ready::new();
    let other = store.create_customer(CreateCustomer::default()).unwrap();
    let make = |customer, note: &str| {
        let custom_fields = [("note", note)].into();
        store
            .create_contract(CreateContract { custom_fields, ..CreateContract::new(customer, at(START)) })
            .unwrap()
    };
    let (paygo, _committed, theirs) =
        (make(customer, "paygo"), make(customer, "committed"), make(other, "paygo"));
    let asked = about(AlertType::SpendThreshold, vec![filter(AlertEntity::Contract, "note", "paygo")]);
    let for_all = store.create_alert(asked.clone()).unwrap();
    let own = store.create_alert(CreateAlert { customer_id: Some(customer), ..asked }).unwrap();
    assert_eq!(store.alert_scope(for_all).unwrap().groups[0].contracts, [], "none has begun");
    clock.set(at("2024-11-02T00:00:00Z"));
    assert_eq!(store.alert_scope(for_all).unwrap().groups[0].contracts, [paygo, theirs]);
    assert_eq!(store.alert_scope(own).unwrap().groups[0].contracts, [paygo]);
    assert_eq!(store.alerts_touching(paygo).unwrap(), [for_all, own]);
    assert_eq!(store.alerts_touching(theirs).unwrap(), [for_all]);
    assert_eq!(store.alerts_touching(other).unwrap(), [for_all]);
    assert_eq!(store.alerts_touching(customer).unwrap(), [for_all, own]);

    let earlier = store.snapshot().unwrap();
    store.set_values(theirs, [("note", "committed")]).unwrap();
    store.archive(own).unwrap();
    assert_eq!(store.alert_scope(for_all).unwrap().groups[0].contracts, [paygo]);
    assert_eq!(store.alert_scope(own).unwrap().groups[0], AlertGroup::default(), "archived");
    assert_eq!(store.alerts_touching(customer).unwrap(), [for_all]);
    assert_eq!(earlier.alert_scope(own).unwrap().groups[0].contracts, [paygo]);
    store.archive(customer).unwrap();
    assert_eq!(store.alert_scope(for_all).unwrap().groups[0].contracts, []);
    assert_eq!(store.alerts_touching(customer).unwrap(), []);
}

#[test]
fn an_alert_looks_at_each_value_of_a_unique_key_by_itself_and_at_what_is_excluded_not_at_all() {
    let ready = Ready::new();
    let Ready { store, clock, customer, .. } = &ready;
    clock.set(at("2024-12-01T00:00:00Z"));
    let mut terms = BalanceTerms::new(ready.fixed);
    terms.priority = Some(1.into());
    let give = |slot: &str, note: &str| {
        let commit = CreateCommit::prepaid(terms.clone(), year(100));
        let custom_fields = [("slot", slot), ("note", note)].into();
        store.create_commit(CustomerLevel::new(*customer), CreateCommit { custom_fields, ..commit }).unwrap()
    };
    let (b, a, _excluded) = (give("b", "sold"), give("a", "sold"), give("c", "trial"));
    let each = AlertSpecifierFilter { entity: AlertEntity::Commit, key: "slot".into(), value: None };
    let trials = vec![filter(AlertEntity::Commit, "note", "trial")];
    let alert = CreateAlert {
        alert_specifiers: vec![AlertSpecifier { filters: vec![each], exclude: vec![trials] }],
        ..about(BOTH, Vec::new())
    };
    let alert = store.create_alert(alert).unwrap();
    let groups = store.alert_scope(alert).unwrap().groups;
    let told: Vec<_> =
        groups.iter().map(|group| (group.value.as_deref(), group.commits.as_slice())).collect();
    assert_eq!(told, [(Some("a"), &[a][..]), (Some("b"), &[b][..])]);
    store.archive(a).unwrap();
    assert_eq!(scope(store, alert), Covered::from([(Some("b".into()), [b.into()].into())]));
    store.archive(alert).unwrap();
    assert_eq!(scope(store, alert), Covered::new());
}

#[test]
fn a_customers_balance_is_covered_with_one_of_the_contracts_it_is_applicable_to() {
    let ready = Ready::new();
    let Ready { store, clock, customer, .. } = &ready;
    clock.set(at("2024-12-01T00:00:00Z"));
    let make = |note: &str| {
        let custom_fields = [("note", note)].into();
        store
            .create_contract(CreateContract { custom_fields, ..CreateContract::new(*customer, at(START)) })
            .unwrap()
    };
    let (paygo, committed) = (make("paygo"), make("committed"));
    let mut terms = BalanceTerms::new(ready.fixed);
    terms.priority = Some(1.into());
    let give = |on: &[ContractId]| {
        let level = CustomerLevel {
            applicable_contract_ids: on.iter().copied().collect(),
            ..CustomerLevel::new(*customer)
        };
        store.create_credit(level, CreateCredit::new(terms.clone(), year(100))).unwrap()
    };
    let (everywhere, there, elsewhere) = (give(&[]), give(&[paygo]), give(&[committed]));
    let paygo_alone = about(BOTH, vec![filter(AlertEntity::Contract, "note", "paygo")]);
    let alert = store.create_alert(paygo_alone).unwrap();
    assert_eq!(store.alert_scope(alert).unwrap().groups[0].credits, [everywhere, there]);
    assert_eq!(store.alerts_touching(elsewhere).unwrap(), []);
    store.archive_contract(paygo).unwrap();
    assert_eq!(store.alert_scope(alert).unwrap().groups[0].credits, []);
    assert_eq!(store.alerts_touching(everywhere).unwrap(), []);
}

#[test]
fn an_alert_about_what_is_left_covers_what_usage_takes_money_or_units_from() {
    let ready = Ready::new();
    let Ready { store, clock, customer, .. } = &ready;
    clock.set(at("2024-12-01T00:00:00Z"));
    let give = |access_type| {
        let terms = BalanceTerms { priority: Some(1.into()), access_type, ..BalanceTerms::new(ready.fixed) };
        store.create_credit(CustomerLevel::new(*customer), CreateCredit::new(terms, year(100))).unwrap()
    };
    let (plain, money, units) = (give(None), give(Some(AccessType::Spend)), give(Some(AccessType::Quantity)));
    let make =
        |access_type| store.create_alert(CreateAlert { access_type, ..about(SHARE, Vec::new()) }).unwrap();
    let (of_money, of_units) = (make(None), make(Some(AccessType::Quantity)));
    assert_eq!(store.alert_scope(of_money).unwrap().groups[0].credits, [plain, money]);
    assert_eq!(store.alert_scope(of_units).unwrap().groups[0].credits, [units]);
    assert_eq!(store.alerts_touching(plain).unwrap(), [of_money]);
    assert_eq!(store.alerts_touching(units).unwrap(), [of_units]);
}

#[test]
fn a_customers_alert_leaves_others_out_where_it_is_found_by_its_value_too() {
    let ready = Ready::new();
    let Ready { store, clock, customer, .. } = &ready;
    clock.set(at("2024-12-01T00:00:00Z"));
    let other = store.create_customer(CreateCustomer::default()).unwrap();
    let give = |tx: &Transaction<'_>, customer, note: &str| {
        let terms = BalanceTerms { priority: Some(1.into()), ..BalanceTerms::new(ready.fixed) };
        let custom_fields = [("note", note)].into();
        let credit = CreateCredit { custom_fields, ..CreateCredit::new(terms, year(1)) };
        tx.create_credit(CustomerLevel::new(customer), credit)
    };
    // So many that it takes less to look the value up.
    store.write(|tx| (0..300).try_for_each(|_| give(tx, *customer, "plain").map(drop))).unwrap();
    let rare = store.write(|tx| give(tx, *customer, "rare")).unwrap();
    store.write(|tx| give(tx, other, "rare")).unwrap();
    let asked = about(BOTH, vec![filter(AlertEntity::Credit, "note", "rare")]);
    let alert = store.create_alert(CreateAlert { customer_id: Some(*customer), ..asked }).unwrap();
    assert_eq!(store.alert_scope(alert).unwrap().groups[0].credits, [rare]);
}

/// What is done next. Numbers of customers, contracts, balances and alerts are places among those there are.
#[derive(Debug, Clone)]
enum Step {
    Contract { customer: usize, days: (u64, u64), values: Values, balances: Vec<(bool, NewBalance)> },
    Own { customer: usize, commit: bool, balance: NewBalance, applicable: BTreeSet<usize> },
    Alert { customer: Option<usize>, terms: Box<CreateAlert> },
    Set { place: usize, key: &'static str, value: Option<&'static str> },
    Archive { place: usize },
    ArchiveContract { place: usize },
    ArchiveAlert { place: usize },
    ArchiveCustomer { customer: usize },
    RemoveKey { entity: ManagedEntity, key: &'static str },
    Wait { days: u64 },
}

type Values = BTreeMap<&'static str, &'static str>;

/// From which day to which, its values, and what usage takes from it.
#[derive(Debug, Clone)]
struct NewBalance {
    days: (u64, u64),
    values: Values,
    access_type: Option<AccessType>,
}

const KEYS: [&str; 2] = ["note", "tier"];
const VALUES: [&str; 3] = ["", "x", "y"];
const CUSTOMERS: usize = 2;

fn values() -> BoxedStrategy<Values> {
    let value = prop::sample::select(&VALUES[..]);
    btree_map(prop::sample::select(&KEYS[..]), value, 0..=KEYS.len()).boxed()
}

fn days() -> BoxedStrategy<(u64, u64)> {
    (0..6_u64, 1..12_u64).prop_map(|(from, more)| (from, from + more)).boxed()
}

fn balance() -> BoxedStrategy<NewBalance> {
    (days(), values(), access())
        .prop_map(|(days, values, access_type)| NewBalance { days, values, access_type })
        .boxed()
}

fn access() -> BoxedStrategy<Option<AccessType>> {
    let said = prop::sample::select(vec![Some(AccessType::Spend), Some(AccessType::Quantity)]);
    prop_oneof![2 => Just(None), 1 => said].boxed()
}

/// A list of filters that asks the same of each of some of these entities; none where it asks nothing.
fn filters(of: Vec<AlertEntity>) -> BoxedStrategy<Vec<AlertFilter>> {
    let some = btree_set(prop::sample::select(of), 1..3);
    let all = |(pairs, entities): (Values, BTreeSet<AlertEntity>)| {
        let of =
            |entity| pairs.iter().map(move |(key, value)| filter(entity, key, value)).collect::<Vec<_>>();
        entities.into_iter().flat_map(of).collect()
    };
    (values(), some).prop_map(all).boxed()
}

fn specifier() -> BoxedStrategy<AlertSpecifier> {
    use AlertEntity::{Commit, Contract, Credit, CreditOrCommit};
    let every = vec![Contract, Commit, Credit, CreditOrCommit];
    let excluding = |include: Vec<AlertFilter>| {
        let named: BTreeSet<_> = include.iter().map(|filter| filter.entity).collect();
        let named = if named.is_empty() { vec![Contract, Commit, Credit] } else { Vec::from_iter(named) };
        (Just(include), vec(filters(named), 0..3))
    };
    filters(every)
        .prop_flat_map(excluding)
        .prop_map(|(include, exclude)| AlertSpecifier {
            filters: include.into_iter().map(AlertSpecifierFilter::from).collect(),
            exclude: exclude.into_iter().filter(|filters| !filters.is_empty()).collect(),
        })
        .boxed()
}

/// One that looks at each value of a key by itself.
fn by_value() -> BoxedStrategy<AlertSpecifier> {
    use AlertEntity::{Commit, Contract, Credit, CreditOrCommit};
    let entity = prop::sample::select(vec![Contract, Commit, Credit, CreditOrCommit]);
    (entity, prop::sample::select(&KEYS[..]), prop::option::of(filters(vec![Contract])))
        .prop_map(|(entity, key, out)| AlertSpecifier {
            filters: vec![AlertSpecifierFilter { entity, key: key.into(), value: None }],
            exclude: out.into_iter().filter(|out| entity == Contract && !out.is_empty()).collect(),
        })
        .boxed()
}

fn terms() -> BoxedStrategy<CreateAlert> {
    use AlertEntity::{Commit, Contract, Credit, CreditOrCommit};
    let of = |alert_type, entities: &[AlertEntity]| {
        filters(entities.to_vec()).prop_map(move |filters| about(alert_type, filters)).boxed()
    };
    let specifiers = prop_oneof![
        2 => Just(Vec::new()),
        3 => vec(specifier(), 1..4),
        2 => by_value().prop_map(|specifier| vec![specifier]),
    ];
    let both = of(BOTH, &[Contract, Commit, Credit, CreditOrCommit]);
    let types = prop::sample::select(vec![BOTH, SHARE]);
    let both =
        (both, any::<bool>(), specifiers, types).prop_map(|(terms, filtered, specifiers, alert_type)| {
            CreateAlert {
                alert_type,
                custom_field_filters: if filtered { terms.custom_field_filters } else { Vec::new() },
                alert_specifiers: specifiers,
                ..terms
            }
        });
    let left = prop_oneof![
        1 => of(AlertType::LowRemainingCommitBalance, &[Contract, Commit]),
        1 => of(AlertType::LowRemainingCreditBalance, &[Contract, Credit]),
        4 => both,
    ];
    let left = (left, access()).prop_map(|(terms, access_type)| CreateAlert { access_type, ..terms });
    prop_oneof![
        2 => of(AlertType::SpendThreshold, &[Contract]),
        1 => of(AlertType::LowRemainingDaysForCommitSegment, &[Contract, Commit]),
        6 => left,
        1 => Just(about(AlertType::LowCreditBalance, Vec::new())),
    ]
    .boxed()
}

fn step() -> BoxedStrategy<Step> {
    let customer = || 0..CUSTOMERS;
    let entities = [ManagedEntity::Contract, ManagedEntity::Commit, ManagedEntity::ContractCredit];
    let key = || prop::sample::select(&KEYS[..]);
    let value = prop::option::of(prop::sample::select(&VALUES[..]));
    prop_oneof![
        20 => (customer(), days(), values(), vec((any::<bool>(), balance()), 0..3)).prop_map(
            |(customer, days, values, balances)| Step::Contract { customer, days, values, balances }
        ),
        16 => (customer(), any::<bool>(), balance(), btree_set(0..4_usize, 0..3)).prop_map(
            |(customer, commit, balance, applicable)| Step::Own { customer, commit, balance, applicable }
        ),
        30 => (prop::option::of(customer()), terms()).prop_map(|(customer, terms)| Step::Alert { customer, terms: terms.into() }),
        12 => (0..30_usize, key(), value).prop_map(|(place, key, value)| Step::Set { place, key, value }),
        6 => (0..30_usize).prop_map(|place| Step::Archive { place }),
        5 => (0..4_usize).prop_map(|place| Step::ArchiveContract { place }),
        4 => (0..9_usize).prop_map(|place| Step::ArchiveAlert { place }),
        1 => customer().prop_map(|customer| Step::ArchiveCustomer { customer }),
        1 => (prop::sample::select(entities.to_vec()), key()).prop_map(|(entity, key)| Step::RemoveKey { entity, key }),
        9 => (0..4_u64).prop_map(|days| Step::Wait { days }),
    ]
    .boxed()
}

fn day(days: u64) -> Time {
    at(START).after(Duration::from_secs(days * 24 * 3_600))
}

/// A store with what the steps made in it.
struct Stage {
    ready: Ready,
    customers: Vec<CustomerId>,
    contracts: Vec<(CustomerId, ContractId)>,
    alerts: Vec<AlertId>,
    day: u64,
}

impl Stage {
    fn new() -> Self {
        let ready = Ready::new();
        for entity in [ManagedEntity::Contract, ManagedEntity::Commit, ManagedEntity::ContractCredit] {
            ready.store.add_key(entity, "tier", KeyKind::Indexed).unwrap();
        }
        ready.clock.set(day(0));
        let other = ready.store.create_customer(CreateCustomer::default()).unwrap();
        let customers = vec![ready.customer, other];
        Self { ready, customers, contracts: Vec::new(), alerts: Vec::new(), day: 0 }
    }

    fn commit(&self, new: &NewBalance) -> CreateCommit {
        let mut terms = BalanceTerms::new(self.ready.fixed);
        (terms.priority, terms.access_type) = (Some(1.into()), new.access_type);
        let (starting_at, ending_before) = (day(new.days.0), day(new.days.1));
        let open = CreateAccessItem { amount: 5.into(), starting_at, ending_before };
        let commit = CreateCommit::prepaid(terms, [open].into());
        CreateCommit { custom_fields: new.values.clone().into_iter().collect::<Vec<_>>().into(), ..commit }
    }

    fn credit(&self, new: &NewBalance) -> CreateCredit {
        let CreateCommit { terms, access_schedule, custom_fields, .. } = self.commit(new);
        CreateCredit { custom_fields, ..CreateCredit::new(terms, access_schedule) }
    }

    /// Carries a step out; one that is refused, because of what is archived or removed, changes nothing.
    fn take(&mut self, step: Step) {
        let store = self.ready.store.clone();
        match step {
            Step::Contract { customer, days, values, balances } => {
                let (commits, credits): (Vec<_>, Vec<_>) =
                    balances.into_iter().partition(|(commit, _)| *commit);
                let customer = self.customers[customer];
                let contract = CreateContract {
                    ending_before: Some(day(days.1)),
                    commits: commits.iter().map(|(_, new)| self.commit(new)).collect(),
                    credits: credits.iter().map(|(_, new)| self.credit(new)).collect(),
                    custom_fields: values.into_iter().collect::<Vec<_>>().into(),
                    ..CreateContract::new(customer, day(days.0))
                };
                self.contracts.extend(store.create_contract(contract).ok().map(|id| (customer, id)));
            }
            Step::Own { customer, commit, balance, applicable } => {
                let customer_id = self.customers[customer];
                let theirs = self.contracts.iter().filter(|(customer, _)| *customer == customer_id);
                let named = theirs.enumerate().filter(|(place, _)| applicable.contains(place));
                let applicable_contract_ids = named.map(|(_, (_, id))| *id).collect();
                let level = CustomerLevel { applicable_contract_ids, ..CustomerLevel::new(customer_id) };
                if commit {
                    drop(store.create_commit(level, self.commit(&balance)));
                } else {
                    drop(store.create_credit(level, self.credit(&balance)));
                }
            }
            Step::Alert { customer, terms } => {
                let customer_id = customer.map(|customer| self.customers[customer]);
                self.alerts.extend(store.create_alert(CreateAlert { customer_id, ..*terms }).ok());
            }
            Step::Set { place, key, value } => {
                let Some(item) = self.item(place) else { return };
                match value {
                    Some(value) => drop(store.set_values(item, [(key, value)])),
                    None => drop(store.delete_values(item, [key])),
                }
            }
            Step::Archive { place } => drop(self.item(place).map(|item| store.archive(item))),
            Step::ArchiveContract { place } => {
                drop(self.contracts.get(place).map(|(_, contract)| store.archive_contract(*contract)));
            }
            Step::ArchiveAlert { place } => drop(self.alerts.get(place).map(|alert| store.archive(*alert))),
            Step::ArchiveCustomer { customer } => drop(store.archive(self.customers[customer])),
            Step::RemoveKey { entity, key } => drop(store.remove_key(entity, key)),
            Step::Wait { days } => {
                self.day += days;
                self.ready.clock.set(day(self.day));
            }
        }
    }

    fn item(&self, place: usize) -> Option<EntityRef> {
        self.items().into_keys().nth(place)
    }

    /// Every contract, commit and credit there is, as the calls that read them have it.
    fn items(&self) -> BTreeMap<EntityRef, Item> {
        let store = &self.ready.store;
        let page = PageRequest::first(1_000);
        let all =
            BalanceFilter { include_archived: true, include_contract_balances: true, ..Default::default() };
        let archived = ContractFilter { include_archived: true, ..Default::default() };
        let mut items = BTreeMap::new();
        for customer in &self.customers {
            let stopped = store.customer(*customer).unwrap().archived_at.is_some();
            let contracts = store.contracts(*customer, &archived, &page).unwrap().items;
            for contract in &contracts {
                items.insert(contract.id.into(), self.contract_item(contract));
            }
            for commit in store.commits(*customer, &all, &page).unwrap().items {
                items.insert(commit.id.into(), self.balance_item(&commit, &contracts, stopped));
            }
            for credit in store.credits(*customer, &all, &page).unwrap().items {
                items.insert(credit.id.into(), self.balance_item(&credit, &contracts, stopped));
            }
        }
        items
    }

    fn contract_item(&self, contract: &Contract) -> Item {
        let terms = &contract.terms;
        let now = day(self.day);
        Item {
            customer: contract.origin.customer_id,
            live: terms.archived_at.is_none()
                && contract.origin.starting_at <= now
                && terms.ending_before.is_none_or(|end| now < end),
            access_type: None,
            values: contract.custom_fields.clone(),
            contracts: vec![contract.custom_fields.clone()],
        }
    }

    fn balance_item<I>(&self, found: &BalanceOf<I>, contracts: &[Contract], stopped: bool) -> Item {
        let now = day(self.day);
        let segments = &found.balance.access_schedule.schedule_items;
        let open = segments.iter().any(|item| item.starting_at <= now && now < item.ending_before);
        let named = |contract: &&Contract| match found.contract_id {
            Some(home) => contract.id == home,
            None => {
                found.applicable_contract_ids.is_empty()
                    || found.applicable_contract_ids.contains(&contract.id)
            }
        };
        let in_use = contracts.iter().filter(|contract| contract.terms.archived_at.is_none());
        let contracts: Vec<_> = in_use.filter(named).map(|contract| contract.custom_fields.clone()).collect();
        Item {
            customer: found.customer_id,
            live: open
                && found.balance.archived_at.is_none()
                && !stopped
                && (found.contract_id.is_none() || !contracts.is_empty()),
            access_type: found.balance.terms.access_type.or(Some(AccessType::Spend)),
            values: found.custom_fields.clone(),
            contracts,
        }
    }

    /// Compares what every alert covers, and what touches everything, with what looking at all of it tells.
    fn compare(&self) -> usize {
        let store = &self.ready.store;
        let items = self.items();
        let mut touching: BTreeMap<EntityRef, Vec<AlertId>> = BTreeMap::new();
        let mut covering = 0;
        for id in &self.alerts {
            let alert = store.alert(*id).unwrap();
            let expected = expected(&alert.terms, alert.archived_at.is_some(), &items);
            assert_eq!(scope(store, *id), expected, "{:#?}", alert.terms);
            let covered: BTreeSet<_> = expected.into_values().flatten().collect();
            covering += usize::from(!covered.is_empty());
            for target in covered {
                touching.entry(target).or_default().push(*id);
            }
        }
        for target in items.keys() {
            let expected = touching.remove(target).unwrap_or_default();
            assert_eq!(store.alerts_touching(*target).unwrap(), expected, "{target}");
        }
        covering
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scopes_are_those_that_looking_at_everything_tells(steps in vec(step(), 1..50)) {
        let mut stage = Stage::new();
        for (place, step) in steps.into_iter().enumerate() {
            stage.take(step);
            if place % 16 == 15 {
                stage.compare();
            }
        }
        stage.compare();
    }
}
