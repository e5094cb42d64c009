//! Strict reading of JSON: every field asked for by name, every fault found and named.
//!
//! Nothing here recurses with the depth of the JSON: an object is cut into its fields' texts, and each text
//! is looked at when it is asked for. Numbers stay text, so that amounts can be read exactly.

mod object;

use object::Fields;
pub(crate) use object::Object;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserializer as _;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::entity::ManagedEntity;
use crate::error::{MAX_FAULTS_NAMED, more_faults, short};
use crate::model::scalar::{Amount, Time};
use crate::model::word::Word;

/// The faults of a request, as they are found.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    named: RefCell<Vec<String>>,
    more: Cell<usize>,
}

impl Faults {
    pub(crate) fn add(&self, fault: impl fmt::Display) {
        let mut named = self.named.borrow_mut();
        if named.len() < MAX_FAULTS_NAMED {
            named.push(fault.to_string());
        } else {
            self.more.set(self.more.get().saturating_add(1));
        }
    }

    /// What was read where there is no fault; otherwise a message with all of them.
    pub(crate) fn none_or<T>(self, read: Option<T>) -> Result<T, String> {
        let mut named = self.named.into_inner();
        if self.more.get() > 0 {
            named.push(more_faults(self.more.get()));
        }
        match read {
            Some(read) if named.is_empty() => Ok(read),
            // Nothing is left unread without a fault; if it ever were, this still says no.
            _ if named.is_empty() => Err("the request cannot be read".to_owned()),
            _ => Err(named.join("; ")),
        }
    }
}

/// Where in a body something stands, such as `custom_fields.tier` or `keys[2]`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'p> {
    /// The body itself, under this name.
    Whole(&'p str),
    Field(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(name) => f.write_str(name),
            Self::Field(Self::Whole(_), name) => f.write_str(&shown(name)),
            Self::Field(inside, name) if is_plain(name) => write!(f, "{inside}.{name}"),
            Self::Field(inside, name) => write!(f, "{inside}[{}]", short(name)),
            Self::Item(inside, place) => write!(f, "{inside}[{place}]"),
        }
    }
}

fn shown(name: &str) -> Cow<'_, str> {
    if is_plain(name) { Cow::Borrowed(name) } else { Cow::Owned(short(name)) }
}

/// Whether a name can stand in a message without quotes: 1 to 100 letters, digits, `_` and `-`.
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=100).contains(&name.len()) && name.bytes().all(plain)
}

/// A value somewhere in a body, as JSON text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'v> {
    json: &'v RawValue,
    at: &'v Path<'v>,
    faults: &'v Faults,
}

impl<'v> Value<'v> {
    /// The value's JSON, as it was written.
    pub(crate) fn json(self) -> &'v str {
        self.json.get()
    }

    pub(crate) fn fault(self, what: impl fmt::Display) {
        self.faults.add(format_args!("{}: {what}", self.at));
    }

    /// Adds the fault that a whole number within these bounds is expected here.
    pub(crate) fn not_whole(self, least: i64, most: i64) {
        let found = short(self.json());
        self.fault(format_args!("{found} is not a whole number from {least} to {most}"));
    }

    /// Adds the fault that another kind of value is expected here.
    pub(crate) fn not_a<T>(self, expected: &str) -> Option<T> {
        self.fault(format_args!("{expected} is expected, {} was found", kind(self.json())));
        None
    }
}

/// What kind of value a JSON text is, in words.
pub(crate) fn kind(json: &str) -> &'static str {
    match json.as_bytes() {
        [b'{', ..] => "an object",
        [b'[', ..] => "an array",
        [b'"', ..] => "a string",
        [b't' | b'f', ..] => "a boolean",
        [b'n', ..] => "null",
        _ => "a number",
    }
}

/// A string.
pub(crate) fn text(value: Value<'_>) -> Option<String> {
    if !value.json().starts_with('"') {
        return value.not_a("a string");
    }
    let text = serde_json::from_str(value.json());
    if text.is_err() {
        // All else that a string must not hold was found when the body was cut up.
        value.fault("the string holds an escape that is half a character (a lone surrogate)");
    }
    text.ok()
}

/// `null`, or what `read` makes of anything else.
pub(crate) fn nullable<'v, T>(
    value: Value<'v>,
    read: impl FnOnce(Value<'v>) -> Option<T>,
) -> Option<Option<T>> {
    if value.json() == "null" { Some(None) } else { read(value).map(Some) }
}

/// One of these words; which one.
pub(crate) fn one_of(value: Value<'_>, words: &[&'static str]) -> Option<&'static str> {
    let said = text(value)?;
    let word = words.iter().find(|word| **word == said).copied();
    if word.is_none() {
        value.fault(format_args!("{} is none of {}", short(&said), words.join(", ")));
    }
    word
}

/// A choice by its word, in upper or lower case.
pub(crate) fn word<W: Word>(value: Value<'_>) -> Option<W> {
    choice(value, W::SPELLINGS)
}

/// What one of these words means, in upper or lower case.
pub(crate) fn choice<T: Copy>(value: Value<'_>, words: &[(&'static str, T)]) -> Option<T> {
    meaning(&text(value)?, words).map_err(|what| value.fault(what)).ok()
}

/// What one of these words means, in upper or lower case; of another word, what is wrong with it.
pub(super) fn meaning<T: Copy>(said: &str, words: &[(&'static str, T)]) -> Result<T, String> {
    let meant = words.iter().find(|(spelling, _)| spelling.eq_ignore_ascii_case(said));
    meant.map(|(_, meant)| *meant).ok_or_else(|| {
        let spellings: Vec<_> = words.iter().map(|(spelling, _)| *spelling).collect();
        format!("{} is none of {}", short(said), spellings.join(", "))
    })
}

/// `true` or `false`.
pub(crate) fn flag(value: Value<'_>) -> Option<bool> {
    match value.json() {
        "true" => Some(true),
        "false" => Some(false),
        _ => value.not_a("a boolean"),
    }
}

/// A number, exactly as it is written.
pub(crate) fn amount(value: Value<'_>) -> Option<Amount> {
    if kind(value.json()) != "a number" {
        return value.not_a("a number");
    }
    let amount = value.json().parse();
    if let Err(error) = &amount {
        value.fault(error);
    }
    amount.ok()
}

/// A whole number of 0 or more, however it is written: `2`, `2.0` and `2e0` are the same.
pub(crate) fn count(value: Value<'_>) -> Option<u32> {
    let count = amount(value)?.to_string().parse().ok();
    if count.is_none() {
        value.not_whole(0, u32::MAX.into());
    }
    count
}

/// A moment in RFC 3339.
pub(crate) fn moment(value: Value<'_>) -> Option<Time> {
    let moment = text(value)?.parse();
    if let Err(error) = &moment {
        value.fault(error);
    }
    moment.ok()
}

/// An id: a UUID of 36 characters, in upper or lower case.
pub(crate) fn id(value: Value<'_>) -> Option<Uuid> {
    let text = text(value)?;
    let id = uuid(&text);
    if id.is_none() {
        value.fault(not_a_uuid(&text));
    }
    id
}

/// An id whose type says what it names.
pub(crate) fn typed_id<I: From<Uuid>>(value: Value<'_>) -> Option<I> {
    id(value).map(I::from)
}

/// The UUID that a text is, in the one form that the API knows.
pub(super) fn uuid(text: &str) -> Option<Uuid> {
    // The parser also knows forms without hyphens, in braces and as URN.
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}

pub(super) fn not_a_uuid(text: &str) -> String {
    format!("{} is not a UUID", short(text))
}

/// The name of an entity that can have custom fields.
pub(crate) fn entity(value: Value<'_>) -> Option<ManagedEntity> {
    let name = text(value)?;
    let entity = name.parse().ok();
    if entity.is_none() {
        let known = ManagedEntity::ALL.map(ManagedEntity::name).join(", ");
        value.fault(format_args!("{} is not a managed entity; the entities are {known}", short(&name)));
    }
    entity
}

/// An array whose items are all read by `read`.
pub(crate) fn list<T>(value: Value<'_>, read: impl Fn(Value<'_>) -> Option<T>) -> Option<Vec<T>> {
    if !value.json().starts_with('[') {
        return value.not_a("an array");
    }
    let items =
        serde_json::from_str::<Vec<&RawValue>>(value.json()).map_err(|error| value.fault(error)).ok()?;
    let read = |(place, json)| read(Value { json, at: &Path::Item(value.at, place), faults: value.faults });
    // All are read before the first that cannot be read ends it: each has its own faults.
    let read: Vec<_> = items.into_iter().enumerate().map(read).collect();
    read.into_iter().collect()
}

/// An array of strings.
pub(crate) fn texts(value: Value<'_>) -> Option<Vec<String>> {
    list(value, text)
}

/// An array whose items are all different.
pub(crate) fn set<T: Ord + fmt::Display>(
    value: Value<'_>,
    read: impl Fn(Value<'_>) -> Option<T>,
) -> Option<BTreeSet<T>> {
    let mut items = BTreeSet::new();
    let mut repeated = false;
    for item in list(value, read)? {
        if let Some(again) = items.replace(item) {
            value.fault(format_args!("{} is given more than once", short(&again.to_string())));
            repeated = true;
        }
    }
    (!repeated).then_some(items)
}

/// An object with any names, whose values are strings.
pub(crate) fn map(value: Value<'_>) -> Option<BTreeMap<String, String>> {
    pairs(value, text).map(|pairs| pairs.into_iter().collect())
}

/// An object with any names, whose values are all read by `read`; in the order they are written.
pub(crate) fn pairs<T>(value: Value<'_>, read: impl Fn(Value<'_>) -> Option<T>) -> Option<Vec<(String, T)>> {
    let Object { fields, .. } = object(value)?;
    let read = fields.into_iter().map(|(name, json)| {
        let read = read(Value { json, at: &Path::Field(value.at, &name), faults: value.faults })?;
        Some((name, read))
    });
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

/// An object, for its fields to be asked for one by one.
pub(crate) fn object<'v>(value: Value<'v>) -> Option<Object<'v>> {
    if !value.json().starts_with('{') {
        return value.not_a("an object");
    }
    let fields = serde_json::Deserializer::from_str(value.json()).deserialize_map(Fields);
    if fields.is_err() {
        value.fault("a name in it holds an escape that is half a character (a lone surrogate)");
    }
    Some(Object::new(fields.ok()?, *value.at, value.faults))
}

/// What `read` makes of an object's fields; those it does not ask for are faults.
pub(crate) fn fields<T>(value: Value<'_>, read: impl FnOnce(&Object<'_>) -> Option<T>) -> Option<T> {
    let fields = object(value)?;
    let read = read(&fields);
    fields.finish();
    read
}
