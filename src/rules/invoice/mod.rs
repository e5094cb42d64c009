//! Invoices as they follow from a contract: what it charges and when, on which invoice that is, when the invoice is
//! final, and what its id is.
//!
//! Nothing here is stored or walked to: the charges of a window of time are worked out from the parts as they are,
//! and those of two windows side by side are those of both together.

pub mod id;
mod part;
pub mod placement;
mod subscription;

pub use part::{commit, discount, professional_service, recurring_commit, scheduled_charge};
pub use subscription::subscription;

use std::ops::Range;

use uuid::Uuid;

use crate::error::Result;
use crate::id::CreditTypeId;
use crate::model::charge_line::DatedCharge;
use crate::model::contract::ContractPart;
use crate::model::scalar::{Amount, Time};
use crate::model::statement::StatementSchedule;

/// The time of a contract, and how its usage is invoiced.
#[derive(Debug, Clone, Copy)]
pub struct Term {
    pub starting_at: Time,
    pub ending_before: Option<Time>,
    pub statements: StatementSchedule,
}

/// What a part of a contract charges in a window of time, by time: nothing where it is archived, because what was due
/// before that is stored already.
///
/// `price` is what one of a subscription costs at a moment, and in what; `None` where no rate is in force then, or the
/// contract is not entitled to it: nothing is charged there.
pub fn charges(
    id: Uuid,
    part: &ContractPart,
    term: &Term,
    window: &Range<Time>,
    price: &mut impl FnMut(Time, Time) -> Result<Option<(Amount, CreditTypeId)>>,
) -> Result<Vec<DatedCharge>> {
    Ok(match part {
        ContractPart::Commit(balance) => commit(id.into(), balance, window),
        ContractPart::RecurringCommit(recurring) => recurring_commit(id.into(), recurring, term, window),
        ContractPart::ScheduledCharge(charge) => scheduled_charge(id.into(), charge, window),
        ContractPart::Discount(charge) => discount(id.into(), charge, window),
        ContractPart::ProfessionalService(service) => professional_service(id.into(), service, term, window),
        ContractPart::Subscription(part) => subscription(id.into(), part, term, window, price)?,
        ContractPart::Terms(_)
        | ContractPart::Settings(_)
        | ContractPart::UsageFilter(_)
        | ContractPart::Credit(_)
        | ContractPart::RecurringCredit(_)
        | ContractPart::Override(_) => Vec::new(),
    })
}
