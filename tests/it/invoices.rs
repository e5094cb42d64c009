//! Which invoices a contract gives rise to, and what is on them.

use billfold::prelude::*;

use crate::support::catalog::at;
use crate::support::provisioned::day;
use crate::support::ready::Ready;

/// Date, type, status and total of each, as a person would write them down.
pub fn table(store: &impl Reading, of: impl Into<InvoicesOf>, through: Time) -> Vec<String> {
    let invoices = store.invoices(of, &InvoiceQuestion::through(through), &PageRequest::default()).unwrap();
    let row = |invoice: &Invoice| {
        let date = &invoice.issued_at.to_string()[..10];
        format!(
            "{date} {} {} {} {}",
            invoice.invoice_type,
            invoice.status,
            invoice.lines.len(),
            invoice.total
        )
    };
    invoices.items.iter().map(row).collect()
}

/// A recurring commit of 100 dollars a month, for 75.
fn best_package(ready: &Ready, start: Time) -> CreateContract {
    let amount = |unit_price: i64| RecurringAmount {
        credit_type_id: CreditType::USD_CENTS,
        unit_price: unit_price.into(),
        quantity: Some(1.into()),
    };
    let terms = RecurringTerms {
        invoice_amount: Some(amount(7_500)),
        ..RecurringTerms::new(BalanceTerms::new(ready.fixed), amount(10_000), start)
    };
    CreateContract {
        recurring_commits: vec![CreateRecurring::from(terms)],
        scheduled_charges_on_usage_invoices: Some(ConsolidatedCharges::All),
        starting_at: start,
        ..ready.plain()
    }
}

#[test]
fn the_best_package_is_charged_alone_at_first_and_then_with_the_usage_of_the_month_before() {
    let ready = Ready::new();
    ready.clock.set(day("01-01"));
    let contract = ready.store.create_contract(best_package(&ready, day("01-01"))).unwrap();
    assert_eq!(
        table(&ready.store, contract, day("01-01")),
        ["2025-01-01 SCHEDULED FINALIZED 1 7500", "2025-02-01 USAGE DRAFT 1 7500"]
    );
    ready.clock.set(at("2025-02-01T23:00:00Z"));
    assert_eq!(
        table(&ready.store, contract, day("02-01")),
        [
            "2025-01-01 SCHEDULED FINALIZED 1 7500",
            "2025-02-01 USAGE DRAFT 1 7500",
            "2025-03-01 USAGE DRAFT 1 7500"
        ]
    );
    ready.clock.set(day("02-02"));
    assert_eq!(table(&ready.store, contract, day("02-01"))[1], "2025-02-01 USAGE FINALIZED 1 7500");
}
