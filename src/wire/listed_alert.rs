//! An alert as the calls that read one answer it. Lists that it does not have are left out.

use serde::Serialize;

use super::answer::{number, timestamp};
use super::listing::Number;
use crate::entity::AlertId;
use crate::model::alert::{
    Alert, AlertEntity, AlertFilter, AlertGroupKey, AlertGroupValue, AlertSeatFilter, AlertSpecifier,
    AlertSpecifierFilter, AlertStatus, AlertType,
};
use crate::model::balance::AccessType;
use crate::model::credit_type::CreditType;

#[derive(Serialize)]
pub(super) struct ListedAlert {
    id: AlertId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness_key: Option<String>,
    #[serde(rename = "type")]
    alert_type: AlertType,
    status: AlertStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_type: Option<CreditType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_type: Option<AccessType>,
    threshold: Number,
    updated_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credit_grant_type_filters: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_field_filters: Vec<Filter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_key_filter: Option<Group>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invoice_types_filter: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    group_values: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seat_filter: Option<Seats>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alert_specifiers: Vec<Specifier>,
}

#[derive(Serialize)]
struct Filter {
    entity: AlertEntity,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Serialize)]
struct Group {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Serialize)]
struct Seats {
    seat_group_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seat_group_value: Option<String>,
}

#[derive(Serialize)]
struct Specifier {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_field_filters: Vec<Filter>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<Exclusion>,
}

#[derive(Serialize)]
struct Exclusion {
    custom_field_filters: Vec<Filter>,
}

impl ListedAlert {
    pub(super) fn of(alert: Alert) -> Self {
        let terms = alert.terms;
        let access_type = terms.counted_access();
        let in_units = access_type == Some(AccessType::Quantity);
        let in_money = terms.credit_type_id.is_some() || is_in_money(terms.alert_type) && !in_units;
        Self {
            id: alert.id,
            name: terms.name,
            uniqueness_key: terms.uniqueness_key,
            alert_type: terms.alert_type,
            status: alert.status,
            credit_type: in_money.then_some(alert.credit_type),
            access_type,
            threshold: number(terms.threshold),
            updated_at: timestamp(alert.updated_at),
            credit_grant_type_filters: terms.credit_grant_type_filters,
            custom_field_filters: terms.custom_field_filters.into_iter().map(Filter::from).collect(),
            group_key_filter: terms.group_key_filter.map(Group::from),
            invoice_types_filter: terms.invoice_types_filter,
            group_values: terms.group_values.into_iter().map(Group::from).collect(),
            seat_filter: terms.seat_filter.map(Seats::from),
            alert_specifiers: terms.alert_specifiers.into_iter().map(Specifier::from).collect(),
        }
    }
}

/// Whether the threshold of such alerts is an amount in a credit type: not a quantity, days or a percentage.
const fn is_in_money(alert_type: AlertType) -> bool {
    match alert_type {
        AlertType::UsageThreshold
        | AlertType::LowRemainingDaysInPlan
        | AlertType::LowRemainingDaysForCommitSegment
        | AlertType::LowRemainingDaysForCreditSegment
        | AlertType::LowRemainingCreditPercentage
        | AlertType::LowRemainingCommitPercentage
        | AlertType::LowRemainingContractCreditPercentage
        | AlertType::LowRemainingCreditAndCommitPercentage => false,
        AlertType::LowCreditBalance
        | AlertType::SpendThreshold
        | AlertType::MonthlyInvoiceTotal
        | AlertType::LowRemainingCommitBalance
        | AlertType::LowRemainingCreditBalance
        | AlertType::LowRemainingCreditAndCommitBalance
        | AlertType::InvoiceTotal
        | AlertType::LowRemainingSeatBalance => true,
    }
}

impl From<AlertFilter> for Filter {
    fn from(filter: AlertFilter) -> Self {
        AlertSpecifierFilter::from(filter).into()
    }
}

impl From<AlertSpecifierFilter> for Filter {
    fn from(filter: AlertSpecifierFilter) -> Self {
        let AlertSpecifierFilter { entity, key, value } = filter;
        Self { entity, key, value }
    }
}

impl From<AlertGroupValue> for Group {
    fn from(group: AlertGroupValue) -> Self {
        Self { key: group.key, value: group.value }
    }
}

impl From<AlertGroupKey> for Group {
    fn from(group: AlertGroupKey) -> Self {
        Self { key: group.key, value: Some(group.value) }
    }
}

impl From<AlertSeatFilter> for Seats {
    fn from(seats: AlertSeatFilter) -> Self {
        let AlertSeatFilter { seat_group_key, seat_group_value } = seats;
        Self { seat_group_key, seat_group_value }
    }
}

impl From<AlertSpecifier> for Specifier {
    fn from(specifier: AlertSpecifier) -> Self {
        let exclusion = |filters: Vec<AlertFilter>| Exclusion {
            custom_field_filters: filters.into_iter().map(Filter::from).collect(),
        };
        Self {
            custom_field_filters: specifier.filters.into_iter().map(Filter::from).collect(),
            exclude: specifier.exclude.into_iter().map(exclusion).collect(),
        }
    }
}
