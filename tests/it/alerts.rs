//! Alerts: made once, never changed, archived, and found by customer and by uniqueness key.

use billfold::prelude::*;
use billfold::{FieldProblem, MAX_ALERT_VALUES};

use crate::support::catalog::{at, cpu_hours};
use crate::support::ready::{Ready, fields, year};
use crate::support::{contract, every, fault, faults};

const BOTH: AlertType = AlertType::LowRemainingCreditAndCommitBalance;

fn total(name: &str) -> CreateAlert {
    CreateAlert::new(AlertType::InvoiceTotal, name, Amount::from(500_000))
}

fn keyed(name: &str, key: &str) -> CreateAlert {
    CreateAlert { uniqueness_key: Some(key.into()), ..total(name) }
}

/// An alert that looks at each value of a key by itself.
fn each_value(customer: Option<CustomerId>, entity: AlertEntity, key: &str) -> CreateAlert {
    let filters = vec![AlertSpecifierFilter { entity, key: key.into(), value: None }];
    CreateAlert {
        customer_id: customer,
        alert_specifiers: vec![AlertSpecifier { filters, exclude: Vec::new() }],
        ..CreateAlert::new(BOTH, "each", Amount::from(100))
    }
}

fn listed(store: &Store, customer: CustomerId, archived: ArchiveFilter) -> Vec<AlertId> {
    let found = store.customer_alerts(customer, archived, &PageRequest::default()).unwrap();
    found.items.iter().map(|alert| alert.id).collect()
}

impl Ready {
    /// Every alert, and what else making one can change.
    fn with_alerts(&self) -> String {
        let page = PageRequest::first(1_000);
        format!("{}{:?}", self.everything(), self.store.alerts(ArchiveFilter::All, &page).unwrap())
    }

    /// The faults of an alert that must have been refused and must have changed nothing, as text.
    #[track_caller]
    fn no_alert(&self, alert: CreateAlert) -> Vec<String> {
        let before = self.with_alerts();
        let faults = faults(self.store.create_alert(alert));
        assert_eq!(self.with_alerts(), before, "a refused call changed something");
        faults.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn an_alert_is_given_back_as_it_was_made_with_the_values_it_was_given_since() {
    let ready = Ready::new();
    let store = &ready.store;
    store.add_key(ManagedEntity::Alert, "owner", KeyKind::Indexed).unwrap();
    let asked = CreateAlert {
        uniqueness_key: Some("cpu".into()),
        customer_id: Some(ready.customer),
        billable_metric_id: Some(cpu_hours(store)),
        evaluate_on_create: Some(false),
        custom_field_filters: vec![AlertFilter::new(AlertEntity::Contract, "note", "told")],
        credit_grant_type_filters: vec!["enterprise".into()],
        ..CreateAlert::new(AlertType::UsageThreshold, "A thousand hours", Amount::from(1_000))
    };
    let about = About { actor: Some("billing job".into()), reason: None };
    let id = store.write_as(about, |tx| tx.create_alert(asked.clone())).unwrap();
    store.set_values(id, [("owner", "finance")]).unwrap();
    let alert = store.alert(id).unwrap();
    assert_eq!((&alert.terms, alert.status, alert.archived_at), (&asked, AlertStatus::Enabled, None));
    assert_eq!(alert.credit_type.name, "USD (cents)");
    assert_eq!((alert.created_by.as_deref(), alert.created_at), (Some("billing job"), alert.updated_at));
    assert_eq!(alert.custom_fields["owner"], "finance");
    assert_eq!(store.alert_by_key("cpu").unwrap(), Some(id));
}

#[test]
fn a_refused_alert_names_all_that_is_wrong_with_it_and_leaves_nothing() {
    let ready = Ready::new();
    let store = &ready.store;
    let (gone, metric) = (store.create_customer(CreateCustomer::default()).unwrap(), cpu_hours(store));
    store.archive(gone).unwrap();
    store.archive(metric).unwrap();
    store.create_alert(keyed("first", "taken")).unwrap();
    let alert = CreateAlert {
        name: String::new(),
        threshold: Amount::from(-1),
        customer_id: Some(gone),
        billable_metric_id: Some(metric),
        invoice_types_filter: vec!["USAGE".into()],
        custom_field_filters: vec![
            AlertFilter::new(AlertEntity::Contract, "unheard of", "v"),
            AlertFilter::new(AlertEntity::Commit, "note", "v"),
        ],
        ..CreateAlert { alert_type: AlertType::UsageThreshold, ..keyed("", "taken") }
    };
    assert_eq!(
        fields(&ready.no_alert(alert)),
        [
            "name",
            "threshold",
            "invoice_types_filter",
            "custom_field_filters[1].entity",
            "custom_field_filters",
            "customer_id",
            "billable_metric_id",
            "This uniqueness key has already been used.",
            "Custom field key not found",
        ]
    );
    let unknown = CreateAlert { customer_id: Some(crate::support::customer(9)), ..total("whose") };
    assert_eq!(fields(&ready.no_alert(unknown)), ["customer_id"]);
}

#[test]
fn a_key_of_a_filter_is_registered_for_each_entity_that_is_meant_and_can_be_searched() {
    let ready = Ready::new();
    ready.store.add_key(ManagedEntity::Commit, "tier", KeyKind::Indexed).unwrap();
    ready.store.add_key(ManagedEntity::Contract, "memo", KeyKind::Unindexed).unwrap();
    let both = |key: &str| CreateAlert {
        custom_field_filters: vec![AlertFilter::new(AlertEntity::CreditOrCommit, key, "gold")],
        ..CreateAlert::new(BOTH, "gold", Amount::from(1))
    };
    let of_credits = fault(ready.store.create_alert(both("tier")));
    let expected = Fault::KeyNotFound { entity: ManagedEntity::ContractCredit, key: "tier".into() };
    assert_eq!(of_credits, expected);
    ready.store.add_key(ManagedEntity::ContractCredit, "tier", KeyKind::Enforced).unwrap();
    ready.store.create_alert(both("tier")).unwrap();
    let memo = AlertFilter::new(AlertEntity::Contract, "memo", "v");
    let memo = CreateAlert { custom_field_filters: vec![memo], ..total("memo") };
    assert!(matches!(fault(ready.store.create_alert(memo)), Fault::KeyNotSearchable { .. }));
    // However often it is named.
    let nowhere =
        |filters: &[AlertFilter]| AlertSpecifier { exclude: vec![filters.into()], ..Default::default() };
    let filter = [AlertFilter::new(AlertEntity::CreditOrCommit, "nowhere", "v")];
    let alert = CreateAlert { alert_specifiers: vec![nowhere(&filter), nowhere(&filter)], ..both("nowhere") };
    assert_eq!(faults(ready.store.create_alert(alert)).len(), 2);
}

#[test]
fn an_archived_alert_stays_readable_and_keeps_its_uniqueness_key_unless_it_is_released() {
    let Ready { store, clock, .. } = Ready::new();
    let first = store.create_alert(keyed("first", "key")).unwrap();
    let used = Fault::UniquenessKeyUsed { key: "key".into(), conflicting_id: first.into() };
    assert_eq!(fault(store.create_alert(keyed("second", "key"))), used);
    clock.set(at("2024-12-01T00:00:00Z"));
    store.archive(first).unwrap();
    assert_eq!(fault(store.create_alert(keyed("second", "key"))), used, "it holds the key still");
    let alert = store.alert(first).unwrap();
    assert_eq!(alert.status, AlertStatus::Archived);
    assert_eq!(alert.updated_at, at("2024-12-01T00:00:00Z"));
    assert_eq!(alert.archived_at, Some(alert.updated_at));
    assert_eq!(alert.terms.uniqueness_key.as_deref(), Some("key"));
    let again = fault(store.archive_alert(first, true));
    assert!(matches!(again, Fault::AlreadyArchived { .. }), "{again}");
    assert_eq!(store.alert_by_key("key").unwrap(), Some(first), "what was refused released nothing");

    let other = store.create_alert(keyed("other", "other key")).unwrap();
    store.archive_alert(other, true).unwrap();
    assert_eq!(store.alert(other).unwrap().terms.uniqueness_key, None);
    assert_eq!(store.alert_by_key("other key").unwrap(), None);
    let successor = store.create_alert(keyed("successor", "other key")).unwrap();
    assert_eq!(store.alert_by_key("other key").unwrap(), Some(successor));
    store.archive_alert(store.create_alert(total("without")).unwrap(), true).unwrap();
}

#[test]
fn a_customer_has_its_own_alerts_and_those_for_all() {
    let Ready { store, customer, .. } = Ready::new();
    let other = store.create_customer(CreateCustomer::default()).unwrap();
    let of = |customer| CreateAlert { customer_id: customer, ..total("total") };
    let made: Vec<_> = [Some(customer), None, Some(other), Some(customer), None]
        .into_iter()
        .map(|customer| store.create_alert(of(customer)).unwrap())
        .collect();
    let in_use = ArchiveFilter::default();
    assert_eq!(listed(&store, customer, in_use), [made[0], made[1], made[3], made[4]]);
    assert_eq!(listed(&store, other, in_use), [made[1], made[2], made[4]]);
    store.archive(made[1]).unwrap();
    assert_eq!(listed(&store, customer, in_use), [made[0], made[3], made[4]]);
    assert_eq!(listed(&store, customer, ArchiveFilter::Archived), [made[1]]);
    let paged = every(1, |page| store.customer_alerts(customer, ArchiveFilter::All, page));
    assert_eq!(paged.iter().map(|alert| alert.id).collect::<Vec<_>>(), [made[0], made[1], made[3], made[4]]);
    let all = every(2, |page| store.alerts(ArchiveFilter::All, page));
    assert_eq!(all.iter().map(|alert| alert.id).collect::<Vec<_>>(), made);

    let cursor = store.customer_alerts(customer, in_use, &PageRequest::first(1)).unwrap().next.unwrap();
    let elsewhere = store.customer_alerts(other, in_use, &PageRequest::after(cursor, 1));
    assert_eq!(fault(elsewhere), Fault::CursorOfAnotherQuestion);
    let nobody = crate::support::customer(9);
    let refused = fault(store.customer_alerts(nobody, in_use, &PageRequest::default()));
    assert_eq!(refused, Fault::InstanceNotFound { target: nobody.into() });
}

#[test]
fn an_alert_is_forgotten_by_itself_or_with_its_customer_and_its_key_is_free() {
    let Ready { store, customer, .. } = Ready::new();
    let leaving = store.create_customer(CreateCustomer::default()).unwrap();
    let for_all = store.create_alert(keyed("for all", "1")).unwrap();
    let own = CreateAlert { customer_id: Some(leaving), ..keyed("own", "2") };
    let own = store.create_alert(own).unwrap();
    store.forget(leaving).unwrap();
    assert!(!store.exists(own).unwrap() && store.exists(for_all).unwrap());
    store.forget(for_all).unwrap();
    assert_eq!(listed(&store, customer, ArchiveFilter::All), []);
    assert_eq!([store.alert_by_key("1").unwrap(), store.alert_by_key("2").unwrap()], [None, None]);
    assert_eq!(fault(store.alert(own)), Fault::InstanceNotFound { target: own.into() });
}

#[test]
fn a_customer_has_at_most_three_alerts_in_use_that_look_at_each_value_by_itself() {
    let Ready { store, customer, .. } = Ready::new();
    let make = |customer| store.create_alert(each_value(customer, AlertEntity::Commit, "note"));
    let first = make(Some(customer)).unwrap();
    make(None).unwrap();
    make(Some(customer)).unwrap();
    for one_more in [Some(customer), None] {
        let refused = fault(make(one_more)).to_string();
        assert!(refused.starts_with("alert_specifiers: ") && refused.contains("at most 3"), "{refused}");
    }
    let other = store.create_customer(CreateCustomer::default()).unwrap();
    make(Some(other)).unwrap();
    store.archive(first).unwrap();
    make(None).unwrap();
    assert!(make(Some(customer)).is_err());
}

#[test]
fn an_alert_that_would_look_at_more_than_a_thousand_values_is_refused() {
    let ready = Ready::new();
    let give = |tx: &Transaction<'_>, value: usize| {
        let mut terms = BalanceTerms::new(ready.fixed);
        terms.priority = Some(1.into());
        let credit = CreateCredit::new(terms, year(1));
        let custom_fields = [("note", value.to_string())].into();
        tx.create_credit(CustomerLevel::new(ready.customer), CreateCredit { custom_fields, ..credit })
    };
    ready.store.write(|tx| (0..MAX_ALERT_VALUES).try_for_each(|value| give(tx, value).map(drop))).unwrap();
    ready.clock.set(at("2024-11-02T00:00:00Z"));
    let each = || each_value(Some(ready.customer), AlertEntity::Credit, "note");
    let enough = ready.store.create_alert(each()).unwrap();
    assert_eq!(ready.store.alert_scope(enough).unwrap().groups.len(), MAX_ALERT_VALUES);
    ready.store.write(|tx| give(tx, MAX_ALERT_VALUES)).unwrap();
    let refused = fault(ready.store.create_alert(each()));
    assert!(matches!(refused, Fault::Field { problem: FieldProblem::NotAllowed { .. }, .. }), "{refused}");
    assert_eq!(ready.store.alert_scope(enough).unwrap().groups.len(), MAX_ALERT_VALUES + 1);
}

#[test]
fn an_id_alone_is_no_alert_and_only_what_alerts_can_be_about_is_touched() {
    let Ready { store, fixed, .. } = Ready::new();
    let elsewhere = AlertId::from(uuid::Uuid::from_u128(1));
    store.adopt(elsewhere).unwrap();
    assert_eq!(fault(store.alert(elsewhere)), Fault::NothingButAnId { target: elsewhere.into() });
    assert_eq!(fault(store.alert_scope(elsewhere)), Fault::NothingButAnId { target: elsewhere.into() });
    store.archive_alert(elsewhere, true).unwrap();
    let product = fault(store.alerts_touching(fixed)).to_string();
    assert!(product.starts_with("entity: \"contract_product\" is not allowed"), "{product}");
    let nowhere = contract(9);
    assert_eq!(fault(store.alerts_touching(nowhere)), Fault::InstanceNotFound { target: nowhere.into() });
    store.adopt(nowhere).unwrap();
    assert_eq!(fault(store.alerts_touching(nowhere)), Fault::NothingButAnId { target: nowhere.into() });
}
