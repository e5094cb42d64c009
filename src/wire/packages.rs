//! The calls about packages (source: `metronome-api.md` §7).

use serde::Serialize;

use super::answer::{Refusal, data, id as made, page, timestamp};
use super::body::{Object, typed_id, word};
use super::contracts::wanted_contracts;
use super::listed_package::ListedPackage;
use super::listing::Listing;
use super::new_package::new_package;
use super::{Request, Route};
use crate::entity::{ContractId, CustomerId};
use crate::error::{Error, Fault};
use crate::id::PackageId;
use crate::model::package::PackageContract;
use crate::store::{ReadingPackages as _, ReadingRecords as _, Store, WritingPackages as _};

pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/packages/create", create),
    ("POST", "/v1/packages/get", get),
    ("POST", "/v1/packages/list", list_packages),
    ("POST", "/v1/packages/archive", archive),
    ("POST", "/v1/packages/listContractsOnPackage", contracts),
];

fn create(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let request = request.read(|body, _| new_package(body))?;
    made(store.create_package(request)?)
}

/// The package that a call is about.
fn which(body: &Object<'_>) -> Option<PackageId> {
    body.required("package_id", typed_id)
}

fn get(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.read(|body, _| which(body))?;
    let view = store.snapshot()?;
    let package = view.package(id)?;
    let read = |product| view.product(product);
    let listing = Listing::new(&read, view.taken_at());
    data(listing.finish(ListedPackage::of(package, &listing))?)
}

fn list_packages(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (archived, wanted) = request.read(|body, query| {
        let archived = body.optional("archive_filter", word);
        let wanted = query.page();
        Some((archived?.unwrap_or_default(), wanted?))
    })?;
    let view = store.snapshot()?;
    let packages = view.packages(archived, &wanted)?;
    let read = |product| view.product(product);
    let listing = Listing::new(&read, view.taken_at());
    page(listing.finish(packages.map(|package| ListedPackage::of(package, &listing)))?)
}

fn archive(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id = request.read(|body, _| which(body))?;
    store.archive_package(id).map_err(archived_before)?;
    made(id)
}

/// The only refusal that the API answers with 422.
fn archived_before(error: Error) -> Refusal {
    match error.faults() {
        [Fault::PackageArchived { .. }] => Refusal::Request { status: 422, message: error.to_string() },
        _ => error.into(),
    }
}

fn contracts(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (package, filter, wanted) = request.read(|body, query| {
        let package = which(body);
        let filter = wanted_contracts(body);
        let wanted = query.page();
        Some((package?, filter?, wanted?))
    })?;
    let contracts = store.package_contracts(package, &filter, &wanted).map_err(Refusal::coded)?;
    page(contracts.map(ListedPackageContract::of))
}

#[derive(Serialize)]
struct ListedPackageContract {
    customer_id: CustomerId,
    contract_id: ContractId,
    starting_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<String>,
}

impl ListedPackageContract {
    fn of(contract: PackageContract) -> Self {
        Self {
            customer_id: contract.customer_id,
            contract_id: contract.contract_id,
            starting_at: timestamp(contract.starting_at),
            ending_before: contract.ending_before.map(timestamp),
            archived_at: contract.archived_at.map(timestamp),
        }
    }
}
