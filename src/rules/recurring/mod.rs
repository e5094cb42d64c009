//! Recurring commits and credits: what they need and may have, what becomes of them, and what they give.

mod change;
mod grant;
mod open;
mod period;
mod proration;

#[cfg(feature = "wire")]
pub use change::terms_now;
pub use change::{end, terms_at, update, update_faults};
pub use grant::{first_grant_from, grants};
pub use open::open_grants;
pub use period::cycle;
pub use proration::prorated;

use super::calendar::check_hour;
use super::schedule::{check_not_negative, check_product};
use crate::error::{Fault, FieldProblem};
use crate::model::alias::check_end;
use crate::model::recurring::{CreateRecurring, ProrationRounding, RecurringAmount, RecurringTerms};
use crate::model::scalar::Time;

/// Why a credit does not have what is charged.
const COMMITS_ALONE: &str = "it is for recurring commits";
/// Why there is no quantity beside a subscription.
const SUBSCRIPTION_SAYS: &str = "the subscription says how many there are";

/// What is wrong with a recurring commit or credit that is to be, what it has in common with commits and credits
/// aside; `at` stands in front of the names of its fields.
pub fn faults(at: &str, recurring: &CreateRecurring, is_commit: bool, contract_start: Time) -> Vec<Fault> {
    let terms = &recurring.terms;
    let mut problems = Vec::new();
    if terms.terms.priority.is_none() {
        let rule = "what is drawn from first has to be said of a recurring commit or credit";
        problems.push(("priority", FieldProblem::Missing { rule }));
    }
    problems.extend(access_problems(&terms.access_amount, recurring.subscription_config.is_some()));
    problems.extend(invoice_problems(terms.invoice_amount.as_ref(), is_commit));
    problems.extend(time_problems(terms, contract_start));
    if terms.commit_duration == 0 {
        let rule = "it has to be 1 or more periods";
        problems.push(("commit_duration.value", FieldProblem::Value { value: "0".to_owned(), rule }));
    }
    let rounding = terms.proration_rounding;
    problems.extend(rounding_problems(rounding.access, rounding.invoice, is_commit));
    at_fields(at, problems)
}

/// A field, by its path in the recurring commit or credit, and what is wrong with it.
type Problem = (&'static str, FieldProblem);

fn at_fields(at: &str, problems: Vec<Problem>) -> Vec<Fault> {
    problems.into_iter().map(|(field, problem)| problem.at(format!("{at}{field}"))).collect()
}

fn access_problems(amount: &RecurringAmount, by_subscription: bool) -> Vec<Problem> {
    let quantity = match (amount.quantity, by_subscription) {
        (None, false) => Some(FieldProblem::Missing {
            rule: "without a subscription it has to be said how many there are",
        }),
        (Some(_), true) => Some(FieldProblem::NotAllowed { rule: SUBSCRIPTION_SAYS }),
        _ => None,
    };
    let quantity = quantity.map(|problem| ("access_amount.quantity", problem));
    let numbers = number_problems("access_amount.unit_price", "access_amount.quantity", amount);
    numbers.into_iter().chain(quantity).collect()
}

fn invoice_problems(amount: Option<&RecurringAmount>, is_commit: bool) -> Vec<Problem> {
    let Some(amount) = amount else { return Vec::new() };
    if !is_commit {
        return vec![("invoice_amount", FieldProblem::NotAllowed { rule: COMMITS_ALONE })];
    }
    let quantity = amount.quantity.is_none().then(|| {
        let rule = "it has to be said for how many is charged";
        ("invoice_amount.quantity", FieldProblem::Missing { rule })
    });
    let numbers = number_problems("invoice_amount.unit_price", "invoice_amount.quantity", amount);
    numbers.into_iter().chain(quantity).collect()
}

fn number_problems(price: &'static str, quantity: &'static str, amount: &RecurringAmount) -> Vec<Problem> {
    let RecurringAmount { unit_price, quantity: number, .. } = *amount;
    let problems = [
        (price, check_not_negative(unit_price)),
        (price, number.and_then(|number| check_product(unit_price, number))),
        (quantity, number.and_then(check_not_negative)),
    ];
    problems.into_iter().filter_map(|(field, problem)| Some((field, problem?))).collect()
}

fn time_problems(terms: &RecurringTerms, contract_start: Time) -> Vec<Problem> {
    let start = terms.starting_at;
    let early = (start < contract_start).then(|| {
        let rule = "it has to be no earlier than the contract's start";
        FieldProblem::Value { value: start.to_string(), rule }
    });
    let problems = [
        ("starting_at", check_hour(start)),
        ("starting_at", early),
        ("ending_before", check_end(Some(start), terms.ending_before)),
    ];
    problems.into_iter().filter_map(|(field, problem)| Some((field, problem?))).collect()
}

fn rounding_problems(
    access: Option<ProrationRounding>,
    invoice: Option<ProrationRounding>,
    is_commit: bool,
) -> Vec<Problem> {
    let places = |rounding: Option<ProrationRounding>| rounding.and_then(ProrationRounding::check);
    let access = places(access).map(|problem| ("proration_rounding.access.decimal_places", problem));
    let invoice = if invoice.is_some() && !is_commit {
        Some(("proration_rounding.invoice", FieldProblem::NotAllowed { rule: COMMITS_ALONE }))
    } else {
        places(invoice).map(|problem| ("proration_rounding.invoice.decimal_places", problem))
    };
    access.into_iter().chain(invoice).collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::entity::ContractProductId;
    use crate::model::balance::BalanceTerms;
    use crate::model::credit_type::CreditType;
    use crate::model::recurring::{
        ProrationRoundingMethod, RecurringProration, RecurringRounding, SeatAllocation, SubscriptionConfig,
    };
    use uuid::Uuid;

    pub fn time(text: &str) -> Time {
        format!("{text}:00Z").parse().unwrap()
    }

    pub fn amount(unit_price: i64, quantity: Option<i64>) -> RecurringAmount {
        let quantity = quantity.map(Into::into);
        RecurringAmount { unit_price: unit_price.into(), quantity, credit_type_id: CreditType::USD_CENTS }
    }

    pub fn rounding(decimal_places: i8) -> Option<ProrationRounding> {
        Some(ProrationRounding { rounding_method: ProrationRoundingMethod::HalfUp, decimal_places })
    }

    pub fn good() -> CreateRecurring {
        let mut terms = BalanceTerms::new(ContractProductId::from(Uuid::from_u128(1)));
        terms.priority = Some(1.into());
        CreateRecurring {
            terms: RecurringTerms {
                terms,
                access_amount: amount(100, Some(2)),
                invoice_amount: Some(amount(90, Some(2))),
                starting_at: time("2025-01-01T00:00"),
                ending_before: None,
                commit_duration: 1,
                recurrence_frequency: None,
                proration: RecurringProration::default(),
                proration_rounding: RecurringRounding { access: rounding(-5), invoice: rounding(5) },
            },
            subscription_config: None,
            temporary_id: None,
        }
    }

    pub fn config<S>(subscription_id: S) -> Option<SubscriptionConfig<S>> {
        Some(SubscriptionConfig { subscription_id, is_prorated: true, allocation: SeatAllocation::Pooled })
    }

    /// What is said of a changed request, without the rules.
    fn said(is_commit: bool, change: impl FnOnce(&mut CreateRecurring)) -> Vec<String> {
        let mut request = good();
        change(&mut request);
        words(&faults("r[0].", &request, is_commit, time("2025-01-01T00:00")))
    }

    pub fn words(faults: &[Fault]) -> Vec<String> {
        faults.iter().map(|fault| fault.to_string().split(';').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_is_right_has_no_faults() {
        assert!(said(true, |_| {}).is_empty());
        let credit = |request: &mut CreateRecurring| {
            request.terms.invoice_amount = None;
            request.terms.proration_rounding.invoice = None;
        };
        assert!(said(false, credit).is_empty());
        let by_subscription = |request: &mut CreateRecurring| {
            request.subscription_config = config("seats".to_owned());
            request.terms.access_amount.quantity = None;
        };
        assert!(said(true, by_subscription).is_empty());
    }

    #[test]
    fn a_grant_says_what_goes_first_and_how_many() {
        assert_eq!(said(true, |request| request.terms.terms.priority = None), ["r[0].priority: missing"]);
        assert_eq!(
            said(true, |request| request.terms.access_amount.quantity = None),
            ["r[0].access_amount.quantity: missing"]
        );
        assert_eq!(
            said(true, |request| request.subscription_config = config("seats".to_owned())),
            ["r[0].access_amount.quantity: not allowed here"]
        );
        assert_eq!(
            said(true, |request| request.terms.access_amount = amount(-1, Some(-1))),
            [
                r#"r[0].access_amount.unit_price: "-1" is not allowed"#,
                r#"r[0].access_amount.quantity: "-1" is not allowed"#
            ]
        );
        let inexact = said(true, |request| {
            request.terms.access_amount.unit_price = "1e-28".parse().unwrap();
            request.terms.access_amount.quantity = Some("0.1".parse().unwrap());
        });
        assert_eq!(
            inexact,
            [r#"r[0].access_amount.unit_price: "0.0000000000000000000000000001" is not allowed"#]
        );
        assert_eq!(
            said(true, |request| request.terms.commit_duration = 0),
            [r#"r[0].commit_duration.value: "0" is not allowed"#]
        );
    }

    #[test]
    fn only_commits_charge_and_for_a_quantity() {
        assert_eq!(
            said(false, |_| {}),
            ["r[0].invoice_amount: not allowed here", "r[0].proration_rounding.invoice: not allowed here"]
        );
        assert_eq!(
            said(true, |request| request.terms.invoice_amount = Some(amount(-90, None))),
            [
                r#"r[0].invoice_amount.unit_price: "-90" is not allowed"#,
                "r[0].invoice_amount.quantity: missing"
            ]
        );
    }

    #[test]
    fn it_starts_on_the_hour_with_the_contract_or_later_and_ends_after_that() {
        assert!(said(true, |request| request.terms.starting_at = time("2025-01-01T01:00")).is_empty());
        assert_eq!(
            said(true, |request| request.terms.starting_at = time("2024-12-31T23:30")),
            [
                r#"r[0].starting_at: "2024-12-31T23:30:00Z" is not allowed"#,
                r#"r[0].starting_at: "2024-12-31T23:30:00Z" is not allowed"#
            ]
        );
        let ends = |end| said(true, |request| request.terms.ending_before = Some(time(end)));
        assert!(ends("2025-01-01T00:01").is_empty());
        assert_eq!(
            ends("2025-01-01T00:00"),
            [r#"r[0].ending_before: "2025-01-01T00:00:00Z" is not allowed"#]
        );
    }

    #[test]
    fn amounts_are_rounded_to_five_places_on_either_side_of_the_point_at_most() {
        let places = |access, invoice| {
            let rounding = RecurringRounding { access: rounding(access), invoice: rounding(invoice) };
            said(true, |request| request.terms.proration_rounding = rounding)
        };
        assert!(places(5, -5).is_empty());
        assert_eq!(
            places(6, -6),
            [
                r#"r[0].proration_rounding.access.decimal_places: "6" is not allowed"#,
                r#"r[0].proration_rounding.invoice.decimal_places: "-6" is not allowed"#
            ]
        );
    }
}
