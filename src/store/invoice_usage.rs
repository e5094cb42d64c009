//! Usage that a question gives: priced, and shown on the invoices of its periods.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::charging::Charging;
use super::contract_answers;
use super::invoice_lines::Showing;
use crate::entity::{ContractId, EntityId, InvoiceId};
use crate::error::{Error, Fault, FieldProblem, Result};
use crate::id::CreditTypeId;
use crate::model::charge::{Charge, ChargedPart};
use crate::model::charge_line::LineSource;
use crate::model::credit_type::CreditType;
use crate::model::invoice::{
    InvoiceLine, InvoiceStatement, InvoicedTier, MAX_USAGE_QUANTITIES, UsageQuantity,
};
use crate::model::rate_card::RateCardRecord;
use crate::model::scalar::{Amount, Time, Written};
use crate::model::statement::StatementPeriod;
use crate::rules::invoice::id::line_id;
use crate::storage::rows;
use crate::storage::view::Reader;

/// What usage comes to.
#[derive(Debug, Clone)]
pub struct PricedUsage {
    /// Where it stands in the question.
    place: usize,
    of: UsageQuantity,
    /// At the rates of now.
    charge: Charge,
}

impl PricedUsage {
    /// What it comes to at the rate that had been recorded before a moment, or that of now where none had been.
    fn charge(&self, reader: &impl Reader, as_of: Option<Time>) -> Result<Cow<'_, Charge>> {
        let UsageQuantity { contract_id, at, of, quantity } = &self.of;
        let now = Cow::Borrowed(&self.charge);
        if as_of.is_none() {
            return Ok(now);
        }
        match contract_answers::charge_as_of(reader, *contract_id, of, *quantity, *at, as_of) {
            Ok(then) => Ok(then.map_or(now, Cow::Owned)),
            Err(Error::Refused(faults)) => {
                let inside = |fault: Fault| fault.inside(&place_in_question(self.place));
                Err(Error::Refused(faults.into_iter().map(inside).collect()))
            }
            Err(failure) => Err(failure),
        }
    }
}

fn place_in_question(place: usize) -> String {
    format!("usage[{place}].")
}

/// The usage of a question, priced; every fault of it, with its place in the list `usage`. `known` are the contracts
/// that are asked about.
pub fn priced<'c>(
    reader: &impl Reader,
    usage: &[UsageQuantity],
    known: impl Fn(ContractId) -> Option<&'c Charging>,
) -> Result<Vec<PricedUsage>> {
    let too_many = FieldProblem::too_many(usage.len(), MAX_USAGE_QUANTITIES);
    let mut faults = Vec::from_iter(too_many.map(|problem| problem.at("usage")));
    let mut found = Vec::new();
    for (place, of) in usage.iter().take(MAX_USAGE_QUANTITIES).enumerate() {
        let at = place_in_question(place);
        let before = faults.len();
        let Some(charging) = known(of.contract_id) else {
            let target = of.contract_id.into();
            faults.push(Fault::ReferenceNotFound { field: format!("{at}contract_id"), target });
            continue;
        };
        if of.quantity.is_negative() {
            let rule = "a quantity is 0 or more";
            let value = of.quantity.to_string();
            faults.push(FieldProblem::Value { value, rule }.at(format!("{at}quantity")));
        }
        if !charging.has_usage_at(of.at) {
            let rule = "no statement period of the contract has it";
            faults.push(FieldProblem::Value { value: of.at.to_string(), rule }.at(format!("{at}at")));
        }
        if faults.len() > before {
            continue;
        }
        match contract_answers::charge(reader, of.contract_id, &of.of, of.quantity, of.at) {
            Ok(Some(charge)) => found.push(PricedUsage { place, of: of.clone(), charge }),
            Ok(None) => {
                let rule = "no rate of the product is in force then, or it is no part of the contract";
                let value = of.of.product_id.to_string();
                faults.push(FieldProblem::Value { value, rule }.at(format!("{at}product_id")));
            }
            Err(Error::Refused(refused)) => {
                faults.extend(refused.into_iter().map(|fault| fault.inside(&at)));
            }
            Err(failure) => return Err(failure),
        }
    }
    Fault::none_of(faults)?;
    Ok(found)
}

/// Faults of usage that is not of an invoice's period.
pub fn outside_of(usage: &[PricedUsage], period: Option<StatementPeriod>) -> Vec<Fault> {
    let inside =
        |at: Time| period.is_some_and(|period| period.starting_at <= at && at < period.ending_before);
    let rule = "it is not in the statement period of the invoice";
    let outside = usage.iter().filter(|priced| !inside(priced.of.at));
    let fault = |priced: &PricedUsage| {
        let field = format!("{}at", place_in_question(priced.place));
        FieldProblem::Value { value: priced.of.at.to_string(), rule }.at(field)
    };
    outside.map(fault).collect()
}

/// Shows the usage of an invoice's contract and period on it, by product and in front of its other lines, as it had
/// been recorded before `as_of`.
pub fn show(
    reader: &impl Reader,
    charging: &Charging,
    id: InvoiceId,
    statement: &mut InvoiceStatement,
    usage: &[PricedUsage],
    as_of: Option<Time>,
) -> Result<()> {
    let Some(period) = statement.period.filter(|_| !statement.usage_is_settled) else { return Ok(()) };
    let mut showing = Showing::new(reader, as_of, statement.issued_at);
    let mut lines = Vec::new();
    let mut counts = BTreeMap::new();
    let inside = |at: Time| period.starting_at <= at && at < period.ending_before;
    let mut shown: Vec<_> =
        usage.iter().filter(|priced| priced.of.contract_id == charging.id && inside(priced.of.at)).collect();
    shown.sort_by_key(|priced| priced.of.of.product_id);
    for priced in shown {
        let charge = priced.charge(reader, as_of)?;
        let source = LineSource::Usage { product_id: priced.of.of.product_id };
        let (name, product) = showing.product(priced.of.of.product_id)?;
        for (part, tier) in parts(&charge) {
            let count = counts.entry(source).or_insert(0);
            let unit = charge.rate.unit().unwrap_or(statement.credit_type_id);
            lines.push(InvoiceLine {
                id: line_id(id, &source, *count),
                source,
                name: name.clone(),
                product: product.clone(),
                unit_price: Some(part.unit_price),
                quantity: part.quantity,
                total: part.total,
                credit_type_id: unit,
                period: Some(period),
                commit_type: None,
                is_prorated: false,
                pricing_group_values: priced.of.of.pricing_group_values.clone(),
                presentation_group_values: priced.of.of.presentation_group_values.clone(),
                tier,
            });
            *count += 1;
        }
    }
    lines.extend(conversions(reader, charging, id, statement, &lines)?);
    lines.append(&mut statement.lines);
    statement.lines = lines;
    for (from, values) in showing.passed_down {
        statement.passed_down.entry(from).or_insert(values);
    }
    Ok(())
}

/// The parts of a charge: one, or one for each tier that is reached.
fn parts(charge: &Charge) -> Vec<(ChargedPart, Option<InvoicedTier>)> {
    let tiers = &charge.rate.in_force().tiers;
    if let [only] = charge.parts.as_slice()
        && tiers.is_empty()
    {
        // A share may come to a minimum.
        return vec![(ChargedPart { total: charge.total, ..*only }, None)];
    }
    let mut below = Some(Amount::ZERO);
    let tiered = charge.parts.iter().zip(tiers).zip(1..).map(|((part, tier), level)| {
        let starting_at = below.unwrap_or(Amount::MAX);
        below = tier.size.and_then(|size| Amount::sum([starting_at, size]));
        (*part, Some(InvoicedTier { level, starting_at, size: tier.size }))
    });
    tiered.collect()
}

/// What usage in pricing units comes to in the invoice's own credit type.
fn conversions(
    reader: &impl Reader,
    charging: &Charging,
    id: InvoiceId,
    statement: &InvoiceStatement,
    usage: &[InvoiceLine],
) -> Result<Vec<InvoiceLine>> {
    let mut units: BTreeMap<CreditTypeId, Vec<Amount>> = BTreeMap::new();
    for line in usage.iter().filter(|line| line.credit_type_id != statement.credit_type_id) {
        units.entry(line.credit_type_id).or_default().push(line.total);
    }
    let card: Option<RateCardRecord> = match charging.origin.rate_card_id.filter(|_| !units.is_empty()) {
        Some(card) => rows::record(reader, card.uuid())?,
        None => None,
    };
    let line = |(credit_type_id, totals): (CreditTypeId, Vec<Amount>)| {
        let unit_price = card.as_ref()?.conversion(credit_type_id)?;
        let quantity = Amount::total(&totals);
        let total = Written::of(quantity).times(unit_price).rounded(i32::MAX, None);
        let source = LineSource::Conversion { credit_type_id };
        Some(InvoiceLine {
            id: line_id(id, &source, 0),
            source,
            name: CreditType::of(credit_type_id).name,
            product: None,
            unit_price: Some(unit_price),
            quantity,
            total: total.unwrap_or(Amount::MAX),
            credit_type_id: statement.credit_type_id,
            period: statement.period,
            commit_type: None,
            is_prorated: false,
            pricing_group_values: BTreeMap::new(),
            presentation_group_values: BTreeMap::new(),
            tier: None,
        })
    };
    Ok(units.into_iter().filter_map(line).collect())
}
