//! What the first year comes to: what is charged on its dates, and the usage of each month.

use billfold::prelude::*;

use super::{Made, Outcome, step};

/// Returns the table that is printed.
pub fn tell(store: &Store, made: &Made, contract: ContractId) -> Outcome<Vec<String>> {
    step("The invoices of the year as they stand on 15 March 2025, with the usage of January, in dollars.");
    made.clock.set("2025-03-15T12:00:00Z".parse()?);
    let question = InvoiceQuestion {
        usage: vec![in_january(made, contract, "US", 40_000)?, in_january(made, contract, "EU", 20_000)?],
        ..InvoiceQuestion::through("2025-11-01T00:00:00Z".parse()?)
    };
    let invoices = store.invoices(contract, &question, &PageRequest::default())?.items;
    let table: Vec<_> = invoices.iter().map(row).collect::<Outcome<_>>()?;
    println!("  date       type      status    lines     total");
    for row in &table {
        println!("  {row}");
    }
    Ok(table)
}

/// CPU hours, as they were measured elsewhere.
fn in_january(made: &Made, contract_id: ContractId, region: &str, cpu_hours: i64) -> Outcome<UsageQuantity> {
    Ok(UsageQuantity {
        contract_id,
        at: "2025-01-15T00:00:00Z".parse()?,
        of: RateQuestion {
            pricing_group_values: [("region".to_owned(), region.to_owned())].into(),
            ..RateQuestion::new(made.product)
        },
        quantity: cpu_hours.into(),
    })
}

fn row(invoice: &Invoice) -> Outcome<String> {
    let issued_at = invoice.issued_at.to_string();
    let date = issued_at.get(..10).unwrap_or(&issued_at);
    // Nothing here comes to a part of a cent.
    let cents: i64 = invoice.total.to_string().parse()?;
    let total = format!("{}.{:02}", cents / 100, cents % 100);
    let (invoice_type, status, lines) = (invoice.invoice_type, invoice.status, invoice.lines.len());
    Ok(format!("{date} {invoice_type:<9} {status:<9} {lines:>5} {total:>9}"))
}
