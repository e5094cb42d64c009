//! Rates of a card: adding them, and reading which are in force.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use super::find::cut;
use super::rate_series::{self, Keyed};
use super::{past_values, rate_cards};
use crate::entity::{ContractProductId, EntityId, EntityRef, ManagedEntity, RateCardId};
use crate::error::{Error, Fault, FieldProblem, Result};
use crate::id::CreditTypeId;
use crate::model::alias::check_end;
use crate::model::change::Collection;
use crate::model::credit_type::CreditType;
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::model::product::ProductRecord;
use crate::model::rate::{
    AddRate, BillingFrequency, MAX_RATE_SELECTORS, RateRecord, RateSegment, RateSelector,
};
use crate::model::rate_card::RateCardRecord;
use crate::model::scalar::Time;
use crate::rules::rate::{Window, effective_end, product_faults, rate_faults, selects_product, selects_rate};
use crate::storage::catalog::Catalog;
use crate::storage::collection;
use crate::storage::member::Member;
use crate::storage::rows;
use crate::storage::view::Reader;

/// Adds one rate.
pub fn add(member: &Member<'_>, card: RateCardId, rate: AddRate) -> Result<()> {
    add_at(member, card, vec![rate], |_| String::new())
}

/// Adds rates, all of them or none.
pub fn add_all(member: &Member<'_>, card: RateCardId, rates: Vec<AddRate>) -> Result<()> {
    add_at(member, card, rates, |place| format!("rates[{place}]."))
}

fn add_at(
    member: &Member<'_>,
    card: RateCardId,
    rates: Vec<AddRate>,
    at: impl Fn(usize) -> String,
) -> Result<()> {
    let mut faults = Vec::new();
    let found = Fault::gather(rate_cards::known(member, card), &mut faults)?;
    if found.as_ref().is_some_and(|(row, _)| row.archived_at.is_some()) {
        let field = "rate_card_id".to_owned();
        faults.push(Fault::ReferenceArchived { field, target: card.into() });
    }
    let record = found.as_ref().map(|(_, record)| record);
    let now = member.now();
    let mut products = Products::new(member, card.uuid(), now);
    let mut seen = HashSet::new();
    let mut puts = Vec::with_capacity(rates.len());
    for (place, rate) in rates.into_iter().enumerate() {
        let at = at(place);
        faults.extend(rate_faults(&at, &rate));
        faults.extend(products.faults(&at, record, &rate)?);
        let put = Keyed::new(rate, now);
        if !seen.insert(put.key.clone()) {
            let item = "a rate for this product, groups, frequency and start".to_owned();
            faults.push(FieldProblem::Repeated { item }.at(at.trim_end_matches('.')));
        }
        puts.push(put);
    }
    match found {
        Some((mut row, _)) if faults.is_empty() => rate_series::put(member, card.uuid(), &mut row, puts),
        _ => Err(Error::Refused(faults)),
    }
}

/// What is known of the products of a call's rates, read once each.
pub(super) struct Products<'r, R> {
    reader: &'r R,
    card: Uuid,
    now: Time,
    known: HashMap<Uuid, Known>,
}

struct Known {
    /// Whether it is archived; `None` where there is no such product.
    archived: Option<bool>,
    record: Option<ProductRecord>,
    /// What the product's rates on the card are in: looked for when a rate comes that has to be in the same.
    unit: Option<CreditTypeId>,
}

impl<'r, R: Reader> Products<'r, R> {
    pub(super) fn new(reader: &'r R, card: Uuid, now: Time) -> Self {
        Self { reader, card, now, known: HashMap::new() }
    }

    /// What is wrong with a rate for its product, on that card where there is one.
    pub(super) fn faults(
        &mut self,
        at: &str,
        card: Option<&RateCardRecord>,
        rate: &AddRate,
    ) -> Result<Vec<Fault>> {
        let known = match self.known.entry(rate.product_id.uuid()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(look_up(self.reader, rate.product_id)?),
        };
        let mut faults: Vec<_> = known.fault(at, rate.product_id.into()).into_iter().collect();
        if let Some(product) = &known.record {
            faults.extend(product_faults(at, rate, product, self.now));
        }
        let (Some(unit), Some(card)) = (rate.unit(), card) else { return Ok(faults) };
        if known.unit.is_none() {
            known.unit = unit_of(self.reader, self.card, rate.product_id.uuid())?;
        }
        let wrong = if !card.prices_in(unit) {
            Some("the rate card is in another credit type, and does not convert this one")
        } else if *known.unit.get_or_insert(unit) != unit {
            Some("the product's rates on this card are in another credit type, which cannot change")
        } else {
            None
        };
        faults.extend(wrong.map(|rule| {
            FieldProblem::Value { value: unit.to_string(), rule }.at(format!("{at}credit_type_id"))
        }));
        Ok(faults)
    }
}

impl Known {
    /// The fault of a product that no rate can be added for.
    fn fault(&self, at: &str, target: EntityRef) -> Option<Fault> {
        let field = format!("{at}product_id");
        match self.archived {
            None => Some(Fault::ReferenceNotFound { field, target }),
            Some(true) => Some(Fault::ReferenceArchived { field, target }),
            Some(false) => self.record.is_none().then_some(Fault::NothingButAnId { target }),
        }
    }
}

fn look_up(reader: &impl Reader, id: ContractProductId) -> Result<Known> {
    Ok(Known {
        archived: rows::fields(reader, id.into())?.map(|row| row.archived_at.is_some()),
        record: rows::record(reader, id.uuid())?,
        unit: None,
    })
}

/// What a product's rates on a card are in. The first rate says so, unless it is a share.
fn unit_of(reader: &impl Reader, card: Uuid, product: Uuid) -> Result<Option<CreditTypeId>> {
    let mut unit = None;
    collection::scan(reader, card, product.as_bytes(), Bound::Unbounded, |_, rate: RateRecord| {
        unit = rate.credit_type.filter(|_| !rate.rate.rate_type.is_a_share());
        Ok(if unit.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(unit)
}

/// A page of the rates that are in force at a moment.
pub fn at(
    reader: &impl Reader,
    card: RateCardId,
    moment: Time,
    selectors: &[RateSelector],
    page: &PageRequest,
) -> Result<Page<RateSegment>> {
    segments(reader, card, Window::at(moment), Vec::new(), selectors, page)
}

/// A page of the rates that are in force at some moment from `from` on, and before `to`.
pub fn schedule(
    reader: &impl Reader,
    card: RateCardId,
    from: Time,
    to: Option<Time>,
    selectors: &[RateSelector],
    page: &PageRequest,
) -> Result<Page<RateSegment>> {
    let end = check_end(Some(from), to).map(|problem| problem.at("ending_before"));
    let to = to.map_or(Bound::Unbounded, Bound::Excluded);
    segments(reader, card, Window { from, to }, end.into_iter().collect(), selectors, page)
}

/// The rate of exactly these pricing group values and this billing frequency that is in force at a moment, as far as
/// had been recorded before `as_of`, or is known now. Reads no other series.
pub fn one(
    reader: &impl Reader,
    card: RateCardId,
    product: ContractProductId,
    groups: &BTreeMap<String, String>,
    frequency: Option<BillingFrequency>,
    moment: Time,
    as_of: Option<Time>,
) -> Result<Option<RateSegment>> {
    let series = rate_series::of(product, groups, frequency);
    let (last, next) = rate_series::around(reader, card.uuid(), &series, moment, as_of)?;
    let Some(rate) = last else { return Ok(None) };
    let end = effective_end(rate.ending_before, next);
    let in_force = Window::at(moment).overlaps(rate.starting_at, end);
    let facts = facts(reader, product.uuid(), moment, as_of)?;
    Ok(in_force.then(|| segment(product.uuid(), &facts, rate, end)))
}

/// Rates that are in force at a moment, with their keys: those behind the key `after`, and up to one more than
/// fits on a page.
pub fn some_at(
    reader: &impl Reader,
    card: RateCardId,
    moment: Time,
    selectors: &[RateSelector],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<(Vec<u8>, RateSegment)>> {
    let window = Window::at(moment);
    let mut walk = Walk { reader, card: card.uuid(), window, selectors, limit: limit + 1, found: Vec::new() };
    walk.products(after)?;
    Ok(walk.found)
}

/// The fault of a question with too many selectors.
pub fn selectors_fault(selectors: &[RateSelector]) -> Option<Fault> {
    let (items, most) = (selectors.len(), MAX_RATE_SELECTORS);
    (items > most).then(|| FieldProblem::TooMany { items, most }.at("selectors"))
}

/// A page of rates in order of (product, pricing group values, billing frequency, start), unless there are faults.
fn segments(
    reader: &impl Reader,
    card: RateCardId,
    window: Window,
    mut faults: Vec<Fault>,
    selectors: &[RateSelector],
    page: &PageRequest,
) -> Result<Page<RateSegment>> {
    faults.extend(selectors_fault(selectors));
    Fault::gather(rate_cards::known(reader, card), &mut faults)?;
    let question = question(card, window, selectors);
    let store = reader.with_catalog(Catalog::store);
    let after = Fault::gather(page.resume(store, &question), &mut faults)?.flatten();
    Fault::none_of(faults)?;
    let mut walk =
        Walk { reader, card: card.uuid(), window, selectors, limit: page.limit + 1, found: Vec::new() };
    walk.products(after)?;
    let page = cut(walk.found, page.limit, |(key, _)| Cursor::new(store, question, key));
    Ok(page.map(|(_, segment)| segment))
}

fn question(card: RateCardId, window: Window, selectors: &[RateSelector]) -> Question {
    let mut conditions = vec![format!("card {card}"), format!("time {window:?}")];
    conditions.extend(selectors.iter().map(|selector| format!("{selector:?}")));
    Question::filtered("rates", &conditions)
}

/// What a product is, for the rows of its rates.
struct Facts {
    name: String,
    tags: Vec<String>,
    custom_fields: BTreeMap<String, String>,
}

/// A way through a card's rates, product by product: one that no selector lets through is stepped over without
/// reading its rates.
struct Walk<'w, R> {
    reader: &'w R,
    card: Uuid,
    window: Window,
    selectors: &'w [RateSelector],
    limit: usize,
    /// With the keys of their rates.
    found: Vec<(Vec<u8>, RateSegment)>,
}

impl<R: Reader> Walk<'_, R> {
    fn products(&mut self, after: Option<&[u8]>) -> Result<()> {
        let named = self.named_products();
        let first = after.and_then(product_in).unwrap_or(Uuid::nil());
        let mut from = Some(first);
        while let Some(lower) = from.filter(|_| self.found.len() < self.limit) {
            let next = match &named {
                Some(named) => named.range(lower..).next().copied(),
                None => self.next_product(lower)?,
            };
            let Some(product) = next else { break };
            self.product(product, after.filter(|after| product_in(after) == Some(product)))?;
            from = product.as_u128().checked_add(1).map(Uuid::from_u128);
        }
        Ok(())
    }

    /// The products that are asked for; `None` where selectors do not say it by their ids.
    fn named_products(&self) -> Option<BTreeSet<Uuid>> {
        let named: Option<BTreeSet<_>> =
            self.selectors.iter().map(|selector| selector.product_id.map(EntityId::uuid)).collect();
        named.filter(|named| !named.is_empty())
    }

    fn next_product(&self, lower: Uuid) -> Result<Option<Uuid>> {
        let from = Bound::Included(lower.as_bytes().as_slice());
        let key = collection::first_key(self.reader, Collection::Rates, self.card, from)?;
        Ok(key.as_deref().and_then(product_in))
    }

    /// Adds a product's rates, those behind the key `after` where there is one.
    fn product(&mut self, product: Uuid, after: Option<&[u8]>) -> Result<()> {
        let facts = facts(self.reader, product, self.window.from, None)?;
        let fits = |selector: &&RateSelector| selects_product(selector, product, &facts.tags);
        let fitting: Vec<_> = self.selectors.iter().filter(fits).collect();
        if fitting.is_empty() && !self.selectors.is_empty() {
            return Ok(());
        }
        let selects = |rate: &RateRecord| {
            fitting.is_empty() || fitting.iter().any(|selector| selects_rate(selector, rate))
        };
        let (window, limit) = (self.window, self.limit);
        let found = &mut self.found;
        let mut add = |(key, rate): (Vec<u8>, RateRecord), next: Option<Time>| {
            let end = effective_end(rate.ending_before, next);
            if window.overlaps(rate.starting_at, end) && selects(&rate) {
                found.push((key, segment(product, &facts, rate, end)));
            }
            found.len() >= limit
        };
        // A rate ends at the latest where the next one of its series starts, so each waits for the one behind it.
        let mut waiting: Option<(Vec<u8>, RateRecord)> = None;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        collection::scan(self.reader, self.card, product.as_bytes(), from, |key, rate: RateRecord| {
            if let Some(before) = waiting.take() {
                let next =
                    (rate_series::of_key(&before.0) == rate_series::of_key(key)).then_some(rate.starting_at);
                if add(before, next) {
                    return Ok(ControlFlow::Break(()));
                }
            }
            waiting = Some((key.to_vec(), rate));
            Ok(ControlFlow::Continue(()))
        })?;
        if let Some(last) = waiting {
            add(last, None);
        }
        Ok(())
    }
}

fn facts(reader: &impl Reader, product: Uuid, moment: Time, as_of: Option<Time>) -> Result<Facts> {
    let target = EntityRef { entity: ManagedEntity::ContractProduct, id: product };
    let custom_fields = past_values::values(reader, target, as_of)?;
    let state = rows::record::<ProductRecord>(reader, product)?;
    let state = state.map(|product| product.state_as_of(moment, as_of));
    let (name, tags) = state.map(|state| (state.name, state.tags)).unwrap_or_default();
    Ok(Facts { name, tags, custom_fields })
}

/// The product that the key of a rate begins with.
fn product_in(key: &[u8]) -> Option<Uuid> {
    key.first_chunk().map(|id| Uuid::from_bytes(*id))
}

fn segment(product: Uuid, facts: &Facts, rate: RateRecord, end: Option<Time>) -> RateSegment {
    RateSegment {
        product_id: ContractProductId::from(product),
        product_name: facts.name.clone(),
        product_tags: facts.tags.clone(),
        product_custom_fields: facts.custom_fields.clone(),
        pricing_group_values: rate.pricing_group_values,
        billing_frequency: rate.billing_frequency,
        starting_at: rate.starting_at,
        ending_before: end,
        entitled: rate.entitled,
        rate: rate.rate,
        credit_type: rate.credit_type.map(CreditType::of),
        commit_rate: rate.commit_rate,
    }
}
