//! What of an invoice's values goes into Stripe's metadata, and what does not. See [`StripeMetadata`].

use std::collections::BTreeMap;

use crate::entity::EntityRef;
use crate::model::invoice::{Invoice, InvoiceLine};
use crate::model::stripe::{
    LeftOut, MAX_STRIPE_KEY_CHARACTERS, MAX_STRIPE_KEYS, MAX_STRIPE_VALUE_CHARACTERS, StripeLine,
    StripeMetadata, StripeObject, StripeProblem,
};

/// An instance, and the values that it passes down.
type Source<'v> = (EntityRef, &'v BTreeMap<String, String>);

/// The metadata of an invoice and its lines.
pub fn metadata(invoice: &Invoice) -> StripeMetadata {
    let passing = |from: EntityRef| (from, invoice.passed_down_by(from));
    let own = (invoice.id.into(), &invoice.custom_fields);
    let above = [invoice.contract_id.into(), invoice.customer_id.into()].map(passing);
    let mut left_out = Vec::new();
    StripeMetadata {
        invoice: merged(StripeObject::Invoice, [own].into_iter().chain(above), &mut left_out),
        lines: invoice.lines.iter().map(|line| of_line(line, passing, &mut left_out)).collect(),
        left_out,
    }
}

fn of_line<'v>(
    line: &InvoiceLine,
    passing: impl Fn(EntityRef) -> Source<'v>,
    left_out: &mut Vec<LeftOut>,
) -> StripeLine {
    let product = line.product.as_ref().map(|product| product.id.into());
    let sources = line.source.passes_down().into_iter().chain(product).map(passing);
    StripeLine { id: line.id, metadata: merged(StripeObject::Line(line.id), sources, left_out) }
}

/// What of several sources' values goes into the metadata of one thing: the first source decides where they differ.
fn merged<'v>(
    on: StripeObject,
    sources: impl IntoIterator<Item = Source<'v>>,
    left_out: &mut Vec<LeftOut>,
) -> BTreeMap<String, String> {
    let mut kept: BTreeMap<&str, (&str, EntityRef)> = BTreeMap::new();
    for (from, values) in sources {
        for (key, value) in values {
            let mut problems = problems(key, value);
            if problems.is_empty() {
                problems.extend(crowded_out(&kept, key, value));
            }
            if problems.is_empty() {
                kept.entry(key).or_insert((value, from));
            }
            let left = |why| LeftOut { on, from, key: key.clone(), value: value.clone(), why };
            left_out.extend(problems.into_iter().map(left));
        }
    }
    kept.into_iter().map(|(key, (value, _))| (key.to_owned(), value.to_owned())).collect()
}

/// Why Stripe does not take a value, whatever else there is.
fn problems(key: &str, value: &str) -> Vec<StripeProblem> {
    let longer = |text: &str, most: usize| Some(text.chars().count()).filter(|characters| *characters > most);
    let too_long =
        longer(key, MAX_STRIPE_KEY_CHARACTERS).map(|characters| StripeProblem::KeyTooLong { characters });
    let bracket = key
        .chars()
        .position(|character| matches!(character, '[' | ']'))
        .map(|at| StripeProblem::KeyHasBracket { at });
    let empty = value.is_empty().then_some(StripeProblem::ValueEmpty);
    let value_too_long = longer(value, MAX_STRIPE_VALUE_CHARACTERS)
        .map(|characters| StripeProblem::ValueTooLong { characters });
    [too_long, bracket, empty, value_too_long].into_iter().flatten().collect()
}

/// Why there is no place for a value beside those that are kept.
fn crowded_out(kept: &BTreeMap<&str, (&str, EntityRef)>, key: &str, value: &str) -> Option<StripeProblem> {
    match kept.get(key) {
        Some((held, by)) => (*held != value).then_some(StripeProblem::KeyTaken { by: *by }),
        None => (kept.len() >= MAX_STRIPE_KEYS).then_some(StripeProblem::TooManyKeys),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{ContractId, CustomerId, ManagedEntity};
    use StripeProblem::{KeyHasBracket, KeyTaken, KeyTooLong, TooManyKeys, ValueEmpty, ValueTooLong};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn customer() -> EntityRef {
        CustomerId::from(Uuid::from_u128(1)).into()
    }

    fn contract() -> EntityRef {
        ContractId::from(Uuid::from_u128(2)).into()
    }

    fn values<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> BTreeMap<String, String> {
        pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
    }

    /// What is kept, and key and reason of what is not.
    fn told(
        sources: &[(EntityRef, BTreeMap<String, String>)],
    ) -> (BTreeMap<String, String>, Vec<(String, StripeProblem)>) {
        let mut left_out = Vec::new();
        let sources = sources.iter().map(|(from, values)| (*from, values));
        let kept = merged(StripeObject::Invoice, sources, &mut left_out);
        (kept, left_out.into_iter().map(|left| (left.key, left.why)).collect())
    }

    fn alone(key: &str, value: &str) -> Vec<StripeProblem> {
        let (kept, left_out) = told(&[(customer(), values([(key, value)]))]);
        assert_eq!(kept.is_empty(), !left_out.is_empty());
        left_out.into_iter().map(|(_, why)| why).collect()
    }

    #[test]
    fn the_limits_count_scalar_values_and_the_last_one_within_them_fits() {
        assert!(alone(&"\u{1f511}".repeat(40), &"\u{1f9fe}".repeat(500)).is_empty());
        assert_eq!(alone(&"\u{e9}".repeat(41), "x"), [KeyTooLong { characters: 41 }]);
        assert_eq!(alone("key", &"\u{e9}".repeat(501)), [ValueTooLong { characters: 501 }]);
        // A letter with a mark of its own is two.
        assert_eq!(alone(&"e\u{301}".repeat(21), "x"), [KeyTooLong { characters: 42 }]);
    }

    #[test]
    fn every_problem_of_a_value_is_told() {
        assert_eq!(alone("\u{e9}a]b[", "x"), [KeyHasBracket { at: 2 }]);
        assert_eq!(alone("key", ""), [ValueEmpty]);
        let long = format!("[{}", "k".repeat(40));
        assert_eq!(alone(&long, ""), [KeyTooLong { characters: 41 }, KeyHasBracket { at: 0 }, ValueEmpty]);
    }

    #[test]
    fn the_first_source_decides_and_the_same_value_is_no_conflict() {
        let sources = [
            (contract(), values([("region", "EU"), ("tier", "gold"), ("note", "")])),
            (customer(), values([("region", "US"), ("tier", "gold"), ("note", "from the customer")])),
        ];
        let (kept, left_out) = told(&sources);
        // What Stripe does not take stands in nobody's way.
        assert_eq!(kept, values([("note", "from the customer"), ("region", "EU"), ("tier", "gold")]));
        let expected = [("note", ValueEmpty), ("region", KeyTaken { by: contract() })];
        assert_eq!(left_out, expected.map(|(key, why)| (key.to_owned(), why)));
    }

    #[test]
    fn of_too_many_keys_those_of_the_first_source_are_kept_and_then_by_key() {
        let numbered = |prefix: &str, count: u8| values((0..count).map(|n| (format!("{prefix}{n:02}"), "x")));
        let mut of_customer = numbered("a", 20);
        of_customer.insert("z00".to_owned(), "other".to_owned());
        let (kept, left_out) = told(&[(contract(), numbered("z", 40)), (customer(), of_customer)]);
        assert_eq!(kept.len(), 50);
        assert!(kept.contains_key("z39") && kept.contains_key("a09"));
        let beyond = (10..20).map(|n| (format!("a{n:02}"), TooManyKeys));
        let taken = ("z00".to_owned(), KeyTaken { by: contract() });
        assert_eq!(left_out, beyond.chain([taken]).collect::<Vec<_>>());
    }

    /// Few keys, so that sources share them, and many, so that they are too many.
    fn some_values() -> impl Strategy<Value = BTreeMap<String, String>> {
        let key = prop_oneof![
            4 => (0..60_u8).prop_map(|n| format!("k{n}")),
            1 => prop::sample::select(vec!["a[0]".to_owned(), "k".repeat(41), "\u{1f511}".repeat(40)]),
        ];
        let value = prop_oneof![4 => "[xy]", 1 => Just(String::new()), 1 => (498..503_usize).prop_map(|n| "v".repeat(n))];
        prop::collection::btree_map(key, value, 0..50)
    }

    /// What Stripe's page on metadata says of one pair, and that an empty value deletes.
    fn fits(key: &str, value: &str) -> bool {
        let value_fits = (1..=500).contains(&value.chars().count());
        key.chars().count() <= 40 && !key.contains(['[', ']']) && value_fits
    }

    proptest! {
        #[test]
        fn each_value_is_kept_or_told_of_and_the_first_fifty_keys_are_kept(
            all in prop::collection::vec(some_values(), 0..4),
        ) {
            let named = |number: usize| EntityRef::from((ManagedEntity::Commit, Uuid::from_u128(number as u128)));
            let sources: Vec<_> = all.into_iter().enumerate().map(|(n, values)| (named(n), values)).collect();
            let mut left_out = Vec::new();
            let borrowed = sources.iter().map(|(from, values)| (*from, values));
            let kept = merged(StripeObject::Invoice, borrowed, &mut left_out);
            let mut expected: Vec<(&String, &String)> = Vec::new();
            let mut missing = Vec::new();
            for (from, values) in &sources {
                for (key, value) in values {
                    let held = expected.iter().find(|(held, _)| *held == key);
                    if fits(key, value) && held.is_none() && expected.len() < 50 {
                        expected.push((key, value));
                    } else if held != Some(&(key, value)) {
                        missing.push((*from, key, value));
                    }
                }
            }
            prop_assert_eq!(&kept, &values(expected.into_iter().map(|(key, value)| (key.as_str(), value.as_str()))));
            let mut told: Vec<_> = left_out.iter().map(|left| (left.from, &left.key, &left.value)).collect();
            told.dedup();
            prop_assert_eq!(told, missing);
            for left in &left_out {
                match left.why {
                    KeyTaken { by } => {
                        let holder = sources.iter().find(|(from, _)| *from == by).map(|(_, values)| values);
                        prop_assert_eq!(holder.and_then(|values| values.get(&left.key)), kept.get(&left.key));
                        prop_assert_ne!(kept.get(&left.key), Some(&left.value));
                    }
                    TooManyKeys => prop_assert!(kept.len() == 50 && !kept.contains_key(&left.key)),
                    _ => prop_assert!(!fits(&left.key, &left.value)),
                }
            }
        }
    }
}
