//! What alerts cover.

use crate::entity::{CommitId, ContractCreditId, ContractId};

/// What an alert covers at one moment, whatever was spent: what could have it go off.
///
/// Its [type](crate::AlertType) says whether it covers contracts, commits or credits. Of these it covers, of one customer or
/// of all, what is in use: a contract that is in force; a commit or credit that is open for drawing now, is not
/// archived, and stands on a contract or with a customer that is not archived either; where the alert is about what is
/// left of it, one from which usage takes what [`access_type`](crate::CreateAlert::access_type) says. An archived alert
/// covers nothing, and neither does one about plans.
///
/// Filters narrow that down: all of [`custom_field_filters`](crate::CreateAlert::custom_field_filters) have to fit, and one of
/// [`alert_specifiers`](crate::CreateAlert::alert_specifiers) where there are any. A list of filters fits
/// - a contract, where it has all the values that are asked of contracts;
/// - a commit or credit, where it has all the values that are asked of its kind, and its contract has all that are asked
///   of contracts. Where a list asks anything of commits or credits, one of which it asks nothing does not fit.
///
/// A commit or credit of a customer is looked at once with each of the contracts that it is applicable to and that are
/// not archived, and is covered where it is with one of them; without a contract, where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertScope {
    /// One group without a value; or, where each value is looked at by itself, one for each that anything covered has,
    /// in order of the values.
    pub groups: Vec<AlertGroup>,
}

/// What an alert looks at together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertGroup {
    /// The value that all of it has; `None` where values are not looked at one by one.
    pub value: Option<String>,
    /// The contracts, in order of their ids.
    pub contracts: Vec<ContractId>,
    /// The commits, in order of their ids.
    pub commits: Vec<CommitId>,
    /// The credits, in order of their ids.
    pub credits: Vec<ContractCreditId>,
}
