//! What reseller royalties need, and which there are after an edit.

use super::part_text::text as long_text;
use super::threshold::{negative, not_a_fraction};
use crate::error::{Fault, FieldProblem};
use crate::model::alias::check_end;
use crate::model::balance::MAX_APPLICABLE;
use crate::model::reseller_royalty::{AwsOptions, GcpOptions, ResellerRoyalty, ResellerRoyaltyChange};
use crate::model::settings::MAX_RESELLER_ROYALTIES;

/// What is wrong with the royalties of a new contract.
pub(super) fn faults(field: &str, royalties: &[ResellerRoyalty]) -> Vec<Fault> {
    if let Some(problem) = FieldProblem::too_many(royalties.len(), MAX_RESELLER_ROYALTIES) {
        return vec![problem.at(field)];
    }
    let places = royalties.iter().enumerate();
    places.flat_map(|(place, royalty)| royalty_faults(&format!("{field}[{place}]."), royalty)).collect()
}

fn royalty_faults(at: &str, royalty: &ResellerRoyalty) -> Vec<Fault> {
    let (products, tags) = (&royalty.applicable_product_ids, &royalty.applicable_product_tags);
    let rule = "a reseller royalty names at least one product or tag";
    let missing = (products.is_empty() && tags.is_empty()).then_some(FieldProblem::Missing { rule });
    let many = |items: usize| FieldProblem::too_many(items, MAX_APPLICABLE);
    let netsuite = long_text(Some(&royalty.netsuite_reseller_id));
    let mut faults = Fault::of_fields(
        at,
        [
            ("fraction", not_a_fraction(royalty.fraction)),
            ("netsuite_reseller_id", netsuite),
            ("applicable_product_ids", missing.or_else(|| many(products.len()))),
            ("applicable_product_tags", many(tags.len())),
            ("ending_before", check_end(Some(royalty.starting_at), royalty.ending_before)),
            ("reseller_contract_value", royalty.reseller_contract_value.and_then(negative)),
        ],
    );
    if tags.len() <= MAX_APPLICABLE {
        let long = tags.iter().enumerate().filter_map(|(place, tag)| {
            Some(long_text(Some(tag))?.at(format!("{at}applicable_product_tags[{place}]")))
        });
        faults.extend(long);
    }
    faults.extend(option_faults(at, &royalty.aws, &royalty.gcp));
    faults
}

fn option_faults(at: &str, aws: &AwsOptions, gcp: &GcpOptions) -> Vec<Fault> {
    let texts = [
        ("aws_options.aws_account_number", &aws.account_number),
        ("aws_options.aws_payer_reference_id", &aws.payer_reference_id),
        ("aws_options.aws_offer_id", &aws.offer_id),
        ("gcp_options.gcp_account_id", &gcp.account_id),
        ("gcp_options.gcp_offer_id", &gcp.offer_id),
    ];
    Fault::of_fields(at, texts.map(|(field, text)| (field, long_text(text.as_deref()))))
}

/// The royalties afterwards; what cannot be done is among the faults now.
pub(super) fn after(
    changes: &[ResellerRoyaltyChange],
    before: &[ResellerRoyalty],
    faults: &mut Vec<Fault>,
) -> Vec<ResellerRoyalty> {
    let field = "add_reseller_royalties";
    let mut after = before.to_vec();
    if let Some(problem) = FieldProblem::too_many(changes.len(), MAX_RESELLER_ROYALTIES) {
        faults.push(problem.at(field));
        return after;
    }
    for (place, change) in changes.iter().enumerate() {
        let at = format!("{field}[{place}].");
        match change.applied(&at, &mut after) {
            Ok(royalty) => faults.extend(royalty_faults(&at, &royalty)),
            Err(wrong) => faults.extend(wrong),
        }
    }
    let many = FieldProblem::too_many(after.len(), MAX_RESELLER_ROYALTIES);
    faults.extend(many.map(|problem| problem.at(field)));
    after
}

impl ResellerRoyaltyChange {
    /// Puts what it makes among the royalties; what is missing where it has nothing to go by.
    fn applied(&self, at: &str, royalties: &mut Vec<ResellerRoyalty>) -> Result<ResellerRoyalty, Vec<Fault>> {
        let of_reseller = royalties.iter_mut().filter(|royalty| royalty.reseller_type == self.reseller_type);
        let last = of_reseller.max_by_key(|royalty| royalty.starting_at);
        match (last, self.starting_at) {
            (Some(last), None) => {
                self.change(last);
                Ok(last.clone())
            }
            (Some(last), Some(starting_at)) => {
                let mut new = ResellerRoyalty { starting_at, ending_before: None, ..last.clone() };
                self.change(&mut new);
                royalties.push(new.clone());
                Ok(new)
            }
            (None, _) => {
                let new = self.whole(at)?;
                royalties.push(new.clone());
                Ok(new)
            }
        }
    }

    fn change(&self, royalty: &mut ResellerRoyalty) {
        put(&mut royalty.fraction, self.fraction.as_ref());
        put(&mut royalty.netsuite_reseller_id, self.netsuite_reseller_id.as_ref());
        put(&mut royalty.applicable_product_ids, self.applicable_product_ids.as_ref());
        put(&mut royalty.applicable_product_tags, self.applicable_product_tags.as_ref());
        put(&mut royalty.ending_before, self.ending_before.as_ref());
        put_some(&mut royalty.reseller_contract_value, &self.reseller_contract_value);
        put_some(&mut royalty.aws.account_number, &self.aws.account_number);
        put_some(&mut royalty.aws.payer_reference_id, &self.aws.payer_reference_id);
        put_some(&mut royalty.aws.offer_id, &self.aws.offer_id);
        put_some(&mut royalty.gcp.account_id, &self.gcp.account_id);
        put_some(&mut royalty.gcp.offer_id, &self.gcp.offer_id);
    }

    /// The first royalty of a reseller.
    fn whole(&self, at: &str) -> Result<ResellerRoyalty, Vec<Fault>> {
        let missing = |is_missing: bool| {
            let rule = "the contract has no reseller royalty of this type that it could be taken from";
            is_missing.then_some(FieldProblem::Missing { rule })
        };
        let (Some(fraction), Some(netsuite), Some(starting_at)) =
            (self.fraction, &self.netsuite_reseller_id, self.starting_at)
        else {
            return Err(Fault::of_fields(
                at,
                [
                    ("fraction", missing(self.fraction.is_none())),
                    ("netsuite_reseller_id", missing(self.netsuite_reseller_id.is_none())),
                    ("starting_at", missing(self.starting_at.is_none())),
                ],
            ));
        };
        Ok(ResellerRoyalty {
            reseller_type: self.reseller_type,
            fraction,
            netsuite_reseller_id: netsuite.clone(),
            applicable_product_ids: self.applicable_product_ids.clone().unwrap_or_default(),
            applicable_product_tags: self.applicable_product_tags.clone().unwrap_or_default(),
            starting_at,
            ending_before: self.ending_before.flatten(),
            reseller_contract_value: self.reseller_contract_value,
            aws: self.aws.clone(),
            gcp: self.gcp.clone(),
        })
    }
}

fn put<T: Clone>(place: &mut T, new: Option<&T>) {
    if let Some(new) = new {
        place.clone_from(new);
    }
}

fn put_some<T: Clone>(place: &mut Option<T>, new: &Option<T>) {
    if new.is_some() {
        place.clone_from(new);
    }
}
