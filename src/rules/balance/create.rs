//! Commits and credits that are to be made, with a contract or for a customer.

use uuid::Uuid;

use super::{postpaid_faults, terms_faults};
use crate::error::{Fault, FieldProblem};
use crate::id::ScheduleItemId;
use crate::model::balance::{
    Balance, BalanceTerms, CommitType, CreateCommit, CreateCredit, CustomerLevel, MAX_APPLICABLE,
};
use crate::model::scalar::Time;
use crate::rules::threshold::gate_faults;
use crate::rules::{part_text, schedule};

/// What is wrong with a commit that is to be made; `at` stands in front of the names of its fields.
pub fn commit_faults(at: &str, request: &CreateCommit) -> Vec<Fault> {
    let mut faults = terms_faults(at, &request.terms);
    let temporary = part_text::temporary_id(request.temporary_id.as_deref());
    faults.extend(temporary.map(|problem| problem.at(format!("{at}temporary_id"))));
    if let Some(gate) = &request.payment_gate {
        faults.extend(gate_faults(&format!("{at}payment_gate_config."), gate));
    }
    let mut in_schedules =
        schedule::access_faults(&format!("{at}access_schedule."), &request.access_schedule);
    if let Some(invoice) = &request.invoice_schedule {
        in_schedules.extend(schedule::invoice_faults(&format!("{at}invoice_schedule."), invoice, true));
    }
    // Whether the totals are the same can be told of sound schedules alone.
    if request.commit_type == CommitType::Postpaid && in_schedules.is_empty() {
        let no_id = &mut || ScheduleItemId::new(Uuid::nil());
        let access = schedule::access(&request.access_schedule, no_id);
        let invoice = request.invoice_schedule.as_ref().map(|invoice| schedule::invoice(invoice, no_id));
        in_schedules = postpaid_faults(at, &access, invoice.as_ref());
    }
    faults.extend(in_schedules);
    faults
}

/// What is wrong with a credit that is to be made.
pub fn credit_faults(at: &str, request: &CreateCredit) -> Vec<Fault> {
    let mut faults = terms_faults(at, &request.terms);
    faults.extend(schedule::access_faults(&format!("{at}access_schedule."), &request.access_schedule));
    faults
}

/// The commit that a sound request makes.
pub fn commit(
    request: &CreateCommit,
    new_id: &mut impl FnMut() -> ScheduleItemId,
    now: Time,
    by: Option<String>,
) -> Balance {
    Balance {
        terms: request.terms.clone(),
        commit_type: Some(request.commit_type),
        access_schedule: schedule::access(&request.access_schedule, new_id),
        invoice_schedule: request.invoice_schedule.as_ref().map(|invoice| schedule::invoice(invoice, new_id)),
        counts_as_discounted: request.counts_as_discounted,
        payment_gate: request.payment_gate.clone(),
        rolled_over_from: None,
        created_at: now,
        created_by: by,
        archived_at: None,
    }
}

/// The credit that a sound request makes.
pub fn credit(
    request: &CreateCredit,
    new_id: &mut impl FnMut() -> ScheduleItemId,
    now: Time,
    by: Option<String>,
) -> Balance {
    Balance {
        terms: request.terms.clone(),
        commit_type: None,
        access_schedule: schedule::access(&request.access_schedule, new_id),
        invoice_schedule: None,
        counts_as_discounted: None,
        payment_gate: None,
        rolled_over_from: None,
        created_at: now,
        created_by: by,
        archived_at: None,
    }
}

/// What is wrong with a customer's commit besides what would be wrong with one of a contract.
pub fn commit_level_faults(level: &CustomerLevel, request: &CreateCommit) -> Vec<Fault> {
    let mut faults = level_faults(level, &request.terms);
    let charged = request.invoice_schedule.as_ref().is_some_and(|invoice| !invoice.do_not_invoice);
    let invoiced_on = (charged && level.invoice_contract_id.is_none())
        .then_some(FieldProblem::Missing { rule: "a contract is charged for what the invoice schedule has" });
    let problems = [
        ("invoice_contract_id", invoiced_on),
        ("temporary_id", of_contracts(request.temporary_id.is_some())),
        ("spend_tracker_attributes", of_contracts(request.counts_as_discounted.is_some())),
        ("payment_gate_config", of_contracts(request.payment_gate.is_some())),
    ];
    faults.extend(Fault::of_fields("", problems));
    faults
}

/// What is wrong with a customer's credit besides what would be wrong with one of a contract.
pub fn credit_level_faults(level: &CustomerLevel, request: &CreateCredit) -> Vec<Fault> {
    let mut faults = level_faults(level, &request.terms);
    let invoiced = level.invoice_contract_id.is_some();
    let problem = invoiced.then_some(FieldProblem::NotAllowed { rule: "nobody is charged for a credit" });
    faults.extend(Fault::of_fields("", [("invoice_contract_id", problem)]));
    faults
}

fn level_faults(level: &CustomerLevel, terms: &BalanceTerms) -> Vec<Fault> {
    let priority = terms.priority.is_none().then_some(FieldProblem::Missing {
        rule: "a customer's commit or credit says which of several goes first",
    });
    let contracts = FieldProblem::too_many(level.applicable_contract_ids.len(), MAX_APPLICABLE);
    Fault::of_fields(
        "",
        [
            ("priority", priority),
            ("applicable_contract_ids", contracts),
            ("uniqueness_key", part_text::uniqueness_key(level.uniqueness_key.as_deref())),
            ("salesforce_opportunity_id", part_text::text(level.salesforce_opportunity_id.as_deref())),
            ("rollover_fraction", of_contracts(terms.rollover_fraction.is_some())),
            ("hierarchy_configuration", of_contracts(terms.child_access.is_some())),
        ],
    )
}

/// What is customer's goes on whatever becomes of one contract, and no call names it by a temporary id.
fn of_contracts(said: bool) -> Option<FieldProblem> {
    said.then_some(FieldProblem::NotAllowed { rule: "it is for commits and credits of a contract" })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{charge, day, ids, made, made_credit, postpaid, segment, terms, year};
    use super::*;
    use crate::model::balance::ChildAccess;
    use crate::model::scalar::Amount;
    use crate::model::schedule::{
        AmountDistribution, CreateInvoiceSchedule, RecurringSchedule, ScheduleFrequency,
    };

    fn prepaid() -> CreateCommit {
        CreateCommit::prepaid(terms(), year(100))
    }

    #[test]
    fn a_prepaid_commit_may_be_charged_for_or_not_in_any_amount() {
        assert!(commit_faults("commits[0].", &prepaid()).is_empty());
        let charged = [charge(30, "2025-01-01"), charge(30, "2025-07-01")];
        let charged = CreateCommit { invoice_schedule: Some(charged.into()), ..prepaid() };
        assert!(commit_faults("commits[0].", &charged).is_empty());
        let nothing = CreateCommit::prepaid(terms(), Default::default());
        assert!(
            Fault::fields(&commit_faults("commits[0].", &nothing))[0]
                .starts_with("commits[0].access_schedule.")
        );
    }

    #[test]
    fn a_postpaid_commit_has_one_item_of_one_amount_in_each_schedule() {
        let well = postpaid(year(100), [charge(100, "2026-01-01")]);
        assert!(commit_faults("c.", &well).is_empty());
        let without = CreateCommit { invoice_schedule: None, ..well.clone() };
        assert_eq!(Fault::fields(&commit_faults("c.", &without)), ["c.invoice_schedule"]);
        let other = postpaid(year(100), [charge(99, "2026-01-01")]);
        assert_eq!(Fault::fields(&commit_faults("c.", &other)), ["c.invoice_schedule"]);
        let two = [segment(50, "2025-01-01", "2025-07-01"), segment(50, "2025-07-01", "2026-01-01")];
        let two = postpaid(two.into(), [charge(50, "2025-07-01"), charge(50, "2026-01-01")]);
        assert_eq!(
            Fault::fields(&commit_faults("c.", &two)),
            ["c.access_schedule.schedule_items", "c.invoice_schedule.schedule_items"]
        );
        let mut units = well;
        units.access_schedule.credit_type_id = Some(Uuid::from_u128(7).into());
        assert_eq!(Fault::fields(&commit_faults("c.", &units)), ["c.invoice_schedule.credit_type_id"]);
        units.invoice_schedule.as_mut().unwrap().credit_type_id = Some(Uuid::from_u128(7).into());
        assert!(commit_faults("c.", &units).is_empty());
    }

    #[test]
    fn a_price_times_a_quantity_counts_as_its_amount() {
        let mut item = charge(25, "2026-01-01");
        item.price.quantity = 4.into();
        assert!(commit_faults("", &postpaid(year(100), [item])).is_empty());
        item.price.quantity = 5.into();
        assert!(!commit_faults("", &postpaid(year(100), [item])).is_empty());
    }

    #[test]
    fn a_recurring_invoice_schedule_counts_as_the_items_that_it_becomes() {
        let until = |end: &str| {
            let recurring = RecurringSchedule {
                starting_at: day("2026-01-01"),
                ending_before: day(end),
                frequency: ScheduleFrequency::Monthly,
                price: Amount::from(100).into(),
                amount_distribution: AmountDistribution::Divided,
            };
            commit_faults("c.", &postpaid(year(100), recurring))
        };
        assert!(until("2026-02-01").is_empty());
        assert_eq!(Fault::fields(&until("2026-02-02")), ["c.invoice_schedule.schedule_items"]);
    }

    #[test]
    fn a_temporary_id_says_something() {
        let named = |id: &str| CreateCommit { temporary_id: Some(id.into()), ..prepaid() };
        assert!(commit_faults("c.", &named("a")).is_empty());
        assert_eq!(Fault::fields(&commit_faults("c.", &named(""))), ["c.temporary_id"]);
    }

    #[test]
    fn what_is_made_is_what_was_asked_for() {
        let request = postpaid(year(100), [charge(100, "2026-01-01")]);
        let made = commit(&request, &mut ids(), day("2025-01-01"), Some("ada".into()));
        assert_eq!((made.commit_type, made.created_by.as_deref()), (Some(CommitType::Postpaid), Some("ada")));
        assert_eq!((made.created_at, made.archived_at), (day("2025-01-01"), None));
        assert_eq!(made.access_schedule.schedule_items[0].amount, Amount::from(100));
        let charged = made.invoice_schedule.unwrap().schedule_items[0];
        assert_ne!(charged.id, made.access_schedule.schedule_items[0].id);
        let credit = made_credit(year(5));
        assert_eq!((credit.commit_type, credit.invoice_schedule), (None, None));
        assert!(credit_faults("credits[0].", &CreateCredit::new(terms(), year(5))).is_empty());
        let nothing = CreateCredit::new(terms(), Default::default());
        assert!(!credit_faults("credits[0].", &nothing).is_empty());
        assert!(super::super::sample::made(&prepaid()).invoice_schedule.is_none());
    }

    fn level() -> CustomerLevel {
        CustomerLevel::new(Uuid::from_u128(1).into())
    }

    fn first(mut request: CreateCommit) -> CreateCommit {
        request.terms.priority = Some(1.into());
        request
    }

    #[test]
    fn a_customers_commit_has_a_priority_and_a_contract_where_it_is_charged_for() {
        assert!(commit_level_faults(&level(), &first(prepaid())).is_empty());
        assert_eq!(Fault::fields(&commit_level_faults(&level(), &prepaid())), ["priority"]);
        let charged = first(postpaid(year(100), [charge(100, "2026-01-01")]));
        assert_eq!(Fault::fields(&commit_level_faults(&level(), &charged)), ["invoice_contract_id"]);
        let on = CustomerLevel { invoice_contract_id: Some(Uuid::from_u128(2).into()), ..level() };
        assert!(commit_level_faults(&on, &charged).is_empty());
        let unpaid = CreateInvoiceSchedule { do_not_invoice: true, ..[charge(100, "2026-01-01")].into() };
        assert!(commit_level_faults(&level(), &first(postpaid(year(100), unpaid))).is_empty());
        assert!(commit_level_faults(&on, &first(prepaid())).is_empty());
        assert_eq!(made(&charged).commit_type, Some(CommitType::Postpaid));
    }

    #[test]
    fn a_customers_credit_has_a_priority_and_is_charged_to_nobody() {
        let mut credit = CreateCredit::new(terms(), year(100));
        assert_eq!(Fault::fields(&credit_level_faults(&level(), &credit)), ["priority"]);
        credit.terms.priority = Some(0.into());
        assert!(credit_level_faults(&level(), &credit).is_empty());
        let on = CustomerLevel { invoice_contract_id: Some(Uuid::from_u128(2).into()), ..level() };
        assert_eq!(Fault::fields(&credit_level_faults(&on, &credit)), ["invoice_contract_id"]);
    }

    #[test]
    fn a_uniqueness_key_has_1_to_128_characters() {
        let keyed = |key: String| CustomerLevel { uniqueness_key: Some(key), ..level() };
        for (key, well) in [("k".to_owned(), true), ("é".repeat(128), true), (String::new(), false)] {
            assert_eq!(commit_level_faults(&keyed(key), &first(prepaid())).is_empty(), well);
        }
        let long = keyed("é".repeat(129));
        assert_eq!(Fault::fields(&commit_level_faults(&long, &first(prepaid()))), ["uniqueness_key"]);
    }

    #[test]
    fn what_contracts_have_alone_is_refused_for_a_customers_commit() {
        let mut request = first(prepaid());
        request.terms.rollover_fraction = Some(1.into());
        request.terms.child_access = Some(ChildAccess::All);
        request.temporary_id = Some("a".into());
        request.counts_as_discounted = Some(true);
        assert_eq!(
            Fault::fields(&commit_level_faults(&level(), &request)),
            ["rollover_fraction", "hierarchy_configuration", "temporary_id", "spend_tracker_attributes"]
        );
        let long = CustomerLevel { salesforce_opportunity_id: Some("x".repeat(10_001)), ..level() };
        assert_eq!(
            Fault::fields(&commit_level_faults(&long, &first(prepaid()))),
            ["salesforce_opportunity_id"]
        );
    }
}
