//! What a store holds, in plain maps, and the keys' and instances' operations on it.

use std::collections::BTreeMap;

use billfold::PackageId;
use billfold::prelude::*;

use uuid::Uuid;

use super::balances::Own;
use super::contract_edits::NewEdit;
use super::contracts::Contracted;
use super::customers::Record;
use super::keys::Key;
use super::operation::{Answer, Op, Refusal};
use super::packages::Packed;
use super::products::Schedule;
use super::rate_cards::Card;
use super::values::Edit;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    /// In the order they were registered.
    pub keys: Vec<Key>,
    pub instances: BTreeMap<EntityRef, Held>,
    pub packages: BTreeMap<PackageId, Packed>,
    /// The number of the last change; without a journal, no change of this opening has a higher one.
    pub sequence: u64,
    /// The number of the last change before the store was opened.
    pub opened: u64,
    pub adopts_unknown: bool,
    pub keeps_journal: bool,
    /// The number of the last id that the store issued; what is taken back as a whole gives it back.
    pub issued: u128,
    /// The number of the last id when something changed last: where the store counts on from when it is opened
    /// again.
    pub kept: u128,
    /// What the store's clock says.
    pub time: Option<Time>,
}

/// What an instance holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    pub archived: bool,
    pub revision: u64,
    pub values: BTreeMap<String, String>,
    /// How many values of removed keys its row still has.
    pub left_over: u64,
    /// Of a customer that was made here.
    pub customer: Option<Record>,
    /// Of a billable metric that was made here.
    pub metric: Option<CreateBillableMetric>,
    /// Of a product that was made here.
    pub product: Option<Schedule>,
    /// Of a rate card that was made here.
    pub card: Option<Card>,
    /// Of a contract that was made here.
    pub contract: Option<Box<Contracted>>,
    /// The contract that it is a part of.
    pub part_of: Option<ContractId>,
    /// Of a commit or credit that is a customer's.
    pub own: Option<Box<Own>>,
    /// Of an alert that was made here.
    pub alert: Option<Box<CreateAlert>>,
}

/// The id of that number that a store issues which counts them.
pub fn counted(number: u128) -> Uuid {
    Uuid::from_u128((0x7000 << 64) | (0x8000 << 48) | number)
}

impl Model {
    /// Carries the operation out, or says why it is refused and leaves everything as it was.
    pub fn carry_out(&mut self, op: &Op) -> Refusal<Answer> {
        let mut before = self.clone();
        let answer = self.change(op);
        if answer.is_err() {
            before.issued = self.issued;
            assert_eq!(*self, before, "the model's {op:?} changed something and was refused");
        }
        answer
    }

    fn change(&mut self, op: &Op) -> Refusal<Answer> {
        match op {
            Op::AddKey(entity, name, rules) => self.add_key(*entity, name, *rules),
            Op::RemoveKey(entity, name) => self.remove_key(*entity, name),
            Op::Enforce(entity, name) => self.enforce(*entity, name),
            Op::Relax(entity, name) => self.relax(*entity, name),
            Op::Adopt(target) => Ok(Answer::New(self.adopt(*target))),
            Op::Archive(target) => self.archive(*target),
            Op::Forget(target) => self.forget(*target),
            Op::Set(..) | Op::SetIf(..) | Op::SetMany(..) | Op::Replace(..) | Op::Delete(..) => {
                self.change_values(op)
            }
            Op::Take(target, key, value) => self.take_value(*target, key, value),
            Op::CreateCustomer(new) => self.create_customer(new),
            Op::GetOrCreate(by, new) => self.get_or_create(by, new).map(Answer::Got),
            Op::Upsert(by, new, pairs) => self.upsert(by, new, pairs),
            Op::SetName(id, name) => self.set_name(*id, name),
            Op::SetAliases(id, aliases) => self.set_aliases(*id, aliases),
            Op::AddAlias(id, alias) => self.add_alias(*id, alias),
            Op::RemoveAlias(id, alias) => self.remove_alias(*id, alias),
            Op::MoveAlias(alias, to) => self.move_alias(alias, *to),
            Op::UpdateConfig(id, update) => self.update_config(*id, update),
            Op::CreateMetric(new, values) => self.create_metric(new, values),
            Op::RenameMetric(id, name) => self.rename_metric(*id, name),
            Op::CreateProduct(new, values) => self.create_product(new, values),
            Op::UpdateProduct(id, start, changes) => self.update_product(*id, *start, changes),
            Op::CreateCard(new, values) => self.create_card(new, values),
            Op::UpdateCard(id, update) => self.update_card(*id, update),
            Op::CreateContract(new) => self.create_contract(new),
            Op::EditContract(id, edit) => self.edit_contract(*id, edit),
            Op::SetEnd(id, end) => self.set_contract_end(*id, *end),
            Op::SetFilter(id, filter) => self.set_filter(*id, filter),
            Op::CreateBalance(new) => self.create_balance(new),
            Op::CreatePackage(new) => self.create_package(new),
            Op::ArchivePackage(id) => self.archive_package(*id),
            Op::CreateAlert(new) => self.create_alert(new),
            Op::ArchiveAlert(id, release) => self.archive_alert(*id, *release),
            Op::Plan(..) | Op::OfPackage(..) => panic!("{op:?} is to be resolved first"),
            Op::AddRate(id, rate) => self.add_rates(*id, std::slice::from_ref(rate), |_| String::new()),
            Op::AddRates(id, rates) => self.add_rates(*id, rates, |place| format!("rates[{place}].")),
        }
    }

    pub fn now(&self) -> Time {
        self.time.expect("a program sets the clock at every step")
    }

    /// The ids of an entity's instances.
    pub fn of_entity(&self, entity: ManagedEntity) -> impl Iterator<Item = Uuid> {
        self.instances.keys().filter(move |target| target.entity == entity).map(|target| target.id)
    }

    /// What was made under that id, and not taken in with nothing but its id.
    pub fn made<'m, T>(
        &'m self,
        target: EntityRef,
        record: impl FnOnce(&'m Held) -> Option<&'m T>,
    ) -> Refusal<(&'m Held, &'m T)> {
        let held = self.instances.get(&target).ok_or_else(|| vec![Fault::InstanceNotFound { target }])?;
        let record = record(held).ok_or_else(|| vec![Fault::NothingButAnId { target }])?;
        Ok((held, record))
    }

    /// The next id that no instance of the entity has.
    pub fn fresh(&mut self, entity: ManagedEntity) -> EntityRef {
        loop {
            self.issued += 1;
            let target = (entity, counted(self.issued)).into();
            if !self.instances.contains_key(&target) {
                return target;
            }
        }
    }

    /// Makes an instance with its values, unless there are faults.
    pub fn make(
        &mut self,
        target: EntityRef,
        held: Held,
        faults: Vec<Fault>,
        (edits, wrong_values): (Vec<Edit>, Vec<Fault>),
    ) -> Refusal<Answer> {
        let faults = [faults, wrong_values].concat();
        if !faults.is_empty() {
            return Err(faults);
        }
        let revision = self.next(0);
        self.instances.insert(target, Held { revision, ..held });
        self.apply(&edits);
        Ok(Answer::Made(target))
    }

    /// Gives an instance another revision, and with it whatever else changes.
    pub fn touch(&mut self, target: EntityRef, change: impl FnOnce(&mut Held)) {
        let revision = self.next(self.instances[&target].revision);
        let held = self.instances.get_mut(&target).unwrap();
        held.revision = revision;
        change(held);
    }

    /// Has values of removed keys leave all rows; how many.
    pub fn clear(&mut self) -> u64 {
        let with_any = self.instances.iter().filter(|(_, held)| held.left_over > 0);
        let cleared: Vec<_> = with_any.map(|(target, held)| (*target, held.left_over)).collect();
        for (target, _) in &cleared {
            self.touch(*target, |held| held.left_over = 0);
        }
        cleared.iter().map(|(_, values)| values).sum()
    }

    /// The fault of a field that names what nothing new can have.
    pub fn wrong_reference(&self, field: impl Into<String>, target: EntityRef) -> Option<Fault> {
        let field = field.into();
        match self.instances.get(&target) {
            None => Some(Fault::ReferenceNotFound { field, target }),
            Some(held) => held.archived.then_some(Fault::ReferenceArchived { field, target }),
        }
    }

    /// The number of a change to something of this revision.
    pub fn next(&mut self, before: u64) -> u64 {
        self.sequence = self.sequence.max(before) + 1;
        self.kept = self.issued;
        self.sequence
    }

    /// Takes over the revisions of what an operation changed where the store's went further: what is kept of invoices
    /// and of replaced rates moves the revision of their contract or card too, and what that is the model does not know.
    pub fn follow_revisions(&mut self, on: &impl Reading, before: &Self) {
        let contracts = self.instances.values().filter(|held| held.contract.is_some()).count() as u64;
        // Of each contract what had become due, what came to be due, and what is voided then; the rates of a call.
        let most = self.sequence + 3 * contracts + 1;
        for (target, held) in &mut self.instances {
            let was = before.instances.get(target).map(|held| held.revision);
            if held.contract.is_none() && was == Some(held.revision) {
                continue;
            }
            let found = on.revision(*target).unwrap();
            assert!(
                (held.revision..=held.revision.max(most)).contains(&found),
                "{target}: {found}, {held:?}"
            );
            held.revision = found;
            if was != Some(found) {
                self.sequence = self.sequence.max(found);
            }
        }
    }

    /// What closing and opening again forgets: where nothing is written of changes, how many there were, so that numbers
    /// are left out; and the ids that were issued since the last change.
    pub fn reopen(&mut self) {
        // One row then says of the next 65,536 numbers that they are not in the journal.
        if !self.keeps_journal && self.sequence > self.opened {
            self.sequence = self.opened + 1 + 65_536;
        }
        self.opened = self.sequence;
        self.issued = self.kept;
    }

    pub fn adopt(&mut self, target: EntityRef) -> bool {
        let new = !self.instances.contains_key(&target);
        if new {
            let revision = self.next(0);
            self.instances.insert(target, Held { revision, ..Held::default() });
        }
        new
    }

    pub fn archive(&mut self, target: EntityRef) -> Refusal<Answer> {
        let held = match self.instances.get(&target) {
            None => return Err(vec![Fault::InstanceNotFound { target }]),
            Some(held) if held.archived => return Err(vec![Fault::AlreadyArchived { target }]),
            Some(held) => held.clone(),
        };
        if held.contract.is_some() {
            self.archive_contract(target.id.into())?;
        } else if let Some(contract) = held.part_of {
            self.archive_part(contract, target)?;
        } else if held.own.is_some() {
            self.archive_own(target)?;
        } else {
            for id in self.contracts_with(target) {
                if !self.instances[&id.into()].archived {
                    self.archive_contract(id)?;
                }
            }
            self.touch(target, |held| held.archived = true);
        }
        Ok(Answer::Done)
    }

    /// Archiving a part of a contract is an edit of the contract.
    fn archive_part(&mut self, contract: ContractId, target: EntityRef) -> Refusal<Answer> {
        let mut updates = PartUpdates::default();
        match target.entity {
            ManagedEntity::Commit => updates.archive_commits.push(target.id.into()),
            ManagedEntity::ContractCredit => updates.archive_credits.push(target.id.into()),
            ManagedEntity::ScheduledCharge => updates.archive_scheduled_charges.push(target.id.into()),
            _ => return Err(vec![Fault::PartOfAContract { target, contract: contract.into() }]),
        }
        self.edit_contract(contract, &NewEdit { updates, ..NewEdit::default() })
    }

    /// The contracts that go with a customer; with anything else there are none.
    fn contracts_with(&self, target: EntityRef) -> Vec<ContractId> {
        let customer = CustomerId::try_from(target).ok();
        let own = customer.map(|customer| self.contracts_of(customer)).unwrap_or_default();
        own.into_iter().map(|(id, _)| id).collect()
    }

    fn forget(&mut self, target: EntityRef) -> Refusal<Answer> {
        let held = self.instances.get(&target).ok_or_else(|| vec![Fault::InstanceNotFound { target }])?;
        if let Some(contract) = held.part_of {
            return Err(vec![Fault::PartOfAContract { target, contract: contract.into() }]);
        }
        let mut gone = vec![target];
        for id in self.contracts_with(target).into_iter().map(EntityRef::from).chain([target]) {
            let part_of = |held: &Held| held.part_of.is_some_and(|contract| EntityRef::from(contract) == id);
            let parts = self.instances.iter().filter(|(_, held)| part_of(held));
            gone.extend(parts.map(|(part, _)| *part).chain([id]));
        }
        let own = self.instances.iter().filter(|(_, held)| {
            let balance = held.own.as_ref().map(|own| own.level.customer_id);
            let alert = held.alert.as_ref().and_then(|alert| alert.customer_id);
            balance.or(alert).is_some_and(|customer| EntityRef::from(customer) == target)
        });
        gone.extend(own.map(|(own, _)| *own));
        for target in gone {
            if self.instances.remove(&target).is_some() {
                self.next(0);
            }
        }
        Ok(Answer::Done)
    }
}
