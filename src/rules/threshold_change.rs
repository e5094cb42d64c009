//! What thresholds are after an edit.

use super::threshold::{Threshold, applicable};
use crate::entity::EntityRef;
use crate::error::{Fault, FieldProblem};
use crate::model::balance::Applicability;
use crate::model::threshold::{
    PrepaidBalanceThreshold, PrepaidThresholdCommit, SpendThreshold, ThresholdCommit, ThresholdDiscount,
};
use crate::model::threshold_change::{
    PrepaidBalanceThresholdChanges, PrepaidThresholdCommitChanges, SpendThresholdChanges,
    ThresholdCommitChanges, ThresholdDiscountChanges,
};

/// Changes of a threshold, of one kind or the other.
pub(super) trait ThresholdChanges {
    /// What they change.
    type Of: Threshold;

    /// The threshold afterwards, and what of the changes cannot be made; `at` stands in front of their fields.
    fn changed(&self, at: &str, before: &Self::Of) -> (Self::Of, Vec<Fault>);
}

impl ThresholdChanges for SpendThresholdChanges {
    type Of = SpendThreshold;

    fn changed(&self, at: &str, before: &SpendThreshold) -> (SpendThreshold, Vec<Fault>) {
        let (discount, faults) = discount(at, self.discount.as_ref(), before.discount.as_ref());
        let after = SpendThreshold {
            is_enabled: self.is_enabled.unwrap_or(before.is_enabled),
            threshold_amount: self.threshold_amount.unwrap_or(before.threshold_amount),
            commit: commit(&self.commit, &before.commit),
            payment_gate: or(&self.payment_gate, &before.payment_gate),
            discount,
        };
        (after, faults)
    }
}

impl ThresholdChanges for PrepaidBalanceThresholdChanges {
    type Of = PrepaidBalanceThreshold;

    fn changed(&self, at: &str, before: &PrepaidBalanceThreshold) -> (PrepaidBalanceThreshold, Vec<Fault>) {
        let (discount, faults) = discount(at, self.discount.as_ref(), before.discount.as_ref());
        let specifiers = self.balance_specifiers.clone().map(Option::unwrap_or_default);
        let after = PrepaidBalanceThreshold {
            is_enabled: self.is_enabled.unwrap_or(before.is_enabled),
            threshold_amount: self.threshold_amount.unwrap_or(before.threshold_amount),
            recharge_to_amount: self.recharge_to_amount.unwrap_or(before.recharge_to_amount),
            custom_credit_type_id: self.custom_credit_type_id.unwrap_or(before.custom_credit_type_id),
            commit: prepaid_commit(&self.commit, &before.commit),
            payment_gate: or(&self.payment_gate, &before.payment_gate),
            discount,
            balance_specifiers: specifiers.unwrap_or_else(|| before.balance_specifiers.clone()),
        };
        (after, faults)
    }
}

impl PrepaidBalanceThresholdChanges {
    /// What they name, and in which fields.
    pub(super) fn references(&self, at: &str) -> Vec<(String, EntityRef)> {
        let changes = &self.commit;
        let commit = changes.commit.product_id.map(|id| (format!("{at}product_id"), id.into()));
        let products = changes.applicable_product_ids.as_ref().and_then(Option::as_deref).unwrap_or_default();
        let specifiers = changes.specifiers.as_ref().and_then(Option::as_deref).unwrap_or_default();
        commit.into_iter().chain(applicable(at, products, specifiers)).collect()
    }
}

/// What is new, or what was.
fn or<T: Clone>(new: &Option<T>, before: &T) -> T {
    new.as_ref().unwrap_or(before).clone()
}

fn commit(changes: &ThresholdCommitChanges, before: &ThresholdCommit) -> ThresholdCommit {
    ThresholdCommit {
        product_id: changes.product_id.unwrap_or(before.product_id),
        name: changes.name.clone().or_else(|| before.name.clone()),
        description: changes.description.clone().or_else(|| before.description.clone()),
        priority: changes.priority.unwrap_or(before.priority),
    }
}

fn prepaid_commit(
    changes: &PrepaidThresholdCommitChanges,
    before: &PrepaidThresholdCommit,
) -> PrepaidThresholdCommit {
    let products = changes.applicable_product_ids.clone().map(Option::unwrap_or_default);
    let tags = changes.applicable_product_tags.clone().map(Option::unwrap_or_default);
    let specifiers = changes.specifiers.clone().map(Option::unwrap_or_default);
    PrepaidThresholdCommit {
        commit: commit(&changes.commit, &before.commit),
        duration: changes.duration.unwrap_or(before.duration),
        rollover_fraction: changes.rollover_fraction.unwrap_or(before.rollover_fraction),
        rate_type: changes.rate_type.unwrap_or(before.rate_type),
        applies_to: Applicability {
            product_ids: or(&products, &before.applies_to.product_ids),
            product_tags: or(&tags, &before.applies_to.product_tags),
            specifiers: or(&specifiers, &before.applies_to.specifiers),
        },
    }
}

/// The discount afterwards. A cap alone is none: it needs a fraction, new or from before.
fn discount(
    at: &str,
    changes: Option<&Option<ThresholdDiscountChanges>>,
    before: Option<&ThresholdDiscount>,
) -> (Option<ThresholdDiscount>, Vec<Fault>) {
    let Some(changes) = changes else { return (before.cloned(), Vec::new()) };
    let Some(changes) = changes else { return (None, Vec::new()) };
    let field = |name: &str| format!("{at}discount_configuration.{name}");
    let capped = matches!(changes.cap, Some(Some(_)));
    let fraction = changes.payment_fraction.unwrap_or(before.map(|before| before.payment_fraction));
    let Some(payment_fraction) = fraction else {
        let fault = match changes.payment_fraction {
            Some(_) if capped => {
                let rule = "without a payment_fraction there is no discount that it could end";
                Some(FieldProblem::NotAllowed { rule }.at(field("cap")))
            }
            None => {
                let rule = "a discount that is not there yet needs one";
                Some(FieldProblem::Missing { rule }.at(field("payment_fraction")))
            }
            Some(_) => None,
        };
        return (None, fault.into_iter().collect());
    };
    let cap = changes.cap.clone().unwrap_or_else(|| before.and_then(|before| before.cap.clone()));
    (Some(ThresholdDiscount { payment_fraction, cap }), Vec::new())
}
