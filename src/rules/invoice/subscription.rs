//! What a subscription charges in a window of time.

use std::ops::Range;

use super::Term;
use crate::entity::SubscriptionId;
use crate::error::Result;
use crate::id::CreditTypeId;
use crate::model::charge_line::{DatedCharge, LineSource};
use crate::model::scalar::{Amount, Time};
use crate::model::schedule::Price;
use crate::model::statement::StatementSchedule;
use crate::model::subscription::{
    CollectionSchedule, InvoiceBehavior, InvoicePlacement, QuantitySegment, Subscription,
};
use crate::rules::recurring::prorated;
use crate::rules::statement::{boundaries, period};
use crate::rules::subscription::{billing_schedule, last_moment, quantities};

/// What a subscription charges, period by period.
///
/// **In advance.** At a period's start, for the quantity there is then. What the quantity goes up by within the period,
/// beyond the most there has been in it, is charged besides: when it goes up or at the period's end, as the terms
/// say. Nothing is given back where it goes down.
///
/// **In arrears.** All at the period's end: where shares are charged, each stretch of one quantity for its time; else
/// what would have been charged in advance.
///
/// **How much.** `price` is asked for the moment at which what is charged begins; where it says `None` there is no
/// line. A period that is cut short costs its share of the whole one, where the terms say so, and so does what begins
/// within it; otherwise each costs the whole price. Shares are rounded as the terms say.
pub fn subscription(
    id: SubscriptionId,
    subscription: &Subscription,
    term: &Term,
    window: &Range<Time>,
    price: &mut impl FnMut(Time, Time) -> Result<Option<(Amount, CreditTypeId)>>,
) -> Result<Vec<DatedCharge>> {
    let periods = Periods::of(subscription, term);
    let quantities = quantities(subscription, term.ending_before);
    let mut charges = Vec::new();
    for period in periods.touching(window) {
        for charged in charged(subscription, &period, &quantities) {
            if !window.contains(&charged.at) {
                continue;
            }
            if let Some(price) = price(charged.from, charged.at)? {
                charges.push(line(id, subscription, &period, &charged, price));
            }
        }
    }
    Ok(charges)
}

/// The periods that a subscription is charged by.
struct Periods {
    schedule: StatementSchedule,
    start: Time,
    end: Option<Time>,
}

/// One of them: as far as the subscription lasts, and as it is in the calendar.
struct Period {
    part: (Time, Time),
    whole: (Time, Time),
}

impl Periods {
    fn of(subscription: &Subscription, term: &Term) -> Self {
        Self {
            schedule: billing_schedule(&subscription.terms, &term.statements),
            start: subscription.starting_at,
            end: last_moment(subscription.ending_before, term.ending_before),
        }
    }

    /// Those that begin before a window's end and do not end before it begins.
    fn touching(&self, window: &Range<Time>) -> impl Iterator<Item = Period> {
        let boundaries = boundaries(&self.schedule);
        let first = boundaries.at_or_before(self.start);
        // One that ends exactly when the window begins is charged for in it.
        let from = first.max(boundaries.at_or_before(window.start) - 1);
        let periods = (from..).map_while(move |number| {
            let part = period(&self.schedule, self.start, self.end, number)?;
            let start = boundaries.nth(number).unwrap_or(part.0);
            Some(Period { part, whole: (start, boundaries.nth(number + 1).unwrap_or(part.1)) })
        });
        let end = window.end;
        periods.take_while(move |period| period.part.0 < end)
    }
}

/// A quantity that is charged from a moment of a period on, until the period's end where nothing else is said.
struct Charged {
    at: Time,
    from: Time,
    to: Time,
    quantity: Amount,
}

/// What is charged for a period.
fn charged(subscription: &Subscription, period: &Period, quantities: &[QuantitySegment]) -> Vec<Charged> {
    let terms = &subscription.terms;
    let (start, end) = period.part;
    let stretches = stretches(quantities, period.part);
    match terms.collection_schedule {
        CollectionSchedule::Arrears if terms.is_prorated => {
            stretches.map(|(from, to, quantity)| Charged { at: end, from, to, quantity }).collect()
        }
        CollectionSchedule::Arrears => {
            raises(stretches).map(|(from, quantity)| Charged { at: end, from, to: end, quantity }).collect()
        }
        CollectionSchedule::Advance => {
            let at_once = terms.invoice_behavior == InvoiceBehavior::BillImmediately;
            let due = |from| if at_once || from == start { from } else { end };
            raises(stretches)
                .map(|(from, quantity)| Charged { at: due(from), from, to: end, quantity })
                .collect()
        }
    }
}

/// What there is in a period, from when until when.
fn stretches(
    quantities: &[QuantitySegment],
    (start, end): (Time, Time),
) -> impl Iterator<Item = (Time, Time, Amount)> {
    let over = |segment: &QuantitySegment| segment.ending_before.is_some_and(|end| end <= start);
    let first = quantities.partition_point(over);
    quantities.iter().skip(first).take_while(move |segment| segment.starting_at < end).map(move |segment| {
        let to = segment.ending_before.map_or(end, |to| to.min(end));
        (segment.starting_at.max(start), to, segment.quantity)
    })
}

/// What there is at first, and what comes on top of the most there has been so far.
fn raises(stretches: impl Iterator<Item = (Time, Time, Amount)>) -> impl Iterator<Item = (Time, Amount)> {
    let mut most = None;
    stretches.filter_map(move |(from, _, quantity)| {
        let more = match most {
            None => quantity,
            Some(before) if quantity > before => difference(quantity, before),
            Some(_) => return None,
        };
        most = Some(quantity);
        Some((from, more))
    })
}

/// Of two amounts of 0 or more the greater one less the other, in the 28 digits nearest to it where it has more.
fn difference(greater: Amount, less: Amount) -> Amount {
    let nearest = || (greater.decimal() - less.decimal()).round_sf(28).map(Amount::of);
    greater.minus(less).or_else(nearest).unwrap_or(greater)
}

fn line(
    id: SubscriptionId,
    subscription: &Subscription,
    period: &Period,
    charged: &Charged,
    (unit_price, credit_type_id): (Amount, CreditTypeId),
) -> DatedCharge {
    let terms = &subscription.terms;
    let &Charged { at, from, to, quantity } = charged;
    let source = LineSource::Subscription { id, period: period.part.0, from };
    let part = if terms.is_prorated { (from, to) } else { period.whole };
    let price = Price { unit_price, quantity };
    DatedCharge {
        name: terms.name.clone(),
        total: prorated((unit_price, quantity), part, period.whole, terms.rounding),
        period: Some((from, to)),
        is_prorated: part != period.whole,
        placement: Some(terms.invoice_placement.unwrap_or(InvoicePlacement::OnUsageInvoice)),
        ..DatedCharge::new(source, terms.product_id, at, credit_type_id, price)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::model::credit_type::CreditType;
    use crate::model::rate::BillingFrequency;
    use crate::model::recurring::{ProrationRounding, ProrationRoundingMethod};
    use crate::model::subscription::{QuantityChange, QuantityUpdate, SubscriptionTerms};
    use std::collections::BTreeSet;
    use uuid::Uuid;

    use CollectionSchedule::Arrears;
    use InvoiceBehavior::{BillImmediately, BillOnNextCollectionDate};

    pub fn day(text: &str) -> Time {
        format!("2025-{text}T00:00:00Z").parse().unwrap()
    }

    /// So many from 1 January on, charged every month, with changes on dates.
    pub fn seats(quantity: i64, changes: &[(&str, i64)]) -> Subscription {
        let change = |&(at, to): &(&str, i64)| QuantityUpdate {
            starting_at: day(at),
            change: QuantityChange::To(to.into()),
        };
        Subscription {
            terms: SubscriptionTerms {
                is_prorated: true,
                ..SubscriptionTerms::new(Uuid::from_u128(1).into(), BillingFrequency::Monthly)
            },
            starting_at: day("01-01"),
            ending_before: None,
            initial_quantity: quantity.into(),
            initial_seat_ids: BTreeSet::new(),
            initial_unassigned_seats: 0,
            quantity_updates: changes.iter().map(change).collect(),
            created_at: day("01-01"),
        }
    }

    pub fn with(mut subscription: Subscription, terms: impl FnOnce(&mut SubscriptionTerms)) -> Subscription {
        terms(&mut subscription.terms);
        subscription
    }

    pub fn term(statements: BillingFrequency) -> Term {
        Term {
            starting_at: day("01-01"),
            ending_before: None,
            statements: StatementSchedule {
                frequency: statements,
                billing_anchor_date: day("01-01"),
                invoice_generation_starting_at: None,
            },
        }
    }

    pub fn charges(part: &Subscription, term: &Term, window: &Range<Time>) -> Vec<DatedCharge> {
        // 868 a month are 28 for each of January's 31 days, and 31 for each of February's 28.
        let mut price = |_, _| Ok(Some((868.into(), CreditType::USD_CENTS)));
        subscription(Uuid::from_u128(2).into(), part, term, window, &mut price).unwrap()
    }

    /// When is charged, from when until when, how many, how much: from 1 January to 28 February.
    fn told(part: &Subscription) -> Vec<String> {
        let window = day("01-01")..day("03-01");
        charges(part, &term(BillingFrequency::Monthly), &window).iter().map(text).collect()
    }

    fn text(charge: &DatedCharge) -> String {
        let day = |time: Time| time.to_string()[5..10].to_owned();
        let (from, to) = charge.period.unwrap();
        format!("{}: {}..{} {} {}", day(charge.at), day(from), day(to), charge.quantity, charge.total)
    }

    #[test]
    fn in_advance_a_period_is_charged_when_it_begins() {
        // 10 x 868.
        assert_eq!(told(&seats(10, &[])), ["01-01: 01-01..02-01 10 8680", "02-01: 02-01..03-01 10 8680"]);
        let fewer = seats(10, &[("02-01", 4)]);
        assert_eq!(told(&fewer), ["01-01: 01-01..02-01 10 8680", "02-01: 02-01..03-01 4 3472"]);
    }

    #[test]
    fn a_period_that_is_cut_short_costs_its_share_or_all() {
        // 10 days of January at 10 x 28, and 10 of February at 10 x 31.
        let mut cut = Subscription { starting_at: day("01-22"), ..seats(10, &[]) };
        cut.ending_before = Some(day("02-11"));
        assert_eq!(told(&cut), ["01-22: 01-22..02-01 10 2800", "02-01: 02-01..02-11 10 3100"]);
        let shares = |part: &Subscription| -> Vec<_> {
            let found = charges(part, &term(BillingFrequency::Monthly), &(day("01-01")..day("03-01")));
            found.iter().map(|charge| charge.is_prorated).collect()
        };
        assert_eq!(shares(&cut), [true, true]);
        assert_eq!(shares(&seats(10, &[])), [false, false]);
        let whole = with(cut, |terms| terms.is_prorated = false);
        assert_eq!(told(&whole), ["01-22: 01-22..02-01 10 8680", "02-01: 02-01..02-11 10 8680"]);
        assert_eq!(shares(&whole), [false, false]);
        // The contract's end cuts as well.
        let ending = Term { ending_before: Some(day("01-11")), ..term(BillingFrequency::Monthly) };
        let found = charges(&seats(10, &[]), &ending, &(day("01-01")..day("03-01")));
        assert_eq!(found.iter().map(text).collect::<Vec<_>>(), ["01-01: 01-01..01-11 10 2800"]);
    }

    #[test]
    fn what_comes_on_top_is_charged_at_once_or_when_the_period_ends() {
        let more = seats(10, &[("01-22", 12)]);
        let whole = ["01-01: 01-01..02-01 10 8680", "02-01: 02-01..03-01 12 10416"];
        // 2 for 10 days at 28.
        for (behaviour, at) in [(BillImmediately, "01-22"), (BillOnNextCollectionDate, "02-01")] {
            let more = with(more.clone(), |terms| terms.invoice_behavior = behaviour);
            let top = format!("{at}: 01-22..02-01 2 560");
            assert_eq!(told(&more), [whole[0], top.as_str(), whole[1]]);
            let unprorated = with(more, |terms| terms.is_prorated = false);
            let top = format!("{at}: 01-22..02-01 2 1736");
            assert_eq!(told(&unprorated), [whole[0], top.as_str(), whole[1]]);
        }
    }

    #[test]
    fn what_was_paid_for_is_neither_given_back_nor_charged_again() {
        let back = seats(10, &[("01-05", 8), ("01-10", 10), ("01-12", 3), ("01-22", 11)]);
        assert_eq!(
            told(&back),
            ["01-01: 01-01..02-01 10 8680", "02-01: 01-22..02-01 1 280", "02-01: 02-01..03-01 11 9548"]
        );
        let arrears = with(back, |terms| {
            terms.collection_schedule = Arrears;
            terms.is_prorated = false;
        });
        // February's end is no moment of the window.
        assert_eq!(told(&arrears), ["02-01: 01-01..02-01 10 8680", "02-01: 01-22..02-01 1 868"]);
    }

    #[test]
    fn in_arrears_each_stretch_of_one_quantity_costs_its_time() {
        let changing = seats(10, &[("01-11", 5), ("01-22", 12)]);
        let arrears = with(changing, |terms| terms.collection_schedule = Arrears);
        // 10 days at 10 x 28, 11 at 5 x 28, 10 at 12 x 28.
        assert_eq!(
            told(&arrears),
            ["02-01: 01-01..01-11 10 2800", "02-01: 01-11..01-22 5 1540", "02-01: 01-22..02-01 12 3360"]
        );
    }

    #[test]
    fn none_are_a_line_too_but_not_where_nothing_went_up() {
        let none = seats(0, &[("01-22", 1), ("01-25", 0)]);
        assert_eq!(
            told(&none),
            ["01-01: 01-01..02-01 0 0", "02-01: 01-22..02-01 1 280", "02-01: 02-01..03-01 0 0"]
        );
    }

    #[test]
    fn a_price_is_that_of_the_moment_from_which_on_is_charged() {
        let more = seats(10, &[("01-22", 12)]);
        let mut asked = Vec::new();
        let mut price = |at: Time, _| {
            asked.push(at);
            let risen = if at < day("01-15") { 868 } else { 1736 };
            Ok((at < day("02-01")).then(|| (risen.into(), CreditType::EUR)))
        };
        let window = day("01-01")..day("03-01");
        let id = Uuid::from_u128(2).into();
        let found = subscription(id, &more, &term(BillingFrequency::Monthly), &window, &mut price).unwrap();
        let texts: Vec<_> = found.iter().map(text).collect();
        assert_eq!(texts, ["01-01: 01-01..02-01 10 8680", "02-01: 01-22..02-01 2 1120"]);
        assert_eq!(found[1].credit_type_id, CreditType::EUR);
        let source = LineSource::Subscription { id, period: day("01-01"), from: day("01-22") };
        assert_eq!(found[1].source, source);
        assert_eq!(asked, ["01-01", "01-22", "02-01"].map(day));
        let mut lost = |_, _| Err(crate::Error::corrupt("a row that cannot be read"));
        assert!(subscription(id, &more, &term(BillingFrequency::Monthly), &window, &mut lost).is_err());
    }

    #[test]
    fn periods_are_counted_from_its_own_date_or_from_the_statements() {
        let quarter = with(seats(1, &[]), |terms| terms.billing_frequency = BillingFrequency::Quarterly);
        let all = day("01-01")..day("07-02");
        let dates = |part: &Subscription| -> Vec<_> {
            charges(part, &term(BillingFrequency::Weekly), &all).iter().map(|charge| charge.at).collect()
        };
        assert_eq!(dates(&quarter), ["01-01", "04-01", "07-01"].map(day));
        let own = with(quarter, |terms| terms.billing_anchor_date = Some(day("02-15")));
        assert_eq!(dates(&own), ["01-01", "02-15", "05-15"].map(day));
    }

    #[test]
    fn shares_are_rounded_as_is_said_and_what_is_whole_is_not() {
        let rounding_method = ProrationRoundingMethod::Ceiling;
        let rounded = with(seats(1, &[("01-22", 2)]), |terms| {
            terms.rounding = Some(ProrationRounding { rounding_method, decimal_places: -2 });
        });
        // 280 up to the next hundred.
        assert_eq!(told(&rounded)[..2], ["01-01: 01-01..02-01 1 868", "02-01: 01-22..02-01 1 300"]);
    }

    #[test]
    fn it_is_on_the_usage_invoice_where_nothing_is_said() {
        let placed = |said| {
            let part = with(seats(1, &[]), |terms| terms.invoice_placement = said);
            let found = charges(&part, &term(BillingFrequency::Monthly), &(day("01-01")..day("01-02")));
            found[0].placement
        };
        assert_eq!(placed(None), Some(InvoicePlacement::OnUsageInvoice));
        let own = Some(InvoicePlacement::OnScheduledInvoice);
        assert_eq!(placed(own), own);
    }

    #[test]
    fn what_has_no_room_is_charged_in_the_nearest_28_digits() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(difference(amount("3"), amount("0.5")), amount("2.5"));
        let (many, few) = ("1234567890123456789012345678", "100000000000000000000000000.6");
        assert_eq!(difference(amount(many), amount(few)), amount("1134567890123456789012345677"));
        assert_eq!(difference(Amount::MAX, amount("1e-28")), Amount::MAX);
    }
}
