//! The calls about rate cards themselves (source: `metronome-api.md` §5).

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{Refusal, data, id as made, page, timestamp};
use super::body::{Object, Value, amount, id, list, moment, object, pairs, text, typed_id};
use super::listed_product::NOBODY;
use super::{Request, Route};
use crate::entity::RateCardId;
use crate::model::alias::ScheduledAlias;
use crate::model::credit_type::CreditType;
use crate::model::page::ArchiveFilter;
use crate::model::rate_card::{CreateRateCard, CreditTypeConversion, RateCard, UpdateRateCard};
use crate::store::{ReadingRecords as _, Store, Writing as _, WritingRecords as _};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/contract-pricing/rate-cards/create", create),
    ("POST", "/v1/contract-pricing/rate-cards/get", get),
    ("POST", "/v1/contract-pricing/rate-cards/list", list_rate_cards),
    ("POST", "/v1/contract-pricing/rate-cards/update", update),
    ("POST", "/v1/contract-pricing/rate-cards/archive", archive),
];

fn create(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let request = request.read(|body, _| {
        let name = body.required("name", text);
        let description = body.optional("description", text);
        let fiat_credit_type_id = body.optional("fiat_credit_type_id", typed_id);
        let conversions = conversions(body, "credit_type_conversions");
        let aliases = body.optional("aliases", |value| list(value, alias));
        let custom_fields = body.optional("custom_fields", |value| pairs(value, text));
        Some(CreateRateCard {
            name: name?,
            description: description?,
            fiat_credit_type_id: fiat_credit_type_id?,
            credit_type_conversions: conversions?,
            aliases: aliases?.unwrap_or_default(),
            custom_fields: custom_fields?.unwrap_or_default().into(),
        })
    })?;
    made(store.create_rate_card(request)?)
}

fn get(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.read(|body, _| body.required("id", id))?;
    data(ListedRateCard::of(store.rate_card(RateCardId::from(id))?))
}

/// Active cards alone: the API has no way to ask for archived ones.
fn list_rate_cards(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let wanted = request.read(|_, query| query.page())?;
    page(store.rate_cards(ArchiveFilter::NotArchived, &wanted)?.map(ListedRateCard::of))
}

fn update(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (id, update) = request.read(|body, _| {
        let id = body.required("rate_card_id", id);
        let name = body.optional("name", text);
        let description = body.optional("description", text);
        let aliases = body.optional("aliases", |value| list(value, alias));
        let conversions = conversions(body, "add_credit_type_conversions");
        let update = UpdateRateCard {
            name: name?,
            description: description?,
            aliases: aliases?,
            add_credit_type_conversions: conversions?,
        };
        Some((id?, update))
    })?;
    store.update_rate_card(RateCardId::from(id), update)?;
    made(id)
}

fn archive(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.read(|body, _| body.required("id", id))?;
    store.archive(RateCardId::from(id))?;
    made(id)
}

/// An alias of a rate card or a package, in a request.
pub(super) fn alias(value: Value<'_>) -> Option<ScheduledAlias> {
    let fields = object(value)?;
    let name = fields.required("name", text);
    let starting_at = fields.optional("starting_at", moment);
    let ending_before = fields.optional("ending_before", moment);
    fields.finish();
    Some(ScheduledAlias { name: name?, starting_at: starting_at?, ending_before: ending_before? })
}

fn conversions(body: &Object<'_>, name: &'static str) -> Option<Vec<CreditTypeConversion>> {
    let conversion = |value: Value<'_>| {
        let fields = object(value)?;
        let custom_credit_type_id = fields.required("custom_credit_type_id", typed_id);
        let fiat_per_custom_credit = fields.required("fiat_per_custom_credit", amount);
        fields.finish();
        Some(CreditTypeConversion {
            custom_credit_type_id: custom_credit_type_id?,
            fiat_per_custom_credit: fiat_per_custom_credit?,
        })
    };
    Some(body.optional(name, |value| list(value, conversion))?.unwrap_or_default())
}

/// A rate card as the calls that read one answer it.
#[derive(Serialize)]
struct ListedRateCard {
    id: RateCardId,
    name: String,
    created_at: String,
    created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    fiat_credit_type: CreditType,
    credit_type_conversions: Vec<Conversion>,
    aliases: Vec<ListedAlias>,
    custom_fields: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Conversion {
    custom_credit_type: CreditType,
    /// A string here, though a number where it is given.
    fiat_per_custom_credit: String,
}

/// An alias of a rate card or a package.
#[derive(Serialize)]
pub(super) struct ListedAlias {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
}

impl ListedAlias {
    pub(super) fn of(alias: ScheduledAlias) -> Self {
        Self {
            name: alias.name,
            starting_at: alias.starting_at.map(timestamp),
            ending_before: alias.ending_before.map(timestamp),
        }
    }
}

impl ListedRateCard {
    fn of(card: RateCard) -> Self {
        let conversion = |conversion: CreditTypeConversion| Conversion {
            custom_credit_type: CreditType::of(conversion.custom_credit_type_id),
            fiat_per_custom_credit: conversion.fiat_per_custom_credit.to_string(),
        };
        Self {
            id: card.id,
            name: card.name,
            created_at: timestamp(card.created_at),
            created_by: card.created_by.unwrap_or_else(|| NOBODY.to_owned()),
            description: card.description,
            fiat_credit_type: card.fiat_credit_type,
            credit_type_conversions: card.credit_type_conversions.into_iter().map(conversion).collect(),
            aliases: card.aliases.into_iter().map(ListedAlias::of).collect(),
            custom_fields: card.custom_fields,
        }
    }
}
