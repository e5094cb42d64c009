//! What follows from contracts: which usage counts on which, and what it costs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use uuid::Uuid;

use super::find::cut;
use super::{contract_read, customers, entities, products, rates};
use crate::entity::{ContractId, CustomerId, EntityId};
use crate::error::{Fault, Result};
use crate::id::OverrideId;
use crate::model::charge::Charge;
use crate::model::contract::{ContractOrigin, ContractPart, PartKind};
use crate::model::contract_rate::{ContractRate, ContractRateSegment, RateQuestion};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::model::price_override::Override;
use crate::model::product::ProductRecord;
use crate::model::rate::RateSelector;
use crate::model::scalar::{Amount, Time};
use crate::model::usage_filter::UsageOf;
use crate::rules::charge::charge as charged;
use crate::rules::contract_rate::{Overrides, Span, rate_at, segment_at};
use crate::rules::override_target::Line;
use crate::rules::quantity::billed_quantity;
use crate::rules::usage_filter::counts;
use crate::storage::catalog::Catalog;
use crate::storage::versions::{self, AsOf};
use crate::storage::view::Reader;
use crate::storage::{contract_window, rows};

/// The contracts that usage of a moment counts on, by their starts.
pub fn for_usage(
    reader: &impl Reader,
    of: &UsageOf,
    moment: Time,
    properties: &BTreeMap<String, String>,
) -> Result<Vec<ContractId>> {
    let customer = match of {
        UsageOf::Customer(id) => entities::known(reader, (*id).into()).map(|_| *id)?,
        UsageOf::Alias(alias) => match customers::find(reader, alias)? {
            Some(id) => id,
            None => return Ok(Vec::new()),
        },
    };
    let mut found = Vec::new();
    for (id, start, end) in in_force(reader, customer, moment)? {
        let filter = match versions::filter_at(reader, id.uuid(), moment)? {
            Some(ContractPart::UsageFilter(filter)) => Some(filter),
            _ => None,
        };
        if counts(start, end, filter.as_ref(), moment, properties) {
            found.push(id);
        }
    }
    Ok(found)
}

/// The contracts of a customer that are in force at a moment, with their start and end.
pub fn in_force(
    reader: &impl Reader,
    customer: CustomerId,
    moment: Time,
) -> Result<Vec<(ContractId, Time, Option<Time>)>> {
    let mut found = Vec::new();
    contract_window::scan(reader, customer.uuid(), None, None, |_, id, window| {
        if moment < window.starting_at {
            return ControlFlow::Break(());
        }
        if !window.archived && window.ending_before.is_none_or(|end| moment < end) {
            found.push((ContractId::from(id), window.starting_at, window.ending_before));
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// What a unit costs on a contract at a moment; `None` where the contract or a rate of its card is not in force.
pub fn rate(
    reader: &impl Reader,
    id: ContractId,
    question: &RateQuestion,
    moment: Time,
) -> Result<Option<ContractRate>> {
    price_as_of(reader, id, question, moment, None)
}

/// As [`rate`], with the rates, updates and values alone that had been recorded before `as_of`. Overrides count as
/// they are: what a change of a contract would change of an invoice is stored before it.
pub fn price_as_of(
    reader: &impl Reader,
    id: ContractId,
    question: &RateQuestion,
    moment: Time,
    as_of: Option<Time>,
) -> Result<Option<ContractRate>> {
    let mut faults = Vec::new();
    let known = Fault::gather(contract_read::known(reader, id), &mut faults)?;
    Fault::gather(entities::known(reader, question.product_id.into()), &mut faults)?;
    Fault::none_of(faults)?;
    let Some((_, origin)) = known else { return Ok(None) };
    price_of_any(reader, id, &origin, question, moment, as_of)
}

/// As [`price_as_of`], of a product that may be forgotten: what was sold of it goes on being charged.
pub fn price_of_any(
    reader: &impl Reader,
    id: ContractId,
    origin: &ContractOrigin,
    question: &RateQuestion,
    moment: Time,
    as_of: Option<Time>,
) -> Result<Option<ContractRate>> {
    let Some(card) = origin.rate_card_id else { return Ok(None) };
    if !holds(reader, id, origin, moment)? {
        return Ok(None);
    }
    let RateQuestion { product_id, pricing_group_values, billing_frequency, .. } = question;
    let (groups, frequency) = (pricing_group_values, *billing_frequency);
    let listed = rates::one(reader, card, *product_id, groups, frequency, moment, as_of)?;
    let Some(listed) = listed else { return Ok(None) };
    let presentation_group_values = &question.presentation_group_values;
    let line = Line { listed: &listed, presentation_group_values, paid_by: question.paid_by };
    let priced = overrides(reader, id)?;
    rate_at(&line, &as_rules_have_them(&priced, origin), moment).map(Some)
}

/// What a measured quantity of a product comes to on a contract at a moment; `None` where no rate of the product is
/// in force, or it is no part of the contract.
pub fn charge(
    reader: &impl Reader,
    id: ContractId,
    question: &RateQuestion,
    raw: Amount,
    moment: Time,
) -> Result<Option<Charge>> {
    charge_as_of(reader, id, question, raw, moment, None)
}

/// As [`charge`], with the rate of [`price_as_of`] and the product as it had been recorded before `as_of`.
pub fn charge_as_of(
    reader: &impl Reader,
    id: ContractId,
    question: &RateQuestion,
    raw: Amount,
    moment: Time,
    as_of: Option<Time>,
) -> Result<Option<Charge>> {
    let rate = price_as_of(reader, id, question, moment, as_of)?;
    let Some(rate) = rate.filter(|rate| rate.entitled) else { return Ok(None) };
    let (_, product) = products::known(reader, question.product_id)?;
    let quantity = billed_quantity(&product.state_as_of(moment, as_of), raw)?;
    charged(rate, quantity).map(Some)
}

/// A page of the rates that are in force on a contract at a moment: of products that are part of it.
pub fn rates(
    reader: &impl Reader,
    id: ContractId,
    moment: Time,
    selectors: &[RateSelector],
    page: &PageRequest,
) -> Result<Page<ContractRateSegment>> {
    let mut faults = Vec::from_iter(rates::selectors_fault(selectors));
    let known = Fault::gather(contract_read::known(reader, id), &mut faults)?;
    let mut conditions = vec![id.to_string(), moment.to_string()];
    conditions.extend(selectors.iter().map(|selector| format!("{selector:?}")));
    let question = Question::filtered("contract_rates", &conditions);
    let store = reader.with_catalog(Catalog::store);
    let after = Fault::gather(page.resume(store, &question), &mut faults)?.flatten();
    Fault::none_of(faults)?;
    let Some((_, origin)) = known else { return Ok(Page { items: Vec::new(), next: None }) };
    let Some(card) = origin.rate_card_id else { return Ok(Page { items: Vec::new(), next: None }) };
    let found = rates::some_at(reader, card, moment, selectors, after, page.limit)?;
    let found = cut(found, page.limit, |(key, _)| Cursor::new(store, question, key));
    let priced = overrides(reader, id)?;
    let overrides = as_rules_have_them(&priced, &origin);
    let end = contract_read::terms(reader, id)?.ending_before;
    let term = Span { from: origin.starting_at, to: end };
    let mut items = Vec::new();
    for (_, listed) in found.items {
        let within = term.and(tagged_as_at(reader, listed.product_id.uuid(), moment)?);
        items.extend(segment_at(card, listed, within, &overrides, moment)?);
    }
    Ok(Page { items, next: found.next })
}

fn holds(reader: &impl Reader, id: ContractId, origin: &ContractOrigin, moment: Time) -> Result<bool> {
    let end = contract_read::terms(reader, id)?.ending_before;
    Ok(origin.starting_at <= moment && end.is_none_or(|end| moment < end))
}

/// The time around a moment in which a product has the same tags.
fn tagged_as_at(reader: &impl Reader, product: Uuid, moment: Time) -> Result<Span> {
    let record: Option<ProductRecord> = rows::record(reader, product)?;
    let updates = record.map(|record| record.updates).unwrap_or_default();
    let starts = || {
        let tagging = updates.iter().filter(|update| update.changes.tags.is_some());
        tagging.map(|update| update.starting_at)
    };
    Ok(Span {
        from: starts().filter(|start| *start <= moment).max().unwrap_or(Time::FIRST),
        to: starts().filter(|start| *start > moment).min(),
    })
}

fn overrides(reader: &impl Reader, id: ContractId) -> Result<Vec<(OverrideId, Box<Override>)>> {
    let parts = versions::parts(reader, id.uuid(), Some(PartKind::Override), AsOf::Now)?;
    let priced = parts.into_iter().filter_map(|(id, part)| match part {
        ContractPart::Override(priced) => Some((OverrideId::from(Uuid::from_bytes(id)), priced)),
        _ => None,
    });
    Ok(priced.collect())
}

/// Ids go up, so that the order of the ids is the order in which overrides were added.
fn as_rules_have_them<'o>(
    priced: &'o [(OverrideId, Box<Override>)],
    origin: &ContractOrigin,
) -> Overrides<'o> {
    Overrides {
        added: priced.iter().map(|(id, priced)| (*id, &**priced)).collect(),
        prioritization: origin.multiplier_override_prioritization,
    }
}
