//! Products: what a rate card prices and an invoice line shows. In the vendor's list of entities today's product
//! is the `contract_product`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::custom_field::CustomFields;
use super::scalar::{Amount, Time};
use super::word::words;
use crate::entity::{BillableMetricId, ContractProductId};

/// The most updates of a product. The API names no limit; this is one for every hour of 40 days.
pub const MAX_UPDATES_PER_PRODUCT: usize = 1_000;

words! {
    /// What a product charges for. It never changes. Source: the seed "Create a product", `metronome-api.md` §4.
    ///
    /// ```
    /// use billfold::ProductType;
    ///
    /// assert_eq!(ProductType::ProService.name(), "PRO_SERVICE");
    /// ```
    #[derive(Default)]
    ProductType {
        /// Usage that a billable metric measures. The default.
        #[default]
        Usage "USAGE",
        /// A recurring fee with a quantity.
        Subscription "SUBSCRIPTION",
        /// A share of what other products come to.
        Composite "COMPOSITE",
        /// A fixed amount: commits, credits and scheduled charges.
        Fixed "FIXED",
        /// Work. The API has two words for it, and answers the shorter.
        ProService "PRO_SERVICE" | "PROFESSIONAL_SERVICE",
    }
}

words! {
    /// What a conversion does with a quantity.
    ConversionOperation {
        /// The quantity times the factor.
        Multiply "MULTIPLY",
        /// The quantity divided by the factor.
        Divide "DIVIDE",
    }
}

words! {
    /// How a quantity is brought to its number of decimal places.
    RoundingMethod {
        /// Anything beyond them makes the last one 1 more.
        RoundUp "ROUND_UP",
        /// What is beyond them is cut off.
        RoundDown "ROUND_DOWN",
        /// To the nearer one; what is halfway goes up.
        RoundHalfUp "ROUND_HALF_UP",
    }
}

words! {
    /// Whose spend a composite product is a share of.
    CompositeScope {
        /// That of all the customer's contracts.
        Customer "CUSTOMER",
        /// That of the one contract. What counts where nothing is said.
        Contract "CONTRACT",
    }
}

words! {
    /// How finely usage of an SQL metric is broken down. Kept for whoever asks; nothing here depends on it.
    SqlBreakdownGranularity {
        /// Hour by hour.
        Hour "HOUR",
        /// Once for the whole service period. What counts where nothing is said.
        ServicePeriod "SERVICE_PERIOD",
    }
}

/// Turns the unit that usage comes in into the unit that is priced: megabytes into gigabytes, say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct QuantityConversion {
    /// What the quantity is multiplied with, or divided by: more than 0.
    pub conversion_factor: Amount,
    /// Which of the two.
    pub operation: ConversionOperation,
    /// What the conversion is called.
    pub name: Option<String>,
}

/// Brings a quantity, after its conversion, to a number of decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct QuantityRounding {
    /// How.
    pub rounding_method: RoundingMethod,
    /// How many decimal places are left: 0 or more. No quantity has more than 28.
    pub decimal_places: u32,
}

/// A product that is to be made. Source: the seed "Create a product", and `metronome-api.md` §4.
///
/// ```
/// use billfold::prelude::*;
///
/// let commit = CreateProduct {
///     name: "Prepaid commit".into(),
///     product_type: ProductType::Fixed,
///     ..Default::default()
/// };
/// # drop(commit);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateProduct {
    /// The name, as invoices show it.
    pub name: String,
    /// What it charges for.
    pub product_type: ProductType,
    /// The metric that measures its usage: required for USAGE, and for no other type.
    pub billable_metric_id: Option<BillableMetricId>,
    /// The products that it is a share of. COMPOSITE alone, which needs some of these or some `composite_tags`.
    pub composite_product_ids: Vec<ContractProductId>,
    /// It is a share of all products with one of these tags. COMPOSITE alone.
    pub composite_tags: Vec<String>,
    /// Words that name several products at once, in rates, commits and composite products.
    pub tags: Vec<String>,
    /// Properties whose values have prices of their own. USAGE alone; together with `presentation_group_key` one
    /// group key of the metric.
    pub pricing_group_key: Vec<String>,
    /// Properties whose values have invoice lines of their own. USAGE alone, as above.
    pub presentation_group_key: Vec<String>,
    /// USAGE alone.
    pub quantity_conversion: Option<QuantityConversion>,
    /// USAGE alone.
    pub quantity_rounding: Option<QuantityRounding>,
    /// Whether products that came to 0 are left out of the share. COMPOSITE alone; no, where nothing is said.
    pub exclude_free_usage: Option<bool>,
    /// Whether it may be a share of other composite products. COMPOSITE alone; no, where nothing is said.
    pub include_composite_spend: Option<bool>,
    /// Whose spend it is a share of. COMPOSITE alone; the contract's, where nothing is said.
    pub composite_scope: Option<CompositeScope>,
    /// Whether what was paid for it can be given back; yes, where nothing is said.
    pub is_refundable: Option<bool>,
    /// How finely usage of an SQL metric is broken down.
    pub sql_breakdown_granularity: Option<SqlBreakdownGranularity>,
    /// What NetSuite calls the product.
    pub netsuite_internal_item_id: Option<String>,
    /// What NetSuite calls its overage. USAGE and COMPOSITE alone.
    pub netsuite_overage_item_id: Option<String>,
    /// Values of registered keys, set in the same commit.
    pub custom_fields: CustomFields,
}

/// What an update of a product changes: what is left `None` stays as it is. The type never changes, and custom
/// fields have calls of their own. Source: `metronome-api.md` §4.
///
/// Each field is allowed for the types that [`CreateProduct`] names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct ProductChanges {
    /// See [`CreateProduct::name`].
    pub name: Option<String>,
    /// See [`CreateProduct::billable_metric_id`].
    pub billable_metric_id: Option<BillableMetricId>,
    /// See [`CreateProduct::composite_product_ids`].
    pub composite_product_ids: Option<Vec<ContractProductId>>,
    /// See [`CreateProduct::composite_tags`].
    pub composite_tags: Option<Vec<String>>,
    /// See [`CreateProduct::tags`].
    pub tags: Option<Vec<String>>,
    /// See [`CreateProduct::pricing_group_key`].
    pub pricing_group_key: Option<Vec<String>>,
    /// See [`CreateProduct::presentation_group_key`].
    pub presentation_group_key: Option<Vec<String>>,
    /// `Some(None)` ends the conversion.
    #[serde(default, with = "super::serde_form::change_of")]
    pub quantity_conversion: Option<Option<QuantityConversion>>,
    /// `Some(None)` ends the rounding.
    #[serde(default, with = "super::serde_form::change_of")]
    pub quantity_rounding: Option<Option<QuantityRounding>>,
    /// See [`CreateProduct::exclude_free_usage`].
    pub exclude_free_usage: Option<bool>,
    /// See [`CreateProduct::include_composite_spend`].
    pub include_composite_spend: Option<bool>,
    /// See [`CreateProduct::is_refundable`].
    pub is_refundable: Option<bool>,
    /// See [`CreateProduct::sql_breakdown_granularity`].
    pub sql_breakdown_granularity: Option<SqlBreakdownGranularity>,
    /// See [`CreateProduct::netsuite_internal_item_id`].
    pub netsuite_internal_item_id: Option<String>,
    /// See [`CreateProduct::netsuite_overage_item_id`].
    pub netsuite_overage_item_id: Option<String>,
}

/// An update of a product, as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ProductUpdate {
    /// From when on it counts: on an hour boundary.
    pub starting_at: Time,
    /// When it was made.
    pub created_at: Time,
    /// The [actor](crate::About::actor) who made it; `None` where nobody was named.
    pub created_by: Option<String>,
    /// What it changes.
    pub changes: ProductChanges,
}

/// What a product is during some time. The fields are those of [`CreateProduct`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub struct ProductState {
    /// From when on it is so; `None` for the state that the product was made with, which holds from ever.
    pub starting_at: Option<Time>,
    /// When it was said to be so.
    pub created_at: Time,
    /// The [actor](crate::About::actor) who said so; `None` where nobody was named.
    pub created_by: Option<String>,
    /// See [`CreateProduct::name`].
    pub name: String,
    /// See [`CreateProduct::billable_metric_id`].
    pub billable_metric_id: Option<BillableMetricId>,
    /// See [`CreateProduct::composite_product_ids`].
    pub composite_product_ids: Vec<ContractProductId>,
    /// See [`CreateProduct::composite_tags`].
    pub composite_tags: Vec<String>,
    /// See [`CreateProduct::tags`].
    pub tags: Vec<String>,
    /// See [`CreateProduct::pricing_group_key`].
    pub pricing_group_key: Vec<String>,
    /// See [`CreateProduct::presentation_group_key`].
    pub presentation_group_key: Vec<String>,
    /// See [`CreateProduct::quantity_conversion`].
    pub quantity_conversion: Option<QuantityConversion>,
    /// See [`CreateProduct::quantity_rounding`].
    pub quantity_rounding: Option<QuantityRounding>,
    /// See [`CreateProduct::exclude_free_usage`].
    pub exclude_free_usage: Option<bool>,
    /// See [`CreateProduct::include_composite_spend`].
    pub include_composite_spend: Option<bool>,
    /// See [`CreateProduct::composite_scope`].
    pub composite_scope: Option<CompositeScope>,
    /// See [`CreateProduct::is_refundable`].
    pub is_refundable: Option<bool>,
    /// See [`CreateProduct::sql_breakdown_granularity`].
    pub sql_breakdown_granularity: Option<SqlBreakdownGranularity>,
    /// See [`CreateProduct::netsuite_internal_item_id`].
    pub netsuite_internal_item_id: Option<String>,
    /// See [`CreateProduct::netsuite_overage_item_id`].
    pub netsuite_overage_item_id: Option<String>,
}

/// A product: what it was made as, every update, and what it is at one moment.
///
/// At a moment, a product is what it was made as, changed by every update that starts at that moment or before,
/// in the order in which the updates were made. So of two updates that both count and change the same field, the
/// one made later wins, even if it starts earlier, as the API does (source: `metronome-api.md` §4). A product has
/// up to 1,000 updates.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Product {
    /// Its id.
    pub id: ContractProductId,
    /// What it charges for.
    pub product_type: ProductType,
    /// What it was made as.
    pub initial: ProductState,
    /// What it is at the moment it was asked for, with the start, time and actor of the update made last of
    /// those that count then.
    pub current: ProductState,
    /// Every update, in the order they were made.
    pub updates: Vec<ProductUpdate>,
    /// Its values, by key. They have no schedule.
    pub custom_fields: BTreeMap<String, String>,
    /// When it was archived; `None` where it is active. Rates that have it keep it; no others can get it.
    pub archived_at: Option<Time>,
}

/// What is stored of a product besides its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct ProductRecord {
    pub(crate) product_type: ProductType,
    pub(crate) initial: ProductState,
    /// In the order they were made.
    pub(crate) updates: Vec<ProductUpdate>,
}
