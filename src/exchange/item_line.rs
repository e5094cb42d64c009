//! What an export says of one thing, as a line of JSON, and what such a line says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::entity::ManagedEntity;
use crate::error::short;
use crate::model::change::Collection;
use crate::model::custom_field::CustomFields;
use crate::model::package::Package;
use crate::model::recorded::{AnyPart, AnyRecord};
use crate::model::scalar::Time;
use crate::store::carried::{InstanceItem, Item, KeyItem, PartItem, PastItem, SettledItem};

/// The form of exports that this version writes, and the newest one that it reads.
pub const FORM: u32 = 1;

/// What the first line of an export says.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub form: u32,
}

/// What a line says.
pub enum Line {
    Head(Head),
    Item(Item),
}

/// A line as it is read, before what its records are is known.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Raw<'l> {
    Export(Head),
    Key(KeyItem),
    #[serde(borrow)]
    Instance(RawInstance<'l>),
    #[serde(borrow)]
    Part(RawPart<'l>),
    Package(Box<Package>),
    Past(RawPast),
    Settled(SettledItem),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInstance<'l> {
    entity: ManagedEntity,
    id: Uuid,
    archived_at: Option<Time>,
    #[serde(borrow)]
    record: Option<&'l RawValue>,
    #[serde(default)]
    custom_fields: CustomFields,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart<'l> {
    of: String,
    owner: Uuid,
    key: String,
    #[serde(borrow)]
    part: &'l RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPast {
    entity: ManagedEntity,
    id: Uuid,
    until: Time,
    custom_fields: CustomFields,
}

/// The first line of an export.
pub fn head() -> String {
    format!("{{\"export\":{{\"form\":{FORM}}}}}")
}

/// The line for an item.
pub fn written(item: &Item) -> Result<String, serde_json::Error> {
    serde_json::to_string(&said(item)?)
}

/// What the line for an item says. What is `null` is left out; the order of names is always the same.
pub fn said(item: &Item) -> Result<Value, serde_json::Error> {
    let mut said = serde_json::to_value(item)?;
    leave_out_nulls(&mut said);
    Ok(said)
}

/// No record is deep, so that this cannot be either.
fn leave_out_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(leave_out_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_nulls),
        _ => {}
    }
}

/// What a line that cannot be read was to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// Something that belongs to the instance that it stands behind.
    ToBelong,
    /// A thing by itself, behind which stands what belongs to it.
    ByItself,
    /// Nobody knows.
    Unknown,
}

/// What a line was to be, by the name it begins with; it need not be text.
pub fn meant(line: &[u8]) -> Meant {
    let name = line.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    let name = name.and_then(|name| name.strip_prefix(b"\"")?.split(|byte| *byte == b'"').next());
    match name {
        Some(b"part" | b"past" | b"settled") => Meant::ToBelong,
        Some(b"key" | b"instance" | b"package") => Meant::ByItself,
        _ => Meant::Unknown,
    }
}

/// What a line says, or what is wrong with it.
pub fn read(line: &str) -> Result<Line, String> {
    let raw: Raw<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    Ok(Line::Item(match raw {
        Raw::Export(head) => return Ok(Line::Head(head)),
        Raw::Key(key) => Item::Key(key),
        Raw::Instance(raw) => Item::Instance(instance(raw)?),
        Raw::Part(raw) => Item::Part(part(&raw)?),
        Raw::Package(package) => Item::Package(package),
        Raw::Past(RawPast { entity, id, until, custom_fields }) => {
            Item::Past(PastItem { entity, id, until, custom_fields: each_once(&custom_fields)? })
        }
        Raw::Settled(settled) => Item::Settled(settled),
    }))
}

fn instance(raw: RawInstance<'_>) -> Result<InstanceItem, String> {
    let RawInstance { entity, id, archived_at, record, custom_fields } = raw;
    let record = record.map(|record| {
        let mut json = serde_json::Deserializer::from_str(record.get());
        AnyRecord::deserialize(entity, &mut json).map_err(|error| format!("record: {error}"))
    });
    let custom_fields = each_once(&custom_fields)?;
    Ok(InstanceItem { entity, id, archived_at, record: record.transpose()?, custom_fields })
}

fn each_once(custom_fields: &CustomFields) -> Result<BTreeMap<String, String>, String> {
    let mut values = BTreeMap::new();
    for (key, value) in custom_fields.iter() {
        if values.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(format!("custom_fields: {} is given more than once", short(key)));
        }
    }
    Ok(values)
}

fn part(raw: &RawPart<'_>) -> Result<PartItem, String> {
    let of = Collection::named(&raw.of).ok_or_else(|| {
        let known = Collection::ALL.map(Collection::name).join(", ");
        format!("of: {} is no collection; those are {known}", short(&raw.of))
    })?;
    let key = data_encoding::HEXLOWER.decode(raw.key.as_bytes());
    let key = key.map_err(|error| format!("key: not hexadecimal in lower case: {error}"))?;
    let mut json = serde_json::Deserializer::from_str(raw.part.get());
    let part = AnyPart::deserialize(of, &mut json).map_err(|error| format!("part: {error}"))?;
    Ok(PartItem { of, owner: raw.owner, key, part })
}
