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
