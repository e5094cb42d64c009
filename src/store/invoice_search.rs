//! Finding the invoices of a page: by date, a stretch of days at a time, so that what comes later is not worked out.

use std::cmp::Ordering;
use std::ops::Range;

use uuid::Uuid;

use super::charging::Charging;
use super::drafts::{self, Invoices};
use super::invoices::Found;
use crate::entity::{EntityId, InvoiceId};
use crate::error::{Error, Result};
use crate::id::CreditTypeId;
use crate::model::invoice::{InvoiceOrder, InvoiceQuestion, InvoiceStatus, InvoiceType};
use crate::model::scalar::Time;
use crate::model::statement::StatementPeriod;
use crate::storage::key_bytes::{self, MOMENT_BYTES};
use crate::storage::view::Reader;

/// The first stretch that is looked through, in days; each further one is twice as long.
const FIRST_STRETCH: i64 = 366;

/// A search for the invoices that a question asks for.
pub struct Search<'s, R> {
    pub reader: &'s R,
    pub contracts: &'s [Charging],
    pub question: &'s InvoiceQuestion,
    pub now: Time,
    /// The place of the last one that was found before.
    pub after: Option<Place>,
}

/// Where an invoice stands in the order of dates.
pub type Place = (Time, InvoiceId);

/// An invoice that is asked for.
pub struct Hit {
    /// Its contract, by its place among those that were searched.
    pub contract: usize,
    pub id: InvoiceId,
    pub found: Found,
}

impl Hit {
    pub fn place(&self) -> Place {
        (self.found.issued_at(), self.id)
    }
}

/// A place as a cursor has it.
pub fn place_bytes((issued_at, id): Place) -> Vec<u8> {
    [key_bytes::moment(Some(issued_at)).as_slice(), id.uuid().as_bytes()].concat()
}

pub fn place_of(bytes: &[u8]) -> Result<Place> {
    let (moment, id) =
        bytes.split_at_checked(MOMENT_BYTES).ok_or_else(|| Error::corrupt("a cursor cut short"))?;
    let id = Uuid::from_slice(id).map_err(|_| Error::corrupt("a cursor without an id"))?;
    Ok((key_bytes::moment_of(moment)?, id.into()))
}

impl<R: Reader> Search<'_, R> {
    /// The first so many, in the question's order.
    pub fn run(&self, limit: usize) -> Result<Vec<Hit>> {
        let mut found = Vec::new();
        for days in self.stretches() {
            let mut hits = Vec::new();
            for (place, charging) in self.contracts.iter().enumerate() {
                self.search(place, charging, &days, &mut hits)?;
            }
            hits.sort_by(|a, b| self.order(a.place(), b.place()));
            found.extend(hits);
            if found.len() >= limit {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    fn search(
        &self,
        contract: usize,
        charging: &Charging,
        days: &Range<Time>,
        hits: &mut Vec<Hit>,
    ) -> Result<()> {
        let Invoices { settled, drafts } = drafts::on_days(self.reader, charging, days, Some(self.now))?;
        let settled = settled.into_iter().map(|(id, statement)| (id, Found::Settled(statement)));
        let drafts = drafts.into_iter().map(|draft| (draft.id, Found::Draft(draft)));
        hits.extend(
            settled.chain(drafts).filter(|(id, found)| self.admits(*id, found)).map(|(id, found)| Hit {
                contract,
                id,
                found,
            }),
        );
        Ok(())
    }

    fn order(&self, a: Place, b: Place) -> Ordering {
        match self.question.order {
            InvoiceOrder::DateAscending => a.cmp(&b),
            InvoiceOrder::DateDescending => b.cmp(&a),
        }
    }

    fn admits(&self, id: InvoiceId, found: &Found) -> bool {
        let question = self.question;
        let seen = Seen::of(found, self.now);
        let (begins, ends) = match seen.period {
            Some(period) => (period.starting_at, period.ending_before),
            None => (found.issued_at(), found.issued_at()),
        };
        let over = |before: Time| if seen.period.is_some() { ends <= before } else { ends < before };
        begins <= question.through
            && self.after.is_none_or(|after| self.order(after, (found.issued_at(), id)).is_lt())
            && question.status.is_none_or(|status| status == seen.status)
            && question.invoice_type.is_none_or(|wanted| wanted == seen.invoice_type())
            && question.credit_type_id.is_none_or(|wanted| wanted == seen.credit_type_id)
            && question.starting_on.is_none_or(|start| start <= begins)
            && question.ending_before.is_none_or(over)
    }

    /// The stretches of whole days that are looked through, one after the other, in the question's order.
    fn stretches(&self) -> Vec<Range<Time>> {
        // A usage invoice is dated at its period's end, however far behind the last moment that is asked about.
        let through = self.question.through;
        let dated =
            self.contracts.iter().filter_map(|charging| charging.usage_invoices().end_around(through));
        let last = dated.fold(through, Time::max);
        let starts = self.contracts.iter().map(|charging| charging.origin.starting_at);
        let first = starts.fold(last, Time::min);
        let whole = drafts::days(Time::FIRST, last);
        let mut cuts = vec![whole.start];
        let (mut cut, mut stretch) = (drafts::days(first, first).end, FIRST_STRETCH);
        while cut < whole.end {
            cuts.push(cut);
            cut = cut.plus_days(stretch).unwrap_or(Time::LAST);
            stretch = stretch.saturating_mul(2);
        }
        cuts.push(whole.end);
        let pairs = cuts.windows(2).filter_map(|pair| Some(*pair.first()?..*pair.last()?));
        let mut stretches: Vec<_> = pairs.filter(|days| days.start < days.end).collect();
        let after = self.after.map(|(issued_at, _)| issued_at.first_of_day());
        match self.question.order {
            InvoiceOrder::DateAscending => {
                stretches.retain(|days| after.is_none_or(|after| after < days.end));
            }
            InvoiceOrder::DateDescending => {
                stretches.reverse();
                stretches.retain(|days| after.is_none_or(|after| days.start <= after));
            }
        }
        stretches
    }
}

/// What conditions look at.
struct Seen {
    status: InvoiceStatus,
    period: Option<StatementPeriod>,
    credit_type_id: CreditTypeId,
}

impl Seen {
    fn of(found: &Found, now: Time) -> Self {
        match found {
            Found::Settled(statement) => Self {
                status: statement.status,
                period: statement.period,
                credit_type_id: statement.credit_type_id,
            },
            Found::Draft(draft) => {
                Self { status: draft.status(now), period: draft.period, credit_type_id: draft.credit_type_id }
            }
        }
    }

    fn invoice_type(&self) -> InvoiceType {
        if self.period.is_some() { InvoiceType::Usage } else { InvoiceType::Scheduled }
    }
}
