//! The calls that make and read contracts (source: `metronome-api.md` §6, and the seed "Provision a customer").
//!
//! Nothing is metered here, so that the balance of a commit or credit is what its open segments give, and its
//! ledger has no entries.

use super::answer::{Refusal, data, id as made, page, page_with_cursor};
use super::balances::{cursor, limit};
use super::body::{Object, flag, moment, text, typed_id};
use super::listed_contract::{ContractMade, ListedContract};
use super::listed_contract_rate::ListedContractRate;
use super::listed_contract_v1::ListedContractV1;
use super::listing::Listing;
use super::new_contract::new_contract;
use super::query::Query;
use super::rates::selectors;
use super::{Request, Route};
use crate::entity::{ContractId, CustomerId};
use crate::error::{Fault, Result as StoreResult};
use crate::model::contract::{Contract, ContractFilter};
use crate::model::page::{Page, PageRequest};
use crate::model::scalar::Time;
use crate::store::{
    Reading, ReadingContracts, ReadingForAnswers as _, ReadingRecords as _, Snapshot, Store,
    WritingContracts as _,
};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/contracts/create", create),
    ("POST", "/v1/contracts/get", get_v1),
    ("POST", "/v2/contracts/get", get),
    ("POST", "/v1/contracts/list", list_v1),
    ("POST", "/v2/contracts/list", list),
    ("POST", "/v1/contracts/archive", archive),
    ("POST", "/v1/contracts/getContractRateSchedule", rate_schedule),
];

/// The most contracts on a page.
const MAX_CONTRACTS: u8 = 100;

/// A contract, and the customer that the caller says has it.
pub(super) struct Whose {
    pub(super) customer_id: CustomerId,
    pub(super) contract_id: ContractId,
}

/// The two ids that all calls about one contract have.
pub(super) fn whose(body: &Object<'_>) -> Option<Whose> {
    let customer_id = body.required("customer_id", typed_id);
    let contract_id = body.required("contract_id", typed_id);
    Some(Whose { customer_id: customer_id?, contract_id: contract_id? })
}

impl Whose {
    /// Refuses a customer there is not, and a contract that the customer has not.
    pub(super) fn check(&self, view: &impl Reading) -> StoreResult<()> {
        if !view.exists(self.customer_id)? {
            return Err(Fault::InstanceNotFound { target: self.customer_id.into() }.into());
        }
        if view.contract_origin(self.contract_id)?.customer_id == self.customer_id {
            return Ok(());
        }
        Err(Fault::InstanceNotFound { target: self.contract_id.into() }.into())
    }
}

fn create(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let request = request.read(|body, _| new_contract(body))?;
    let made = store.write(|tx| {
        let id = tx.create_contract(request)?;
        let contract = tx.contract(id)?;
        let read = |product| tx.product(product);
        let listing = Listing::new(&read, contract.origin.created_at);
        listing.finish(ContractMade { id, contract: ListedContract::of(contract, &listing) })
    })?;
    data(made)
}

/// Which of what is known of commits and credits is asked for besides what they are.
pub(super) struct Included {
    pub(super) balance: bool,
    pub(super) ledgers: bool,
}

pub(super) fn included(body: &Object<'_>) -> Option<Included> {
    let balance = body.optional("include_balance", flag);
    let ledgers = body.optional("include_ledgers", flag);
    Some(Included { balance: balance?.unwrap_or_default(), ledgers: ledgers?.unwrap_or_default() })
}

fn get(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (whose, included, as_of) = request.read(|body, _| {
        let whose = whose(body);
        let included = included(body);
        let as_of = body.optional("as_of_date", moment);
        // Says who asks, and changes nothing.
        body.optional("webhook_notification_id", text)?;
        let (included, as_of) = (included?, as_of?);
        if as_of.is_some() && included.ledgers {
            return body.fault("as_of_date", "not allowed beside include_ledgers");
        }
        Some((whose?, included, as_of))
    })?;
    let view = store.snapshot()?;
    let at = as_of.unwrap_or(view.taken_at());
    let contract = whose.check(&view).and_then(|()| match as_of {
        Some(time) => view.contract_as_of(whose.contract_id, time),
        None => view.contract(whose.contract_id),
    });
    let contract = contract.map_err(Refusal::coded)?;
    let read = |product| view.product(product);
    let listing = Listing::new(&read, at).including(included);
    data(listing.finish(ListedContract::of(contract, &listing))?)
}

fn get_v1(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (whose, included) = request.read(|body, _| {
        let whose = whose(body);
        let included = included(body);
        Some((whose?, included?))
    })?;
    let view = store.snapshot()?;
    whose.check(&view)?;
    let contract = view.contract(whose.contract_id)?;
    let initial = view.contract_as_made(contract.id)?;
    let read = |product| view.product(product);
    let listing = Listing::new(&read, view.taken_at()).including(included);
    data(listing.finish(ListedContractV1::of(initial, contract, &listing))?)
}

fn list(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let view = store.snapshot()?;
    let (contracts, included) = contracts(&view, request, Refusal::coded)?;
    let read = |product| view.product(product);
    let listing = Listing::new(&read, view.taken_at()).including(included);
    page_with_cursor(listing.finish(contracts.map(|contract| ListedContract::of(contract, &listing)))?)
}

fn list_v1(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let view = store.snapshot()?;
    let (contracts, included) = contracts(&view, request, Refusal::from)?;
    let initial = contracts.items.iter().map(|contract| view.contract_as_made(contract.id));
    let initial = initial.collect::<StoreResult<Vec<_>>>()?;
    let read = |product| view.product(product);
    let listing = Listing::new(&read, view.taken_at()).including(included);
    let Page { items, next } = contracts;
    let both = initial.into_iter().zip(items);
    let items = both.map(|(initial, contract)| ListedContractV1::of(initial, contract, &listing)).collect();
    page_with_cursor(listing.finish(Page { items, next })?)
}

/// The contracts that a list asks for.
fn contracts(
    view: &Snapshot,
    request: &Request<'_>,
    refused: fn(crate::Error) -> Refusal,
) -> Result<(Page<Contract>, Included), Refusal> {
    let (customer, filter, included, wanted) = request.read(|body, query| {
        let customer = body.required("customer_id", typed_id);
        let filter = wanted_contracts(body);
        let included = included(body);
        let wanted = page_of(body, query);
        Some((CustomerId::new(customer?), filter?, included?, wanted?))
    })?;
    let contracts = view.contracts(customer, &filter, &wanted).map_err(refused)?;
    Ok((contracts, included))
}

/// Which contracts a list is to have, of a customer or of a package.
pub(super) fn wanted_contracts(body: &Object<'_>) -> Option<ContractFilter> {
    let starting_at = body.optional("starting_at", moment);
    let covering_date = body.optional("covering_date", moment);
    let include_archived = body.optional("include_archived", flag);
    Some(ContractFilter {
        starting_at: starting_at?,
        covering_date: covering_date?,
        include_archived: include_archived?.unwrap_or_default(),
    })
}

/// Which page is asked for: in the query, as everywhere, or in the body, where the vendor's own clients say so.
fn page_of(body: &Object<'_>, query: &Query<'_>) -> Option<PageRequest> {
    let in_query = query.page();
    let limit = body.optional("limit", limit(MAX_CONTRACTS));
    let cursor = body.optional("cursor", cursor);
    let PageRequest { limit: limit_of_query, after } = in_query?;
    Some(PageRequest { limit: limit?.unwrap_or(limit_of_query), after: cursor?.or(after) })
}

fn archive(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (whose, void_invoices) = request.read(|body, _| {
        let whose = whose(body);
        let void_invoices = body.required("void_invoices", flag);
        Some((whose?, void_invoices?))
    })?;
    store.write(|tx| {
        whose.check(tx)?;
        match void_invoices {
            true => tx.archive_contract_and_void_invoices(whose.contract_id),
            false => tx.archive_contract(whose.contract_id),
        }
    })?;
    made(whose.contract_id)
}

fn rate_schedule(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (whose, at, selectors, wanted) = request.read(|body, query| {
        let whose = whose(body);
        let at = body.optional("at", moment);
        let selectors = selectors(body, true);
        let wanted = query.page();
        Some((whose?, at?, selectors?, wanted?))
    })?;
    let view = store.snapshot()?;
    whose.check(&view)?;
    let at: Time = at.unwrap_or(view.taken_at());
    let rates = view.contract_rate_schedule(whose.contract_id, at, &selectors, &wanted)?;
    page(rates.map(ListedContractRate::of))
}
