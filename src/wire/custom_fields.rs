//! The five calls about custom fields (source: `metronome-api.md` §1.3, and the seeds "Create a custom field
//! key" and "Set custom field values").

use serde::Serialize;

use super::answer::{Refusal, id as made, nothing, page};
use super::body::{Object, entity, flag, id, list, pairs, text};
use super::{Request, Route};
use crate::entity::{EntityRef, ManagedEntity};
use crate::model::custom_field::KeyKind;
use crate::store::{Reading as _, Store, Writing as _};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/customFields/addKey", add_key),
    ("POST", "/v1/customFields/removeKey", remove_key),
    ("POST", "/v1/customFields/listKeys", list_keys),
    ("POST", "/v1/customFields/setValues", set_values),
    ("POST", "/v1/customFields/deleteValues", delete_values),
];

fn add_key(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (entity, key, kind) = request.read(|body, _| {
        let entity = body.required("entity", entity);
        let key = body.required("key", text);
        let enforced = body.required("enforce_uniqueness", flag);
        let kind = enforced.map(|enforced| if enforced { KeyKind::Enforced } else { KeyKind::Indexed });
        Some((entity?, key?, kind?))
    })?;
    made(store.add_key(entity, &key, kind)?)
}

fn remove_key(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (entity, key) = request.read(|body, _| {
        let entity = body.required("entity", entity);
        let key = body.required("key", text);
        Some((entity?, key?))
    })?;
    store.remove_key(entity, &key)?;
    nothing()
}

/// A key as it is listed. The API knows no kinds: a key that may not be searched is one that is not unique.
#[derive(Serialize)]
struct ListedKey {
    entity: ManagedEntity,
    key: String,
    enforce_uniqueness: bool,
}

fn list_keys(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (entities, wanted) = request.read(|body, query| {
        let entities = body.optional("entities", |value| list(value, entity));
        let wanted = query.page();
        Some((entities?.unwrap_or_default(), wanted?))
    })?;
    page(store.keys_page(&entities, &wanted)?.map(|key| ListedKey {
        entity: key.entity,
        key: key.key,
        enforce_uniqueness: key.kind == KeyKind::Enforced,
    }))
}

fn set_values(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (target, values) = request.read(|body, _| {
        let target = target(body);
        let values = body.required("custom_fields", |value| pairs(value, text));
        Some((target?, values?))
    })?;
    store.set_values(target, values)?;
    nothing()
}

fn delete_values(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (target, keys) = request.read(|body, _| {
        let target = target(body);
        let keys = body.required("keys", |value| list(value, text));
        Some((target?, keys?))
    })?;
    store.delete_values(target, keys)?;
    nothing()
}

/// The instance that a body names by `entity` and `entity_id`.
fn target(body: &Object<'_>) -> Option<EntityRef> {
    let entity = body.required("entity", entity);
    let id = body.required("entity_id", id);
    Some(EntityRef { entity: entity?, id: id? })
}
