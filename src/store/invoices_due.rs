//! How many invoices that are due already a change would bring about at once: more than so many are refused, before
//! anything is written.

use std::ops::Range;
use std::time::Duration;

use uuid::Uuid;

use super::contract_editing::Editing;
use super::contract_parts::Additions;
use crate::entity::EntityId;
use crate::error::{Fault, FieldProblem, Result};
use crate::model::contract::{ContractOrigin, ContractPart, PartKind};
use crate::model::contract_edit::PartUpdates;
use crate::model::invoice::MAX_INVOICES_DUE;
use crate::model::scalar::Time;
use crate::rules::invoice::Term;
use crate::rules::invoice::due_count::DueCount;
use crate::storage::member::Member;
use crate::storage::versions::{self, AsOf};

/// The fault of a contract that is to be made.
pub fn creation_fault(
    member: &Member<'_>,
    origin: &ContractOrigin,
    ending_before: Option<Time>,
    additions: &Additions,
) -> Result<Option<Fault>> {
    let (term, window) = (Term::of(origin, ending_before), until_now(member, Time::FIRST));
    let mut count = DueCount::default();
    count.add_usage(&term, &window);
    for (_, id, part) in additions.parts("") {
        count.add(id, part, &term, &window)?;
    }
    Ok(fault(count.invoices(), "starting_at"))
}

/// The fault of an edit that is about to be written: of the first part that it changes, of the end it sets, which is
/// told of that field, or of the first part that it adds, with which there are too many.
pub fn edit_fault(
    member: &Member<'_>,
    editing: &Editing<'_, '_>,
    updates: &PartUpdates,
    additions: &Additions,
    end_field: &str,
) -> Result<Option<Fault>> {
    let [before, after] = [&editing.before, &editing.terms].map(|terms| terms.ending_before);
    let [term_before, term_after] = [before, after].map(|end| Term::of(&editing.origin, end));
    let whole = until_now(member, Time::FIRST);
    let mut changed = 0_usize;
    for (kind, place, id) in charging(updates) {
        let was = versions::part(member, editing.id.uuid(), kind, id.into_bytes(), AsOf::Now)?;
        let more = |part: Option<ContractPart>| alone(id, part.as_ref(), &term_before, &whole);
        changed = changed.saturating_add(more(editing.part(kind, id)?)?.saturating_sub(more(was)?));
        if let Some(fault) = fault(changed, &format!("update_{}[{place}]", kind.name())) {
            return Ok(Some(fault));
        }
    }
    let mut count = DueCount::default();
    if let Some(from) = before.filter(|before| after.is_none_or(|after| *before < after)) {
        let gained = until_now(member, from);
        count.add_usage(&term_after, &gained);
        for (id, part) in editing.parts()? {
            count.add(Uuid::from_bytes(id), &part, &term_after, &gained)?;
        }
        if let Some(fault) = fault(changed.saturating_add(count.invoices()), end_field) {
            return Ok(Some(fault));
        }
    }
    for (field, id, part) in additions.parts("add_") {
        count.add(id, part, &term_after, &whole)?;
        if let Some(fault) = fault(changed.saturating_add(count.invoices()), &field) {
            return Ok(Some(fault));
        }
    }
    Ok(None)
}

/// The time from a moment to this one, inclusive.
fn until_now(member: &Member<'_>, from: Time) -> Range<Time> {
    from..member.now().after(Duration::from_nanos(1))
}

/// Those of one part.
fn alone(id: Uuid, part: Option<&ContractPart>, term: &Term, window: &Range<Time>) -> Result<usize> {
    let mut count = DueCount::default();
    if let Some(part) = part {
        count.add(id, part, term, window)?;
    }
    Ok(count.invoices())
}

/// The changes of parts that charge something, with their places in their lists.
fn charging(updates: &PartUpdates) -> impl Iterator<Item = (PartKind, usize, Uuid)> {
    let commits = updates.update_commits.iter().map(|update| update.id.into());
    let recurring = updates.update_recurring_commits.iter().map(|update| update.id.into());
    let charges = updates.update_scheduled_charges.iter().map(|update| update.id.into());
    let subscriptions = updates.update_subscriptions.iter().map(|update| update.id.into());
    let of = |kind| move |(place, id)| (kind, place, id);
    (commits.enumerate().map(of(PartKind::Commit)))
        .chain(recurring.enumerate().map(of(PartKind::RecurringCommit)))
        .chain(charges.enumerate().map(of(PartKind::ScheduledCharge)))
        .chain(subscriptions.enumerate().map(of(PartKind::Subscription)))
}

fn fault(invoices: usize, field: &str) -> Option<Fault> {
    (invoices > MAX_INVOICES_DUE).then(|| FieldProblem::TooManyInvoices { invoices }.at(field))
}
