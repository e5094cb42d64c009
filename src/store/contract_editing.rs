//! One edit of a contract while it is being made: the parts it changes, and what the history keeps of it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::contracts::ITSELF;
use super::settling::Due;
use super::{contract_read, entities, settling};
use crate::entity::{ContractId, EntityId, EntityRef};
use crate::error::{Fault, Result};
use crate::id::ContractEditId;
use crate::model::contract::{ContractOrigin, ContractPart, ContractTerms, PartKind};
use crate::model::contract_edit::{EditRecord, PartUpdates};
use crate::model::contract_row::ContractWindow;
use crate::model::scalar::Time;
use crate::model::settings::{ContractSettings, SettingsChanges};
use crate::rules::contract::ended;
use crate::rules::invoice::Term;
use crate::storage::codec::{self, FieldsRow};
use crate::storage::collection::{self, Put};
use crate::storage::member::Member;
use crate::storage::versions::{self, AsOf, NewVersion, PartId, Stamp};
use crate::storage::{contract_window, rows};

/// An edit in the making. Nothing is written before [`finish`](Self::finish).
pub struct Editing<'a, 'm> {
    member: &'a Member<'m>,
    pub id: ContractId,
    pub row: FieldsRow,
    pub origin: ContractOrigin,
    /// What the contract itself is to be.
    pub terms: ContractTerms,
    /// What it was.
    pub before: ContractTerms,
    /// Parts that are to be other than they were; `None` for those that go.
    changed: BTreeMap<(PartKind, PartId), Option<ContractPart>>,
    pub record: EditRecord,
    /// The invoices that became due since the contract changed last.
    pub due: Due,
}

impl<'a, 'm> Editing<'a, 'm> {
    /// Begins an edit. The contract has to be in use.
    pub fn begin(member: &'a Member<'m>, id: ContractId) -> Result<Self> {
        let (row, origin) = contract_read::known(member, id)?;
        if row.archived_at.is_some() {
            return Err(Fault::AlreadyArchived { target: id.into() }.into());
        }
        let before = contract_read::terms(member, id)?;
        let due = settling::due(member, id, &origin)?;
        let record = EditRecord {
            id: ContractEditId::from(member.new_id()),
            timestamp: member.now(),
            edited_by: member.about().actor.clone(),
            uniqueness_key: None,
            added: Vec::new(),
            name: None,
            ending_before: None,
            net_payment_terms_days: None,
            updates: PartUpdates::default(),
            settings: SettingsChanges::default(),
            usage_filter: None,
            archived: false,
        };
        let terms = before.clone();
        Ok(Self { member, id, row, origin, terms, before, changed: BTreeMap::new(), record, due })
    }

    /// A part as this edit leaves it.
    pub fn part(&self, kind: PartKind, id: impl Into<Uuid>) -> Result<Option<ContractPart>> {
        let id = id.into().into_bytes();
        match self.changed.get(&(kind, id)) {
            Some(part) => Ok(part.clone()),
            None => versions::part(self.member, self.id.uuid(), kind, id, AsOf::Now),
        }
    }

    /// All parts as this edit leaves them, those aside that it adds.
    pub fn parts(&self) -> Result<Vec<(PartId, ContractPart)>> {
        let mut parts = versions::parts(self.member, self.id.uuid(), None, AsOf::Now)?;
        parts.retain_mut(|(id, part)| match self.changed.get(&(part.kind(), *id)) {
            Some(Some(changed)) => {
                part.clone_from(changed);
                true
            }
            Some(None) => false,
            None => true,
        });
        Ok(parts)
    }

    /// The settings as this edit leaves them.
    pub fn settings(&self) -> Result<ContractSettings> {
        Ok(match self.part(PartKind::Settings, ITSELF)? {
            Some(ContractPart::Settings(settings)) => *settings,
            _ => ContractSettings::default(),
        })
    }

    /// Faults of what is too large to be kept: a part that grew, and what the history would have of the edit,
    /// which is told of that field.
    pub fn size_faults(&self, field: &str) -> Result<Vec<Fault>> {
        let parts = self.changed.values().flatten();
        let faults = parts
            .map(|part| codec::part_fault(part, part.kind().name()))
            .chain([codec::edit_fault(&self.record, field)]);
        faults.filter_map(Result::transpose).collect()
    }

    pub fn set(&mut self, id: PartId, part: ContractPart) {
        self.changed.insert((part.kind(), id), Some(part));
    }

    pub fn remove(&mut self, kind: PartKind, id: impl Into<Uuid>) {
        self.changed.insert((kind, id.into().into_bytes()), None);
    }

    /// Leaves nothing of the commits and credits behind a moment at which the contract is over already.
    pub fn cut_balances(&mut self, at: Time, trueup_stays: bool) -> Result<()> {
        let balances = self.parts()?.into_iter();
        let balances =
            balances.filter(|(_, part)| matches!(part.kind(), PartKind::Commit | PartKind::Credit));
        self.cut(balances.collect(), at, trueup_stays);
        Ok(())
    }

    fn cut(&mut self, parts: Vec<(PartId, ContractPart)>, at: Time, trueup_stays: bool) {
        for (id, part) in parts {
            let cut = ended(&part, at, trueup_stays);
            if cut != part {
                self.set(id, cut);
            }
        }
    }

    /// Gives the contract another end. Where it is earlier, nothing of the parts is left behind it; where it is
    /// later, parts with an end of their own keep it.
    pub fn end_at(&mut self, end: Option<Time>, trueup_stays: bool) -> Result<()> {
        let earlier = end.filter(|end| self.terms.ending_before.is_none_or(|before| *end < before));
        if let Some(end) = earlier {
            self.cut(self.parts()?, end, trueup_stays);
        }
        self.terms.ending_before = end;
        self.record.ending_before = Some(end);
        Ok(())
    }

    /// Writes the edit with the parts it adds, which have instances already, and archives instances.
    pub fn finish(mut self, added: Vec<NewVersion>, archived: Vec<EntityRef>) -> Result<ContractEditId> {
        let member = self.member;
        let contract = self.id.uuid();
        let stamp = Stamp { time: self.record.timestamp, revision: self.row.revision };
        let mut new: Vec<_> =
            self.changed.into_iter().map(|((kind, id), part)| NewVersion { kind, id, part }).collect();
        new.extend(added);
        if self.terms != self.before {
            new.push(NewVersion::of(ITSELF, ContractPart::Terms(self.terms.clone())));
        }
        let since = due_since(member, self.id, &self.origin, [&self.before, &self.terms], &new)?;
        versions::put(member, contract, &mut self.row, stamp, new)?;
        let key = stamp.revision.to_be_bytes().to_vec();
        let id = self.record.id;
        collection::put(member, contract, &mut self.row, [Put { key, part: Some(self.record) }])?;
        let window = |terms: &ContractTerms| ContractWindow {
            starting_at: self.origin.starting_at,
            ending_before: terms.ending_before,
            archived: terms.archived_at.is_some(),
        };
        if window(&self.terms) != window(&self.before) {
            let customer = self.origin.customer_id.uuid();
            contract_window::put(member, customer, contract, &window(&self.terms))?;
        }
        for target in archived {
            rows::archive(member, target, entities::known(member, target)?)?;
        }
        settling::after_change(member, self.id, self.due, since)?;
        Ok(id)
    }
}

/// From when on an edit may have brought about invoices that are due already.
fn due_since(
    member: &Member<'_>,
    id: ContractId,
    origin: &ContractOrigin,
    [before, after]: [&ContractTerms; 2],
    changed: &[NewVersion],
) -> Result<Option<Time>> {
    if after.archived_at.is_some() {
        return Ok(None);
    }
    let term = Term::of(origin, after.ending_before);
    let parts = changed.iter().filter_map(|new| Some((Uuid::from_bytes(new.id), new.part.as_ref()?)));
    let charged = settling::charged_since(member, &term, parts)?;
    let moved = before.ending_before != after.ending_before;
    let end = [before, after].into_iter().filter_map(|terms| terms.ending_before).min().filter(|_| moved);
    // Entitled or priced in another way, a subscription may be charged that was not.
    let priced = changed.iter().any(|new| new.kind == PartKind::Override)
        && !versions::parts(member, id.uuid(), Some(PartKind::Subscription), AsOf::Now)?.is_empty();
    Ok([charged, end, priced.then_some(origin.starting_at)].into_iter().flatten().min())
}
