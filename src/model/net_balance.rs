//! The net balance of a customer: which of its commits and credits are asked for.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::balance::CommitType;
use super::credit_type::CreditType;
use super::custom_field::MAX_KEYS_PER_ENTITY;
use super::word::words;
use crate::error::{Fault, FieldProblem};
use crate::id::CreditTypeId;

/// The most filters of a question about a net balance.
pub const MAX_NET_BALANCE_FILTERS: usize = 100;
/// The most ids of one filter of a net balance.
pub const MAX_NET_BALANCE_IDS: usize = 1_000;

words! {
    /// What a net balance adds up. Source: `metronome-api.md` §1.10.
    ///
    /// ```
    /// use billfold::BalanceType;
    ///
    /// assert_eq!(BalanceType::PrepaidCommit.name(), "PREPAID_COMMIT");
    /// ```
    BalanceType {
        /// Commits that are paid for at once, and the grants of recurring commits.
        PrepaidCommit "PREPAID_COMMIT",
        /// Commits that are paid for at the end.
        PostpaidCommit "POSTPAID_COMMIT",
        /// Credits, and the grants of recurring credits.
        Credit "CREDIT",
    }
}

impl From<Option<CommitType>> for BalanceType {
    /// Credits are of no type of commits.
    fn from(commit_type: Option<CommitType>) -> Self {
        match commit_type {
            Some(CommitType::Prepaid) => Self::PrepaidCommit,
            Some(CommitType::Postpaid) => Self::PostpaidCommit,
            None => Self::Credit,
        }
    }
}

/// Which net balance of a customer is asked for. Source: `metronome-api.md` §1.10.
///
/// ```
/// use billfold::{BalanceType, NetBalanceFilter, NetBalanceQuestion};
///
/// let campaign = |value: &str| [("campaign".to_owned(), value.to_owned())].into();
/// let free_trials_and_promotions = NetBalanceQuestion {
///     filters: vec![
///         NetBalanceFilter {
///             balance_types: [BalanceType::Credit].into(),
///             custom_fields: campaign("free-trial"),
///             ..Default::default()
///         },
///         NetBalanceFilter { custom_fields: campaign("signup-promotion"), ..Default::default() },
///     ],
///     ..Default::default()
/// };
/// assert!(free_trials_and_promotions.credit_type_id.is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetBalanceQuestion {
    /// What the balance is in: what is in another credit type does not count. US dollars in cents where nothing is
    /// said.
    pub credit_type_id: Option<CreditTypeId>,
    /// Of these one is enough, and what several let through counts once; everything counts where there is none. Up
    /// to 100.
    pub filters: Vec<NetBalanceFilter>,
}

/// Which commits and credits count: all conditions have to hold. One that names nothing is none.
///
/// ```
/// use billfold::NetBalanceFilter;
///
/// let everything = NetBalanceFilter::default();
/// assert!(everything.ids.is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetBalanceFilter {
    /// Is one of these, where any is named.
    pub balance_types: BTreeSet<BalanceType>,
    /// Has one of these ids, where any is named: up to 1,000. Grants have that of the recurring commit or credit.
    pub ids: BTreeSet<Uuid>,
    /// Has all of these values, exactly. Each key is registered for commits or for credits, in any
    /// [kind](crate::KeyKind); where it is for one of them alone, none of the other has a value. Recurring commits
    /// and credits have no values at all, and so have their grants.
    pub custom_fields: BTreeMap<String, String>,
}

impl NetBalanceQuestion {
    /// What the balance is in.
    pub(crate) fn credit_type(&self) -> CreditTypeId {
        self.credit_type_id.unwrap_or(CreditType::USD_CENTS)
    }

    /// Whether what is of that type and has that id and those values counts.
    pub(crate) fn admits(&self, kind: BalanceType, id: Uuid, values: &BTreeMap<String, String>) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.admits(kind, id, values))
    }

    /// What is wrong with it, whatever the store has.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        if let Some(problem) = FieldProblem::too_many(self.filters.len(), MAX_NET_BALANCE_FILTERS) {
            return vec![problem.at("filters")];
        }
        let filters = self.filters.iter().enumerate();
        filters.flat_map(|(place, filter)| filter.faults(&format!("filters[{place}]."))).collect()
    }
}

impl NetBalanceFilter {
    fn admits(&self, kind: BalanceType, id: Uuid, values: &BTreeMap<String, String>) -> bool {
        (self.balance_types.is_empty() || self.balance_types.contains(&kind))
            && (self.ids.is_empty() || self.ids.contains(&id))
            && self.custom_fields.iter().all(|(key, value)| values.get(key) == Some(value))
    }

    fn faults(&self, at: &str) -> Vec<Fault> {
        let ids = FieldProblem::too_many(self.ids.len(), MAX_NET_BALANCE_IDS);
        let values = FieldProblem::too_many(self.custom_fields.len(), MAX_KEYS_PER_ENTITY);
        Fault::of_fields(at, [("ids", ids), ("custom_fields", values)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use BalanceType::{Credit, PostpaidCommit, PrepaidCommit};

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn asked(filters: &[NetBalanceFilter]) -> NetBalanceQuestion {
        NetBalanceQuestion { filters: filters.to_vec(), ..Default::default() }
    }

    #[test]
    fn every_condition_of_one_filter_has_to_hold() {
        let held = values(&[("campaign", "trial"), ("tier", "gold")]);
        let (this, that) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let filter = NetBalanceFilter {
            balance_types: [Credit, PostpaidCommit].into(),
            ids: [this].into(),
            custom_fields: values(&[("campaign", "trial"), ("tier", "gold")]),
        };
        let admits = |kind, id, held: &[(&str, &str)]| {
            asked(std::slice::from_ref(&filter)).admits(kind, id, &values(held))
        };
        assert!(asked(std::slice::from_ref(&filter)).admits(Credit, this, &held));
        let all = [("campaign", "trial"), ("tier", "gold"), ("more", "")];
        assert!(admits(PostpaidCommit, this, &all));
        assert!(!admits(PrepaidCommit, this, &all));
        assert!(!admits(Credit, that, &all));
        assert!(!admits(Credit, this, &[("campaign", "trial")]));
        assert!(!admits(Credit, this, &[("campaign", "trial"), ("tier", "Gold")]));
    }

    #[test]
    fn one_of_several_filters_is_enough_and_what_names_nothing_is_no_condition() {
        let id = Uuid::from_u128(1);
        let of = |kind| NetBalanceFilter { balance_types: [kind].into(), ..Default::default() };
        let either = asked(&[of(Credit), of(PostpaidCommit)]);
        let admitted = |question: &NetBalanceQuestion| {
            [PrepaidCommit, PostpaidCommit, Credit].map(|kind| question.admits(kind, id, &values(&[])))
        };
        assert_eq!(admitted(&either), [false, true, true]);
        assert_eq!(admitted(&asked(&[])), [true; 3]);
        assert_eq!(admitted(&asked(&[of(Credit), NetBalanceFilter::default()])), [true; 3]);
    }

    #[test]
    fn lists_that_are_too_long_are_named_with_their_places() {
        let fields = |question: &NetBalanceQuestion| -> Vec<String> {
            Fault::fields(&question.faults()).into_iter().map(str::to_owned).collect()
        };
        let full = |more: usize| NetBalanceFilter {
            ids: (0..MAX_NET_BALANCE_IDS + more).map(|n| Uuid::from_u128(n as u128)).collect(),
            custom_fields: (0..MAX_KEYS_PER_ENTITY + more).map(|n| (n.to_string(), String::new())).collect(),
            ..Default::default()
        };
        assert!(asked(&[full(0)]).faults().is_empty());
        assert_eq!(fields(&asked(&[full(0), full(1)])), ["filters[1].ids", "filters[1].custom_fields"]);
        assert!(asked(&vec![NetBalanceFilter::default(); MAX_NET_BALANCE_FILTERS]).faults().is_empty());
        assert_eq!(fields(&asked(&vec![full(1); MAX_NET_BALANCE_FILTERS + 1])), ["filters"]);
    }
}
