//! How what two stores hold differs, as a person reads it.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use serde_json::Value;

use super::item_line;
use crate::entity::EntityRef;
use crate::error::{Error, Result};
use crate::model::contract::PartKind;
use crate::model::recorded::AnyPart;
use crate::storage::{settled, versions};
use crate::store::carried::{Item, PartItem, Place};
use crate::store::{Snapshot, Store};

/// The most differences that are told one by one.
pub const MAX_DIFFERENCES: usize = 100;
/// So many items of each store are read before they are compared.
const READ_AHEAD: usize = 64;
/// A value that differs is shown up to so many characters of its JSON form.
const SHOWN: usize = 200;

/// What can be compared with another one: a store, as it is when it is asked, or one of its frozen moments.
pub trait Compared {
    /// The moment that is compared.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed).
    fn moment(&self) -> Result<Snapshot>;
}

impl Compared for Store {
    fn moment(&self) -> Result<Snapshot> {
        self.snapshot()
    }
}

impl Compared for Snapshot {
    fn moment(&self) -> Result<Snapshot> {
        Ok(self.clone())
    }
}

/// How what two stores hold differs. As text it has a line for each difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What differs, in the order of exports, keys by their names: the first 100 of it.
    pub lines: Vec<String>,
    /// How many more differences there are.
    pub more: u64,
}

impl Difference {
    /// Whether the two hold the same.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.lines.len() < MAX_DIFFERENCES {
            self.lines.push(line());
        } else {
            self.more += 1;
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("both hold the same");
        }
        f.write_str(&self.lines.join("\n"))?;
        if self.more > 0 { write!(f, "\nand {} more", self.more) } else { Ok(()) }
    }
}

/// How what two stores hold differs: what is in one of them alone, and field by field what both have and is not the
/// same. It is empty exactly where the two give the same bytes as an [`Export`](crate::Export). Feature `wire`.
///
/// Both are read side by side, each in a thread of its own, and little of them is held in memory.
///
/// ```
/// use billfold::prelude::*;
/// use uuid::uuid;
///
/// let fixture = Fixture::make(Time::UNIX_EPOCH, |store| {
///     store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
///     store.adopt(CustomerId::from(uuid!("99594816-e8a5-4bca-be21-8d1de0f45120"))).map(drop)
/// })?;
/// let (one, other) = (fixture.fork()?, fixture.fork()?);
/// assert!(billfold::difference(&one, &other)?.is_empty());
///
/// let customer = CustomerId::from(uuid!("99594816-e8a5-4bca-be21-8d1de0f45120"));
/// one.set_values(customer, [("tier", "gold")])?;
/// other.set_values(customer, [("tier", "iron")])?;
/// assert_eq!(
///     billfold::difference(&one, &other)?.to_string(),
///     r#"customer 99594816-e8a5-4bca-be21-8d1de0f45120: custom_fields.tier: "gold" / "iron""#
/// );
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// [`Closed`](Error::Closed), [`Io`](Error::Io) and [`Corrupt`](Error::Corrupt) where one of them cannot be read.
pub fn difference(first: &impl Compared, second: &impl Compared) -> Result<Difference> {
    let (first, second) = (first.moment()?, second.moment()?);
    thread::scope(|scope| {
        let read = |from: Snapshot| {
            let (send, items) = sync_channel(READ_AHEAD);
            let put = move |item| {
                // Nobody receives any more where the comparison has failed.
                Ok(if send.send(item).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            };
            (items, scope.spawn(move || from.each_item(|_| true, put)))
        };
        let ((first, first_read), (second, second_read)) = (read(first), read(second));
        let found = compare(first, second);
        for read in [first_read, second_read] {
            read.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        found
    })
}

/// Panics unless two stores, or frozen moments, hold the same; the message is their [`difference`]. Feature `wire`.
///
/// ```should_panic
/// use billfold::prelude::*;
///
/// let (one, other) = (Store::in_memory()?, Store::in_memory()?);
/// billfold::assert_same(&one, &other);
/// one.create_customer(CreateCustomer { name: "WidgetsExpress".into(), ..Default::default() })?;
/// billfold::assert_same(&one, &other); // only in the first: customer 019...
/// # Ok::<(), Error>(())
/// ```
///
/// # Panics
/// Where they differ, or cannot be read.
#[track_caller]
#[allow(clippy::panic)] // That is what it is for.
pub fn assert_same(first: &impl Compared, second: &impl Compared) {
    match difference(first, second) {
        Ok(found) if found.is_empty() => {}
        Ok(found) => panic!("the first and the second store differ:\n{found}"),
        Err(error) => panic!("the stores cannot be compared: {error}"),
    }
}

fn compare(first: Receiver<Item>, second: Receiver<Item>) -> Result<Difference> {
    let ((first_keys, mut first), (second_keys, mut second)) = (keys_sorted(first), keys_sorted(second));
    let mut found = Difference::default();
    let is_of = |keys: &[Place]| keys.iter().cloned().collect::<BTreeSet<_>>();
    if first_keys != second_keys && is_of(&first_keys) == is_of(&second_keys) {
        found.tell(|| "keys: they were registered in another order".to_owned());
    }
    // What belongs to an instance that is in one of them alone is not told of.
    let mut alone = None;
    let (mut left, mut right) = (first.next(), second.next());
    while left.is_some() || right.is_some() {
        let places = (left.as_ref().map(Place::of), right.as_ref().map(Place::of));
        let (comes_left, comes_right) = match places {
            (Some(left), Some(right)) => (left <= right, right <= left),
            (left, right) => (left.is_some(), right.is_some()),
        };
        let from_left = if comes_left { std::mem::replace(&mut left, first.next()) } else { None };
        let from_right = if comes_right { std::mem::replace(&mut right, second.next()) } else { None };
        match (from_left, from_right) {
            (Some(one), Some(other)) if one != other => differs(&mut found, &one, &other)?,
            (Some(item), None) => only(&mut found, &mut alone, "first", &item),
            (None, Some(item)) => only(&mut found, &mut alone, "second", &item),
            _ => {}
        }
    }
    Ok(found)
}

/// The items with the keys by their names, and these in the order they came.
fn keys_sorted(items: Receiver<Item>) -> (Vec<Place>, impl Iterator<Item = Item>) {
    let mut items = items.into_iter().peekable();
    let mut keys = Vec::new();
    while let Some(key) = items.next_if(|item| matches!(item, Item::Key(_))) {
        keys.push(key);
    }
    let order = keys.iter().map(Place::of).collect();
    keys.sort_by_cached_key(Place::of);
    (order, keys.into_iter().chain(items))
}

fn only(found: &mut Difference, alone: &mut Option<EntityRef>, place: &str, item: &Item) {
    if let Item::Instance(instance) = item {
        *alone = Some(EntityRef { entity: instance.entity, id: instance.id });
    } else if alone.is_some() && item.belongs_to() == *alone {
        return;
    }
    found.tell(|| format!("only in the {place}: {}", name(item)));
}

fn differs(found: &mut Difference, first: &Item, second: &Item) -> Result<()> {
    let said = |item| item_line::said(item).map_err(|cause| Error::corrupt(cause.to_string()));
    let (first_said, second_said) = (said(first)?, said(second)?);
    let fields = |said: &Value| said.as_object().and_then(|said| said.values().next()).cloned();
    let name = name(first);
    fields_differ(found, &name, "", [fields(&first_said).as_ref(), fields(&second_said).as_ref()]);
    Ok(())
}

/// No item is deep, so that this cannot be either.
fn fields_differ(found: &mut Difference, name: &str, path: &str, values: [Option<&Value>; 2]) {
    match values {
        [Some(Value::Object(first)), Some(Value::Object(second))] => {
            let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
            for field in names {
                let path = match field.as_str() {
                    "record" | "part" if path.is_empty() => String::new(),
                    field if path.is_empty() => field.to_owned(),
                    field => format!("{path}.{field}"),
                };
                fields_differ(found, name, &path, [first.get(field), second.get(field)]);
            }
        }
        [Some(Value::Array(first)), Some(Value::Array(second))] => {
            for place in 0..first.len().max(second.len()) {
                let path = format!("{path}[{place}]");
                fields_differ(found, name, &path, [first.get(place), second.get(place)]);
            }
        }
        [first, second] if first == second => {}
        [first, second] => found.tell(|| format!("{name}: {path}: {} / {}", shown(first), shown(second))),
    }
}

fn shown(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// What a person calls an item.
fn name(item: &Item) -> String {
    match item {
        Item::Key(key) => format!("key {:?} of {}", key.key, key.entity),
        Item::Instance(instance) => EntityRef { entity: instance.entity, id: instance.id }.to_string(),
        Item::Package(package) => format!("package {}", package.id),
        Item::Past(past) => {
            let owner = EntityRef { entity: past.entity, id: past.id };
            format!("{owner}: values until {}", past.until)
        }
        Item::Settled(settled) => format!("{}: invoices settled", EntityRef::from(settled.contract)),
        Item::Part(part) => {
            format!("{}: {}", EntityRef { entity: part.of.owner(), id: part.owner }, part_name(part))
        }
    }
}

fn part_name(item: &PartItem) -> String {
    match &item.part {
        AnyPart::ContractParts(version) => {
            let name = match versions::part_of(&item.key) {
                Some((kind @ (PartKind::Terms | PartKind::Settings), _)) => kind_name(kind),
                Some((kind, id)) => format!("{} {id}", kind_name(kind)),
                None => "a part".to_owned(),
            };
            let since = format!(" as it was from {} on", version.since);
            if versions::is_live(&item.key) { name } else { name + &since }
        }
        AnyPart::ContractEdits(edit) => format!("edit {}", edit.id),
        AnyPart::ContractInvoices(_) => settled::invoice_of(&item.key)
            .map_or_else(|_| "an invoice".to_owned(), |id| format!("invoice {id}")),
        AnyPart::Rates(rate) => rate_name(&item.key, &rate.starting_at.to_string()),
        AnyPart::PastRates(past) => {
            let (rate, added) = (rate_name(&item.key, &past.0.starting_at.to_string()), past.0.recorded_at);
            format!("replaced {rate} added {added}")
        }
    }
}

fn kind_name(kind: PartKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The key begins with the product.
fn rate_name(key: &[u8], starting_at: &str) -> String {
    let product = key.first_chunk().map(|id| uuid::Uuid::from_bytes(*id)).unwrap_or_default();
    format!("rate of contract_product {product} from {starting_at}")
}
