//! What there is of an instance besides custom fields, as the API's own call answers it.

use billfold::{
    EntityRef, Error, ErrorKind, ManagedEntity, ReadingContracts as _, ReadingInvoices as _, Store,
};
use serde_json::{Map, Value, json};

use crate::Failure;

/// What the API's call answers of an instance; `None` where it has no such call, or there is nothing but the id.
pub fn of(store: &Store, target: EntityRef) -> Result<Option<Map<String, Value>>, Failure> {
    let asked = match call(store, target) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        asked => asked.map_err(Failure::new)?,
    };
    let Some((method, path, body)) = asked else { return Ok(None) };
    let answer = store.handle(method, &path, &[], body.as_bytes());
    match serde_json::from_str(&answer.body) {
        _ if answer.status == 404 => Ok(None),
        Ok(Value::Object(mut said)) if answer.is_success() => match said.remove("data") {
            Some(Value::Object(mut record)) => {
                // They are shown beside it.
                record.retain(|name, _| name != "id" && name != "custom_fields");
                Ok(Some(record))
            }
            _ => Ok(None),
        },
        _ => Err(Failure::new(answer.body)),
    }
}

/// The call: its method, its path and its body.
fn call(store: &Store, target: EntityRef) -> Result<Option<(&'static str, String, String)>, Error> {
    let EntityRef { entity, id } = target;
    let read = |path: String| Some(("GET", path, String::new()));
    let asked = |path: &str, body: Value| Some(("POST", path.to_owned(), body.to_string()));
    Ok(match entity {
        ManagedEntity::Customer => read(format!("/v1/customers/{id}")),
        ManagedEntity::BillableMetric => read(format!("/v1/billable-metrics/{id}")),
        ManagedEntity::ContractProduct => asked("/v1/contract-pricing/products/get", json!({"id": id})),
        ManagedEntity::RateCard => asked("/v1/contract-pricing/rate-cards/get", json!({"id": id})),
        ManagedEntity::Contract => {
            let customer = store.contract(id.into())?.origin.customer_id;
            asked("/v2/contracts/get", json!({"customer_id": customer, "contract_id": id}))
        }
        ManagedEntity::Invoice => {
            let customer = store.invoice(id.into())?.customer_id;
            read(format!("/v1/customers/{customer}/invoices/{id}"))
        }
        _ => None,
    })
}

/// A value of it in a cell: a text as it is, anything else in JSON.
pub fn told(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
