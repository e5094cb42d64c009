//! Alerts: what is to be told of spend and balances, and of which contracts, commits and credits.
//!
//! No spend is measured here and no alert goes off: an alert is checked, kept and given back, and the store says what
//! it covers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::balance::AccessType;
use super::credit_type::CreditType;
use super::scalar::{Amount, Time};
use super::word::words;
use crate::entity::{AlertId, BillableMetricId, CustomerId, ManagedEntity};
use crate::id::CreditTypeId;

/// The most characters of an alert's name.
pub const MAX_ALERT_NAME_CHARACTERS: usize = 1_000;
/// The most items of each list of an alert, and of each of its specifiers.
pub const MAX_ALERT_ITEMS: usize = 1_000;
/// The most characters of a group key or value of an alert, of a seat, an invoice type and a credit grant type.
pub const MAX_ALERT_TEXT_CHARACTERS: usize = 1_000;
/// The most alerts in use that look at a customer's balances value by value: its own and those for all together.
pub const MAX_ALERTS_BY_VALUE: usize = 3;
/// The most values that an alert can come upon when it is made, where it looks at each by itself.
pub const MAX_ALERT_VALUES: usize = 1_000;

words! {
    /// What an alert is about. It says what the alert covers: contracts, commits, credits, or nothing at all, where it
    /// is about plans, which are older than contracts and not kept here. Source: `metronome-api.md` §8.
    ///
    /// ```
    /// use billfold::AlertType;
    ///
    /// assert_eq!(AlertType::SpendThreshold.name(), "spend_threshold_reached");
    /// ```
    AlertType {
        /// What was left of the credit of a plan. Covers nothing.
        LowCreditBalance "low_credit_balance_reached",
        /// What was spent. Covers contracts.
        SpendThreshold "spend_threshold_reached",
        /// What was spent in a month. Covers contracts.
        MonthlyInvoiceTotal "monthly_invoice_total_spend_threshold_reached",
        /// How long a plan goes on. Covers nothing.
        LowRemainingDaysInPlan "low_remaining_days_in_plan_reached",
        /// What share was left of the credit of a plan. Covers nothing.
        LowRemainingCreditPercentage "low_remaining_credit_percentage_reached",
        /// How much was used of a billable metric. Covers contracts.
        UsageThreshold "usage_threshold_reached",
        /// For how many days commits go on. Covers commits.
        LowRemainingDaysForCommitSegment "low_remaining_days_for_commit_segment_reached",
        /// What is left of commits. Covers commits.
        LowRemainingCommitBalance "low_remaining_commit_balance_reached",
        /// What share is left of commits. Covers commits.
        LowRemainingCommitPercentage "low_remaining_commit_percentage_reached",
        /// For how many days credits go on. Covers credits.
        LowRemainingDaysForCreditSegment "low_remaining_days_for_contract_credit_segment_reached",
        /// What is left of credits. Covers credits.
        LowRemainingCreditBalance "low_remaining_contract_credit_balance_reached",
        /// What share is left of credits. Covers credits.
        LowRemainingContractCreditPercentage "low_remaining_contract_credit_percentage_reached",
        /// What is left of commits and credits together. Covers both.
        LowRemainingCreditAndCommitBalance "low_remaining_contract_credit_and_commit_balance_reached",
        /// What share is left of commits and credits together. Covers both.
        LowRemainingCreditAndCommitPercentage "low_remaining_contract_credit_and_commit_percentage_reached",
        /// What an invoice comes to. Covers contracts.
        InvoiceTotal "invoice_total_reached",
        /// What is left for a seat. Covers contracts.
        LowRemainingSeatBalance "low_remaining_seat_balance_reached",
    }
}

words! {
    /// What has the custom field that an alert's filter is about.
    ///
    /// ```
    /// use billfold::AlertEntity;
    ///
    /// assert_eq!(AlertEntity::CreditOrCommit.name(), "ContractCreditOrCommit");
    /// ```
    AlertEntity {
        /// A contract.
        Contract "Contract",
        /// A commit.
        Commit "Commit",
        /// A credit.
        Credit "ContractCredit",
        /// A commit or a credit.
        CreditOrCommit "ContractCreditOrCommit",
    }
}

impl AlertType {
    /// The entities that alerts of this type cover.
    pub(crate) const fn covers(self) -> &'static [ManagedEntity] {
        match self {
            Self::LowCreditBalance | Self::LowRemainingDaysInPlan | Self::LowRemainingCreditPercentage => &[],
            Self::SpendThreshold
            | Self::MonthlyInvoiceTotal
            | Self::UsageThreshold
            | Self::InvoiceTotal
            | Self::LowRemainingSeatBalance => AlertEntity::Contract.entities(),
            Self::LowRemainingDaysForCommitSegment
            | Self::LowRemainingCommitBalance
            | Self::LowRemainingCommitPercentage => AlertEntity::Commit.entities(),
            Self::LowRemainingDaysForCreditSegment
            | Self::LowRemainingCreditBalance
            | Self::LowRemainingContractCreditPercentage => AlertEntity::Credit.entities(),
            Self::LowRemainingCreditAndCommitBalance | Self::LowRemainingCreditAndCommitPercentage => {
                AlertEntity::CreditOrCommit.entities()
            }
        }
    }

    /// Whether alerts of this type look at what is left, and so at money or at units.
    pub(crate) const fn has_access_type(self) -> bool {
        matches!(
            self,
            Self::LowRemainingCommitBalance
                | Self::LowRemainingCommitPercentage
                | Self::LowRemainingCreditBalance
                | Self::LowRemainingContractCreditPercentage
                | Self::LowRemainingCreditAndCommitBalance
                | Self::LowRemainingCreditAndCommitPercentage
                | Self::LowRemainingSeatBalance
        )
    }
}

impl AlertEntity {
    /// The entities that are meant.
    pub(crate) const fn entities(self) -> &'static [ManagedEntity] {
        match self {
            Self::Contract => &[ManagedEntity::Contract],
            Self::Commit => &[ManagedEntity::Commit],
            Self::Credit => &[ManagedEntity::ContractCredit],
            Self::CreditOrCommit => &[ManagedEntity::Commit, ManagedEntity::ContractCredit],
        }
    }
}

words! {
    /// How an alert stands. The API's `disabled` is none of them: nothing here disables an alert.
    AlertStatus {
        /// It is in use.
        Enabled "enabled",
        /// It covers nothing any more.
        Archived "archived",
    }
}

/// Those with a value of a custom field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct AlertFilter {
    /// What they are.
    pub entity: AlertEntity,
    /// A registered key that can be searched: for commits and for credits where either is meant.
    pub key: String,
    /// The value: up to 200 characters.
    pub value: String,
}

impl AlertFilter {
    /// Those with that value.
    #[must_use]
    pub fn new(entity: AlertEntity, key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { entity, key: key.into(), value: value.into() }
    }
}

/// Those with a value of a custom field, or each of its values by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct AlertSpecifierFilter {
    /// What they are.
    pub entity: AlertEntity,
    /// A registered key that can be searched: for commits and for credits where either is meant.
    pub key: String,
    /// The value, in up to 200 characters. `None` takes each value by itself: then it is the one filter of the alert's
    /// one specifier.
    pub value: Option<String>,
}

impl From<AlertFilter> for AlertSpecifierFilter {
    fn from(filter: AlertFilter) -> Self {
        Self { entity: filter.entity, key: filter.key, value: Some(filter.value) }
    }
}

/// Which balances an alert is about: those that all filters fit, and none of the exclusions. It has a filter or an
/// exclusion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct AlertSpecifier {
    /// All of them have to fit: up to 1,000. The API's `custom_field_filters`.
    pub filters: Vec<AlertSpecifierFilter>,
    /// Each leaves out what all of its filters fit: up to 1,000 of up to 1,000 filters. Where the specifier has
    /// filters, they name no other entities than those.
    pub exclude: Vec<Vec<AlertFilter>>,
}

/// A filter, wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Filter<'a> {
    pub(crate) entity: AlertEntity,
    pub(crate) key: &'a str,
    /// `None` for any value.
    pub(crate) value: Option<&'a str>,
}

impl<'a> From<&'a AlertFilter> for Filter<'a> {
    fn from(filter: &'a AlertFilter) -> Self {
        Self { entity: filter.entity, key: &filter.key, value: Some(&filter.value) }
    }
}

impl<'a> From<&'a AlertSpecifierFilter> for Filter<'a> {
    fn from(filter: &'a AlertSpecifierFilter) -> Self {
        Self { entity: filter.entity, key: &filter.key, value: filter.value.as_deref() }
    }
}

/// A group of usage that an alert about spend is for. Kept and given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct AlertGroupValue {
    /// The group key: 1 to 1,000 characters.
    pub key: String,
    /// The value, in up to 1,000 characters; each by itself where nothing is said.
    pub value: Option<String>,
}

/// A presentation group that an alert about spend is for. Kept and given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct AlertGroupKey {
    /// The group key: 1 to 1,000 characters.
    pub key: String,
    /// The value, in up to 1,000 characters.
    pub value: String,
}

/// The seats that an alert is for. Kept and given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct AlertSeatFilter {
    /// The seat group key: 1 to 1,000 characters.
    pub seat_group_key: String,
    /// The seat, in up to 1,000 characters; each by itself where nothing is said.
    pub seat_group_value: Option<String>,
}

/// An alert that is to be made. It never changes: another one is made in its place. Source: `metronome-api.md` §8.
///
/// ```
/// use billfold::prelude::*;
///
/// let pay_as_you_go = CreateAlert {
///     custom_field_filters: vec![AlertFilter::new(AlertEntity::Contract, "contract_type", "paygo")],
///     ..CreateAlert::new(AlertType::SpendThreshold, "$100 spend threshold reached", Amount::from(10_000))
/// };
/// assert!(pay_as_you_go.customer_id.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreateAlert {
    /// What it is about.
    pub alert_type: AlertType,
    /// Its name: 1 to 1,000 characters.
    pub name: String,
    /// From which amount, quantity, number of days or percentage on: 0 or more. US dollars are in cents.
    pub threshold: Amount,
    /// Refuses to make another alert with the same key: 1 to 128 characters.
    pub uniqueness_key: Option<String>,
    /// The one customer that it is for; all where none is named. Not archived.
    pub customer_id: Option<CustomerId>,
    /// What the threshold is in, where that is money; [US dollars in cents](CreditType::USD_CENTS) where nothing is
    /// said. Not with [`access_type`](Self::access_type) [`Quantity`](AccessType::Quantity).
    pub credit_type_id: Option<CreditTypeId>,
    /// What usage takes from the commits and credits that it covers; their cost where nothing is said. For alerts about
    /// what is left, or what share, of commits, credits or both, and for
    /// [`LowRemainingSeatBalance`](AlertType::LowRemainingSeatBalance), where it is kept and given back.
    pub access_type: Option<AccessType>,
    /// Whose usage it is about: for [`UsageThreshold`](AlertType::UsageThreshold) alone, which needs it. Not archived.
    pub billable_metric_id: Option<BillableMetricId>,
    /// Whether it looks at customers that are at the threshold already; it does where nothing is said. Kept and given
    /// back: nothing is evaluated.
    pub evaluate_on_create: Option<bool>,
    /// Those that it covers: all filters have to fit. Up to 1,000; not for alerts about plans. Those of several
    /// entities name the same pairs of key and value.
    pub custom_field_filters: Vec<AlertFilter>,
    /// And of those the balances that one of these is about: up to 1,000, for
    /// [`LowRemainingCreditAndCommitBalance`](AlertType::LowRemainingCreditAndCommitBalance) and
    /// [`LowRemainingCreditAndCommitPercentage`](AlertType::LowRemainingCreditAndCommitPercentage) alone.
    pub alert_specifiers: Vec<AlertSpecifier>,
    /// The groups of usage that it is for: up to 1,000, for [`SpendThreshold`](AlertType::SpendThreshold) alone.
    pub group_values: Vec<AlertGroupValue>,
    /// The presentation group that it is for: for [`SpendThreshold`](AlertType::SpendThreshold) and
    /// [`MonthlyInvoiceTotal`](AlertType::MonthlyInvoiceTotal) alone.
    pub group_key_filter: Option<AlertGroupKey>,
    /// The types of invoices that it is for, in 1 to 1,000 characters each: up to 1,000, for
    /// [`InvoiceTotal`](AlertType::InvoiceTotal) alone. Kept and given back.
    pub invoice_types_filter: Vec<String>,
    /// The seats that it is for: for [`LowRemainingSeatBalance`](AlertType::LowRemainingSeatBalance) alone, which needs
    /// it.
    pub seat_filter: Option<AlertSeatFilter>,
    /// The types of a plan's credit that it is for, in 1 to 1,000 characters each: up to 1,000. Kept and given back.
    pub credit_grant_type_filters: Vec<String>,
}

impl CreateAlert {
    /// An alert for all customers, about everything that its type covers.
    #[must_use]
    pub fn new(alert_type: AlertType, name: impl Into<String>, threshold: Amount) -> Self {
        Self {
            alert_type,
            name: name.into(),
            threshold,
            uniqueness_key: None,
            customer_id: None,
            credit_type_id: None,
            access_type: None,
            billable_metric_id: None,
            evaluate_on_create: None,
            custom_field_filters: Vec::new(),
            alert_specifiers: Vec::new(),
            group_values: Vec::new(),
            group_key_filter: None,
            invoice_types_filter: Vec::new(),
            seat_filter: None,
            credit_grant_type_filters: Vec::new(),
        }
    }

    /// What usage takes from the commits and credits that it covers; `None` where it looks at all of its type.
    pub(crate) fn counted_access(&self) -> Option<AccessType> {
        self.alert_type.has_access_type().then(|| self.access_type.unwrap_or_default())
    }

    /// The filter of which each value is looked at by itself; `None` where all that is covered is one group.
    pub(crate) fn by_value(&self) -> Option<&AlertSpecifierFilter> {
        let mut filters = self.alert_specifiers.iter().flat_map(|specifier| &specifier.filters);
        filters.find(|filter| filter.value.is_none())
    }

    /// Whether any filter asks something of contracts.
    pub(crate) fn asks_of_contracts(&self) -> bool {
        let on_contract = |entity| entity == AlertEntity::Contract;
        let of_specifier = |by: &AlertSpecifier| {
            by.filters.iter().any(|filter| on_contract(filter.entity))
                || by.exclude.iter().flatten().any(|filter| on_contract(filter.entity))
        };
        self.custom_field_filters.iter().any(|filter| on_contract(filter.entity))
            || self.alert_specifiers.iter().any(of_specifier)
    }

    /// Every filter of it, with the path of its field.
    pub(crate) fn filters(&self) -> Vec<(String, Filter<'_>)> {
        let mut all = Vec::new();
        for (at, filters) in self.filter_lists() {
            let placed = filters.into_iter().enumerate();
            all.extend(placed.map(|(place, filter)| (format!("{at}[{place}]."), filter)));
        }
        all
    }

    /// Every list of filters of it, with the path of its field.
    pub(crate) fn filter_lists(&self) -> Vec<(String, Vec<Filter<'_>>)> {
        let own = self.custom_field_filters.iter().map(Filter::from).collect();
        let mut lists = vec![("custom_field_filters".to_owned(), own)];
        for (place, specifier) in self.alert_specifiers.iter().enumerate() {
            let at = format!("alert_specifiers[{place}].");
            let filters = specifier.filters.iter().map(Filter::from).collect();
            lists.push((format!("{at}custom_field_filters"), filters));
            for (place, excluded) in specifier.exclude.iter().enumerate() {
                let filters = excluded.iter().map(Filter::from).collect();
                lists.push((format!("{at}exclude[{place}].custom_field_filters"), filters));
            }
        }
        lists
    }
}

/// An alert, as it is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What it was made with; without its uniqueness key where that was released.
    pub terms: CreateAlert,
    /// How it stands.
    pub status: AlertStatus,
    /// What the threshold is in, where that is money.
    pub credit_type: CreditType,
    /// Its values, by key. They are not given when it is made, but set after.
    pub custom_fields: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Time,
    /// The [actor](crate::About::actor) who made it; `None` where nobody was named.
    pub created_by: Option<String>,
    /// When it was archived, or made where it is in use: nothing else changes of it.
    pub updated_at: Time,
    /// When it was archived; `None` where it is in use.
    pub archived_at: Option<Time>,
}

/// What is stored of an alert besides its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct AlertRecord {
    pub(crate) terms: CreateAlert,
    pub(crate) created_at: Time,
    pub(crate) created_by: Option<String>,
}
