//! What a call is answered with: success, refusals and failures as status and JSON text.

use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::entity::ManagedEntity;
use crate::error::{Error, ErrorKind, Fault};
use crate::model::page::Page;
use crate::model::scalar::{Amount, Time};

/// The answer to a call: what an HTTP server sends back. As text it is the line that a call script prints.
///
/// ```
/// use billfold::Store;
///
/// let answer = Store::in_memory()?.handle("POST", "/v1/customFields/listKeys", &[], b"");
/// assert!(answer.is_success());
/// assert_eq!(answer.to_string(), r#"{"status":200,"body":{"data":[],"next_page":null}}"#);
/// # Ok::<(), billfold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The HTTP status: 200, 400, 403, 404, 405, 409, 422, 500, 501 or 503; [`Store::handle`](crate::Store::handle)
    /// says when.
    pub status: u16,
    /// JSON, without line breaks: `{"message": ...}` unless the call succeeded, and `null` where it did and
    /// promises no body. Calls of the API's version 2 add a `code` where something is not there; where a uniqueness
    /// key was used before, `conflicting_id` says by what, and `conflicting_value` is the key.
    pub body: String,
}

impl Answer {
    /// Whether the call did what it was asked to.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Whether it was the store that failed, not the request: any status from 500, except 501, which says the same
    /// every time. The same call may succeed another time.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        self.status >= 500 && self.status != 501
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, body } = self;
        write!(f, r#"{{"status":{status},"body":{body}}}"#)
    }
}

/// Why a call was not carried out.
pub(super) enum Refusal {
    /// The request was not one the store could be asked.
    Request { status: u16, message: String },
    /// The store said no.
    Store(Error),
    /// The store said no to one of the calls that say so with 400 and a code where something is not there.
    Coded(Error),
}

impl Refusal {
    pub(super) const fn invalid(message: String) -> Self {
        Self::Request { status: 400, message }
    }

    /// The refusal of a call that answers 400 with a code where something is not there.
    pub(super) const fn coded(error: Error) -> Self {
        Self::Coded(error)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Self::Request { status: 500, message: format!("the answer cannot be written: {error}") }
    }
}

impl From<Result<String, Refusal>> for Answer {
    fn from(outcome: Result<String, Refusal>) -> Self {
        let (status, code, error) = match outcome {
            Ok(body) => return Self { status: 200, body },
            Err(Refusal::Request { status, message }) => return Self::refusal(status, None, message, None),
            Err(Refusal::Store(error)) => (status(&error), None, error),
            Err(Refusal::Coded(error)) => match status(&error) {
                404 => (400, Some(code(&error)), error),
                other => (other, None, error),
            },
        };
        let conflicting = (status == 409).then(|| conflicting(&error)).flatten();
        Self::refusal(status, code, error.to_string(), conflicting)
    }
}

impl Answer {
    fn refusal(
        status: u16,
        code: Option<&'static str>,
        message: String,
        conflicting: Option<(Uuid, &str)>,
    ) -> Self {
        let mut body = serde_json::Map::new();
        body.extend(code.map(|code| ("code".to_owned(), code.into())));
        body.insert("message".to_owned(), message.into());
        if let Some((id, key)) = conflicting {
            body.insert("conflicting_id".to_owned(), id.to_string().into());
            body.insert("conflicting_value".to_owned(), key.into());
        }
        Self { status, body: serde_json::Value::Object(body).to_string() }
    }
}

/// What the API calls it that something is not there.
fn code(error: &Error) -> &'static str {
    let missing = |entity| {
        error.faults().iter().any(|fault| match fault {
            Fault::InstanceNotFound { target } | Fault::NothingButAnId { target } => target.entity == entity,
            _ => false,
        })
    };
    if missing(ManagedEntity::Customer) {
        "CustomerNotFound"
    } else if missing(ManagedEntity::Contract) {
        "ContractNotFound"
    } else if error.faults().iter().any(|fault| matches!(fault, Fault::PackageNotFound { .. })) {
        "PackageNotFound"
    } else {
        "NotFound"
    }
}

/// What holds the uniqueness key that was given again, and the key.
fn conflicting(error: &Error) -> Option<(Uuid, &str)> {
    error.faults().iter().find_map(|fault| match fault {
        Fault::UniquenessKeyUsed { conflicting_id, key } => Some((*conflicting_id, key.as_str())),
        _ => None,
    })
}

/// 503 says that nothing was done and another try may help; 500 promises neither.
fn status(error: &Error) -> u16 {
    match error.kind() {
        ErrorKind::Invalid => 400,
        ErrorKind::NotFound => 404,
        ErrorKind::Conflict => 409,
        ErrorKind::Busy => 503,
        ErrorKind::Misuse if matches!(error, Error::ReadOnly) => 403,
        ErrorKind::Engine if matches!(error, Error::Closed(_) | Error::NotApplied(_)) => 503,
        ErrorKind::Misuse | ErrorKind::Engine | ErrorKind::Stopped | ErrorKind::Open => 500,
    }
}

/// A moment as the API writes it: to the millisecond, and further only where there is more to say.
pub(super) fn timestamp(time: Time) -> String {
    if time.unix().1 % 1_000_000 == 0 { format!("{time:.3}") } else { time.to_string() }
}

/// An amount as the API writes it: a JSON number, every digit as it is.
pub(super) fn number(amount: Amount) -> Option<Box<RawValue>> {
    // The text of a decimal is always a JSON number.
    RawValue::from_string(amount.to_string()).ok()
}

/// JSON that was kept as a caller wrote it, on one line. Line breaks in JSON stand between its parts alone, where a
/// space says the same. What was kept through Rust need not be JSON; then there is no way to give it back.
pub(super) fn kept(json: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(json.replace(['\n', '\r'], " ")).ok()
}

/// What a call answers that promises nothing but its success.
pub(super) fn nothing() -> Result<String, Refusal> {
    Ok("null".to_owned())
}

/// `{"data": ...}`, which the API puts around what a call answers.
pub(super) fn data(data: impl Serialize) -> Result<String, Refusal> {
    #[derive(Serialize)]
    struct Data<T> {
        data: T,
    }
    Ok(serde_json::to_string(&Data { data })?)
}

/// `{"data": {"id": ...}}`, for a call that makes something.
pub(super) fn id(id: impl Serialize) -> Result<String, Refusal> {
    #[derive(Serialize)]
    struct Made<T> {
        id: T,
    }
    data(Made { id })
}

/// `{"data": [...], "next_page": ...}`.
pub(super) fn page<T: Serialize>(page: Page<T>) -> Result<String, Refusal> {
    #[derive(Serialize)]
    struct Listed<T> {
        data: Vec<T>,
        next_page: Option<String>,
    }
    let Page { items, next } = page;
    let next_page = next.map(|cursor| cursor.to_string());
    Ok(serde_json::to_string(&Listed { data: items, next_page })?)
}

/// `{"data": [...], "next_page": ..., "cursor": ...}`, for the lists that the vendor's own clients go on with by
/// `cursor`.
pub(super) fn page_with_cursor<T: Serialize>(page: Page<T>) -> Result<String, Refusal> {
    #[derive(Serialize)]
    struct Listed<T> {
        data: Vec<T>,
        next_page: Option<String>,
        cursor: Option<String>,
    }
    let Page { items, next } = page;
    let next_page = next.map(|cursor| cursor.to_string());
    Ok(serde_json::to_string(&Listed { data: items, cursor: next_page.clone(), next_page })?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::EngineError;

    #[test]
    fn failures_of_the_store_are_5xx_and_503_where_nothing_was_done() {
        let cause = || EngineError::new("the disk is gone");
        let cases = [
            (Error::Io(cause()), 500),
            (Error::Corrupt(cause()), 500),
            (Error::OutcomeUnknown(cause()), 500),
            (Error::NotApplied(cause()), 503),
            (Error::Closed(cause()), 503),
            (Error::Busy { waited: std::time::Duration::ZERO }, 503),
            (Error::Reentrant, 500),
            (Error::Unwinding, 500),
            (Error::ReadOnly, 403),
            (Error::Refused(vec![Fault::CursorOfAnotherQuestion]), 400),
        ];
        for (error, status) in cases {
            let message = error.to_string();
            let answer = Answer::from(Err(Refusal::Store(error)));
            assert_eq!(answer, Answer { status, body: format!("{{\"message\":\"{message}\"}}") });
        }
    }

    #[test]
    fn a_code_says_what_is_not_there_and_nothing_else_has_one() {
        let missing = |entity| Fault::InstanceNotFound { target: (entity, Uuid::nil()).into() };
        let coded = |fault: Fault| Answer::from(Err(Refusal::coded(Error::from(fault))));
        for (entity, code) in [
            (ManagedEntity::Customer, "CustomerNotFound"),
            (ManagedEntity::Contract, "ContractNotFound"),
            (ManagedEntity::Commit, "NotFound"),
        ] {
            let answer = coded(missing(entity));
            let start = format!("{{\"code\":\"{code}\",\"message\":\"there is no {entity} ");
            assert!(answer.status == 400 && answer.body.starts_with(&start), "{answer}");
            let answer = Answer::from(Err(Refusal::Store(missing(entity).into())));
            assert!(answer.status == 404 && answer.body.starts_with("{\"message\""), "{answer}");
        }
        assert!(!coded(Fault::CursorOfAnotherQuestion).body.contains("code"));
        let used = Fault::UniquenessKeyUsed { key: "k".into(), conflicting_id: Uuid::from_u128(1) };
        let answer = coded(used.clone());
        let id = "00000000-0000-0000-0000-000000000001";
        let message = "This uniqueness key has already been used.";
        let body =
            format!("{{\"conflicting_id\":\"{id}\",\"conflicting_value\":\"k\",\"message\":\"{message}\"}}");
        assert_eq!(answer, Answer { status: 409, body });
        // What is asked for must be right first; then it is not a conflict.
        let both = Error::Refused(vec![used, Fault::CursorOfAnotherQuestion]);
        let answer = Answer::from(Err(Refusal::Store(both)));
        assert!(answer.status == 400 && !answer.body.contains("conflicting_id"), "{answer}");
    }
}
