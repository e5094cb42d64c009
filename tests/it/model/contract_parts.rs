//! The parts of contracts: what is wrong with those that a program asks for, and what is made of them.

use std::collections::{BTreeMap, HashMap};

use billfold::FieldProblem;
use billfold::prelude::*;

use super::operation::{MISSING, NOT_ALLOWED, Pairs, at, not_a_value};
use super::part_requests::{AMOUNTS, MONTH_ENDS, midnight};
use super::state::{Model, counted};

const EMPTY: FieldProblem = FieldProblem::Empty { rule: "" };

/// Parts that a call is to add, each with its values.
#[derive(Debug, Clone, Default)]
pub struct NewParts {
    pub commits: Vec<(CreateCommit, Pairs)>,
    pub credits: Vec<(CreateCredit, Pairs)>,
    pub charges: Vec<(CreateScheduledCharge, Pairs)>,
    pub overrides: Vec<OverrideTerms>,
    pub subscriptions: Vec<(CreateSubscription, Pairs)>,
}

/// A segment of an access schedule, and a charge on a date.
pub type Segment = (ScheduleItemId, CreateAccessItem);
pub type Charge = (ScheduleItemId, Time, Price);

/// A commit or credit of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    pub terms: BalanceTerms,
    pub commit_type: Option<CommitType>,
    pub access: Vec<Segment>,
    pub invoice: Option<Vec<Charge>>,
    pub rolled_over_from: Option<(EntityRef, ContractId)>,
    pub made_at: Time,
    pub archived_at: Option<Time>,
}

/// A scheduled charge of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charged {
    pub product: ContractProductId,
    pub name: Option<String>,
    pub dates: Vec<Charge>,
    pub made_at: Time,
    pub archived_at: Option<Time>,
}

/// The parts of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    pub commits: BTreeMap<CommitId, Drawn>,
    pub credits: BTreeMap<ContractCreditId, Drawn>,
    pub charges: BTreeMap<ScheduledChargeId, Charged>,
    pub overrides: BTreeMap<OverrideId, (OverrideTerms, Time)>,
    /// With its start, its quantity and when it was made.
    pub subscriptions: BTreeMap<SubscriptionId, (SubscriptionTerms, Time, Amount, Time)>,
}

impl Parts {
    /// Those that are instances of an entity.
    pub fn instances(&self) -> impl Iterator<Item = EntityRef> {
        let commits = self.commits.keys().map(|id| EntityRef::from(*id));
        let credits = self.credits.keys().map(|id| EntityRef::from(*id));
        let charges = self.charges.keys().map(|id| EntityRef::from(*id));
        let subscriptions = self.subscriptions.keys().map(|id| EntityRef::from(*id));
        commits.chain(credits).chain(charges).chain(subscriptions)
    }

    pub fn extend(&mut self, more: Self) {
        self.commits.extend(more.commits);
        self.credits.extend(more.credits);
        self.charges.extend(more.charges);
        self.overrides.extend(more.overrides);
        self.subscriptions.extend(more.subscriptions);
    }

    /// Nothing of the parts is left behind an end.
    pub fn end(&mut self, end: Time, trueup_stays: bool) {
        self.end_balances(end, trueup_stays);
        for charge in self.charges.values_mut().filter(|charge| charge.archived_at.is_none()) {
            charge.dates.retain(|(_, at, _)| *at <= end);
        }
        for (terms, _) in self.overrides.values_mut() {
            terms.ending_before = terms.ending_before.map(|own| own.min(end));
        }
    }

    /// Leaves nothing of the commits and credits behind a moment.
    pub fn end_balances(&mut self, end: Time, trueup_stays: bool) {
        for drawn in self.commits.values_mut().chain(self.credits.values_mut()) {
            if drawn.archived_at.is_none() {
                drawn.access.retain(|(_, item)| item.starting_at < end);
                for (_, item) in &mut drawn.access {
                    item.ending_before = item.ending_before.min(end);
                }
                let stays = trueup_stays && drawn.commit_type == Some(CommitType::Postpaid);
                let dates = drawn.invoice.iter_mut().filter(|_| !stays);
                dates.for_each(|dates| dates.retain(|(_, at, _)| *at <= end));
            }
        }
    }
}

pub fn wrong_terms(front: &str, terms: &BalanceTerms) -> Vec<Fault> {
    let name = (terms.name.as_deref() == Some("")).then(|| at(format!("{front}name"), EMPTY));
    let much = terms.rollover_fraction.filter(|fraction| *fraction > 1.into());
    let much = much.map(|much| at(format!("{front}rollover_fraction"), not_a_value(&much)));
    name.into_iter().chain(much).collect()
}

pub fn wrong_segment(front: &str, item: &CreateAccessItem) -> Vec<Fault> {
    let CreateAccessItem { amount, starting_at, ending_before } = *item;
    let mut faults = Vec::new();
    let mut refuse = |field: &str, value: &dyn ToString| {
        faults.push(at(format!("{front}{field}"), not_a_value(&value.to_string())));
    };
    if amount < Amount::ZERO {
        refuse("amount", &amount);
    }
    if !starting_at.is_on_the_hour() {
        refuse("starting_at", &starting_at);
    }
    if !ending_before.is_on_the_hour() {
        refuse("ending_before", &ending_before);
    }
    if ending_before <= starting_at {
        refuse("ending_before", &ending_before);
    }
    faults
}

fn wrong_access(front: &str, schedule: &CreateAccessSchedule) -> Vec<Fault> {
    let field = format!("{front}access_schedule.schedule_items");
    if schedule.schedule_items.is_empty() {
        return vec![at(field, EMPTY)];
    }
    let items = schedule.schedule_items.iter().enumerate();
    items.flat_map(|(place, item)| wrong_segment(&format!("{field}[{place}]."), item)).collect()
}

fn wrong_dates(front: &str, schedule: &CreateInvoiceSchedule, for_commit: bool) -> Vec<Fault> {
    let items = match &schedule.dates {
        ScheduleDates::Recurring(by) => {
            let none = by.ending_before <= by.starting_at;
            let field = format!("{front}recurring_schedule.ending_before");
            return none.then(|| at(field, not_a_value(&by.ending_before))).into_iter().collect();
        }
        ScheduleDates::Items(items) if items.is_empty() => {
            return vec![at(format!("{front}schedule_items"), EMPTY)];
        }
        ScheduleDates::Items(items) => items.iter().enumerate(),
    };
    let below = items.filter(|(_, item)| for_commit && item.price.unit_price < Amount::ZERO);
    below
        .map(|(place, item)| {
            at(format!("{front}schedule_items[{place}].unit_price"), not_a_value(&item.price.unit_price))
        })
        .collect()
}

/// The dated items of a schedule.
fn dated(schedule: &CreateInvoiceSchedule) -> Vec<(Time, Price)> {
    match &schedule.dates {
        ScheduleDates::Items(items) => items.iter().map(|item| (item.timestamp, item.price)).collect(),
        ScheduleDates::Recurring(by) => {
            let (_, amounts) = AMOUNTS.iter().find(|(how, _)| *how == by.amount_distribution).unwrap();
            let amounts = amounts.iter().map(|amount| Price::from(amount.parse::<Amount>().unwrap()));
            MONTH_ENDS.into_iter().map(midnight).zip(amounts).collect()
        }
    }
}

/// What is wrong with a POSTPAID commit that has these amounts to draw from, and is charged these.
pub fn wrong_postpaid(front: &str, access: &[Amount], invoice: Option<&[Price]>) -> Vec<Fault> {
    let Some(invoice) = invoice else { return vec![at(format!("{front}invoice_schedule"), MISSING)] };
    let mut faults = Vec::new();
    for (field, items) in [("access", access.len()), ("invoice", invoice.len())] {
        let fault = || at(format!("{front}{field}_schedule.schedule_items"), not_a_value(&items));
        faults.extend((items != 1).then(fault));
    }
    if let ([amount], [price]) = (access, invoice) {
        let charged = price.amount().unwrap();
        let fault = || at(format!("{front}invoice_schedule"), not_a_value(&charged));
        faults.extend((charged != *amount).then(fault));
    }
    faults
}

pub fn wrong_commit(front: &str, commit: &CreateCommit) -> Vec<Fault> {
    let mut faults = wrong_terms(front, &commit.terms);
    let mut in_schedules = wrong_access(front, &commit.access_schedule);
    if let Some(invoice) = &commit.invoice_schedule {
        in_schedules.extend(wrong_dates(&format!("{front}invoice_schedule."), invoice, true));
    }
    if commit.commit_type == CommitType::Postpaid && in_schedules.is_empty() {
        let access: Vec<_> = commit.access_schedule.schedule_items.iter().map(|item| item.amount).collect();
        let invoice = commit.invoice_schedule.as_ref().map(dated);
        let invoice: Option<Vec<_>> =
            invoice.map(|dates| dates.into_iter().map(|(_, price)| price).collect());
        in_schedules = wrong_postpaid(front, &access, invoice.as_deref());
    }
    faults.extend(in_schedules);
    faults
}

pub fn wrong_credit(front: &str, credit: &CreateCredit) -> Vec<Fault> {
    [wrong_terms(front, &credit.terms), wrong_access(front, &credit.access_schedule)].concat()
}

fn wrong_override(front: &str, terms: &OverrideTerms) -> Vec<Fault> {
    let low = terms.multiplier.filter(|multiplier| *multiplier < Amount::ZERO);
    let low = low.map(|low| at(format!("{front}multiplier"), not_a_value(&low)));
    let end = terms.ending_before.filter(|end| *end <= terms.starting_at);
    let end = end.map(|end| at(format!("{front}ending_before"), not_a_value(&end)));
    low.into_iter().chain(end).collect()
}

/// What is wrong with parts whatever they name.
fn wrong_parts(prefix: &str, new: &NewParts, (start, end): (Time, Option<Time>)) -> Vec<Fault> {
    let front = |list: &str, place: usize| format!("{prefix}{list}[{place}].");
    let mut faults = Vec::new();
    for (place, (commit, _)) in new.commits.iter().enumerate() {
        faults.extend(wrong_commit(&front("commits", place), commit));
    }
    for (place, (credit, _)) in new.credits.iter().enumerate() {
        faults.extend(wrong_credit(&front("credits", place), credit));
    }
    for (place, (charge, _)) in new.charges.iter().enumerate() {
        let front = front("scheduled_charges", place);
        faults.extend((charge.name.as_deref() == Some("")).then(|| at(format!("{front}name"), EMPTY)));
        faults.extend(wrong_dates(&format!("{front}schedule."), &charge.schedule, false));
    }
    for (place, terms) in new.overrides.iter().enumerate() {
        faults.extend(wrong_override(&front("overrides", place), terms));
    }
    for (place, (subscription, _)) in new.subscriptions.iter().enumerate() {
        let front = front("subscriptions", place);
        let low = subscription.initial_quantity.filter(|quantity| *quantity < Amount::ZERO);
        faults.extend(low.map(|low| at(format!("{front}initial_quantity"), not_a_value(&low))));
        let never = end.is_some_and(|end| end <= start);
        faults.extend(never.then(|| at(format!("{front}starting_at"), not_a_value(&start))));
    }
    faults
}

/// The contract that parts are added to.
pub struct Site {
    pub customer: CustomerId,
    pub card: Option<RateCardId>,
    /// Whether it is known which card it is, or that there is none.
    pub card_known: bool,
    pub start: Time,
    pub end: Option<Time>,
    pub prefix: &'static str,
}

impl Model {
    pub fn item_id(&mut self) -> ScheduleItemId {
        self.issued += 1;
        ScheduleItemId::new(counted(self.issued))
    }

    /// Segments with ids.
    pub fn segments(&mut self, items: &[CreateAccessItem]) -> Vec<Segment> {
        items.iter().map(|item| (self.item_id(), *item)).collect()
    }

    pub fn drawn(&mut self, commit: &CreateCommit) -> Drawn {
        let access = self.segments(&commit.access_schedule.schedule_items);
        let invoice = commit.invoice_schedule.as_ref().map(|schedule| self.charges(schedule));
        Drawn {
            terms: commit.terms.clone(),
            commit_type: Some(commit.commit_type),
            access,
            invoice,
            rolled_over_from: None,
            made_at: self.now(),
            archived_at: None,
        }
    }

    pub fn drawn_credit(&mut self, credit: &CreateCredit) -> Drawn {
        let as_commit = CreateCommit::prepaid(credit.terms.clone(), credit.access_schedule.clone());
        Drawn { commit_type: None, ..self.drawn(&as_commit) }
    }

    fn charges(&mut self, schedule: &CreateInvoiceSchedule) -> Vec<Charge> {
        dated(schedule).into_iter().map(|(at, price)| (self.item_id(), at, price)).collect()
    }

    /// The fault of a product that has to be of a type.
    pub fn wrong_type(&self, front: &str, id: ContractProductId, needed: ProductType) -> Option<Fault> {
        let field = format!("{front}product_id");
        self.wrong_reference(field.clone(), id.into()).or_else(|| match self.product(id) {
            Ok((_, product)) if product.initial.product_type == needed => None,
            Ok(_) => Some(at(field, not_a_value(&id))),
            Err(nothing) => nothing.into_iter().next(),
        })
    }

    fn is_rated(
        &self,
        card: Option<RateCardId>,
        id: ContractProductId,
        often: Option<BillingFrequency>,
    ) -> bool {
        let rates = card.and_then(|card| self.card(card).ok()).map(|(_, card)| &card.rates);
        let mut keys = rates.into_iter().flat_map(BTreeMap::keys);
        keys.any(|((product, _, frequency), _)| *product == id && (often.is_none() || *frequency == often))
    }

    fn wrong_products(&self, site: &Site, new: &NewParts) -> Vec<Fault> {
        use ProductType::{Fixed, Subscription};
        let front = |list: &str, place: usize| format!("{}{list}[{place}].", site.prefix);
        let mut faults = Vec::new();
        for (place, (commit, _)) in new.commits.iter().enumerate() {
            faults.extend(self.wrong_type(&front("commits", place), commit.terms.product_id, Fixed));
        }
        for (place, (credit, _)) in new.credits.iter().enumerate() {
            faults.extend(self.wrong_type(&front("credits", place), credit.terms.product_id, Fixed));
        }
        for (place, (charge, _)) in new.charges.iter().enumerate() {
            faults.extend(self.wrong_type(&front("scheduled_charges", place), charge.product_id, Fixed));
        }
        for (place, (subscription, _)) in new.subscriptions.iter().enumerate() {
            let front = format!("{}subscription_rate.", front("subscriptions", place));
            let terms = &subscription.terms;
            let rated =
                !site.card_known || self.is_rated(site.card, terms.product_id, Some(terms.billing_frequency));
            let unrated = || at(format!("{front}product_id"), not_a_value(&terms.product_id));
            let wrong = self.wrong_type(&front, terms.product_id, Subscription);
            faults.extend(wrong.or_else(|| (!rated).then(unrated)));
        }
        for (place, terms) in new.overrides.iter().enumerate() {
            let front = front("overrides", place);
            if site.card_known && site.card.is_none() {
                faults.push(at(front.trim_end_matches('.'), NOT_ALLOWED));
            } else if let Some(product) = terms.product_id {
                let field = format!("{front}product_id");
                if !self.instances.contains_key(&product.into()) {
                    faults.push(Fault::ReferenceNotFound { field, target: product.into() });
                } else if site.card_known && !self.is_rated(site.card, product, None) {
                    faults.push(at(field, not_a_value(&product)));
                }
            }
        }
        faults
    }

    /// Parts with ids, and the values of those that are instances. Nothing is made of parts that are wrong in
    /// themselves, but the values of all are looked at.
    pub fn additions(
        &mut self,
        site: &Site,
        new: &NewParts,
        faults: &mut Vec<Fault>,
    ) -> (Parts, Vec<(EntityRef, Pairs)>) {
        let own = wrong_parts(site.prefix, new, (site.start, site.end));
        let sound = own.is_empty();
        faults.extend(own);
        faults.extend(self.wrong_products(site, new));
        let named = self.named(site, new, faults);
        let overrides = new.overrides.iter().enumerate();
        let overrides: Vec<_> =
            overrides.filter_map(|(place, terms)| with_ids(site, place, terms, &named, faults)).collect();
        if !sound {
            return (Parts::default(), self.values_alone(new));
        }
        let (mut parts, values) = self.instances(site, new, &named);
        for terms in overrides {
            self.issued += 1;
            parts.overrides.insert(OverrideId::new(counted(self.issued)), (terms, self.now()));
        }
        (parts, values)
    }

    /// The ids of the commits that have names in the call.
    fn named(&mut self, site: &Site, new: &NewParts, faults: &mut Vec<Fault>) -> HashMap<String, CommitId> {
        let mut named = HashMap::new();
        for (place, (commit, _)) in new.commits.iter().enumerate() {
            let Some(name) = commit.temporary_id.clone() else { continue };
            if named.contains_key(&name) {
                let field = format!("{}commits[{place}].temporary_id", site.prefix);
                faults.push(at(field, FieldProblem::Repeated { item: name }));
                continue;
            }
            named.insert(name, CommitId::from(self.fresh(ManagedEntity::Commit).id));
        }
        named
    }

    /// The values of parts of which nothing is made, with ids that nothing will have.
    fn values_alone(&mut self, new: &NewParts) -> Vec<(EntityRef, Pairs)> {
        let commits = new.commits.iter().map(|(_, own)| (ManagedEntity::Commit, own));
        let credits = new.credits.iter().map(|(_, own)| (ManagedEntity::ContractCredit, own));
        let charges = new.charges.iter().map(|(_, own)| (ManagedEntity::ScheduledCharge, own));
        let subscriptions = new.subscriptions.iter().map(|(_, own)| (ManagedEntity::Subscription, own));
        let all = commits.chain(credits).chain(charges).chain(subscriptions);
        all.map(|(entity, own)| (self.fresh(entity), own.clone())).collect()
    }

    fn instances(
        &mut self,
        site: &Site,
        new: &NewParts,
        named: &HashMap<String, CommitId>,
    ) -> (Parts, Vec<(EntityRef, Pairs)>) {
        let (mut parts, mut values) = (Parts::default(), Vec::new());
        for (commit, own) in &new.commits {
            let known = commit.temporary_id.as_ref().and_then(|name| named.get(name)).copied();
            let id = known.unwrap_or_else(|| CommitId::from(self.fresh(ManagedEntity::Commit).id));
            parts.commits.insert(id, self.drawn(commit));
            values.push((id.into(), own.clone()));
        }
        for (credit, own) in &new.credits {
            let id = ContractCreditId::from(self.fresh(ManagedEntity::ContractCredit).id);
            parts.credits.insert(id, self.drawn_credit(credit));
            values.push((id.into(), own.clone()));
        }
        for (charge, own) in &new.charges {
            let id = ScheduledChargeId::from(self.fresh(ManagedEntity::ScheduledCharge).id);
            let dates = self.charges(&charge.schedule);
            let (product, name, made_at) = (charge.product_id, charge.name.clone(), self.now());
            parts.charges.insert(id, Charged { product, name, dates, made_at, archived_at: None });
            values.push((id.into(), own.clone()));
        }
        for (asked, own) in &new.subscriptions {
            let id = SubscriptionId::from(self.fresh(ManagedEntity::Subscription).id);
            let quantity = asked.initial_quantity.unwrap();
            parts.subscriptions.insert(id, (asked.terms.clone(), site.start, quantity, self.now()));
            values.push((id.into(), own.clone()));
        }
        (parts, values)
    }
}

/// An override with ids in place of the names that the call gives commits; none where there is no such name.
fn with_ids(
    site: &Site,
    place: usize,
    terms: &OverrideTerms,
    named: &HashMap<String, CommitId>,
    faults: &mut Vec<Fault>,
) -> Option<OverrideTerms> {
    let mut terms = terms.clone();
    for text in terms.override_specifiers.iter_mut().flat_map(|specifier| &mut specifier.commit_ids) {
        let Some(id) = named.get(text.as_str()) else {
            let field = "override_specifiers[0].commit_ids[0]";
            let field = format!("{}overrides[{place}].{field}", site.prefix);
            faults.push(at(field, not_a_value(&text)));
            return None;
        };
        *text = id.to_string();
    }
    Some(terms)
}
