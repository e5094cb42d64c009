//! The calls about a card's rates (source: `metronome-api.md` §5).

use super::answer::{Refusal, data, id as made, page};
use super::body::{
    Object, Value, amount, fields as fields_of, flag, id, list, moment, pairs, text, typed_id, word,
};
use super::listed_rate::{AddedRate, ListedSegment};
use super::{Request, Route};
use crate::entity::{ContractProductId, RateCardId};
use crate::model::rate::{AddRate, CommitRate, Rate, RateSelector, RateType, Tier};
use crate::model::scalar::Amount;
use crate::store::{ReadingRecords as _, Store, WritingRecords as _};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/contract-pricing/rate-cards/addRate", add),
    ("POST", "/v1/contract-pricing/rate-cards/addRates", add_all),
    ("POST", "/v1/contract-pricing/rate-cards/getRates", rates),
    ("POST", "/v1/contract-pricing/rate-cards/getRateSchedule", schedule),
];

fn add(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (card, rate) = request.read(|body, _| {
        let card = body.required("rate_card_id", id);
        let rate = rate(body);
        Some((RateCardId::from(card?), rate?))
    })?;
    let added = AddedRate::of(&rate);
    store.add_rate(card, rate)?;
    data(added)
}

fn add_all(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (card, rates) = request.read(|body, _| {
        let card = body.required("rate_card_id", id);
        let rates = body.required("rates", |value| list(value, |value| fields_of(value, rate)));
        Some((RateCardId::from(card?), rates?))
    })?;
    store.add_rates(card, rates)?;
    made(card)
}

fn rates(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (card, at, selectors, wanted) = request.read(|body, query| {
        let card = body.required("rate_card_id", id);
        let at = body.required("at", moment);
        let selectors = selectors(body, true);
        let wanted = query.page();
        Some((RateCardId::from(card?), at?, selectors?, wanted?))
    })?;
    page(store.rates(card, at, &selectors, &wanted)?.map(ListedSegment::of))
}

fn schedule(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (card, starting_at, ending_before, selectors, wanted) = request.read(|body, query| {
        let card = body.required("rate_card_id", id);
        let starting_at = body.required("starting_at", moment);
        let ending_before = body.optional("ending_before", moment);
        let selectors = selectors(body, false);
        let wanted = query.page();
        Some((RateCardId::from(card?), starting_at?, ending_before?, selectors?, wanted?))
    })?;
    let found = store.rate_schedule(card, starting_at, ending_before, &selectors, &wanted)?;
    page(found.map(ListedSegment::of))
}

/// The fields of a rate that is added.
fn rate(body: &Object<'_>) -> Option<AddRate> {
    let product_id = body.required("product_id", id);
    let groups = body.optional("pricing_group_values", |value| pairs(value, text));
    let billing_frequency = body.optional("billing_frequency", word);
    let starting_at = body.required("starting_at", moment);
    let ending_before = body.optional("ending_before", moment);
    let entitled = body.required("entitled", flag);
    let credit_type_id = body.optional("credit_type_id", typed_id);
    let commit_rate = body.optional("commit_rate", |value| fields_of(value, commit_rate));
    let rate = unit_rate(body);
    Some(AddRate {
        product_id: ContractProductId::from(product_id?),
        pricing_group_values: groups?.unwrap_or_default().into_iter().collect(),
        billing_frequency: billing_frequency?,
        starting_at: starting_at?,
        ending_before: ending_before?,
        entitled: entitled?,
        rate: rate?,
        credit_type_id: credit_type_id?,
        commit_rate: commit_rate?,
    })
}

/// What a unit costs.
pub(super) fn unit_rate(fields: &Object<'_>) -> Option<Rate> {
    let price = price(fields);
    let quantity = fields.optional("quantity", amount);
    let is_prorated = fields.optional("is_prorated", flag);
    let custom_rate = fields.optional("custom_rate", custom_rate);
    let Price { rate_type, price, tiers, minimum } = price?;
    Some(Rate {
        rate_type,
        price,
        tiers,
        minimum,
        quantity: quantity?,
        is_prorated: is_prorated?,
        custom_rate: custom_rate?,
    })
}

fn commit_rate(fields: &Object<'_>) -> Option<CommitRate> {
    let Price { rate_type, price, tiers, minimum } = price(fields)?;
    Some(CommitRate { rate_type, price, tiers, minimum })
}

/// The fields that a rate and a commit rate both have.
struct Price {
    rate_type: RateType,
    price: Option<Amount>,
    tiers: Vec<Tier>,
    minimum: Option<Amount>,
}

fn price(fields: &Object<'_>) -> Option<Price> {
    let rate_type = fields.required("rate_type", word);
    let price = fields.optional("price", amount);
    let tiers = fields.optional("tiers", |value| list(value, |value| fields_of(value, tier)));
    let minimum = fields
        .optional("minimum_config", |value| fields_of(value, |fields| fields.required("minimum", amount)));
    let tiers = tiers?.unwrap_or_default();
    Some(Price { rate_type: rate_type?, price: price?, tiers, minimum: minimum? })
}

fn tier(fields: &Object<'_>) -> Option<Tier> {
    let size = fields.optional("size", amount);
    let price = fields.required("price", amount);
    Some(Tier { size: size?, price: price? })
}

/// An object of any content, as it is written.
fn custom_rate(value: Value<'_>) -> Option<String> {
    pairs(value, |_| Some(())).map(|_| value.json().to_owned())
}

/// The selectors of a question; only rates at a moment can be asked for by product tag.
pub(super) fn selectors(body: &Object<'_>, by_tag: bool) -> Option<Vec<RateSelector>> {
    let selector = |value: Value<'_>| fields_of(value, |fields| selector(fields, by_tag));
    Some(body.optional("selectors", |value| list(value, selector))?.unwrap_or_default())
}

fn selector(fields: &Object<'_>, by_tag: bool) -> Option<RateSelector> {
    let product_id = fields.optional("product_id", id);
    let tags = if by_tag { fields.optional("product_tags", |value| list(value, text)) } else { Some(None) };
    let exact = fields.optional("pricing_group_values", |value| pairs(value, text));
    let partial = fields.optional("partial_pricing_group_values", |value| pairs(value, text));
    let billing_frequency = fields.optional("billing_frequency", word);
    Some(RateSelector {
        product_id: product_id?.map(ContractProductId::from),
        product_tags: tags?.unwrap_or_default(),
        pricing_group_values: exact?.map(|pairs| pairs.into_iter().collect()),
        partial_pricing_group_values: partial?.map(|pairs| pairs.into_iter().collect()),
        billing_frequency: billing_frequency?,
    })
}
