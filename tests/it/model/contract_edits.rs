//! Edits of contracts: what programs ask for, and what that does to the model.

use std::collections::BTreeSet;

use billfold::FieldProblem;
use billfold::prelude::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::contract_parts::{
    Drawn, NewParts, Parts, Segment, Site, new_parts, or, part_name, rollover, segment, wrong_postpaid,
    wrong_segment, wrong_terms,
};
use super::contracts::{State, badness, days, key, wrong_days, wrong_end};
use super::operation::{Answer, NOT_ALLOWED, Refusal, at, not_a_value};
use super::products::moments;
use super::state::{Model, counted};

/// An id that nothing has.
const UNKNOWN: u128 = 9_999;

/// An edit whose parts are found only when it is made.
#[derive(Debug, Clone)]
pub struct EditPlan {
    edit: NewEdit,
    updates: Vec<Update>,
}

/// A change of the nth part.
#[derive(Debug, Clone)]
enum Update {
    Commit(usize, Change),
    Credit(usize, Change),
    /// Adds a date, or takes the first one away.
    Charge(usize, bool),
    ArchiveCommit(usize),
    ArchiveCredit(usize),
    ArchiveCharge(usize),
    RemoveOverride(usize),
}

/// What changes in a commit or credit.
#[derive(Debug, Clone)]
struct Change {
    name: Option<String>,
    rollover: Option<Option<Amount>>,
    add: Option<CreateAccessItem>,
    /// Another amount of the first segment.
    amount: Option<Amount>,
    remove_first: bool,
}

/// An edit that is to be made.
#[derive(Debug, Clone, Default)]
pub struct NewEdit {
    pub key: Option<String>,
    pub name: Option<Option<String>>,
    pub end: Option<Option<Time>>,
    pub days: Option<Option<Amount>>,
    pub updates: PartUpdates,
    pub parts: NewParts,
}

/// An edit that was made, as the history has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub id: ContractEditId,
    pub made_at: Time,
    pub key: Option<String>,
    pub name: Option<Option<String>>,
    pub end: Option<Option<Time>>,
    pub days: Option<Option<Amount>>,
    pub updates: PartUpdates,
    /// What came, as it was right after the edit.
    pub added: Parts,
    pub filter: Option<UsageFilter>,
    pub archived: bool,
}

/// An edit in the making.
pub struct Draft {
    pub id: ContractId,
    pub before: State,
    pub state: State,
    pub made: Made,
}

fn change(bad: bool) -> impl Strategy<Value = Change> {
    let amounts = or(bad, select(&[0, 10]), Just(-10)).prop_map(Amount::from);
    let amount = option::weighted(0.3, amounts);
    let remove = prop_oneof![3 => Just(false), 1 => any::<bool>()];
    let rollover = option::weighted(0.3, rollover(bad));
    (part_name(bad), rollover, option::weighted(0.4, segment(bad)), amount, remove).prop_map(
        move |(name, rollover, add, amount, remove)| {
            // What is to go is not changed, and something stays.
            let remove_first = remove && (bad || amount.is_none() && add.is_some());
            Change { name, rollover, add, amount, remove_first }
        },
    )
}

fn update(bad: bool) -> BoxedStrategy<Update> {
    let nth = || 0..if bad { 7_usize } else { 6 };
    prop_oneof![
        5 => (nth(), change(bad)).prop_map(|(nth, change)| Update::Commit(nth, change)),
        2 => (nth(), change(bad)).prop_map(|(nth, change)| Update::Credit(nth, change)),
        2 => (nth(), any::<bool>()).prop_map(|(nth, adds)| Update::Charge(nth, adds)),
        2 => nth().prop_map(Update::ArchiveCommit),
        1 => nth().prop_map(Update::ArchiveCredit),
        1 => nth().prop_map(Update::ArchiveCharge),
        3 => nth().prop_map(Update::RemoveOverride),
    ]
    .boxed()
}

pub fn edit_plan() -> BoxedStrategy<EditPlan> {
    badness().prop_flat_map(plan_or_bad).boxed()
}

fn plan_or_bad(bad: bool) -> BoxedStrategy<EditPlan> {
    let name = option::weighted(0.2, option::of(Just("edited".to_owned())));
    let ends = or(bad, select(vec![moments()[2], moments()[4]]), select(moments().to_vec()));
    let end = option::weighted(0.2, option::weighted(0.8, ends));
    let parts = prop_oneof![2 => Just(NewParts::default()), 3 => new_parts(bad)];
    (key(bad), name, end, option::weighted(0.1, days(bad)), parts, vec(update(bad), 0..3))
        .prop_map(|(key, name, end, days, parts, updates)| EditPlan {
            edit: NewEdit { key, name, end, days, parts, updates: PartUpdates::default() },
            updates,
        })
        .boxed()
}

/// One of the ids; an unknown one for a number that is too high, and none where there are none.
fn nth_of<I: Copy + From<Uuid>>(ids: impl ExactSizeIterator<Item = I>, nth: usize) -> Option<I> {
    if nth == 6 {
        return Some(I::from(counted(UNKNOWN)));
    }
    let count = ids.len();
    ids.skip(nth.checked_rem(count)?).next()
}

impl Change {
    fn of<I>(&self, id: I, drawn: Option<&Drawn>) -> UpdateBalance<I> {
        let first = drawn.and_then(|drawn| drawn.access.first()).map(|(id, _)| *id);
        let first = first.unwrap_or(ScheduleItemId::new(counted(UNKNOWN)));
        let amount = |amount| UpdateAccessItem {
            id: first,
            amount: Some(amount),
            starting_at: None,
            ending_before: None,
        };
        UpdateBalance {
            name: self.name.clone(),
            rollover_fraction: self.rollover,
            access_schedule: UpdateAccessSchedule {
                add_schedule_items: self.add.into_iter().collect(),
                update_schedule_items: self.amount.map(amount).into_iter().collect(),
                remove_schedule_items: self.remove_first.then_some(first).into_iter().collect(),
            },
            ..UpdateBalance::new(id)
        }
    }
}

impl EditPlan {
    /// The edit of a contract with these parts.
    pub fn of(&self, parts: &Parts) -> NewEdit {
        let mut updates = PartUpdates::default();
        for update in &self.updates {
            // A part of a kind that the contract has none of is passed over.
            let _ = update.add_to(&mut updates, parts);
        }
        NewEdit { updates, ..self.edit.clone() }
    }
}

impl Update {
    fn add_to(&self, to: &mut PartUpdates, parts: &Parts) -> Option<()> {
        match self {
            Self::Commit(nth, change) => {
                let id = nth_of(parts.commits.keys().copied(), *nth)?;
                to.update_commits.push(change.of(id, parts.commits.get(&id)));
            }
            Self::Credit(nth, change) => {
                let id = nth_of(parts.credits.keys().copied(), *nth)?;
                to.update_credits.push(change.of(id, parts.credits.get(&id)));
            }
            Self::Charge(nth, adds) => {
                let id = nth_of(parts.charges.keys().copied(), *nth)?;
                let first = parts.charges.get(&id).and_then(|charge| charge.dates.first());
                let first = first.map_or(ScheduleItemId::new(counted(UNKNOWN)), |(id, ..)| *id);
                let item = CreateInvoiceItem { timestamp: moments()[2], price: Amount::from(3).into() };
                let schedule = UpdateInvoiceSchedule {
                    add_schedule_items: adds.then_some(item).into_iter().collect(),
                    update_schedule_items: Vec::new(),
                    remove_schedule_items: (!adds).then_some(first).into_iter().collect(),
                };
                let netsuite_sales_order_id = None;
                to.update_scheduled_charges.push(UpdateScheduledCharge {
                    id,
                    schedule,
                    netsuite_sales_order_id,
                });
            }
            Self::ArchiveCommit(nth) => to.archive_commits.push(nth_of(parts.commits.keys().copied(), *nth)?),
            Self::ArchiveCredit(nth) => to.archive_credits.push(nth_of(parts.credits.keys().copied(), *nth)?),
            Self::ArchiveCharge(nth) => {
                to.archive_scheduled_charges.push(nth_of(parts.charges.keys().copied(), *nth)?);
            }
            Self::RemoveOverride(nth) => {
                to.remove_overrides.push(nth_of(parts.overrides.keys().copied(), *nth)?);
            }
        }
        Some(())
    }
}

impl Draft {
    /// Gives the contract another end.
    pub fn end_at(&mut self, end: Option<Time>, trueup_stays: bool) {
        let before = self.state.terms.end;
        if let Some(end) = end.filter(|end| before.is_none_or(|before| *end < before)) {
            self.state.parts.end(end, trueup_stays);
        }
        self.state.terms.end = end;
        self.made.end = Some(end);
    }
}

/// The faults of the items that a change of a schedule names.
fn wrong_ids(
    front: &str,
    known: &[ScheduleItemId],
    updated: &[ScheduleItemId],
    removed: &[ScheduleItemId],
) -> Vec<Fault> {
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    for (what, ids) in [("update", updated), ("remove", removed)] {
        for (place, id) in ids.iter().enumerate() {
            let field = format!("{front}{what}_schedule_items[{place}].id");
            if !known.contains(id) {
                faults.push(at(field, not_a_value(id)));
            } else if !seen.insert(*id) {
                faults.push(at(field, FieldProblem::Repeated { item: id.to_string() }));
            }
        }
    }
    faults
}

fn wrong_access(front: &str, before: &[Segment], update: &UpdateAccessSchedule) -> Vec<Fault> {
    let known: Vec<_> = before.iter().map(|(id, _)| *id).collect();
    let updated: Vec<_> = update.update_schedule_items.iter().map(|item| item.id).collect();
    let removed = &update.remove_schedule_items;
    let mut faults = wrong_ids(front, &known, &updated, removed);
    let all_go = !removed.is_empty() && known.len() + update.add_schedule_items.len() <= removed.len();
    if faults.is_empty() && all_go {
        faults.push(at(format!("{front}remove_schedule_items"), NOT_ALLOWED));
    }
    for (place, change) in update.update_schedule_items.iter().enumerate() {
        let Some((_, item)) = before.iter().find(|(id, _)| *id == change.id) else { continue };
        let after = CreateAccessItem { amount: change.amount.unwrap_or(item.amount), ..*item };
        faults.extend(wrong_segment(&format!("{front}update_schedule_items[{place}]."), &after));
    }
    for (place, item) in update.add_schedule_items.iter().enumerate() {
        faults.extend(wrong_segment(&format!("{front}add_schedule_items[{place}]."), item));
    }
    faults
}

fn terms_after<I>(before: &BalanceTerms, update: &UpdateBalance<I>) -> BalanceTerms {
    BalanceTerms {
        name: update.name.clone().or_else(|| before.name.clone()),
        rollover_fraction: update.rollover_fraction.unwrap_or(before.rollover_fraction),
        ..before.clone()
    }
}

impl Model {
    /// Begins an edit of a contract that is in use.
    pub fn draft(&mut self, id: ContractId) -> Refusal<Draft> {
        let (held, made) = self.contract(id)?;
        if held.archived {
            return Err(vec![Fault::AlreadyArchived { target: id.into() }]);
        }
        let state = made.state.clone();
        self.issued += 1;
        let made = Made {
            id: ContractEditId::new(counted(self.issued)),
            made_at: self.now(),
            key: None,
            name: None,
            end: None,
            days: None,
            updates: PartUpdates::default(),
            added: Parts::default(),
            filter: None,
            archived: false,
        };
        Ok(Draft { id, before: state.clone(), state, made })
    }

    /// Makes an edit: one change for what is other than it was, one for the edit itself, and one for each
    /// instance that is archived.
    pub fn finish(&mut self, draft: Draft, archived: Vec<EntityRef>) -> Answer {
        let Draft { id, before, state, made } = draft;
        let edit = made.id;
        if before != state {
            self.touch(id.into(), |_| {});
        }
        let now = self.now();
        self.touch(id.into(), |held| {
            let contract = held.contract.as_mut().unwrap();
            contract.past.push((now, state.clone()));
            contract.state = state;
            contract.edits.push(made);
        });
        for target in archived {
            self.touch(target, |held| held.archived = true);
        }
        Answer::Edited(edit)
    }

    pub fn edit_by_key(&self, key: &str) -> Option<ContractEditId> {
        let mut edits = self.contracts().flat_map(|(_, made)| &made.edits);
        edits.find(|edit| edit.key.as_deref() == Some(key)).map(|edit| edit.id)
    }

    pub fn edit_contract(&mut self, id: ContractId, new: &NewEdit) -> Refusal<Answer> {
        let mut draft = self.draft(id)?;
        let (_, made) = self.contract(id)?;
        let (customer, card, start) = (made.customer, made.card, made.start);
        let mut faults = Vec::new();
        faults.extend(wrong_end("update_contract_end_date", start, new.end.flatten()));
        faults.extend(wrong_days("update_net_payment_terms_days", new.days.flatten()));
        let holder = new.key.as_deref().and_then(|key| self.edit_by_key(key));
        faults.extend(self.wrong_key(new.key.as_ref(), holder.map(Into::into)));
        let archived = self.update_parts(&mut draft, &new.updates, &mut faults);
        if let Some(end) = new.end {
            draft.end_at(end, true);
        }
        let end = draft.state.terms.end;
        let site = Site { customer, card, start, end, prefix: "add_" };
        let (parts, values) = self.additions(&site, &new.parts, &mut faults);
        let (edits, wrong_values) = self.values_of_all_new(&values);
        faults.extend(wrong_values);
        if !faults.is_empty() {
            return Err(faults);
        }
        if let Some(name) = &new.name {
            draft.state.terms.name.clone_from(name);
        }
        draft.state.terms.days = new.days.unwrap_or(draft.state.terms.days);
        draft.state.parts.extend(parts.clone());
        let made = &mut draft.made;
        (made.key, made.name, made.days) = (new.key.clone(), new.name.clone(), new.days);
        (made.updates, made.added) = (new.updates.clone(), parts);
        self.make_parts(id, &values);
        self.apply(&edits);
        Ok(self.finish(draft, archived))
    }

    pub fn set_contract_end(&mut self, id: ContractId, end: Option<Time>) -> Refusal<Answer> {
        let mut draft = self.draft(id)?;
        let start = self.contract(id)?.1.start;
        if let Some(fault) = wrong_end("ending_before", start, end) {
            return Err(vec![fault]);
        }
        draft.end_at(end, true);
        Ok(self.finish(draft, Vec::new()))
    }

    pub fn set_filter(&mut self, id: ContractId, filter: &UsageFilter) -> Refusal<Answer> {
        let mut draft = self.draft(id)?;
        let (_, made) = self.contract(id)?;
        let faults = self.wrong_filter("", filter, (made.start, draft.state.terms.end), made.card);
        if !faults.is_empty() {
            return Err(faults);
        }
        draft.state.filters.insert(filter.starting_at, filter.clone());
        draft.made.filter = Some(filter.clone());
        Ok(self.finish(draft, Vec::new()))
    }

    /// Archives a contract: it ends now, and its commits and credits are archived with it.
    pub fn archive_contract(&mut self, id: ContractId) -> Refusal<()> {
        let mut draft = self.draft(id)?;
        let now = self.now();
        let end = now.max(self.contract(id)?.1.start);
        if draft.state.terms.end.is_none_or(|before| end < before) {
            draft.end_at(Some(end), true);
        }
        let parts = &mut draft.state.parts;
        let mut archived: Vec<EntityRef> = Vec::new();
        for (id, drawn) in parts.commits.iter_mut().filter(|(_, drawn)| drawn.archived_at.is_none()) {
            drawn.archived_at = Some(now);
            archived.push((*id).into());
        }
        for (id, drawn) in parts.credits.iter_mut().filter(|(_, drawn)| drawn.archived_at.is_none()) {
            drawn.archived_at = Some(now);
            archived.push((*id).into());
        }
        draft.state.terms.archived_at = Some(now);
        draft.made.archived = true;
        self.finish(draft, archived);
        self.touch(id.into(), |held| held.archived = true);
        Ok(())
    }

    /// What an edit does to parts that there are; the instances that it archives.
    fn update_parts(
        &mut self,
        draft: &mut Draft,
        updates: &PartUpdates,
        faults: &mut Vec<Fault>,
    ) -> Vec<EntityRef> {
        let now = self.now();
        let parts = &mut draft.state.parts;
        let mut seen = BTreeSet::new();
        let mut once = |field: &str, id: Uuid, faults: &mut Vec<Fault>| {
            let repeated = FieldProblem::Repeated { item: id.to_string() };
            faults.extend(
                (!seen.insert((field.split('[').next().map(str::to_owned), id))).then(|| at(field, repeated)),
            );
        };
        for (place, update) in updates.update_commits.iter().enumerate() {
            let front = format!("update_commits[{place}].");
            once(&format!("{front}commit_id"), update.id.into(), faults);
            let drawn = parts.commits.get_mut(&update.id);
            self.update_drawn(&front, "commit_id", update, drawn, faults);
        }
        for (place, update) in updates.update_credits.iter().enumerate() {
            let front = format!("update_credits[{place}].");
            once(&format!("{front}credit_id"), update.id.into(), faults);
            let drawn = parts.credits.get_mut(&update.id);
            self.update_drawn(&front, "credit_id", update, drawn, faults);
        }
        for (place, update) in updates.update_scheduled_charges.iter().enumerate() {
            let front = format!("update_scheduled_charges[{place}].");
            let field = format!("{front}scheduled_charge_id");
            once(&field, update.id.into(), faults);
            let Some(charge) = parts.charges.get_mut(&update.id) else {
                faults.push(Fault::ReferenceNotFound { field, target: update.id.into() });
                continue;
            };
            if charge.archived_at.is_some() {
                faults.push(at(field, NOT_ALLOWED));
                continue;
            }
            let known: Vec<_> = charge.dates.iter().map(|(id, ..)| *id).collect();
            let removed = &update.schedule.remove_schedule_items;
            let wrong = wrong_ids(&format!("{front}invoice_schedule."), &known, &[], removed);
            if wrong.is_empty() {
                charge.dates.retain(|(id, ..)| !removed.contains(id));
                for item in &update.schedule.add_schedule_items {
                    let id = self.item_id();
                    charge.dates.push((id, item.timestamp, item.price));
                }
            }
            faults.extend(wrong);
        }
        let mut archived = Vec::new();
        let commits = updates
            .archive_commits
            .iter()
            .map(|id| (EntityRef::from(*id), parts.commits.contains_key(id), "archive_commits"));
        let credits = updates
            .archive_credits
            .iter()
            .map(|id| (EntityRef::from(*id), parts.credits.contains_key(id), "archive_credits"));
        let charges = updates
            .archive_scheduled_charges
            .iter()
            .map(|id| (EntityRef::from(*id), parts.charges.contains_key(id), "archive_scheduled_charges"));
        let all: Vec<_> = commits.enumerate().chain(credits.enumerate()).chain(charges.enumerate()).collect();
        for (place, (target, known, list)) in all {
            if !known {
                let field = format!("{list}[{place}].id");
                faults.push(Fault::ReferenceNotFound { field, target });
                continue;
            }
            let archived_at = match target.entity {
                ManagedEntity::Commit => &mut parts.commits.get_mut(&target.id.into()).unwrap().archived_at,
                ManagedEntity::ContractCredit => {
                    &mut parts.credits.get_mut(&target.id.into()).unwrap().archived_at
                }
                _ => &mut parts.charges.get_mut(&target.id.into()).unwrap().archived_at,
            };
            if archived_at.is_some() {
                faults.push(Fault::AlreadyArchived { target });
                continue;
            }
            *archived_at = Some(now);
            archived.push(target);
        }
        for (place, id) in updates.remove_overrides.iter().enumerate() {
            let field = format!("remove_overrides[{place}].id");
            once(&field, (*id).into(), faults);
            if parts.overrides.remove(id).is_none() {
                faults.push(Fault::NameNotFound { field, name: id.to_string() });
            }
        }
        archived
    }

    /// Changes a commit or credit.
    fn update_drawn<I: Copy + Into<EntityRef>>(
        &mut self,
        front: &str,
        own: &str,
        update: &UpdateBalance<I>,
        drawn: Option<&mut Drawn>,
        faults: &mut Vec<Fault>,
    ) {
        let field = format!("{front}{own}");
        let Some(drawn) = drawn else {
            faults.push(Fault::ReferenceNotFound { field, target: update.id.into() });
            return;
        };
        if drawn.archived_at.is_some() || drawn.rolled_over_from.is_some() {
            faults.push(at(field, NOT_ALLOWED));
            return;
        }
        let terms = terms_after(&drawn.terms, update);
        let schedule = &update.access_schedule;
        let touched = *schedule != UpdateAccessSchedule::default();
        let mut wrong = Vec::new();
        if touched {
            wrong.extend(wrong_access(&format!("{front}access_schedule."), &drawn.access, schedule));
        }
        let mut access = drawn.access.clone();
        access.retain(|(id, _)| !schedule.remove_schedule_items.contains(id));
        for change in &schedule.update_schedule_items {
            for (_, item) in access.iter_mut().filter(|(id, _)| *id == change.id) {
                item.amount = change.amount.unwrap_or(item.amount);
            }
        }
        if touched && wrong.is_empty() && drawn.commit_type == Some(CommitType::Postpaid) {
            let added = schedule.add_schedule_items.iter().map(|item| item.amount);
            let amounts: Vec<_> = access.iter().map(|(_, item)| item.amount).chain(added).collect();
            let invoice = drawn.invoice.as_ref();
            let prices: Option<Vec<_>> =
                invoice.map(|dates| dates.iter().map(|(.., price)| *price).collect());
            wrong = wrong_postpaid(front, &amounts, prices.as_deref());
        }
        wrong.extend(wrong_terms(front, &terms));
        let sound = wrong.is_empty();
        faults.extend(wrong);
        if sound {
            access.extend(self.segments(&schedule.add_schedule_items));
            (drawn.terms, drawn.access) = (terms, access);
        }
    }
}
