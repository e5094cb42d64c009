//! What all answers about contracts have in common: when they are read, what is asked for, and how products are
//! called.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::number;
use super::contracts::Included;
use crate::entity::ContractProductId;
use crate::error::{Error, Result};
use crate::model::balance::Balance;
use crate::model::contract::Contract;
use crate::model::product::Product;
use crate::model::scalar::Time;
use crate::model::statement::StatementSchedule;

/// A number where there is one.
pub(super) type Number = Option<Box<RawValue>>;

/// An id where no more of something is shown.
#[derive(Serialize)]
pub(super) struct JustId<I> {
    pub(super) id: I,
}

/// A product, as parts of contracts show theirs.
#[derive(Serialize)]
pub(super) struct NamedProduct {
    id: ContractProductId,
    name: String,
}

/// An answer in the making.
pub(super) struct Listing<'r> {
    read: &'r dyn Fn(ContractProductId) -> Result<Product>,
    /// The moment that is shown.
    pub(super) at: Time,
    included: Included,
    names: RefCell<BTreeMap<ContractProductId, String>>,
    failure: RefCell<Option<Error>>,
}

impl<'r> Listing<'r> {
    pub(super) fn new(read: &'r dyn Fn(ContractProductId) -> Result<Product>, at: Time) -> Self {
        let included = Included { balance: false, ledgers: false };
        Self { read, at, included, names: RefCell::default(), failure: RefCell::default() }
    }

    pub(super) fn including(self, included: Included) -> Self {
        Self { included, ..self }
    }

    /// The answer, where everything in it could be read.
    pub(super) fn finish<T>(&self, answer: T) -> Result<T> {
        self.failure.take().map_or(Ok(answer), Err)
    }

    /// A product as it is called today, however old what is shown of the contract; without a name where the
    /// product was forgotten since, or taken in with nothing but its id.
    pub(super) fn product(&self, id: ContractProductId) -> NamedProduct {
        let known = self.names.borrow().get(&id).cloned();
        let name = known.unwrap_or_else(|| {
            let name = match (self.read)(id) {
                Ok(product) => product.current.name,
                Err(Error::Refused(_)) => String::new(),
                Err(failure) => {
                    self.failure.replace(Some(failure));
                    String::new()
                }
            };
            self.names.borrow_mut().insert(id, name.clone());
            name
        });
        NamedProduct { id, name }
    }

    /// What the open segments of a commit or credit give, where that is asked for; nothing where it is archived.
    /// Nothing is metered here that would have been taken from it.
    pub(super) fn balance(&self, balance: &Balance) -> Number {
        if !self.included.balance {
            return None;
        }
        let open = balance.archived_at.is_none_or(|archived| self.at < archived);
        if open { balance.access_schedule.open_at(self.at).and_then(number) } else { number(0.into()) }
    }

    /// A ledger without entries, where one is asked for: nothing is metered here.
    pub(super) fn ledger(&self) -> Option<[(); 0]> {
        self.included.ledgers.then_some([])
    }
}

/// What a contract says of the time that its subscriptions have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    pub(super) ending_before: Option<Time>,
    pub(super) statements: StatementSchedule,
}

impl Term {
    pub(super) const fn of(contract: &Contract) -> Self {
        Self {
            ending_before: contract.terms.ending_before,
            statements: contract.origin.usage_statement_schedule,
        }
    }
}
