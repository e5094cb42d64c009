//! What Stripe is told of an invoice: whose values, and what does not fit.

use std::collections::BTreeMap;

use billfold::prelude::*;
use uuid::Uuid;

use crate::support::catalog::at;
use crate::support::fault;
use crate::support::ready::Ready;

const NOVEMBER: &str = "2024-11-01T00:00:00Z";

/// Half a month before the contracts start, so that invoices are drafts; with `region` for customers, contracts, invoices, charges and products.
fn ready() -> Ready {
    let ready = Ready::new();
    for entity in [
        ManagedEntity::Customer,
        ManagedEntity::Contract,
        ManagedEntity::Invoice,
        ManagedEntity::ScheduledCharge,
        ManagedEntity::ContractProduct,
    ] {
        ready.store.add_key(entity, "region", KeyKind::Unindexed).unwrap();
    }
    ready
}

impl Ready {
    /// A contract that charges 3 dollars at its start, and the invoice of them.
    fn charged(&self) -> (ContractId, Invoice) {
        let charges = CreateContract { scheduled_charges: vec![self.charge(300)], ..self.plain() };
        let contract = self.store.create_contract(charges).unwrap();
        (contract, self.first(contract))
    }

    fn first(&self, contract: ContractId) -> Invoice {
        let question = InvoiceQuestion::through(at(NOVEMBER));
        self.store.invoices(contract, &question, &PageRequest::default()).unwrap().items.remove(0)
    }

    fn set(&self, on: impl Into<EntityRef>, key: &str, value: &str) {
        self.store.set_values(on, [(key, value)]).unwrap();
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Whose value is missing where, and why.
fn told(metadata: &StripeMetadata) -> Vec<(StripeObject, EntityRef, &str, StripeProblem)> {
    metadata.left_out.iter().map(|left| (left.on, left.from, left.value.as_str(), left.why)).collect()
}

#[test]
fn the_invoice_has_the_values_of_those_above_it_and_a_line_those_of_what_it_charges() {
    let ready = ready();
    ready.store.add_key(ManagedEntity::ContractProduct, "stripe_product_id", KeyKind::Enforced).unwrap();
    ready.store.add_key(ManagedEntity::Customer, "sfdc_account_id", KeyKind::Enforced).unwrap();
    ready.store.add_key(ManagedEntity::Invoice, "purchase_order", KeyKind::Enforced).unwrap();
    ready.set(ready.fixed, "stripe_product_id", "prod_01");
    ready.set(ready.customer, "sfdc_account_id", "sfdc1001");
    let contract = ready.store.create_contract(ready.with_every_part("A")).unwrap();
    let invoice = ready.first(contract);
    ready.set(invoice.id, "purchase_order", "4711");
    let metadata = ready.store.stripe_metadata(invoice.id).unwrap();
    let expected =
        [("slot", "A"), ("note", "told"), ("sfdc_account_id", "sfdc1001"), ("purchase_order", "4711")];
    assert_eq!(metadata.invoice, map(&expected));
    let lines: Vec<_> = metadata.lines.iter().map(|line| line.id).collect();
    assert_eq!(lines, invoice.lines.iter().map(|line| line.id).collect::<Vec<_>>());
    assert_eq!(lines.len(), 4);
    for (line, shown) in invoice.lines.iter().zip(&metadata.lines) {
        let part: &[_] = &[("slot", "A"), ("note", "told")];
        let product: &[_] = &[("stripe_product_id", "prod_01")];
        let expected = match line.source {
            LineSource::ScheduledCharge { .. } | LineSource::Discount { .. } => [part, product].concat(),
            // Of the products, `fixed` alone has a value.
            LineSource::Subscription { .. } | LineSource::ProfessionalService { .. } => part.to_vec(),
            other => panic!("{other:?}"),
        };
        assert_eq!(shown.metadata, map(&expected), "{}", line.name);
    }
    assert_eq!(metadata.left_out, []);
}

#[test]
fn the_more_specific_value_of_a_key_wins_and_the_others_are_told() {
    let ready = ready();
    let (contract, invoice) = ready.charged();
    let LineSource::ScheduledCharge { id: charge, .. } = invoice.lines[0].source else { panic!() };
    let line = StripeObject::Line(invoice.lines[0].id);
    ready.set(ready.customer, "region", "US");
    let read = || ready.store.stripe_metadata(invoice.id).unwrap();
    assert_eq!((read().invoice, read().left_out), (map(&[("region", "US")]), vec![]));
    ready.set(contract, "region", "EU");
    ready.set(ready.fixed, "region", "EU");
    ready.set(charge, "region", "EU");
    let taken_by = |by: EntityRef| StripeProblem::KeyTaken { by };
    assert_eq!(read().lines[0].metadata, map(&[("region", "EU")]));
    let us = (StripeObject::Invoice, ready.customer.into(), "US", taken_by(contract.into()));
    assert_eq!(told(&read()), [us]);
    ready.set(charge, "region", "APAC");
    ready.set(invoice.id, "region", "US");
    let eu = (StripeObject::Invoice, contract.into(), "EU", taken_by(invoice.id.into()));
    let eu_of_line = (line, ready.fixed.into(), "EU", taken_by(charge.into()));
    assert_eq!(told(&read()), [eu, eu_of_line]);
    assert_eq!(read().lines[0].metadata, map(&[("region", "APAC")]));
}

#[test]
fn what_stripe_does_not_take_is_kept_here_and_told_with_where_and_why() {
    let ready = ready();
    let long = "k".repeat(41);
    for key in ["account[id]", &long, "empty"] {
        ready.store.add_key(ManagedEntity::ContractProduct, key, KeyKind::Unindexed).unwrap();
    }
    let values = [("account[id]", "1"), (&long, "2"), ("empty", ""), ("region", "EU")];
    ready.store.set_values(ready.fixed, values).unwrap();
    let (_, invoice) = ready.charged();
    let metadata = ready.store.stripe_metadata(invoice.id).unwrap();
    assert_eq!(metadata.lines[0].metadata, map(&[("region", "EU")]));
    let line = StripeObject::Line(invoice.lines[0].id);
    let expected = [
        ("1", StripeProblem::KeyHasBracket { at: 7 }),
        ("", StripeProblem::ValueEmpty),
        ("2", StripeProblem::KeyTooLong { characters: 41 }),
    ];
    assert_eq!(told(&metadata), expected.map(|(value, why)| (line, ready.fixed.into(), value, why)));
    assert_eq!(invoice.passed_down_by(ready.fixed), &map(&values));
}

#[test]
fn of_more_than_fifty_keys_the_contracts_stay_and_the_customers_last_ones_are_told() {
    let ready = ready();
    for number in 0..30 {
        for (entity, key) in [(ManagedEntity::Contract, "z"), (ManagedEntity::Customer, "a")] {
            ready.store.add_key(entity, &format!("{key}{number:02}"), KeyKind::Unindexed).unwrap();
        }
    }
    let numbered = |key: &str| (0..30).map(|n| (format!("{key}{n:02}"), "x".to_owned())).collect::<Vec<_>>();
    ready.store.set_values(ready.customer, numbered("a")).unwrap();
    let contract = CreateContract {
        custom_fields: numbered("z").into_iter().collect(),
        scheduled_charges: vec![ready.charge(300)],
        ..ready.plain()
    };
    let contract = ready.store.create_contract(contract).unwrap();
    let metadata = ready.store.stripe_metadata(ready.first(contract).id).unwrap();
    let kept = numbered("z").into_iter().chain(numbered("a").into_iter().take(20));
    assert_eq!(metadata.invoice, kept.collect());
    let left: Vec<_> = metadata.left_out.iter().map(|left| (left.key.as_str(), left.why)).collect();
    let keys: Vec<_> = (20..30).map(|n| format!("a{n}")).collect();
    let expected = keys.iter().map(|key| (key.as_str(), StripeProblem::TooManyKeys));
    assert_eq!(left, expected.collect::<Vec<_>>());
}

#[test]
fn usage_has_its_products_values_where_the_invoice_was_finalised_with_it() {
    let ready = ready();
    ready.clock.set(at(NOVEMBER));
    let contract = ready.store.create_contract(ready.plain()).unwrap();
    ready.set(ready.cloud, "region", "EU");
    let november = ready.first(contract);
    let ten = UsageQuantity {
        contract_id: contract,
        at: at(NOVEMBER),
        of: RateQuestion::new(ready.cloud),
        quantity: 10.into(),
    };
    assert_eq!(ready.store.stripe_metadata(november.id).unwrap().lines, []);
    ready.store.finalize_invoice(november.id, &[ten]).unwrap();
    // What is settled stays, for Stripe too.
    ready.set(ready.cloud, "region", "US");
    let lines = ready.store.stripe_metadata(november.id).unwrap().lines;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].metadata, map(&[("region", "EU")]));
}

#[test]
fn there_is_none_of_an_invoice_that_nothing_gives_rise_to() {
    let id = InvoiceId::from(Uuid::from_u128(1));
    let missing = fault(ready().store.stripe_metadata(id));
    assert!(matches!(missing, Fault::InstanceNotFound { target } if target == id.into()), "{missing:?}");
}
