//! What invoices show: lines with names and products, and the values that are passed down to them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::charging::Charging;
use super::drafts::Draft;
use super::past_values;
use crate::entity::{ContractProductId, EntityId, EntityRef, InvoiceId};
use crate::error::Result;
use crate::model::charge_line::DatedCharge;
use crate::model::invoice::{InvoiceLine, InvoiceStatement, InvoiceStatus, InvoicedProduct};
use crate::model::product::ProductRecord;
use crate::model::scalar::Time;
use crate::model::statement::StatementPeriod;
use crate::rules::invoice::id::line_id;
use crate::storage::rows;
use crate::storage::view::Reader;

/// How an invoice stands, and what of the store it shows.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub status: InvoiceStatus,
    /// When it is settled, or was.
    pub settled_at: Time,
    /// It shows what had been recorded before this moment; `None` for what is recorded now.
    pub as_of: Option<Time>,
}

impl Standing {
    /// That of an invoice that is settled at this moment, and shows what is recorded now.
    pub fn at(status: InvoiceStatus, now: Time) -> Self {
        Self { status, settled_at: now, as_of: None }
    }

    /// That of an invoice that nothing is stored of.
    pub fn of(draft: &Draft, now: Time) -> Self {
        let status = draft.status(now);
        Self {
            status,
            settled_at: draft.due,
            as_of: (status == InvoiceStatus::Finalized).then_some(draft.due),
        }
    }
}

/// What an invoice says that nothing is stored of, without usage.
pub fn statement(
    reader: &impl Reader,
    charging: &Charging,
    draft: &Draft,
    standing: Standing,
) -> Result<InvoiceStatement> {
    let mut statement = InvoiceStatement {
        status: standing.status,
        invoice_type: draft.invoice_type(),
        credit_type_id: draft.credit_type_id,
        period: draft.period,
        issued_at: draft.issued_at,
        settled_at: standing.settled_at,
        usage_is_settled: false,
        net_payment_terms_days: charging.terms.net_payment_terms_days,
        lines: Vec::new(),
        passed_down: BTreeMap::new(),
    };
    let mut showing = Showing::new(reader, standing.as_of, draft.issued_at);
    showing.pass_down(charging.origin.customer_id)?;
    showing.pass_down(charging.id)?;
    for charge in &draft.charges {
        statement.lines.push(showing.line(draft.id, charge)?);
    }
    statement.passed_down = showing.passed_down;
    Ok(statement)
}

/// What lines need of the store, read once each.
pub struct Showing<'r, R> {
    reader: &'r R,
    as_of: Option<Time>,
    at: Time,
    products: BTreeMap<ContractProductId, (String, Option<InvoicedProduct>)>,
    pub passed_down: BTreeMap<EntityRef, BTreeMap<String, String>>,
}

impl<'r, R: Reader> Showing<'r, R> {
    /// Shows what had been recorded before `as_of`, or is recorded now, of the date `at`.
    pub fn new(reader: &'r R, as_of: Option<Time>, at: Time) -> Self {
        Self { reader, as_of, at, products: BTreeMap::new(), passed_down: BTreeMap::new() }
    }

    pub fn pass_down(&mut self, from: impl Into<EntityRef>) -> Result<()> {
        if let Entry::Vacant(place) = self.passed_down.entry(from.into()) {
            let values = past_values::values(self.reader, *place.key(), self.as_of)?;
            if !values.is_empty() {
                place.insert(values);
            }
        }
        Ok(())
    }

    /// A product's name, and what a line shows of it; its id alone where nothing else is known of it any more.
    pub fn product(&mut self, id: ContractProductId) -> Result<(String, Option<InvoicedProduct>)> {
        if let Some(known) = self.products.get(&id) {
            return Ok(known.clone());
        }
        self.pass_down(id)?;
        let record: Option<ProductRecord> = rows::record(self.reader, id.uuid())?;
        let shown = match record {
            Some(record) => {
                let state = record.state_as_of(self.at, self.as_of);
                let product_type = record.product_type;
                (state.name, Some(InvoicedProduct { id, product_type, tags: state.tags }))
            }
            None => (id.to_string(), None),
        };
        self.products.insert(id, shown.clone());
        Ok(shown)
    }

    fn line(&mut self, invoice: InvoiceId, charge: &DatedCharge) -> Result<InvoiceLine> {
        let (product_name, product) = self.product(charge.product_id)?;
        if let Some(from) = charge.source.passes_down() {
            self.pass_down(from)?;
        }
        let period = |(starting_at, ending_before)| StatementPeriod { starting_at, ending_before };
        Ok(InvoiceLine {
            id: line_id(invoice, &charge.source, 0),
            source: charge.source,
            name: charge.name.clone().unwrap_or(product_name),
            product,
            unit_price: Some(charge.unit_price),
            quantity: charge.quantity,
            total: charge.total,
            credit_type_id: charge.credit_type_id,
            period: charge.period.map(period),
            commit_type: charge.commit_type,
            is_prorated: charge.is_prorated,
            pricing_group_values: BTreeMap::new(),
            presentation_group_values: BTreeMap::new(),
            tier: None,
        })
    }
}
