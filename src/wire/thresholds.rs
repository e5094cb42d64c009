//! Thresholds in requests: new ones, and changes of those there are.

use super::applicability::{applies_to, specifier};
use super::body::{Object, Value, amount, fields, flag, list, nullable, text, texts, typed_id, word};
use super::payment_gate::payment_gate;
use super::when::When;
use crate::model::relative_date::RelativeDate;
use crate::model::threshold::{
    BalanceFieldFilter, DiscountCap, PrepaidBalanceThreshold, PrepaidThresholdCommit, SpendThreshold,
    ThresholdBalanceSpecifier, ThresholdCommit, ThresholdDiscount,
};
use crate::model::threshold_change::{
    PrepaidBalanceThresholdChanges, PrepaidThresholdCommitChanges, SpendThresholdChanges,
    ThresholdCommitChanges, ThresholdDiscountChanges,
};

pub(super) fn spend(threshold: &Object<'_>) -> Option<SpendThreshold> {
    let is_enabled = threshold.required("is_enabled", flag);
    let threshold_amount = threshold.required("threshold_amount", amount);
    let commit = threshold.required("commit", |value| fields(value, commit));
    let payment_gate = threshold.required("payment_gate_config", |value| fields(value, payment_gate));
    let discount = threshold.within("discount_configuration", discount);
    Some(SpendThreshold {
        is_enabled: is_enabled?,
        threshold_amount: threshold_amount?,
        commit: commit?,
        payment_gate: payment_gate?,
        discount: discount?,
    })
}

pub(super) fn prepaid_balance(threshold: &Object<'_>) -> Option<PrepaidBalanceThreshold> {
    let is_enabled = threshold.required("is_enabled", flag);
    let threshold_amount = threshold.required("threshold_amount", amount);
    let recharge_to_amount = threshold.required("recharge_to_amount", amount);
    let custom_credit_type_id = threshold.optional("custom_credit_type_id", typed_id);
    let commit = threshold.required("commit", |value| fields(value, prepaid_commit));
    let payment_gate = threshold.required("payment_gate_config", |value| fields(value, payment_gate));
    let discount = threshold.within("discount_configuration", discount);
    let balance_specifiers = threshold.objects("threshold_balance_specifiers", balance_specifier);
    Some(PrepaidBalanceThreshold {
        is_enabled: is_enabled?,
        threshold_amount: threshold_amount?,
        recharge_to_amount: recharge_to_amount?,
        custom_credit_type_id: custom_credit_type_id?,
        commit: commit?,
        payment_gate: payment_gate?,
        discount: discount?,
        balance_specifiers: balance_specifiers?,
    })
}

pub(super) fn spend_changes(changes: &Object<'_>) -> Option<SpendThresholdChanges> {
    let is_enabled = changes.optional("is_enabled", flag);
    let threshold_amount = changes.optional("threshold_amount", amount);
    let commit = changes.within("commit", commit_changes);
    let payment_gate = changes.within("payment_gate_config", payment_gate);
    let discount = cleared(changes, "discount_configuration", |value| fields(value, discount_changes));
    Some(SpendThresholdChanges {
        is_enabled: is_enabled?,
        threshold_amount: threshold_amount?,
        commit: commit?.unwrap_or_default(),
        payment_gate: payment_gate?,
        discount: discount?,
    })
}

pub(super) fn prepaid_balance_changes(changes: &Object<'_>) -> Option<PrepaidBalanceThresholdChanges> {
    let is_enabled = changes.optional("is_enabled", flag);
    let threshold_amount = changes.optional("threshold_amount", amount);
    let recharge_to_amount = changes.optional("recharge_to_amount", amount);
    let custom_credit_type_id = cleared(changes, "custom_credit_type_id", typed_id);
    let commit = changes.within("commit", prepaid_commit_changes);
    let payment_gate = changes.within("payment_gate_config", payment_gate);
    let discount = cleared(changes, "discount_configuration", |value| fields(value, discount_changes));
    let balance_specifiers =
        cleared(changes, "threshold_balance_specifiers", |value| objects(value, balance_specifier));
    Some(PrepaidBalanceThresholdChanges {
        is_enabled: is_enabled?,
        threshold_amount: threshold_amount?,
        recharge_to_amount: recharge_to_amount?,
        custom_credit_type_id: custom_credit_type_id?,
        commit: commit?.unwrap_or_default(),
        payment_gate: payment_gate?,
        discount: discount?,
        balance_specifiers: balance_specifiers?,
    })
}

/// A field that may be left out, and whose `null` clears what there was.
fn cleared<T>(
    fields: &Object<'_>,
    name: &'static str,
    read: impl FnOnce(Value<'_>) -> Option<T>,
) -> Option<Option<Option<T>>> {
    fields.optional(name, |value| nullable(value, read))
}

fn objects<T>(value: Value<'_>, read: impl Fn(&Object<'_>) -> Option<T>) -> Option<Vec<T>> {
    list(value, |value| fields(value, &read))
}

fn commit(commit: &Object<'_>) -> Option<ThresholdCommit> {
    let product_id = commit.required("product_id", typed_id);
    let name = commit.optional("name", text);
    let description = commit.optional("description", text);
    let priority = commit.optional("priority", amount);
    Some(ThresholdCommit {
        product_id: product_id?,
        name: name?,
        description: description?,
        priority: priority?,
    })
}

fn commit_changes(commit: &Object<'_>) -> Option<ThresholdCommitChanges> {
    let product_id = commit.optional("product_id", typed_id);
    let name = commit.optional("name", text);
    let description = commit.optional("description", text);
    let priority = cleared(commit, "priority", amount);
    Some(ThresholdCommitChanges {
        product_id: product_id?,
        name: name?,
        description: description?,
        priority: priority?,
    })
}

fn prepaid_commit(object: &Object<'_>) -> Option<PrepaidThresholdCommit> {
    let commit = commit(object);
    let duration = object.optional("duration", RelativeDate::read);
    let rollover_fraction = object.optional("rollover_fraction", amount);
    let rate_type = object.optional("rate_type", word);
    let applies_to = applies_to(object);
    Some(PrepaidThresholdCommit {
        commit: commit?,
        duration: duration?,
        rollover_fraction: rollover_fraction?,
        rate_type: rate_type?,
        applies_to: applies_to?,
    })
}

fn prepaid_commit_changes(object: &Object<'_>) -> Option<PrepaidThresholdCommitChanges> {
    let commit = commit_changes(object);
    let products = cleared(object, "applicable_product_ids", |value| list(value, typed_id));
    let tags = cleared(object, "applicable_product_tags", texts);
    let specifiers = cleared(object, "specifiers", |value| objects(value, specifier));
    let duration = cleared(object, "duration", RelativeDate::read);
    let rollover_fraction = cleared(object, "rollover_fraction", amount);
    let rate_type = cleared(object, "rate_type", word);
    Some(PrepaidThresholdCommitChanges {
        commit: commit?,
        applicable_product_ids: products?,
        applicable_product_tags: tags?,
        specifiers: specifiers?,
        duration: duration?,
        rollover_fraction: rollover_fraction?,
        rate_type: rate_type?,
    })
}

fn discount(discount: &Object<'_>) -> Option<ThresholdDiscount> {
    let payment_fraction = discount.required("payment_fraction", amount);
    let cap = discount.within("cap", cap);
    Some(ThresholdDiscount { payment_fraction: payment_fraction?, cap: cap? })
}

fn discount_changes(discount: &Object<'_>) -> Option<ThresholdDiscountChanges> {
    let payment_fraction = cleared(discount, "payment_fraction", amount);
    let cap = cleared(discount, "cap", |value| fields(value, cap));
    Some(ThresholdDiscountChanges { payment_fraction: payment_fraction?, cap: cap? })
}

fn cap(cap: &Object<'_>) -> Option<DiscountCap> {
    let spend_tracker_alias = cap.required("spend_tracker_alias", text);
    let amount = cap.required("amount", amount);
    Some(DiscountCap { spend_tracker_alias: spend_tracker_alias?, amount: amount? })
}

fn balance_specifier(specifier: &Object<'_>) -> Option<ThresholdBalanceSpecifier> {
    let exclusion = |exclusion: &Object<'_>| {
        exclusion.required("custom_field_filters", |value| objects(value, field_filter))
    };
    let exclude = specifier.required("exclude", |value| objects(value, exclusion));
    Some(ThresholdBalanceSpecifier { exclude: exclude? })
}

fn field_filter(filter: &Object<'_>) -> Option<BalanceFieldFilter> {
    let entity = filter.required("entity", word);
    let key = filter.required("key", text);
    let value = filter.required("value", text);
    Some(BalanceFieldFilter { entity: entity?, key: key?, value: value? })
}
