//! The products that the parts of a contract name, and the rates that its card has for them.

use std::collections::HashMap;
use std::ops::{Bound, ControlFlow};

use uuid::Uuid;

use crate::entity::{ContractProductId, EntityId, RateCardId};
use crate::error::{Fault, FieldProblem, Result};
use crate::model::balance::BalanceTerms;
use crate::model::billable_metric::BillableMetricRecord;
use crate::model::change::Collection;
use crate::model::price_override::OverrideTerms;
use crate::model::product::{ProductRecord, ProductState, ProductType};
use crate::model::rate::{BillingFrequency, RateRecord};
use crate::model::scalar::Time;
use crate::rules::usage_filter::{Metered, MetricGroups, group_key_known};
use crate::storage::view::Reader;
use crate::storage::{collection, rows};

/// The card whose rates hold for a contract.
#[derive(Debug, Clone, Copy)]
pub enum OnCard {
    /// It has none.
    None,
    /// This one.
    Of(RateCardId),
    /// One that there is not, which is a fault of its own: what depends on its rates cannot be told.
    Unknown,
}

impl OnCard {
    /// The card of a contract that has it, or has none.
    pub fn of(card: Option<RateCardId>) -> Self {
        card.map_or(Self::None, Self::Of)
    }

    pub const fn id(self) -> Option<RateCardId> {
        match self {
            Self::Of(id) => Some(id),
            Self::None | Self::Unknown => None,
        }
    }
}

/// What is known of the products that a call names, read once each.
pub struct Products<'r, R> {
    reader: &'r R,
    card: OnCard,
    now: Time,
    known: HashMap<ContractProductId, Option<Known>>,
}

#[derive(Clone)]
struct Known {
    archived: bool,
    /// `None` where it was taken in with nothing but its id.
    product_type: Option<ProductType>,
}

impl<'r, R: Reader> Products<'r, R> {
    /// For a contract with that card.
    pub fn new(reader: &'r R, card: OnCard, now: Time) -> Self {
        Self { reader, card, now, known: HashMap::new() }
    }

    fn known(&mut self, id: ContractProductId) -> Result<Option<Known>> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let known = match rows::fields(self.reader, id.into())? {
            Some(row) => {
                let record = rows::record::<ProductRecord>(self.reader, id.uuid())?;
                let product_type = record.map(|record| record.product_type);
                Some(Known { archived: row.archived_at.is_some(), product_type })
            }
            None => None,
        };
        self.known.insert(id, known.clone());
        Ok(known)
    }

    /// The fault of a product that a part cannot be: there is none, it is archived, or of another type.
    pub fn type_fault(
        &mut self,
        at: &str,
        id: ContractProductId,
        needed: ProductType,
    ) -> Result<Option<Fault>> {
        let (field, target) = (format!("{at}product_id"), id.into());
        let Some(known) = self.known(id)? else {
            return Ok(Some(Fault::ReferenceNotFound { field, target }));
        };
        Ok(match known.product_type {
            _ if known.archived => Some(Fault::ReferenceArchived { field, target }),
            None => Some(Fault::NothingButAnId { target }),
            Some(found) if found == needed => None,
            Some(_) => Some(FieldProblem::Value { value: id.to_string(), rule: type_rule(needed) }.at(field)),
        })
    }

    /// Faults of the products that a commit or credit is, and is for.
    pub fn balance_faults(&mut self, at: &str, terms: &BalanceTerms) -> Result<Vec<Fault>> {
        let mut faults = Vec::from_iter(self.type_fault(at, terms.product_id, ProductType::Fixed)?);
        let for_products = &terms.applies_to.product_ids;
        faults.extend(self.missing(&format!("{at}applicable_product_ids"), for_products)?);
        for (place, specifier) in terms.applies_to.specifiers.iter().enumerate() {
            faults
                .extend(self.unknown(&format!("{at}specifiers[{place}].product_id"), specifier.product_id)?);
        }
        Ok(faults)
    }

    /// Faults of the products of a list that there are not.
    pub fn missing(&mut self, list: &str, ids: &[ContractProductId]) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        for (place, id) in ids.iter().enumerate() {
            faults.extend(self.unknown(&format!("{list}[{place}]"), Some(*id))?);
        }
        Ok(faults)
    }

    fn unknown(&mut self, field: &str, id: Option<ContractProductId>) -> Result<Option<Fault>> {
        let Some(id) = id else { return Ok(None) };
        let fault = || Fault::ReferenceNotFound { field: field.to_owned(), target: id.into() };
        Ok(self.known(id)?.is_none().then(fault))
    }

    /// The fault of the product of a subscription: it is none for one, or the rate card has no rate for it.
    pub fn subscription_fault(
        &mut self,
        at: &str,
        id: ContractProductId,
        frequency: BillingFrequency,
    ) -> Result<Option<Fault>> {
        let of_type = self.type_fault(at, id, ProductType::Subscription)?;
        if of_type.is_some() || matches!(self.card, OnCard::Unknown) {
            return Ok(of_type);
        }
        let mut found = false;
        if let OnCard::Of(card) = self.card {
            let product = id.uuid();
            let visit = |_: &[u8], rate: RateRecord| {
                found = rate.billing_frequency == Some(frequency);
                Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            };
            collection::scan(self.reader, card.uuid(), product.as_bytes(), Bound::Unbounded, visit)?;
        }
        let rule = "the contract's rate card has no rate for this product with this billing frequency";
        let fault = || FieldProblem::Value { value: id.to_string(), rule }.at(format!("{at}product_id"));
        Ok((!found).then(fault))
    }

    /// Faults of the products that an override is for: the card has to have rates for them.
    pub fn override_faults(&mut self, at: &str, terms: &OverrideTerms) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        if matches!(self.card, OnCard::None) {
            let rule = "a contract without a rate card has no rates to override";
            faults.push(FieldProblem::NotAllowed { rule }.at(at.trim_end_matches('.')));
            return Ok(faults);
        }
        faults.extend(self.rate_fault(format!("{at}product_id"), terms.product_id)?);
        for (place, specifier) in terms.override_specifiers.iter().enumerate() {
            let field = format!("{at}override_specifiers[{place}].product_id");
            faults.extend(self.rate_fault(field, specifier.product_id)?);
        }
        Ok(faults)
    }

    fn rate_fault(&mut self, field: String, id: Option<ContractProductId>) -> Result<Option<Fault>> {
        let Some(id) = id else { return Ok(None) };
        if self.known(id)?.is_none() {
            return Ok(Some(Fault::ReferenceNotFound { field, target: id.into() }));
        }
        let OnCard::Of(card) = self.card else { return Ok(None) };
        let from = Bound::Included(id.uuid().into_bytes());
        let from = from.as_ref().map(<[u8; 16]>::as_slice);
        let first = collection::first_key(self.reader, Collection::Rates, card.uuid(), from)?;
        let rated = first.is_some_and(|key| key.starts_with(id.uuid().as_bytes()));
        let rule = "No such product in rate card";
        Ok((!rated).then(|| FieldProblem::Value { value: id.to_string(), rule }.at(field)))
    }

    /// Whether usage of every product that the card prices can be told apart by a property.
    pub fn can_filter_by(&self, group_key: &str) -> Result<bool> {
        let OnCard::Of(card) = self.card else { return Ok(true) };
        let mut from = Some(Uuid::nil());
        while let Some(lower) = from {
            let start = Bound::Included(lower.as_bytes().as_slice());
            let key = collection::first_key(self.reader, Collection::Rates, card.uuid(), start)?;
            let Some(product) = key.and_then(|key| key.first_chunk().copied().map(Uuid::from_bytes)) else {
                break;
            };
            if !self.product_can(product, group_key)? {
                return Ok(false);
            }
            from = product.as_u128().checked_add(1).map(Uuid::from_u128);
        }
        Ok(true)
    }

    fn product_can(&self, product: Uuid, group_key: &str) -> Result<bool> {
        let Some(record) = rows::record::<ProductRecord>(self.reader, product)? else { return Ok(true) };
        let state = record.state_at(self.now);
        let Some(metric) = state.billable_metric_id.filter(|_| record.product_type == ProductType::Usage)
        else {
            return Ok(true);
        };
        // A metric that was taken in with nothing but its id can have any group keys.
        let Some(metric) = rows::record::<BillableMetricRecord>(self.reader, metric.uuid())? else {
            return Ok(true);
        };
        let by = if metric.sql.is_some() {
            MetricGroups::Sql
        } else {
            MetricGroups::Streaming(&metric.group_keys)
        };
        let ProductState { pricing_group_key, presentation_group_key, .. } = &state;
        Ok(group_key_known(group_key, &Metered { pricing_group_key, presentation_group_key, by }))
    }
}

const fn type_rule(needed: ProductType) -> &'static str {
    match needed {
        ProductType::Fixed => "its product has to be of type FIXED",
        ProductType::Subscription => "its product has to be of type SUBSCRIPTION",
        ProductType::ProService => "its product has to be of type PRO_SERVICE",
        _ => "its product is of another type",
    }
}
