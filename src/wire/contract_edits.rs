//! The calls that change a contract, and the one that tells what was changed (source: `metronome-api.md` §6.4 to
//! §6.6).

use uuid::Uuid;

use super::answer::{Refusal, data, id as made, nothing, page};
use super::balance_terms;
use super::body::{Object, amount, flag, moment, nullable, text, typed_id};
use super::contracts::whose;
use super::listed_edit::{EditMade, ListedEdit};
use super::listing::{Listing, Term};
use super::new_contract::{filter_from, parts};
use super::{Request, Route, recurring, scheduled_charges, settings, subscriptions};
use crate::entity::ContractId;
use crate::error::{Error, Fault, Result as StoreResult};
use crate::model::contract_edit::{ContractEdit, EditContract, PartUpdates};
use crate::store::{
    Reading as _, ReadingContracts, ReadingForAnswers as _, ReadingRecords as _, Store, WritingContracts as _,
};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v2/contracts/edit", edit),
    ("POST", "/v2/contracts/getEditHistory", history),
    ("POST", "/v1/contracts/setUsageFilter", set_usage_filter),
    ("POST", "/v1/contracts/updateEndDate", update_end_date),
];

fn edit(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (whose, edit) = request.read(|body, _| {
        let whose = whose(body);
        let edit = edit_of(body);
        Some((whose?, edit?))
    })?;
    let made = store.write(|tx| {
        whose.check(tx)?;
        let contract = whose.contract_id;
        let before = tx.revision(contract)?;
        let id = tx.edit_contract(contract, edit)?;
        let edit = tx.edit_made_at(contract, before)?;
        let term = term(tx, contract, &edit)?;
        let read = |product| tx.product(product);
        let listing = Listing::new(&read, edit.timestamp);
        listing.finish(EditMade { id, edit: ListedEdit::of(contract, term, edit, &listing) })
    });
    data(made.map_err(Refusal::coded)?)
}

/// What the parts that an edit brings are called, in the order of their names where a contract is made.
const ADDED: [&str; 9] = [
    "add_commits",
    "add_credits",
    "add_recurring_commits",
    "add_recurring_credits",
    "add_overrides",
    "add_scheduled_charges",
    "add_discounts",
    "add_professional_services",
    "add_subscriptions",
];

fn edit_of(body: &Object<'_>) -> Option<EditContract> {
    let uniqueness_key = body.optional("uniqueness_key", text);
    let added = parts(body, ADDED);
    let name = body.optional("update_contract_name", |value| nullable(value, text));
    let end = body.optional("update_contract_end_date", |value| nullable(value, moment));
    let payment = body.optional("update_net_payment_terms_days", |value| nullable(value, amount));
    let updates = updates(body);
    let settings = settings::read_changes(body);
    let before_final = body.optional("allow_contract_ending_before_finalized_invoice", flag);
    let added = added?;
    Some(EditContract {
        uniqueness_key: uniqueness_key?,
        add_commits: added.commits,
        add_credits: added.credits,
        add_recurring_commits: added.recurring_commits,
        add_recurring_credits: added.recurring_credits,
        add_overrides: added.overrides,
        add_scheduled_charges: added.scheduled_charges,
        add_discounts: added.discounts,
        add_professional_services: added.professional_services,
        add_subscriptions: added.subscriptions,
        update_contract_name: name?,
        update_contract_end_date: end?,
        update_net_payment_terms_days: payment?,
        updates: updates?,
        settings: settings?,
        allow_contract_ending_before_finalized_invoice: before_final?,
    })
}

fn updates(body: &Object<'_>) -> Option<PartUpdates> {
    let commits = body.objects("update_commits", |fields| balance_terms::update(fields, "commit_id", true));
    let credits = body.objects("update_credits", |fields| balance_terms::update(fields, "credit_id", false));
    let recurring_commits = body
        .objects("update_recurring_commits", |fields| recurring::update(fields, "recurring_commit_id", true));
    let recurring_credits = body.objects("update_recurring_credits", |fields| {
        recurring::update(fields, "recurring_credit_id", false)
    });
    let charges = body.objects("update_scheduled_charges", scheduled_charges::update);
    let subscriptions = body.objects("update_subscriptions", subscriptions::update);
    let archived_commits = body.objects("archive_commits", its_id);
    let archived_credits = body.objects("archive_credits", its_id);
    let archived_charges = body.objects("archive_scheduled_charges", its_id);
    let removed_overrides = body.objects("remove_overrides", its_id);
    Some(PartUpdates {
        update_commits: commits?,
        update_credits: credits?,
        update_recurring_commits: recurring_commits?,
        update_recurring_credits: recurring_credits?,
        update_scheduled_charges: charges?,
        update_subscriptions: subscriptions?,
        archive_commits: archived_commits?,
        archive_credits: archived_credits?,
        archive_scheduled_charges: archived_charges?,
        remove_overrides: removed_overrides?,
    })
}

/// An object that holds an id and nothing else.
fn its_id<I: From<Uuid>>(fields: &Object<'_>) -> Option<I> {
    fields.required("id", typed_id)
}

fn history(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (whose, wanted) = request.read(|body, query| {
        let whose = whose(body);
        let wanted = query.page();
        Some((whose?, wanted?))
    })?;
    let view = store.snapshot()?;
    whose.check(&view).map_err(Refusal::coded)?;
    let contract = whose.contract_id;
    let edits = view.contract_edits(contract, &wanted)?;
    let terms = edits.items.iter().map(|edit| term(&view, contract, edit));
    let mut terms = terms.collect::<StoreResult<Vec<_>>>()?.into_iter();
    let read = |product| view.product(product);
    let listing = Listing::new(&read, view.taken_at());
    let listed = |edit| ListedEdit::of(contract, terms.next().flatten(), edit, &listing);
    page(listing.finish(edits.map(listed))?)
}

/// What is to be known of a contract when an edit brought subscriptions, so that the edit is told of them as it was
/// answered whatever came later; without them nothing is read for it.
fn term(
    view: &impl ReadingContracts,
    contract: ContractId,
    edit: &ContractEdit,
) -> StoreResult<Option<Term>> {
    if edit.added.subscriptions.is_empty() {
        return Ok(None);
    }
    Ok(Some(Term {
        ending_before: view.terms_after(contract, edit)?.ending_before,
        statements: view.contract_origin(contract)?.usage_statement_schedule,
        at: edit.timestamp,
    }))
}

fn set_usage_filter(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (whose, filter) = request.read(|body, _| {
        let whose = whose(body);
        let starting_at = body.required("starting_at", moment);
        let filter = filter_from(body, starting_at);
        Some((whose?, filter?))
    })?;
    store.write(|tx| {
        whose.check(tx)?;
        tx.set_usage_filter(whose.contract_id, filter)
    })?;
    nothing()
}

/// An edit of nothing but the end.
fn update_end_date(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (whose, edit) = request.read(|body, _| {
        let whose = whose(body);
        let end = body.optional("ending_before", moment);
        let before_final = body.optional("allow_ending_before_finalized_invoice", flag);
        let edit = EditContract {
            update_contract_end_date: Some(end?),
            allow_contract_ending_before_finalized_invoice: before_final?,
            ..Default::default()
        };
        Some((whose?, edit))
    })?;
    let ended = store.write(|tx| {
        whose.check(tx)?;
        tx.edit_contract(whose.contract_id, edit)
    });
    ended.map_err(of_the_end)?;
    made(whose.contract_id)
}

/// Faults of an edit's end, under the name that it has where nothing else is edited.
fn of_the_end(error: Error) -> Error {
    let Error::Refused(faults) = error else { return error };
    let named = |field: String| match field.as_str() {
        "update_contract_end_date" => "ending_before".to_owned(),
        _ => field,
    };
    let renamed = |fault| match fault {
        Fault::Field { field, problem } => Fault::Field { field: named(field), problem },
        Fault::OnASettledInvoice { field, invoice, status } => {
            Fault::OnASettledInvoice { field: named(field), invoice, status }
        }
        other => other,
    };
    Error::Refused(faults.into_iter().map(renamed).collect())
}
