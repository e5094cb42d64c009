//! Contracts: what programs do with them, and what that does to the model.

use std::collections::{BTreeMap, BTreeSet};

use billfold::prelude::*;
use billfold::{FieldProblem, PackageId};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::contract_edits::Made;
use super::contract_parts::{NewParts, Parts, Site};
use super::edit_requests::{EditPlan, edit_plan};
use super::metrics::PROPERTIES;
use super::operation::{Answer, Op, Pairs, Refusal, at, not_a_value};
use super::part_requests::{new_parts, or, own_values};
use super::products::moments;
use super::program::{customers, mostly};
use super::rate_cards::cards;
use super::state::{Held, Model};
use crate::support::catalog::strings;

/// The uniqueness keys of programs: two that meet each other often, and an empty one.
pub const UNIQUE: [&str; 3] = ["k", "k\0", ""];

/// A contract that is to be made.
#[derive(Debug, Clone)]
pub struct NewContract {
    pub customer: CustomerId,
    pub package: Option<PackageId>,
    pub card: Option<CardChoice>,
    pub start: Time,
    pub end: Option<Time>,
    pub name: Option<String>,
    pub key: Option<String>,
    pub days: Option<Amount>,
    pub filter: Option<UsageFilter>,
    pub renewal: Option<Renewal>,
    pub parts: NewParts,
    pub values: Pairs,
}

/// What is done to a contract that is found only when it is done: the nth that there is then.
#[derive(Debug, Clone)]
pub enum Plan {
    Edit(Box<EditPlan>),
    SetEnd(Option<Time>),
    SetFilter(UsageFilter),
    Instance(usize),
    /// As that of the contract with this number, for a customer's commit or credit.
    ForContract(Box<super::balances::NewBalance>),
    Renew(Box<NewContract>, Option<TrueupBehavior>),
}

/// A contract of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contracted {
    pub customer: CustomerId,
    pub key: Option<String>,
    pub package: Option<PackageId>,
    pub card: Option<RateCardId>,
    pub start: Time,
    pub renewal_of: Option<ContractId>,
    pub made_at: Time,
    pub state: State,
    /// What it was from each of its changes on.
    pub past: Vec<(Time, State)>,
    pub edits: Vec<Made>,
}

/// What changes of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub terms: Terms,
    pub filters: BTreeMap<Time, UsageFilter>,
    pub parts: Parts,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    pub name: Option<String>,
    pub end: Option<Time>,
    pub days: Option<Amount>,
    pub renewed_by: Option<ContractId>,
    pub archived_at: Option<Time>,
}

impl NewContract {
    /// One without a card, an end or any part.
    pub fn new(customer: CustomerId, start: Time) -> Self {
        Self {
            customer,
            package: None,
            card: None,
            start,
            end: None,
            name: None,
            key: None,
            days: None,
            filter: None,
            renewal: None,
            parts: NewParts::default(),
            values: Vec::new(),
        }
    }

    /// What of it can be said beside a package.
    pub fn bare(self) -> Self {
        let Self { key, renewal, values, .. } = self;
        Self { key, renewal, values, ..Self::new(self.customer, self.start) }
    }
}

impl Contracted {
    pub fn is_in_force(&self, moment: Time) -> bool {
        self.start <= moment && self.state.terms.end.is_none_or(|end| moment < end)
    }
}

/// A request that may be bad, or may not.
pub fn badness() -> impl Strategy<Value = bool> {
    prop_oneof![3 => Just(false), 1 => Just(true)]
}

fn hour(bad: bool) -> impl Strategy<Value = Time> {
    let [first, second, third, half_past, last] = moments();
    or(bad, select(vec![first, second, second, third, last]), Just(half_past))
}

fn end(bad: bool) -> impl Strategy<Value = Option<Time>> {
    prop_oneof![3 => Just(None), 2 => hour(bad).prop_map(Some)]
}

fn filter(bad: bool) -> impl Strategy<Value = UsageFilter> {
    let key = or(bad, select(&[PROPERTIES[0], PROPERTIES[0], PROPERTIES[1]]), Just(""));
    let values = or(bad, select(vec![vec!["EU"], vec!["US", "EU"], vec!["US"]]), Just(Vec::new()));
    let start = select(moments()[1..].to_vec());
    (key, values, start).prop_map(|(key, values, start)| UsageFilter::new(key, strings(&values), start))
}

fn card_choice(bad: bool) -> impl Strategy<Value = Option<CardChoice>> {
    let first = cards().next().map(CardChoice::Id);
    let alias = |name: &str| Some(CardChoice::Alias(name.to_owned()));
    let any = cards().map(|card| Some(CardChoice::Id(card))).chain([alias("nobody's"), alias("a\0"), None]);
    let any: Vec<_> = any.collect();
    or(bad, select(vec![first.clone(), first, alias("a")]), select(any))
}

pub fn key(bad: bool) -> impl Strategy<Value = Option<String>> {
    option::weighted(0.2, or(bad, select(&UNIQUE[..2]), Just(UNIQUE[2])))
        .prop_map(|key| key.map(str::to_owned))
}

pub fn days(bad: bool) -> impl Strategy<Value = Option<Amount>> {
    or(bad, select(&[None, Some(30)]), Just(Some(-1))).prop_map(|days| days.map(Amount::from))
}

pub fn new_contract() -> BoxedStrategy<NewContract> {
    badness().prop_flat_map(contract_or_bad).boxed()
}

fn contract_or_bad(bad: bool) -> BoxedStrategy<NewContract> {
    let customer = mostly(customers().skip(1).take(3), customers());
    let filter = option::weighted(0.3, filter(bad));
    let said = (key(bad), days(bad), filter, option::of(Just("contract".to_owned())));
    (customer, card_choice(bad), hour(bad), end(bad), said, new_parts(bad), own_values(bad))
        .prop_map(move |(customer, card, start, end, (key, days, mut filter, name), parts, values)| {
            let (mut start, mut end) = (start, end);
            if !bad {
                // What is out of order is put in order.
                end = end.filter(|end| *end != start);
                if let Some(before) = end.filter(|end| *end < start) {
                    (start, end) = (before, Some(start));
                }
                filter.iter_mut().for_each(|filter| filter.starting_at = start);
            }
            let new = NewContract::new(customer, start);
            NewContract { card, end, name, key, days, filter, parts, values, ..new }
        })
        .boxed()
}

/// What happens to contracts, and to the commits and credits of customers.
pub fn of_contracts() -> BoxedStrategy<Op> {
    let trueup = option::of(select(&[TrueupBehavior::AsIs, TrueupBehavior::Remove]));
    let plan = prop_oneof![
        12 => edit_plan().prop_map(|plan| Plan::Edit(plan.into())),
        3 => badness().prop_flat_map(end).prop_map(Plan::SetEnd),
        4 => badness().prop_flat_map(filter).prop_map(Plan::SetFilter),
        4 => (0..12_usize).prop_map(Plan::Instance),
        4 => super::balances::new_balance().prop_map(|new| Plan::ForContract(new.into())),
        3 => (new_contract(), trueup).prop_map(|(new, trueup)| Plan::Renew(new.into(), trueup)),
    ];
    prop_oneof![
        3 => new_contract().prop_map(|new| Op::CreateContract(new.into())),
        9 => (0..10_usize, plan).prop_map(|(nth, plan)| Op::Plan(nth, plan)),
    ]
    .boxed()
}

/// The contracts that programs begin with: one with two commits and a charge, the second commit and the charge on an
/// invoice that is final and on one to come, and one with a filter and no parts.
pub fn first_contracts() -> [NewContract; 2] {
    let [start, second, to_come, ..] = moments();
    let card = cards().next().map(CardChoice::Id);
    let commit = CreateCommit::prepaid(
        BalanceTerms::new(super::products::products().nth(5).unwrap()),
        [CreateAccessItem { amount: 10.into(), starting_at: start, ending_before: second }].into(),
    );
    let plain = NewContract { card, ..NewContract::new(customers().nth(1).unwrap(), start) };
    let filter = Some(UsageFilter::new(PROPERTIES[0], ["EU"], start));
    let dates =
        [start, to_come].map(|timestamp| CreateInvoiceItem { timestamp, price: Amount::from(10).into() });
    let charged = CreateCommit { invoice_schedule: Some(dates.into()), ..commit.clone() };
    let charge = CreateScheduledCharge::new(commit.terms.product_id, dates.into());
    let parts = NewParts {
        commits: vec![(commit, Vec::new()), (charged, Vec::new())],
        charges: vec![(charge, Vec::new())],
        ..NewParts::default()
    };
    [NewContract { parts, ..plain.clone() }, NewContract { filter, ..plain }]
}

/// The fault of an end of what starts there.
pub fn wrong_end(field: &str, start: Time, end: Option<Time>) -> Option<Fault> {
    let end = end.filter(|end| *end <= start || !end.is_on_the_hour())?;
    Some(at(field, not_a_value(&end)))
}

pub fn wrong_days(field: &str, days: Option<Amount>) -> Option<Fault> {
    let days = days.filter(|days| *days < Amount::ZERO)?;
    Some(at(field, not_a_value(&days)))
}

impl Model {
    pub fn contract(&self, id: ContractId) -> Refusal<(&Held, &Contracted)> {
        self.made(id.into(), |held| held.contract.as_deref())
    }

    /// The contracts that were made here.
    pub fn contracts(&self) -> impl Iterator<Item = (ContractId, &Contracted)> {
        let made = self.instances.iter().filter(|(target, _)| target.entity == ManagedEntity::Contract);
        made.filter_map(|(target, held)| Some((target.id.into(), held.contract.as_deref()?)))
    }

    /// The operation that a plan comes to now.
    pub fn resolved(&self, op: &Op) -> Op {
        let (nth, plan) = match op {
            Op::Plan(nth, plan) => (nth, plan),
            Op::OfPackage(nth, plan) => return self.resolved_of_package(*nth, plan),
            other => return other.clone(),
        };
        let known: Vec<_> = self.contracts().map(|(id, _)| id).collect();
        // Now and then one that there is not, or that is not a contract yet.
        let id = known.get(nth % known.len().max(1)).copied().filter(|_| *nth < 9);
        let id = id.unwrap_or_else(|| ContractId::from(super::program::ids_of(0..0).next().unwrap()));
        match plan {
            Plan::Edit(plan) => {
                let parts = self.contract(id).map(|(_, made)| made.state.parts.clone()).unwrap_or_default();
                Op::EditContract(id, Box::new(plan.of(&parts)))
            }
            Plan::SetEnd(end) => Op::SetEnd(id, *end),
            Plan::SetFilter(filter) => Op::SetFilter(id, filter.clone()),
            Plan::Instance(which) => self.some_instance(id, *which),
            Plan::ForContract(new) => Op::CreateBalance(Box::new(super::balances::NewBalance {
                customer: self.contract(id).map_or(new.customer, |(_, made)| made.customer),
                contracts: [id].into(),
                invoice_on: new.invoice_on.map(|_| id),
                ..(**new).clone()
            })),
            Plan::Renew(new, trueup) => {
                let old = self.contract(id).ok().map(|(_, made)| made);
                Op::CreateContract(Box::new(NewContract {
                    // The customer's own contract, mostly.
                    customer: old
                        .filter(|_| new.name.is_none() || new.key.is_none())
                        .map_or(new.customer, |old| old.customer),
                    start: old
                        .filter(|_| new.key.is_none())
                        .map_or(new.start, |old| new.start.max(moments()[1]).max(old.start)),
                    renewal: Some(Renewal { from_contract_id: id, trueup: *trueup }),
                    ..(**new).clone()
                }))
            }
        }
    }

    /// Archiving, forgetting or setting values of a contract or of an instance that is a part of it.
    fn some_instance(&self, id: ContractId, which: usize) -> Op {
        let parts: Vec<_> =
            self.contract(id).map(|(_, made)| made.state.parts.instances().collect()).unwrap_or_default();
        let own = parts.get(which / 4).copied().filter(|_| which % 4 != 3).unwrap_or(id.into());
        match which % 4 {
            0 | 3 => Op::Archive(own),
            1 => Op::Forget(own),
            _ => Op::Set(own, vec![(super::program::KEYS[0].to_owned(), "a".to_owned())]),
        }
    }

    /// The card of a contract; an error where it cannot be told.
    pub fn card_of(
        &self,
        choice: Option<&CardChoice>,
        start: Time,
        faults: &mut Vec<Fault>,
    ) -> Result<Option<RateCardId>, ()> {
        let Some(choice) = choice else { return Ok(None) };
        let (field, id) = match choice {
            CardChoice::Id(id) => ("rate_card_id", *id),
            CardChoice::Alias(name) => match self.card_by_alias(name, start) {
                Some(id) => ("rate_card_alias", id),
                None => {
                    let (field, name) = ("rate_card_alias".to_owned(), name.clone());
                    faults.push(Fault::NameNotFound { field, name });
                    return Err(());
                }
            },
        };
        let wrong = self.wrong_reference(field, id.into());
        let found = if wrong.is_some() { Err(()) } else { Ok(Some(id)) };
        faults.extend(wrong);
        found
    }

    /// The faults of a usage filter, for a contract of that time with that card.
    pub fn wrong_filter(
        &self,
        front: &str,
        filter: &UsageFilter,
        (start, end): (Time, Option<Time>),
        card: Option<RateCardId>,
    ) -> Vec<Fault> {
        let empty = FieldProblem::Empty { rule: "" };
        let mut faults = Vec::new();
        faults.extend(filter.group_key.is_empty().then(|| at(format!("{front}group_key"), empty.clone())));
        faults.extend(filter.group_values.is_empty().then(|| at(format!("{front}group_values"), empty)));
        let from = filter.starting_at;
        let outside = from < start || end.is_some_and(|end| end <= from);
        faults.extend(outside.then(|| at(format!("{front}starting_at"), not_a_value(&from))));
        let card = card.and_then(|card| self.card(card).ok()).map(|(_, card)| card.rates.keys());
        let products: BTreeSet<_> = card.into_iter().flatten().map(|((product, ..), _)| *product).collect();
        let known = products.into_iter().all(|product| self.is_grouped_by(product, &filter.group_key));
        faults.extend((!known).then(|| at(format!("{front}group_key"), not_a_value(&filter.group_key))));
        faults
    }

    /// Whether usage of a product can be told apart by a property; what is not known of it could be.
    fn is_grouped_by(&self, product: ContractProductId, name: &str) -> bool {
        let Ok((_, product)) = self.product(product) else { return true };
        let product = product.at(self.now());
        let metric = product.billable_metric_id.filter(|_| product.product_type == ProductType::Usage);
        let Some(Ok((_, metric))) = metric.map(|id| self.metric(id)) else { return true };
        let own = [product.pricing_group_key, product.presentation_group_key].concat();
        let holds = |key: &Vec<String>| {
            key.iter().any(|part| part == name) && own.iter().all(|wanted| key.contains(wanted))
        };
        metric.sql.is_some() || metric.group_keys.iter().any(holds)
    }

    /// The fault of a uniqueness key, with whoever it was used for.
    pub fn wrong_key(&self, key: Option<&String>, holder: Option<uuid::Uuid>) -> Vec<Fault> {
        let Some(key) = key else { return Vec::new() };
        let empty = key.is_empty().then(|| at("uniqueness_key", FieldProblem::Empty { rule: "" }));
        let used = holder.map(|conflicting_id| Fault::UniquenessKeyUsed { key: key.clone(), conflicting_id });
        empty.into_iter().chain(used).collect()
    }

    pub fn contract_by_key(&self, key: &str) -> Option<ContractId> {
        self.contracts().find(|(_, made)| made.key.as_deref() == Some(key)).map(|(id, _)| id)
    }

    pub fn create_contract(&mut self, new: &NewContract) -> Refusal<Answer> {
        let target = self.fresh(ManagedEntity::Contract);
        let id = ContractId::from(target.id);
        let mut faults = Vec::new();
        let new = &self.filled_in(new, &mut faults);
        faults.extend((!new.start.is_on_the_hour()).then(|| at("starting_at", not_a_value(&new.start))));
        faults.extend(wrong_end("ending_before", new.start, new.end));
        faults.extend(wrong_days("net_payment_terms_days", new.days));
        faults.extend(self.wrong_reference("customer_id", new.customer.into()));
        let holder = new.key.as_deref().and_then(|key| self.contract_by_key(key));
        faults.extend(self.wrong_key(new.key.as_ref(), holder.map(Into::into)));
        let found = self.card_of(new.card.as_ref(), new.start, &mut faults);
        let (card_known, card) = (found.is_ok(), found.unwrap_or_default());
        if let Some(filter) = &new.filter {
            faults.extend(self.wrong_filter("usage_filter.", filter, (new.start, new.end), card));
        }
        let (customer, start, end) = (new.customer, new.start, new.end);
        let site = Site { customer, card, card_known, start, end, prefix: "" };
        let (mut parts, mut values) = self.additions(&site, &new.parts, &mut faults);
        let renewed = new
            .renewal
            .and_then(|renewal| self.renewal(&site, renewal, &mut parts, &mut values, &mut faults));
        let values: Vec<_> = [(target, new.values.clone())].into_iter().chain(values).collect();
        let (edits, wrong_values) = self.values_of_all_new(&values);
        faults.extend(wrong_values);
        if !faults.is_empty() {
            return Err(faults);
        }
        let made_at = self.now();
        let terms = Terms { name: new.name.clone(), end, days: new.days, ..Terms::default() };
        let filters = new.filter.iter().map(|filter| (filter.starting_at, filter.clone())).collect();
        let state = State { terms, filters, parts };
        self.adopt(target);
        self.make_parts(id, &values);
        self.apply(&edits);
        let made = Contracted {
            customer,
            key: new.key.clone(),
            package: new.package,
            card,
            start,
            renewal_of: new.renewal.map(|renewal| renewal.from_contract_id),
            made_at,
            past: vec![(made_at, state.clone())],
            state,
            edits: Vec::new(),
        };
        self.touch(target, |held| held.contract = Some(made.into()));
        if let Some(mut draft) = renewed {
            draft.state.terms.renewed_by = Some(id);
            self.finish(draft, Vec::new());
        }
        Ok(Answer::Made(target))
    }

    /// Makes the instances that are parts of a contract.
    pub fn make_parts(&mut self, contract: ContractId, values: &[(EntityRef, Pairs)]) {
        for (target, _) in values.iter().filter(|(target, _)| target.entity != ManagedEntity::Contract) {
            self.adopt(*target);
            self.instances.get_mut(target).unwrap().part_of = Some(contract);
        }
    }
}
