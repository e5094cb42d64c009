//! Thresholds, and changes of them, as contracts and their edits answer them. What nobody said is left out; what an
//! edit cleared is `null`.

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::number;
use super::applicability::{ListedApplicability, ListedSpecifier};
use super::payment_gate::ListedGate;
use super::when::ListedLength;
use crate::entity::ContractProductId;
use crate::id::CreditTypeId;
use crate::model::balance::RateChoice;
use crate::model::scalar::Amount;
use crate::model::threshold::{
    BalanceEntity, BalanceFieldFilter, DiscountCap, PrepaidBalanceThreshold, PrepaidThresholdCommit,
    SpendThreshold, ThresholdBalanceSpecifier, ThresholdCommit, ThresholdDiscount,
};
use crate::model::threshold_change::{
    PrepaidBalanceThresholdChanges, PrepaidThresholdCommitChanges, SpendThresholdChanges,
    ThresholdCommitChanges, ThresholdDiscountChanges,
};

/// A number where there is one.
type Number = Option<Box<RawValue>>;

/// A threshold of either kind, or what changes in one.
#[derive(Serialize)]
pub(super) struct ListedThreshold {
    #[serde(skip_serializing_if = "Option::is_none")]
    is_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_amount: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    recharge_to_amount: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_credit_type_id: Option<Option<CreditTypeId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<Commit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_gate_config: Option<ListedGate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount_configuration: Option<Option<Discount>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_balance_specifiers: Option<Option<Vec<BalanceSpecifier>>>,
}

#[derive(Serialize)]
struct Commit {
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<ContractProductId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Number>,
    #[serde(flatten)]
    applies_to: Option<ListedApplicability>,
    #[serde(flatten)]
    other_usage: Option<OtherUsage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<Option<ListedLength>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollover_fraction: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_type: Option<Option<RateChoice>>,
}

/// Which other usage a commit is for from an edit on.
#[derive(Serialize)]
struct OtherUsage {
    #[serde(skip_serializing_if = "Option::is_none")]
    applicable_product_ids: Option<Option<Vec<ContractProductId>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applicable_product_tags: Option<Option<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    specifiers: Option<Option<Vec<ListedSpecifier>>>,
}

#[derive(Serialize)]
struct Discount {
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_fraction: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<Option<Cap>>,
}

#[derive(Serialize)]
struct Cap {
    spend_tracker_alias: String,
    amount: Number,
}

#[derive(Serialize)]
struct BalanceSpecifier {
    exclude: Vec<Exclusion>,
}

#[derive(Serialize)]
struct Exclusion {
    custom_field_filters: Vec<FieldFilter>,
}

#[derive(Serialize)]
struct FieldFilter {
    entity: BalanceEntity,
    key: String,
    value: String,
}

impl ListedThreshold {
    pub(super) fn spend(threshold: &SpendThreshold) -> Self {
        Self {
            is_enabled: Some(threshold.is_enabled),
            threshold_amount: number(threshold.threshold_amount),
            recharge_to_amount: None,
            custom_credit_type_id: None,
            commit: Some(Commit::of(&threshold.commit)),
            payment_gate_config: Some(ListedGate::of(&threshold.payment_gate)),
            discount_configuration: threshold.discount.as_ref().map(|discount| Some(Discount::of(discount))),
            threshold_balance_specifiers: None,
        }
    }

    pub(super) fn prepaid_balance(threshold: &PrepaidBalanceThreshold) -> Self {
        let specifiers = &threshold.balance_specifiers;
        Self {
            is_enabled: Some(threshold.is_enabled),
            threshold_amount: number(threshold.threshold_amount),
            recharge_to_amount: number(threshold.recharge_to_amount),
            custom_credit_type_id: threshold.custom_credit_type_id.map(Some),
            commit: Some(Commit::of_prepaid(&threshold.commit)),
            payment_gate_config: Some(ListedGate::of(&threshold.payment_gate)),
            discount_configuration: threshold.discount.as_ref().map(|discount| Some(Discount::of(discount))),
            threshold_balance_specifiers: (!specifiers.is_empty()).then(|| Some(balances(specifiers))),
        }
    }

    pub(super) fn spend_changes(changes: &SpendThresholdChanges) -> Self {
        let commit =
            (changes.commit != ThresholdCommitChanges::default()).then(|| Commit::changes(&changes.commit));
        Self {
            is_enabled: changes.is_enabled,
            threshold_amount: changes.threshold_amount.and_then(number),
            recharge_to_amount: None,
            custom_credit_type_id: None,
            commit,
            payment_gate_config: changes.payment_gate.as_ref().map(ListedGate::of),
            discount_configuration: changed(&changes.discount, Discount::changes),
            threshold_balance_specifiers: None,
        }
    }

    pub(super) fn prepaid_balance_changes(changes: &PrepaidBalanceThresholdChanges) -> Self {
        let commit = (changes.commit != PrepaidThresholdCommitChanges::default())
            .then(|| Commit::prepaid_changes(&changes.commit));
        Self {
            is_enabled: changes.is_enabled,
            threshold_amount: changes.threshold_amount.and_then(number),
            recharge_to_amount: changes.recharge_to_amount.and_then(number),
            custom_credit_type_id: changes.custom_credit_type_id,
            commit,
            payment_gate_config: changes.payment_gate.as_ref().map(ListedGate::of),
            discount_configuration: changed(&changes.discount, Discount::changes),
            threshold_balance_specifiers: changed(&changes.balance_specifiers, |specifiers| {
                balances(specifiers)
            }),
        }
    }
}

/// What an edit puts in place of something, if it does: nothing, or that.
fn changed<T, L>(change: &Option<Option<T>>, listed: impl FnOnce(&T) -> L) -> Option<Option<L>> {
    change.as_ref().map(|new| new.as_ref().map(listed))
}

/// A number that an edit puts in place of another.
fn changed_number(change: Option<Option<Amount>>) -> Option<Number> {
    change.map(|amount| amount.and_then(number))
}

impl Commit {
    fn of(commit: &ThresholdCommit) -> Self {
        Self {
            product_id: Some(commit.product_id),
            name: commit.name.clone(),
            description: commit.description.clone(),
            priority: commit.priority.map(number),
            applies_to: None,
            other_usage: None,
            duration: None,
            rollover_fraction: None,
            rate_type: None,
        }
    }

    fn of_prepaid(commit: &PrepaidThresholdCommit) -> Self {
        Self {
            applies_to: Some(ListedApplicability::of(&commit.applies_to)),
            duration: commit.duration.map(|duration| Some(ListedLength::of(duration))),
            rollover_fraction: commit.rollover_fraction.map(number),
            rate_type: commit.rate_type.map(Some),
            ..Self::of(&commit.commit)
        }
    }

    fn changes(changes: &ThresholdCommitChanges) -> Self {
        Self {
            product_id: changes.product_id,
            name: changes.name.clone(),
            description: changes.description.clone(),
            priority: changed_number(changes.priority),
            applies_to: None,
            other_usage: None,
            duration: None,
            rollover_fraction: None,
            rate_type: None,
        }
    }

    fn prepaid_changes(changes: &PrepaidThresholdCommitChanges) -> Self {
        let other_usage = OtherUsage {
            applicable_product_ids: changes.applicable_product_ids.clone(),
            applicable_product_tags: changes.applicable_product_tags.clone(),
            specifiers: changed(&changes.specifiers, |specifiers| {
                specifiers.iter().map(ListedSpecifier::of).collect()
            }),
        };
        Self {
            other_usage: Some(other_usage),
            duration: changed(&changes.duration, |duration| ListedLength::of(*duration)),
            rollover_fraction: changed_number(changes.rollover_fraction),
            rate_type: changes.rate_type,
            ..Self::changes(&changes.commit)
        }
    }
}

impl Discount {
    fn of(discount: &ThresholdDiscount) -> Self {
        Self {
            payment_fraction: Some(number(discount.payment_fraction)),
            cap: discount.cap.as_ref().map(|cap| Some(Cap::of(cap))),
        }
    }

    fn changes(changes: &ThresholdDiscountChanges) -> Self {
        Self {
            payment_fraction: changed_number(changes.payment_fraction),
            cap: changed(&changes.cap, Cap::of),
        }
    }
}

impl Cap {
    fn of(cap: &DiscountCap) -> Self {
        Self { spend_tracker_alias: cap.spend_tracker_alias.clone(), amount: number(cap.amount) }
    }
}

fn balances(specifiers: &[ThresholdBalanceSpecifier]) -> Vec<BalanceSpecifier> {
    let filter = |filter: &BalanceFieldFilter| FieldFilter {
        entity: filter.entity,
        key: filter.key.clone(),
        value: filter.value.clone(),
    };
    let exclusion =
        |filters: &Vec<_>| Exclusion { custom_field_filters: filters.iter().map(filter).collect() };
    let specifier = |specifier: &ThresholdBalanceSpecifier| BalanceSpecifier {
        exclude: specifier.exclude.iter().map(exclusion).collect(),
    };
    specifiers.iter().map(specifier).collect()
}
