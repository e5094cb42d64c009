//! The operations, and how a store carries them out.

use billfold::prelude::*;
use billfold::{FieldProblem, PackageId};

use super::balances::{self, NewBalance};
use super::contract_edits::NewEdit;
use super::contract_parts::NewParts;
use super::contracts::{NewContract, Plan};
use super::packages::{NewPackage, PackagePlan};
use super::upserts::taken_in;

pub type Pairs = Vec<(String, String)>;

/// A change that a store can be asked for, with everything it takes.
#[derive(Debug, Clone)]
pub enum Op {
    AddKey(ManagedEntity, String, KeyRules),
    RemoveKey(ManagedEntity, String),
    Enforce(ManagedEntity, String),
    Relax(ManagedEntity, String),
    Adopt(EntityRef),
    Archive(EntityRef),
    Forget(EntityRef),
    Set(EntityRef, Pairs),
    SetIf(EntityRef, Pairs, Vec<Wanted>),
    SetMany(Vec<(EntityRef, Pairs)>),
    Replace(EntityRef, Pairs),
    Delete(EntityRef, Vec<String>),
    Take(EntityRef, String, String),
    CreateCustomer(NewCustomer),
    GetOrCreate(UniqueName, NewCustomer),
    Upsert(UniqueName, NewCustomer, Pairs),
    SetName(CustomerId, String),
    SetAliases(CustomerId, Vec<String>),
    AddAlias(CustomerId, String),
    RemoveAlias(CustomerId, String),
    MoveAlias(String, CustomerId),
    UpdateConfig(CustomerId, UpdateCustomerConfig),
    CreateMetric(CreateBillableMetric, Pairs),
    RenameMetric(BillableMetricId, String),
    CreateProduct(CreateProduct, Pairs),
    UpdateProduct(ContractProductId, Time, ProductChanges),
    CreateCard(CreateRateCard, Pairs),
    UpdateCard(RateCardId, UpdateRateCard),
    AddRate(RateCardId, AddRate),
    AddRates(RateCardId, Vec<AddRate>),
    CreateContract(Box<NewContract>),
    EditContract(ContractId, Box<NewEdit>),
    SetEnd(ContractId, Option<Time>),
    SetFilter(ContractId, UsageFilter),
    CreateBalance(Box<NewBalance>),
    CreateAlert(Box<CreateAlert>),
    ArchiveAlert(AlertId, bool),
    /// What is done to the contract of that number among those there are when it is done; one of the others by then.
    Plan(usize, Plan),
    CreatePackage(NewPackage),
    ArchivePackage(PackageId),
    /// What is done with the package of that number among those there are when it is done.
    OfPackage(usize, PackagePlan),
}

/// A customer that is to be made, with what a program can say of it.
#[derive(Debug, Clone)]
pub struct NewCustomer {
    pub name: String,
    pub aliases: Vec<String>,
    pub account: Option<String>,
    pub values: Pairs,
}

impl NewCustomer {
    fn request(self) -> CreateCustomer {
        CreateCustomer {
            name: self.name,
            ingest_aliases: self.aliases,
            salesforce_account_id: self.account,
            custom_fields: self.values.into(),
            ..Default::default()
        }
    }
}

/// An expectation, as a random program can have it: it does not know revisions, but can be so many off.
#[derive(Debug, Clone)]
pub enum Wanted {
    RevisionOff(u64),
    Absent(String),
    Holds(String, String),
}

/// What an operation that went well answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Done,
    New(bool),
    Made(EntityRef),
    Edited(ContractEditId),
    Package(PackageId),
    Outcomes(Vec<SetOutcome>),
    Taken(Taken),
    Got(GotOrCreated<CustomerId>),
    Upserted(Upserted<CustomerId>),
}

/// Carries the operation out. The revision is that of the operation's instance, which expectations need.
pub fn carry_out(op: &Op, revision: u64, on: &impl Writing) -> Result<Answer, Error> {
    let outcome = |outcome| Answer::Outcomes(vec![outcome]);
    match op.clone() {
        Op::AddKey(entity, key, rules) => on.add_key(entity, &key, rules).map(|_| Answer::Done),
        Op::RemoveKey(entity, key) => on.remove_key(entity, &key).map(|()| Answer::Done),
        Op::Enforce(entity, key) => on.enforce_uniqueness(entity, &key).map(|()| Answer::Done),
        Op::Relax(entity, key) => on.relax_uniqueness(entity, &key).map(|()| Answer::Done),
        Op::Adopt(target) => on.adopt(target).map(Answer::New),
        Op::Archive(target) => on.archive(target).map(|()| Answer::Done),
        Op::Forget(target) => on.forget(target).map(|()| Answer::Done),
        Op::Set(target, pairs) => on.set_values(target, pairs).map(outcome),
        Op::SetIf(target, pairs, wanted) => {
            let expectations: Vec<_> = wanted.iter().map(|wanted| expectation(wanted, revision)).collect();
            on.set_values_if(target, pairs, &expectations).map(outcome)
        }
        Op::SetMany(changes) => on.set_many(changes).map(Answer::Outcomes),
        Op::Replace(target, pairs) => on.replace_values(target, pairs).map(outcome),
        Op::Delete(target, keys) => on.delete_values(target, keys).map(outcome),
        Op::Take(target, key, value) => on.take_value(target, &key, value).map(Answer::Taken),
        Op::CreateCustomer(new) => on.create_customer(new.request()).map(made),
        Op::GetOrCreate(by, new) => on.get_or_create(by, |tx| make_customer(tx, &new)).map(Answer::Got),
        Op::Upsert(by, new, pairs) => {
            let change = |tx: &Transaction<'_>, id: CustomerId| {
                tx.set_values(id, pairs)?;
                tx.set_customer_name(id, &new.name)
            };
            on.upsert(by, |tx| make_customer(tx, &new), change).map(Answer::Upserted)
        }
        Op::SetName(id, name) => on.set_customer_name(id, &name).map(|()| Answer::Done),
        Op::SetAliases(id, aliases) => on.set_ingest_aliases(id, aliases).map(|()| Answer::Done),
        Op::AddAlias(id, alias) => on.add_ingest_alias(id, &alias).map(|()| Answer::Done),
        Op::RemoveAlias(id, alias) => on.remove_ingest_alias(id, &alias).map(|()| Answer::Done),
        Op::MoveAlias(alias, to) => on.move_ingest_alias(&alias, to).map(|()| Answer::Done),
        Op::UpdateConfig(id, update) => on.update_customer_config(id, update).map(|()| Answer::Done),
        Op::CreateMetric(new, values) => {
            on.create_billable_metric(CreateBillableMetric { custom_fields: values.into(), ..new }).map(made)
        }
        Op::RenameMetric(id, name) => on.set_billable_metric_name(id, &name).map(|()| Answer::Done),
        Op::CreateProduct(new, values) => {
            on.create_product(CreateProduct { custom_fields: values.into(), ..new }).map(made)
        }
        Op::UpdateProduct(id, start, changes) => on.update_product(id, start, changes).map(|()| Answer::Done),
        Op::CreateCard(new, values) => {
            on.create_rate_card(CreateRateCard { custom_fields: values.into(), ..new }).map(made)
        }
        Op::UpdateCard(id, update) => on.update_rate_card(id, update).map(|()| Answer::Done),
        Op::AddRate(id, rate) => on.add_rate(id, rate).map(|()| Answer::Done),
        Op::AddRates(id, rates) => on.add_rates(id, rates).map(|()| Answer::Done),
        Op::CreateContract(new) => create_contract(*new, on).map(made),
        Op::EditContract(id, edit) => on.edit_contract(id, edit_contract(*edit)).map(Answer::Edited),
        Op::SetEnd(id, end) => on.set_contract_end(id, end).map(Answer::Edited),
        Op::SetFilter(id, filter) => on.set_usage_filter(id, filter).map(Answer::Edited),
        Op::CreateBalance(new) => balances::create(*new, on).map(made),
        Op::CreatePackage(new) => on.create_package(new.request()).map(Answer::Package),
        Op::ArchivePackage(id) => on.archive_package(id).map(|()| Answer::Done),
        Op::CreateAlert(new) => on.create_alert(*new).map(made),
        Op::ArchiveAlert(id, release) => on.archive_alert(id, release).map(|()| Answer::Done),
        Op::Plan(..) | Op::OfPackage(..) => panic!("{op:?} is to be resolved first"),
    }
}

fn make_customer(tx: &Transaction<'_>, new: &NewCustomer) -> Result<CustomerId, Error> {
    tx.adopt(taken_in())?;
    tx.create_customer(new.clone().request())
}

fn create_contract(new: NewContract, on: &impl Writing) -> Result<ContractId, Error> {
    let parts = edit_contract(NewEdit { parts: new.parts, ..NewEdit::default() });
    on.create_contract(CreateContract {
        package: new.package.map(PackageChoice::Id),
        rate_card: new.card,
        ending_before: new.end,
        name: new.name,
        uniqueness_key: new.key,
        net_payment_terms_days: new.days,
        usage_filter: new.filter,
        transition: new.renewal,
        commits: parts.add_commits,
        credits: parts.add_credits,
        scheduled_charges: parts.add_scheduled_charges,
        overrides: parts.add_overrides,
        subscriptions: parts.add_subscriptions,
        custom_fields: new.values.into(),
        ..CreateContract::new(new.customer, new.start)
    })
}

fn edit_contract(edit: NewEdit) -> EditContract {
    let NewParts { commits, credits, charges, overrides, subscriptions } = edit.parts;
    let commits = commits.into_iter();
    let credits = credits.into_iter();
    let charges = charges.into_iter();
    let subscriptions = subscriptions.into_iter();
    EditContract {
        uniqueness_key: edit.key,
        update_contract_name: edit.name,
        update_contract_end_date: edit.end,
        update_net_payment_terms_days: edit.days,
        updates: edit.updates,
        add_commits: commits.map(|(new, own)| CreateCommit { custom_fields: own.into(), ..new }).collect(),
        add_credits: credits.map(|(new, own)| CreateCredit { custom_fields: own.into(), ..new }).collect(),
        add_scheduled_charges: charges
            .map(|(new, own)| CreateScheduledCharge { custom_fields: own.into(), ..new })
            .collect(),
        add_overrides: overrides,
        add_subscriptions: subscriptions
            .map(|(new, own)| CreateSubscription { custom_fields: own.into(), ..new })
            .collect(),
        ..EditContract::default()
    }
}

fn made(id: impl Into<EntityRef>) -> Answer {
    Answer::Made(id.into())
}

pub fn expectation(wanted: &Wanted, revision: u64) -> Expectation {
    match wanted.clone() {
        Wanted::RevisionOff(by) => Expectation::Revision(revision + by),
        Wanted::Absent(key) => Expectation::Absent(key),
        Wanted::Holds(key, value) => Expectation::Holds(key, value),
    }
}

/// Faults in an order of their own, without the texts of their rules and the ids of invoices: which comes first within
/// a call is no promise, and what a rule is called and an invoice's id is made of is no business of the model's.
pub fn sorted(mut faults: Vec<Fault>) -> Vec<Fault> {
    for fault in &mut faults {
        match fault {
            Fault::Field { problem, .. } => *problem = without_rule(problem),
            Fault::OnASettledInvoice { invoice, .. } => invoice.id = uuid::Uuid::nil(),
            _ => {}
        }
    }
    faults.sort_by_key(|fault| format!("{fault:?}"));
    faults
}

fn without_rule(problem: &FieldProblem) -> FieldProblem {
    let rule = "";
    match problem.clone() {
        FieldProblem::Missing { .. } => FieldProblem::Missing { rule },
        FieldProblem::NotAllowed { .. } => FieldProblem::NotAllowed { rule },
        FieldProblem::Empty { .. } => FieldProblem::Empty { rule },
        FieldProblem::Value { value, .. } => FieldProblem::Value { value, rule },
        other => other,
    }
}

/// The fault of a field that has this problem.
pub fn at(field: impl Into<String>, problem: FieldProblem) -> Fault {
    Fault::Field { field: field.into(), problem }
}

pub const MISSING: FieldProblem = FieldProblem::Missing { rule: "" };
pub const NOT_ALLOWED: FieldProblem = FieldProblem::NotAllowed { rule: "" };

pub fn not_a_value(value: &impl ToString) -> FieldProblem {
    FieldProblem::Value { value: value.to_string(), rule: "" }
}

/// What the model answers: the answer, or every fault.
pub type Refusal<T> = Result<T, Vec<Fault>>;
