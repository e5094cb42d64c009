//! What cannot be seen from outside: how many rows it takes to answer a question about rates, counted at the reader
//! because pages stay in memory; and that the journal tells of every rate what became of it.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use super::counting_inside::Counting;
use super::{Reading as _, ReadingRecords as _, Store, WritingRecords as _, rate_cards, rates};
use crate::entity::{ContractProductId, EntityId as _, RateCardId};
use crate::model::alias::ScheduledAlias;
use crate::model::change::{ChangeRow, Collection, Subject, What};
use crate::model::page::{ArchiveFilter, PageRequest};
use crate::model::product::{CreateProduct, ProductType};
use crate::model::rate::{AddRate, Rate, RateRecord, RateSelector};
use crate::model::rate_card::CreateRateCard;
use crate::model::scalar::Time;
use crate::storage::alias_schedule;
use crate::storage::codec;
use crate::storage::tables::TableId;
use crate::storage::view::Reader as _;

/// A card with 100 rates for each of 1,000 products, all added by one call.
fn large() -> (Store, RateCardId, Vec<ContractProductId>) {
    let store = Store::in_memory().unwrap();
    let card = store.create_rate_card(CreateRateCard::default()).unwrap();
    store
        .write(|tx| {
            let start = |n: u64| Time::UNIX_EPOCH.after(std::time::Duration::from_secs(3_600 * n));
            let mut rates = Vec::new();
            for n in 0..1_000 {
                let tags = if n == 500 { vec!["rare".to_owned()] } else { Vec::new() };
                let product = CreateProduct { product_type: ProductType::Fixed, tags, ..Default::default() };
                let id = tx.create_product(product)?;
                rates.extend((0..100).map(|n| AddRate::new(id, start(n), Rate::flat(1.into()))));
            }
            tx.add_rates(card, rates)
        })
        .unwrap();
    let products = store.products(ArchiveFilter::All, &PageRequest::first(1_000)).unwrap().items;
    (store, card, products.into_iter().map(|product| product.id).collect())
}

#[test]
fn one_products_rates_among_a_hundred_thousand_are_read_without_the_others() {
    let (store, card, products) = large();
    let view = store.view().unwrap();
    // Rates that are found, and rows that are read for them.
    let read = |selector: &RateSelector, limit| {
        let reader = Counting::of(&view);
        let selectors = std::slice::from_ref(selector);
        let page = PageRequest::first(limit);
        let found = rates::schedule(&reader, card, Time::UNIX_EPOCH, None, selectors, &page).unwrap();
        (found.items.len(), reader.rows())
    };
    let one = RateSelector { product_id: Some(products[500]), ..Default::default() };
    let (found, rows) = read(&one, 1_000);
    assert_eq!(found, 100);
    assert!(rows <= 110, "{rows} rows for a product's 100 rates");
    let (found, rows) = read(&one, 10);
    assert_eq!(found, 10);
    assert!(rows <= 22, "{rows} rows for a page of 10 rates");

    // By tag every product is looked at, but no rates of those without it.
    let tagged = RateSelector { product_tags: vec!["rare".into()], ..Default::default() };
    let (found, rows) = read(&tagged, 1_000);
    assert_eq!(found, 100);
    assert!(rows <= 3_110, "{rows} rows by tag");

    let (found, rows) = read(&RateSelector::default(), 1_000);
    assert_eq!(found, 1_000);
    assert!(rows > 1_000, "{rows} rows, so the counting works");
}

#[test]
fn a_cards_rates_can_be_rebuilt_from_its_chain_in_the_journal() {
    let (store, card, products) = large();
    let price = |n: usize, price: i64| AddRate::new(products[n], Time::UNIX_EPOCH, Rate::flat(price.into()));
    store.add_rates(card, [price(1, 2), price(2, 2), price(3, 1)]).unwrap();
    store.add_rate(card, price(1, 3)).unwrap();
    let view = store.view().unwrap();
    let mut rebuilt: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let (mut revision, mut largest) = (0, 0);
    view.scan(TableId::Journal, Bound::Unbounded, |sequence, row| {
        let change: ChangeRow = codec::decode(TableId::Journal, sequence, row)?;
        if change.subject == Subject::Instance(card.into()) {
            assert_eq!(change.before, revision, "each change names the one before it");
            revision = crate::storage::key_bytes::sequence(sequence)?;
            largest = largest.max(row.len());
        }
        if let What::Parts { of: Collection::Rates, changes } = change.what {
            for part in changes {
                let old = rebuilt.insert(part.key, part.new.unwrap());
                assert_eq!(old, part.old);
            }
        }
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(store.revision(card).unwrap(), revision);
    assert!(largest < 128 << 10, "{largest} bytes in one change");
    let mut stored = BTreeMap::new();
    let table = TableId::Parts(Collection::Rates);
    view.scan(table, Bound::Unbounded, |key, row| {
        let rate: RateRecord = codec::decode(table, key, row)?;
        stored.insert(key[16..].to_vec(), codec::payload(&rate)?);
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(stored.len(), 100_000);
    assert_eq!(rebuilt, stored);
}

#[test]
fn one_more_share_of_a_product_is_added_without_reading_those_there_are() {
    let store = Store::in_memory().unwrap();
    let card = store.create_rate_card(CreateRateCard::default()).unwrap();
    let product = CreateProduct { product_type: ProductType::Fixed, ..Default::default() };
    let product = store.create_product(product).unwrap();
    let hour = |n: u64| Time::UNIX_EPOCH.after(std::time::Duration::from_secs(3_600 * n));
    let share = |n| AddRate::new(product, hour(n), Rate::percentage(1.into()));
    store.add_rates(card, (0..1_000).map(share)).unwrap();

    let view = store.view().unwrap();
    let reader = Counting::of(&view);
    let (_, record) = rate_cards::known(&*view, card).unwrap();
    let mut products = rates::Products::new(&reader, card.uuid(), Time::UNIX_EPOCH);
    assert!(products.faults("", Some(&record), &share(1_000)).unwrap().is_empty());
    assert!(reader.rows() <= 2, "{} rows", reader.rows());
}

#[test]
fn an_alias_that_moves_on_is_given_away_without_reading_all_who_had_it() {
    let store = Store::in_memory().unwrap();
    let from = |n: u64| ScheduledAlias {
        starting_at: Some(Time::UNIX_EPOCH.after(std::time::Duration::from_secs(n))),
        ..ScheduledAlias::from("current")
    };
    for n in 0..100 {
        let card = CreateRateCard { aliases: vec![from(n)], ..Default::default() };
        store.create_rate_card(card).unwrap();
    }
    let view = store.view().unwrap();
    // Which of the earlier ones an alias overlaps, and rows that are read for it.
    let read = |new: &ScheduledAlias| {
        let reader = Counting::of(&view);
        let found = alias_schedule::overlapping(&reader, TableId::RateCardAlias, new).unwrap();
        (found.len(), reader.rows())
    };
    assert_eq!(read(&from(100)), (1, 2));
    assert_eq!(read(&from(50)), (50, 51));
    assert_eq!(read(&ScheduledAlias::from("current")), (100, 100));
}
