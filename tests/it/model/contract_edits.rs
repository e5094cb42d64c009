//! Edits of contracts: what is wrong with those that a program asks for, and what they do to the model.

use billfold::prelude::*;

use super::contract_parts::{Drawn, NewParts, Parts, Site, wrong_postpaid, wrong_terms};
use super::contracts::{State, wrong_days, wrong_end};
use super::edit_faults::{once, wrong_access, wrong_archived, wrong_ids, wrong_removal};
use super::operation::{Answer, NOT_ALLOWED, Refusal, at};
use super::state::{Model, counted};

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

fn terms_after<I>(before: &BalanceTerms, update: &UpdateBalance<I>) -> BalanceTerms {
    BalanceTerms {
        name: update.name.clone().or_else(|| before.name.clone()),
        rollover_fraction: update.rollover_fraction.unwrap_or(before.rollover_fraction),
        ..before.clone()
    }
}

/// Archives parts; their instances.
fn archive_parts(
    parts: &mut Parts,
    updates: &PartUpdates,
    now: Time,
    faults: &mut Vec<Fault>,
) -> Vec<EntityRef> {
    let field = |list: &'static str| move |place: usize| format!("{list}[{place}].id");
    let commits = once(&updates.archive_commits, |id| (*id).into(), field("archive_commits"), faults);
    let credits = once(&updates.archive_credits, |id| (*id).into(), field("archive_credits"), faults);
    let charges = &updates.archive_scheduled_charges;
    let charges = once(charges, |id| (*id).into(), field("archive_scheduled_charges"), faults);
    let commits = commits.into_iter().map(|(place, id)| (place, EntityRef::from(*id)));
    let credits = credits.into_iter().map(|(place, id)| (place, EntityRef::from(*id)));
    let charges = charges.into_iter().map(|(place, id)| (place, EntityRef::from(*id)));
    let mut archived = Vec::new();
    for (place, target) in commits.chain(credits).chain(charges) {
        let (list, part) = match target.entity {
            ManagedEntity::Commit => {
                let drawn = parts.commits.get_mut(&target.id.into());
                let dates = |drawn: &Drawn| drawn.invoice.clone().unwrap_or_default();
                ("archive_commits", drawn.map(|drawn| (dates(drawn), &mut drawn.archived_at)))
            }
            ManagedEntity::ContractCredit => {
                let drawn = parts.credits.get_mut(&target.id.into());
                ("archive_credits", drawn.map(|drawn| (Vec::new(), &mut drawn.archived_at)))
            }
            _ => {
                let charge = parts.charges.get_mut(&target.id.into());
                let part = charge.map(|charge| (charge.dates.clone(), &mut charge.archived_at));
                ("archive_scheduled_charges", part)
            }
        };
        let field = format!("{list}[{place}].id");
        match part {
            None => faults.push(Fault::ReferenceNotFound { field, target }),
            Some((_, Some(_))) => faults.push(Fault::AlreadyArchived { target }),
            Some((dates, archived_at)) => {
                faults.extend(wrong_archived(&field, &dates, now));
                *archived_at = Some(now);
                archived.push(target);
            }
        }
    }
    archived
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
        let site = Site { customer, card, card_known: true, start, end, prefix: "add_" };
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
        let parts = &mut draft.state.parts;
        let field = |place: usize| format!("update_commits[{place}].commit_id");
        for (place, update) in once(&updates.update_commits, |update| update.id.into(), field, faults) {
            let drawn = parts.commits.get_mut(&update.id);
            self.update_drawn(&format!("update_commits[{place}]."), "commit_id", update, drawn, faults);
        }
        let field = |place: usize| format!("update_credits[{place}].credit_id");
        for (place, update) in once(&updates.update_credits, |update| update.id.into(), field, faults) {
            let drawn = parts.credits.get_mut(&update.id);
            self.update_drawn(&format!("update_credits[{place}]."), "credit_id", update, drawn, faults);
        }
        self.update_charges(parts, &updates.update_scheduled_charges, faults);
        let archived = archive_parts(parts, updates, self.now(), faults);
        let field = |place: usize| format!("remove_overrides[{place}].id");
        for (place, id) in once(&updates.remove_overrides, |id| (*id).into(), field, faults) {
            if parts.overrides.remove(id).is_none() {
                faults.push(Fault::NameNotFound { field: field(place), name: id.to_string() });
            }
        }
        archived
    }

    fn update_charges(
        &mut self,
        parts: &mut Parts,
        updates: &[UpdateScheduledCharge],
        faults: &mut Vec<Fault>,
    ) {
        let field = |place: usize| format!("update_scheduled_charges[{place}].scheduled_charge_id");
        for (place, update) in once(updates, |update| update.id.into(), field, faults) {
            let Some(charge) = parts.charges.get_mut(&update.id) else {
                faults.push(Fault::ReferenceNotFound { field: field(place), target: update.id.into() });
                continue;
            };
            if charge.archived_at.is_some() {
                faults.push(at(field(place), NOT_ALLOWED));
                continue;
            }
            let known: Vec<_> = charge.dates.iter().map(|(id, ..)| *id).collect();
            let removed = &update.schedule.remove_schedule_items;
            let front = format!("update_scheduled_charges[{place}].invoice_schedule.");
            let mut wrong = wrong_ids(&front, &known, &[], removed);
            wrong.extend(wrong_removal(&front, &charge.dates, removed, self.now()));
            if wrong.is_empty() {
                charge.dates.retain(|(id, ..)| !removed.contains(id));
                let added = &update.schedule.add_schedule_items;
                charge.dates.extend(added.iter().map(|item| (self.item_id(), item.timestamp, item.price)));
            }
            faults.extend(wrong);
        }
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
