//! Commits and credits that are edited, or whose contract ends earlier.

use uuid::Uuid;

use super::{postpaid_faults, terms_faults};
use crate::error::{Fault, FieldProblem};
use crate::id::ScheduleItemId;
use crate::model::balance::{Balance, BalanceTerms, CommitType};
use crate::model::contract_edit::{UpdateAccessSchedule, UpdateBalance, UpdateInvoiceSchedule};
use crate::model::credit_type::CreditType;
use crate::model::scalar::Time;
use crate::model::schedule::{AccessSchedule, InvoiceSchedule};
use crate::rules::schedule;

/// What is wrong with a change of a commit or credit; `at` stands in front of the names of its fields. What comes
/// out of it has to be as sound as a new one.
pub fn update_faults<I>(at: &str, before: &Balance, update: &UpdateBalance<I>) -> Vec<Fault> {
    if let Some(problem) = fixed(before) {
        let id = if before.commit_type.is_some() { "commit_id" } else { "credit_id" };
        return vec![problem.at(format!("{at}{id}"))];
    }
    let mut faults = terms_faults(at, &terms(&before.terms, update));
    faults.extend(schedule_faults(at, before, update));
    faults
}

/// Why a commit or credit stays as it is.
fn fixed(before: &Balance) -> Option<FieldProblem> {
    let rule = if before.archived_at.is_some() {
        "it is archived, and what is archived is not edited"
    } else if before.rolled_over_from.is_some() {
        "it was rolled over from another contract, and so is not edited"
    } else {
        return None;
    };
    Some(FieldProblem::NotAllowed { rule })
}

fn schedule_faults<I>(at: &str, before: &Balance, update: &UpdateBalance<I>) -> Vec<Fault> {
    let (to_access, to_invoice) = (&update.access_schedule, &update.invoice_schedule);
    let untouched_access = *to_access == UpdateAccessSchedule::default();
    let untouched_invoice = *to_invoice == UpdateInvoiceSchedule::default();
    let mut faults = Vec::new();
    if !untouched_access {
        let at = format!("{at}access_schedule.");
        faults.extend(schedule::update_access_faults(&at, &before.access_schedule, to_access));
    }
    if before.commit_type.is_none() && !untouched_invoice {
        let rule = "nobody is charged for a credit";
        faults.push(FieldProblem::NotAllowed { rule }.at(format!("{at}invoice_schedule")));
    } else if !untouched_invoice {
        let at = format!("{at}invoice_schedule.");
        faults.extend(schedule::update_invoice_faults(&at, &charges(before), to_invoice, true));
    }
    // A commit whose contract was ended earlier may have lost an item: its name can be changed all the same.
    let touched = !(untouched_access && untouched_invoice);
    if before.commit_type == Some(CommitType::Postpaid) && touched && faults.is_empty() {
        let no_id = &mut || ScheduleItemId::new(Uuid::nil());
        let (access, invoice) = schedules(before, update, no_id);
        faults = postpaid_faults(at, &access, invoice.as_ref());
    }
    faults
}

/// The charges of a commit that may have no invoice schedule yet: one that gets its first charges is charged for in
/// US dollars, as a new schedule that says nothing is.
fn charges(before: &Balance) -> InvoiceSchedule {
    before.invoice_schedule.clone().unwrap_or(InvoiceSchedule {
        credit_type_id: CreditType::USD_CENTS,
        schedule_items: Vec::new(),
        do_not_invoice: false,
    })
}

/// The commit or credit after a sound change.
pub fn update<I>(
    before: &Balance,
    update: &UpdateBalance<I>,
    new_id: &mut impl FnMut() -> ScheduleItemId,
) -> Balance {
    let (access_schedule, invoice_schedule) = schedules(before, update, new_id);
    Balance { terms: terms(&before.terms, update), access_schedule, invoice_schedule, ..before.clone() }
}

fn schedules<I>(
    before: &Balance,
    update: &UpdateBalance<I>,
    new_id: &mut impl FnMut() -> ScheduleItemId,
) -> (AccessSchedule, Option<InvoiceSchedule>) {
    let access = schedule::update_access(&before.access_schedule, &update.access_schedule, new_id);
    let invoice = if update.invoice_schedule == UpdateInvoiceSchedule::default() {
        before.invoice_schedule.clone()
    } else {
        Some(schedule::update_invoice(&charges(before), &update.invoice_schedule, new_id))
    };
    (access, invoice)
}

fn terms<I>(before: &BalanceTerms, update: &UpdateBalance<I>) -> BalanceTerms {
    BalanceTerms {
        product_id: update.product_id.unwrap_or(before.product_id),
        name: update.name.clone().or_else(|| before.name.clone()),
        description: update.description.clone().or_else(|| before.description.clone()),
        priority: update.priority.unwrap_or(before.priority),
        rate_type: update.rate_type.or(before.rate_type),
        rollover_fraction: update.rollover_fraction.unwrap_or(before.rollover_fraction),
        applies_to: update.applies_to(&before.applies_to),
        child_access: update.child_access.clone().or_else(|| before.child_access.clone()),
        access_type: before.access_type,
        netsuite_sales_order_id: update
            .netsuite_sales_order_id
            .clone()
            .unwrap_or_else(|| before.netsuite_sales_order_id.clone()),
    }
}

/// What a commit or credit becomes when its contract ends at a moment before the one it was to end at: nothing can
/// be drawn from it from then on, and later charges go. The one charge of a postpaid commit is for what was not
/// used of it: it stays where `trueup_stays`, and else goes at the end too, where it usually is. An archived one
/// stays as it was.
pub fn end(before: &Balance, end: Time, trueup_stays: bool) -> Balance {
    if before.archived_at.is_some() {
        return before.clone();
    }
    let postpaid = before.commit_type == Some(CommitType::Postpaid);
    let invoice_schedule = before.invoice_schedule.as_ref().map(|invoice| match (postpaid, trueup_stays) {
        (false, _) => schedule::end_invoice(invoice, end),
        (true, true) => invoice.clone(),
        (true, false) => schedule::invoice_before(invoice, end),
    });
    let access_schedule = schedule::end_access(&before.access_schedule, end);
    Balance { access_schedule, invoice_schedule, ..before.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{
        charge, day, ids, made, made_credit, postpaid, segment, terms as plain, year,
    };
    use super::*;
    use crate::entity::{CommitId, ContractId, EntityRef};
    use crate::model::balance::{ChildAccess, CreateCommit, RateChoice, UsageSpecifier};
    use crate::model::contract_edit::UpdateAccessItem;
    use crate::model::scalar::Amount;

    fn nothing() -> UpdateBalance<CommitId> {
        UpdateBalance::new(Uuid::from_u128(3).into())
    }

    fn prepaid() -> Balance {
        made(&CreateCommit::prepaid(plain(), year(100)))
    }

    fn due() -> Balance {
        made(&postpaid(year(100), [charge(100, "2026-01-01")]))
    }

    fn amount(before: &Balance, amount: i64) -> UpdateAccessSchedule {
        let id = before.access_schedule.schedule_items[0].id;
        let item =
            UpdateAccessItem { id, amount: Some(amount.into()), starting_at: None, ending_before: None };
        UpdateAccessSchedule { update_schedule_items: vec![item], ..Default::default() }
    }

    fn more(items: impl Into<Vec<crate::model::schedule::CreateInvoiceItem>>) -> UpdateInvoiceSchedule {
        UpdateInvoiceSchedule { add_schedule_items: items.into(), ..Default::default() }
    }

    #[test]
    fn what_is_not_named_stays_and_null_clears() {
        let before = prepaid();
        assert!(update_faults("", &before, &nothing()).is_empty());
        assert_eq!(update(&before, &nothing(), &mut ids()), before);
        let full = UpdateBalance {
            name: Some("Another".into()),
            description: Some(String::new()),
            product_id: Some(Uuid::from_u128(10).into()),
            rollover_fraction: Some(Some(1.into())),
            applicable_product_ids: Some(Some(vec![Uuid::nil().into()])),
            applicable_product_tags: Some(Some(vec!["cloud".into()])),
            priority: Some(Some(2.into())),
            rate_type: Some(RateChoice::CommitRate),
            child_access: Some(ChildAccess::All),
            ..nothing()
        };
        assert!(update_faults("", &before, &full).is_empty());
        let after = update(&before, &full, &mut ids());
        assert_eq!(after.terms.name.as_deref(), Some("Another"));
        assert_eq!((after.terms.priority, after.terms.rollover_fraction), (Some(2.into()), Some(1.into())));
        let clear = UpdateBalance {
            rollover_fraction: Some(None),
            applicable_product_ids: Some(None),
            applicable_product_tags: Some(None),
            priority: Some(None),
            ..nothing()
        };
        let cleared = update(&after, &clear, &mut ids());
        assert_eq!(cleared.terms.applies_to, before.terms.applies_to);
        assert_eq!((cleared.terms.priority, cleared.terms.rollover_fraction), (None, None));
        assert_eq!(cleared.terms.child_access, Some(ChildAccess::All));
    }

    #[test]
    fn archived_and_rolled_over_ones_are_not_edited() {
        let archived = Balance { archived_at: Some(day("2025-02-01")), ..prepaid() };
        assert_eq!(Fault::fields(&update_faults("u.", &archived, &nothing())), ["u.commit_id"]);
        let from = (EntityRef::from(CommitId::from(Uuid::nil())), ContractId::from(Uuid::nil()));
        let rolled = Balance { rolled_over_from: Some(from), ..made_credit(year(100)) };
        assert_eq!(Fault::fields(&update_faults("u.", &rolled, &nothing())), ["u.credit_id"]);
    }

    #[test]
    fn what_comes_out_is_as_sound_as_a_new_one() {
        let mut before = prepaid();
        let wrong = UpdateBalance {
            name: Some(String::new()),
            rollover_fraction: Some(Some(2.into())),
            child_access: Some(ChildAccess::Contracts(Vec::new())),
            ..nothing()
        };
        assert_eq!(
            Fault::fields(&update_faults("u.", &before, &wrong)),
            ["u.name", "u.rollover_fraction", "u.hierarchy_configuration.child_access.contract_ids"]
        );
        let specifier = UsageSpecifier { product_tags: vec!["cloud".into()], ..Default::default() };
        before.terms.applies_to.specifiers = vec![specifier];
        let tags = UpdateBalance { applicable_product_tags: Some(Some(vec!["cloud".into()])), ..nothing() };
        assert_eq!(Fault::fields(&update_faults("u.", &before, &tags)), ["u.applicable_product_tags"]);
        let none = UpdateBalance { applicable_product_tags: Some(None), ..nothing() };
        assert!(update_faults("u.", &before, &none).is_empty());
    }

    #[test]
    fn a_credit_is_charged_to_nobody_and_a_commit_may_come_to_be() {
        let charged = UpdateBalance { invoice_schedule: more([charge(5, "2025-03-01")]), ..nothing() };
        assert_eq!(
            Fault::fields(&update_faults("u.", &made_credit(year(5)), &charged)),
            ["u.invoice_schedule"]
        );
        let before = prepaid();
        assert!(update_faults("u.", &before, &charged).is_empty());
        let invoice = update(&before, &charged, &mut ids()).invoice_schedule.unwrap();
        assert_eq!((invoice.credit_type_id, invoice.schedule_items.len()), (CreditType::USD_CENTS, 1));
    }

    #[test]
    fn a_postpaid_commit_stays_one_amount_in_both_schedules() {
        let before = due();
        let half = UpdateBalance { access_schedule: amount(&before, 50), ..nothing() };
        assert_eq!(Fault::fields(&update_faults("u.", &before, &half)), ["u.invoice_schedule"]);
        let charged = &before.invoice_schedule.as_ref().unwrap().schedule_items[0];
        let moved = UpdateInvoiceSchedule {
            remove_schedule_items: vec![charged.id],
            ..more([charge(50, "2026-02-01")])
        };
        let both = UpdateBalance { invoice_schedule: moved, ..half.clone() };
        assert!(update_faults("u.", &before, &both).is_empty());
        let after = update(&before, &both, &mut ids());
        assert_eq!(after.access_schedule.schedule_items[0].amount, Amount::from(50));
        assert_eq!(after.invoice_schedule.unwrap().schedule_items[0].timestamp, day("2026-02-01"));
        let second = UpdateBalance { invoice_schedule: more([charge(1, "2026-02-01")]), ..nothing() };
        assert_eq!(
            Fault::fields(&update_faults("u.", &before, &second)),
            ["u.invoice_schedule.schedule_items"]
        );
        assert!(update_faults("u.", &prepaid(), &half).is_empty());
    }

    #[test]
    fn an_unknown_item_is_named_in_its_schedule() {
        let gone = UpdateAccessSchedule {
            remove_schedule_items: vec![Uuid::from_u128(77).into()],
            ..Default::default()
        };
        let faults = update_faults("u.", &due(), &UpdateBalance { access_schedule: gone, ..nothing() });
        assert!(Fault::fields(&faults)[0].starts_with("u.access_schedule.remove_schedule_items[0]"));
    }

    #[test]
    fn an_earlier_end_cuts_access_and_later_charges() {
        let mut request = CreateCommit::prepaid(plain(), year(100));
        request.access_schedule.schedule_items.push(segment(7, "2025-07-01", "2026-01-01"));
        request.invoice_schedule =
            Some([charge(1, "2025-01-01"), charge(2, "2025-07-01"), charge(3, "2025-08-01")].into());
        let ended = end(&made(&request), day("2025-07-01"), true);
        assert_eq!(ended.access_schedule.schedule_items.len(), 1);
        assert_eq!(ended.access_schedule.schedule_items[0].ending_before, day("2025-07-01"));
        assert_eq!(ended.invoice_schedule.as_ref().unwrap().schedule_items.len(), 2);
        assert_eq!(end(&ended, day("2025-07-01"), true), ended);
        let archived = Balance { archived_at: Some(day("2025-02-01")), ..made(&request) };
        assert_eq!(end(&archived, day("2025-07-01"), true), archived);
    }

    #[test]
    fn a_trueup_stays_or_goes() {
        let end_at = day("2025-07-01");
        assert_eq!(end(&due(), end_at, true).invoice_schedule, due().invoice_schedule);
        let without = end(&due(), end_at, false);
        assert!(without.invoice_schedule.as_ref().unwrap().schedule_items.is_empty());
        let renamed = UpdateBalance { name: Some("Another".into()), ..nothing() };
        assert!(update_faults("u.", &without, &renamed).is_empty());
        let at_its_date = end(&due(), day("2026-01-01"), false).invoice_schedule.unwrap();
        assert!(at_its_date.schedule_items.is_empty());
        let behind_it = end(&due(), day("2026-01-02"), false);
        assert_eq!(behind_it, due(), "what was charged before is not to come any more");
    }
}
