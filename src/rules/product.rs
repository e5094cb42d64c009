//! Which fields a product needs and may have, and what it is at a moment.

use crate::error::{Fault, FieldProblem};
use crate::model::custom_field::CustomFields;
use crate::model::product::{
    CreateProduct, Product, ProductChanges, ProductRecord, ProductState, ProductType, ProductUpdate,
    QuantityConversion,
};
use crate::model::scalar::{Amount, Time};

use ProductType::{Composite, Usage};

/// Fields that not every type has, which types have them, and how a fault says so.
const LIMITED: [(&str, &[ProductType], &str); 11] = [
    ("billable_metric_id", &[Usage], ONLY_USAGE),
    ("composite_product_ids", &[Composite], ONLY_COMPOSITE),
    ("composite_tags", &[Composite], ONLY_COMPOSITE),
    ("pricing_group_key", &[Usage], ONLY_USAGE),
    ("presentation_group_key", &[Usage], ONLY_USAGE),
    ("quantity_conversion", &[Usage], ONLY_USAGE),
    ("quantity_rounding", &[Usage], ONLY_USAGE),
    ("exclude_free_usage", &[Composite], ONLY_COMPOSITE),
    ("include_composite_spend", &[Composite], ONLY_COMPOSITE),
    ("composite_scope", &[Composite], ONLY_COMPOSITE),
    ("netsuite_overage_item_id", &[Usage, Composite], "it is for USAGE and COMPOSITE products"),
];
const ONLY_USAGE: &str = "it is for USAGE products";
const ONLY_COMPOSITE: &str = "it is for COMPOSITE products";

/// What is wrong with a product that is to be made, as far as it can be told without the store.
pub fn creation_faults(product_type: ProductType, state: &ProductState) -> Vec<Fault> {
    let mut faults = missing(product_type, state);
    faults.extend(not_allowed(product_type, &limited_in_state(state)));
    faults.extend(conversion_fault(state.quantity_conversion.as_ref()));
    faults
}

/// What is wrong with an update, whatever product it is of.
pub fn update_faults(starting_at: Time, changes: &ProductChanges) -> Vec<Fault> {
    let hour = (!starting_at.is_on_the_hour()).then(|| {
        let rule = "a product's update is required to be on an hour boundary";
        FieldProblem::Value { value: starting_at.to_string(), rule }.at("starting_at")
    });
    let conversion = changes.quantity_conversion.as_ref().and_then(Option::as_ref);
    hour.into_iter().chain(conversion_fault(conversion)).collect()
}

/// The changes that a product of that type does not take.
pub fn not_allowed_in_update(product_type: ProductType, changes: &ProductChanges) -> Vec<Fault> {
    not_allowed(product_type, &limited_in_changes(changes))
}

/// What a product of that type lacks.
pub fn missing(product_type: ProductType, state: &ProductState) -> Vec<Fault> {
    let of_nothing = state.composite_product_ids.is_empty() && state.composite_tags.is_empty();
    let problem = match product_type {
        Usage if state.billable_metric_id.is_none() => {
            let rule = "a USAGE product has a billable metric";
            FieldProblem::Missing { rule }.at("billable_metric_id")
        }
        Composite if of_nothing => {
            let rule = "a COMPOSITE product has composite_product_ids or composite_tags";
            FieldProblem::Missing { rule }.at("composite_product_ids")
        }
        _ => return Vec::new(),
    };
    vec![problem]
}

/// The fault of group keys that are no group key of the metric. All properties of both together have to be one,
/// in any order.
pub fn group_key_fault(state: &ProductState, of_metric: &[Vec<String>]) -> Option<Fault> {
    let wanted = sorted(state.pricing_group_key.iter().chain(&state.presentation_group_key));
    if wanted.is_empty() || of_metric.iter().any(|key| sorted(key) == wanted) {
        return None;
    }
    let pricing = !state.pricing_group_key.is_empty();
    let field = if pricing { "pricing_group_key" } else { "presentation_group_key" };
    let rule = "pricing and presentation group key together are one group key of the billable metric";
    Some(FieldProblem::Value { value: wanted.join(", "), rule }.at(field))
}

fn sorted<'n>(names: impl IntoIterator<Item = &'n String>) -> Vec<&'n str> {
    let mut names: Vec<_> = names.into_iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn not_allowed(product_type: ProductType, said: &[(&str, bool)]) -> Vec<Fault> {
    let wrong = LIMITED.iter().filter(|(field, types, _)| {
        said.iter().any(|(name, said)| name == field && *said) && !types.contains(&product_type)
    });
    wrong.map(|(field, _, rule)| FieldProblem::NotAllowed { rule }.at(*field)).collect()
}

/// The limited fields that a new product has.
fn limited_in_state(state: &ProductState) -> [(&'static str, bool); LIMITED.len()] {
    [
        ("billable_metric_id", state.billable_metric_id.is_some()),
        ("composite_product_ids", !state.composite_product_ids.is_empty()),
        ("composite_tags", !state.composite_tags.is_empty()),
        ("pricing_group_key", !state.pricing_group_key.is_empty()),
        ("presentation_group_key", !state.presentation_group_key.is_empty()),
        ("quantity_conversion", state.quantity_conversion.is_some()),
        ("quantity_rounding", state.quantity_rounding.is_some()),
        ("exclude_free_usage", state.exclude_free_usage.is_some()),
        ("include_composite_spend", state.include_composite_spend.is_some()),
        ("composite_scope", state.composite_scope.is_some()),
        ("netsuite_overage_item_id", state.netsuite_overage_item_id.is_some()),
    ]
}

/// The limited fields that an update speaks of. Ending what cannot be there is no fault.
fn limited_in_changes(changes: &ProductChanges) -> [(&'static str, bool); LIMITED.len() - 1] {
    [
        ("billable_metric_id", changes.billable_metric_id.is_some()),
        ("composite_product_ids", changes.composite_product_ids.is_some()),
        ("composite_tags", changes.composite_tags.is_some()),
        ("pricing_group_key", changes.pricing_group_key.is_some()),
        ("presentation_group_key", changes.presentation_group_key.is_some()),
        ("quantity_conversion", changes.quantity_conversion.as_ref().is_some_and(Option::is_some)),
        ("quantity_rounding", changes.quantity_rounding.as_ref().is_some_and(Option::is_some)),
        ("exclude_free_usage", changes.exclude_free_usage.is_some()),
        ("include_composite_spend", changes.include_composite_spend.is_some()),
        ("netsuite_overage_item_id", changes.netsuite_overage_item_id.is_some()),
    ]
}

/// The fault of a conversion that makes nothing of a quantity, or less.
pub fn conversion_fault(conversion: Option<&QuantityConversion>) -> Option<Fault> {
    let factor = conversion?.conversion_factor;
    let rule = "a conversion factor is greater than 0";
    (factor <= Amount::ZERO).then(|| {
        FieldProblem::Value { value: factor.to_string(), rule }.at("quantity_conversion.conversion_factor")
    })
}

impl ProductState {
    /// What a product is made as, and the values it gets.
    pub(crate) fn new(
        request: CreateProduct,
        created_at: Time,
        created_by: Option<String>,
    ) -> (Self, CustomFields) {
        let state = Self {
            starting_at: None,
            created_at,
            created_by,
            name: request.name,
            billable_metric_id: request.billable_metric_id,
            composite_product_ids: request.composite_product_ids,
            composite_tags: request.composite_tags,
            tags: request.tags,
            pricing_group_key: request.pricing_group_key,
            presentation_group_key: request.presentation_group_key,
            quantity_conversion: request.quantity_conversion,
            quantity_rounding: request.quantity_rounding,
            exclude_free_usage: request.exclude_free_usage,
            include_composite_spend: request.include_composite_spend,
            composite_scope: request.composite_scope,
            is_refundable: request.is_refundable,
            sql_breakdown_granularity: request.sql_breakdown_granularity,
            netsuite_internal_item_id: request.netsuite_internal_item_id,
            netsuite_overage_item_id: request.netsuite_overage_item_id,
        };
        (state, request.custom_fields)
    }

    fn apply(&mut self, update: &ProductUpdate) {
        let changes = update.changes.clone();
        self.starting_at = Some(update.starting_at);
        self.created_at = update.created_at;
        self.created_by.clone_from(&update.created_by);
        put(&mut self.name, changes.name);
        put(&mut self.composite_product_ids, changes.composite_product_ids);
        put(&mut self.composite_tags, changes.composite_tags);
        put(&mut self.tags, changes.tags);
        put(&mut self.pricing_group_key, changes.pricing_group_key);
        put(&mut self.presentation_group_key, changes.presentation_group_key);
        put(&mut self.quantity_conversion, changes.quantity_conversion);
        put(&mut self.quantity_rounding, changes.quantity_rounding);
        put(&mut self.billable_metric_id, changes.billable_metric_id.map(Some));
        put(&mut self.exclude_free_usage, changes.exclude_free_usage.map(Some));
        put(&mut self.include_composite_spend, changes.include_composite_spend.map(Some));
        put(&mut self.is_refundable, changes.is_refundable.map(Some));
        put(&mut self.sql_breakdown_granularity, changes.sql_breakdown_granularity.map(Some));
        put(&mut self.netsuite_internal_item_id, changes.netsuite_internal_item_id.map(Some));
        put(&mut self.netsuite_overage_item_id, changes.netsuite_overage_item_id.map(Some));
    }
}

fn put<T>(place: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *place = new;
    }
}

fn state_at<'u>(
    initial: &ProductState,
    updates: impl IntoIterator<Item = &'u ProductUpdate>,
    at: Time,
) -> ProductState {
    let mut state = initial.clone();
    for update in updates.into_iter().filter(|update| update.starting_at <= at) {
        state.apply(update);
    }
    state
}

impl ProductRecord {
    /// What the product is at a moment.
    pub(crate) fn state_at(&self, at: Time) -> ProductState {
        self.state_as_of(at, None)
    }

    /// What the product is at a moment by the updates alone that were made before `as_of`; by all of them where
    /// that is `None`.
    pub(crate) fn state_as_of(&self, at: Time, as_of: Option<Time>) -> ProductState {
        let made = |update: &&ProductUpdate| as_of.is_none_or(|as_of| update.created_at < as_of);
        state_at(&self.initial, self.updates.iter().filter(made), at)
    }

    /// Every state that the product is in at some time from that moment on.
    pub(crate) fn states_from(&self, from: Time) -> impl Iterator<Item = ProductState> {
        let starts = self.updates.iter().map(|update| update.starting_at).filter(move |start| *start > from);
        std::iter::once(from).chain(starts).map(|at| self.state_at(at))
    }
}

impl Product {
    /// What the product is at a moment: see [`Product`] for which updates count.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// let id = store.create_product(CreateProduct {
    ///     name: "Seats".into(),
    ///     product_type: ProductType::Subscription,
    ///     ..Default::default()
    /// })?;
    /// let february = "2030-02-01T00:00:00Z".parse()?;
    /// store.update_product(id, february, ProductChanges { name: Some("Users".into()), ..Default::default() })?;
    ///
    /// let product = store.product(id)?;
    /// assert_eq!(product.state_at("2030-01-31T23:00:00Z".parse()?).name, "Seats");
    /// assert_eq!(product.state_at(february).name, "Users");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn state_at(&self, at: Time) -> ProductState {
        state_at(&self.initial, &self.updates, at)
    }
}
