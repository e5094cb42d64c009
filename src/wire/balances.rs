//! The calls about commits and credits of customers (source: `metronome-api.md` §6.2 and §6.6). What their balances
//! and ledgers are is said with those of [contracts](super::contracts).

use uuid::Uuid;

use super::answer::{Refusal, id as made, page};
use super::balance_terms::{Place, bare_commit, credit};
use super::body::{Object, Value, amount, flag, moment, set, text, typed_id, word};
use super::contracts::{Included, included};
use super::listed_balance::ListedBalance;
use super::listing::Listing;
use super::{Request, Route};
use crate::entity::{CustomerId, EntityId};
use crate::error::{Result as StoreResult, short};
use crate::model::balance::{BalanceFilter, BalanceOf, CustomerLevel};
use crate::model::page::{Page, PageRequest};
use crate::store::{ReadingContracts as _, ReadingRecords as _, Snapshot, Store, WritingContracts as _};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/contracts/customerCommits/create", create_commit),
    ("POST", "/v1/contracts/customerCommits/list", commits),
    ("POST", "/v1/contracts/customerCredits/create", create_credit),
    ("POST", "/v1/contracts/customerCredits/list", credits),
];

/// The most commits or credits on a page, and how many there are where nothing is said.
const MAX_BALANCES: u8 = 25;

fn create_commit(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (level, commit) = request.read(|body, _| {
        let level = level(body);
        let invoice_contract_id = body.optional("invoice_contract_id", typed_id);
        let commit = bare_commit(body, Place::Customer);
        Some((CustomerLevel { invoice_contract_id: invoice_contract_id?, ..level? }, commit?))
    })?;
    made(store.create_commit(level, commit)?)
}

fn create_credit(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (level, credit) = request.read(|body, _| {
        let level = level(body);
        let credit = credit(body, Place::Customer);
        Some((level?, credit?))
    })?;
    made(store.create_credit(level, credit)?)
}

fn level(body: &Object<'_>) -> Option<CustomerLevel> {
    let customer_id = body.required("customer_id", typed_id);
    let contracts = body.optional("applicable_contract_ids", |value| set(value, typed_id));
    let uniqueness_key = body.optional("uniqueness_key", text);
    let salesforce_opportunity_id = body.optional("salesforce_opportunity_id", text);
    Some(CustomerLevel {
        customer_id: customer_id?,
        applicable_contract_ids: contracts?.unwrap_or_default(),
        invoice_contract_id: None,
        uniqueness_key: uniqueness_key?,
        salesforce_opportunity_id: salesforce_opportunity_id?,
    })
}

fn commits(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let question = request.read(|body, _| {
        let access_type = body.optional("access_type", word);
        let question = question(body, "commit_id", "include_contract_commits");
        let mut question = question?;
        question.filter.access_type = access_type?;
        Some(question)
    })?;
    let view = store.snapshot()?;
    let found = view.commits(question.customer, &question.filter, &question.wanted);
    answered(&view, found, question.included)
}

fn credits(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let question = request.read(|body, _| question(body, "credit_id", "include_contract_credits"))?;
    let view = store.snapshot()?;
    let found = view.credits(question.customer, &question.filter, &question.wanted);
    answered(&view, found, question.included)
}

fn answered<I: EntityId + serde::Serialize>(
    view: &Snapshot,
    found: StoreResult<Page<BalanceOf<I>>>,
    included: Included,
) -> Result<String, Refusal> {
    let read = |product| view.product(product);
    let listing = Listing::new(&read, view.taken_at()).including(included);
    page(listing.finish(found?.map(|found| ListedBalance::of(found, &listing)))?)
}

/// What a list of commits or credits is asked with.
struct Question {
    customer: CustomerId,
    filter: BalanceFilter,
    included: Included,
    wanted: PageRequest,
}

/// The fields that both lists have, two of them under names of their own.
fn question(body: &Object<'_>, id: &'static str, of_contracts: &'static str) -> Option<Question> {
    let customer = body.required("customer_id", typed_id);
    let id = body.optional(id, typed_id::<Uuid>);
    let covering_date = body.optional("covering_date", moment);
    let starting_at = body.optional("starting_at", moment);
    let effective_before = body.optional("effective_before", moment);
    let of_contracts = body.optional(of_contracts, flag);
    let include_archived = body.optional("include_archived", flag);
    let included = included(body);
    let wanted = page_of(body);
    Some(Question {
        customer: customer?,
        filter: BalanceFilter {
            id: id?,
            access_type: None,
            covering_date: covering_date?,
            starting_at: starting_at?,
            effective_before: effective_before?,
            include_contract_balances: of_contracts?.unwrap_or_default(),
            include_archived: include_archived?.unwrap_or_default(),
        },
        included: included?,
        wanted: wanted?,
    })
}

/// Which page is asked for. These lists say so in their bodies, where all others do in their queries.
fn page_of(body: &Object<'_>) -> Option<PageRequest> {
    let limit = body.optional("limit", limit(MAX_BALANCES));
    let next_page = body.optional("next_page", cursor);
    let cursor = body.optional("cursor", cursor);
    let after = match (next_page?, cursor?) {
        (Some(_), Some(_)) => return body.fault("cursor", "another name of next_page; give one of them"),
        (next_page, cursor) => next_page.or(cursor),
    };
    Some(PageRequest { limit: limit?.unwrap_or(MAX_BALANCES.into()), after })
}

/// How many items a page has, at most so many.
pub(super) fn limit(most: u8) -> impl FnOnce(Value<'_>) -> Option<usize> {
    move |value| {
        let limit = amount(value)?.to_string().parse().ok().filter(|limit| (1..=most).contains(limit));
        if limit.is_none() {
            value.not_whole(1, most.into());
        }
        limit.map(usize::from)
    }
}

/// Where a page ended.
pub(super) fn cursor(value: Value<'_>) -> Option<crate::model::page::Cursor> {
    let text = text(value)?;
    let cursor = text.parse().ok();
    if cursor.is_none() {
        value.fault(format_args!("{} is not a cursor that a page ended with", short(&text)));
    }
    cursor
}
