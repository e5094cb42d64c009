//! What cannot be seen from outside: what the journal says of packages, and that nothing is left beside a package of
//! contracts that are forgotten.

use std::ops::{Bound, ControlFlow};

use super::counting_inside::rows;
use super::{
    ReadingPackages as _, Store, Writing as _, WritingContracts as _, WritingPackages as _,
    WritingRecords as _,
};
use crate::id::PackageId;
use crate::model::change::{About, ChangeRow, Subject, What};
use crate::model::contract::{ContractFilter, CreateContract};
use crate::model::customer::CreateCustomer;
use crate::model::package::{CreatePackage, Package, PackageChoice, PackageTerms};
use crate::model::page::PageRequest;
use crate::model::scalar::Time;
use crate::storage::codec;
use crate::storage::tables::TableId;
use crate::storage::view::Reader as _;

/// A package that takes the alias `starter`.
fn named(name: &str) -> CreatePackage {
    CreatePackage { aliases: vec!["starter".into()], ..CreatePackage::from(PackageTerms::new(name)) }
}

/// What the journal says of a package, with the numbers of the changes.
fn told(store: &Store, id: PackageId) -> Vec<(u64, ChangeRow)> {
    let mut found = Vec::new();
    let mut number = 0;
    let visit = |key: &[u8], row: &[u8]| {
        number += 1;
        let change: ChangeRow = codec::decode(TableId::Journal, key, row)?;
        if change.subject == Subject::Package(id) {
            found.push((number, change));
        }
        Ok(ControlFlow::Continue(()))
    };
    store.view().unwrap().scan(TableId::Journal, Bound::Unbounded, visit).unwrap();
    found
}

#[test]
fn the_journal_has_every_change_of_a_package_in_a_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    let about = |actor: &str| About { actor: Some(actor.into()), reason: None };
    let first = store.write_as(about("maker"), |tx| tx.create_package(named("First"))).unwrap();
    let made = store.package(first).unwrap();
    let second = store.write_as(about("taker"), |tx| tx.create_package(named("Second"))).unwrap();
    let cut = store.package(first).unwrap();
    store.close().unwrap();
    // In a file that is opened again the chain goes on.
    let store = Store::open(&path).unwrap();
    store.write_as(about("archivist"), |tx| tx.archive_package(first)).unwrap();
    store.archive_package(first).unwrap_err();

    let changes = told(&store, first);
    let bytes = |package: &Package| codec::payload(package).unwrap();
    let expected = [
        ("maker", What::Created { record: bytes(&made) }),
        ("taker", What::Record { old: bytes(&made), new: bytes(&cut) }),
        ("archivist", What::Archived),
    ];
    let said =
        changes.iter().map(|(_, change)| (change.about.actor.as_deref().unwrap(), change.what.clone()));
    assert_eq!(said.collect::<Vec<_>>(), expected);
    let before: Vec<_> = changes.iter().map(|(_, change)| change.before).collect();
    assert_eq!(before, [0, changes[0].0, changes[1].0]);
    assert_eq!(store.package(first).unwrap().archived_at, Some(changes[2].1.at));
    assert_eq!(told(&store, second).len(), 1, "a name that it takes is a change of the one that loses it");
    store.close().unwrap();
}

#[test]
fn nothing_is_left_beside_a_package_of_contracts_that_are_forgotten() {
    let store = Store::in_memory().unwrap();
    let package = store.create_package(named("First")).unwrap();
    let before = rows(&store);
    let [one, other] = [(); 2].map(|()| store.create_customer(CreateCustomer::default()).unwrap());
    let contract = |customer| CreateContract {
        package: Some(PackageChoice::Alias("starter".into())),
        ..CreateContract::new(customer, Time::UNIX_EPOCH)
    };
    let made = [one, one, other].map(|customer| store.create_contract(contract(customer)).unwrap());
    store.archive_contract(made[1]).unwrap();
    let listed = || {
        let filter = ContractFilter { include_archived: true, ..Default::default() };
        let found = store.package_contracts(package, &filter, &PageRequest::default()).unwrap().items;
        found.into_iter().map(|contract| contract.contract_id).collect::<Vec<_>>()
    };
    assert_eq!(listed(), made);
    store.forget(made[0]).unwrap();
    assert_eq!(listed(), made[1..]);
    store.forget(one).unwrap();
    assert_eq!(listed(), made[2..]);
    store.forget(other).unwrap();
    assert_eq!(listed(), []);
    assert_eq!(rows(&store), before);
}
