//! Contracts: what a customer is to pay for, and how much.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::balance::{Balance, CreateCommit, CreateCredit};
use super::contract_row::ContractWindow;
use super::custom_field::CustomFields;
use super::hierarchy::HierarchyLink;
use super::package::PackageChoice;
use super::price_override::{Override, OverridePrioritization, OverrideTerms};
use super::recurring::{CreateRecurring, Recurring};
use super::scalar::{Amount, Time};
use super::scheduled_charge::{
    CreateProfessionalService, CreateScheduledCharge, ProfessionalService, ScheduledCharge,
};
use super::settings::ContractSettings;
use super::statement::{CreateStatementSchedule, StatementSchedule};
use super::subscription::{CreateSubscription, Subscription};
use super::usage_filter::{UsageFilter, UsageFilterSegment};
use super::word::words;
use crate::entity::{
    CommitId, ContractCreditId, ContractId, CustomerId, DiscountId, ProfessionalServiceId, RateCardId,
    ScheduledChargeId, SubscriptionId,
};
use crate::id::{OverrideId, PackageId, RecurringCommitId, RecurringCreditId};

/// The most characters of a contract's name, and of the name of any part of it.
pub const MAX_CONTRACT_NAME_CHARACTERS: usize = 1_000;
/// The most characters of a description, and of what is kept and given back.
pub const MAX_CONTRACT_TEXT_CHARACTERS: usize = 10_000;
/// The most characters of a uniqueness key.
pub const MAX_UNIQUENESS_KEY_CHARACTERS: usize = 128;
/// The most parts of one kind that one call makes or changes.
pub const MAX_PARTS_PER_CALL: usize = 1_000;

words! {
    /// Which charges are put on the usage invoice of the day they are due.
    ConsolidatedCharges {
        /// All of them.
        All "ALL",
    }
}

words! {
    /// What becomes of the invoices for what was not used of the old contract's postpaid commits.
    #[derive(Default)]
    TrueupBehavior {
        /// They stay. The default.
        #[default]
        AsIs "AS_IS",
        /// Those that are due when the new contract starts, or later, go.
        Remove "REMOVE",
    }
}

/// A contract that goes on from another of the same customer: the other one ends where this one starts, and what
/// is left of its commits and credits goes on by their rollover fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    /// The contract that is renewed.
    pub from_contract_id: ContractId,
    /// What becomes of its invoices for what was not used.
    pub trueup: Option<TrueupBehavior>,
}

/// The card whose rates hold for a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CardChoice {
    /// This one.
    Id(RateCardId),
    /// The one that this alias leads to at the contract's start. It is looked for once.
    Alias(String),
}

/// A contract that is to be made. Source: the seed "Provision a customer", and `metronome-api.md` §6.
///
/// ```
/// use billfold::prelude::*;
///
/// # let customer = CustomerId::from(uuid::Uuid::from_u128(1));
/// let contract = CreateContract {
///     rate_card: Some(CardChoice::Alias("base_usage_products".into())),
///     ..CreateContract::new(customer, "2024-11-01T00:00:00Z".parse()?)
/// };
/// assert!(contract.ending_before.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateContract {
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Its name: up to 1,000 characters.
    pub name: Option<String>,
    /// Refuses to make another contract with the same key: 1 to 128 characters.
    pub uniqueness_key: Option<String>,
    /// The package it is made of. It says all the rest but what only the contract can: its customer, start, uniqueness
    /// key, values, and what it goes on from. Nothing else is said beside it.
    pub package: Option<PackageChoice>,
    /// The card whose rates hold. Without one there are only fixed charges.
    pub rate_card: Option<CardChoice>,
    /// From when on, inclusive, on the hour.
    pub starting_at: Time,
    /// Until when, exclusive, on the hour and later than the start; `None` without an end.
    pub ending_before: Option<Time>,
    /// Within how many days an invoice is to be paid: 0 or more.
    pub net_payment_terms_days: Option<Amount>,
    /// Its commits.
    pub commits: Vec<CreateCommit>,
    /// Its credits.
    pub credits: Vec<CreateCredit>,
    /// What it gives anew every period, paid for.
    pub recurring_commits: Vec<CreateRecurring>,
    /// What it gives anew every period, for free.
    pub recurring_credits: Vec<CreateRecurring>,
    /// Prices and entitlements in place of the card's.
    pub overrides: Vec<OverrideTerms>,
    /// Which of several multipliers wins; [the lowest](OverridePrioritization::LowestMultiplier) where nothing is
    /// said.
    pub multiplier_override_prioritization: Option<OverridePrioritization>,
    /// What it charges on dates.
    pub scheduled_charges: Vec<CreateScheduledCharge>,
    /// Which charges are put on the usage invoice of their day; each has an invoice of its own where nothing is
    /// said. Fixed from then on.
    pub scheduled_charges_on_usage_invoices: Option<ConsolidatedCharges>,
    /// What it takes off on dates.
    pub discounts: Vec<CreateScheduledCharge>,
    /// Its professional services.
    pub professional_services: Vec<CreateProfessionalService>,
    /// Its subscriptions: they need a rate card.
    pub subscriptions: Vec<CreateSubscription>,
    /// The contract it goes on from.
    pub transition: Option<Renewal>,
    /// Which usage counts on it; all where nothing is said.
    pub usage_filter: Option<UsageFilter>,
    /// When its usage is invoiced; every month on the first where nothing is said.
    pub usage_statement_schedule: Option<CreateStatementSchedule>,
    /// What other systems make something of.
    pub settings: ContractSettings,
    /// Kept and given back.
    pub netsuite_sales_order_id: Option<String>,
    /// Kept and given back.
    pub salesforce_opportunity_id: Option<String>,
    /// Kept and given back.
    pub total_contract_value: Option<Amount>,
    /// Values of registered keys, set in the same commit of the store.
    pub custom_fields: CustomFields,
}

impl CreateContract {
    /// A contract without a card, an end or any part.
    #[must_use]
    pub fn new(customer_id: CustomerId, starting_at: Time) -> Self {
        Self {
            customer_id,
            name: None,
            uniqueness_key: None,
            package: None,
            rate_card: None,
            starting_at,
            ending_before: None,
            net_payment_terms_days: None,
            commits: Vec::new(),
            credits: Vec::new(),
            recurring_commits: Vec::new(),
            recurring_credits: Vec::new(),
            overrides: Vec::new(),
            multiplier_override_prioritization: None,
            scheduled_charges: Vec::new(),
            scheduled_charges_on_usage_invoices: None,
            discounts: Vec::new(),
            professional_services: Vec::new(),
            subscriptions: Vec::new(),
            transition: None,
            usage_filter: None,
            usage_statement_schedule: None,
            settings: ContractSettings::default(),
            netsuite_sales_order_id: None,
            salesforce_opportunity_id: None,
            total_contract_value: None,
            custom_fields: CustomFields::default(),
        }
    }
}

/// A part of a contract or a package, with its id and its values. What it is can be read through it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Part<I, T> {
    /// Its id.
    pub id: I,
    /// Its values, by key; none where parts of its kind have no custom fields. They are those of the moment the
    /// contract was read, also where the contract is read as it was.
    pub custom_fields: BTreeMap<String, String>,
    /// What it is.
    pub part: T,
}

impl<I, T> Deref for Part<I, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.part
    }
}

/// A contract, as it is or was at one moment.
///
/// What a contract is made with and never changes is its [origin](ContractOrigin). All else is *parts*: the contract's
/// own terms, its settings, its usage filters, its commits, credits, charges, overrides and subscriptions. Each part
/// is stored by itself, and so are its earlier *versions*, from the moment on at which each was recorded.
///
/// # Versions, not a log of edits
///
/// An edit writes the parts it changes, as they are now, and a record of what was asked for. Reading a contract reads
/// its parts and replays nothing, so that it costs as much after ten thousand edits as after none. The history of edits
/// is there to be shown; what the contract is does not depend on it, nor on the journal.
///
/// A contract [as of](crate::ReadingContracts::contract_as_of) a moment is what had been *recorded* by then: an edit of
/// today that sets a discount from last year on is not in the contract as of yesterday, and what the contract says of
/// last year is read from the contract of today. Several edits of one moment are in it together. Values of custom
/// fields are no part of edits, and are always those of now.
///
/// # The order within an edit
///
/// First parts that are there are changed, then some are archived and removed, then the contract gets its new end, then
/// new parts come. So an edit may change a commit and archive it, what it adds is judged by the end it sets, and what
/// it adds is not cut off by that end. All of it is judged before anything is written: one fault refuses the whole.
///
/// # What is settled
///
/// What is on a finalised [invoice](crate::Invoice) stays as it is until the invoice is voided. A charge of a commit or
/// scheduled charge that is on one is neither changed nor removed, and one on a void invoice is not removed; a commit or
/// scheduled charge with a charge on a finalised invoice is not archived by itself. A contract is archived, and ends,
/// whatever its invoices are; an edit can ask that it ends before none that is finalised.
///
/// A contract that begins long ago, and an edit of what is past, bring about invoices that are due already: up to
/// [10,000](crate::MAX_INVOICES_DUE) at once. Those that become due as time passes are as many as there are.
///
/// # Ends
///
/// An earlier end leaves nothing of the parts behind it: segments are cut, those to come go, and so do later charges;
/// one exactly at the end stays, as what is charged for a last period is. The one charge of a postpaid commit stays
/// too, because it is for what was not used. Archived parts stay as they were. A later end, or none, brings nothing
/// back: parts with an end of their own keep it, and those without end with their contract.
///
/// # Renewals
///
/// A contract that renews another ends that one at its own start. Of each commit and credit with a rollover fraction
/// that could still be drawn from just before, that fraction of the amount goes on as a part of the new contract, from
/// its start to its end; no usage is metered here, so that all of the amount counts as unused. Nobody is charged for
/// it, it cannot be edited, and it does not roll over a second time.
///
/// # Usage filters
///
/// Filters are a schedule: each is in force from its start until the next one's, and the last until the contract ends.
/// A new one replaces that of the same start alone, and others stay, so that a change can be planned ahead. Before the
/// first one begins all usage counts. Filters of several contracts know nothing of each other: usage counts on every
/// contract that lets it through, and a division that goes over to another contract leaves the old one by an end or
/// a filter there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contract {
    /// Its id.
    pub id: ContractId,
    /// What it was made with, and never changes.
    pub origin: ContractOrigin,
    /// What edits change of the contract itself.
    pub terms: ContractTerms,
    /// What other systems make something of.
    pub settings: ContractSettings,
    /// The contracts that name it as their [parent](crate::Hierarchy), by id: those of the moment it was read.
    pub children: Vec<HierarchyLink>,
    /// Its commits, archived ones too, by id; so with all lists here.
    pub commits: Vec<Part<CommitId, Balance>>,
    /// Its credits, archived ones too.
    pub credits: Vec<Part<ContractCreditId, Balance>>,
    /// Its recurring commits.
    pub recurring_commits: Vec<Part<RecurringCommitId, Recurring>>,
    /// Its recurring credits.
    pub recurring_credits: Vec<Part<RecurringCreditId, Recurring>>,
    /// Its overrides.
    pub overrides: Vec<Part<OverrideId, Override>>,
    /// Its scheduled charges, archived ones too.
    pub scheduled_charges: Vec<Part<ScheduledChargeId, ScheduledCharge>>,
    /// Its discounts.
    pub discounts: Vec<Part<DiscountId, ScheduledCharge>>,
    /// Its professional services.
    pub professional_services: Vec<Part<ProfessionalServiceId, ProfessionalService>>,
    /// Its subscriptions.
    pub subscriptions: Vec<Part<SubscriptionId, Subscription>>,
    /// Which usage counts on it, and when: by start. All usage counts before the first one begins.
    pub usage_filter: Vec<UsageFilterSegment>,
    /// Its values, by key, of the moment it was read.
    pub custom_fields: BTreeMap<String, String>,
}

/// What a contract is made with, and never changes. Also what is stored of it besides its values and its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ContractOrigin {
    /// Whose it is.
    pub customer_id: CustomerId,
    /// See [`CreateContract::uniqueness_key`].
    pub uniqueness_key: Option<String>,
    /// The package it was made of.
    pub package_id: Option<PackageId>,
    /// The card whose rates hold.
    pub rate_card_id: Option<RateCardId>,
    /// From when on, inclusive.
    pub starting_at: Time,
    /// Which of several multipliers wins.
    pub multiplier_override_prioritization: OverridePrioritization,
    /// See [`CreateContract::scheduled_charges_on_usage_invoices`].
    pub scheduled_charges_on_usage_invoices: Option<ConsolidatedCharges>,
    /// When its usage is invoiced.
    pub usage_statement_schedule: StatementSchedule,
    /// The contract it goes on from.
    pub renewal_of: Option<ContractId>,
    /// Kept and given back.
    pub netsuite_sales_order_id: Option<String>,
    /// Kept and given back.
    pub salesforce_opportunity_id: Option<String>,
    /// Kept and given back.
    pub total_contract_value: Option<Amount>,
    /// When it was made.
    pub created_at: Time,
    /// The [actor](crate::About::actor) who made it; `None` where nobody was named.
    pub created_by: Option<String>,
}

/// What edits change of a contract itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ContractTerms {
    /// Its name.
    pub name: Option<String>,
    /// Until when, exclusive; `None` without an end.
    pub ending_before: Option<Time>,
    /// Within how many days an invoice is to be paid.
    pub net_payment_terms_days: Option<Amount>,
    /// The contract that goes on from it.
    pub renewed_by: Option<ContractId>,
    /// When it was archived; `None` where it is in use.
    pub archived_at: Option<Time>,
}

/// Which of a customer's contracts are asked for: all conditions have to hold. Source: `metronome-api.md` §6.6.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContractFilter {
    /// Those that start at this moment or after it. Not with `covering_date`.
    pub starting_at: Option<Time>,
    /// Those that are in force at this moment. Not with `starting_at`.
    pub covering_date: Option<Time>,
    /// Archived ones too.
    pub include_archived: bool,
}

impl ContractFilter {
    /// Whether a contract that is in force then is asked for.
    pub(crate) fn admits(&self, window: &ContractWindow) -> bool {
        let covers =
            |date: Time| window.starting_at <= date && window.ending_before.is_none_or(|end| date < end);
        (self.include_archived || !window.archived)
            && self.starting_at.is_none_or(|start| start <= window.starting_at)
            && self.covering_date.is_none_or(covers)
    }
}

/// One thing that a contract consists of, as it is stored: a version of it from each edit that changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ContractPart {
    Terms(ContractTerms),
    Settings(Box<ContractSettings>),
    UsageFilter(UsageFilter),
    Commit(Box<Balance>),
    Credit(Box<Balance>),
    RecurringCommit(Box<Recurring>),
    RecurringCredit(Box<Recurring>),
    Override(Box<Override>),
    ScheduledCharge(Box<ScheduledCharge>),
    Discount(Box<ScheduledCharge>),
    ProfessionalService(Box<ProfessionalService>),
    Subscription(Box<Subscription>),
}

/// What kind of part: the first byte of its key, so that the number is part of the format.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    bincode::Encode,
    bincode::Decode,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum PartKind {
    Terms,
    Settings,
    UsageFilter,
    Commit,
    Credit,
    RecurringCommit,
    RecurringCredit,
    Override,
    ScheduledCharge,
    Discount,
    ProfessionalService,
    Subscription,
}

impl PartKind {
    #[cfg(feature = "wire")]
    pub(crate) const ALL: [Self; 12] = [
        Self::Terms,
        Self::Settings,
        Self::UsageFilter,
        Self::Commit,
        Self::Credit,
        Self::RecurringCommit,
        Self::RecurringCredit,
        Self::Override,
        Self::ScheduledCharge,
        Self::Discount,
        Self::ProfessionalService,
        Self::Subscription,
    ];

    /// What a request's list of such parts is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Terms => "contract",
            Self::Settings => "settings",
            Self::UsageFilter => "usage_filter",
            Self::Commit => "commits",
            Self::Credit => "credits",
            Self::RecurringCommit => "recurring_commits",
            Self::RecurringCredit => "recurring_credits",
            Self::Override => "overrides",
            Self::ScheduledCharge => "scheduled_charges",
            Self::Discount => "discounts",
            Self::ProfessionalService => "professional_services",
            Self::Subscription => "subscriptions",
        }
    }
}

impl ContractPart {
    pub(crate) const fn kind(&self) -> PartKind {
        match self {
            Self::Terms(_) => PartKind::Terms,
            Self::Settings(_) => PartKind::Settings,
            Self::UsageFilter(_) => PartKind::UsageFilter,
            Self::Commit(_) => PartKind::Commit,
            Self::Credit(_) => PartKind::Credit,
            Self::RecurringCommit(_) => PartKind::RecurringCommit,
            Self::RecurringCredit(_) => PartKind::RecurringCredit,
            Self::Override(_) => PartKind::Override,
            Self::ScheduledCharge(_) => PartKind::ScheduledCharge,
            Self::Discount(_) => PartKind::Discount,
            Self::ProfessionalService(_) => PartKind::ProfessionalService,
            Self::Subscription(_) => PartKind::Subscription,
        }
    }
}

/// The parts that one call adds.
#[derive(Debug, Default)]
pub(crate) struct NewParts<D = Time> {
    pub(crate) commits: Vec<CreateCommit<D>>,
    pub(crate) credits: Vec<CreateCredit<D>>,
    pub(crate) recurring_commits: Vec<CreateRecurring<D>>,
    pub(crate) recurring_credits: Vec<CreateRecurring<D>>,
    pub(crate) overrides: Vec<OverrideTerms<D>>,
    pub(crate) scheduled_charges: Vec<CreateScheduledCharge<D>>,
    pub(crate) discounts: Vec<CreateScheduledCharge<D>>,
    pub(crate) professional_services: Vec<CreateProfessionalService>,
    pub(crate) subscriptions: Vec<CreateSubscription<D>>,
}

impl CreateContract {
    pub(crate) fn take_parts(&mut self) -> NewParts {
        NewParts {
            commits: std::mem::take(&mut self.commits),
            credits: std::mem::take(&mut self.credits),
            recurring_commits: std::mem::take(&mut self.recurring_commits),
            recurring_credits: std::mem::take(&mut self.recurring_credits),
            overrides: std::mem::take(&mut self.overrides),
            scheduled_charges: std::mem::take(&mut self.scheduled_charges),
            discounts: std::mem::take(&mut self.discounts),
            professional_services: std::mem::take(&mut self.professional_services),
            subscriptions: std::mem::take(&mut self.subscriptions),
        }
    }
}
