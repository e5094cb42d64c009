//! Rate cards: what products cost, for every contract that names the card.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::alias::{ScheduledAlias, check_schedule};
use super::credit_type::CreditType;
use super::custom_field::CustomFields;
use super::scalar::{Amount, Time};
use crate::entity::RateCardId;
use crate::error::{Fault, FieldProblem};
use crate::id::CreditTypeId;

/// The most characters of a rate card's name.
pub const MAX_RATE_CARD_NAME_CHARACTERS: usize = 1_000;
/// The most characters of a rate card's description.
pub const MAX_RATE_CARD_DESCRIPTION_CHARACTERS: usize = 10_000;
/// The most pricing units that a rate card converts.
pub const MAX_CREDIT_TYPE_CONVERSIONS: usize = 1_000;

/// A rate card that is to be made. Source: `metronome-api.md` §5.
///
/// ```
/// use billfold::prelude::*;
///
/// let card = CreateRateCard {
///     name: "Base usage products".into(),
///     aliases: vec!["base_usage_products".into()],
///     ..Default::default()
/// };
/// # drop(card);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateRateCard {
    /// The name: up to 1,000 characters. Only whoever uses the API sees it.
    pub name: String,
    /// What the card is for: up to 10,000 characters.
    pub description: Option<String>,
    /// The credit type of the card's currency; [US dollars in cents](CreditType::USD_CENTS) where nothing is said.
    pub fiat_credit_type_id: Option<CreditTypeId>,
    /// What pricing units are worth in the card's currency: needed for each that a rate is in.
    pub credit_type_conversions: Vec<CreditTypeConversion>,
    /// Names to find the card by: up to 1,000. A name that another card has at the same time is taken from it.
    pub aliases: Vec<ScheduledAlias>,
    /// Values of registered keys, set in the same commit.
    pub custom_fields: CustomFields,
}

/// What changes in a rate card: what is `None` or empty stays as it is. At least one of them has to be there.
/// Source: `metronome-api.md` §5.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateRateCard {
    /// See [`CreateRateCard::name`].
    pub name: Option<String>,
    /// See [`CreateRateCard::description`].
    pub description: Option<String>,
    /// In place of all the card's aliases. Those that are in both lists stay as they are.
    pub aliases: Option<Vec<ScheduledAlias>>,
    /// Besides those there are, which cannot change.
    pub add_credit_type_conversions: Vec<CreditTypeConversion>,
}

/// What a pricing unit is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct CreditTypeConversion {
    /// The pricing unit's credit type.
    pub custom_credit_type_id: CreditTypeId,
    /// How much of the card's currency one of it is: more than 0. For a card in US dollars, cents.
    pub fiat_per_custom_credit: Amount,
}

/// A rate card, as it is at one moment. Its rates have calls of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateCard {
    /// Its id.
    pub id: RateCardId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its currency.
    pub fiat_credit_type: CreditType,
    /// What pricing units are worth, in the order they were added.
    pub credit_type_conversions: Vec<CreditTypeConversion>,
    /// Its names, in the order they were given: with what other cards have taken of them cut off.
    pub aliases: Vec<ScheduledAlias>,
    /// Its values, by key.
    pub custom_fields: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Time,
    /// The [actor](crate::About::actor) who made it; `None` where nobody was named.
    pub created_by: Option<String>,
    /// When it was archived; `None` where it is active. Contracts that have it keep it; no others can get it.
    pub archived_at: Option<Time>,
}

/// What is stored of a rate card besides its values and its rates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct RateCardRecord {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) fiat_credit_type: CreditTypeId,
    pub(crate) conversions: Vec<CreditTypeConversion>,
    pub(crate) aliases: Vec<ScheduledAlias>,
    pub(crate) created_at: Time,
    pub(crate) created_by: Option<String>,
}

impl RateCardRecord {
    /// Whether a rate can be in this credit type: the card's currency, or a unit it converts.
    pub(crate) fn prices_in(&self, credit_type: CreditTypeId) -> bool {
        self.fiat_credit_type == credit_type || self.conversion(credit_type).is_some()
    }

    pub(crate) fn conversion(&self, credit_type: CreditTypeId) -> Option<Amount> {
        let found = self.conversions.iter().find(|known| known.custom_credit_type_id == credit_type)?;
        Some(found.fiat_per_custom_credit)
    }
}

impl CreateRateCard {
    /// Faults of the request that can be seen without the store.
    pub(crate) fn check(&self) -> Vec<Fault> {
        let mut faults = check_texts(Some(&self.name), self.description.as_deref());
        faults.extend(check_conversions("credit_type_conversions", &self.credit_type_conversions));
        faults.extend(check_schedule("aliases", &self.aliases));
        faults
    }
}

impl UpdateRateCard {
    /// Faults of the request that can be seen without the card.
    pub(crate) fn check(&self) -> Vec<Fault> {
        if *self == Self::default() {
            let rule = "at least one of name, description, aliases and add_credit_type_conversions is needed";
            return vec![FieldProblem::Missing { rule }.at("name")];
        }
        let mut faults = check_texts(self.name.as_deref(), self.description.as_deref());
        faults.extend(check_conversions("add_credit_type_conversions", &self.add_credit_type_conversions));
        faults.extend(check_schedule("aliases", self.aliases.as_deref().unwrap_or_default()));
        faults
    }

    /// Faults of conversions that would change those the card has. One that says the same again is none.
    pub(crate) fn check_against(&self, card: &RateCardRecord) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (place, new) in self.add_credit_type_conversions.iter().enumerate() {
            let known = card.conversion(new.custom_credit_type_id);
            if known.is_some_and(|known| known != new.fiat_per_custom_credit) {
                let value = new.custom_credit_type_id.to_string();
                let rule = "the card converts it already, and a conversion cannot change";
                let field = format!("add_credit_type_conversions[{place}].custom_credit_type_id");
                faults.push(FieldProblem::Value { value, rule }.at(field));
            }
        }
        let items = card.conversions.len() + self.add_credit_type_conversions.len();
        if items > MAX_CREDIT_TYPE_CONVERSIONS {
            let problem = FieldProblem::TooMany { items, most: MAX_CREDIT_TYPE_CONVERSIONS };
            faults.push(problem.at("add_credit_type_conversions"));
        }
        faults
    }
}

fn check_texts(name: Option<&str>, description: Option<&str>) -> Vec<Fault> {
    let texts = [
        ("name", name, MAX_RATE_CARD_NAME_CHARACTERS),
        ("description", description, MAX_RATE_CARD_DESCRIPTION_CHARACTERS),
    ];
    let check = |(field, text, most): (&str, Option<&str>, usize)| {
        FieldProblem::too_long(text?, most).map(|problem| problem.at(field))
    };
    texts.into_iter().filter_map(check).collect()
}

fn check_conversions(field: &str, conversions: &[CreditTypeConversion]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if conversions.len() > MAX_CREDIT_TYPE_CONVERSIONS {
        let (items, most) = (conversions.len(), MAX_CREDIT_TYPE_CONVERSIONS);
        faults.push(FieldProblem::TooMany { items, most }.at(field));
    }
    let mut seen = HashSet::new();
    for (place, conversion) in conversions.iter().enumerate() {
        let (unit, worth) = (conversion.custom_credit_type_id, conversion.fiat_per_custom_credit);
        if !seen.insert(unit) {
            let problem = FieldProblem::Repeated { item: unit.to_string() };
            faults.push(problem.at(format!("{field}[{place}].custom_credit_type_id")));
        }
        if worth <= Amount::ZERO {
            let problem = FieldProblem::Value { value: worth.to_string(), rule: "it has to be more than 0" };
            faults.push(problem.at(format!("{field}[{place}].fiat_per_custom_credit")));
        }
    }
    faults
}
