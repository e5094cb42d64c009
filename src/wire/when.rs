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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::body::Faults;

    /// What is read of a body under the names that starts have.
    fn start<D: When>(body: &str) -> Result<D, String> {
        let faults = Faults::default();
        let read = Object::whole(body.as_bytes(), "the body", &faults).and_then(|body| {
            let read = body.required(D::START, D::read);
            body.finish();
            read
        });
        faults.none_or(read)
    }

    #[test]
    fn a_contract_says_when_with_a_date_and_a_package_with_a_length_of_time() {
        let date = r#"{"starting_at": "2024-11-01T00:00:00Z"}"#;
        let length = r#"{"starting_at_offset": {"value": 2.0, "unit": "months"}}"#;
        assert_eq!(start(date), Ok("2024-11-01T00:00:00Z".parse::<Time>().unwrap()));
        assert_eq!(start(length), Ok(RelativeDate::months(2)));
        let refused = start::<RelativeDate>(date).unwrap_err();
        assert_eq!(refused, "starting_at_offset: missing; starting_at: unknown field");
        let refused = start::<RelativeDate>(r#"{"starting_at_offset": {"value": 0.5}}"#).unwrap_err();
        let value = "starting_at_offset.value: \"0.5\" is not a whole number from 0 to 4294967295";
        assert_eq!(refused, format!("{value}; starting_at_offset.unit: missing"));
    }
}
