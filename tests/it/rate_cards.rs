//! Rate cards and their aliases.

use billfold::prelude::*;
use billfold::{FieldProblem, MAX_CREDIT_TYPE_CONVERSIONS, MAX_SCHEDULED_ALIASES};
use uuid::Uuid;

use crate::support::disk::{Access, Disk};
use crate::support::{every, fault, faults};

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// Midnight of that day of January 2025.
fn day(day: u32) -> Time {
    time(&format!("2025-01-{day:02}T00:00:00Z"))
}

/// The alias `paygo` for these days of January 2025; 0 is no limit.
fn alias(from: u32, to: u32) -> ScheduledAlias {
    let some = |n: u32| (n > 0).then(|| day(n));
    ScheduledAlias { name: "paygo".into(), starting_at: some(from), ending_before: some(to) }
}

fn card(store: &Store, aliases: &[ScheduledAlias]) -> RateCardId {
    let request = CreateRateCard { name: "a card".into(), aliases: aliases.to_vec(), ..Default::default() };
    store.create_rate_card(request).unwrap()
}

fn set_aliases(store: &Store, card: RateCardId, aliases: &[ScheduledAlias]) -> Result<(), Error> {
    store.update_rate_card(card, UpdateRateCard { aliases: Some(aliases.to_vec()), ..Default::default() })
}

fn conversion(unit: u128, worth: i64) -> CreditTypeConversion {
    CreditTypeConversion {
        custom_credit_type_id: Uuid::from_u128(unit).into(),
        fiat_per_custom_credit: worth.into(),
    }
}

#[track_caller]
fn field<T: std::fmt::Debug>(result: Result<T, Error>) -> (String, FieldProblem) {
    match fault(result) {
        Fault::Field { field, problem } => (field, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_card_is_read_back_as_it_was_made() {
    let clock = SetClock::default();
    clock.set(day(1));
    let store = StoreOptions::new().clock_from(&clock).in_memory().unwrap();
    store.add_key(ManagedEntity::RateCard, "region", KeyKind::Enforced).unwrap();
    let about = About { actor: Some("pricing".into()), reason: None };
    let id = store
        .write_as(about, |tx| {
            tx.create_rate_card(CreateRateCard {
                name: "Base usage products".into(),
                description: Some("for everybody".into()),
                fiat_credit_type_id: Some(CreditType::EUR),
                credit_type_conversions: vec![conversion(7, 2)],
                aliases: vec![alias(0, 0)],
                custom_fields: [("region", "EU")].into(),
            })
        })
        .unwrap();
    let card = store.rate_card(id).unwrap();
    assert_eq!((card.id, card.name.as_str()), (id, "Base usage products"));
    assert_eq!(card.description.as_deref(), Some("for everybody"));
    assert_eq!((card.fiat_credit_type.id, card.fiat_credit_type.name.as_str()), (CreditType::EUR, "EUR"));
    assert_eq!(card.credit_type_conversions, [conversion(7, 2)]);
    assert_eq!(card.aliases, [alias(0, 0)]);
    assert_eq!(card.custom_fields["region"], "EU");
    assert_eq!((card.created_at, card.created_by.as_deref()), (day(1), Some("pricing")));
    assert_eq!(card.archived_at, None);
    assert_eq!(store.find("region", "EU").unwrap(), Some(id));
}

#[test]
fn a_card_is_in_cents_where_nothing_is_said_and_an_unknown_unit_is_named_by_its_id() {
    let store = Store::in_memory().unwrap();
    let id = card(&store, &[]);
    let read = store.rate_card(id).unwrap();
    assert_eq!(read.fiat_credit_type, CreditType::of(CreditType::USD_CENTS));
    assert_eq!((read.fiat_credit_type.name.as_str(), read.created_by), ("USD (cents)", None));
    let unknown = CreditTypeId::new(Uuid::from_u128(9));
    assert_eq!(CreditType::of(unknown).name, unknown.to_string());
}

#[test]
fn a_refused_card_leaves_no_row_no_alias_and_no_value() {
    let store = Store::in_memory().unwrap();
    store.add_key(ManagedEntity::RateCard, "region", KeyKind::Enforced).unwrap();
    let holder = store
        .create_rate_card(CreateRateCard {
            aliases: vec![alias(0, 0)],
            custom_fields: [("region", "EU")].into(),
            ..Default::default()
        })
        .unwrap();
    let refused = store.create_rate_card(CreateRateCard {
        aliases: vec![alias(2, 0)],
        custom_fields: [("region", "EU"), ("tear", "1")].into(),
        ..Default::default()
    });
    let faults = faults(refused);
    assert!(matches!(&faults[0], Fault::KeysNotRegistered { keys, .. } if *keys == ["tear"]), "{faults:?}");
    assert!(matches!(&faults[1], Fault::ValueTaken { holder: id, .. } if RateCardId::from(*id) == holder));
    assert_eq!(store.entities(ManagedEntity::RateCard, &PageRequest::default()).unwrap().items.len(), 1);
    assert_eq!(store.rate_card_by_alias("paygo", day(5)).unwrap(), Some(holder));
    assert_eq!(store.rate_card(holder).unwrap().aliases, [alias(0, 0)]);
}

#[test]
fn every_fault_of_a_card_is_named_at_once() {
    let store = Store::in_memory().unwrap();
    let named = |name: &str| ScheduledAlias::from(name);
    let faults = faults(store.create_rate_card(CreateRateCard {
        name: "n".repeat(1_001),
        description: Some("d".repeat(10_001)),
        credit_type_conversions: vec![conversion(1, 1), conversion(1, 0)],
        aliases: vec![named(""), named(&"a".repeat(129)), alias(3, 3), alias(0, 9), alias(8, 0)],
        custom_fields: [("unknown", "")].into(),
        ..Default::default()
    }));
    let fields: Vec<_> = faults
        .iter()
        .map(|fault| match fault {
            Fault::Field { field, .. } => field.as_str(),
            _ => "?",
        })
        .collect();
    let expected = [
        "name",
        "description",
        "credit_type_conversions[1].custom_credit_type_id",
        "credit_type_conversions[1].fiat_per_custom_credit",
        "aliases[0].name",
        "aliases[1].name",
        "aliases[2].ending_before",
        "aliases[4]",
        "?",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn what_is_just_within_the_limits_is_accepted() {
    let store = Store::in_memory().unwrap();
    let aliases = (0..MAX_SCHEDULED_ALIASES).map(|n| ScheduledAlias::from(format!("{n:0128}").as_str()));
    let conversions = (0..MAX_CREDIT_TYPE_CONVERSIONS).map(|n| conversion(n as u128, 1));
    let mut request = CreateRateCard {
        name: "n".repeat(1_000),
        description: Some("d".repeat(10_000)),
        credit_type_conversions: conversions.collect(),
        aliases: aliases.collect(),
        ..Default::default()
    };
    let id = store.create_rate_card(request.clone()).unwrap();
    assert_eq!(store.rate_card(id).unwrap().aliases.len(), MAX_SCHEDULED_ALIASES);
    let one_more =
        UpdateRateCard { add_credit_type_conversions: vec![conversion(u128::MAX, 1)], ..Default::default() };
    let too_many = FieldProblem::TooMany { items: 1_001, most: 1_000 };
    let refused = field(store.update_rate_card(id, one_more));
    assert_eq!(refused, ("add_credit_type_conversions".to_owned(), too_many.clone()));
    request.aliases.push("one more".into());
    assert_eq!(field(store.create_rate_card(request)), ("aliases".to_owned(), too_many));
}

#[test]
fn an_alias_leads_to_its_card_from_its_start_to_its_end() {
    let store = Store::in_memory().unwrap();
    let first = card(&store, &[alias(3, 5), alias(7, 0)]);
    let holders = |at| store.rate_card_by_alias("paygo", at).unwrap();
    assert_eq!(
        [2, 3, 4, 5, 6, 7, 31].map(|n| holders(day(n)).is_some()),
        [false, true, true, false, false, true, true]
    );
    assert_eq!(holders(time("2025-01-04T23:59:59.999999999Z")), Some(first));
    assert_eq!(holders(time("9999-12-30T00:00:00Z")), Some(first));
    assert_eq!(store.rate_card_by_alias("payg", day(4)).unwrap(), None);
    assert_eq!(store.rate_card_by_alias("paygo2", day(4)).unwrap(), None);

    let for_ever = ScheduledAlias::from("always");
    let second = card(&store, &[for_ever]);
    assert_eq!(store.rate_card_by_alias("always", time("-009998-01-01T00:00:00Z")).unwrap(), Some(second));
}

#[test]
fn the_last_assignment_cuts_the_earlier_cards_schedule() {
    // What the first card has, what the second takes, and what the first has then.
    let cases = [
        (vec![alias(0, 0)], alias(5, 0), vec![alias(0, 5)]),
        (vec![alias(0, 0)], alias(0, 0), vec![]),
        (vec![alias(2, 9)], alias(5, 7), vec![alias(2, 5)]),
        (vec![alias(2, 5)], alias(5, 7), vec![alias(2, 5)]),
        (vec![alias(7, 9)], alias(5, 7), vec![alias(7, 9)]),
        (vec![alias(2, 4), alias(5, 6), alias(7, 9)], alias(3, 8), vec![alias(2, 3)]),
        (vec![alias(5, 0)], alias(5, 6), vec![]),
        (vec![alias(0, 5)], alias(0, 3), vec![]),
    ];
    for (before, taken, left) in cases {
        let store = Store::in_memory().unwrap();
        let first = card(&store, &before);
        let revision = store.revision(first).unwrap();
        let second = card(&store, std::slice::from_ref(&taken));
        assert_eq!(store.rate_card(first).unwrap().aliases, left, "{before:?} {taken:?}");
        assert_eq!(store.rate_card(second).unwrap().aliases, [taken]);
        assert_eq!(
            store.revision(first).unwrap() > revision,
            before != left,
            "a cut is a change of the card"
        );
        for n in 1..=31 {
            let at = day(n);
            let holds = |card: RateCardId| {
                let holds = |alias: &ScheduledAlias| {
                    alias.starting_at.is_none_or(|start| start <= at)
                        && alias.ending_before.is_none_or(|end| at < end)
                };
                store.rate_card(card).unwrap().aliases.iter().any(holds)
            };
            let holder = [first, second].into_iter().find(|card| holds(*card));
            assert_eq!(store.rate_card_by_alias("paygo", at).unwrap(), holder, "{before:?} {at}");
        }
    }
}

#[test]
fn an_update_replaces_the_aliases_and_takes_those_of_others() {
    let store = Store::in_memory().unwrap();
    let first = card(&store, &[alias(0, 0), "old".into()]);
    let second = card(&store, &[]);
    set_aliases(&store, second, &[alias(9, 0)]).unwrap();
    assert_eq!(store.rate_card(first).unwrap().aliases, [alias(0, 9), "old".into()]);

    set_aliases(&store, first, &[alias(0, 9)]).unwrap();
    assert_eq!(store.rate_card_by_alias("old", day(1)).unwrap(), None);
    assert_eq!(store.rate_card_by_alias("paygo", day(1)).unwrap(), Some(first));

    // Given up, it does not go back to the card it was taken from.
    set_aliases(&store, second, &[]).unwrap();
    assert_eq!(store.rate_card_by_alias("paygo", day(10)).unwrap(), None);
    assert_eq!(store.rate_card(first).unwrap().aliases, [alias(0, 9)]);

    // A card's own times may be cut anew.
    set_aliases(&store, first, &[alias(0, 4), alias(4, 0)]).unwrap();
    assert_eq!(store.rate_card_by_alias("paygo", day(10)).unwrap(), Some(first));
}

#[test]
fn what_an_update_leaves_out_stays() {
    let store = Store::in_memory().unwrap();
    let id = card(&store, &[alias(0, 0)]);
    let described = UpdateRateCard { description: Some("new".into()), ..Default::default() };
    store.update_rate_card(id, described.clone()).unwrap();
    let read = store.rate_card(id).unwrap();
    assert_eq!((read.name.as_str(), read.description.as_deref()), ("a card", Some("new")));
    assert_eq!(read.aliases, [alias(0, 0)]);

    let revision = store.revision(id).unwrap();
    store.update_rate_card(id, described).unwrap();
    assert_eq!(store.revision(id).unwrap(), revision, "what changes nothing is no change");
    store.update_rate_card(id, UpdateRateCard { name: Some("named".into()), ..Default::default() }).unwrap();
    assert_eq!(store.rate_card(id).unwrap().name, "named");
    let nothing = field(store.update_rate_card(id, UpdateRateCard::default()));
    assert!(matches!(nothing, (_, FieldProblem::Missing { .. })), "{nothing:?}");
}

#[test]
fn conversions_are_added_and_never_changed() {
    let store = Store::in_memory().unwrap();
    let id = card(&store, &[]);
    let add = |conversions: &[CreditTypeConversion]| {
        let add_credit_type_conversions = conversions.to_vec();
        store.update_rate_card(id, UpdateRateCard { add_credit_type_conversions, ..Default::default() })
    };
    add(&[conversion(1, 10)]).unwrap();
    add(&[conversion(1, 10), conversion(2, 20)]).unwrap();
    let both = [conversion(1, 10), conversion(2, 20)];
    assert_eq!(store.rate_card(id).unwrap().credit_type_conversions, both);
    let (at, problem) = field(add(&[conversion(3, 30), conversion(2, 21)]));
    assert_eq!(at, "add_credit_type_conversions[1].custom_credit_type_id");
    assert!(matches!(problem, FieldProblem::Value { .. }));
    assert_eq!(store.rate_card(id).unwrap().credit_type_conversions, both);
}

#[test]
fn an_archived_card_keeps_its_aliases_and_gets_no_others() {
    let store = Store::in_memory().unwrap();
    let id = card(&store, &[alias(0, 5), alias(6, 0)]);
    store.archive(id).unwrap();
    assert!(store.rate_card(id).unwrap().archived_at.is_some());
    assert_eq!(store.rate_card_by_alias("paygo", day(1)).unwrap(), Some(id));
    let refused = fault(set_aliases(&store, id, &[alias(0, 5), "other".into()]));
    assert_eq!(refused, Fault::ReferenceArchived { field: "aliases".into(), target: id.into() });
    set_aliases(&store, id, &[alias(0, 5)]).unwrap();
    let successor = card(&store, &[alias(0, 0)]);
    assert_eq!(store.rate_card_by_alias("paygo", day(1)).unwrap(), Some(successor));
    assert!(matches!(fault(store.archive(id)), Fault::AlreadyArchived { .. }));
}

#[test]
fn lists_come_in_order_page_by_page_without_archived_and_adopted_cards() {
    let store = Store::in_memory().unwrap();
    let cards: Vec<_> = (0..7).map(|_| card(&store, &[])).collect();
    store.archive(cards[2]).unwrap();
    let adopted = RateCardId::from(Uuid::from_u128(1));
    store.adopt(adopted).unwrap();
    let list = |filter: ArchiveFilter, limit| -> Vec<RateCardId> {
        every(limit, |page| store.rate_cards(filter, page)).into_iter().map(|card| card.id).collect()
    };
    let active: Vec<_> = cards.iter().copied().filter(|id| *id != cards[2]).collect();
    for limit in 1..9 {
        assert_eq!(list(ArchiveFilter::NotArchived, limit), active);
        assert_eq!(list(ArchiveFilter::All, limit), cards);
    }
    let first = store.rate_cards(ArchiveFilter::NotArchived, &PageRequest::first(2)).unwrap();
    let mixed = store.rate_cards(ArchiveFilter::All, &PageRequest::after(first.next.unwrap(), 2));
    assert_eq!(fault(mixed), Fault::CursorOfAnotherQuestion);
    assert_eq!(fault(store.rate_card(adopted)), Fault::NothingButAnId { target: adopted.into() });
    let unknown = RateCardId::from(Uuid::from_u128(2));
    assert_eq!(fault(store.rate_card(unknown)), Fault::InstanceNotFound { target: unknown.into() });
}

#[test]
fn a_forgotten_card_frees_its_names() {
    let store = Store::in_memory().unwrap();
    let id = card(&store, &[alias(0, 0)]);
    store.forget(id).unwrap();
    assert_eq!(store.rate_card_by_alias("paygo", day(1)).unwrap(), None);
    let other = card(&store, &[alias(0, 0)]);
    assert_eq!(store.rate_card_by_alias("paygo", day(1)).unwrap(), Some(other));
}

#[test]
fn aliases_moved_in_a_transaction_that_stops_are_where_they_were() {
    let store = Store::in_memory().unwrap();
    let first = card(&store, &[alias(0, 0)]);
    let stopped = store.write(|tx| {
        let request = CreateRateCard { aliases: vec![alias(3, 0)], ..Default::default() };
        let second = tx.create_rate_card(request)?;
        assert_eq!(tx.rate_card_by_alias("paygo", day(4))?, Some(second));
        Err::<(), _>(Error::stop("no"))
    });
    assert!(stopped.is_err());
    assert_eq!(store.rate_card_by_alias("paygo", day(4)).unwrap(), Some(first));
    assert_eq!(store.rate_card(first).unwrap().aliases, [alias(0, 0)]);
}

#[test]
fn taking_very_many_aliases_writes_the_card_that_had_them_once() {
    let taken = |names: usize| {
        let disk = Disk::default();
        let store = StoreOptions::new().on_backend(disk.clone()).unwrap();
        let aliases: Vec<_> =
            (0..names).map(|n| ScheduledAlias::from(format!("{n:0>100}").as_str())).collect();
        let first = card(&store, &aliases);
        let before = disk.count(Access::Write);
        let second = card(&store, &aliases);
        let writes = disk.count(Access::Write) - before;
        assert!(store.rate_card(first).unwrap().aliases.is_empty());
        assert_eq!(store.rate_card(second).unwrap().aliases, aliases);
        writes
    };
    let (few, many) = (taken(100), taken(1_000));
    assert!(many <= few * 12, "{few} writes, then {many}");
}

#[test]
fn one_alias_that_two_new_ones_overlap_is_cut_by_both() {
    let store = Store::in_memory().unwrap();
    let first = card(&store, &[alias(2, 0), "kept".into()]);
    for aliases in [[alias(8, 9), alias(5, 6)], [alias(5, 6), alias(8, 9)]] {
        set_aliases(&store, first, &[alias(2, 0), "kept".into()]).unwrap();
        card(&store, &aliases);
        assert_eq!(store.rate_card(first).unwrap().aliases, [alias(2, 5), "kept".into()]);
        let holds = |n| store.rate_card_by_alias("paygo", day(n)).unwrap();
        assert_eq!([holds(4), holds(6), holds(9)], [Some(first), None, None]);
    }
}

#[test]
fn an_unknown_card_is_named_together_with_what_else_is_wrong() {
    let store = Store::in_memory().unwrap();
    let unknown = RateCardId::from(Uuid::from_u128(5));
    let found: Vec<_> =
        faults(set_aliases(&store, unknown, &["".into()])).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("rate_card") && found[1].contains("aliases[0].name"), "{found:?}");
}
