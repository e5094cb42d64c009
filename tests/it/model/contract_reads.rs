//! What can be read of contracts, against the model: each now and as it was, its edits, all lists, where usage
//! counts and what it costs.

use std::collections::BTreeMap;

use billfold::prelude::*;

use super::compare::same;
use super::contract_edits::Made;
use super::contract_parts::{Charge, Charged, Drawn, Parts};
use super::contracts::{Contracted, State, Terms, UNIQUE};
use super::metrics::PROPERTIES;
use super::operation::Refusal;
use super::products::{moments, products};
use super::program::{customers, ids_of};
use super::state::Model;
use crate::support::every;

pub fn drawn(balance: &Balance) -> Drawn {
    let items = balance.access_schedule.schedule_items.iter().map(|item| {
        let (amount, starting_at, ending_before) = (item.amount, item.starting_at, item.ending_before);
        (item.id, CreateAccessItem { amount, starting_at, ending_before })
    });
    Drawn {
        terms: balance.terms.clone(),
        commit_type: balance.commit_type,
        access: items.collect(),
        invoice: balance.invoice_schedule.as_ref().map(dates),
        rolled_over_from: balance.rolled_over_from,
        made_at: balance.created_at,
        archived_at: balance.archived_at,
    }
}

fn dates(schedule: &InvoiceSchedule) -> Vec<Charge> {
    schedule.schedule_items.iter().map(|item| (item.id, item.timestamp, item.price)).collect()
}

/// Parts of each kind, with the values of those that are instances.
type Listed = (Parts, BTreeMap<EntityRef, BTreeMap<String, String>>);

/// The parts of a contract, or of an edit that brought them.
fn listed(parts: &AddedParts) -> Listed {
    let mut found = Parts::default();
    let mut values = BTreeMap::new();
    for part in &parts.commits {
        found.commits.insert(part.id, drawn(part));
        values.insert(part.id.into(), part.custom_fields.clone());
    }
    for part in &parts.credits {
        found.credits.insert(part.id, drawn(part));
        values.insert(part.id.into(), part.custom_fields.clone());
    }
    for part in &parts.scheduled_charges {
        let dates = dates(&part.schedule);
        let (product, name, made_at) = (part.product_id, part.name.clone(), part.created_at);
        let charge = Charged { product, name, dates, made_at, archived_at: part.archived_at };
        found.charges.insert(part.id, charge);
        values.insert(part.id.into(), part.custom_fields.clone());
    }
    for part in &parts.overrides {
        found.overrides.insert(part.id, (part.terms.clone(), part.created_at));
    }
    for part in &parts.subscriptions {
        let shown = (part.terms.clone(), part.starting_at, part.initial_quantity, part.created_at);
        found.subscriptions.insert(part.id, shown);
        values.insert(part.id.into(), part.custom_fields.clone());
    }
    (found, values)
}

/// What can be read of a contract: what it was made with, what it is, its filters with their ends, and all values.
type Shown = (Contracted, Vec<(UsageFilter, Option<Time>)>, Vec<BTreeMap<String, String>>);

/// What is nothing but its state is empty in the record of it.
fn shown(contract: Contract) -> Shown {
    let mut parts = AddedParts::default();
    parts.commits = contract.commits;
    parts.credits = contract.credits;
    parts.scheduled_charges = contract.scheduled_charges;
    parts.overrides = contract.overrides;
    parts.subscriptions = contract.subscriptions;
    let (parts, values) = listed(&parts);
    let terms = contract.terms;
    let terms = Terms {
        name: terms.name,
        end: terms.ending_before,
        days: terms.net_payment_terms_days,
        renewed_by: terms.renewed_by,
        archived_at: terms.archived_at,
    };
    let origin = contract.origin;
    let made = Contracted {
        customer: origin.customer_id,
        key: origin.uniqueness_key,
        package: origin.package_id,
        card: origin.rate_card_id,
        start: origin.starting_at,
        renewal_of: origin.renewal_of,
        made_at: origin.created_at,
        state: State { terms, filters: BTreeMap::new(), parts },
        past: Vec::new(),
        edits: Vec::new(),
    };
    let filters = contract.usage_filter.into_iter().map(|segment| (segment.filter, segment.ending_before));
    let values = [contract.custom_fields].into_iter().chain(values.into_values());
    (made, filters.collect(), values.collect())
}

impl Model {
    /// What is shown of a contract in a state.
    fn in_state(&self, id: ContractId, made: &Contracted, state: &State) -> Shown {
        let starts: Vec<_> = state.filters.keys().copied().collect();
        let ends = starts.iter().skip(1).map(|next| Some(*next)).chain([None]);
        let ends = ends.map(|next| next.into_iter().chain(state.terms.end).min());
        let filters = state.filters.values().cloned().zip(ends);
        let filters =
            filters.filter(|(filter, end)| end.is_none_or(|end| filter.starting_at < end)).collect();
        let values = |target: EntityRef| self.instances[&target].values.clone();
        let mut instances: Vec<_> = state.parts.instances().collect();
        instances.sort();
        let values = [id.into()].into_iter().chain(instances).map(values).collect();
        let state = State { filters: BTreeMap::new(), ..state.clone() };
        let shown = Contracted { state, past: Vec::new(), edits: Vec::new(), ..made.clone() };
        (shown, filters, values)
    }

    fn contract_shown(&self, id: ContractId) -> Refusal<Shown> {
        let (_, made) = self.contract(id)?;
        Ok(self.in_state(id, made, &made.state))
    }

    /// The contracts of a customer, by their starts.
    pub fn contracts_of(&self, customer: CustomerId) -> Vec<(ContractId, &Contracted)> {
        let mut own: Vec<_> = self.contracts().filter(|(_, made)| made.customer == customer).collect();
        own.sort_by_key(|(id, made)| (made.start, *id));
        own
    }

    /// Where usage counts: every filter is looked at.
    fn counting(&self, customer: CustomerId, moment: Time, region: Option<&str>) -> Vec<ContractId> {
        let own = self.contracts_of(customer).into_iter().filter(|(_, made)| {
            let filters = made.state.filters.values().filter(|filter| filter.starting_at <= moment);
            let passes = filters.max_by_key(|filter| filter.starting_at).is_none_or(|filter| {
                filter.group_key == PROPERTIES[0]
                    && region.is_some_and(|region| filter.group_values.iter().any(|value| value == region))
            });
            made.state.terms.archived_at.is_none() && made.is_in_force(moment) && passes
        });
        own.map(|(id, _)| id).collect()
    }

    /// The override that wins, whether the product is part of the contract, and the list rate.
    fn winner(
        &self,
        made: &Contracted,
        question: &RateQuestion,
        moment: Time,
    ) -> Option<(Rate, Option<OverrideId>, bool)> {
        let (_, card) = self.card(made.card?).ok()?;
        let product = question.product_id;
        let own = (product, question.pricing_group_values.clone(), question.billing_frequency);
        let started = card.rates.iter().filter(|((series, start), _)| *series == own && *start <= moment);
        let (_, rate) = started.max_by_key(|((_, start), _)| *start).filter(|_| made.is_in_force(moment))?;
        if rate.ending_before.is_some_and(|end| end <= moment) {
            return None;
        }
        let tags = self.product(product).map(|(_, product)| product.at(moment).tags).unwrap_or_default();
        let overrides = made.state.parts.overrides.iter().filter(|(_, (terms, _))| {
            terms.starting_at <= moment
                && terms.ending_before.is_none_or(|end| moment < end)
                && !terms.is_commit_specific
                && terms.product_id.map_or_else(
                    || terms.applicable_product_tags.iter().any(|tag| tags.contains(tag)),
                    |named| named == product,
                )
        });
        let last = overrides.clone().filter(|(_, (terms, _))| terms.entitled.is_some());
        let last = last.max_by_key(|(id, (_, made_at))| (*made_at, **id));
        let entitled = last.and_then(|(_, (terms, _))| terms.entitled).unwrap_or(rate.entitled);
        let wins = overrides.filter(|(_, (terms, _))| terms.override_type.is_some()).min_by_key(
            |(id, (terms, made_at))| {
                let times = terms.override_type == Some(OverrideType::Multiplier);
                (times, terms.multiplier, std::cmp::Reverse((*made_at, **id)))
            },
        );
        Some((rate.rate.clone(), wins.map(|(id, _)| *id), entitled))
    }
}

/// Contracts one by one, and as they were at each moment that something changed in one.
fn compare_each(from: &impl Reading, model: &Model) {
    for id in model.contracts().map(|(id, _)| id).chain(ids_of(0..0).map(ContractId::from)) {
        same(from.contract(id).map(shown), model.contract_shown(id));
        let Ok((_, made)) = model.contract(id) else { continue };
        let times: Vec<_> = made.past.iter().map(|(time, _)| *time).collect();
        for time in &times {
            let (_, state) = made.past.iter().rfind(|(changed, _)| changed <= time).unwrap();
            assert_eq!(
                shown(from.contract_as_of(id, *time).unwrap()),
                model.in_state(id, made, state),
                "{id} as of {time}"
            );
        }
        let edits = every(2, |page| from.contract_edits(id, page));
        for (found, expected) in edits.iter().zip(&made.edits) {
            assert_eq!(edit(found), *expected);
        }
        assert_eq!(edits.len(), made.edits.len());
    }
}

fn edit(edit: &ContractEdit) -> Made {
    Made {
        id: edit.id,
        made_at: edit.timestamp,
        key: edit.uniqueness_key.clone(),
        name: edit.update_contract_name.clone(),
        end: edit.update_contract_end_date,
        days: edit.update_net_payment_terms_days,
        updates: edit.updates.clone(),
        added: listed(&edit.added).0,
        filter: edit.add_usage_filters.clone(),
        archived: edit.archived,
    }
}

fn compare_lists(from: &impl Reading, model: &Model) {
    let [first, second, ..] = moments();
    let filters = [
        ContractFilter::default(),
        ContractFilter { include_archived: true, ..Default::default() },
        ContractFilter { starting_at: Some(second), include_archived: true, ..Default::default() },
        ContractFilter { covering_date: Some(first), ..Default::default() },
    ];
    for customer in customers() {
        for filter in &filters {
            if !model.instances.contains_key(&customer.into()) {
                let page = from.contracts(customer, filter, &PageRequest::default());
                same(page.map(drop), Err(vec![Fault::InstanceNotFound { target: customer.into() }]));
                continue;
            }
            let own = model.contracts_of(customer).into_iter().filter(|(_, made)| {
                (filter.include_archived || made.state.terms.archived_at.is_none())
                    && filter.starting_at.is_none_or(|start| start <= made.start)
                    && filter.covering_date.is_none_or(|date| made.is_in_force(date))
            });
            let expected: Vec<_> = own.map(|(id, _)| model.contract_shown(id).unwrap()).collect();
            let found = every(2, |page| from.contracts(customer, filter, page));
            assert_eq!(found.into_iter().map(shown).collect::<Vec<_>>(), expected, "{customer} {filter:?}");
        }
    }
    for key in UNIQUE {
        assert_eq!(from.contract_by_key(key).unwrap(), model.contract_by_key(key), "{key:?}");
        assert_eq!(from.contract_edit_by_key(key).unwrap(), model.edit_by_key(key), "{key:?}");
    }
}

fn compare_usage(from: &impl Reading, model: &Model) {
    for customer in customers().filter(|id| model.instances.contains_key(&(*id).into())) {
        for moment in [moments()[1], moments()[3]] {
            for region in [None, Some("EU"), Some("US")] {
                let properties = region.map(|region| (PROPERTIES[0].to_owned(), region.to_owned()));
                let found = from.contracts_for_usage(customer, moment, &properties.into_iter().collect());
                let expected = model.counting(customer, moment, region);
                assert_eq!(found.unwrap(), expected, "{customer} {moment} {region:?}");
            }
        }
    }
}

/// The rates of the product that programs begin with, and the overrides that win.
fn compare_rates(from: &impl Reading, model: &Model) {
    let product = products().nth(2).unwrap();
    let europe = [(PROPERTIES[0].to_owned(), "EU".to_owned())].into();
    let questions = [BTreeMap::new(), europe]
        .map(|pricing_group_values| RateQuestion { pricing_group_values, ..RateQuestion::new(product) });
    for (id, made) in model.contracts() {
        for question in &questions {
            for moment in [moments()[0], moments()[2], moments()[4]] {
                let found = from.rate(id, question, moment);
                if !model.instances.contains_key(&product.into()) {
                    same(found.map(drop), Err(vec![Fault::InstanceNotFound { target: product.into() }]));
                    continue;
                }
                let expected = model.winner(made, question, moment);
                let found = found.unwrap();
                let told = found.as_ref().map(|rate| {
                    let by = rate.override_rate.as_ref().map(|by| by.override_id);
                    (rate.list_rate.clone(), by, rate.entitled)
                });
                assert_eq!(told, expected, "{id} {question:?} at {moment}");
                let Some(ContractRate { list_rate, override_rate: Some(by), .. }) = found else { continue };
                let (terms, _) = &made.state.parts.overrides[&by.override_id];
                if let (Some(times), RateType::Flat) = (terms.multiplier, list_rate.rate_type) {
                    let price = Price { unit_price: list_rate.price.unwrap(), quantity: times };
                    assert_eq!(by.rate.price, price.amount());
                }
            }
        }
    }
}

/// Everything that can be read of contracts.
pub fn compare_contracts(from: &impl Reading, model: &Model) {
    compare_each(from, model);
    compare_lists(from, model);
    compare_usage(from, model);
    compare_rates(from, model);
}
