//! What thresholds need and may have.

use super::balance::applicability_faults;
use super::part_text::{label as long_name, text as long_text};
use super::rate::{above_one, below};
use crate::entity::{ContractProductId, EntityRef};
use crate::error::{Fault, FieldProblem};
use crate::model::balance::UsageSpecifier;
use crate::model::custom_field::{MAX_KEY_CHARACTERS, MAX_VALUE_CHARACTERS};
use crate::model::payment_gate::{
    MAX_INVOICE_METADATA, PaymentGate, PaymentGateType, StripePayment, StripePaymentType, TaxType,
};
use crate::model::scalar::Amount;
use crate::model::spend_tracker::SpendTracker;
use crate::model::threshold::{
    BalanceFieldFilter, MAX_BALANCE_SPECIFIERS, PrepaidBalanceThreshold, PrepaidThresholdCommit,
    SpendThreshold, ThresholdBalanceSpecifier, ThresholdCommit, ThresholdDiscount,
};

/// A threshold of one kind or the other. `at` stands in front of the names of its fields.
pub(super) trait Threshold: Clone {
    /// What is wrong with it, for a contract with these trackers.
    fn faults(&self, at: &str, trackers: &[SpendTracker]) -> Vec<Fault>;

    /// What it names, and in which fields.
    fn references(&self, at: &str) -> Vec<(String, EntityRef)>;

    /// What of its charge is paid.
    fn discount(&self) -> Option<&ThresholdDiscount>;
}

impl Threshold for SpendThreshold {
    fn faults(&self, at: &str, trackers: &[SpendTracker]) -> Vec<Fault> {
        let mut faults = Fault::of_fields(at, [("threshold_amount", negative(self.threshold_amount))]);
        faults.extend(commit_faults(&format!("{at}commit."), &self.commit));
        faults.extend(gate_faults(&format!("{at}payment_gate_config."), &self.payment_gate));
        faults.extend(discount_faults(at, self.discount.as_ref(), trackers));
        faults
    }

    fn references(&self, at: &str) -> Vec<(String, EntityRef)> {
        vec![(format!("{at}commit.product_id"), self.commit.product_id.into())]
    }

    fn discount(&self) -> Option<&ThresholdDiscount> {
        self.discount.as_ref()
    }
}

impl Threshold for PrepaidBalanceThreshold {
    fn faults(&self, at: &str, trackers: &[SpendTracker]) -> Vec<Fault> {
        let recharge = (self.recharge_to_amount <= self.threshold_amount).then(|| {
            let rule = "a balance is filled up to more than the threshold_amount";
            FieldProblem::Value { value: self.recharge_to_amount.to_string(), rule }
        });
        let mut faults = Fault::of_fields(
            at,
            [("threshold_amount", negative(self.threshold_amount)), ("recharge_to_amount", recharge)],
        );
        faults.extend(prepaid_commit_faults(&format!("{at}commit."), &self.commit));
        faults.extend(gate_faults(&format!("{at}payment_gate_config."), &self.payment_gate));
        faults.extend(discount_faults(at, self.discount.as_ref(), trackers));
        faults
            .extend(specifier_faults(&format!("{at}threshold_balance_specifiers"), &self.balance_specifiers));
        faults
    }

    fn references(&self, at: &str) -> Vec<(String, EntityRef)> {
        let PrepaidThresholdCommit { commit, applies_to, .. } = &self.commit;
        let at = format!("{at}commit.");
        let mut named = vec![(format!("{at}product_id"), commit.product_id.into())];
        named.extend(applicable(&at, &applies_to.product_ids, &applies_to.specifiers));
        named
    }

    fn discount(&self) -> Option<&ThresholdDiscount> {
        self.discount.as_ref()
    }
}

/// The products that usage is told by, and in which fields.
pub(super) fn applicable(
    at: &str,
    products: &[ContractProductId],
    specifiers: &[UsageSpecifier],
) -> impl Iterator<Item = (String, EntityRef)> {
    let specified = specifiers.iter().enumerate().filter_map(move |(place, specifier)| {
        Some((format!("{at}specifiers[{place}].product_id"), specifier.product_id?.into()))
    });
    product_list(at, products).chain(specified)
}

/// The products of a list, and in which fields.
pub(super) fn product_list(
    at: &str,
    products: &[ContractProductId],
) -> impl Iterator<Item = (String, EntityRef)> {
    let places = products.iter().enumerate();
    places.map(move |(place, product)| (format!("{at}applicable_product_ids[{place}]"), product.into()))
}

pub(super) fn negative(amount: Amount) -> Option<FieldProblem> {
    below(amount, "it has to be 0 or more")
}

pub(super) fn not_a_fraction(amount: Amount) -> Option<FieldProblem> {
    let rule = "it is a fraction from 0 to 1";
    below(amount, rule).or_else(|| above_one(amount, rule))
}

fn commit_faults(at: &str, commit: &ThresholdCommit) -> Vec<Fault> {
    let name = long_name(commit.name.as_deref());
    Fault::of_fields(at, [("name", name), ("description", long_text(commit.description.as_deref()))])
}

fn prepaid_commit_faults(at: &str, commit: &PrepaidThresholdCommit) -> Vec<Fault> {
    let mut faults = commit_faults(at, &commit.commit);
    let none = commit
        .duration
        .is_some_and(|duration| duration.value == 0)
        .then(|| FieldProblem::Value { value: "0".to_owned(), rule: "a duration is at least 1" });
    let rollover = commit.rollover_fraction.and_then(not_a_fraction);
    faults.extend(applicability_faults(at, &commit.applies_to));
    faults.extend(Fault::of_fields(at, [("duration.value", none), ("rollover_fraction", rollover)]));
    faults
}

/// What is wrong with how a payment is waited for.
pub fn gate_faults(at: &str, gate: &PaymentGate) -> Vec<Fault> {
    let tax = (gate.tax_type == Some(TaxType::Stripe) && gate.gate_type != PaymentGateType::Stripe)
        .then_some(FieldProblem::NotAllowed { rule: "Stripe calculates the tax of what it collects alone" });
    let stripe = (gate.stripe.is_some() && gate.gate_type != PaymentGateType::Stripe)
        .then_some(FieldProblem::NotAllowed { rule: "it is for the payment gate STRIPE" });
    let known = gate.tax_type == Some(TaxType::Precalculated);
    let precalculated = match &gate.precalculated_tax {
        None if known => Some(FieldProblem::Missing { rule: "a PRECALCULATED tax has an amount" }),
        Some(_) if !known => Some(FieldProblem::NotAllowed { rule: "it is for the tax type PRECALCULATED" }),
        _ => None,
    };
    let mut faults = Fault::of_fields(
        at,
        [("tax_type", tax), ("stripe_config", stripe), ("precalculated_tax_config", precalculated)],
    );
    if let Some(stripe) = &gate.stripe {
        faults.extend(metadata_faults(&format!("{at}stripe_config.invoice_metadata"), stripe));
    }
    if let Some(tax) = &gate.precalculated_tax {
        let name = long_name(tax.tax_name.as_deref());
        let at = format!("{at}precalculated_tax_config.");
        faults.extend(Fault::of_fields(&at, [("tax_amount", negative(tax.tax_amount)), ("tax_name", name)]));
    }
    faults
}

fn metadata_faults(field: &str, stripe: &StripePayment) -> Vec<Fault> {
    let StripePayment { payment_type, invoice_metadata, .. } = stripe;
    if invoice_metadata.is_empty() {
        return Vec::new();
    }
    let invoiced = *payment_type == StripePaymentType::Invoice;
    let other =
        (!invoiced).then_some(FieldProblem::NotAllowed { rule: "it is for the payment type INVOICE" });
    let many = FieldProblem::too_many(invoice_metadata.len(), MAX_INVOICE_METADATA);
    let long = invoice_metadata
        .iter()
        .find_map(|(name, value)| long_name(Some(name.as_str())).or_else(|| long_text(Some(value.as_str()))));
    [other, many, long].into_iter().flatten().map(|problem| problem.at(field)).collect()
}

fn discount_faults(at: &str, discount: Option<&ThresholdDiscount>, trackers: &[SpendTracker]) -> Vec<Fault> {
    let Some(discount) = discount else { return Vec::new() };
    let at = format!("{at}discount_configuration.");
    let mut faults = Fault::of_fields(&at, [("payment_fraction", not_a_fraction(discount.payment_fraction))]);
    if let Some(cap) = &discount.cap {
        let alias = &cap.spend_tracker_alias;
        let unknown = (!trackers.iter().any(|tracker| tracker.alias == *alias)).then(|| {
            let rule = "the contract has no spend tracker with this alias";
            FieldProblem::Value { value: alias.clone(), rule }
        });
        let at = format!("{at}cap.");
        faults.extend(Fault::of_fields(
            &at,
            [("spend_tracker_alias", unknown), ("amount", negative(cap.amount))],
        ));
    }
    faults
}

/// Of more items than there may be none is looked at; so in each list.
fn specifier_faults(field: &str, specifiers: &[ThresholdBalanceSpecifier]) -> Vec<Fault> {
    let many = |items: usize, field: &str| {
        FieldProblem::too_many(items, MAX_BALANCE_SPECIFIERS).map(|problem| problem.at(field))
    };
    if let Some(fault) = many(specifiers.len(), field) {
        return vec![fault];
    }
    let mut faults = Vec::new();
    for (place, specifier) in specifiers.iter().enumerate() {
        let field = format!("{field}[{place}].exclude");
        if let Some(fault) = many(specifier.exclude.len(), &field) {
            faults.push(fault);
            continue;
        }
        for (place, filters) in specifier.exclude.iter().enumerate() {
            let field = format!("{field}[{place}].custom_field_filters");
            match many(filters.len(), &field) {
                Some(fault) => faults.push(fault),
                None => faults.extend(filter_faults(&field, filters)),
            }
        }
    }
    faults
}

fn filter_faults(field: &str, filters: &[BalanceFieldFilter]) -> Vec<Fault> {
    let one = |(place, filter): (usize, &BalanceFieldFilter)| {
        let rule = "a key has 1 to 100 characters";
        let key = FieldProblem::of_text(&filter.key, MAX_KEY_CHARACTERS, rule);
        let value = FieldProblem::too_long(&filter.value, MAX_VALUE_CHARACTERS);
        Fault::of_fields(&format!("{field}[{place}]."), [("key", key), ("value", value)])
    };
    filters.iter().enumerate().flat_map(one).collect()
}
