//! Which usage counts on a contract, and when its filters are in force.

use std::collections::BTreeMap;

use super::rate::{Window, effective_end};
use crate::error::{Fault, FieldProblem};
use crate::model::scalar::Time;
use crate::model::usage_filter::{UsageFilter, UsageFilterSegment};

/// The filters with their ends, by start. Of several with the same start the last one is in force; those that are
/// never in force, because the contract ends before, are left out.
pub fn segments(filters: &[UsageFilter], contract_end: Option<Time>) -> Vec<UsageFilterSegment> {
    let by_start: BTreeMap<Time, &UsageFilter> =
        filters.iter().map(|filter| (filter.starting_at, filter)).collect();
    let next = by_start.keys().skip(1).copied().map(Some).chain([None]);
    let segments = by_start.values().zip(next).map(|(filter, next)| UsageFilterSegment {
        filter: (*filter).clone(),
        ending_before: effective_end(contract_end, next),
    });
    segments
        .filter(|segment| segment.ending_before.is_none_or(|end| segment.filter.starting_at < end))
        .collect()
}

/// Whether usage of that moment with these properties counts on a contract: all usage of its time does where no
/// filter is in force then.
pub fn counts(
    contract_start: Time,
    contract_end: Option<Time>,
    in_force: Option<&UsageFilter>,
    at: Time,
    properties: &BTreeMap<String, String>,
) -> bool {
    let passes = |filter: &UsageFilter| {
        properties.get(&filter.group_key).is_some_and(|value| filter.group_values.contains(value))
    };
    Window::at(at).overlaps(contract_start, contract_end) && in_force.is_none_or(passes)
}

/// What is wrong with a filter for a contract of that time; `at` stands in front of the names of its fields. It may
/// begin at any moment of it, on the hour or not.
pub fn faults(
    at: &str,
    filter: &UsageFilter,
    contract_start: Time,
    contract_end: Option<Time>,
) -> Vec<Fault> {
    let start = filter.starting_at;
    let rule = if start < contract_start {
        Some("it is not before the contract's start")
    } else if contract_end.is_some_and(|end| end <= start) {
        Some("it is before the contract's end")
    } else {
        None
    };
    let mut faults = filter.check(at);
    faults.extend(
        rule.map(|rule| {
            FieldProblem::Value { value: start.to_string(), rule }.at(format!("{at}starting_at"))
        }),
    );
    faults
}

/// What a USAGE product tells apart, and what its metric can.
#[derive(Debug, Clone, Copy)]
pub struct Metered<'m> {
    /// The product's pricing group key.
    pub pricing_group_key: &'m [String],
    /// The product's presentation group key.
    pub presentation_group_key: &'m [String],
    /// What the metric can tell apart.
    pub by: MetricGroups<'m>,
}

/// The properties that a metric can tell usage apart by.
#[derive(Debug, Clone, Copy)]
pub enum MetricGroups<'m> {
    /// An SQL metric: any property of its events.
    Sql,
    /// An aggregation: those of any one of its group keys.
    Streaming(&'m [Vec<String>]),
}

/// Whether a product's usage can be told apart by a property besides the product's own keys: all of them stand in
/// one group key of its metric. Source: the seed "Provision a customer".
pub fn group_key_known(group_key: &str, product: &Metered<'_>) -> bool {
    let MetricGroups::Streaming(keys) = product.by else { return true };
    let has = |key: &[String], wanted: &str| key.iter().any(|name| name == wanted);
    let own = || product.pricing_group_key.iter().chain(product.presentation_group_key);
    keys.iter().any(|key| has(key, group_key) && own().all(|name| has(key, name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn hour(hour: u64) -> Time {
        Time::UNIX_EPOCH.after(Duration::from_secs(hour * 3_600))
    }

    /// The filter that is in force at a moment of the contract; `None` before the first one begins.
    fn in_force(filters: &[UsageFilter], at: Time) -> Option<&UsageFilter> {
        // Of equals the last one is the highest here.
        filters.iter().filter(|filter| filter.starting_at <= at).max_by_key(|filter| filter.starting_at)
    }

    fn region(value: &str) -> BTreeMap<String, String> {
        [("region".to_owned(), value.to_owned())].into()
    }

    /// The seed's customer: usage of the EU division goes over to the US contract with the year 2025. The EU contract
    /// ends then, because its filter would go on to count that usage a second time.
    #[test]
    fn the_usage_of_a_division_goes_over_to_another_contract() {
        let start = time("2024-10-01T00:00:00Z");
        let change = time("2025-01-01T00:00:00Z");
        let filter = |values: &[&str], at| UsageFilter::new("region", values.iter().copied(), at);
        let contracts = [
            ("US", None, vec![filter(&["US", "EU"], change), filter(&["US"], start)]),
            ("EU", Some(change), vec![filter(&["EU"], start)]),
            ("APAC", None, vec![filter(&["APAC"], start)]),
        ];
        let routed = |at: Time, properties: &BTreeMap<String, String>| -> Vec<&str> {
            let counting = contracts
                .iter()
                .filter(|(_, end, filters)| counts(start, *end, in_force(filters, at), at, properties));
            counting.map(|(name, ..)| *name).collect()
        };
        let before = time("2024-12-31T23:59:59.999Z");
        for (at, value, contract) in [
            (before, "US", vec!["US"]),
            (before, "EU", vec!["EU"]),
            (before, "APAC", vec!["APAC"]),
            (change, "US", vec!["US"]),
            (change, "EU", vec!["US"]),
            (change, "APAC", vec!["APAC"]),
            (change, "LATAM", vec![]),
            (time("2024-09-30T23:59:59Z"), "US", vec![]),
        ] {
            assert_eq!(routed(at, &region(value)), contract, "{value} at {at}");
        }
        assert!(routed(change, &BTreeMap::new()).is_empty());
        let eu = &contracts[1].2;
        assert!(counts(start, None, in_force(eu, change), change, &region("EU")));

        let read = segments(&contracts[0].2, None);
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].filter.starting_at, read[0].ending_before), (start, Some(change)));
        assert_eq!((read[1].filter.starting_at, read[1].ending_before), (change, None));
        assert_eq!(segments(&contracts[0].2, Some(change)).len(), 1);
    }

    #[test]
    fn a_filter_begins_within_its_contract() {
        let filter = |at| UsageFilter::new("region", ["US"], at);
        let check = |at| faults("usage_filter.", &filter(at), hour(10), Some(hour(20)));
        assert!(check(hour(10)).is_empty());
        assert!(check(hour(19)).is_empty());
        for wrong in [hour(9), hour(20)] {
            let [Fault::Field { field, .. }] = &check(wrong)[..] else { panic!("one fault") };
            assert_eq!(field, "usage_filter.starting_at");
        }
        let nothing = UsageFilter::new("", Vec::<String>::new(), hour(9));
        assert_eq!(faults("", &nothing, hour(10), None).len(), 3);
    }

    #[test]
    fn the_key_stands_in_one_group_key_with_those_of_the_product() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let keys = [names(&["region"]), names(&["cloud", "tier"]), names(&["tier", "division", "cloud"])];
        let (priced, shown) = (names(&["cloud"]), names(&["tier"]));
        let plain = Metered {
            pricing_group_key: &[],
            presentation_group_key: &[],
            by: MetricGroups::Streaming(&keys),
        };
        let grouped = Metered { pricing_group_key: &priced, presentation_group_key: &shown, ..plain };
        assert!(group_key_known("region", &plain));
        assert!(!group_key_known("customer", &plain));
        assert!(!group_key_known("region", &grouped));
        assert!(group_key_known("division", &grouped));
        assert!(group_key_known("tier", &grouped));
        assert!(group_key_known("anything", &Metered { by: MetricGroups::Sql, ..grouped }));
    }

    proptest! {
        #[test]
        fn what_counts_is_what_the_segments_say(
            filters in prop::collection::vec((0..12_u64, 0..4_u8), 0..6),
            end in prop::option::of(1..14_u64),
            at in 0..16_u64,
            value in 0..4_u8,
        ) {
            let filters: Vec<_> =
                filters.iter().map(|(start, value)| UsageFilter::new("region", [value.to_string()], hour(*start))).collect();
            let (end, at) = (end.map(hour), hour(at));
            let read = segments(&filters, end);
            prop_assert!(read.windows(2).all(|pair| pair[0].ending_before == Some(pair[1].filter.starting_at)));
            prop_assert!(read.last().is_none_or(|last| last.ending_before == end));
            let holding: Vec<_> = read.iter().filter(|segment| {
                segment.filter.starting_at <= at && segment.ending_before.is_none_or(|end| at < end)
            }).collect();
            let inside = end.is_none_or(|end| at < end);
            let mut last: Option<&UsageFilter> = None;
            for filter in &filters {
                if filter.starting_at <= at && last.is_none_or(|last| last.starting_at <= filter.starting_at) {
                    last = Some(filter);
                }
            }
            prop_assert_eq!(holding.first().map(|segment| &segment.filter), last.filter(|_| inside));
            prop_assert!(holding.len() <= 1);
            let wanted = inside && last.is_none_or(|last| last.group_values.contains(&value.to_string()));
            let found = counts(hour(0), end, in_force(&filters, at), at, &region(&value.to_string()));
            prop_assert_eq!(found, wanted);
        }
    }
}
