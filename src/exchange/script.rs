//! Call scripts: the vendor's calls, one a line, run against a store.

use std::collections::HashMap;
use std::io::{self, BufRead};

use super::lines::Lines;
use super::reference;
use crate::error::short;
use crate::model::scalar::Time;
use crate::store::{SetClock, Store};
use crate::wire::Answer;
use crate::wire::body::{Faults, Object, Value, is_plain, kind, moment, pairs, text};

/// The most bytes a line of a call script has, its references written out: 16 MiB.
pub const MAX_SCRIPT_LINE_BYTES: usize = 16 << 20;

/// Runs call scripts against a store. Feature `wire`.
///
/// A script has one call a line, in JSON:
///
/// ```json
/// {"method":"POST","path":"/v1/customFields/addKey","query":{},"body":{},"as":"name"}
/// ```
///
/// - `path` is the only field that must be there; `method` is `POST` where it is left out. `query` holds
///   parameters as strings, numbers or booleans; `body` is any JSON, and is given to the call as it is written.
/// - `as` gives the call a name of letters, digits, `_` and `-`. In every string of a later line `${name}`
///   stands for the id in that call's answer (its `data.id`, else its `id`), and `${name.data.0.key}` for any
///   text, number or boolean in it. `$${` stands for a plain `${`. A name can be given once.
/// - A line `{"now":"2025-02-01T00:00:00Z"}` is no call: it sets the clock from there on.
/// - Empty lines are passed over. A line has at most [`MAX_SCRIPT_LINE_BYTES`].
///
/// Lines are read as they are run, and only the answers of calls with a name are kept.
///
/// ```
/// use billfold::Script;
/// use billfold::prelude::*;
///
/// let clock = SetClock::default();
/// let store = StoreOptions::new().clock_from(&clock).adopt_unknown(true).in_memory()?;
/// let calls = r#"
///     {"now": "2025-02-01T00:00:00Z"}
///     {"path": "/v1/customFields/addKey", "body": {"entity": "customer", "key": "tier", "enforce_uniqueness": false}}
///     {"path": "/v1/customFields/listKeys", "query": {"limit": 1}, "as": "keys"}
///     {"path": "/v1/customFields/setValues", "body": {"entity": "customer",
/// "#;
/// let mut answers = Vec::new();
/// let mut script = Script::new(&store).clock(&clock);
/// let stopped = script.run(calls.as_bytes(), |answer| {
///     answers.push(answer.status);
///     Ok(())
/// });
/// assert_eq!(answers, [200, 200]);
/// assert!(stopped.unwrap_err().to_string().starts_with("line 5 is not a call: "));
/// assert!(script.answer("keys").unwrap().body.contains("tier"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Script {
    store: Store,
    clock: Option<SetClock>,
    keeps_going: bool,
    answers: HashMap<String, Answer>,
}

/// Why a script was not run to its end. The calls before the line have been carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The line is not a call, or refers to something that is not there; nothing of it was carried out.
    #[error("line {line} is not a call: {reason}")]
    NotACall {
        /// Which line, counted from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The call was refused; it changed nothing.
    #[error("line {line} was refused: {answer}")]
    Refused {
        /// Which line, counted from 1.
        line: u64,
        /// What it was answered.
        answer: Answer,
    },
    /// The store failed: the status is from 500 on.
    #[error("line {line} failed: {answer}")]
    Failed {
        /// Which line, counted from 1.
        line: u64,
        /// What it was answered.
        answer: Answer,
    },
    /// The script could not be read on.
    #[error("line {line} cannot be read: {cause}")]
    Read {
        /// Which line, counted from 1.
        line: u64,
        /// What the reader said.
        #[source]
        cause: io::Error,
    },
    /// The answer could not be given away. The call itself was carried out.
    #[error("the answer to line {line} cannot be written: {cause}")]
    Write {
        /// Which line, counted from 1.
        line: u64,
        /// What the taker said.
        #[source]
        cause: io::Error,
    },
    /// The store that a fixture was to be made of could not be opened or closed.
    #[error(transparent)]
    Store(#[from] crate::Error),
}

/// What a line says.
enum Line {
    Empty,
    Now(Time),
    Call(Call),
}

struct Call {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    body: Option<String>,
    name: Option<String>,
}

impl Script {
    /// A script for this store, that stops at the first refusal.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone(), clock: None, keeps_going: false, answers: HashMap::new() }
    }

    /// The clock that a `now` line sets: the one the store was opened with, see
    /// [`StoreOptions::clock_from`](crate::StoreOptions::clock_from). Without, a `now` line is not a call.
    #[must_use]
    pub fn clock(mut self, clock: &SetClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// Whether the script goes on behind a call that was refused. It never does behind one that failed, or
    /// behind a line that is not a call.
    #[must_use]
    pub const fn keep_going(mut self, keep_going: bool) -> Self {
        self.keeps_going = keep_going;
        self
    }

    /// What the call of that name was answered; `None` where no call had the name.
    #[must_use]
    pub fn answer(&self, name: &str) -> Option<&Answer> {
        self.answers.get(name)
    }

    /// Runs calls, one after the other, and gives each answer away before the next call is read: at that
    /// moment a change is on disk (see [`Durability`](crate::Durability)). A refused call's answer is given
    /// away too.
    ///
    /// Several scripts can be run after each other; a later one can use the names of those before.
    ///
    /// # Errors
    /// [`ScriptError`], whose variants say what made it stop, at which line.
    pub fn run(
        &mut self,
        calls: impl BufRead,
        mut take: impl FnMut(&Answer) -> io::Result<()>,
    ) -> Result<(), ScriptError> {
        let mut lines = Lines::new(calls, MAX_SCRIPT_LINE_BYTES);
        loop {
            let next = lines.number + 1;
            if !lines.advance().map_err(|cause| ScriptError::Read { line: next, cause })? {
                break;
            }
            let line = lines.number;
            let said = lines.text().map_err(|bad| bad.0).and_then(|text| self.understood(text));
            let said = said.map_err(|reason| ScriptError::NotACall { line, reason })?;
            let Line::Call(call) = said else { continue };
            let answer = self.carried_out(&call);
            take(&answer).map_err(|cause| ScriptError::Write { line, cause })?;
            if answer.is_failure() {
                return Err(ScriptError::Failed { line, answer });
            }
            if !answer.is_success() && !self.keeps_going {
                return Err(ScriptError::Refused { line, answer });
            }
            if let Some(name) = call.name {
                self.answers.insert(name, answer);
            }
        }
        Ok(())
    }

    /// What the line says, with its references written out; a `now` line has set the clock.
    fn understood(&self, line: &str) -> Result<Line, String> {
        if line.is_empty() {
            return Ok(Line::Empty);
        }
        let line = reference::resolved(line, &self.answers)?;
        let said = said(line.as_bytes())?;
        match &said {
            Line::Now(now) => match &self.clock {
                Some(clock) => clock.set(*now),
                None => return Err("there is no clock to set here".to_owned()),
            },
            Line::Call(Call { name: Some(name), .. }) if self.answers.contains_key(name) => {
                return Err(format!("as: {name} is the name of an earlier call"));
            }
            _ => {}
        }
        Ok(said)
    }

    fn carried_out(&self, call: &Call) -> Answer {
        let query = call.query.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let query: Vec<_> = query.collect();
        let body = call.body.as_deref().unwrap_or_default();
        self.store.handle(&call.method, &call.path, &query, body.as_bytes())
    }
}

/// What the fields of a line say.
fn said(line: &[u8]) -> Result<Line, String> {
    let faults = Faults::default();
    let said = Object::whole(line, "it", &faults).and_then(|fields| {
        let said = match fields.optional("now", moment) {
            Some(None) => call(&fields).map(Line::Call),
            now => now.flatten().map(Line::Now),
        };
        fields.finish();
        said
    });
    faults.none_or(said)
}

fn call(fields: &Object<'_>) -> Option<Call> {
    let method = fields.optional("method", text);
    let path = fields.required("path", text);
    let query = fields.optional("query", |value| pairs(value, parameter));
    let body = fields.optional("body", |value| Some(value.json().to_owned()));
    let name = fields.optional("as", name);
    Some(Call {
        method: method?.unwrap_or_else(|| "POST".to_owned()),
        path: path?,
        query: query?.unwrap_or_default(),
        body: body?,
        name: name?,
    })
}

/// A query parameter: a text, or a number or boolean as it is written.
fn parameter(value: Value<'_>) -> Option<String> {
    match kind(value.json()) {
        "a string" => text(value),
        "a number" | "a boolean" => Some(value.json().to_owned()),
        _ => value.not_a("a string, a number or a boolean"),
    }
}

/// A name that a reference can hold.
fn name(value: Value<'_>) -> Option<String> {
    let name = text(value)?;
    if !is_plain(&name) {
        value.fault(format_args!("{} is no name: 1 to 100 letters, digits, _ and -", short(&name)));
        return None;
    }
    Some(name)
}
