//! Packages: terms that many contracts are made of, dated from the start of each.

use serde::{Deserialize, Serialize};

use super::alias::ScheduledAlias;
use super::balance::{CreateCommit, CreateCredit};
use super::contract::{CardChoice, ConsolidatedCharges, NewParts, Part};
use super::contract_row::ContractWindow;
use super::custom_field::CustomFields;
use super::price_override::{OverridePrioritization, OverrideTerms};
use super::recurring::CreateRecurring;
use super::relative_date::RelativeDate;
use super::scalar::{Amount, Time};
use super::scheduled_charge::CreateScheduledCharge;
use super::settings::ContractSettings;
use super::statement::CreateStatementSchedule;
use super::subscription::CreateSubscription;
use crate::entity::{
    ContractId, CustomerId, PackageCommitId, PackageCreditId, PackageScheduledChargeId, PackageSubscriptionId,
};
use crate::id::{OverrideId, PackageId, RecurringCommitId, RecurringCreditId};

/// The most characters of a package's name.
pub const MAX_PACKAGE_NAME_CHARACTERS: usize = 1_000;

/// The package that a contract is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageChoice {
    /// This one.
    Id(PackageId),
    /// The one that this alias leads to at the contract's start. It is looked for once.
    Alias(String),
}

/// What a package says of the contracts that are made of it, their parts aside. Source: `metronome-api.md` §7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct PackageTerms {
    /// Its name: 1 to 1,000 characters.
    pub name: String,
    /// What its contracts are called: up to 1,000 characters.
    pub contract_name: Option<String>,
    /// Refuses to make another package with the same key: 1 to 128 characters.
    pub uniqueness_key: Option<String>,
    /// The card whose rates hold. An alias is looked for when a contract is made, at that contract's start.
    pub rate_card: Option<CardChoice>,
    /// How long a contract lasts: 1 or more. Without an end where nothing is said.
    pub duration: Option<RelativeDate>,
    /// Within how many days an invoice is to be paid: 0 or more.
    pub net_payment_terms_days: Option<Amount>,
    /// Which of several multipliers wins; [the lowest](OverridePrioritization::LowestMultiplier) where nothing is
    /// said.
    pub multiplier_override_prioritization: Option<OverridePrioritization>,
    /// Which charges are put on the usage invoice of their day; each has an invoice of its own where nothing is said.
    pub scheduled_charges_on_usage_invoices: Option<ConsolidatedCharges>,
    /// When usage is invoiced: on the first of the month, or on the day of the contract's start.
    pub usage_statement_schedule: Option<CreateStatementSchedule<RelativeDate>>,
    /// What is kept because other systems make something of it: thresholds, spend trackers, and a billing provider
    /// with a delivery method. A package has nothing else of it. Whether a customer has a configuration of that provider
    /// is not known here.
    pub settings: ContractSettings,
}

impl PackageTerms {
    /// Terms that say nothing but a name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            contract_name: None,
            uniqueness_key: None,
            rate_card: None,
            duration: None,
            net_payment_terms_days: None,
            multiplier_override_prioritization: None,
            scheduled_charges_on_usage_invoices: None,
            usage_statement_schedule: None,
            settings: ContractSettings::default(),
        }
    }
}

/// A package that is to be made. Source: `metronome-api.md` §7.
///
/// A package says what a contract says, with [lengths of time](RelativeDate) in place of dates. It belongs to no
/// customer, is never changed, and keeps what it says when it is archived. A contract that is made of one becomes a
/// contract like any other at once: its parts are its own, with ids, dates and values of their own, and nothing that
/// happens to the package touches them.
///
/// # Values
///
/// Commits, credits, scheduled charges and subscriptions of a package are instances of entities of their own, such as
/// [`PackageCommit`](crate::ManagedEntity::PackageCommit). Their values are given with the package and fixed from then
/// on; [`find`](crate::Reading::find) finds them. A contract's parts get them too: under the same keys, which have to
/// be registered for the contract's entities as well, such as [`Commit`](crate::ManagedEntity::Commit). There they are
/// the contract's to change. A key that is unique there can so be given to one contract alone.
///
/// # Dates
///
/// What starts, or is charged, is counted from the contract's start; what ends lasts as long as is said. Days and weeks
/// have a fixed length and months do not, so that whether a subscription of 30 days fits a contract of a month depends
/// on the month: a package is judged as for a contract that starts now, and each contract by its own start.
///
/// # Names
///
/// Overrides name commits, and recurring commits name subscriptions, by temporary ids of the same package; ids of what
/// is there already mean nothing in one.
///
/// ```
/// use billfold::prelude::*;
///
/// # let fee = ContractProductId::from(uuid::Uuid::from_u128(1));
/// let at_start = CreateInvoiceItem { timestamp: RelativeDate::at_start(), price: Amount::from(5_000).into() };
/// let starter = CreatePackage {
///     aliases: vec!["starter".into()],
///     scheduled_charges: vec![CreateScheduledCharge::new(fee, [at_start].into())],
///     ..CreatePackage::from(PackageTerms {
///         duration: Some(RelativeDate::years(1)),
///         ..PackageTerms::new("Starter plan")
///     })
/// };
/// # drop(starter);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatePackage {
    /// What it says of its contracts, their parts aside.
    pub terms: PackageTerms,
    /// Names to find it by: up to 1,000. A name that another package has at the same time is taken from it.
    pub aliases: Vec<ScheduledAlias>,
    /// The commits of its contracts.
    pub commits: Vec<CreateCommit<RelativeDate>>,
    /// Their credits.
    pub credits: Vec<CreateCredit<RelativeDate>>,
    /// What they give anew every period, paid for.
    pub recurring_commits: Vec<CreateRecurring<RelativeDate>>,
    /// What they give anew every period, for free.
    pub recurring_credits: Vec<CreateRecurring<RelativeDate>>,
    /// Prices and entitlements in place of the card's.
    pub overrides: Vec<OverrideTerms<RelativeDate>>,
    /// What they charge on dates.
    pub scheduled_charges: Vec<CreateScheduledCharge<RelativeDate>>,
    /// Their subscriptions: they need a rate card.
    pub subscriptions: Vec<CreateSubscription<RelativeDate>>,
}

impl From<PackageTerms> for CreatePackage {
    /// A package without parts.
    fn from(terms: PackageTerms) -> Self {
        Self {
            terms,
            aliases: Vec::new(),
            commits: Vec::new(),
            credits: Vec::new(),
            recurring_commits: Vec::new(),
            recurring_credits: Vec::new(),
            overrides: Vec::new(),
            scheduled_charges: Vec::new(),
            subscriptions: Vec::new(),
        }
    }
}

impl CreatePackage {
    /// The parts, as those of a contract.
    pub(crate) fn take_parts(&mut self) -> NewParts<RelativeDate> {
        NewParts {
            commits: std::mem::take(&mut self.commits),
            credits: std::mem::take(&mut self.credits),
            recurring_commits: std::mem::take(&mut self.recurring_commits),
            recurring_credits: std::mem::take(&mut self.recurring_credits),
            overrides: std::mem::take(&mut self.overrides),
            scheduled_charges: std::mem::take(&mut self.scheduled_charges),
            subscriptions: std::mem::take(&mut self.subscriptions),
            discounts: Vec::new(),
            professional_services: Vec::new(),
        }
    }
}

/// A package, as it is at one moment. The values of its parts stand beside what they were made with, which has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Package {
    /// Its id.
    pub id: PackageId,
    /// What it says of its contracts, their parts aside.
    pub terms: PackageTerms,
    /// Its names, in the order they were given: with what other packages have taken of them cut off.
    pub aliases: Vec<ScheduledAlias>,
    /// The commits of its contracts.
    pub commits: Vec<Part<PackageCommitId, CreateCommit<RelativeDate>>>,
    /// Their credits.
    pub credits: Vec<Part<PackageCreditId, CreateCredit<RelativeDate>>>,
    /// What they give anew every period, paid for.
    pub recurring_commits: Vec<Part<RecurringCommitId, CreateRecurring<RelativeDate>>>,
    /// What they give anew every period, for free.
    pub recurring_credits: Vec<Part<RecurringCreditId, CreateRecurring<RelativeDate>>>,
    /// Prices and entitlements in place of the card's.
    pub overrides: Vec<Part<OverrideId, OverrideTerms<RelativeDate>>>,
    /// What they charge on dates.
    pub scheduled_charges: Vec<Part<PackageScheduledChargeId, CreateScheduledCharge<RelativeDate>>>,
    /// Their subscriptions.
    pub subscriptions: Vec<Part<PackageSubscriptionId, CreateSubscription<RelativeDate>>>,
    /// When it was made.
    pub created_at: Time,
    /// The [actor](crate::About::actor) who made it; `None` where nobody was named.
    pub created_by: Option<String>,
    /// When it was archived; `None` where it is in use. Contracts that were made of it stay; no more are made.
    pub archived_at: Option<Time>,
}

/// A contract that was made of a package, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackageContract {
    /// The contract.
    pub contract_id: ContractId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// From when on, inclusive.
    pub starting_at: Time,
    /// Until when, exclusive; `None` without an end.
    pub ending_before: Option<Time>,
    /// When it was archived; `None` where it is in use.
    pub archived_at: Option<Time>,
}

impl PackageContract {
    /// When it is in force.
    pub(crate) fn window(&self) -> ContractWindow {
        let &Self { starting_at, ending_before, .. } = self;
        ContractWindow { starting_at, ending_before, archived: self.archived_at.is_some() }
    }
}

impl Package {
    /// The parts, as those of a contract, with their values.
    pub(crate) fn into_parts(self) -> NewParts<RelativeDate> {
        fn bare<I, T>(parts: Vec<Part<I, T>>) -> Vec<T> {
            parts.into_iter().map(|part| part.part).collect()
        }
        fn valued<I, T>(parts: Vec<Part<I, T>>, give: fn(&mut T, CustomFields)) -> Vec<T> {
            let valued = |mut found: Part<I, T>| {
                give(&mut found.part, found.custom_fields.into());
                found.part
            };
            parts.into_iter().map(valued).collect()
        }
        NewParts {
            commits: valued(self.commits, |part, values| part.custom_fields = values),
            credits: valued(self.credits, |part, values| part.custom_fields = values),
            recurring_commits: bare(self.recurring_commits),
            recurring_credits: bare(self.recurring_credits),
            overrides: bare(self.overrides),
            scheduled_charges: valued(self.scheduled_charges, |part, values| part.custom_fields = values),
            subscriptions: valued(self.subscriptions, |part, values| part.custom_fields = values),
            discounts: Vec::new(),
            professional_services: Vec::new(),
        }
    }
}

/// What is stored of a package: all of it but the values of its parts, which stand with those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct PackageRow {
    pub(crate) package: Package,
    /// The sequence number of its last change.
    pub(crate) revision: u64,
}
