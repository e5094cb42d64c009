//! How requests say when: contracts with dates, packages with lengths of time from the start of a contract; and lengths
//! of time in answers.

use serde::Serialize;

use super::body::{Object, Value, count, fields, moment, word};
use crate::model::relative_date::{DurationUnit, RelativeDate};
use crate::model::scalar::Time;

/// A date or a length of time, and what the fields are called that hold one.
///
/// Whatever reads parts of contracts reads those of packages too, with this in place of dates.
pub(super) trait When: Sized {
    /// From when on something is.
    const START: &'static str;
    /// Until when, or for how long.
    const END: &'static str;
    /// When something is charged.
    const CHARGED: &'static str;
    /// From when on usage is invoiced.
    const INVOICED_FROM: &'static str;
    /// Whether these are the parts of a contract. A package's have fewer fields.
    const IN_CONTRACT: bool;

    fn read(value: Value<'_>) -> Option<Self>;

    /// What `read` makes of fields that only contracts have. In a package they are unknown.
    fn in_contract<T: Default>(read: impl FnOnce() -> Option<T>) -> Option<T> {
        if Self::IN_CONTRACT { read() } else { Some(T::default()) }
    }
}

impl When for Time {
    const START: &'static str = "starting_at";
    const END: &'static str = "ending_before";
    const CHARGED: &'static str = "timestamp";
    const INVOICED_FROM: &'static str = "invoice_generation_starting_at";
    const IN_CONTRACT: bool = true;

    fn read(value: Value<'_>) -> Option<Self> {
        moment(value)
    }
}

impl When for RelativeDate {
    const START: &'static str = "starting_at_offset";
    const END: &'static str = "duration";
    const CHARGED: &'static str = "date_offset";
    const INVOICED_FROM: &'static str = "invoice_generation_starting_at_offset";
    const IN_CONTRACT: bool = false;

    fn read(value: Value<'_>) -> Option<Self> {
        fields(value, length)
    }
}

fn length(fields: &Object<'_>) -> Option<RelativeDate> {
    let value = fields.required("value", count);
    let unit = fields.required("unit", word);
    Some(RelativeDate { value: value?, unit: unit? })
}

/// A length of time, as answers have it.
#[derive(Serialize)]
pub(super) struct ListedLength {
    value: u32,
    unit: DurationUnit,
}

impl ListedLength {
    pub(super) const fn of(length: RelativeDate) -> Self {
        Self { value: length.value, unit: length.unit }
    }
}
