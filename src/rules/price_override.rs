//! What an override needs and may have.

use super::override_names::{NamedBalances, lists};
use super::rate::{below, group_faults, not_above_zero, rate_itself_faults, size_problem};
use crate::error::{Fault, FieldProblem};
use crate::model::alias::check_end;
use crate::model::price_override::{
    MAX_OVERRIDE_SPECIFIERS, OverridePrioritization, OverrideSpecifier, OverrideTerms, OverrideTier,
    OverrideType,
};
use crate::model::rate::MAX_TIERS;

use OverrideType::{Multiplier, Overwrite, Tiered};

/// What is wrong with an override in itself; `at` stands in front of the names of its fields.
pub fn faults(at: &str, terms: &OverrideTerms, prioritization: OverridePrioritization) -> Vec<Fault> {
    let mut faults = effect_faults(at, terms);
    faults.extend(priority_faults(at, terms, prioritization));
    faults.extend(target_faults(at, terms));
    for (place, specifier) in terms.override_specifiers.iter().take(MAX_OVERRIDE_SPECIFIERS).enumerate() {
        faults.extend(specifier_faults(&format!("{at}override_specifiers[{place}]."), terms, specifier));
    }
    let end = check_end(Some(terms.starting_at), terms.ending_before);
    faults.extend(end.map(|problem| problem.at(format!("{at}ending_before"))));
    if terms.target.is_some() && !terms.is_commit_specific {
        faults.push(FieldProblem::NotAllowed { rule: ONLY_COMMIT_SPECIFIC }.at(format!("{at}target")));
    }
    faults
}

const ONLY_COMMIT_SPECIFIC: &str = "it is for overrides with is_commit_specific";

/// Faults of what it does to a rate.
fn effect_faults(at: &str, terms: &OverrideTerms) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (field, of, said, missing, not_allowed) in [
        (
            "multiplier",
            Multiplier,
            terms.multiplier.is_some(),
            "a MULTIPLIER override has a multiplier",
            "it is for MULTIPLIER overrides",
        ),
        (
            "overwrite_rate",
            Overwrite,
            terms.overwrite_rate.is_some(),
            "an OVERWRITE override has an overwrite_rate",
            "it is for OVERWRITE overrides",
        ),
        (
            "tiers",
            Tiered,
            !terms.tiers.is_empty(),
            "a TIERED override has tiers",
            "they are for TIERED overrides",
        ),
    ] {
        let problem = match (terms.override_type == Some(of), said) {
            (true, false) => FieldProblem::Missing { rule: missing },
            (false, true) => FieldProblem::NotAllowed { rule: not_allowed },
            _ => continue,
        };
        faults.push(problem.at(format!("{at}{field}")));
    }
    faults.extend(match terms.override_type {
        Some(Multiplier) => {
            let low = terms.multiplier.and_then(|multiplier| below(multiplier, "it has to be 0 or more"));
            low.map(|problem| problem.at(format!("{at}multiplier"))).into_iter().collect()
        }
        Some(Overwrite) => terms
            .overwrite_rate
            .as_ref()
            .map_or_else(Vec::new, |to| rate_itself_faults(&format!("{at}overwrite_rate."), &to.rate)),
        Some(Tiered) => tier_faults(&format!("{at}tiers"), &terms.tiers),
        None if terms.entitled.is_none() => {
            let rule = "an override without a type says whether the product is entitled";
            vec![FieldProblem::Missing { rule }.at(format!("{at}entitled"))]
        }
        None => Vec::new(),
    });
    faults
}

fn tier_faults(field: &str, tiers: &[OverrideTier]) -> Vec<Fault> {
    let items = tiers.len();
    if items > MAX_TIERS {
        return vec![FieldProblem::TooMany { items, most: MAX_TIERS }.at(field)];
    }
    let mut faults = Vec::new();
    for (place, tier) in tiers.iter().enumerate() {
        let size = size_problem(tier.size, place + 1 == items);
        faults.extend(size.map(|problem| problem.at(format!("{field}[{place}].size"))));
        let multiplier = below(tier.multiplier, "it has to be 0 or more");
        faults.extend(multiplier.map(|problem| problem.at(format!("{field}[{place}].multiplier"))));
    }
    faults
}

/// Faults of what decides between it and others.
fn priority_faults(at: &str, terms: &OverrideTerms, prioritization: OverridePrioritization) -> Vec<Fault> {
    let explicit = prioritization == OverridePrioritization::Explicit;
    let missing = |rule| Some(FieldProblem::Missing { rule });
    let priority = match (terms.override_type, terms.priority) {
        (None, Some(_)) => Some(FieldProblem::NotAllowed { rule: "it is for overrides with a type" }),
        (_, Some(priority)) => not_above_zero(priority),
        (Some(Tiered), None) => missing("a TIERED override has a priority"),
        (Some(Multiplier), None) if explicit => {
            missing("a MULTIPLIER override has a priority where the contract's prioritization is EXPLICIT")
        }
        (_, None) => None,
    };
    let tiered = (terms.override_type == Some(Tiered) && !explicit).then(|| {
        let rule = "TIERED overrides need multiplier_override_prioritization EXPLICIT";
        FieldProblem::Value { value: Tiered.name().to_owned(), rule }.at(format!("{at}type"))
    });
    let priority = priority.map(|problem| problem.at(format!("{at}priority")));
    tiered.into_iter().chain(priority).collect()
}

/// Faults of what it is for, but those inside of its specifiers.
fn target_faults(at: &str, terms: &OverrideTerms) -> Vec<Fault> {
    let (tags, specifiers) = (&terms.applicable_product_tags, &terms.override_specifiers);
    let mut faults = Vec::new();
    let mut refuse = |field: &str, rule| {
        faults.push(FieldProblem::NotAllowed { rule }.at(format!("{at}{field}")));
    };
    if terms.product_id.is_some() && !tags.is_empty() {
        refuse("applicable_product_tags", "it does not go with product_id");
    }
    if !specifiers.is_empty() && (terms.product_id.is_some() || !tags.is_empty()) {
        refuse("override_specifiers", "they do not go with product_id or applicable_product_tags");
    }
    let overwrites = terms.override_type == Some(Overwrite);
    if overwrites && !tags.is_empty() {
        refuse("applicable_product_tags", "an OVERWRITE override names products by their ids, not by tags");
    }
    if overwrites && tags.is_empty() && specifiers.is_empty() && terms.product_id.is_none() {
        let rule = "an OVERWRITE override names the product, here or in its override_specifiers";
        faults.push(FieldProblem::Missing { rule }.at(format!("{at}product_id")));
    }
    let lengths = [("applicable_product_tags", tags.len()), ("override_specifiers", specifiers.len())];
    faults.extend(too_many(at, lengths));
    faults
}

fn too_many<'f>(at: &str, lengths: impl IntoIterator<Item = (&'f str, usize)>) -> Vec<Fault> {
    let most = MAX_OVERRIDE_SPECIFIERS;
    let over = lengths.into_iter().filter(|(_, items)| *items > most);
    over.map(|(field, items)| FieldProblem::TooMany { items, most }.at(format!("{at}{field}"))).collect()
}

fn specifier_faults(at: &str, terms: &OverrideTerms, specifier: &OverrideSpecifier) -> Vec<Fault> {
    let OverrideSpecifier { product_id, product_tags, presentation_group_values, exclude, .. } = specifier;
    let mut faults = Vec::new();
    if terms.override_type == Some(Overwrite) && product_id.is_none() {
        let rule = "a specifier of an OVERWRITE override names the product";
        faults.push(FieldProblem::Missing { rule }.at(format!("{at}product_id")));
    }
    faults.extend(balance_faults(at, terms, specifier));
    faults.extend(too_many(
        at,
        [
            ("product_tags", product_tags.len()),
            ("presentation_group_values", presentation_group_values.len()),
            ("commit_ids", specifier.commit_ids.len()),
            ("recurring_commit_ids", specifier.recurring_commit_ids.len()),
            ("any_commit_or_credit_ids", specifier.any_commit_or_credit_ids.len()),
            ("exclude", exclude.len()),
        ],
    ));
    let pricing = &specifier.pricing_group_values;
    faults.extend(group_faults(&format!("{at}pricing_group_values"), pricing));
    for (place, tags) in exclude.iter().take(MAX_OVERRIDE_SPECIFIERS).enumerate() {
        let at = format!("{at}exclude[{place}].");
        if tags.is_empty() {
            let rule = "what is left out has at least one tag";
            faults.push(FieldProblem::Empty { rule }.at(format!("{at}product_tags")));
        }
        faults.extend(too_many(&at, [("product_tags", tags.len())]));
    }
    faults
}

/// Faults of what a specifier says of commits and credits.
fn balance_faults(at: &str, terms: &OverrideTerms, specifier: &OverrideSpecifier) -> Vec<Fault> {
    let bare = specifier.product_id.is_none()
        && specifier.product_tags.is_empty()
        && specifier.pricing_group_values.is_empty()
        && specifier.presentation_group_values.is_empty();
    let others = !specifier.commit_ids.is_empty() || !specifier.recurring_commit_ids.is_empty();
    let mut faults = Vec::new();
    for (list, texts) in lists(specifier) {
        if texts.is_empty() {
            continue;
        }
        let mut refuse =
            |rule| faults.push(FieldProblem::NotAllowed { rule }.at(format!("{at}{}", list.field())));
        if !terms.is_commit_specific {
            refuse(ONLY_COMMIT_SPECIFIC);
        }
        if bare {
            refuse(
                "it goes with product_id, product_tags, pricing_group_values or presentation_group_values",
            );
        }
        if list == NamedBalances::Any && others {
            refuse("it stands in place of commit_ids and recurring_commit_ids");
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::ContractProductId;
    use crate::model::balance::RateChoice;
    use crate::model::price_override::OverwriteRate;
    use crate::model::rate::Rate;
    use crate::model::scalar::Amount;
    use uuid::Uuid;

    use OverridePrioritization::{Explicit, LowestMultiplier};

    fn new(override_type: Option<OverrideType>) -> OverrideTerms {
        OverrideTerms { override_type, ..OverrideTerms::new("2024-11-01T00:00:00Z".parse().unwrap()) }
    }

    fn product() -> Option<ContractProductId> {
        Some(Uuid::from_u128(1).into())
    }

    fn overwrite(rate: Rate) -> OverrideTerms {
        let overwrite_rate = Some(OverwriteRate { rate, credit_type_id: None });
        OverrideTerms { overwrite_rate, product_id: product(), ..new(Some(Overwrite)) }
    }

    fn multiplier(multiplier: i64) -> OverrideTerms {
        OverrideTerms { multiplier: Some(multiplier.into()), ..new(Some(Multiplier)) }
    }

    fn tiered(tiers: &[(Option<i64>, i64)]) -> OverrideTerms {
        let tier = |(size, multiplier): &(Option<i64>, i64)| OverrideTier {
            size: size.map(Amount::from),
            multiplier: (*multiplier).into(),
        };
        let tiers = tiers.iter().map(tier).collect();
        OverrideTerms { tiers, priority: Some(1.into()), ..new(Some(Tiered)) }
    }

    fn with(terms: OverrideTerms, specifier: OverrideSpecifier) -> OverrideTerms {
        OverrideTerms { product_id: None, override_specifiers: vec![specifier], ..terms }
    }

    fn fields(terms: &OverrideTerms, prioritization: OverridePrioritization) -> Vec<String> {
        let field = |fault| match fault {
            Fault::Field { field, .. } => field.strip_prefix("overrides[0].").unwrap().to_owned(),
            other => panic!("{other}"),
        };
        faults("overrides[0].", terms, prioritization).into_iter().map(field).collect()
    }

    #[test]
    fn each_type_has_its_fields_and_no_others() {
        let entitled = OverrideTerms { entitled: Some(true), ..new(None) };
        for (terms, prioritization) in [
            (multiplier(0), LowestMultiplier),
            (OverrideTerms { priority: Some(2.into()), ..multiplier(1) }, Explicit),
            (overwrite(Rate::flat(5.into())), LowestMultiplier),
            (tiered(&[(Some(10), 1), (Some(10), 0)]), Explicit),
            (tiered(&[(None, 1)]), Explicit),
            (entitled.clone(), LowestMultiplier),
        ] {
            assert_eq!(fields(&terms, prioritization), [""; 0], "{terms:?}");
        }
        let nothing = [
            (new(None), vec!["entitled"]),
            (new(Some(Multiplier)), vec!["multiplier", "priority"]),
            (new(Some(Overwrite)), vec!["overwrite_rate", "product_id"]),
            (new(Some(Tiered)), vec!["tiers", "priority"]),
        ];
        let others = [
            (
                OverrideTerms { multiplier: Some(1.into()), ..overwrite(Rate::flat(5.into())) },
                vec!["multiplier"],
            ),
            (OverrideTerms { priority: Some(1.into()), ..entitled }, vec!["priority"]),
            (
                OverrideTerms {
                    tiers: tiered(&[(None, 1)]).tiers,
                    priority: Some(1.into()),
                    ..multiplier(1)
                },
                vec!["tiers"],
            ),
            (OverrideTerms { priority: Some(0.into()), ..multiplier(-1) }, vec!["multiplier", "priority"]),
            (
                overwrite(Rate { is_prorated: Some(true), ..Rate::flat((-5).into()) }),
                vec!["overwrite_rate.price", "overwrite_rate.is_prorated"],
            ),
            (
                tiered(&[(None, 1), (Some(0), -1)]),
                vec!["tiers[0].size", "tiers[1].size", "tiers[1].multiplier"],
            ),
        ];
        for (terms, wrong) in nothing.into_iter().chain(others) {
            assert_eq!(fields(&terms, Explicit), wrong, "{terms:?}");
        }
        assert_eq!(fields(&tiered(&[(None, 1)]), LowestMultiplier), ["type"]);
        let end = Some("2024-11-01T00:00:00Z".parse().unwrap());
        let target = Some(RateChoice::ListRate);
        let terms = OverrideTerms { ending_before: end, target, ..multiplier(1) };
        assert_eq!(fields(&terms, LowestMultiplier), ["ending_before", "target"]);
    }

    #[test]
    fn products_are_named_in_one_way_and_those_of_an_overwrite_by_their_ids() {
        let tags = vec!["cloud".to_owned()];
        let of_tags = OverrideSpecifier { product_tags: tags.clone(), ..OverrideSpecifier::default() };
        let both =
            OverrideTerms { product_id: product(), applicable_product_tags: tags.clone(), ..multiplier(1) };
        assert_eq!(fields(&both, LowestMultiplier), ["applicable_product_tags"]);
        let all = OverrideTerms { override_specifiers: vec![of_tags.clone()], ..both };
        assert_eq!(fields(&all, LowestMultiplier), ["applicable_product_tags", "override_specifiers"]);

        let five = || overwrite(Rate::flat(5.into()));
        let tagged = OverrideTerms { product_id: None, applicable_product_tags: tags, ..five() };
        assert_eq!(fields(&tagged, LowestMultiplier), ["applicable_product_tags"]);
        assert_eq!(fields(&with(five(), of_tags), LowestMultiplier), ["override_specifiers[0].product_id"]);
    }

    #[test]
    fn commits_are_named_where_one_pays_and_with_what_they_pay_for() {
        let ids = || vec!["prepaid".to_owned()];
        let bare = OverrideSpecifier { commit_ids: ids(), ..OverrideSpecifier::default() };
        let field = "override_specifiers[0].commit_ids";
        assert_eq!(fields(&with(multiplier(1), bare.clone()), LowestMultiplier), [field, field]);
        let specific = OverrideTerms { is_commit_specific: true, ..multiplier(1) };
        let full = OverrideSpecifier { product_id: product(), ..bare };
        assert_eq!(fields(&with(specific.clone(), full.clone()), LowestMultiplier), [""; 0]);
        let any = OverrideSpecifier { any_commit_or_credit_ids: ids(), exclude: vec![vec![]], ..full };
        assert_eq!(
            fields(&with(specific, any), LowestMultiplier),
            [
                "override_specifiers[0].any_commit_or_credit_ids",
                "override_specifiers[0].exclude[0].product_tags",
            ]
        );
    }
}
