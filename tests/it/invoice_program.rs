//! Random contracts with random edits at random times: what must hold of their invoices whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use billfold::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::invoices::{all, charging};
use crate::support::disk::Disk;
use crate::support::following::{assert_same, late_follower};
use crate::support::provisioned::{Provisioned, charge, day, on};
use crate::support::whole;

/// What is done next. Moments are hours from the contract's start.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Charge(i64, Vec<u64>),
    Discount(i64, u64),
    InEuros(i64, u64),
    Commit(i64, Vec<u64>),
    OfCustomer(i64, u64),
    Monthly(i64, u64),
    Seats(i64, bool, bool),
    /// Archives the scheduled charge of that place.
    ArchiveCharge(usize),
    End(Option<u64>),
    Reprice(i64, u64),
    /// Settles the invoice of that place, or voids it.
    Settle(usize, bool),
    Note(usize, u8),
    Own(usize, u8),
    Rename(u8),
    Reopen,
}

const HOURS: u64 = 24 * 150;
/// Totals are whole numbers, so that they can be added up here.
const WHOLE: Option<ProrationRounding> =
    Some(ProrationRounding { rounding_method: ProrationRoundingMethod::HalfUp, decimal_places: 0 });

/// On the hour, and often at the same time of several days.
fn hour() -> BoxedStrategy<u64> {
    prop_oneof![3 => (0..HOURS / 24).prop_map(|day| day * 24), 1 => 0..HOURS].boxed()
}

fn step() -> BoxedStrategy<Step> {
    prop_oneof![
        6 => (0..24_u64 * 25).prop_map(Step::Wait),
        3 => (1..9_i64, vec(hour(), 1..4)).prop_map(|(amount, at)| Step::Charge(amount, at)),
        1 => (1..9_i64, hour()).prop_map(|(amount, at)| Step::Discount(-amount, at)),
        1 => (1..9_i64, hour()).prop_map(|(amount, at)| Step::InEuros(amount, at)),
        2 => (1..9_i64, vec(hour(), 1..4)).prop_map(|(amount, at)| Step::Commit(amount, at)),
        1 => (1..9_i64, hour()).prop_map(|(amount, at)| Step::OfCustomer(amount, at)),
        1 => (1..9_i64, hour()).prop_map(|(amount, from)| Step::Monthly(amount, from)),
        1 => (0..9_i64, any::<bool>(), any::<bool>()).prop_map(|(n, late, own)| Step::Seats(n, late, own)),
        1 => (0..4_usize).prop_map(Step::ArchiveCharge),
        3 => prop::option::weighted(0.7, 1..HOURS).prop_map(Step::End),
        1 => (1..99_i64, hour()).prop_map(|(price, from)| Step::Reprice(price, from)),
        2 => (0..40_usize, any::<bool>()).prop_map(|(place, voids)| Step::Settle(place, voids)),
        3 => (0..5_usize, 0..5_u8).prop_map(|(of, note)| Step::Note(of, note)),
        1 => (0..40_usize, 0..5_u8).prop_map(|(of, note)| Step::Own(of, note)),
        1 => (0..5_u8).prop_map(Step::Rename),
        1 => Just(Step::Reopen),
    ]
    .boxed()
}

fn moment(hours: u64) -> Time {
    day("01-01").after(Duration::from_secs(hours * 3_600))
}

/// A contract, and what was seen of its invoices so far.
struct Stage {
    here: Provisioned,
    disk: Disk,
    keeps_journal: bool,
    settled: BTreeMap<InvoiceId, Invoice>,
    own: BTreeMap<InvoiceId, String>,
}

fn open(disk: &Disk, clock: &SetClock, keeps_journal: bool) -> Store {
    let options = StoreOptions::new().clock_from(clock).keep_journal(keeps_journal);
    options.on_backend(disk.clone()).unwrap()
}

impl Stage {
    fn new(consolidates: bool, keeps_journal: bool) -> Self {
        let (disk, clock) = (Disk::default(), SetClock::default());
        clock.set(day("01-01"));
        let here = on(open(&disk, &clock, keeps_journal), clock);
        for entity in [
            ManagedEntity::Customer,
            ManagedEntity::Contract,
            ManagedEntity::ContractProduct,
            ManagedEntity::Commit,
            ManagedEntity::ScheduledCharge,
            ManagedEntity::Invoice,
        ] {
            here.store.add_key(entity, "note", KeyKind::Indexed).unwrap();
        }
        let contract = CreateContract {
            starting_at: day("01-01"),
            scheduled_charges_on_usage_invoices: consolidates.then_some(ConsolidatedCharges::All),
            ..here.plain()
        };
        let contract = here.store.create_contract(contract).unwrap();
        let here = Provisioned { contract, ..here };
        Self { here, disk, keeps_journal, settled: BTreeMap::new(), own: BTreeMap::new() }
    }

    fn all(&self) -> Vec<Invoice> {
        all(&self.here.store, self.here.contract, moment(HOURS * 2))
    }

    /// What is not allowed is refused, and then nothing changes: that is looked at like all else.
    fn carry_out(&mut self, step: &Step) {
        let here = &self.here;
        let items = |amount: i64, at: &[u64]| {
            charging(here, amount, &at.iter().map(|at| moment(*at)).collect::<Vec<_>>())
        };
        let edit = |edit: EditContract| drop(here.edit(edit));
        match step {
            Step::Wait(hours) => here.clock.set(here.clock.now().after(Duration::from_secs(hours * 3_600))),
            Step::Charge(amount, at) => edit(items(*amount, at)),
            Step::Discount(amount, at) => {
                let add_discounts = items(*amount, &[*at]).add_scheduled_charges;
                edit(EditContract { add_discounts, ..Default::default() });
            }
            Step::InEuros(amount, at) => {
                let mut euros = items(*amount, &[*at]);
                euros.add_scheduled_charges[0].schedule.credit_type_id = Some(CreditType::EUR);
                edit(euros);
            }
            Step::Commit(..) | Step::OfCustomer(..) | Step::Monthly(..) | Step::Seats(..) => self.add(step),
            Step::ArchiveCharge(place) => {
                if let Some(charge) = here.now().scheduled_charges.get(*place) {
                    drop(here.store.archive(charge.id));
                }
            }
            Step::End(end) => drop(here.store.set_contract_end(here.contract, end.map(moment))),
            Step::Reprice(price, from) => {
                let rate = AddRate {
                    billing_frequency: Some(BillingFrequency::Monthly),
                    ..AddRate::new(here.seats, moment(*from), Rate::flat((*price).into()))
                };
                here.store.add_rate(here.card, rate).unwrap();
            }
            Step::Settle(place, voids) => {
                if let Some(invoice) = self.all().get(*place) {
                    let _ = if *voids {
                        here.store.void_invoice(invoice.id)
                    } else {
                        here.store.finalize_invoice(invoice.id, &[])
                    };
                }
            }
            Step::Note(of, note) => self.note(*of, *note),
            Step::Own(place, note) => {
                if let Some(invoice) = self.all().get(*place) {
                    here.store.set_values(invoice.id, [("note", note.to_string())]).unwrap();
                    self.own.insert(invoice.id, note.to_string());
                }
            }
            Step::Rename(name) => {
                let changes = ProductChanges { name: Some(name.to_string()), ..Default::default() };
                here.store.update_product(here.fixed, moment(0), changes).unwrap();
            }
            Step::Reopen => self.reopen(),
        }
    }

    fn add(&self, step: &Step) {
        let here = &self.here;
        let commit = |amount: i64, at: &[u64], priority: Option<Amount>| CreateCommit {
            invoice_schedule: Some(CreateInvoiceSchedule {
                credit_type_id: None,
                dates: ScheduleDates::Items(at.iter().map(|at| charge(amount, moment(*at))).collect()),
                do_not_invoice: false,
            }),
            ..CreateCommit::prepaid(
                BalanceTerms { priority, ..BalanceTerms::new(here.fixed) },
                here.commit().access_schedule,
            )
        };
        match step {
            Step::Commit(amount, at) => {
                let add_commits = vec![commit(*amount, at, None)];
                drop(here.edit(EditContract { add_commits, ..Default::default() }));
            }
            Step::OfCustomer(amount, at) => {
                let level = CustomerLevel {
                    invoice_contract_id: Some(here.contract),
                    ..CustomerLevel::new(here.customer)
                };
                here.store.create_commit(level, commit(*amount, &[*at], Some(1.into()))).unwrap();
            }
            Step::Monthly(amount, from) => {
                let terms = here.monthly();
                let paid = RecurringAmount { unit_price: (*amount).into(), ..terms.access_amount };
                let mut terms =
                    RecurringTerms { invoice_amount: Some(paid), starting_at: moment(*from), ..terms };
                terms.proration_rounding.invoice = WHOLE;
                let add_recurring_commits = vec![terms.into()];
                drop(here.edit(EditContract { add_recurring_commits, ..Default::default() }));
            }
            Step::Seats(quantity, in_arrears, alone) => {
                let mut seats = here.ready.subscription(*quantity);
                seats.terms.rounding = WHOLE;
                if *in_arrears {
                    seats.terms.collection_schedule = CollectionSchedule::Arrears;
                }
                seats.terms.invoice_placement = alone.then_some(InvoicePlacement::OnScheduledInvoice);
                drop(here.edit(EditContract { add_subscriptions: vec![seats], ..Default::default() }));
            }
            other => panic!("{other:?}"),
        }
    }

    fn note(&self, of: usize, note: u8) {
        let now = self.here.now();
        let targets: [Option<EntityRef>; 5] = [
            Some(self.here.customer.into()),
            Some(self.here.contract.into()),
            Some(self.here.fixed.into()),
            now.commits.first().map(|part| part.id.into()),
            now.scheduled_charges.first().map(|part| part.id.into()),
        ];
        if let Some(target) = targets[of] {
            self.here.store.set_values(target, [("note", note.to_string())]).unwrap();
        }
    }

    fn reopen(&mut self) {
        let before = self.all();
        let clock = self.here.clock.clone();
        // The file is open as long as its last handle is.
        self.here.ready.store = Store::in_memory().unwrap();
        self.here.ready.store = open(&self.disk, &clock, self.keeps_journal);
        assert_eq!(self.all(), before, "reopening changes something");
    }

    fn check(&mut self) {
        let found = self.all();
        let mut charged = BTreeSet::new();
        for invoice in &found {
            for line in &invoice.lines {
                assert!(charged.insert(line.source), "charged twice: {line:?}");
            }
            let counted = invoice.lines.iter().map(|line| {
                assert_eq!(line.credit_type_id, invoice.credit_type_id);
                line.total.to_string().parse::<i64>().unwrap()
            });
            assert_eq!(invoice.total, counted.sum::<i64>().into());
            assert_eq!(self.here.store.invoice(invoice.id).unwrap(), *invoice);
            assert_eq!(invoice.custom_fields.get("note"), self.own.get(&invoice.id));
            let draft = invoice.status == InvoiceStatus::Draft;
            assert!(!draft || invoice.settled_at > self.here.clock.now(), "{invoice:?}");
        }
        self.nothing_is_left_out(&charged);
        self.what_was_settled_is_as_it_was(&found);
        whole(&self.here.store);
    }

    /// All that the schedules say is on an invoice, unless it is behind what is looked at.
    fn nothing_is_left_out(&self, charged: &BTreeSet<LineSource>) {
        let now = self.here.now();
        let mut expected = Vec::new();
        for part in &now.commits {
            let items = part.invoice_schedule.iter().flat_map(|schedule| &schedule.schedule_items);
            expected.extend(items.map(|item| LineSource::Commit { id: part.id, item: item.id }));
        }
        for part in now.scheduled_charges.iter().filter(|part| part.archived_at.is_none()) {
            let items = part.schedule.schedule_items.iter();
            expected.extend(items.map(|item| LineSource::ScheduledCharge { id: part.id, item: item.id }));
        }
        for part in &now.discounts {
            let items = part.schedule.schedule_items.iter();
            expected.extend(items.map(|item| LineSource::Discount { id: part.id, item: item.id }));
        }
        for part in &now.recurring_commits {
            let page = PageRequest::first(1_000);
            let grants =
                self.here.store.grants(self.here.contract, part.id, moment(HOURS * 2), &page).unwrap();
            let sources = grants.items.iter().filter(|grant| grant.starting_at <= moment(HOURS * 2));
            expected.extend(
                sources.map(|grant| LineSource::RecurringCommit { id: part.id, number: grant.number }),
            );
        }
        for source in expected {
            assert!(charged.contains(&source), "charged nowhere: {source:?}");
        }
    }

    fn what_was_settled_is_as_it_was(&mut self, found: &[Invoice]) {
        let by_id: BTreeMap<_, _> = found.iter().map(|invoice| (invoice.id, invoice)).collect();
        for (id, before) in &self.settled {
            let now = by_id.get(id).unwrap_or_else(|| panic!("gone: {before:?}"));
            let mut expected = before.statement.clone();
            if expected.status == InvoiceStatus::Finalized && now.status == InvoiceStatus::Void {
                expected.status = InvoiceStatus::Void;
            }
            assert_eq!(now.statement, expected);
        }
        let settled = found.iter().filter(|invoice| invoice.status != InvoiceStatus::Draft);
        self.settled = settled.map(|invoice| (invoice.id, invoice.clone())).collect();
    }
}

/// How many programs are run: few on every run of the tests, as many as `PROPTEST_CASES` says otherwise.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(24), max_shrink_iters: 2_000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_is_settled_stays_and_everything_is_charged_once(
        consolidates in any::<bool>(),
        keeps_journal in any::<bool>(),
        program in vec(step(), 1..25),
    ) {
        let mut stage = Stage::new(consolidates, keeps_journal);
        for step in &program {
            stage.carry_out(step);
            stage.check();
        }
        if keeps_journal {
            assert_same(&late_follower(&stage.here.store), &stage.here.store);
        }
    }
}
