//! What a contract charges: its parts, read once, and the charges that fall on some days.

use std::ops::Range;

use uuid::Uuid;

use super::{balances, contract_answers, contract_read};
use crate::entity::{CommitId, ContractId, EntityId};
use crate::error::Result;
use crate::id::CreditTypeId;
use crate::model::balance::Balance;
use crate::model::charge_line::DatedCharge;
use crate::model::contract::{ConsolidatedCharges, ContractOrigin, ContractPart, ContractTerms, PartKind};
use crate::model::contract_rate::RateQuestion;
use crate::model::credit_type::CreditType;
use crate::model::rate_card::RateCardRecord;
use crate::model::scalar::{Amount, Time};
use crate::model::subscription::{InvoicePlacement, SubscriptionTerms};
use crate::rules::invoice::placement::{UsageInvoices, usage_due};
use crate::rules::invoice::{self, Term};
use crate::storage::rows;
use crate::storage::versions::{self, AsOf, PartId};
use crate::storage::view::Reader;

/// The parts that charge something on dates.
const CHARGING: [PartKind; 6] = [
    PartKind::Commit,
    PartKind::RecurringCommit,
    PartKind::ScheduledCharge,
    PartKind::Discount,
    PartKind::ProfessionalService,
    PartKind::Subscription,
];

/// A contract with all that says what it charges.
pub struct Charging {
    pub id: ContractId,
    pub origin: ContractOrigin,
    pub terms: ContractTerms,
    /// What its usage invoices are in.
    pub credit_type_id: CreditTypeId,
    pub term: Term,
    parts: Vec<(PartId, ContractPart)>,
    /// The commits of its customer that it is charged for.
    commits: Vec<(CommitId, Balance)>,
}

impl Charging {
    pub fn of(reader: &impl Reader, id: ContractId, origin: ContractOrigin) -> Result<Self> {
        let terms = contract_read::terms(reader, id)?;
        let card: Option<RateCardRecord> = match origin.rate_card_id {
            Some(card) => rows::record(reader, card.uuid())?,
            None => None,
        };
        let mut parts = Vec::new();
        let mut commits = Vec::new();
        // What an archived contract charged was settled when it was archived.
        if terms.archived_at.is_none() {
            for kind in CHARGING {
                parts.extend(versions::parts(reader, id.uuid(), Some(kind), AsOf::Now)?);
            }
            commits = balances::charged_to(reader, id)?;
        }
        let term = Term::of(&origin, terms.ending_before);
        let credit_type_id = card.map_or(CreditType::USD_CENTS, |card| card.fiat_credit_type);
        Ok(Self { id, origin, terms, credit_type_id, term, parts, commits })
    }

    /// Whether a moment is in one of the contract's statement periods.
    pub fn has_usage_at(&self, at: Time) -> bool {
        let invoices = self.usage_invoices();
        invoices.first <= at && invoices.end.is_none_or(|end| at < end)
    }

    pub fn is_archived(&self) -> bool {
        self.terms.archived_at.is_some()
    }

    pub fn usage_invoices(&self) -> UsageInvoices {
        let consolidates = self.origin.scheduled_charges_on_usage_invoices == Some(ConsolidatedCharges::All);
        UsageInvoices::of(&self.term, self.credit_type_id, consolidates)
    }

    /// What falls due on some days, by part. A charge that was due before now has the price that had been recorded when
    /// it was, unless the contract only came to charge it with what is written now. `takes_in` says of a period's start
    /// whether its usage invoice takes in charges.
    pub fn charges(
        &self,
        reader: &impl Reader,
        days: &Range<Time>,
        now: Option<Time>,
        takes_in: impl Fn(Time) -> bool,
    ) -> Result<Vec<DatedCharge>> {
        let mut found = Vec::new();
        for (id, balance) in &self.commits {
            found.extend(invoice::commit(*id, balance, days));
        }
        for (id, part) in &self.parts {
            let mut price = |moment: Time, at: Time| match part {
                ContractPart::Subscription(subscription) => {
                    let terms = &subscription.terms;
                    let price = |as_of| self.price(reader, terms, moment, as_of);
                    self.price_when_final(terms, at, now, &takes_in, price)
                }
                _ => Ok(None),
            };
            found.extend(invoice::charges(Uuid::from_bytes(*id), part, &self.term, days, &mut price)?);
        }
        Ok(found)
    }

    /// The price of what a subscription charges at a moment as it had been recorded when its invoice became final, or
    /// as it is where that is to come. On a usage invoice it is only in that one's credit type: in any other, and where
    /// there is none that takes it in, it is on that of its day.
    fn price_when_final(
        &self,
        terms: &SubscriptionTerms,
        at: Time,
        now: Option<Time>,
        takes_in: impl Fn(Time) -> bool,
        price: impl Fn(Option<Time>) -> Result<Option<(Amount, CreditTypeId)>>,
    ) -> Result<Option<(Amount, CreditTypeId)>> {
        let past = |due: Time| now.filter(|now| due <= *now).map(|_| due);
        let alone = terms.invoice_placement == Some(InvoicePlacement::OnScheduledInvoice);
        let period = self.usage_invoices().ending_on_the_day_of(at).filter(|_| !alone);
        let of_its_day = price(past(at))?;
        let elsewhere = of_its_day.is_some_and(|(_, unit)| unit != self.credit_type_id);
        match period {
            Some((start, end)) if past(at).is_some() && !elsewhere && takes_in(start) => {
                price(past(usage_due(end)))
            }
            _ => Ok(of_its_day),
        }
    }

    fn price(
        &self,
        reader: &impl Reader,
        terms: &SubscriptionTerms,
        moment: Time,
        as_of: Option<Time>,
    ) -> Result<Option<(Amount, CreditTypeId)>> {
        let billing_frequency = Some(terms.billing_frequency);
        let question = RateQuestion { billing_frequency, ..RateQuestion::new(terms.product_id) };
        let rate = contract_answers::price_of_any(reader, self.id, &self.origin, &question, moment, as_of)?;
        let Some(rate) = rate.filter(|rate| rate.entitled) else { return Ok(None) };
        let unit = rate.unit().unwrap_or(self.credit_type_id);
        Ok(rate.in_force().price.map(|price| (price, unit)))
    }
}
