//! The parts of contracts that programs ask for, good and bad.

use billfold::prelude::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::contract_parts::NewParts;
use super::operation::Pairs;
use super::products::{moments, products};
use super::program::{KEYS, pairs};
use crate::support::catalog::strings;

/// What is right, and now and then what is wrong where a request may be `bad`.
pub fn or<T: std::fmt::Debug + 'static>(
    bad: bool,
    right: impl Strategy<Value = T> + 'static,
    wrong: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    if bad { prop_oneof![5 => right, 1 => wrong].boxed() } else { right.boxed() }
}

/// Spans of time on the hour, and some that are none.
fn span(bad: bool) -> impl Strategy<Value = (Time, Time)> {
    let [first, second, third, half_past, last] = moments();
    let spans = [(first, second), (second, third), (first, last), (second, last), (third, last)];
    let wrong = [(third, second), (last, last), (half_past, last), (first, half_past)];
    or(bad, select(spans.to_vec()), select(wrong.to_vec()))
}

pub fn segment(bad: bool) -> impl Strategy<Value = CreateAccessItem> {
    let amount = or(bad, select(&[10, 10, 0]), Just(-1));
    (amount, span(bad)).prop_map(|(amount, (start, end))| CreateAccessItem {
        amount: amount.into(),
        starting_at: start,
        ending_before: end,
    })
}

fn access(bad: bool) -> impl Strategy<Value = CreateAccessSchedule> {
    or(bad, vec(segment(bad), 1..=2), Just(Vec::new()))
        .prop_map(|schedule_items| CreateAccessSchedule { credit_type_id: None, schedule_items })
}

fn product(bad: bool, nth: usize) -> impl Strategy<Value = ContractProductId> {
    or(bad, select(products().skip(nth).take(1).collect::<Vec<_>>()), select(products().collect::<Vec<_>>()))
}

fn fixed_product(bad: bool) -> impl Strategy<Value = ContractProductId> {
    product(bad, 5)
}

pub fn rollover(bad: bool) -> impl Strategy<Value = Option<Amount>> {
    or(bad, select(&[None, Some("0.5")]), Just(Some("2")))
        .prop_map(|fraction| fraction.map(|fraction| fraction.parse().unwrap()))
}

pub fn part_name(bad: bool) -> impl Strategy<Value = Option<String>> {
    or(bad, select(&[None, Some("part")]), Just(Some(""))).prop_map(|name| name.map(str::to_owned))
}

/// Values that most instances of contracts and commits can have.
pub fn own_values(bad: bool) -> BoxedStrategy<Pairs> {
    let few = vec((select(&KEYS[..3]), select(&["a", "ab", "b"])), 0..=1);
    let few =
        few.prop_map(|few| few.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect());
    or(bad, few, pairs())
}

fn terms(bad: bool) -> BoxedStrategy<BalanceTerms> {
    (fixed_product(bad), part_name(bad), rollover(bad))
        .prop_map(|(product, name, rollover_fraction)| BalanceTerms {
            name,
            rollover_fraction,
            ..BalanceTerms::new(product)
        })
        .boxed()
}

/// What the schedule of a charge that comes around becomes, worked out by hand: 31 January and every month from
/// there before 1 May, ten of something.
pub const MONTH_ENDS: [&str; 4] = ["2001-01-31", "2001-02-28", "2001-03-31", "2001-04-30"];
pub const AMOUNTS: [(AmountDistribution, [&str; 4]); 3] = [
    (AmountDistribution::Each, ["10", "10", "10", "10"]),
    (AmountDistribution::Divided, ["2.5", "2.5", "2.5", "2.5"]),
    (AmountDistribution::DividedRounded, ["2", "2", "2", "4"]),
];

pub fn midnight(day: &str) -> Time {
    format!("{day}T00:00:00Z").parse().unwrap()
}

fn recurring(bad: bool) -> impl Strategy<Value = CreateInvoiceSchedule> {
    let end = or(bad, Just("2001-05-01"), Just("2001-01-31"));
    (select(AMOUNTS.map(|(how, _)| how).to_vec()), end).prop_map(|(amount_distribution, end)| {
        CreateInvoiceSchedule::from(RecurringSchedule {
            starting_at: midnight(MONTH_ENDS[0]),
            ending_before: midnight(end),
            frequency: ScheduleFrequency::Monthly,
            price: Amount::from(10).into(),
            amount_distribution,
        })
    })
}

fn on_dates(bad: bool) -> impl Strategy<Value = CreateInvoiceSchedule> {
    let amount = or(bad, select(&[10, 10, 7]), Just(-1));
    let item = (amount, select(moments().to_vec()))
        .prop_map(|(amount, timestamp)| CreateInvoiceItem { timestamp, price: Amount::from(amount).into() });
    or(bad, vec(item, 1..=2), Just(Vec::new())).prop_map(|items| CreateInvoiceSchedule {
        credit_type_id: None,
        dates: ScheduleDates::Items(items),
        do_not_invoice: false,
    })
}

pub fn commit(bad: bool) -> BoxedStrategy<CreateCommit> {
    let invoice = prop_oneof![
        3 => Just(None),
        4 => on_dates(bad).prop_map(Some),
        1 => recurring(bad).prop_map(Some),
    ];
    // As a POSTPAID commit has to be, more often than it comes out so.
    let ten = CreateInvoiceItem { timestamp: moments()[2], price: Amount::from(10).into() };
    let postpaid = prop_oneof![8 => Just(None), 2 => Just(Some(true)), 1 => Just(bad.then_some(false))];
    let temporary = option::weighted(0.3, Just("named".to_owned()));
    (terms(bad), access(bad), postpaid, invoice, temporary)
        .prop_map(move |(terms, mut access, postpaid, mut invoice_schedule, temporary_id)| {
            if postpaid == Some(true) {
                access.schedule_items.truncate(1);
                access.schedule_items.iter_mut().for_each(|item| item.amount = 10.into());
                invoice_schedule = Some([ten].into());
            }
            let commit_type = postpaid.map_or(CommitType::Prepaid, |_| CommitType::Postpaid);
            let made = CreateCommit::prepaid(terms, access);
            CreateCommit { commit_type, invoice_schedule, temporary_id, ..made }
        })
        .boxed()
}

pub fn credit(bad: bool) -> impl Strategy<Value = CreateCredit> {
    (terms(bad), access(bad)).prop_map(|(terms, access)| CreateCredit::new(terms, access))
}

fn charge(bad: bool) -> impl Strategy<Value = CreateScheduledCharge> {
    let schedule = prop_oneof![3 => recurring(bad), 1 => on_dates(bad)];
    (fixed_product(bad), part_name(bad), schedule).prop_map(|(product, name, schedule)| {
        CreateScheduledCharge { name, ..CreateScheduledCharge::new(product, schedule) }
    })
}

fn price_override(bad: bool) -> BoxedStrategy<OverrideTerms> {
    let none = OverrideTerms::new(moments()[0]);
    let tagged = OverrideTerms { applicable_product_tags: strings(&["tag"]), ..none.clone() };
    let times = OverrideTerms { override_type: Some(OverrideType::Multiplier), ..tagged.clone() };
    let by = move |multiplier: &str| OverrideTerms {
        multiplier: Some(multiplier.parse().unwrap()),
        ..times.clone()
    };
    let to = OverrideTerms {
        override_type: Some(OverrideType::Overwrite),
        overwrite_rate: Some(OverwriteRate { rate: Rate::flat(7.into()), credit_type_id: None }),
        ..none
    };
    let named = OverrideSpecifier {
        product_tags: strings(&["tag"]),
        commit_ids: strings(&["named"]),
        ..Default::default()
    };
    let for_commit = OverrideTerms {
        is_commit_specific: true,
        applicable_product_tags: Vec::new(),
        override_specifiers: vec![named],
        ..by("0.5")
    };
    let kinds = prop_oneof![
        7 => or(bad, select(vec![by("0.9"), by("0.8"), by("1.5")]), Just(by("-1"))),
        4 => product(bad, 2).prop_map(move |product| OverrideTerms { product_id: Some(product), ..to.clone() }),
        2 => any::<bool>().prop_map(move |entitled| OverrideTerms { entitled: Some(entitled), ..tagged.clone() }),
        1 => Just(for_commit),
    ];
    let [first, second, third, half_past, last] = moments();
    let windows = [(first, None), (first, None), (first, Some(third)), (second, Some(last)), (third, None)];
    let window = or(bad, select(windows.to_vec()), Just((half_past, Some(second))));
    (kinds, window)
        .prop_map(|(kind, (starting_at, ending_before))| OverrideTerms { starting_at, ending_before, ..kind })
        .boxed()
}

fn subscription(bad: bool) -> impl Strategy<Value = CreateSubscription> {
    (product(bad, 3), or(bad, Just(2_i64), Just(-1))).prop_map(|(product, quantity)| {
        CreateSubscription::new(SubscriptionTerms::new(product, BillingFrequency::Monthly), quantity)
    })
}

/// Some parts of each kind, mostly none.
pub fn new_parts(bad: bool) -> BoxedStrategy<NewParts> {
    let upto = |most: usize| prop_oneof![2 => Just(0_usize), 1 => 0..=most];
    let none = move || or(bad, Just(Pairs::new()), pairs());
    let commits = upto(3).prop_flat_map(move |count| vec((commit(bad), own_values(bad)), count));
    let credits = upto(1).prop_flat_map(move |count| vec((credit(bad), none()), count));
    let charges = upto(1).prop_flat_map(move |count| vec((charge(bad), none()), count));
    let overrides = upto(2).prop_flat_map(move |count| vec(price_override(bad), count));
    let subscriptions = upto(1).prop_flat_map(move |count| vec((subscription(bad), none()), count));
    (commits, credits, charges, overrides, subscriptions)
        .prop_map(|(commits, credits, charges, overrides, subscriptions)| NewParts {
            commits,
            credits,
            charges,
            overrides,
            subscriptions,
        })
        .boxed()
}
