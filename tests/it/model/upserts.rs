//! Customers that are found by a unique name or made: what that does to the model, and how programs ask for it.

use billfold::prelude::*;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::compare::searchable;
use super::customers::{texts, wrong_text};
use super::operation::{Answer, NOT_ALLOWED, NewCustomer, Op, Pairs, Refusal, at};
use super::program::{new_customer, pairs, unique_pair};
use super::state::Model;

/// What each call takes in before it makes a customer, so that one that is refused has something to take back.
pub fn taken_in() -> CustomerId {
    CustomerId::from(Uuid::from_u128(4))
}

fn name() -> impl Strategy<Value = UniqueName> {
    prop_oneof![
        8 => unique_pair().prop_map(UniqueName::from),
        6 => select(texts()).prop_map(UniqueName::ingest_alias),
        1 => Just(UniqueName::uniqueness_key("key")),
    ]
}

pub fn of_upserts() -> BoxedStrategy<Op> {
    let get = (name(), new_customer()).prop_map(|(by, new)| Op::GetOrCreate(by, new));
    let upsert = (name(), new_customer(), pairs()).prop_map(|(by, new, pairs)| Op::Upsert(by, new, pairs));
    prop_oneof![get, upsert].boxed()
}

impl Model {
    pub fn get_or_create(&mut self, by: &UniqueName, new: &NewCustomer) -> Refusal<GotOrCreated<CustomerId>> {
        if let Some(found) = self.customer_by(by)? {
            return Ok(GotOrCreated::Found(found));
        }
        self.attempt(|model| {
            model.adopt(taken_in().into());
            let Answer::Made(made) = model.create_customer(new)? else { panic!("no customer was made") };
            model.give_name(made, by)?;
            Ok(GotOrCreated::Created(CustomerId::from(made.id)))
        })
    }

    pub fn upsert(&mut self, by: &UniqueName, new: &NewCustomer, pairs: &Pairs) -> Refusal<Answer> {
        let id = match self.get_or_create(by, new)? {
            GotOrCreated::Created(id) => return Ok(Answer::Upserted(Upserted::Created(id))),
            GotOrCreated::Found(id) => id,
        };
        let before = self.sequence;
        self.attempt(|model| {
            model.change_values(&Op::Set(id.into(), pairs.clone()))?;
            model.set_name(id, &new.name)
        })?;
        let changed = self.sequence != before;
        Ok(Answer::Upserted(if changed { Upserted::Updated(id) } else { Upserted::Unchanged(id) }))
    }

    /// Does all of it, or nothing but issue ids.
    fn attempt<T>(&mut self, act: impl FnOnce(&mut Self) -> Refusal<T>) -> Refusal<T> {
        let before = self.clone();
        let answer = act(self);
        if answer.is_err() {
            *self = Self { issued: self.issued, ..before };
        }
        answer
    }

    fn customer_by(&self, by: &UniqueName) -> Refusal<Option<CustomerId>> {
        let entity = ManagedEntity::Customer;
        match by {
            UniqueName::Value { key, value } => {
                let characters = value.chars().count();
                let mut faults = Vec::new();
                if characters > billfold::MAX_VALUE_CHARACTERS {
                    faults.push(Fault::ValueTooLong { entity, key: key.clone(), characters });
                }
                faults
                    .extend(searchable(self, entity, key, &[KeyKind::Enforced]).err().into_iter().flatten());
                if !faults.is_empty() {
                    return Err(faults);
                }
                let known = self.key(entity, key).unwrap();
                let holders = self.holders(entity, key);
                let holder = holders.iter().find(|(held, _)| known.compared(held) == known.compared(value));
                Ok(holder.map(|(_, id)| CustomerId::from(id.id)))
            }
            UniqueName::IngestAlias(alias) => match wrong_text(alias) {
                Some(problem) => Err(vec![at("ingest_alias", problem)]),
                None => Ok(self.holder(alias)),
            },
            UniqueName::UniquenessKey(_) => Err(vec![at("uniqueness_key", NOT_ALLOWED)]),
        }
    }

    /// Gives a customer that was just made the name, unless it has it.
    fn give_name(&mut self, made: EntityRef, by: &UniqueName) -> Refusal<Answer> {
        if self.customer_by(by)? == Some(CustomerId::from(made.id)) {
            return Ok(Answer::Done);
        }
        match by {
            UniqueName::Value { key, value } => {
                if self.instances[&made].values.contains_key(key) {
                    let (key, expected) = (key.clone(), Some(value.clone()));
                    return Err(vec![Fault::ValueDiffers {
                        target: made,
                        key,
                        expected,
                        holds_another: true,
                    }]);
                }
                self.change_values(&Op::Set(made, vec![(key.clone(), value.clone())]))
            }
            UniqueName::IngestAlias(alias) => self.add_alias(CustomerId::from(made.id), alias),
            UniqueName::UniquenessKey(_) => panic!("customers have none"),
        }
    }
}
