//! Whether an alert covers a contract, commit or credit, by its values and those of its contract.

use std::collections::BTreeMap;

use crate::entity::ManagedEntity;
use crate::model::alert::{AlertEntity, AlertSpecifier, CreateAlert, Filter};
use crate::model::balance::AccessType;

type Values = BTreeMap<String, String>;

/// A contract; or a commit or credit with one of the contracts that it is applicable to.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    pub entity: ManagedEntity,
    /// What usage takes from a commit or credit; `None` for a contract.
    pub access_type: Option<AccessType>,
    pub values: &'a Values,
    /// The values of the contract: for a contract its own.
    pub contract: Option<&'a Values>,
}

/// Whether an alert that is in use covers it.
pub fn covers(alert: &CreateAlert, of: Standing<'_>) -> bool {
    alert.alert_type.covers().contains(&of.entity)
        && of.access_type.is_none_or(|own| alert.counted_access().is_none_or(|asked| asked == own))
        && fit(alert.custom_field_filters.iter().map(Filter::from), of)
        && (alert.alert_specifiers.is_empty() || alert.alert_specifiers.iter().any(|by| specified(by, of)))
}

fn specified(specifier: &AlertSpecifier, of: Standing<'_>) -> bool {
    let excluded = |filters: &Vec<_>| fit(filters.iter().map(Filter::from), of);
    fit(specifier.filters.iter().map(Filter::from), of) && !specifier.exclude.iter().any(excluded)
}

/// The value by which an alert looks at what it covers; `None` where it looks at all of it together.
pub fn value<'a>(alert: &CreateAlert, of: Standing<'a>) -> Option<&'a str> {
    held(alert.by_value()?.into(), of)
}

fn fit<'f>(filters: impl Iterator<Item = Filter<'f>> + Clone, of: Standing<'_>) -> bool {
    concerns(filters.clone(), of.entity)
        && filters
            .filter(|filter| applies(*filter, of.entity))
            .all(|filter| held(filter, of).is_some_and(|held| filter.value.is_none_or(|asked| asked == held)))
}

/// Whether a list of filters can fit instances of an entity: not where it asks something of others alone.
pub fn concerns<'f>(filters: impl Iterator<Item = Filter<'f>> + Clone, entity: ManagedEntity) -> bool {
    let mut of_balances = filters.filter(|filter| filter.entity != AlertEntity::Contract).peekable();
    of_balances.peek().is_none() || of_balances.any(|filter| applies(filter, entity))
}

/// Whether a filter asks anything of instances of an entity, or of their contract.
fn applies(filter: Filter<'_>, entity: ManagedEntity) -> bool {
    filter.entity == AlertEntity::Contract || filter.entity.entities().contains(&entity)
}

/// The value that a filter is about.
fn held<'a>(filter: Filter<'_>, of: Standing<'a>) -> Option<&'a str> {
    let values = if filter.entity == AlertEntity::Contract { of.contract? } else { of.values };
    values.get(filter.key).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::{AlertFilter, AlertSpecifierFilter, AlertType};
    use crate::model::scalar::Amount;

    use AlertEntity::{Commit, Contract, Credit, CreditOrCommit};
    use ManagedEntity::{Commit as ACommit, Contract as AContract, ContractCredit as ACredit};

    fn values(written: &str) -> Values {
        let pairs = written.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn filters(written: &[(AlertEntity, &str)]) -> Vec<AlertFilter> {
        let filter = |(entity, pair): &(AlertEntity, &str)| {
            values(pair).into_iter().map(|(key, value)| AlertFilter::new(*entity, key, value)).next().unwrap()
        };
        written.iter().map(filter).collect()
    }

    fn alert(written: &[(AlertEntity, &str)], specifiers: Vec<AlertSpecifier>) -> CreateAlert {
        let both = AlertType::LowRemainingCreditAndCommitBalance;
        CreateAlert {
            custom_field_filters: filters(written),
            alert_specifiers: specifiers,
            ..CreateAlert::new(both, "alert", Amount::ZERO)
        }
    }

    fn specifier(include: &[(AlertEntity, &str)], exclude: &[&[(AlertEntity, &str)]]) -> AlertSpecifier {
        AlertSpecifier {
            filters: filters(include).into_iter().map(Into::into).collect(),
            exclude: exclude.iter().map(|written| filters(written)).collect(),
        }
    }

    fn is_covered(alert: &CreateAlert, entity: ManagedEntity, own: &str, contract: Option<&str>) -> bool {
        let (contract, access_type) = (contract.map(values), Some(AccessType::Spend));
        covers(alert, Standing { entity, access_type, values: &values(own), contract: contract.as_ref() })
    }

    #[test]
    fn filters_have_to_fit_all_and_name_the_kinds_of_balances_that_are_covered() {
        let of_commits = alert(&[(Commit, "a=1"), (Commit, "b=2")], Vec::new());
        assert!(is_covered(&of_commits, ACommit, "a=1 b=2 c=3", None));
        assert!(!is_covered(&of_commits, ACommit, "a=1", None));
        assert!(!is_covered(&of_commits, ACommit, "a=1 b=1", None));
        assert!(!is_covered(&of_commits, ACredit, "a=1 b=2", None), "nothing is asked of credits");
        let of_either = alert(&[(CreditOrCommit, "a=1")], Vec::new());
        assert!([ACommit, ACredit].iter().all(|entity| is_covered(&of_either, *entity, "a=1", None)));
        assert!(!is_covered(&of_either, AContract, "a=1", Some("a=1")), "the type covers no contracts");
    }

    #[test]
    fn a_balance_counts_where_usage_takes_from_it_what_the_alert_looks_at() {
        use AccessType::{Quantity, Spend};
        use AlertType::{LowRemainingDaysForCommitSegment as Days, LowRemainingSeatBalance as Seats};
        let counts = |alert_type, asked, entity, access_type| {
            let alert =
                CreateAlert { access_type: asked, ..CreateAlert::new(alert_type, "alert", Amount::ZERO) };
            let (values, contract) = (&Values::new(), None);
            covers(&alert, Standing { entity, access_type, values, contract })
        };
        let both = AlertType::LowRemainingCreditAndCommitPercentage;
        for (asked, own, expected) in [
            (None, Spend, true),
            (None, Quantity, false),
            (Some(Spend), Quantity, false),
            (Some(Quantity), Spend, false),
            (Some(Quantity), Quantity, true),
        ] {
            assert_eq!(counts(both, asked, ACommit, Some(own)), expected, "{asked:?} {own}");
            assert_eq!(counts(both, asked, ACredit, Some(own)), expected, "{asked:?} {own}");
        }
        assert!(counts(Days, None, ACommit, Some(Quantity)), "days are left of either");
        assert!(counts(Seats, Some(Quantity), AContract, None), "contracts have no such thing");
    }

    #[test]
    fn what_is_asked_of_contracts_is_asked_of_that_of_a_balance() {
        let of_contracts = alert(&[(Contract, "a=1")], Vec::new());
        assert!(is_covered(&of_contracts, ACredit, "", Some("a=1")));
        assert!(!is_covered(&of_contracts, ACredit, "a=1", Some("a=2")));
        assert!(!is_covered(&of_contracts, ACredit, "a=1", None), "it stands on no contract");
        let of_both = alert(&[(Contract, "a=1"), (Commit, "a=1")], Vec::new());
        assert!(is_covered(&of_both, ACommit, "a=1", Some("a=1")));
        assert!(!is_covered(&of_both, ACommit, "a=2", Some("a=1")));
        assert!(!is_covered(&of_both, ACredit, "a=1", Some("a=1")));
    }

    #[test]
    fn one_of_several_specifiers_is_enough_besides_the_filters() {
        let either = alert(
            &[(CreditOrCommit, "a=1")],
            vec![specifier(&[(Commit, "b=1")], &[]), specifier(&[(Credit, "c=1")], &[])],
        );
        assert!(is_covered(&either, ACommit, "a=1 b=1", None));
        assert!(is_covered(&either, ACredit, "a=1 c=1", None));
        assert!(!is_covered(&either, ACommit, "a=1 c=1", None));
        assert!(!is_covered(&either, ACommit, "b=1", None));
    }

    #[test]
    fn an_exclusion_leaves_out_what_all_of_its_filters_fit() {
        let out: [&[_]; 2] = [&[(Commit, "b=1"), (Commit, "c=1")], &[(Credit, "d=1")]];
        let without = alert(&[], vec![specifier(&[(CreditOrCommit, "a=1")], &out)]);
        assert!(is_covered(&without, ACommit, "a=1 b=1", None));
        assert!(!is_covered(&without, ACommit, "a=1 b=1 c=1", None));
        assert!(is_covered(&without, ACredit, "a=1 b=1 c=1", None), "that exclusion is about commits");
        assert!(!is_covered(&without, ACredit, "a=1 d=1", None));
        let all_but = alert(&[], vec![specifier(&[], &[&[(Contract, "a=1")]])]);
        assert!(is_covered(&all_but, ACommit, "", None));
        assert!(!is_covered(&all_but, ACommit, "", Some("a=1")));
    }

    #[test]
    fn each_value_is_told_of_the_balance_or_of_its_contract() {
        let each = |entity| {
            let filters = vec![AlertSpecifierFilter { entity, key: "a".into(), value: None }];
            alert(&[], vec![AlertSpecifier { filters, exclude: Vec::new() }])
        };
        let (own, contract) = (values("a=1"), values("a="));
        let of = Standing { entity: ACommit, access_type: None, values: &own, contract: Some(&contract) };
        assert_eq!((covers(&each(Commit), of), value(&each(Commit), of)), (true, Some("1")));
        assert_eq!((covers(&each(Contract), of), value(&each(Contract), of)), (true, Some("")));
        assert!(!is_covered(&each(Commit), ACommit, "b=1", None));
        assert_eq!(value(&alert(&[], Vec::new()), of), None);
    }
}
