//! The vendor's calls, answered in process: method, path, query and body in, status and body out.
//!
//! A file per subject holds its calls and its part of the table of routes. A call reads its request
//! strictly (`body`, `query`), makes one call of the store, and writes what it answers (`answer`).

mod alerts;
mod answer;
mod applicability;
mod balance_terms;
mod balances;
mod billable_metrics;
pub(crate) mod body;
mod contract_edits;
mod contracts;
mod custom_fields;
mod customers;
mod elsewhere;
mod invoices;
mod listed_alert;
mod listed_balance;
mod listed_contract;
mod listed_contract_rate;
mod listed_contract_v1;
mod listed_edit;
mod listed_invoice;
mod listed_invoice_line;
mod listed_override;
mod listed_package;
mod listed_package_balance;
mod listed_package_part;
mod listed_product;
mod listed_provider;
mod listed_rate;
mod listed_recurring;
mod listed_schedule;
mod listed_scheduled_charge;
mod listed_settings;
mod listed_subscription;
mod listed_threshold;
mod listing;
mod net_balance;
mod new_contract;
mod new_package;
mod overrides;
mod packages;
mod payment_gate;
mod products;
mod query;
mod rate_cards;
mod rates;
#[cfg(test)]
mod readme_inside;
mod recurring;
mod scheduled_charges;
mod schedules;
mod settings;
mod subscriptions;
mod thresholds;
mod when;

pub use answer::Answer;

use answer::Refusal;
use body::{Faults, Object};
use query::Query;

use uuid::Uuid;

use crate::error::short;
use crate::store::Store;

/// What answers a call: the answer's JSON text, or why there is none.
type Call = fn(&Store, &Request<'_>) -> Result<String, Refusal>;

/// A call: its method, its path, and what answers it.
type Route = (&'static str, &'static str, Call);

/// The parameters in a path, by name.
type PathParameters<'p> = Vec<(&'static str, &'p str)>;

/// All calls, by subject.
const ROUTES: [&[Route]; 13] = [
    custom_fields::ROUTES,
    customers::ROUTES,
    billable_metrics::ROUTES,
    products::ROUTES,
    rate_cards::ROUTES,
    rates::ROUTES,
    packages::ROUTES,
    contracts::ROUTES,
    contract_edits::ROUTES,
    balances::ROUTES,
    net_balance::ROUTES,
    invoices::ROUTES,
    alerts::ROUTES,
];

/// What a call is asked with.
struct Request<'r> {
    /// The path's own parameters.
    path: PathParameters<'r>,
    query: &'r [(&'r str, &'r str)],
    body: &'r [u8],
}

impl Request<'_> {
    /// What `read` makes of body and query; a refusal with every fault of both, fields and parameters that
    /// `read` did not ask for included.
    fn read<T>(&self, read: impl FnOnce(&Object<'_>, &Query<'_>) -> Option<T>) -> Result<T, Refusal> {
        let faults = Faults::default();
        for (name, found) in self.path.iter().filter(|(_, found)| body::uuid(found).is_none()) {
            faults.add(format_args!("{name}: {}", body::not_a_uuid(found)));
        }
        let read = Object::whole(self.body, "the body", &faults).and_then(|body| {
            let query = Query::new(self.query, &faults);
            let read = read(&body, &query);
            body.finish();
            query.finish();
            read
        });
        faults.none_or(read).map_err(Refusal::invalid)
    }

    /// The id that stands in the path under this name. One that is no id is a fault already.
    fn id(&self, name: &str) -> Option<Uuid> {
        let (_, found) = self.path.iter().find(|(parameter, _)| *parameter == name)?;
        body::uuid(found)
    }
}

impl Store {
    /// Answers a call of the vendor's API (source: `metronome-api.md` §1.3): what an HTTP server does with a
    /// request, without the server. Feature `wire`.
    ///
    /// The calls are those of custom fields, customers, billable metrics, products, rate cards, packages, contracts,
    /// invoices and alerts, under the API's own paths, such as `/v1/customFields/addKey`. `query` holds the parameters,
    /// decoded. Every list has
    /// `limit` (1 to 100) and `next_page`, which may also be called `cursor`; those of customers' commits and credits
    /// have them in the body, and a `limit` of 1 to 25. A parameter that is a list may be given several times, with
    /// commas, or both. Words such as `USAGE` are understood in upper and lower case. `body` is JSON in UTF-8; no bytes
    /// at all count as `{}`.
    ///
    /// A change is in the store, and on disk (see [`Durability`](crate::Durability)), when this returns; one
    /// that was refused changed nothing. Any bytes may be given: there is always an answer.
    ///
    /// | status | when | body |
    /// |---|---|---|
    /// | 200 | done | as the call promises, `null` where it promises nothing |
    /// | 400 | the request is wrong in itself | `{"message": ...}` with all faults of its form, or all of its content |
    /// | 403 | a change, in a store opened for reading only | `{"message": ...}` |
    /// | 404 | no such path, key or instance | `{"message": ...}` |
    /// | 405 | the path's call has another method ([`methods`](Self::methods)) | `{"message": ...}` |
    /// | 409 | another instance holds a unique value | `{"message": ...}` naming the holder; `conflicting_id` and `conflicting_value` where a uniqueness key was used before |
    /// | 422 | a package is archived that was archived before | `{"message": ...}` |
    /// | 500 | the engine failed, or a call was made from inside a transaction's closure | `{"message": ...}` |
    /// | 501 | the vendor has this call, and it is not answered here | `{"message": ...}` naming the call |
    /// | 503 | busy or closed: nothing was done | `{"message": ...}` |
    ///
    /// Of several faults the first in the order 400, 404, 409 gives the status. The calls under `/v2` answer 400 in
    /// place of 404, with a `code` besides the message: `CustomerNotFound`, `ContractNotFound`, or `NotFound` for
    /// anything else; so does the list of a package's contracts, with the code `PackageNotFound`.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = StoreOptions::new().id_source(IdSource::Counted).adopt_unknown(true).in_memory()?;
    /// let key = br#"{"entity": "customer", "key": "x_account_id", "enforce_uniqueness": true}"#;
    /// let added = store.handle("POST", "/v1/customFields/addKey", &[], key);
    /// assert_eq!(added.status, 200);
    /// assert_eq!(added.body, r#"{"data":{"id":"00000000-0000-7000-8000-000000000001"}}"#);
    ///
    /// let again = store.handle("POST", "/v1/customFields/addKey", &[], key);
    /// assert_eq!(again.status, 400);
    /// assert_eq!(
    ///     again.body,
    ///     r#"{"message":"Duplicate custom field key: customer has \"x_account_id\" already"}"#
    /// );
    ///
    /// let page = store.handle("POST", "/v1/customFields/listKeys", &[("limit", "10")], b"");
    /// assert_eq!(
    ///     page.body,
    ///     r#"{"data":[{"entity":"customer","key":"x_account_id","enforce_uniqueness":true}],"next_page":null}"#
    /// );
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn handle(&self, method: &str, path: &str, query: &[(&str, &str)], body: &[u8]) -> Answer {
        route(method, path).and_then(|(call, path)| call(self, &Request { path, query, body })).into()
    }

    /// The methods of the calls that the API has at a path, those included that [`handle`](Self::handle) answers with
    /// 501; empty where it has none. A server puts them into the header `Allow` of a 405. Feature `wire`.
    ///
    /// ```
    /// use billfold::Store;
    ///
    /// assert_eq!(Store::methods("/v1/customers"), ["POST", "GET"]);
    /// assert_eq!(Store::methods("/v1/plans"), ["GET"]);
    /// assert!(Store::methods("/v1/nonsense").is_empty());
    /// ```
    #[must_use]
    pub fn methods(path: &str) -> Vec<&'static str> {
        known(path).into_iter().map(|known| known.method).collect()
    }
}

/// A call of the API that a path fits.
struct Known<'p> {
    method: &'static str,
    pattern: &'static str,
    parameters: PathParameters<'p>,
    /// What answers it here, or its name where nothing does.
    answers: Result<Call, &'static str>,
}

/// The calls of the API that a path fits, answered here or not. The more of a path is written out, the sooner it
/// goes: `archive` is no customer's id.
fn known(path: &str) -> Vec<Known<'_>> {
    let here = ROUTES.into_iter().flatten().map(|(method, pattern, call)| (*method, *pattern, Ok(*call)));
    let elsewhere = elsewhere::CALLS.iter().map(|(method, pattern, name)| (*method, *pattern, Err(*name)));
    let fitting = here.chain(elsewhere).filter_map(|(method, pattern, answers)| {
        Some(Known { method, pattern, parameters: matched(pattern, path)?, answers })
    });
    let mut known: Vec<_> = fitting.collect();
    let fewest = known.iter().map(|known| known.parameters.len()).min();
    known.retain(|known| Some(known.parameters.len()) == fewest);
    known
}

/// What answers that method and path, and the path's own parameters.
fn route<'p>(method: &str, path: &'p str) -> Result<(Call, PathParameters<'p>), Refusal> {
    let mut called = "";
    let mut methods = Vec::new();
    for Known { method: known, pattern, parameters, answers } in known(path) {
        if known == method {
            return match answers {
                Ok(call) => Ok((call, parameters)),
                Err(name) => {
                    let message =
                        format!("{known} {pattern} ({name}) is a call of the API that is not answered here");
                    Err(Refusal::Request { status: 501, message })
                }
            };
        }
        called = pattern;
        methods.push(known);
    }
    Err(if methods.is_empty() {
        Refusal::Request { status: 404, message: format!("there is no call {}", short(path)) }
    } else {
        let message = format!("{called} is called with {}, not with {}", methods.join(" or "), short(method));
        Refusal::Request { status: 405, message }
    })
}

/// The parameters in a path that a pattern such as `/v1/customers/{customer_id}` fits; `None` where it does not.
fn matched<'p>(pattern: &'static str, path: &'p str) -> Option<PathParameters<'p>> {
    // Nearly all patterns are told apart by what they begin with, before any path is cut up.
    match pattern.split_once('{') {
        None => return (pattern == path).then(Vec::new),
        Some((beginning, _)) if !path.starts_with(beginning) => return None,
        Some(_) => {}
    }
    let (mut wanted, mut found) = (pattern.split('/'), path.split('/'));
    let mut parameters = Vec::new();
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Some(parameters),
            (Some(wanted), Some(found)) => {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) if !found.is_empty() => parameters.push((name, found)),
                    None if wanted == found => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}
