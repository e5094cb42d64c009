//! Invoices: one, and lists of them.

use std::time::Duration;

use super::charging::Charging;
use super::drafts::{self, Draft, Invoices, days};
use super::find::cut;
use super::invoice_lines::{Standing, statement};
use super::invoice_search::{Search, place_bytes, place_of};
use super::invoice_usage::{self, PricedUsage};
use super::{contract_read, contracts, custom_fields, entities};
use crate::entity::{ContractId, CustomerId, InvoiceId};
use crate::error::{Error, Fault, Result};
use crate::model::invoice::{Invoice, InvoiceQuestion, InvoiceStatement, InvoiceStatus, InvoicesOf};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::model::scalar::{Amount, Time};
use crate::rules::invoice::id::{self, KeyOf};
use crate::rules::invoice::placement::usage_due;
use crate::storage::catalog::Catalog;
use crate::storage::view::Reader;
use crate::storage::{rows, settled};

/// The shortest time that two moments are apart.
const MOMENT: Duration = Duration::from_nanos(1);

/// An invoice as it was found: settled, or as its contract gives rise to it.
pub enum Found {
    Settled(InvoiceStatement),
    Draft(Draft),
}

impl Found {
    pub fn issued_at(&self) -> Time {
        match self {
            Self::Settled(statement) => statement.issued_at,
            Self::Draft(draft) => draft.issued_at,
        }
    }
}

/// An invoice with what it comes from: that of a settled one says it without what its contract charges.
pub enum Located {
    Settled(ContractId, CustomerId, InvoiceStatement),
    Draft(Box<Charging>, Draft),
}

/// An invoice; `None` where there is none of that id.
pub fn find(reader: &impl Reader, id: InvoiceId, now: Time) -> Result<Option<Located>> {
    let Some(key) = id::read(id) else { return Ok(None) };
    let Some(contract) = drafts::contract_of(reader, key.contract_tag)? else { return Ok(None) };
    let (_, origin) = contract_read::known(reader, contract)?;
    if let Some(statement) = settled::get(reader, contract, id)? {
        return Ok(Some(Located::Settled(contract, origin.customer_id, statement)));
    }
    let charging = Charging::of(reader, contract, origin)?;
    let range = match key.of {
        KeyOf::Scheduled { day, .. } => days(day, day),
        KeyOf::Usage { boundary, .. } => match charging.usage_invoices().period(boundary) {
            Some((_, end)) => days(end, end),
            // The contract may end before it by now.
            None => Time::FIRST..Time::FIRST,
        },
    };
    let Invoices { drafts, .. } = drafts::on_days(reader, &charging, &range, Some(now))?;
    let found = drafts.into_iter().find(|draft| draft.id == id);
    Ok(found.map(|draft| Located::Draft(charging.into(), draft)))
}

/// Whether a contract gives rise to an invoice, or did and it is settled.
pub fn exists(reader: &impl Reader, id: InvoiceId) -> Result<bool> {
    Ok(find(reader, id, Time::LAST)?.is_some())
}

/// As [`find`], or the fault that there is none.
pub fn known(reader: &impl Reader, id: InvoiceId, now: Time) -> Result<Located> {
    if let Some(found) = find(reader, id, now)? {
        return Ok(found);
    }
    let target = id.into();
    let has_values = rows::fields(reader, target)?.is_some();
    Err(if has_values { Fault::NothingButAnId { target } } else { Fault::InstanceNotFound { target } }.into())
}

pub fn get(reader: &impl Reader, id: InvoiceId, now: Time) -> Result<Invoice> {
    match known(reader, id, now)? {
        Located::Settled(contract, customer, statement) => {
            complete(reader, customer, contract, id, statement)
        }
        Located::Draft(charging, draft) => shown(reader, &charging, id, Found::Draft(draft), &[], now),
    }
}

/// An invoice with the usage of a question.
fn shown(
    reader: &impl Reader,
    charging: &Charging,
    id: InvoiceId,
    found: Found,
    usage: &[PricedUsage],
    now: Time,
) -> Result<Invoice> {
    let mut statement = match found {
        Found::Settled(statement) => statement,
        Found::Draft(draft) => statement(reader, charging, &draft, Standing::of(&draft, now))?,
    };
    let as_of = recorded_before(&statement);
    invoice_usage::show(reader, charging, id, &mut statement, usage, as_of)?;
    complete(reader, charging.origin.customer_id, charging.id, id, statement)
}

/// An invoice with its values and its total.
fn complete(
    reader: &impl Reader,
    customer_id: CustomerId,
    contract_id: ContractId,
    id: InvoiceId,
    statement: InvoiceStatement,
) -> Result<Invoice> {
    let counted = statement.lines.iter().filter(|line| line.credit_type_id == statement.credit_type_id);
    let total = Amount::total(&counted.map(|line| line.total));
    let row = rows::fields(reader, id.into())?;
    Ok(Invoice {
        id,
        customer_id,
        contract_id,
        custom_fields: row.map(|row| custom_fields::named(reader, row)).unwrap_or_default(),
        statement,
        total,
    })
}

/// What a settled invoice shows had been recorded before this moment: that at which it is final by itself, or the
/// first one behind the call that settled it.
fn recorded_before(statement: &InvoiceStatement) -> Option<Time> {
    let by_itself = statement.period.map(|period| usage_due(period.ending_before));
    let settled_at = statement.settled_at;
    let moment = if by_itself == Some(settled_at) { settled_at } else { settled_at.after(MOMENT) };
    (statement.status != InvoiceStatus::Draft).then_some(moment)
}

/// A page of the invoices of a contract, or of all contracts of a customer.
pub fn page(
    reader: &impl Reader,
    of: InvoicesOf,
    question: &InvoiceQuestion,
    page: &PageRequest,
    now: Time,
) -> Result<Page<Invoice>> {
    let mut faults = Vec::new();
    // Up to when is no part of it: a list of all up to now goes on while the clock does.
    let conditions = InvoiceQuestion { through: Time::FIRST, ..question.clone() };
    let asked = Question::filtered("invoices", &[format!("{of:?}"), format!("{conditions:?}")]);
    let store = reader.with_catalog(Catalog::store);
    let after = Fault::gather(page.resume(store, &asked), &mut faults)?.flatten();
    let contracts = Fault::gather(contracts_of(reader, of, question), &mut faults)?.unwrap_or_default();
    let known = |id: ContractId| contracts.iter().find(|charging| charging.id == id);
    let usage = Fault::gather(invoice_usage::priced(reader, &question.usage, known), &mut faults)?;
    Fault::none_of(faults)?;
    let usage = usage.unwrap_or_default();
    let after = after.map(place_of).transpose()?;
    let found = Search { reader, contracts: &contracts, question, now, after }.run(page.limit + 1)?;
    let found = cut(found, page.limit, |last| Cursor::new(store, asked, &place_bytes(last.place())));
    let shown = found.items.into_iter().map(|hit| {
        let charging =
            contracts.get(hit.contract).ok_or_else(|| Error::corrupt("an invoice of no contract"))?;
        shown(reader, charging, hit.id, hit.found, &usage, now)
    });
    Ok(Page { items: shown.collect::<Result<_>>()?, next: found.next })
}

/// The contracts that are asked about, with what they charge.
fn contracts_of(reader: &impl Reader, of: InvoicesOf, question: &InvoiceQuestion) -> Result<Vec<Charging>> {
    let ids = match of {
        InvoicesOf::Contract(id) => {
            contract_read::known(reader, id)?;
            vec![id]
        }
        InvoicesOf::Customer(id) => {
            entities::known(reader, id.into())?;
            contracts::all_of(reader, id)?.into_iter().map(|(id, _)| id).collect()
        }
    };
    let asked = ids.into_iter().filter(|id| question.contract_id.is_none_or(|asked| asked == *id));
    let charging = |id| {
        let (_, origin) = contract_read::known(reader, id)?;
        Charging::of(reader, id, origin)
    };
    asked.map(charging).collect()
}
