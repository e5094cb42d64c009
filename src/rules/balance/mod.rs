//! What commits and credits need and may have, and what becomes of them.

mod create;
mod rollover;
mod update;

pub use create::{commit, commit_faults, commit_level_faults, credit, credit_faults, credit_level_faults};
pub use rollover::rollover;
pub use update::{end, update, update_faults};

use super::part_text;
use super::rate::{above_one, below, group_faults};
use crate::error::{Fault, FieldProblem};
use crate::model::balance::{Applicability, BalanceTerms, ChildAccess, MAX_APPLICABLE, UsageSpecifier};
use crate::model::schedule::{AccessSchedule, InvoiceSchedule};

/// What is wrong with the terms of a commit or credit, or of a recurring one; `at` stands in front of the names of
/// their fields.
pub fn terms_faults(at: &str, terms: &BalanceTerms) -> Vec<Fault> {
    let fraction = terms.rollover_fraction.and_then(|fraction| {
        let rule = "it is a fraction from 0 to 1";
        below(fraction, rule).or_else(|| above_one(fraction, rule))
    });
    let problems = [
        ("name", part_text::name(terms.name.as_deref())),
        ("description", part_text::text(terms.description.as_deref())),
        ("rollover_fraction", fraction),
        ("netsuite_sales_order_id", part_text::text(terms.netsuite_sales_order_id.as_deref())),
        ("hierarchy_configuration.child_access.contract_ids", child_problem(terms.child_access.as_ref())),
    ];
    let mut faults = Fault::of_fields(at, problems);
    faults.extend(applicability_faults(at, &terms.applies_to));
    faults
}

fn child_problem(access: Option<&ChildAccess>) -> Option<FieldProblem> {
    let Some(ChildAccess::Contracts(contracts)) = access else { return None };
    if contracts.is_empty() {
        return Some(FieldProblem::Empty { rule: "CONTRACT_IDS names at least one contract" });
    }
    FieldProblem::too_many(contracts.len(), MAX_APPLICABLE)
}

/// What is wrong with what is said of the usage that a balance is for; `at` stands in front of the names of its
/// fields.
pub fn applicability_faults(at: &str, applies_to: &Applicability) -> Vec<Fault> {
    let Applicability { product_ids, product_tags, specifiers } = applies_to;
    let beside = |items: usize| {
        let rule = "products and tags are not given together with specifiers";
        (items > 0 && !specifiers.is_empty()).then_some(FieldProblem::NotAllowed { rule })
    };
    let many = |items: usize| FieldProblem::too_many(items, MAX_APPLICABLE);
    let mut faults = Fault::of_fields(
        at,
        [
            ("applicable_product_ids", beside(product_ids.len()).or_else(|| many(product_ids.len()))),
            ("applicable_product_tags", beside(product_tags.len()).or_else(|| many(product_tags.len()))),
            ("specifiers", many(specifiers.len())),
        ],
    );
    faults.extend(tag_faults(&format!("{at}applicable_product_tags"), product_tags));
    for (place, specifier) in specifiers.iter().enumerate().take(MAX_APPLICABLE) {
        faults.extend(specifier_faults(&format!("{at}specifiers[{place}]"), specifier));
    }
    faults
}

/// A specifier without any condition would let all usage through, and so make the others meaningless: whoever
/// means that leaves the specifiers out. One that only excludes is well.
fn specifier_faults(field: &str, specifier: &UsageSpecifier) -> Vec<Fault> {
    if *specifier == UsageSpecifier::default() {
        return vec![FieldProblem::Empty { rule: "a specifier has at least one condition" }.at(field)];
    }
    let UsageSpecifier { product_tags, exclude, .. } = specifier;
    let many = |items: usize| FieldProblem::too_many(items, MAX_APPLICABLE);
    let counts = [("product_tags", many(product_tags.len())), ("exclude", many(exclude.len()))];
    let mut faults = Fault::of_fields(&format!("{field}."), counts);
    faults.extend(tag_faults(&format!("{field}.product_tags"), product_tags));
    for (name, groups) in [
        ("pricing_group_values", &specifier.pricing_group_values),
        ("presentation_group_values", &specifier.presentation_group_values),
    ] {
        faults.extend(group_faults(&format!("{field}.{name}"), groups));
    }
    for (place, tags) in exclude.iter().enumerate().take(MAX_APPLICABLE) {
        let field = format!("{field}.exclude[{place}].product_tags");
        // Every product has all of no tags, so that nothing would be left.
        let none = tags.is_empty().then_some(FieldProblem::Empty { rule: "it names at least one tag" });
        faults.extend(none.or_else(|| many(tags.len())).map(|problem| problem.at(field.as_str())));
        faults.extend(tag_faults(&field, tags));
    }
    faults
}

/// Of more tags than there may be none is looked at.
fn tag_faults(field: &str, tags: &[String]) -> Vec<Fault> {
    let tags = tags.iter().enumerate().filter(|_| tags.len() <= MAX_APPLICABLE);
    tags.filter_map(|(place, tag)| Some(part_text::text(Some(tag))?.at(format!("{field}[{place}]"))))
        .collect()
}

/// What is wrong with the two schedules of a POSTPAID commit. A recurring invoice schedule counts as the dated
/// items that it becomes.
fn postpaid_faults(at: &str, access: &AccessSchedule, invoice: Option<&InvoiceSchedule>) -> Vec<Fault> {
    let Some(invoice) = invoice else {
        let rule = "a POSTPAID commit is charged for at its end";
        return vec![FieldProblem::Missing { rule }.at(format!("{at}invoice_schedule"))];
    };
    let count = |items: usize| {
        let rule = "a POSTPAID commit has exactly one item in each schedule";
        (items != 1).then(|| FieldProblem::Value { value: items.to_string(), rule })
    };
    let counts = [
        ("access_schedule.schedule_items", count(access.schedule_items.len())),
        ("invoice_schedule.schedule_items", count(invoice.schedule_items.len())),
    ];
    let mut faults = Fault::of_fields(at, counts);
    if access.credit_type_id != invoice.credit_type_id {
        let rule = "both schedules of a POSTPAID commit are in the same credit type";
        let value = invoice.credit_type_id.to_string();
        faults.push(FieldProblem::Value { value, rule }.at(format!("{at}invoice_schedule.credit_type_id")));
    }
    if let ([segment], [charge]) = (&access.schedule_items[..], &invoice.schedule_items[..]) {
        let charged = charge.price.amount();
        if charged != Some(segment.amount) {
            let rule = "both schedules of a POSTPAID commit come to the same amount";
            let value = charged.map_or_else(|| "more than 28 digits".to_owned(), |amount| amount.to_string());
            faults.push(FieldProblem::Value { value, rule }.at(format!("{at}invoice_schedule")));
        }
    }
    faults
}

/// What the tests of commits and credits are about.
#[cfg(test)]
mod sample {
    use uuid::Uuid;

    use super::*;
    use crate::id::ScheduleItemId;
    use crate::model::balance::{Balance, CommitType, CreateCommit, CreateCredit};
    use crate::model::scalar::{Amount, Time};
    use crate::model::schedule::{
        CreateAccessItem, CreateAccessSchedule, CreateInvoiceItem, CreateInvoiceSchedule,
    };

    pub(super) fn day(text: &str) -> Time {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    /// Ids that count up from 1.
    pub(super) fn ids() -> impl FnMut() -> ScheduleItemId {
        let mut last = 0;
        move || {
            last += 1;
            ScheduleItemId::new(Uuid::from_u128(last))
        }
    }

    pub(super) fn terms() -> BalanceTerms {
        BalanceTerms::new(Uuid::from_u128(9).into())
    }

    pub(super) fn segment(amount: impl Into<Amount>, from: &str, to: &str) -> CreateAccessItem {
        CreateAccessItem { amount: amount.into(), starting_at: day(from), ending_before: day(to) }
    }

    pub(super) fn year(amount: impl Into<Amount>) -> CreateAccessSchedule {
        [segment(amount, "2025-01-01", "2026-01-01")].into()
    }

    pub(super) fn charge(amount: impl Into<Amount>, at: &str) -> CreateInvoiceItem {
        CreateInvoiceItem { timestamp: day(at), price: amount.into().into() }
    }

    pub(super) fn postpaid(
        access: CreateAccessSchedule,
        invoice: impl Into<CreateInvoiceSchedule>,
    ) -> CreateCommit {
        CreateCommit {
            commit_type: CommitType::Postpaid,
            invoice_schedule: Some(invoice.into()),
            ..CreateCommit::prepaid(terms(), access)
        }
    }

    pub(super) fn made(request: &CreateCommit) -> Balance {
        commit(request, &mut ids(), day("2024-12-01"), None)
    }

    pub(super) fn made_credit(access: CreateAccessSchedule) -> Balance {
        credit(&CreateCredit::new(terms(), access), &mut ids(), day("2024-12-01"), None)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::sample::terms;
    use super::*;
    use crate::model::scalar::Amount;

    fn wrong(change: impl FnOnce(&mut BalanceTerms)) -> Vec<String> {
        let mut terms = terms();
        change(&mut terms);
        Fault::fields(&terms_faults("commits[0].", &terms)).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn terms_that_say_nothing_are_well_and_so_are_full_ones() {
        assert!(wrong(|_| ()).is_empty());
        let full = wrong(|terms| {
            terms.name = Some("Prepaid".into());
            terms.description = Some(String::new());
            terms.priority = Some("-1.5".parse().unwrap());
            terms.rollover_fraction = Some(Amount::from(1));
            terms.applies_to.product_ids = vec![Uuid::nil().into(); MAX_APPLICABLE];
            terms.applies_to.product_tags = vec!["cloud".into(); MAX_APPLICABLE];
            terms.child_access = Some(ChildAccess::Contracts(vec![Uuid::nil().into()]));
        });
        assert!(full.is_empty(), "{full:?}");
        assert!(wrong(|terms| terms.rollover_fraction = Some(Amount::ZERO)).is_empty());
        assert!(wrong(|terms| terms.child_access = Some(ChildAccess::None)).is_empty());
    }

    #[test]
    fn every_fault_of_the_terms_is_named() {
        let faults = wrong(|terms| {
            terms.name = Some(String::new());
            terms.description = Some("x".repeat(10_001));
            terms.rollover_fraction = Some("1.01".parse().unwrap());
            terms.netsuite_sales_order_id = Some("x".repeat(10_001));
            terms.child_access = Some(ChildAccess::Contracts(Vec::new()));
            terms.applies_to.product_ids = vec![Uuid::nil().into(); MAX_APPLICABLE + 1];
            terms.applies_to.product_tags = vec!["cloud".into(); MAX_APPLICABLE + 1];
        });
        assert_eq!(
            faults,
            [
                "commits[0].name",
                "commits[0].description",
                "commits[0].rollover_fraction",
                "commits[0].netsuite_sales_order_id",
                "commits[0].hierarchy_configuration.child_access.contract_ids",
                "commits[0].applicable_product_ids",
                "commits[0].applicable_product_tags",
            ]
        );
        let below = wrong(|terms| terms.rollover_fraction = Some("-0.01".parse().unwrap()));
        assert_eq!(below, ["commits[0].rollover_fraction"]);
    }

    #[test]
    fn specifiers_stand_alone_and_each_says_something() {
        let tagged = || UsageSpecifier { product_tags: vec!["cloud".into()], ..UsageSpecifier::default() };
        let excluding = || UsageSpecifier { exclude: vec![vec!["beta".into()]], ..UsageSpecifier::default() };
        assert!(wrong(|terms| terms.applies_to.specifiers = vec![tagged(), excluding()]).is_empty());
        let beside = wrong(|terms| {
            terms.applies_to.specifiers = vec![tagged()];
            terms.applies_to.product_ids = vec![Uuid::nil().into()];
            terms.applies_to.product_tags = vec!["cloud".into()];
        });
        assert_eq!(beside, ["commits[0].applicable_product_ids", "commits[0].applicable_product_tags"]);
        let groups: BTreeMap<_, _> = (0..21).map(|n| (n.to_string(), String::new())).collect();
        let poor = wrong(|terms| {
            let specifiers = &mut terms.applies_to.specifiers;
            specifiers.push(UsageSpecifier::default());
            specifiers.push(UsageSpecifier { exclude: vec![vec![]], ..tagged() });
            specifiers.push(UsageSpecifier { pricing_group_values: groups.clone(), ..tagged() });
            specifiers.push(UsageSpecifier { presentation_group_values: groups, ..tagged() });
        });
        assert_eq!(
            poor,
            [
                "commits[0].specifiers[0]",
                "commits[0].specifiers[1].exclude[0].product_tags",
                "commits[0].specifiers[2].pricing_group_values",
                "commits[0].specifiers[3].presentation_group_values",
            ]
        );
        let many = wrong(|terms| terms.applies_to.specifiers = vec![tagged(); MAX_APPLICABLE + 1]);
        assert_eq!(many, ["commits[0].specifiers"]);
    }
}
