//! Instances that were found, as lists of them are printed.

use std::collections::BTreeMap;

use billfold::{EntityRef, Page, Reading as _, Store};
use serde::Serialize;

use crate::Failure;
use crate::output::Output;

/// An instance with its values.
#[derive(Serialize)]
struct Found {
    #[serde(flatten)]
    instance: EntityRef,
    custom_fields: BTreeMap<String, String>,
}

/// Prints a page of instances, each with its values. A store that is open for reading has no writer: nothing changes meanwhile.
pub fn print(output: &Output, store: &Store, page: Page<EntityRef>) -> Result<(), Failure> {
    let values = store.values_many(&page.items).map_err(Failure::new)?;
    let pairs = page.items.into_iter().zip(values);
    let items = pairs.map(|(instance, custom_fields)| Found { instance, custom_fields }).collect();
    output.page(&Page { items, next: page.next }, ["entity", "id", "custom fields"], |found| {
        let EntityRef { entity, id } = found.instance;
        [entity.to_string(), id.to_string(), listed(&found.custom_fields)]
    })
}

/// Values on one line, each by its key.
fn listed(values: &BTreeMap<String, String>) -> String {
    if values.is_empty() {
        return "none".to_owned();
    }
    let pairs: Vec<_> = values.iter().map(|(key, value)| format!("{key}={}", quoted(value))).collect();
    pairs.join(", ")
}

/// A text in quotes, as JSON has it.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
