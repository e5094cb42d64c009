//! What values were as of a moment: asked in here, because invoices alone are told it; and what it costs to keep them.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::counting_inside::{Counting, rows};
use super::{
    Reading as _, ReadingContracts as _, SetClock, Store, StoreOptions, Writing as _, WritingContracts as _,
    WritingRecords as _, past_values,
};
use crate::entity::{ContractId, ContractProductId, CustomerId, EntityRef, ManagedEntity, RateCardId};
use crate::model::balance::{BalanceTerms, CreateCommit, CreateCredit};
use crate::model::contract::{CardChoice, CreateContract};
use crate::model::custom_field::{CustomFields, KeyKind};
use crate::model::customer::CreateCustomer;
use crate::model::product::{CreateProduct, ProductType};
use crate::model::rate::{AddRate, BillingFrequency, Rate};
use crate::model::rate_card::CreateRateCard;
use crate::model::scalar::Time;
use crate::model::schedule::{CreateAccessItem, CreateAccessSchedule, CreateInvoiceItem, Price};
use crate::model::scheduled_charge::{CreateProfessionalService, CreateScheduledCharge, ProfessionalService};
use crate::model::subscription::{CreateSubscription, SubscriptionTerms};
use crate::storage::past;
use crate::storage::tables::TableId;

const KEYS: [(&str, KeyKind); 2] = [("note", KeyKind::Indexed), ("slot", KeyKind::Enforced)];

fn second(n: u64) -> Time {
    Time::UNIX_EPOCH.after(Duration::from_secs(n))
}

/// A store whose clock stands at second 10, with a contract that has a part of every kind; what was made with values
/// has the note `made`.
struct Stage {
    store: Store,
    clock: SetClock,
    customer: CustomerId,
    product: ContractProductId,
    card: RateCardId,
    contract: ContractId,
}

fn stage() -> Stage {
    stage_on(StoreOptions::new())
}

fn stage_on(options: StoreOptions) -> Stage {
    let clock = SetClock::default();
    clock.set(second(10));
    let store = options.clock_from(&clock).in_memory().unwrap();
    for entity in ManagedEntity::ALL {
        for (key, kind) in KEYS {
            store.add_key(entity, key, kind).unwrap();
        }
    }
    let customer = CreateCustomer { custom_fields: made(), ..Default::default() };
    let customer = store.create_customer(customer).unwrap();
    let product = |product_type| {
        let product = CreateProduct { product_type, custom_fields: made(), ..Default::default() };
        store.create_product(product).unwrap()
    };
    let (fixed, seats) = (product(ProductType::Fixed), product(ProductType::Subscription));
    let card = store.create_rate_card(CreateRateCard::default()).unwrap();
    let rate = AddRate::new(seats, second(0), Rate::flat(1.into()));
    let billing_frequency = Some(BillingFrequency::Monthly);
    store.add_rate(card, AddRate { billing_frequency, ..rate }).unwrap();
    let contract = CreateContract {
        rate_card: Some(CardChoice::Id(card)),
        custom_fields: made(),
        ..with_every_part(customer, fixed, seats, product(ProductType::ProService))
    };
    let contract = store.create_contract(contract).unwrap();
    Stage { store, clock, customer, product: fixed, card, contract }
}

fn made() -> CustomFields {
    [("note", "made")].into()
}

fn access() -> CreateAccessSchedule {
    [CreateAccessItem { amount: 5.into(), starting_at: second(0), ending_before: second(3_600) }].into()
}

fn with_every_part(
    customer: CustomerId,
    fixed: ContractProductId,
    seats: ContractProductId,
    service: ContractProductId,
) -> CreateContract {
    let item = CreateInvoiceItem { timestamp: second(0), price: Price::from(crate::Amount::from(7)) };
    let charge =
        CreateScheduledCharge { custom_fields: made(), ..CreateScheduledCharge::new(fixed, [item].into()) };
    let service = ProfessionalService {
        product_id: service,
        description: None,
        unit_price: 1.into(),
        quantity: 1.into(),
        max_amount: 1.into(),
        netsuite_sales_order_id: None,
    };
    let subscription = SubscriptionTerms::new(seats, BillingFrequency::Monthly);
    let commit = CreateCommit::prepaid(BalanceTerms::new(fixed), access());
    CreateContract {
        commits: vec![CreateCommit { custom_fields: made(), ..commit }],
        credits: vec![CreateCredit::new(BalanceTerms::new(fixed), access())],
        scheduled_charges: vec![charge.clone()],
        discounts: vec![charge],
        professional_services: vec![CreateProfessionalService { service, custom_fields: made() }],
        subscriptions: vec![CreateSubscription {
            custom_fields: made(),
            ..CreateSubscription::new(subscription, 1)
        }],
        ..CreateContract::new(customer, second(0))
    }
}

impl Stage {
    /// What an invoice of the contract can show the values of.
    fn shown(&self) -> [EntityRef; 8] {
        let contract = self.store.contract(self.contract).unwrap();
        [
            self.customer.into(),
            self.contract.into(),
            self.product.into(),
            contract.commits[0].id.into(),
            contract.scheduled_charges[0].id.into(),
            contract.discounts[0].id.into(),
            contract.professional_services[0].id.into(),
            contract.subscriptions[0].id.into(),
        ]
    }

    /// Sets a note at that second.
    fn note(&self, at: u64, target: impl Into<EntityRef>, note: &str) {
        self.clock.set(second(at));
        self.store.set_values(target, [("note", note)]).unwrap();
    }

    /// Sets two notes, at second 20 and at second 30, on all that an invoice shows.
    fn note_all_twice(&self) {
        for (at, note) in [(20, "first"), (30, "second")] {
            self.shown().into_iter().for_each(|target| self.note(at, target, note));
        }
    }

    fn values(&self, target: impl Into<EntityRef>, as_of: Option<u64>) -> BTreeMap<String, String> {
        let view = self.store.view().unwrap();
        past_values::values(&*view, target.into(), as_of.map(second)).unwrap()
    }

    /// The notes that an instance had as of these seconds.
    fn notes<const N: usize>(&self, target: impl Into<EntityRef>, as_of: [u64; N]) -> [Option<String>; N] {
        let target = target.into();
        as_of.map(|as_of| self.values(target, Some(as_of)).remove("note"))
    }

    /// How many rows the past has.
    fn kept(&self) -> u64 {
        rows(&self.store).get(&TableId::PastValues).copied().unwrap_or(0)
    }
}

fn texts<const N: usize>(texts: [&str; N]) -> [Option<String>; N] {
    texts.map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()))
}

#[test]
fn all_that_an_invoice_shows_is_told_as_the_changes_before_a_moment_had_left_it() {
    let stage = stage();
    stage.note_all_twice();
    for target in stage.shown() {
        let told = texts(["made", "made", "first", "first", "second"]);
        assert_eq!(stage.notes(target, [11, 20, 21, 30, 31]), told, "{target}");
        assert_eq!(stage.values(target, None), stage.store.values(target).unwrap());
    }
}

#[test]
fn of_changes_at_one_moment_the_values_before_the_first_and_after_the_last_count() {
    let stage = stage();
    for note in ["first", "second", "third"] {
        stage.note(20, stage.contract, note);
    }
    stage.store.delete_values(stage.contract, ["note"]).unwrap();
    assert_eq!(stage.kept(), 1);
    assert_eq!(stage.notes(stage.contract, [20, 21]), texts(["made", ""]));
    stage.note(20, stage.contract, "fourth");
    assert_eq!(stage.notes(stage.contract, [20, 21]), texts(["made", "fourth"]));
}

#[test]
fn a_clock_that_stands_still_keeps_one_row_and_what_is_made_with_values_none() {
    let stage = stage();
    assert_eq!(stage.kept(), 0, "whatever was made had no other values before");
    stage.note(10, stage.contract, "first");
    stage.note(10, stage.contract, "second");
    assert_eq!(stage.kept(), 1);
    assert_eq!(stage.notes(stage.contract, [10, 11]), texts(["made", "second"]));
}

#[test]
fn a_set_that_changes_nothing_keeps_nothing() {
    let stage = stage();
    stage.note(20, stage.contract, "made");
    assert_eq!(stage.kept(), 0);
}

#[test]
fn the_past_is_told_where_no_journal_is_kept() {
    let stage = stage_on(StoreOptions::new().keep_journal(false));
    stage.note(20, stage.contract, "first");
    stage.note(30, stage.contract, "second");
    assert_eq!(stage.notes(stage.contract, [20, 30, 31]), texts(["made", "first", "second"]));
}

#[test]
fn a_removed_key_is_shown_as_of_moments_up_to_its_removal_and_a_new_one_of_its_name_afterwards() {
    let stage = stage();
    let (contract, product) = (EntityRef::from(stage.contract), EntityRef::from(stage.product));
    stage.clock.set(second(20));
    for target in [contract, product] {
        stage.store.remove_key(target.entity, "note").unwrap();
        stage.store.add_key(target.entity, "note", KeyKind::Unindexed).unwrap();
    }
    stage.note(30, contract, "of the new key");
    let told = texts(["made", "made", "", "", "of the new key"]);
    assert_eq!(stage.notes(contract, [11, 20, 21, 30, 31]), told);
    assert_eq!(stage.notes(product, [11, 20, 21]), texts(["made", "made", ""]), "which was not set again");
    assert!(stage.values(product, None).is_empty());
}

#[test]
fn a_transaction_sees_its_own_changes_as_of_later_moments_and_leaves_nothing_when_it_stops() {
    let stage = stage();
    stage.clock.set(second(20));
    let stopped = stage.store.write(|tx| {
        tx.set_values(stage.contract, [("note", "first")])?;
        tx.whole(|member| {
            let note = |as_of| past_values::values(member, stage.contract.into(), Some(second(as_of)));
            assert_eq!(note(20).unwrap()["note"], "made");
            assert_eq!(note(21).unwrap()["note"], "first");
            Ok(())
        })?;
        Err::<(), _>(crate::error::Error::stop("no"))
    });
    assert!(stopped.is_err());
    assert_eq!(stage.kept(), 0);
    assert_eq!(stage.notes(stage.contract, [20, 21]), texts(["made", "made"]));
}

#[test]
fn an_instance_that_is_forgotten_leaves_no_past_and_its_neighbours_keep_theirs() {
    let stage = stage();
    stage.note_all_twice();
    let credit = stage.store.contract(stage.contract).unwrap().credits[0].id;
    stage.note(30, credit, "not on an invoice");
    assert_eq!(stage.kept(), 16);
    stage.store.forget(stage.contract).unwrap();
    assert_eq!(stage.kept(), 4, "its parts go with a contract");
    assert_eq!(stage.notes(stage.product, [20, 30, 31]), texts(["made", "first", "second"]));
    stage.store.forget(stage.customer).unwrap();
    stage.store.forget(stage.product).unwrap();
    assert_eq!(stage.kept(), 0);
    assert!(stage.values(stage.product, Some(30)).is_empty());
}

#[test]
fn a_set_of_what_no_invoice_shows_writes_no_row_more() {
    let stage = stage();
    let customer = stage.store.create_customer(CreateCustomer::default()).unwrap();
    let adopted = ContractId::from(uuid::Uuid::from_u128(7));
    stage.store.adopt(adopted).unwrap();
    for target in [customer.into(), adopted.into(), EntityRef::from(stage.card)] {
        stage.note(20, target, "first");
        let before = rows(&stage.store);
        stage.note(30, target, "second");
        assert_eq!(rows(&stage.store), before, "{target}");
        assert!(!before.contains_key(&TableId::PastValues));
    }
    let contract = CreateContract::new(customer, second(0));
    stage.store.create_contract(contract).unwrap();
    stage.note(40, customer, "third");
    assert_eq!(stage.kept(), 1, "the customer has a contract now");
    assert_eq!(stage.notes(customer, [40, 41]), texts(["second", "third"]));
}

#[test]
fn whether_a_customer_has_contracts_is_told_by_no_more_than_one_row() {
    let read = |store: &Store, customer: CustomerId| {
        let view = store.view().unwrap();
        let reader = Counting::of(&view);
        let shown = past::is_shown(&reader, customer.into()).unwrap();
        (shown, reader.rows())
    };
    let store = Store::in_memory().unwrap();
    let alone = store.create_customer(CreateCustomer::default()).unwrap();
    assert_eq!(read(&store, alone), (false, 0), "there is no table to look at");

    let stage = stage();
    for n in 0..100 {
        stage.store.create_contract(CreateContract::new(stage.customer, second(3_600 * n))).unwrap();
    }
    let [before, behind] = [1, u128::MAX].map(|id| CustomerId::from(uuid::Uuid::from_u128(id)));
    assert_eq!(read(&stage.store, before), (false, 1));
    assert_eq!(read(&stage.store, behind), (false, 0));
    assert_eq!(read(&stage.store, stage.customer), (true, 1));
}

#[test]
fn values_as_of_a_moment_are_read_without_those_before_and_after() {
    let stage = stage();
    for n in 0..1_000 {
        stage.note(20 + n, stage.contract, &n.to_string());
    }
    assert_eq!(stage.kept(), 1_000);
    let view = stage.store.view().unwrap();
    for (as_of, note) in [(11, "made"), (520, "499"), (2_000, "999")] {
        let reader = Counting::of(&view);
        let target = stage.contract.into();
        let values = past_values::values(&reader, target, Some(second(as_of))).unwrap();
        assert_eq!(values["note"], note);
        assert!(reader.rows() <= 2, "{} rows", reader.rows());
    }
}

/// What becomes of one of the instances, so many seconds after what came before.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Delete(usize),
    Replace(usize, u8),
    /// Removes the key from the instance's entity, and adds it again.
    Renew(usize),
    Remove(usize),
}

fn change() -> impl Strategy<Value = (u64, usize, Change)> {
    let key = || 0..KEYS.len();
    let change = prop_oneof![
        4 => (key(), any::<u8>()).prop_map(|(key, value)| Change::Set(key, value % 3)),
        1 => key().prop_map(Change::Delete),
        1 => (key(), any::<u8>()).prop_map(|(key, value)| Change::Replace(key, value % 3)),
        1 => key().prop_map(Change::Renew),
        1 => key().prop_map(Change::Remove),
    ];
    (0_u64..3, 0_usize..3, change)
}

/// Carries a change out; one that names a key that is not there any more is refused.
fn carry_out(store: &Store, target: EntityRef, change: &Change) {
    let key = |key: &usize| KEYS[*key].0;
    let _ = match change {
        Change::Set(at, value) => store.set_values(target, [(key(at), value.to_string())]).map(drop),
        Change::Delete(at) => store.delete_values(target, [key(at)]).map(drop),
        Change::Replace(at, value) => store.replace_values(target, [(key(at), value.to_string())]).map(drop),
        Change::Remove(at) => store.remove_key(target.entity, key(at)),
        Change::Renew(at) => {
            let _ = store.remove_key(target.entity, key(at));
            store.add_key(target.entity, key(at), KEYS[*at].1).map(drop)
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn as_of_every_moment_values_are_those_that_were_seen_last_before_it(
        changes in prop::collection::vec(change(), 1..24),
        journal in any::<bool>(),
    ) {
        let stage = stage_on(StoreOptions::new().keep_journal(journal));
        let targets = [stage.customer.into(), stage.contract.into(), EntityRef::from(stage.product)];
        let see = || targets.map(|target| stage.store.values(target).unwrap());
        let (mut seen, mut now) = (vec![(10, see())], 10);
        for (seconds, target, change) in &changes {
            now += seconds;
            stage.clock.set(second(now));
            carry_out(&stage.store, targets[*target], change);
            seen.push((now, see()));
        }
        for as_of in 11..now + 2 {
            let (_, told) = seen.iter().rfind(|(at, _)| *at < as_of).unwrap();
            for (target, told) in targets.into_iter().zip(told) {
                prop_assert_eq!(&stage.values(target, Some(as_of)), told, "{} as of {}", target, as_of);
            }
        }
    }
}
