//! Commits and credits of customers: what programs ask for, what that does to the model, and what can be read of
//! all of them.

use std::collections::{BTreeMap, BTreeSet};

use billfold::prelude::*;
use proptest::option;
use proptest::prelude::*;

use super::compare::same;
use super::contract_parts::{Drawn, wrong_commit, wrong_credit};
use super::contract_reads::drawn;
use super::contracts::{UNIQUE, badness, key};
use super::edit_faults::wrong_archived;
use super::operation::{Answer, MISSING, NOT_ALLOWED, Pairs, Refusal, at};
use super::part_requests::{commit, credit, or, own_values};
use super::products::moments;
use super::program::customers;
use super::state::{Held, Model};
use crate::support::every;

/// A customer's commit or credit that is to be made.
#[derive(Debug, Clone)]
pub struct NewBalance {
    pub customer: CustomerId,
    pub contracts: BTreeSet<ContractId>,
    pub invoice_on: Option<ContractId>,
    pub key: Option<String>,
    pub of: Kind,
    pub values: Pairs,
}

#[derive(Debug, Clone)]
pub enum Kind {
    Commit(Box<CreateCommit>),
    Credit(Box<CreateCredit>),
}

/// A commit or credit of the model that is a customer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    pub level: CustomerLevel,
    pub drawn: Drawn,
}

impl NewBalance {
    pub fn level(&self) -> CustomerLevel {
        CustomerLevel {
            applicable_contract_ids: self.contracts.clone(),
            invoice_contract_id: self.invoice_on,
            uniqueness_key: self.key.clone(),
            ..CustomerLevel::new(self.customer)
        }
    }

    fn terms(&self) -> &BalanceTerms {
        match &self.of {
            Kind::Commit(commit) => &commit.terms,
            Kind::Credit(credit) => &credit.terms,
        }
    }
}

/// For a contract that a plan finds, mostly with all that it needs.
pub fn new_balance() -> BoxedStrategy<NewBalance> {
    badness().prop_flat_map(balance_or_bad).boxed()
}

fn balance_or_bad(bad: bool) -> BoxedStrategy<NewBalance> {
    let kind = prop_oneof![
        3 => commit(bad).prop_map(|commit| Kind::Commit(commit.into())),
        2 => credit(bad).prop_map(|credit| Kind::Credit(credit.into())),
    ];
    let on_contract = option::weighted(0.7, Just(ContractId::from(uuid::Uuid::nil())));
    let customer = proptest::sample::select(customers().collect::<Vec<_>>());
    (customer, on_contract, key(bad), kind, own_values(bad), or(bad, Just(true), Just(false)))
        .prop_map(|(customer, invoice_on, key, mut of, values, fitting)| {
            match &mut of {
                Kind::Commit(commit) if fitting => {
                    (commit.terms.priority, commit.terms.rollover_fraction) = (Some(1.into()), None);
                    commit.temporary_id = None;
                }
                Kind::Credit(credit) => {
                    credit.terms.priority = fitting.then_some(1.into());
                    credit.terms.rollover_fraction = credit.terms.rollover_fraction.filter(|_| !fitting);
                }
                Kind::Commit(_) => {}
            }
            let invoice_on = invoice_on.filter(|_| matches!(of, Kind::Commit(_)) || !fitting);
            let values = if matches!(of, Kind::Credit(_)) { Vec::new() } else { values };
            if let (Kind::Commit(commit), None, true) = (&mut of, invoice_on, fitting) {
                (commit.commit_type, commit.invoice_schedule) = (CommitType::Prepaid, None);
            }
            NewBalance { customer, contracts: BTreeSet::new(), invoice_on, key, of, values }
        })
        .boxed()
}

/// What is shown of a commit or credit: its customer and contract, what it is for, its key, what it is, and its
/// values.
pub type Shown = (CustomerId, Option<ContractId>, CustomerLevel, Drawn, BTreeMap<String, String>);

fn shown<I>(balance: BalanceOf<I>) -> Shown {
    let level = CustomerLevel {
        applicable_contract_ids: balance.applicable_contract_ids,
        invoice_contract_id: balance.invoice_contract_id,
        uniqueness_key: balance.uniqueness_key,
        salesforce_opportunity_id: balance.salesforce_opportunity_id,
        ..CustomerLevel::new(balance.customer_id)
    };
    (balance.customer_id, balance.contract_id, level, drawn(&balance.balance), balance.custom_fields)
}

impl Model {
    fn wrong_contract(&self, field: String, customer: CustomerId, id: ContractId) -> Option<Fault> {
        let target = EntityRef::from(id);
        self.wrong_reference(field.clone(), target).or_else(|| match self.contract(id) {
            Ok((_, made)) if made.customer == customer => None,
            _ => Some(Fault::ReferenceNotFound { field, target }),
        })
    }

    pub fn balance_by_key(&self, key: &str) -> Option<EntityRef> {
        let mut made =
            self.instances.iter().filter_map(|(target, held)| Some((*target, held.own.as_deref()?)));
        made.find(|(_, own)| own.level.uniqueness_key.as_deref() == Some(key)).map(|(target, _)| target)
    }

    pub fn create_balance(&mut self, new: &NewBalance) -> Refusal<Answer> {
        let (entity, mut faults) = match &new.of {
            Kind::Commit(commit) => (ManagedEntity::Commit, wrong_commit("", commit)),
            Kind::Credit(credit) => (ManagedEntity::ContractCredit, wrong_credit("", credit)),
        };
        let terms = new.terms();
        faults.extend(terms.priority.is_none().then(|| at("priority", MISSING)));
        faults.extend(terms.rollover_fraction.map(|_| at("rollover_fraction", NOT_ALLOWED)));
        match &new.of {
            Kind::Commit(commit) => {
                let unpaid = commit.invoice_schedule.is_some() && new.invoice_on.is_none();
                faults.extend(unpaid.then(|| at("invoice_contract_id", MISSING)));
                faults.extend(commit.temporary_id.as_ref().map(|_| at("temporary_id", NOT_ALLOWED)));
            }
            Kind::Credit(_) => {
                faults.extend(new.invoice_on.map(|_| at("invoice_contract_id", NOT_ALLOWED)));
            }
        }
        let target = self.fresh(entity);
        faults.extend(self.wrong_reference("customer_id", new.customer.into()));
        for (place, id) in new.contracts.iter().enumerate() {
            let field = format!("applicable_contract_ids[{place}]");
            faults.extend(self.wrong_contract(field, new.customer, *id));
        }
        let on = new.invoice_on;
        faults.extend(
            on.and_then(|id| self.wrong_contract("invoice_contract_id".to_owned(), new.customer, id)),
        );
        let holder = new.key.as_deref().and_then(|key| self.balance_by_key(key)).map(|holder| holder.id);
        faults.extend(self.wrong_key(new.key.as_ref(), holder));
        faults.extend(self.wrong_type("", terms.product_id, ProductType::Fixed));
        let (edits, wrong_values) = self.values_of_new(target, &new.values);
        faults.extend(wrong_values);
        if !faults.is_empty() {
            return Err(faults);
        }
        let drawn = match &new.of {
            Kind::Commit(commit) => self.drawn(commit),
            Kind::Credit(credit) => self.drawn_credit(credit),
        };
        let held = Held { own: Some(Box::new(Own { level: new.level(), drawn })), ..Held::default() };
        self.make(target, held, Vec::new(), (edits, Vec::new()))
    }

    /// Archives a customer's commit or credit: its record and its row, one change each. It is not on an invoice that
    /// is final, unless its customer is archived, which voids them all.
    pub fn archive_own(&mut self, target: EntityRef) -> Refusal<()> {
        let now = self.now();
        let Own { level, drawn } = &**self.instances[&target].own.as_ref().unwrap();
        let charged = level.invoice_contract_id.is_some_and(|id| self.contract(id).is_ok());
        let voided = self.instances[&level.customer_id.into()].archived;
        let dates = drawn.invoice.as_deref().filter(|_| charged && !voided).unwrap_or_default();
        let faults = wrong_archived("id", dates, now);
        if !faults.is_empty() {
            return Err(faults);
        }
        self.touch(target, |held| held.own.as_mut().unwrap().drawn.archived_at = Some(now));
        self.touch(target, |held| held.archived = true);
        Ok(())
    }

    /// A commit or credit, wherever it stands.
    pub fn balance(&self, target: EntityRef) -> Refusal<Shown> {
        let held = self.instances.get(&target).ok_or_else(|| vec![Fault::InstanceNotFound { target }])?;
        if let Some(own) = &held.own {
            let customer = own.level.customer_id;
            return Ok((customer, None, own.level.clone(), own.drawn.clone(), held.values.clone()));
        }
        let contract = held.part_of.ok_or_else(|| vec![Fault::NothingButAnId { target }])?;
        let (_, made) = self.contract(contract)?;
        let parts = &made.state.parts;
        let drawn = match target.entity {
            ManagedEntity::Commit => &parts.commits[&target.id.into()],
            _ => &parts.credits[&target.id.into()],
        };
        let level = CustomerLevel::new(made.customer);
        Ok((made.customer, Some(contract), level, drawn.clone(), held.values.clone()))
    }

    fn balances(&self, entity: ManagedEntity, customer: CustomerId, filter: &BalanceFilter) -> Vec<Shown> {
        let all = self.of_entity(entity).filter_map(|id| self.balance((entity, id).into()).ok());
        all.filter(|(own, contract, _, drawn, _)| {
            *own == customer
                && (filter.include_contract_balances || contract.is_none())
                && (filter.include_archived || drawn.archived_at.is_none())
                && filter.covering_date.is_none_or(|at| is_open(drawn, at))
        })
        .collect()
    }
}

/// Whether there is a segment of it that is open at a moment.
pub fn is_open(drawn: &Drawn, at: Time) -> bool {
    drawn.access.iter().any(|(_, item)| item.starting_at <= at && at < item.ending_before)
}

/// Commits and credits one by one, as lists have them, and by their uniqueness keys.
pub fn compare_balances(from: &impl Reading, model: &Model) {
    let of = |entity: ManagedEntity| model.of_entity(entity).map(move |id| EntityRef::from((entity, id)));
    let unknown = super::program::ids_of(0..0);
    for id in of(ManagedEntity::Commit).map(|target| target.id).chain(unknown.clone()) {
        let id = CommitId::from(id);
        same(from.commit(id).map(shown), model.balance(id.into()));
    }
    for id in of(ManagedEntity::ContractCredit).map(|target| target.id).chain(unknown) {
        let id = ContractCreditId::from(id);
        same(from.credit(id).map(shown), model.balance(id.into()));
    }
    let all = BalanceFilter { include_contract_balances: true, include_archived: true, ..Default::default() };
    let open = BalanceFilter {
        include_contract_balances: true,
        covering_date: Some(moments()[1]),
        ..Default::default()
    };
    for filter in [BalanceFilter::default(), all, open] {
        for customer in customers() {
            if !model.instances.contains_key(&customer.into()) {
                let target = customer.into();
                let page = from.commits(customer, &filter, &PageRequest::default());
                same(page.map(drop), Err(vec![Fault::InstanceNotFound { target }]));
                continue;
            }
            let commits = every(2, |page| from.commits(customer, &filter, page)).into_iter().map(shown);
            let expected = model.balances(ManagedEntity::Commit, customer, &filter);
            assert_eq!(commits.collect::<Vec<_>>(), expected, "{customer} {filter:?}");
            let credits = every(2, |page| from.credits(customer, &filter, page)).into_iter().map(shown);
            let expected = model.balances(ManagedEntity::ContractCredit, customer, &filter);
            assert_eq!(credits.collect::<Vec<_>>(), expected, "{customer} {filter:?}");
        }
    }
    for key in UNIQUE {
        assert_eq!(from.balance_by_key(key).unwrap(), model.balance_by_key(key), "{key:?}");
    }
}

/// How a store makes a customer's commit or credit.
pub fn create(new: NewBalance, on: &impl Writing) -> Result<EntityRef, Error> {
    let level = new.level();
    match new.of {
        Kind::Commit(commit) => {
            let commit = CreateCommit { custom_fields: new.values.into(), ..*commit };
            on.create_commit(level, commit).map(EntityRef::from)
        }
        Kind::Credit(credit) => {
            let credit = CreateCredit { custom_fields: new.values.into(), ..*credit };
            on.create_credit(level, credit).map(EntityRef::from)
        }
    }
}
