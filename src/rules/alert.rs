//! What an alert needs and may have, by its type.

use std::collections::{BTreeMap, BTreeSet};

use super::part_text::uniqueness_key;
use super::threshold::negative;
use crate::entity::ManagedEntity;
use crate::error::{Fault, FieldProblem};
use crate::model::alert::{
    AlertEntity, AlertType, CreateAlert, Filter, MAX_ALERT_ITEMS, MAX_ALERT_NAME_CHARACTERS,
    MAX_ALERT_TEXT_CHARACTERS,
};
use crate::model::balance::AccessType;
use crate::model::custom_field::MAX_VALUE_CHARACTERS;

/// Faults of an alert that can be seen without the store.
pub fn faults(alert: &CreateAlert) -> Vec<Fault> {
    let name =
        FieldProblem::of_text(&alert.name, MAX_ALERT_NAME_CHARACTERS, "a name has 1 to 1,000 characters");
    let mut faults = Fault::of_fields(
        "",
        [
            ("name", name),
            ("threshold", negative(alert.threshold)),
            ("uniqueness_key", uniqueness_key(alert.uniqueness_key.as_deref())),
        ],
    );
    faults.extend(type_faults(alert));
    faults.extend(access_faults(alert));
    faults.extend(text_faults(alert));
    faults.extend(size_faults(alert));
    if faults.iter().any(is_too_many) {
        return faults;
    }
    faults
        .extend(alert.filters().iter().flat_map(|(at, filter)| filter_faults(alert.alert_type, at, *filter)));
    faults.extend(alert.filter_lists().iter().flat_map(|(at, filters)| list_faults(at, filters)));
    faults.extend(specifier_faults(alert));
    faults
}

fn is_too_many(fault: &Fault) -> bool {
    matches!(fault, Fault::Field { problem: FieldProblem::TooMany { .. }, .. })
}

/// Fields that the type does not have, and those that it needs.
fn type_faults(alert: &CreateAlert) -> Vec<Fault> {
    use AlertType as T;
    let only = |there: bool, allowed: &[T], rule| {
        (there && !allowed.contains(&alert.alert_type)).then_some(FieldProblem::NotAllowed { rule })
    };
    let needed = |there: bool, by: T, rule| {
        (!there && alert.alert_type == by).then_some(FieldProblem::Missing { rule })
    };
    let (usage, seats) = (T::UsageThreshold, T::LowRemainingSeatBalance);
    let metric = "it goes with usage_threshold_reached";
    let seat = "it goes with low_remaining_seat_balance_reached";
    let spend = "it is for alerts about spend";
    let both = "they are for alerts about what is left of commits and credits together";
    let (has_metric, has_seat) = (alert.billable_metric_id.is_some(), alert.seat_filter.is_some());
    let groups =
        only(!alert.group_values.is_empty(), &[T::SpendThreshold], "it is for spend_threshold_reached");
    let group_key =
        only(alert.group_key_filter.is_some(), &[T::SpendThreshold, T::MonthlyInvoiceTotal], spend);
    let invoices =
        only(!alert.invoice_types_filter.is_empty(), &[T::InvoiceTotal], "it is for invoice_total_reached");
    let together = [T::LowRemainingCreditAndCommitBalance, T::LowRemainingCreditAndCommitPercentage];
    let specifiers = only(!alert.alert_specifiers.is_empty(), &together, both);
    let fields = [
        (
            "billable_metric_id",
            only(has_metric, &[usage], metric).or_else(|| needed(has_metric, usage, metric)),
        ),
        ("seat_filter", only(has_seat, &[seats], seat).or_else(|| needed(has_seat, seats, seat))),
        ("group_values", groups),
        ("group_key_filter", group_key),
        ("invoice_types_filter", invoices),
        ("alert_specifiers", specifiers),
    ];
    Fault::of_fields("", fields)
}

/// An access type that the alert's type does not have, and a credit type of units.
fn access_faults(alert: &CreateAlert) -> Vec<Fault> {
    let not_allowed = |there: bool, rule| there.then_some(FieldProblem::NotAllowed { rule });
    let access = alert.access_type.is_some() && !alert.alert_type.has_access_type();
    let credit = alert.access_type == Some(AccessType::Quantity) && alert.credit_type_id.is_some();
    let fields = [
        (
            "access_type",
            not_allowed(access, "it is for alerts about what is left of commits, credits and seats"),
        ),
        ("credit_type_id", not_allowed(credit, "an alert about QUANTITY is in units, of no credit type")),
    ];
    Fault::of_fields("", fields)
}

/// Lists that are too long.
fn size_faults(alert: &CreateAlert) -> Vec<Fault> {
    let mut sizes = vec![
        ("alert_specifiers".to_owned(), alert.alert_specifiers.len()),
        ("group_values".to_owned(), alert.group_values.len()),
        ("invoice_types_filter".to_owned(), alert.invoice_types_filter.len()),
        ("credit_grant_type_filters".to_owned(), alert.credit_grant_type_filters.len()),
    ];
    let exclusions = alert.alert_specifiers.iter().enumerate();
    sizes.extend(exclusions.map(|(at, by)| (format!("alert_specifiers[{at}].exclude"), by.exclude.len())));
    sizes.extend(alert.filter_lists().into_iter().map(|(at, filters)| (at, filters.len())));
    let too_many = |(at, items)| Some(FieldProblem::too_many(items, MAX_ALERT_ITEMS)?.at(at));
    sizes.into_iter().filter_map(too_many).collect()
}

/// Texts that are only kept.
fn text_faults(alert: &CreateAlert) -> Vec<Fault> {
    let mut texts = Vec::new();
    for (place, group) in alert.group_values.iter().enumerate() {
        let at = format!("group_values[{place}].");
        texts.push((format!("{at}key"), named(&group.key)));
        texts.push((format!("{at}value"), group.value.as_deref().and_then(short_enough)));
    }
    if let Some(group) = &alert.group_key_filter {
        texts.push(("group_key_filter.key".to_owned(), named(&group.key)));
        texts.push(("group_key_filter.value".to_owned(), short_enough(&group.value)));
    }
    if let Some(seat) = &alert.seat_filter {
        texts.push(("seat_filter.seat_group_key".to_owned(), named(&seat.seat_group_key)));
        let value = seat.seat_group_value.as_deref().and_then(short_enough);
        texts.push(("seat_filter.seat_group_value".to_owned(), value));
    }
    let lists = [
        ("invoice_types_filter", &alert.invoice_types_filter),
        ("credit_grant_type_filters", &alert.credit_grant_type_filters),
    ];
    for (at, list) in lists {
        let places = list.iter().enumerate();
        texts.extend(places.map(|(place, text)| (format!("{at}[{place}]"), named(text))));
    }
    texts.into_iter().filter_map(|(at, problem)| Some(problem?.at(at))).collect()
}

fn named(text: &str) -> Option<FieldProblem> {
    FieldProblem::of_text(text, MAX_ALERT_TEXT_CHARACTERS, "it has 1 to 1,000 characters")
}

fn short_enough(text: &str) -> Option<FieldProblem> {
    FieldProblem::too_long(text, MAX_ALERT_TEXT_CHARACTERS)
}

/// What is wrong with a filter by itself.
fn filter_faults(of: AlertType, at: &str, filter: Filter<'_>) -> Vec<Fault> {
    let covered = of.covers();
    let fits = match filter.entity {
        AlertEntity::Contract => !covered.is_empty(),
        balance => balance.entities().iter().all(|entity| covered.contains(entity)),
    };
    let rule = "alerts of this type do not cover it";
    let entity = (!fits).then(|| FieldProblem::Value { value: filter.entity.to_string(), rule });
    let value = filter.value.and_then(|value| FieldProblem::too_long(value, MAX_VALUE_CHARACTERS));
    Fault::of_fields(at, [("entity", entity), ("value", value)])
}

/// What is wrong with filters that have to fit together.
fn list_faults(at: &str, filters: &[Filter<'_>]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut by_entity: BTreeMap<AlertEntity, BTreeMap<&str, Option<&str>>> = BTreeMap::new();
    for (place, filter) in filters.iter().enumerate() {
        if by_entity.entry(filter.entity).or_default().insert(filter.key, filter.value).is_some() {
            let item = format!("{} of {}", filter.key, filter.entity);
            faults.push(FieldProblem::Repeated { item }.at(format!("{at}[{place}].key")));
        }
    }
    let mut pairs = by_entity.values();
    let first = pairs.next();
    if faults.is_empty() && pairs.any(|other| Some(other) != first) {
        let value = by_entity.keys().map(|entity| entity.name()).collect::<Vec<_>>().join(" and ");
        let rule = "filters must specify the same set of key and value pairs for every entity type";
        faults.push(FieldProblem::Value { value, rule }.at(at));
    }
    faults
}

fn specifier_faults(alert: &CreateAlert) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (place, specifier) in alert.alert_specifiers.iter().enumerate() {
        let at = format!("alert_specifiers[{place}]");
        if specifier.filters.is_empty() && specifier.exclude.is_empty() {
            faults.push(FieldProblem::Empty { rule: "a specifier has a filter or an exclusion" }.at(&at));
        }
        let alone = alert.alert_specifiers.len() == 1 && specifier.filters.len() == 1;
        for (place, _) in specifier.filters.iter().enumerate().filter(|(_, by)| by.value.is_none() && !alone)
        {
            let rule = "each value is looked at by itself where there is one specifier with one filter";
            let field = format!("{at}.custom_field_filters[{place}].value");
            faults.push(FieldProblem::Missing { rule }.at(field));
        }
        let named = entities(specifier.filters.iter().map(Filter::from));
        for (place, excluded) in specifier.exclude.iter().enumerate() {
            let at = format!("{at}.exclude[{place}].custom_field_filters");
            if excluded.is_empty() {
                faults.push(FieldProblem::Empty { rule: "an exclusion has a filter" }.at(&at));
            }
            faults.extend(excluded_faults(&at, excluded.iter().map(Filter::from), &named));
        }
    }
    faults
}

/// Exclusions that leave the entities that their specifier names; where it names none, none does.
fn excluded_faults<'f>(
    at: &str,
    filters: impl Iterator<Item = Filter<'f>>,
    named: &BTreeSet<ManagedEntity>,
) -> Vec<Fault> {
    let outside = filters.enumerate().filter(|(_, filter)| {
        !named.is_empty() && !filter.entity.entities().iter().all(|entity| named.contains(entity))
    });
    let fault = |(place, filter): (usize, Filter<'_>)| {
        let rule = "an exclusion stays within the entities of its specifier's filters";
        let value = filter.entity.to_string();
        FieldProblem::Value { value, rule }.at(format!("{at}[{place}].entity"))
    };
    outside.map(fault).collect()
}

fn entities<'f>(filters: impl Iterator<Item = Filter<'f>>) -> BTreeSet<ManagedEntity> {
    filters.flat_map(|filter| filter.entity.entities()).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::{
        AlertFilter, AlertGroupKey, AlertGroupValue, AlertSeatFilter, AlertSpecifier, AlertSpecifierFilter,
    };
    use crate::model::scalar::Amount;

    use AlertEntity::{Commit, Contract, Credit, CreditOrCommit};
    use AlertType::LowRemainingCreditAndCommitBalance as Both;

    fn of(alert_type: AlertType) -> CreateAlert {
        CreateAlert::new(alert_type, "alert", Amount::from(5))
    }

    /// Filters written as `(entity, "key=value")`.
    fn filters(written: &[(AlertEntity, &str)]) -> Vec<AlertFilter> {
        let split = |(entity, pair): &(AlertEntity, &str)| {
            let (key, value) = pair.split_once('=').unwrap();
            AlertFilter::new(*entity, key, value)
        };
        written.iter().map(split).collect()
    }

    fn filtered(alert_type: AlertType, written: &[(AlertEntity, &str)]) -> CreateAlert {
        CreateAlert { custom_field_filters: filters(written), ..of(alert_type) }
    }

    fn specified(specifiers: Vec<AlertSpecifier>) -> CreateAlert {
        CreateAlert { alert_specifiers: specifiers, ..of(Both) }
    }

    fn specifier(include: &[(AlertEntity, &str)], exclude: &[(AlertEntity, &str)]) -> AlertSpecifier {
        let exclude = if exclude.is_empty() { Vec::new() } else { vec![filters(exclude)] };
        AlertSpecifier { filters: filters(include).into_iter().map(Into::into).collect(), exclude }
    }

    fn each_value(entity: AlertEntity) -> AlertSpecifierFilter {
        AlertSpecifierFilter { entity, key: "tier".into(), value: None }
    }

    #[track_caller]
    fn refused(alert: &CreateAlert, fields: &[&str]) {
        assert_eq!(Fault::fields(&faults(alert)), fields);
    }

    #[test]
    fn an_alert_has_a_name_and_a_threshold_that_is_not_negative() {
        refused(&of(AlertType::InvoiceTotal), &[]);
        let alert = CreateAlert {
            name: String::new(),
            threshold: Amount::from(-1),
            uniqueness_key: Some("k".repeat(129)),
            credit_grant_type_filters: vec!["enterprise".into(), String::new()],
            ..of(AlertType::InvoiceTotal)
        };
        refused(&alert, &["name", "threshold", "uniqueness_key", "credit_grant_type_filters[1]"]);
        refused(&CreateAlert { threshold: Amount::ZERO, ..of(AlertType::InvoiceTotal) }, &[]);
    }

    #[test]
    fn a_type_has_what_it_needs_and_nothing_of_another() {
        let metric = Some(crate::entity::BillableMetricId::from(uuid::Uuid::nil()));
        let seat = AlertSeatFilter { seat_group_key: "user".into(), seat_group_value: None };
        let everything = |alert_type| CreateAlert {
            billable_metric_id: metric,
            seat_filter: Some(seat.clone()),
            group_values: vec![AlertGroupValue { key: "region".into(), value: None }],
            group_key_filter: Some(AlertGroupKey { key: "region".into(), value: "EU".into() }),
            invoice_types_filter: vec!["USAGE".into()],
            alert_specifiers: vec![specifier(&[(Commit, "tier=gold")], &[])],
            ..of(alert_type)
        };
        let all = [
            "billable_metric_id",
            "seat_filter",
            "group_values",
            "group_key_filter",
            "invoice_types_filter",
            "alert_specifiers",
        ];
        for (alert_type, has) in [
            (AlertType::UsageThreshold, &["billable_metric_id"][..]),
            (AlertType::LowRemainingSeatBalance, &["seat_filter"]),
            (AlertType::SpendThreshold, &["group_values", "group_key_filter"]),
            (AlertType::MonthlyInvoiceTotal, &["group_key_filter"]),
            (AlertType::InvoiceTotal, &["invoice_types_filter"]),
            (Both, &["alert_specifiers"]),
            (AlertType::LowRemainingCreditAndCommitPercentage, &["alert_specifiers"]),
            (AlertType::LowCreditBalance, &[]),
        ] {
            let mut left: Vec<_> = all.into_iter().filter(|field| !has.contains(field)).collect();
            if !has.contains(&"alert_specifiers") {
                left.push("alert_specifiers[0].custom_field_filters[0].entity");
            }
            refused(&everything(alert_type), &left);
        }
        refused(&of(AlertType::UsageThreshold), &["billable_metric_id"]);
        refused(&of(AlertType::LowRemainingSeatBalance), &["seat_filter"]);
    }

    #[test]
    fn what_is_left_is_money_or_units_and_units_are_in_no_credit_type() {
        let left = [
            AlertType::LowRemainingCommitBalance,
            AlertType::LowRemainingCommitPercentage,
            AlertType::LowRemainingCreditBalance,
            AlertType::LowRemainingContractCreditPercentage,
            Both,
            AlertType::LowRemainingCreditAndCommitPercentage,
        ];
        let money = crate::model::credit_type::CreditType::USD_CENTS;
        let asked = |alert_type, access, credit_type_id| CreateAlert {
            access_type: Some(access),
            credit_type_id,
            ..of(alert_type)
        };
        for alert_type in left {
            refused(&asked(alert_type, AccessType::Spend, Some(money)), &[]);
            refused(&asked(alert_type, AccessType::Quantity, None), &[]);
            refused(&asked(alert_type, AccessType::Quantity, Some(money)), &["credit_type_id"]);
        }
        let seats = AlertSeatFilter { seat_group_key: "user".into(), seat_group_value: None };
        let seats = CreateAlert {
            seat_filter: Some(seats),
            ..asked(AlertType::LowRemainingSeatBalance, AccessType::Quantity, None)
        };
        refused(&seats, &[]);
        for alert_type in [AlertType::SpendThreshold, AlertType::LowRemainingDaysForCommitSegment] {
            refused(&asked(alert_type, AccessType::Spend, Some(money)), &["access_type"]);
            refused(
                &asked(alert_type, AccessType::Quantity, Some(money)),
                &["access_type", "credit_type_id"],
            );
        }
    }

    #[test]
    fn a_filter_is_about_what_the_type_covers() {
        let fits = |alert_type, entity| faults(&filtered(alert_type, &[(entity, "tier=gold")])).is_empty();
        let entities = [Contract, Commit, Credit, CreditOrCommit];
        for (alert_type, fitting) in [
            (AlertType::SpendThreshold, [true, false, false, false]),
            (AlertType::LowRemainingCommitBalance, [true, true, false, false]),
            (AlertType::LowRemainingCreditBalance, [true, false, true, false]),
            (Both, [true; 4]),
            (AlertType::LowRemainingCreditAndCommitPercentage, [true; 4]),
            (AlertType::LowRemainingDaysInPlan, [false; 4]),
        ] {
            assert_eq!(entities.map(|entity| fits(alert_type, entity)), fitting, "{alert_type}");
        }
    }

    #[test]
    fn filters_of_several_entities_name_the_same_pairs() {
        refused(&filtered(Both, &[(Commit, "tier=gold"), (Credit, "tier=gold")]), &[]);
        refused(&filtered(Both, &[(Commit, "a=1"), (Commit, "b=2"), (Credit, "b=2"), (Credit, "a=1")]), &[]);
        refused(
            &filtered(Both, &[(Commit, "tier=gold"), (Credit, "tier=silver")]),
            &["custom_field_filters"],
        );
        refused(
            &filtered(Both, &[(Contract, "a=1"), (Contract, "b=2"), (Credit, "a=1")]),
            &["custom_field_filters"],
        );
        let apart = specified(vec![
            specifier(&[(Commit, "a=1")], &[]),
            specifier(&[(Commit, "a=1"), (Credit, "b=1")], &[(Commit, "a=1"), (Credit, "a=2")]),
        ]);
        let at = "alert_specifiers[1].";
        let fields = [format!("{at}custom_field_filters"), format!("{at}exclude[0].custom_field_filters")];
        refused(&apart, &fields.each_ref().map(String::as_str));
    }

    #[test]
    fn a_key_is_asked_for_once_and_with_a_value_that_can_be_held() {
        let twice = filtered(Both, &[(Commit, "tier=gold"), (Commit, "tier=silver")]);
        refused(&twice, &["custom_field_filters[1].key"]);
        let long = format!("tier={}", "v".repeat(201));
        refused(&filtered(Both, &[(Commit, &long)]), &["custom_field_filters[0].value"]);
        refused(&filtered(Both, &[(Commit, "tier=")]), &[]);
    }

    #[test]
    fn each_value_by_itself_is_asked_for_by_one_specifier_with_one_filter() {
        let one = AlertSpecifier { filters: vec![each_value(Commit)], exclude: Vec::new() };
        refused(&specified(vec![one.clone()]), &[]);
        let excluding = AlertSpecifier { exclude: vec![filters(&[(Commit, "tier=gold")])], ..one.clone() };
        refused(&specified(vec![excluding]), &[]);
        let value = "alert_specifiers[0].custom_field_filters[0].value";
        refused(&specified(vec![one, specifier(&[(Commit, "a=1")], &[])]), &[value]);
        let two =
            AlertSpecifier { filters: vec![each_value(Commit), each_value(Credit)], exclude: Vec::new() };
        refused(&specified(vec![two]), &[value, "alert_specifiers[0].custom_field_filters[1].value"]);
    }

    #[test]
    fn exclusions_stay_within_what_their_specifier_names() {
        let entity = "alert_specifiers[0].exclude[0].custom_field_filters[0].entity";
        refused(&specified(vec![specifier(&[(CreditOrCommit, "a=1")], &[(Commit, "b=1")])]), &[]);
        refused(&specified(vec![specifier(&[], &[(Commit, "b=1")])]), &[]);
        refused(&specified(vec![specifier(&[(Commit, "a=1")], &[(CreditOrCommit, "b=1")])]), &[entity]);
        refused(&specified(vec![specifier(&[(Credit, "a=1")], &[(Contract, "b=1")])]), &[entity]);
        refused(&specified(vec![AlertSpecifier::default()]), &["alert_specifiers[0]"]);
        let empty = AlertSpecifier { exclude: vec![Vec::new()], ..AlertSpecifier::default() };
        refused(&specified(vec![empty]), &["alert_specifiers[0].exclude[0].custom_field_filters"]);
    }

    #[test]
    fn lists_that_are_too_long_are_named_and_not_gone_through() {
        let many = vec![AlertFilter::new(Commit, "a", "1"); MAX_ALERT_ITEMS + 1];
        let alert = CreateAlert {
            custom_field_filters: many.clone(),
            alert_specifiers: vec![AlertSpecifier { exclude: vec![many], ..AlertSpecifier::default() }],
            ..of(Both)
        };
        refused(&alert, &["custom_field_filters", "alert_specifiers[0].exclude[0].custom_field_filters"]);
    }
}
