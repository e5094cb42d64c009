//! A customer with a contract for the year 2025, and what its parts are made of.

use std::ops::Deref;

use billfold::prelude::*;

use super::catalog::at;
use super::ready::{self, Ready};

pub struct Provisioned {
    pub ready: Ready,
    pub contract: ContractId,
    /// A usage product, tagged `cloud`, for 100 cents. Of `seats` one is 1,000 cents a month.
    pub usage: ContractProductId,
}

impl Deref for Provisioned {
    type Target = Ready;

    fn deref(&self) -> &Ready {
        &self.ready
    }
}

/// Midnight of a day of 2025, such as `03-31`.
pub fn day(day: &str) -> Time {
    at(&format!("2025-{day}T00:00:00Z"))
}

pub fn number(text: &str) -> Amount {
    text.parse().unwrap()
}

pub fn provisioned() -> Provisioned {
    provisioned_in(StoreOptions::new())
}

/// In a store with these options. The clock stands at the contract's start.
pub fn provisioned_in(options: StoreOptions) -> Provisioned {
    let clock = SetClock::default();
    clock.set(day("01-01"));
    let store = options.clock_from(&clock).in_memory().unwrap();
    on(store, clock)
}

/// In that store, which goes by that clock.
pub fn on(store: Store, clock: SetClock) -> Provisioned {
    let ready = Ready::on(store, clock, day("01-01"), [100, 1_000]);
    let year = CreateContract {
        name: Some("a year".into()),
        starting_at: day("01-01"),
        ending_before: Some(at("2026-01-01T00:00:00Z")),
        ..ready.plain()
    };
    let contract = ready.store.create_contract(year).unwrap();
    let usage = ready.cloud;
    Provisioned { ready, contract, usage }
}

pub fn segment(amount: i64, from: Time, to: Time) -> CreateAccessItem {
    CreateAccessItem { amount: amount.into(), starting_at: from, ending_before: to }
}

pub fn charge(amount: i64, timestamp: Time) -> CreateInvoiceItem {
    CreateInvoiceItem { timestamp, price: Amount::from(amount).into() }
}

/// Five percent off from the contract's start on, for products with that tag.
pub fn five_percent_off(tag: &str) -> OverrideTerms {
    OverrideTerms {
        override_type: Some(OverrideType::Multiplier),
        multiplier: Some(number("0.95")),
        applicable_product_tags: vec![tag.into()],
        ..OverrideTerms::new(day("01-01"))
    }
}

impl Provisioned {
    pub fn edit(&self, edit: EditContract) -> Result<ContractEditId, Error> {
        self.store.edit_contract(self.contract, edit)
    }

    pub fn update(&self, updates: PartUpdates) -> Result<ContractEditId, Error> {
        self.edit(EditContract { updates, ..Default::default() })
    }

    pub fn now(&self) -> Contract {
        self.store.contract(self.contract).unwrap()
    }

    pub fn edits(&self) -> Vec<ContractEdit> {
        self.store.contract_edits(self.contract, &PageRequest::first(1_000)).unwrap().items
    }

    /// 1,000 dollars, paid at the start and to be drawn from in two halves of the year.
    pub fn commit(&self) -> CreateCommit {
        let halves = [
            segment(50_000, day("01-01"), day("07-01")),
            segment(50_000, day("07-01"), at("2026-01-01T00:00:00Z")),
        ];
        let charges = [charge(40_000, day("01-01")), charge(40_000, day("07-01"))];
        CreateCommit {
            invoice_schedule: Some(charges.into()),
            ..CreateCommit::prepaid(BalanceTerms::new(self.fixed), halves.into())
        }
    }

    /// 10 dollars, as the commit's halves.
    pub fn credit(&self) -> CreateCredit {
        CreateCredit::new(BalanceTerms::new(self.fixed), self.commit().access_schedule)
    }

    /// 100 dollars every month.
    pub fn monthly(&self) -> RecurringTerms {
        let terms = self.recurring(10_000, RecurrenceFrequency::Monthly).terms;
        RecurringTerms { starting_at: day("01-01"), ..terms }
    }

    /// 7 dollars each quarter.
    pub fn quarterly(&self) -> CreateScheduledCharge {
        let dates = ["01-01", "04-01", "07-01", "10-01"].map(|date| charge(700, day(date)));
        CreateScheduledCharge::new(self.fixed, dates.into())
    }

    /// Three seats, every month.
    pub fn subscription(&self) -> CreateSubscription {
        self.ready.subscription(3)
    }

    /// An edit that adds one of every kind of part.
    pub fn one_of_each(&self) -> EditContract {
        EditContract {
            add_commits: vec![self.commit()],
            add_credits: vec![self.credit()],
            add_recurring_commits: vec![self.monthly().into()],
            add_recurring_credits: vec![self.monthly().into()],
            add_overrides: vec![five_percent_off("cloud")],
            add_scheduled_charges: vec![self.quarterly()],
            add_discounts: vec![self.quarterly()],
            add_professional_services: vec![self.professional_service()],
            add_subscriptions: vec![self.subscription()],
            ..Default::default()
        }
    }

    /// An edit as that, whose commit and scheduled charge are charged from March on: nothing of them is on an invoice
    /// that is final before.
    pub fn one_of_each_from_march(&self) -> EditContract {
        let mut edit = self.one_of_each();
        let dates = [charge(40_000, day("03-01")), charge(40_000, day("07-01"))];
        edit.add_commits[0].invoice_schedule = Some(dates.into());
        edit.add_scheduled_charges[0].schedule = dates.into();
        edit
    }

    /// Everything that an edit could change, and figures of the file.
    pub fn everything(&self) -> String {
        let page = PageRequest::first(1_000);
        let rates = self.store.contract_rate_schedule(self.contract, day("02-01"), &[], &page).unwrap();
        format!("{rates:?} {}", ready::everything(&self.store))
    }
}

/// The fields that the faults of a call are about, which must have been refused.
#[track_caller]
pub fn fields<T: std::fmt::Debug>(result: Result<T, Error>) -> Vec<String> {
    let field = |fault: Fault| match fault {
        Fault::Field { field, .. }
        | Fault::ReferenceNotFound { field, .. }
        | Fault::ReferenceArchived { field, .. }
        | Fault::NameNotFound { field, .. } => field,
        other => other.to_string(),
    };
    super::faults(result).into_iter().map(field).collect()
}
