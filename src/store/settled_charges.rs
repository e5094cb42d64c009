//! What an edit may not do, because invoices are settled: change a charge that is on one, archive a commit or charge
//! with one that is to be paid, or end a contract before one where the edit says so.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::settling::Due;
use crate::entity::{ContractId, InvoiceId};
use crate::error::{Fault, Result};
use crate::id::ScheduleItemId;
use crate::model::charge_line::LineSource;
use crate::model::contract::{ContractOrigin, ContractPart};
use crate::model::contract_edit::UpdateInvoiceSchedule;
use crate::model::invoice::{InvoiceStatement, InvoiceStatus};
use crate::model::scalar::Time;
use crate::model::schedule::InvoiceSchedule;
use crate::rules::invoice::id::{InvoiceKey, KeyOf, contract_tag, first_of_day, ids_of};
use crate::rules::statement::boundaries;
use crate::storage::member::Member;
use crate::storage::settled;

/// The charges of a contract that are on settled invoices, and on those that are about to be stored.
pub struct SettledCharges<'a, 'm> {
    member: &'a Member<'m>,
    contract: ContractId,
    due: BTreeMap<LineSource, InvoiceId>,
    /// How the invoices stand that were looked up, and those that are about to be stored.
    statuses: BTreeMap<InvoiceId, InvoiceStatus>,
}

impl<'a, 'm> SettledCharges<'a, 'm> {
    pub fn of(member: &'a Member<'m>, contract: ContractId, due: &Due) -> Self {
        let sources = |(id, statement): &(InvoiceId, InvoiceStatement)| {
            let id = *id;
            statement.lines.iter().map(move |line| (line.source, id)).collect::<Vec<_>>()
        };
        let statuses = due.iter().map(|(id, statement)| (*id, statement.status)).collect();
        Self { member, contract, due: due.iter().flat_map(sources).collect(), statuses }
    }

    /// The settled invoice that a charge is on, and how it stands.
    fn invoice(&mut self, source: LineSource) -> Result<Option<(InvoiceId, InvoiceStatus)>> {
        let pending = self.due.get(&source).copied();
        let found = match pending {
            Some(id) => Some(id),
            None => settled::charged_on(self.member, self.contract, source)?,
        };
        let Some(id) = found else { return Ok(None) };
        if let Some(status) = self.statuses.get(&id) {
            return Ok(Some((id, *status)));
        }
        let status = settled::status(self.member, self.contract, id)?;
        self.statuses.extend(status.map(|status| (id, status)));
        Ok(status.map(|status| (id, status)))
    }

    /// The faults of a change of an invoice schedule: of an item on a finalised invoice, and of one that is to go and
    /// is on a void one. `at` stands in front of the names of its fields.
    pub fn change_faults(
        &mut self,
        at: &str,
        update: &UpdateInvoiceSchedule,
        source: impl Fn(ScheduleItemId) -> LineSource,
    ) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        let updated = update.update_schedule_items.iter().map(|item| item.id).enumerate();
        for (place, id) in updated {
            let field = format!("{at}update_schedule_items[{place}].id");
            let found = self.invoice(source(id))?.filter(|(_, status)| *status == InvoiceStatus::Finalized);
            faults.extend(found.map(|found| fault(field, found)));
        }
        for (place, id) in update.remove_schedule_items.iter().enumerate() {
            let field = format!("{at}remove_schedule_items[{place}].id");
            faults.extend(self.invoice(source(*id))?.map(|found| fault(field, found)));
        }
        Ok(faults)
    }

    /// The faults of a commit or scheduled charge that is to be archived: one for each finalised invoice that a charge
    /// of it is on.
    pub fn archive_faults(&mut self, field: &str, id: Uuid, part: &ContractPart) -> Result<Vec<Fault>> {
        let mut found = BTreeSet::new();
        for source in sources(id, part) {
            found.extend(self.invoice(source)?.filter(|(_, status)| *status == InvoiceStatus::Finalized));
        }
        Ok(found.into_iter().map(|found| fault(field.to_owned(), found)).collect())
    }
}

fn fault(field: String, (invoice, status): (InvoiceId, InvoiceStatus)) -> Fault {
    Fault::OnASettledInvoice { field, invoice: invoice.into(), status }
}

/// What the items of the schedule of a commit or scheduled charge are charged as.
fn sources(id: Uuid, part: &ContractPart) -> Vec<LineSource> {
    let items = |schedule: Option<&InvoiceSchedule>, source: &dyn Fn(ScheduleItemId) -> LineSource| {
        let items = schedule.into_iter().flat_map(|schedule| &schedule.schedule_items);
        items.map(|item| source(item.id)).collect()
    };
    match part {
        ContractPart::Commit(commit) => {
            items(commit.invoice_schedule.as_ref(), &|item| LineSource::Commit { id: id.into(), item })
        }
        ContractPart::ScheduledCharge(charge) => {
            items(Some(&charge.schedule), &|item| LineSource::ScheduledCharge { id: id.into(), item })
        }
        _ => Vec::new(),
    }
}

/// The faults of an end that is before the date of finalised invoices, stored or about to be, by date.
pub fn end_faults(
    member: &Member<'_>,
    contract: ContractId,
    origin: &ContractOrigin,
    due: &Due,
    end: Time,
) -> Result<Vec<Fault>> {
    let tag = contract_tag(contract);
    let usage = |boundary| InvoiceKey { contract_tag: tag, of: KeyOf::Usage { boundary, nth: 0 } }.id();
    let around = boundaries(&origin.usage_statement_schedule).at_or_before(end);
    let ranges =
        [(first_of_day(tag, end.first_of_day()), usage(i64::MIN)), (usage(around), ids_of(contract).1)];
    let mut behind = BTreeSet::new();
    let mut look_at = |id: InvoiceId, statement: &InvoiceStatement| {
        if statement.status == InvoiceStatus::Finalized && end < statement.issued_at {
            behind.insert((statement.issued_at, id));
        }
    };
    for (first, last) in ranges {
        let settled = settled::between(member, contract, first, last)?;
        settled.iter().for_each(|(id, statement)| look_at(*id, statement));
    }
    due.iter().for_each(|(id, statement)| look_at(*id, statement));
    let field = || "update_contract_end_date".to_owned();
    Ok(behind.into_iter().map(|(_, id)| fault(field(), (id, InvoiceStatus::Finalized))).collect())
}
