//! Invoices that nothing is stored of: which ones a contract gives rise to on some days, and what is charged on each.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use super::charging::Charging;
use crate::entity::{ContractId, InvoiceId};
use crate::error::Result;
use crate::id::CreditTypeId;
use crate::model::charge_line::DatedCharge;
use crate::model::invoice::{InvoiceStatement, InvoiceStatus, InvoiceType};
use crate::model::scalar::Time;
use crate::model::statement::StatementPeriod;
use crate::rules::invoice::id::{self, InvoiceKey, KeyOf};
use crate::rules::invoice::placement::{Place, UsageInvoices, scheduled_due, usage_due};
use crate::storage::alias;
use crate::storage::settled;
use crate::storage::tables::TableId;
use crate::storage::view::Reader;

/// An invoice that nothing is stored of.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub id: InvoiceId,
    pub credit_type_id: CreditTypeId,
    /// Of a usage invoice.
    pub period: Option<StatementPeriod>,
    pub issued_at: Time,
    /// When it is finalised by itself.
    pub due: Time,
    /// In the order of its lines.
    pub charges: Vec<DatedCharge>,
}

impl Draft {
    pub fn invoice_type(&self) -> InvoiceType {
        if self.period.is_some() { InvoiceType::Usage } else { InvoiceType::Scheduled }
    }

    /// It is final by itself once it is due.
    pub fn status(&self, now: Time) -> InvoiceStatus {
        if self.due <= now { InvoiceStatus::Finalized } else { InvoiceStatus::Draft }
    }
}

/// The invoices of a contract that are dated on some days: those that are settled, and the others.
pub struct Invoices {
    pub settled: BTreeMap<InvoiceId, InvoiceStatement>,
    pub drafts: Vec<Draft>,
}

/// The contract that an id of an invoice leads to.
pub fn contract_of(reader: &impl Reader, tag: u64) -> Result<Option<ContractId>> {
    let found = alias::holder(reader, TableId::InvoiceTag, &tag_name(tag))?;
    Ok(found.map(ContractId::from))
}

/// The name that leads from ids of invoices to their contract.
pub fn tag_name(tag: u64) -> String {
    format!("{tag:013x}")
}

/// The UTC days from that of one moment to that of another, inclusive.
pub fn days(from: Time, to: Time) -> Range<Time> {
    from.first_of_day()..to.first_of_day().plus_days(1).unwrap_or(Time::LAST)
}

/// The invoices of a contract that are dated on some days, which are whole.
///
/// `now` is what time it is, for prices as they were recorded when a charge fell due. Where there is none, as where
/// the charges only came to be with what is written at this moment, prices are those of now.
pub fn on_days(
    reader: &impl Reader,
    charging: &Charging,
    days: &Range<Time>,
    now: Option<Time>,
) -> Result<Invoices> {
    let ids = Ids { tag: id::contract_tag(charging.id), usage: charging.usage_invoices() };
    let numbers = ids.numbers(days);
    let usage = ids.usage_settled(reader, charging.id, &numbers)?;
    let mut settled = ids.scheduled_settled(reader, charging.id, days)?;
    let mut open = if charging.is_archived() { BTreeMap::new() } else { ids.open(&numbers, days, &usage) };
    let mut scheduled: BTreeMap<(Time, CreditTypeId), Vec<DatedCharge>> = BTreeMap::new();
    let takes_in = |start| open.contains_key(&ids.usage.number(start));
    for charge in charging.charges(reader, days, now, takes_in)? {
        if settled::charged_on(reader, charging.id, charge.source)?.is_some() {
            continue;
        }
        match ids.usage.place(&charge, |start| Ok(!open.contains_key(&ids.usage.number(start))))? {
            Place::Usage { period: (start, _) } => {
                let draft = open.get_mut(&ids.usage.number(start));
                draft.into_iter().for_each(|draft| draft.charges.push(charge.clone()));
            }
            Place::Scheduled { day, credit_type_id } => {
                scheduled.entry((day, credit_type_id)).or_default().push(charge);
            }
        }
    }
    let mut drafts: Vec<_> = open.into_values().collect();
    drafts.extend(scheduled.into_iter().filter_map(|(key, charges)| ids.scheduled(key, charges, &settled)));
    for draft in &mut drafts {
        draft.charges.sort_by_key(|charge| (charge.at, charge.source));
    }
    settled.extend(usage.into_iter().filter(|(_, invoice)| days.contains(&invoice.issued_at)));
    Ok(Invoices { settled, drafts })
}

/// What the ids of a contract's invoices are made of.
struct Ids {
    tag: u64,
    usage: UsageInvoices,
}

impl Ids {
    fn id(&self, of: KeyOf) -> InvoiceId {
        InvoiceKey { contract_tag: self.tag, of }.id()
    }

    /// The numbers of the periods that may end on some days, whenever the contract ends: an invoice that was settled
    /// stays where the contract came to end before it.
    fn numbers(&self, days: &Range<Time>) -> RangeInclusive<i64> {
        let first = self.usage.number(self.usage.first);
        (self.usage.number(days.start) - 1).max(first)..=self.usage.number(days.end)
    }

    fn usage_settled(
        &self,
        reader: &impl Reader,
        contract: ContractId,
        numbers: &RangeInclusive<i64>,
    ) -> Result<BTreeMap<InvoiceId, InvoiceStatement>> {
        let first = self.id(KeyOf::Usage { boundary: *numbers.start(), nth: 0 });
        let last = self.id(KeyOf::Usage { boundary: *numbers.end(), nth: u16::MAX });
        settled::between(reader, contract, first, last)
    }

    fn scheduled_settled(
        &self,
        reader: &impl Reader,
        contract: ContractId,
        days: &Range<Time>,
    ) -> Result<BTreeMap<InvoiceId, InvoiceStatement>> {
        let first = id::first_of_day(self.tag, days.start);
        let behind = id::first_of_day(self.tag, days.end);
        let mut found = settled::between(reader, contract, first, behind)?;
        found.remove(&behind);
        Ok(found)
    }

    /// The usage invoices dated on some days that take in charges, by number. Of a period that was settled and
    /// lasts longer now, because the contract's end was moved back, the rest has an invoice of its own.
    fn open(
        &self,
        numbers: &RangeInclusive<i64>,
        days: &Range<Time>,
        settled: &BTreeMap<InvoiceId, InvoiceStatement>,
    ) -> BTreeMap<i64, Draft> {
        let last = self.usage.end.map_or(i64::MAX, |end| self.usage.number(end));
        let draft = |number: i64| {
            let (start, ending_before) = self.usage.period(number)?;
            let id = |nth| self.id(KeyOf::Usage { boundary: number, nth });
            let parts = settled.range(id(0)..=id(u16::MAX)).map(|(_, invoice)| invoice.period);
            let nth = u16::try_from(parts.clone().count()).unwrap_or(u16::MAX);
            let covered = parts.flatten().map(|part| part.ending_before).max();
            let starting_at = covered.unwrap_or(start);
            let draft = Draft {
                id: id(nth),
                credit_type_id: self.usage.credit_type_id,
                period: Some(StatementPeriod { starting_at, ending_before }),
                issued_at: ending_before,
                due: usage_due(ending_before),
                charges: Vec::new(),
            };
            (starting_at < ending_before && days.contains(&ending_before)).then_some((number, draft))
        };
        (*numbers.start()..=last.min(*numbers.end())).filter_map(draft).collect()
    }

    fn scheduled(
        &self,
        (day, credit_type_id): (Time, CreditTypeId),
        charges: Vec<DatedCharge>,
        settled: &BTreeMap<InvoiceId, InvoiceStatement>,
    ) -> Option<Draft> {
        let due = scheduled_due(&charges)?;
        let same = |invoice: &&InvoiceStatement| {
            invoice.credit_type_id == credit_type_id && invoice.issued_at.first_of_day() == day
        };
        let nth = u16::try_from(settled.values().filter(same).count()).unwrap_or(u16::MAX);
        let id = self.id(KeyOf::Scheduled {
            day,
            credit_type_digest: id::credit_type_digest(credit_type_id),
            nth,
        });
        Some(Draft { id, credit_type_id, period: None, issued_at: due, due, charges })
    }
}
