//! What an edit changes in the parts that a contract has.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::contract_editing::Editing;
use super::contract_products::{OnCard, Products};
use super::settled_charges::SettledCharges;
use crate::entity::{CommitId, ContractCreditId, EntityRef};
use crate::error::{Fault, FieldProblem, Result};
use crate::id::{RecurringCommitId, RecurringCreditId, ScheduleItemId};
use crate::model::balance::Balance;
use crate::model::charge_line::LineSource;
use crate::model::contract::{ContractPart, PartKind};
use crate::model::contract_edit::{
    PartUpdates, UpdateBalance, UpdateInvoiceSchedule, UpdateRecurring, UpdateScheduledCharge,
    UpdateSubscription,
};
use crate::model::product::ProductType;
use crate::model::recurring::Recurring;
use crate::model::scalar::Time;
use crate::rules::contract::placed;
use crate::rules::{balance, recurring, scheduled_charge, subscription};
use crate::storage::member::Member;

/// Changes the parts of an edit, and archives and removes some; the instances that are to be archived. What is
/// wrong is added to the faults. `last` is where the contract ends at the latest, before the edit or after it.
pub fn apply<'m>(
    member: &Member<'m>,
    editing: &mut Editing<'_, 'm>,
    updates: &PartUpdates,
    last: Option<Time>,
    faults: &mut Vec<Fault>,
) -> Result<Vec<EntityRef>> {
    let products = Products::new(member, OnCard::of(editing.origin.rate_card_id), member.now());
    let settled = SettledCharges::of(member, editing.id, &editing.due);
    let mut updating = Updating { member, editing, products, settled, last, faults };
    let mut seen = Seen::default();
    for (at, update) in placed("", "update_commits", &updates.update_commits) {
        if seen.once(&at, "commit_id", update.id, updating.faults) {
            updating.commit(&at, update)?;
        }
    }
    let mut seen = Seen::default();
    for (at, update) in placed("", "update_credits", &updates.update_credits) {
        if seen.once(&at, "credit_id", update.id, updating.faults) {
            updating.credit(&at, update)?;
        }
    }
    let mut seen = Seen::default();
    for (at, update) in placed("", "update_recurring_commits", &updates.update_recurring_commits) {
        if seen.once(&at, "recurring_commit_id", update.id, updating.faults) {
            updating.recurring_commit(&at, update)?;
        }
    }
    let mut seen = Seen::default();
    for (at, update) in placed("", "update_recurring_credits", &updates.update_recurring_credits) {
        if seen.once(&at, "recurring_credit_id", update.id, updating.faults) {
            updating.recurring_credit(&at, update)?;
        }
    }
    let mut seen = Seen::default();
    for (at, update) in placed("", "update_scheduled_charges", &updates.update_scheduled_charges) {
        if seen.once(&at, "scheduled_charge_id", update.id, updating.faults) {
            updating.scheduled_charge(&at, update)?;
        }
    }
    let mut seen = Seen::default();
    for (at, update) in placed("", "update_subscriptions", &updates.update_subscriptions) {
        if seen.once(&at, "subscription_id", update.id, updating.faults) {
            updating.subscription(&at, update)?;
        }
    }
    updating.archive_and_remove(updates)
}

/// The parts that a list has named so far.
#[derive(Default)]
struct Seen(BTreeSet<Uuid>);

impl Seen {
    /// Whether an update is the first one of that part. Another one is a fault and is looked at no further: each
    /// would be weighed against all that came before it, which a long list makes slow.
    fn once(&mut self, at: &str, field: &str, id: impl Into<Uuid>, faults: &mut Vec<Fault>) -> bool {
        let id = id.into();
        let first = self.0.insert(id);
        if !first {
            faults.push(FieldProblem::Repeated { item: id.to_string() }.at(format!("{at}{field}")));
        }
        first
    }
}

struct Updating<'a, 'e, 'm> {
    member: &'a Member<'m>,
    editing: &'a mut Editing<'e, 'm>,
    products: Products<'a, Member<'m>>,
    settled: SettledCharges<'a, 'm>,
    last: Option<Time>,
    faults: &'a mut Vec<Fault>,
}

impl Updating<'_, '_, '_> {
    fn commit(&mut self, at: &str, update: &UpdateBalance<CommitId>) -> Result<()> {
        match self.editing.part(PartKind::Commit, update.id)? {
            Some(ContractPart::Commit(before)) => {
                let after = self.balance(at, &before, update)?;
                let source = |item| LineSource::Commit { id: update.id, item };
                let free = self.nothing_settled(at, &update.invoice_schedule, source)?;
                if let Some(after) = after.filter(|_| free) {
                    self.set(update.id, ContractPart::Commit(after.into()));
                }
            }
            _ => self.unknown_instance(format!("{at}commit_id"), update.id.into()),
        }
        Ok(())
    }

    fn credit(&mut self, at: &str, update: &UpdateBalance<ContractCreditId>) -> Result<()> {
        match self.editing.part(PartKind::Credit, update.id)? {
            Some(ContractPart::Credit(before)) => {
                if let Some(after) = self.balance(at, &before, update)? {
                    self.set(update.id, ContractPart::Credit(after.into()));
                }
            }
            _ => self.unknown_instance(format!("{at}credit_id"), update.id.into()),
        }
        Ok(())
    }

    fn balance<I>(
        &mut self,
        at: &str,
        before: &Balance,
        update: &UpdateBalance<I>,
    ) -> Result<Option<Balance>> {
        let mut faults = balance::update_faults(at, before, update);
        let sound = faults.is_empty();
        if let Some(product) = update.product_id {
            faults.extend(self.products.type_fault(at, product, ProductType::Fixed)?);
        }
        let products = update.applicable_product_ids.iter().flatten();
        for ids in products {
            faults.extend(self.products.missing(&format!("{at}applicable_product_ids"), ids)?);
        }
        self.faults.extend(faults);
        let mut new_id = || ScheduleItemId::from(self.member.new_id());
        Ok(sound.then(|| balance::update(before, update, &mut new_id)))
    }

    fn recurring_commit(&mut self, at: &str, update: &UpdateRecurring<RecurringCommitId>) -> Result<()> {
        match self.editing.part(PartKind::RecurringCommit, update.id)? {
            Some(ContractPart::RecurringCommit(before)) => {
                if let Some(after) = self.recurring(at, &before, update, true) {
                    self.set(update.id, ContractPart::RecurringCommit(after.into()));
                }
            }
            _ => self.unknown(format!("{at}recurring_commit_id"), update.id.into()),
        }
        Ok(())
    }

    fn recurring_credit(&mut self, at: &str, update: &UpdateRecurring<RecurringCreditId>) -> Result<()> {
        match self.editing.part(PartKind::RecurringCredit, update.id)? {
            Some(ContractPart::RecurringCredit(before)) => {
                if let Some(after) = self.recurring(at, &before, update, false) {
                    self.set(update.id, ContractPart::RecurringCredit(after.into()));
                }
            }
            _ => self.unknown(format!("{at}recurring_credit_id"), update.id.into()),
        }
        Ok(())
    }

    fn recurring<I>(
        &mut self,
        at: &str,
        before: &Recurring,
        update: &UpdateRecurring<I>,
        is_commit: bool,
    ) -> Option<Recurring> {
        let faults = recurring::update_faults(at, before, &update.changes, is_commit);
        let sound = faults.is_empty();
        self.faults.extend(faults);
        sound.then(|| recurring::update(before, &update.changes, self.member.now()))
    }

    fn scheduled_charge(&mut self, at: &str, update: &UpdateScheduledCharge) -> Result<()> {
        let Some(ContractPart::ScheduledCharge(before)) =
            self.editing.part(PartKind::ScheduledCharge, update.id)?
        else {
            self.unknown_instance(format!("{at}scheduled_charge_id"), update.id.into());
            return Ok(());
        };
        let faults = scheduled_charge::update_faults(at, &before, update);
        let sound = faults.is_empty();
        self.faults.extend(faults);
        let source = |item| LineSource::ScheduledCharge { id: update.id, item };
        let free = self.nothing_settled(at, &update.schedule, source)?;
        if sound && free {
            let mut new_id = || ScheduleItemId::from(self.member.new_id());
            let after = scheduled_charge::update(&before, update, &mut new_id);
            self.set(update.id, ContractPart::ScheduledCharge(after.into()));
        }
        Ok(())
    }

    /// Whether an update leaves what is settled as it is. Where it does not, the part has to stay as it was for what
    /// else the edit does to it to be judged.
    fn nothing_settled(
        &mut self,
        at: &str,
        update: &UpdateInvoiceSchedule,
        source: impl Fn(ScheduleItemId) -> LineSource,
    ) -> Result<bool> {
        let at = format!("{at}invoice_schedule.");
        let faults = self.settled.change_faults(&at, update, source)?;
        let none = faults.is_empty();
        self.faults.extend(faults);
        Ok(none)
    }

    fn subscription(&mut self, at: &str, update: &UpdateSubscription) -> Result<()> {
        let Some(ContractPart::Subscription(before)) =
            self.editing.part(PartKind::Subscription, update.id)?
        else {
            self.unknown_instance(format!("{at}subscription_id"), update.id.into());
            return Ok(());
        };
        let faults = subscription::update_faults(at, &before, update, self.last);
        if faults.is_empty() {
            let after = subscription::update(&before, update, self.member.now());
            self.set(update.id, ContractPart::Subscription(after.into()));
        }
        self.faults.extend(faults);
        Ok(())
    }

    fn archive_and_remove(&mut self, updates: &PartUpdates) -> Result<Vec<EntityRef>> {
        let mut archived = Vec::new();
        let commits = updates.archive_commits.iter().map(|id| EntityRef::from(*id));
        self.archive("archive_commits", PartKind::Commit, commits, &mut archived)?;
        let credits = updates.archive_credits.iter().map(|id| EntityRef::from(*id));
        self.archive("archive_credits", PartKind::Credit, credits, &mut archived)?;
        let charges = updates.archive_scheduled_charges.iter().map(|id| EntityRef::from(*id));
        self.archive("archive_scheduled_charges", PartKind::ScheduledCharge, charges, &mut archived)?;
        let mut seen = Seen::default();
        for (at, id) in placed("", "remove_overrides", &updates.remove_overrides) {
            if !seen.once(&at, "id", *id, self.faults) {
                continue;
            }
            match self.editing.part(PartKind::Override, *id)? {
                Some(_) => self.editing.remove(PartKind::Override, *id),
                None => self.unknown(format!("{at}id"), (*id).into()),
            }
        }
        Ok(archived)
    }

    fn archive(
        &mut self,
        list: &str,
        kind: PartKind,
        targets: impl Iterator<Item = EntityRef>,
        archived: &mut Vec<EntityRef>,
    ) -> Result<()> {
        let mut seen = Seen::default();
        for (place, target) in targets.enumerate() {
            let at = format!("{list}[{place}].");
            if !seen.once(&at, "id", target.id, self.faults) {
                continue;
            }
            let part = self.editing.part(kind, target.id)?;
            let Some(part) = part else {
                self.unknown_instance(format!("{at}id"), target);
                continue;
            };
            match with_archived_at(part, self.member.now()) {
                Some(part) => {
                    self.faults.extend(self.settled.archive_faults(&format!("{at}id"), target.id, &part)?);
                    self.set(target.id, part);
                    archived.push(target);
                }
                None => self.faults.push(Fault::AlreadyArchived { target }),
            }
        }
        Ok(())
    }

    fn set(&mut self, id: impl Into<Uuid>, part: ContractPart) {
        self.editing.set(id.into().into_bytes(), part);
    }

    fn unknown_instance(&mut self, field: String, target: EntityRef) {
        self.faults.push(Fault::ReferenceNotFound { field, target });
    }

    fn unknown(&mut self, field: String, id: Uuid) {
        self.faults.push(Fault::NameNotFound { field, name: id.to_string() });
    }
}

/// An archived part; `None` where it was archived before, or is of a kind that is not archived by itself.
pub fn with_archived_at(mut part: ContractPart, now: Time) -> Option<ContractPart> {
    let place = match &mut part {
        ContractPart::Commit(balance) | ContractPart::Credit(balance) => &mut balance.archived_at,
        ContractPart::ScheduledCharge(charge) => &mut charge.archived_at,
        _ => return None,
    };
    if place.is_some() {
        return None;
    }
    *place = Some(now);
    Some(part)
}
