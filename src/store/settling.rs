//! Settling invoices: by hand, and those that a change of their contract would show otherwise.
//!
//! Nothing runs when an invoice is due. As long as the contract stays as it is, the invoice follows from it, with the
//! values, names and prices that had been recorded by then. A change of the contract first stores what had become due, and
//! then what it has brought about itself that is due already.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::charging::Charging;
use super::drafts::{self, days};
use super::invoice_lines::{Standing, statement};
use super::invoice_usage;
use super::invoices::{self, Located};
use super::{contract_read, entities};
use crate::entity::{ContractId, EntityId, InvoiceId, ManagedEntity};
use crate::error::{Fault, Result};
use crate::model::change::Collection;
use crate::model::contract::{ContractOrigin, ContractPart};
use crate::model::credit_type::CreditType;
use crate::model::invoice::{InvoiceStatement, InvoiceStatus, UsageQuantity};
use crate::model::scalar::{Amount, Time};
use crate::rules::invoice::id::{contract_tag, ids_of};
use crate::rules::invoice::{self, Term};
use crate::storage::member::Member;
use crate::storage::tables::TableId;
use crate::storage::{alias, collection, rows, settled};

/// Invoices of a contract that are to be stored.
pub type Due = Vec<(InvoiceId, InvoiceStatement)>;

/// The invoices of a contract that became due since it changed last, as they were then.
pub fn due(member: &Member<'_>, id: ContractId, origin: &ContractOrigin) -> Result<Due> {
    let now = member.now();
    let until = settled::until(member, id)?.unwrap_or(origin.created_at);
    let charging = Charging::of(member, id, origin.clone())?;
    // A usage invoice is due a day behind its date.
    due_of(member, &charging, until.plus_days(-1).unwrap_or(Time::FIRST), Some(now))
}

/// Stores invoices that became due before a contract was changed, and those that came to be with the change although
/// they are due already: all of these are dated at a moment or behind it, where there is one.
pub fn after_change(member: &Member<'_>, id: ContractId, due: Due, since: Option<Time>) -> Result<()> {
    if !due.is_empty() {
        settled::set_until(member, id, member.now())?;
        store(member, id, due)?;
    }
    if let Some(since) = since {
        let (_, origin) = contract_read::known(member, id)?;
        let charging = Charging::of(member, id, origin)?;
        store(member, id, due_of(member, &charging, since, None)?)?;
    }
    Ok(())
}

fn due_of(member: &Member<'_>, charging: &Charging, from: Time, recorded: Option<Time>) -> Result<Due> {
    let now = member.now();
    let found = drafts::on_days(member, charging, &days(from, from.max(now)), recorded)?;
    let due = found.drafts.into_iter().filter(|draft| draft.due <= now);
    let settled = due.map(|draft| {
        let standing = match recorded {
            Some(now) => Standing::of(&draft, now),
            None => Standing::at(InvoiceStatus::Finalized, now),
        };
        Ok((draft.id, statement(member, charging, &draft, standing)?))
    });
    settled.collect()
}

/// The first moment up to now at which the changed parts of a contract charge anything: what they charged before is
/// settled, or was never due.
pub fn charged_since<'p>(
    member: &Member<'_>,
    term: &Term,
    parts: impl IntoIterator<Item = (Uuid, &'p ContractPart)>,
) -> Result<Option<Time>> {
    let past = days(Time::FIRST, member.now());
    let mut first: Option<Time> = None;
    let mut any_price = |_, _| Ok(Some((Amount::ZERO, CreditType::USD_CENTS)));
    for (id, part) in parts {
        let charges = invoice::charges(id, part, term, &past, &mut any_price)?;
        first = charges.iter().map(|charge| charge.at).chain(first).min();
    }
    Ok(first)
}

fn store(member: &Member<'_>, id: ContractId, invoices: Due) -> Result<()> {
    if invoices.is_empty() {
        return Ok(());
    }
    let mut row = entities::known(member, id.into())?;
    settled::put(member, id, &mut row, invoices)
}

/// Finalises a draft, with the usage that is given.
pub fn finalize(member: &Member<'_>, id: InvoiceId, usage: &[UsageQuantity]) -> Result<()> {
    let now = member.now();
    let mut faults = Vec::new();
    let (charging, draft, status) = match invoices::known(member, id, now)? {
        Located::Settled(contract, _, statement) => {
            let (_, origin) = contract_read::known(member, contract)?;
            (Charging::of(member, contract, origin)?.into(), None, statement.status)
        }
        Located::Draft(charging, draft) => (charging, Some(draft.clone()), draft.status(now)),
    };
    if status != InvoiceStatus::Draft {
        faults.push(Fault::InvoiceSettled { target: id.into(), status });
    }
    let known = |contract| (contract == charging.id).then_some(&*charging);
    let usage = Fault::gather(invoice_usage::priced(member, usage, known), &mut faults)?;
    if let Some(draft) = &draft {
        faults.extend(invoice_usage::outside_of(usage.as_deref().unwrap_or_default(), draft.period));
    }
    Fault::none_of(faults)?;
    let Some(draft) = draft else { return Ok(()) };
    let mut settled = statement(member, &charging, &draft, Standing::at(InvoiceStatus::Finalized, now))?;
    invoice_usage::show(member, &charging, id, &mut settled, &usage.unwrap_or_default(), None)?;
    settled.usage_is_settled = true;
    store(member, charging.id, vec![(id, settled)])
}

/// Voids an invoice.
pub fn void(member: &Member<'_>, id: InvoiceId) -> Result<()> {
    let now = member.now();
    let (contract, settled) = match invoices::known(member, id, now)? {
        Located::Settled(_, _, statement) if statement.status == InvoiceStatus::Void => {
            return Err(Fault::InvoiceSettled { target: id.into(), status: InvoiceStatus::Void }.into());
        }
        Located::Settled(contract, _, statement) => (contract, statement),
        Located::Draft(charging, draft) => {
            let standing = match draft.status(now) {
                InvoiceStatus::Draft => Standing::at(InvoiceStatus::Void, now),
                _ => Standing::of(&draft, now),
            };
            (charging.id, statement(member, &charging, &draft, standing)?)
        }
    };
    store(member, contract, vec![(id, voided(settled))])
}

/// It was settled when it was finalised, and goes on showing what had been recorded by then.
fn voided(settled: InvoiceStatement) -> InvoiceStatement {
    InvoiceStatement { status: InvoiceStatus::Void, ..settled }
}

/// Voids all invoices of a contract that are settled.
pub fn void_all(member: &Member<'_>, id: ContractId) -> Result<()> {
    let (first, last) = ids_of(id);
    let settled = settled::between(member, id, first, last)?;
    let open = settled.into_iter().filter(|(_, statement)| statement.status != InvoiceStatus::Void);
    store(member, id, open.map(|(id, statement)| (id, voided(statement))).collect())
}

/// Takes away what leads to the invoices of a contract that is forgotten, and what is stored of them.
pub fn release(member: &Member<'_>, id: ContractId) -> Result<()> {
    let (first, last) = ids_of(id);
    let before = Uuid::from_u128(first.uuid().as_u128().saturating_sub(1)).into_bytes();
    let mut named = Vec::new();
    rows::scan_fields(member, ManagedEntity::Invoice, Some(&before), |invoice, row| {
        if invoice > last.uuid() {
            return ControlFlow::Break(());
        }
        named.push((InvoiceId::from(invoice), row));
        ControlFlow::Continue(())
    })?;
    for (invoice, row) in named {
        rows::forget(member, invoice.into(), &row)?;
    }
    collection::clear(member, Collection::ContractInvoices, id.uuid())?;
    settled::clear(member, id)?;
    alias::take(member, TableId::InvoiceTag, &drafts::tag_name(contract_tag(id)))
}
