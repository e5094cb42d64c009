//! The net balance of a customer: what of its commits and credits is open now, and which of them a filter lets through.

use std::collections::BTreeSet;
use std::time::Duration;

use billfold::prelude::*;
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::catalog::at;
use crate::support::ready::{Ready, fields, item, segment};
use crate::support::{fault, faults};

const TOKENS: CreditTypeId = CreditTypeId::new(Uuid::from_u128(77));
const LARGEST: &str = "9999999999999999999999999999";

fn own_commit(ready: &Ready, schedule: impl Into<CreateAccessSchedule>) -> CreateCommit {
    let mut commit = CreateCommit::prepaid(BalanceTerms::new(ready.fixed), schedule.into());
    commit.terms.priority = Some(1.into());
    commit
}

fn own_credit(ready: &Ready, schedule: impl Into<CreateAccessSchedule>) -> CreateCredit {
    let CreateCommit { terms, access_schedule, .. } = own_commit(ready, schedule);
    CreateCredit::new(terms, access_schedule)
}

/// That amount from one day of 2025 to another.
fn days(amount: i64, from: &str, to: &str) -> [CreateAccessItem; 1] {
    [segment(amount, &format!("2025-{from}T00:00:00Z"), &format!("2025-{to}T00:00:00Z"))]
}

fn march(amount: i64) -> [CreateAccessItem; 1] {
    days(amount, "03-01", "04-01")
}

impl Ready {
    fn give(&self, commit: CreateCommit) -> CommitId {
        self.store.create_commit(CustomerLevel::new(self.customer), commit).unwrap()
    }

    fn give_credit(&self, credit: CreateCredit) -> ContractCreditId {
        self.store.create_credit(CustomerLevel::new(self.customer), credit).unwrap()
    }

    fn contract_with(&self, change: impl FnOnce(&mut CreateContract)) -> Contract {
        let mut contract = self.plain();
        change(&mut contract);
        let id = self.store.create_contract(contract).unwrap();
        self.store.contract(id).unwrap()
    }

    fn asked(&self, question: &NetBalanceQuestion) -> String {
        self.store.net_balance(self.customer, question).unwrap().to_string()
    }

    /// What there is at that moment of 2025.
    fn all(&self, moment: &str) -> String {
        self.clock.set(at(&format!("2025-{moment}Z")));
        self.asked(&NetBalanceQuestion::default())
    }

    /// What one filter lets through now.
    fn through(&self, filter: NetBalanceFilter) -> String {
        self.asked(&filtered([filter]))
    }
}

fn filtered<const N: usize>(filters: [NetBalanceFilter; N]) -> NetBalanceQuestion {
    NetBalanceQuestion { filters: filters.into(), ..Default::default() }
}

fn of_types<const N: usize>(types: [BalanceType; N]) -> NetBalanceFilter {
    NetBalanceFilter { balance_types: types.into(), ..Default::default() }
}

fn of_ids<const N: usize>(ids: [Uuid; N]) -> NetBalanceFilter {
    NetBalanceFilter { ids: ids.into(), ..Default::default() }
}

fn with_values<const N: usize>(values: [(&str, &str); N]) -> NetBalanceFilter {
    let custom_fields = values.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    NetBalanceFilter { custom_fields, ..Default::default() }
}

#[test]
fn what_is_open_of_the_customer_and_all_its_contracts_is_added_up() {
    let ready = Ready::new();
    let mut parts = days(1, "03-01", "03-15").to_vec();
    parts.extend(days(10, "03-15", "04-01"));
    ready.give(own_commit(&ready, CreateAccessSchedule { credit_type_id: None, schedule_items: parts }));
    ready.give_credit(own_credit(&ready, march(100)));
    for amount in [1_000, 10_000] {
        ready.contract_with(|contract| {
            contract.commits = vec![own_commit(&ready, march(amount))];
            contract.credits = vec![own_credit(&ready, days(2 * amount, "03-15", "05-01"))];
        });
    }
    let another = ready.store.create_customer(CreateCustomer::default()).unwrap();
    ready.store.create_commit(CustomerLevel::new(another), own_commit(&ready, march(5))).unwrap();
    let theirs = CreateContract { credits: vec![own_credit(&ready, march(7))], ..ready.plain() };
    ready.store.create_contract(CreateContract { customer_id: another, ..theirs }).unwrap();
    for (moment, balance) in [
        ("02-28T23:59:59.999999999", "0"),
        ("03-01T00:00:00", "11101"),
        ("03-14T23:59:59.999999999", "11101"),
        ("03-15T00:00:00", "33110"),
        ("03-31T23:59:59.999999999", "33110"),
        ("04-01T00:00:00", "22000"),
        ("05-01T00:00:00", "0"),
    ] {
        assert_eq!(ready.all(moment), balance, "{moment}");
    }
    ready.clock.set(at("2025-03-01T00:00:00Z"));
    assert_eq!(ready.store.net_balance(another, &NetBalanceQuestion::default()).unwrap(), 12.into());
}

#[test]
fn what_is_archived_or_of_an_archived_contract_does_not_count_and_an_ended_contract_gives_nothing_more() {
    let ready = Ready::new();
    let own = ready.give(own_commit(&ready, march(1)));
    ready.give(own_commit(&ready, march(2)));
    let with_all = |amount: i64| {
        ready.contract_with(|contract| {
            contract.commits = vec![own_commit(&ready, march(amount)), own_commit(&ready, march(2 * amount))];
            let monthly = ready.recurring(4 * amount, RecurrenceFrequency::Monthly);
            contract.recurring_commits = vec![monthly];
        })
    };
    let (first, second) = (with_all(10), with_all(100));
    assert_eq!(ready.all("03-10T00:00:00"), "773");
    ready.store.archive(own).unwrap();
    ready.store.archive(first.commits[0].id).unwrap();
    assert_eq!(ready.all("03-10T00:00:00"), "762");
    ready.store.archive_contract(first.id).unwrap();
    assert_eq!(ready.all("03-10T00:00:00"), "702");
    ready.store.set_contract_end(second.id, Some(at("2025-03-20T00:00:00Z"))).unwrap();
    // The month's grant is smaller now that it is the last: 19 of 31 days.
    assert_eq!(ready.all("03-19T23:59:59"), "547.1612903225806451612903226");
    assert_eq!(ready.all("03-20T00:00:00"), "2");
}

#[test]
fn a_balance_is_of_one_credit_type_and_units_are_of_none() {
    let ready = Ready::new();
    let tokens = |amount| CreateAccessSchedule { credit_type_id: Some(TOKENS), ..march(amount).into() };
    ready.give(own_commit(&ready, march(1)));
    ready.give_credit(own_credit(&ready, tokens(10)));
    let mut units = own_commit(&ready, march(100));
    units.terms.access_type = Some(AccessType::Quantity);
    ready.give(units);
    ready.contract_with(|contract| {
        contract.commits = vec![own_commit(&ready, tokens(1_000))];
        let mut weekly = ready.recurring(10_000, RecurrenceFrequency::Weekly);
        weekly.terms.access_amount.credit_type_id = TOKENS;
        let mut counted = ready.recurring(100_000, RecurrenceFrequency::Weekly);
        counted.terms.terms.access_type = Some(AccessType::Quantity);
        contract.recurring_credits = vec![weekly, counted];
    });
    assert_eq!(ready.all("03-10T00:00:00"), "1");
    let of = |id| ready.asked(&NetBalanceQuestion { credit_type_id: Some(id), ..Default::default() });
    assert_eq!(of(CreditType::USD_CENTS), "1");
    assert_eq!(of(TOKENS), "11010");
    assert_eq!(of(CreditTypeId::new(Uuid::from_u128(78))), "0");
}

#[test]
fn grants_count_while_they_can_be_drawn_from() {
    let ready = Ready::new();
    let contract = ready.contract_with(|contract| {
        let mut commit = ready.recurring(100, RecurrenceFrequency::Monthly);
        commit.terms.starting_at = at("2025-01-31T00:00:00Z");
        commit.terms.ending_before = Some(at("2025-04-01T00:00:00Z"));
        (commit.terms.commit_duration, commit.terms.proration) = (2, RecurringProration::None);
        contract.recurring_commits = vec![commit];
        contract.subscriptions =
            vec![CreateSubscription { temporary_id: Some("seats".into()), ..ready.subscription(3) }];
        let mut credit = ready.recurring(1_000, RecurrenceFrequency::Annual);
        credit.terms.access_amount.quantity = None;
        credit.subscription_config = Some(SubscriptionConfig {
            subscription_id: "seats".into(),
            is_prorated: false,
            allocation: SeatAllocation::Pooled,
        });
        contract.recurring_credits = vec![credit];
    });
    for (moment, balance) in [
        ("01-30T23:59:59", "3000"),
        ("01-31T00:00:00", "3100"),
        ("02-28T00:00:00", "3200"),
        ("03-30T23:59:59", "3200"),
        ("03-31T00:00:00", "3200"),
        ("04-30T00:00:00", "3100"),
        ("05-30T23:59:59", "3100"),
        ("05-31T00:00:00", "3000"),
    ] {
        assert_eq!(ready.all(moment), balance, "{moment}");
    }
    ready.all("03-10T00:00:00");
    let (commit, credit) = (contract.recurring_commits[0].id, contract.recurring_credits[0].id);
    assert_eq!(ready.through(of_types([BalanceType::PrepaidCommit])), "200");
    assert_eq!(ready.through(of_types([BalanceType::Credit])), "3000");
    assert_eq!(ready.through(of_types([BalanceType::PostpaidCommit])), "0");
    assert_eq!(ready.through(of_ids([commit.into()])), "200");
    assert_eq!(ready.through(of_ids([credit.into()])), "3000");
    assert_eq!(ready.through(with_values([("note", "a")])), "0");
    let both = NetBalanceFilter { ids: [commit.into()].into(), ..with_values([("note", "a")]) };
    assert_eq!(ready.through(both), "0", "recurring ones have no values");
}

#[test]
fn filters_go_by_type_by_id_and_by_all_of_the_values() {
    let ready = Ready::new();
    ready.store.add_key(ManagedEntity::Commit, "commits only", KeyKind::Unindexed).unwrap();
    let both = [("note", "a"), ("commits only", "x")];
    let prepaid = ready.give(CreateCommit { custom_fields: both.into(), ..own_commit(&ready, march(1)) });
    let postpaid = CreateCommit {
        commit_type: CommitType::Postpaid,
        invoice_schedule: Some(CreateInvoiceSchedule {
            do_not_invoice: true,
            ..[item("2025-04-01T00:00:00Z", 10)].into()
        }),
        custom_fields: [("note", "a")].into(),
        ..own_commit(&ready, march(10))
    };
    ready.give(postpaid);
    let noted = CreateCredit { custom_fields: [("note", "a")].into(), ..own_credit(&ready, march(100)) };
    let contract = ready.contract_with(|contract| contract.credits = vec![noted]);
    let credit = contract.credits[0].id;
    ready.give_credit(own_credit(&ready, march(1_000)));
    assert_eq!(ready.all("03-10T00:00:00"), "1111");

    use BalanceType::{Credit, PostpaidCommit, PrepaidCommit};
    assert_eq!(ready.through(of_types([PrepaidCommit])), "1");
    assert_eq!(ready.through(of_types([PostpaidCommit])), "10");
    assert_eq!(ready.through(of_types([Credit])), "1100");
    assert_eq!(ready.through(of_types([PrepaidCommit, Credit])), "1101");
    assert_eq!(ready.through(of_ids([prepaid.uuid(), credit.uuid(), Uuid::from_u128(9)])), "101");
    assert_eq!(ready.through(with_values([("note", "a")])), "111");
    assert_eq!(ready.through(with_values([("note", "A")])), "0");
    assert_eq!(ready.through(with_values(both)), "1", "no credit has a value for a key of commits");
    let credits = NetBalanceFilter { balance_types: [Credit].into(), ..with_values([("note", "a")]) };
    assert_eq!(ready.through(credits.clone()), "100");
    assert_eq!(ready.asked(&filtered([credits, of_types([PostpaidCommit, Credit])])), "1110", "each once");
    assert_eq!(ready.through(NetBalanceFilter::default()), "1111", "what names nothing is no condition");

    ready.store.set_values(prepaid, [("note", "b")]).unwrap();
    assert_eq!(ready.through(with_values([("note", "a")])), "110");
    ready.store.remove_key(ManagedEntity::Commit, "note").unwrap();
    assert_eq!(
        ready.through(with_values([("note", "a")])),
        "100",
        "values of a removed key are not looked at"
    );
}

#[test]
fn every_fault_of_a_question_is_told() {
    let ready = Ready::new();
    let nobody = CustomerId::from(Uuid::from_u128(8));
    let many = NetBalanceFilter {
        ids: (0..1_001).map(Uuid::from_u128).collect(),
        ..with_values([("tear", "1"), ("note", "a")])
    };
    let question = filtered([with_values([("tear", "2"), ("slot", "A")]), many]);
    let told = faults(ready.store.net_balance(nobody, &question));
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "filters[1].ids: 1001 items; at most 1000 are allowed",
            &format!("there is no customer {nobody}"),
            r#"Custom field key not found: commit has no key "tear""#,
            r#"Custom field key not found: contract_credit has no key "tear""#,
        ]
    );
    let question =
        NetBalanceQuestion { filters: vec![NetBalanceFilter::default(); 101], ..Default::default() };
    let told = fault(ready.store.net_balance(ready.customer, &question)).to_string();
    assert_eq!(fields(&[told]), ["filters"]);
}

#[test]
fn what_needs_too_many_digits_is_rounded_once_or_refused() {
    let ready = Ready::new();
    let exactly = |amount: &str, from: &str, to: &str| {
        let [item] = days(0, from, to);
        ready.give(own_commit(&ready, [CreateAccessItem { amount: amount.parse().unwrap(), ..item }]));
    };
    exactly("1000000", "03-01", "06-01");
    exactly("33.33333333333333333333333333", "03-01", "04-01");
    assert_eq!(ready.all("03-10T00:00:00"), "1000033.333333333333333333333");
    exactly(LARGEST, "05-01", "06-01");
    assert_eq!(ready.all("04-10T00:00:00"), "1000000");
    ready.clock.set(at("2025-05-10T00:00:00Z"));
    let told = fault(ready.store.net_balance(ready.customer, &NetBalanceQuestion::default()));
    let id = CreditType::USD_CENTS;
    let rule = "what there is of it has more digits than the 28 there is room for";
    assert_eq!(told.to_string(), format!("credit_type_id: \"{id}\" is not allowed; {rule}"));
}

#[test]
fn a_snapshot_has_the_balance_of_its_moment_and_a_transaction_that_of_its_own_changes() {
    let ready = Ready::new();
    ready.give(own_commit(&ready, march(1)));
    assert_eq!(ready.all("03-10T00:00:00"), "1");
    let question = NetBalanceQuestion::default();
    let before = ready.store.snapshot().unwrap();
    let inside = ready.store.write(|tx| {
        tx.create_credit(CustomerLevel::new(ready.customer), own_credit(&ready, days(5, "03-01", "05-01")))?;
        tx.net_balance(ready.customer, &question)
    });
    assert_eq!(inside.unwrap(), 6.into());
    assert_eq!(ready.all("04-10T00:00:00"), "5");
    assert_eq!(before.net_balance(ready.customer, &question).unwrap(), 1.into());
    let adopted = CustomerId::from(Uuid::from_u128(5));
    ready.store.adopt(adopted).unwrap();
    assert_eq!(ready.store.net_balance(adopted, &question).unwrap(), 0.into());
}

/// A commit or credit that a program makes; days are counted from the contracts' start.
#[derive(Debug, Clone)]
struct Plain {
    /// The customer itself, one of its two contracts, or another customer.
    place: usize,
    kind: BalanceType,
    amount: i64,
    from: u64,
    length: u64,
    tokens: bool,
    note: Option<&'static str>,
    archived: bool,
    /// Of a contract alone: it comes every week, and lasts so many.
    weeks: Option<u32>,
}

/// A filter, with places in the list of what is made in place of ids.
type PlainFilter = (BTreeSet<BalanceType>, BTreeSet<usize>, Option<&'static str>);

fn notes() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(prop::sample::select(vec!["a", "b"]))
}

fn kinds() -> impl Strategy<Value = BalanceType> {
    prop::sample::select(vec![BalanceType::PrepaidCommit, BalanceType::PostpaidCommit, BalanceType::Credit])
}

fn plain() -> impl Strategy<Value = Plain> {
    let times = (0..30_u64, 1..20_u64, prop::option::of(1..4_u32));
    (0..4_usize, kinds(), 0..1_000_i64, times, prop::bool::weighted(0.2), notes(), prop::bool::weighted(0.2))
        .prop_map(|(place, kind, amount, (from, length, weeks), tokens, note, archived)| {
            let weeks = weeks.filter(|_| matches!(place, 1 | 2) && kind != BalanceType::PostpaidCommit);
            let (note, archived) = (note.filter(|_| weeks.is_none()), archived && weeks.is_none());
            Plain { place, kind, amount, from, length, tokens, note, archived, weeks }
        })
}

fn after(days: u64) -> Time {
    at("2024-11-01T00:00:00Z").after(Duration::from_secs(days * 86_400))
}

impl Plain {
    fn credit_type(&self) -> CreditTypeId {
        if self.tokens { TOKENS } else { CreditType::USD_CENTS }
    }

    fn commit(&self, ready: &Ready) -> CreateCommit {
        let (starting_at, ending_before) = (after(self.from), after(self.from + self.length));
        let item = CreateAccessItem { amount: self.amount.into(), starting_at, ending_before };
        let credit_type_id = Some(self.credit_type());
        let schedule = CreateAccessSchedule { credit_type_id, ..[item].into() };
        let mut commit = own_commit(ready, schedule);
        commit.custom_fields = self.note.iter().map(|note| ("note", *note)).collect();
        if self.kind == BalanceType::PostpaidCommit {
            let charge =
                CreateInvoiceItem { timestamp: ending_before, price: Amount::from(self.amount).into() };
            commit.commit_type = CommitType::Postpaid;
            let schedule = CreateInvoiceSchedule { credit_type_id, do_not_invoice: true, ..[charge].into() };
            commit.invoice_schedule = Some(schedule);
        }
        commit
    }

    fn credit(&self, ready: &Ready) -> CreateCredit {
        let CreateCommit { terms, access_schedule, custom_fields, .. } = self.commit(ready);
        CreateCredit { custom_fields, ..CreateCredit::new(terms, access_schedule) }
    }

    fn recurring(&self, ready: &Ready, weeks: u32) -> CreateRecurring {
        let mut recurring = ready.recurring(self.amount, RecurrenceFrequency::Weekly);
        recurring.terms.starting_at = after(self.from);
        recurring.terms.commit_duration = weeks;
        recurring.terms.access_amount.credit_type_id = self.credit_type();
        recurring
    }

    /// Makes it; its id.
    fn make(&self, ready: &Ready, another: CustomerId, contracts: &[ContractId]) -> Uuid {
        let level = CustomerLevel::new(if self.place == 3 { another } else { ready.customer });
        let is_credit = self.kind == BalanceType::Credit;
        let Some(contract) = self.place.checked_sub(1).and_then(|place| contracts.get(place)) else {
            return if is_credit {
                self.archive(ready, ready.store.create_credit(level, self.credit(ready)).unwrap())
            } else {
                self.archive(ready, ready.store.create_commit(level, self.commit(ready)).unwrap())
            };
        };
        let mut edit = EditContract::default();
        match (self.weeks, is_credit) {
            (None, false) => edit.add_commits.push(self.commit(ready)),
            (None, true) => edit.add_credits.push(self.credit(ready)),
            (Some(weeks), false) => edit.add_recurring_commits.push(self.recurring(ready, weeks)),
            (Some(weeks), true) => edit.add_recurring_credits.push(self.recurring(ready, weeks)),
        }
        ready.store.edit_contract(*contract, edit).unwrap();
        let contract = ready.store.contract(*contract).unwrap();
        match (self.weeks, is_credit) {
            (None, false) => self.archive(ready, contract.commits.last().unwrap().id),
            (None, true) => self.archive(ready, contract.credits.last().unwrap().id),
            (Some(_), false) => contract.recurring_commits.last().unwrap().id.into(),
            (Some(_), true) => contract.recurring_credits.last().unwrap().id.into(),
        }
    }

    fn archive<I: EntityId>(&self, ready: &Ready, id: I) -> Uuid {
        if self.archived {
            ready.store.archive(id).unwrap();
        }
        id.uuid()
    }

    /// What it gives on a day.
    fn gives(&self, day: u64) -> i64 {
        let open = match self.weeks {
            None => (self.from..self.from + self.length).contains(&day).into(),
            Some(weeks) => {
                let begun =
                    |n: &u64| self.from + 7 * n <= day && day < self.from + 7 * (n + u64::from(weeks));
                (0..20).filter(begun).count()
            }
        };
        self.amount * i64::try_from(open).unwrap()
    }

    fn passes(&self, place: usize, (types, places, note): &PlainFilter) -> bool {
        (types.is_empty() || types.contains(&self.kind))
            && (places.is_empty() || places.contains(&place))
            && note.is_none_or(|note| self.note == Some(note))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_net_balance_is_what_adding_up_by_hand_comes_to(
        made in prop::collection::vec(plain(), 0..16),
        contract_archived in any::<bool>(),
        questions in prop::collection::vec((
            prop::bool::weighted(0.2),
            0..60_u64,
            prop::collection::vec((
                prop::collection::btree_set(kinds(), 0..3), prop::collection::btree_set(0..16_usize, 0..5), notes(),
            ), 0..3),
        ), 1..12),
    ) {
        let ready = Ready::new();
        let another = ready.store.create_customer(CreateCustomer::default()).unwrap();
        let contracts = [ready.contract_with(|_| ()).id, ready.contract_with(|_| ()).id];
        let ids: Vec<_> = made.iter().map(|plain| plain.make(&ready, another, &contracts)).collect();
        if contract_archived {
            ready.store.archive_contract(contracts[1]).unwrap();
        }
        for (tokens, day, filters) in questions {
            let credit_type_id = tokens.then_some(TOKENS);
            let counts = |(place, plain): &(usize, &Plain)| {
                plain.place < 3 && !plain.archived && !(contract_archived && plain.place == 2) && plain.tokens == tokens
                    && (filters.is_empty() || filters.iter().any(|filter| plain.passes(*place, filter)))
            };
            let expected: i64 =
                made.iter().enumerate().filter(counts).map(|(_, plain)| plain.gives(day)).sum();
            let filter = |(balance_types, places, note): &PlainFilter| NetBalanceFilter {
                balance_types: balance_types.clone(),
                // Places behind the last one are ids that nothing has.
                ids: places.iter().map(|place| ids.get(*place).copied().unwrap_or(Uuid::nil())).collect(),
                ..note.map_or_else(NetBalanceFilter::default, |note| with_values([("note", note)]))
            };
            let question = NetBalanceQuestion { credit_type_id, filters: filters.iter().map(filter).collect() };
            ready.clock.set(after(day));
            prop_assert_eq!(ready.store.net_balance(ready.customer, &question).unwrap(), expected.into(), "{:?}", question);
        }
    }
}
