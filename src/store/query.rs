//! Queries: a page of what a condition is true of, and how many there are.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::find::cut;
use super::query_plan::{Plan, plan};
use super::query_search::Search;
use crate::entity::ManagedEntity;
use crate::error::{Fault, Result};
use crate::model::page::{ArchiveFilter, Cursor, Page, PageRequest, Question};
use crate::model::query::Condition;
use crate::storage::catalog::Catalog;
use crate::storage::view::Reader;

/// A page of the instances that a condition is true of, in order of their ids.
pub fn page(
    reader: &impl Reader,
    entity: ManagedEntity,
    condition: &Condition,
    archived: ArchiveFilter,
    page: &PageRequest,
) -> Result<Page<Uuid>> {
    let plan = plan(reader, entity, condition)?;
    let question = question(entity, archived, &plan);
    let store = reader.with_catalog(Catalog::store);
    let after = page.resume(store, &question)?.map(Uuid::from_slice).transpose();
    let after = after.map_err(|_| Fault::CursorOfAnotherQuestion)?;
    let mut found = Vec::new();
    Search { reader, entity, archived, plan: &plan }.each(after, |id| {
        found.push(id);
        if found.len() > page.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(cut(found, page.limit, |last| Cursor::new(store, question, last.as_bytes())))
}

/// How many instances a condition is true of.
pub fn count(
    reader: &impl Reader,
    entity: ManagedEntity,
    condition: &Condition,
    archived: ArchiveFilter,
) -> Result<u64> {
    let plan = plan(reader, entity, condition)?;
    let mut found = 0;
    Search { reader, entity, archived, plan: &plan }.each(None, |_| {
        found += 1;
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn question(entity: ManagedEntity, archived: ArchiveFilter, plan: &Plan) -> Question {
    let mut said = vec![entity.to_string(), archived.to_string()];
    plan.say(&mut said);
    Question::filtered("query", &said)
}
