//! What edits and the end of its contract make of a recurring commit or credit.

use super::{
    COMMITS_ALONE, SUBSCRIPTION_SAYS, at_fields, invoice_problems, number_problems, rounding_problems,
};
use crate::error::{Fault, FieldProblem};
use crate::model::alias::check_end;
use crate::model::recurring::{
    MAX_RECURRING_UPDATES, Recurring, RecurringChanges, RecurringTerms, RecurringUpdate, RoundingChanges,
};
use crate::model::scalar::{Amount, Time};

/// What is wrong with changes of a recurring commit or credit; `at` stands in front of the names of its fields.
///
/// What a commit charges can change, but not begin: a change does not say what it would be in.
pub fn update_faults(
    at: &str,
    before: &Recurring,
    changes: &RecurringChanges,
    is_commit: bool,
) -> Vec<Fault> {
    let mut terms = terms_now(before);
    let charged = terms.invoice_amount.is_some();
    terms.apply(changes);
    let mut problems = Vec::new();
    if changes.access_quantity.is_some() && before.subscription_config.is_some() {
        problems.push(("access_amount.quantity", FieldProblem::NotAllowed { rule: SUBSCRIPTION_SAYS }));
    }
    problems.extend(number_problems(
        "access_amount.unit_price",
        "access_amount.quantity",
        &terms.access_amount,
    ));
    let changes_charge = changes.invoice_unit_price.is_some() || changes.invoice_quantity.is_some();
    let rule = if is_commit { "nothing is charged for this recurring commit" } else { COMMITS_ALONE };
    if changes_charge && !charged {
        problems.push(("invoice_amount", FieldProblem::NotAllowed { rule }));
    }
    problems.extend(invoice_problems(terms.invoice_amount.as_ref(), true));
    let end = check_end(Some(terms.starting_at), changes.ending_before.flatten());
    problems.extend(end.map(|problem| ("ending_before", problem)));
    let rounding = changes.proration_rounding.flatten().unwrap_or_default();
    problems.extend(rounding_problems(rounding.access.flatten(), rounding.invoice.flatten(), is_commit));
    let mut faults = at_fields(at, problems);
    let items = before.updates.len() + 1;
    if items > MAX_RECURRING_UPDATES {
        let problem = FieldProblem::TooMany { items, most: MAX_RECURRING_UPDATES };
        faults.push(problem.at(at.trim_end_matches('.')));
    }
    faults
}

/// The recurring commit or credit after changes that have no faults. Grants that have begun by now stay as they are.
pub fn update(before: &Recurring, changes: &RecurringChanges, now: Time) -> Recurring {
    let mut after = before.clone();
    after.updates.push(RecurringUpdate { created_at: now, changes: changes.clone() });
    after
}

/// What is left of a recurring commit or credit whose contract ends at that moment: it ends no later, whatever was
/// said of its end before. Nothing of a contract outlives it, and a contract that goes on after all does not bring
/// back what its end cut; so this is no update for grants to come, but counts for those that have begun too.
pub fn end(before: &Recurring, end: Time) -> Recurring {
    let cut = |said: Option<Time>| Some(said.map_or(end, |said| said.min(end)));
    let mut after = before.clone();
    after.terms.ending_before = cut(after.terms.ending_before);
    for update in &mut after.updates {
        update.changes.ending_before = update.changes.ending_before.map(cut);
    }
    after
}

/// The terms after all updates.
pub fn terms_now(recurring: &Recurring) -> RecurringTerms {
    let mut terms = recurring.terms.clone();
    for update in &recurring.updates {
        terms.apply(&update.changes);
    }
    terms
}

/// The terms for a grant that begins at that moment: with the updates that had been made by then.
pub fn terms_at(recurring: &Recurring, start: Time) -> RecurringTerms {
    let mut terms = recurring.terms.clone();
    for update in recurring.updates.iter().filter(|update| update.created_at <= start) {
        terms.apply(&update.changes);
    }
    terms
}

/// The end that no update changes any more, and from when on that is so: what tells that no more grants come.
#[derive(Debug, Clone, Copy)]
pub struct Settled {
    since: Option<Time>,
    end: Option<Time>,
}

impl Settled {
    pub fn of(recurring: &Recurring) -> Self {
        let since = recurring.updates.iter().map(|update| update.created_at).max();
        let end = recurring.updates.iter().filter_map(|update| update.changes.ending_before).next_back();
        Self { since, end: end.unwrap_or(recurring.terms.ending_before) }
    }

    /// Whether no grant begins at that moment or later.
    pub fn over_at(self, start: Time) -> bool {
        self.since.is_none_or(|since| since <= start) && self.end.is_some_and(|end| end <= start)
    }
}

impl RecurringTerms {
    /// Makes changes: what is not said stays.
    fn apply(&mut self, changes: &RecurringChanges) {
        let put = |place: &mut Amount, new: Option<Amount>| *place = new.unwrap_or(*place);
        put(&mut self.access_amount.unit_price, changes.access_unit_price);
        self.access_amount.quantity = changes.access_quantity.or(self.access_amount.quantity);
        if let Some(invoice) = &mut self.invoice_amount {
            put(&mut invoice.unit_price, changes.invoice_unit_price);
            invoice.quantity = changes.invoice_quantity.or(invoice.quantity);
        }
        self.ending_before = changes.ending_before.unwrap_or(self.ending_before);
        self.terms.rate_type = changes.rate_type.or(self.terms.rate_type);
        match changes.proration_rounding {
            None => {}
            Some(None) => self.proration_rounding = Default::default(),
            Some(Some(RoundingChanges { access, invoice })) => {
                let rounding = &mut self.proration_rounding;
                rounding.access = access.unwrap_or(rounding.access);
                rounding.invoice = invoice.unwrap_or(rounding.invoice);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::SubscriptionId;
    use crate::model::balance::RateChoice;
    use crate::model::recurring::RecurringRounding;
    use crate::rules::recurring::tests::{amount, config, good, rounding, time, words};
    use uuid::Uuid;

    fn stored() -> Recurring {
        Recurring {
            terms: good().terms,
            subscription_config: None,
            updates: Vec::new(),
            created_at: time("2024-12-01T00:00"),
        }
    }

    /// What is said of a change of a stored one.
    fn said_of_update(before: &Recurring, is_commit: bool, changes: &RecurringChanges) -> Vec<String> {
        words(&update_faults("r[0].", before, changes, is_commit))
    }

    #[test]
    fn changes_are_judged_by_what_comes_of_them() {
        let before = stored();
        let update = |changes: &RecurringChanges| said_of_update(&before, true, changes);
        assert!(update(&RecurringChanges::default()).is_empty());
        let access = RecurringChanges { access_unit_price: Some((-1).into()), ..Default::default() };
        assert_eq!(update(&access), [r#"r[0].access_amount.unit_price: "-1" is not allowed"#]);
        // 100 of them are exact in themselves, but not at 1e27 each.
        let price =
            RecurringChanges { access_unit_price: Some("1e27".parse().unwrap()), ..Default::default() };
        assert!(update(&price).is_empty());
        let changed = super::update(&before, &price, time("2025-01-05T00:00"));
        let more = RecurringChanges { access_quantity: Some(100.into()), ..Default::default() };
        assert!(update(&more).is_empty());
        assert_eq!(said_of_update(&changed, true, &more).len(), 1);
        let ends =
            RecurringChanges { ending_before: Some(Some(time("2025-01-01T00:00"))), ..Default::default() };
        assert_eq!(update(&ends), [r#"r[0].ending_before: "2025-01-01T00:00:00Z" is not allowed"#]);
        let never = RecurringChanges { ending_before: Some(None), ..Default::default() };
        assert!(update(&never).is_empty());
        let places = RoundingChanges { access: Some(rounding(-6)), invoice: Some(None) };
        let places = RecurringChanges { proration_rounding: Some(Some(places)), ..Default::default() };
        assert_eq!(
            update(&places),
            [r#"r[0].proration_rounding.access.decimal_places: "-6" is not allowed"#]
        );
    }

    #[test]
    fn what_is_not_there_does_not_change() {
        let mut before = stored();
        let charge = RecurringChanges { invoice_unit_price: Some(1.into()), ..Default::default() };
        assert!(said_of_update(&before, true, &charge).is_empty());
        before.terms.invoice_amount = None;
        for is_commit in [true, false] {
            let found = said_of_update(&before, is_commit, &charge);
            assert_eq!(found, ["r[0].invoice_amount: not allowed here"]);
        }
        let rounded = RoundingChanges { access: None, invoice: Some(rounding(0)) };
        let rounded = RecurringChanges { proration_rounding: Some(Some(rounded)), ..Default::default() };
        assert_eq!(
            said_of_update(&before, false, &rounded),
            ["r[0].proration_rounding.invoice: not allowed here"]
        );
        before.terms.access_amount.quantity = None;
        before.subscription_config = config(SubscriptionId::from(Uuid::from_u128(7)));
        let quantity = RecurringChanges { access_quantity: Some(1.into()), ..Default::default() };
        assert_eq!(
            said_of_update(&before, true, &quantity),
            ["r[0].access_amount.quantity: not allowed here"]
        );
    }

    #[test]
    fn there_are_never_too_many_updates() {
        let mut before = stored();
        let nothing = RecurringChanges::default();
        for _ in 1..MAX_RECURRING_UPDATES {
            before = update(&before, &nothing, time("2025-01-05T00:00"));
        }
        assert!(said_of_update(&before, true, &nothing).is_empty());
        before = update(&before, &nothing, time("2025-01-05T00:00"));
        assert_eq!(said_of_update(&before, true, &nothing), ["r[0]: 1001 items"]);
    }

    #[test]
    fn updates_change_what_they_say_and_nothing_else() {
        let before = stored();
        let now = time("2025-01-05T00:00");
        let all = RecurringChanges {
            access_unit_price: Some(1.into()),
            access_quantity: Some(2.into()),
            invoice_unit_price: Some(3.into()),
            invoice_quantity: Some(4.into()),
            ending_before: Some(Some(now)),
            rate_type: Some(RateChoice::ListRate),
            proration_rounding: Some(Some(RoundingChanges { access: None, invoice: Some(None) })),
        };
        let after = update(&before, &all, now);
        assert_eq!((after.updates.len(), after.updates[0].created_at), (1, now));
        let terms = terms_now(&after);
        assert_eq!(terms.access_amount, amount(1, Some(2)));
        assert_eq!(terms.invoice_amount, Some(amount(3, Some(4))));
        assert_eq!((terms.ending_before, terms.terms.rate_type), (Some(now), Some(RateChoice::ListRate)));
        assert_eq!(terms.proration_rounding, RecurringRounding { access: rounding(-5), invoice: None });
        let after = update(&after, &RecurringChanges::default(), now);
        assert_eq!(terms_now(&after), terms);
        let clear = RecurringChanges {
            ending_before: Some(None),
            proration_rounding: Some(None),
            ..Default::default()
        };
        let cleared = terms_now(&update(&after, &clear, now));
        assert_eq!((cleared.ending_before, cleared.proration_rounding), (None, RecurringRounding::default()));
    }

    #[test]
    fn the_end_of_a_contract_cuts_every_end_that_is_later() {
        let [january, june, december] =
            ["2025-01-15T00:00", "2025-06-01T00:00", "2025-12-01T00:00"].map(time);
        let ending = |end| RecurringChanges { ending_before: Some(end), ..Default::default() };
        let before = stored();
        assert_eq!(end(&before, june).terms.ending_before, Some(june));
        let mut changed = update(&before, &ending(Some(january)), january);
        changed = update(&changed, &RecurringChanges::default(), january);
        changed = update(&changed, &ending(None), january);
        changed = update(&changed, &ending(Some(december)), january);
        let after = end(&changed, june);
        let ends: Vec<_> = after.updates.iter().map(|update| update.changes.ending_before).collect();
        assert_eq!(ends, [Some(Some(january)), None, Some(Some(june)), Some(Some(june))]);
        assert_eq!(end(&after, december), after);
    }
}
