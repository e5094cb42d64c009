//! Contracts above and below others.

use billfold::prelude::*;
use billfold::{ContractSettings, Hierarchy, HierarchyLink};

use crate::support::catalog::at;
use crate::support::fault;
use crate::support::ready::Ready;

const START: &str = "2024-11-01T00:00:00Z";

fn with(customer: CustomerId, hierarchy: Hierarchy) -> CreateContract {
    let settings = ContractSettings { hierarchy: Some(hierarchy), ..Default::default() };
    CreateContract { settings, ..CreateContract::new(customer, at(START)) }
}

fn below(parent: HierarchyLink) -> Hierarchy {
    Hierarchy::Child { parent, payer: None, usage_statement_behavior: None }
}

#[test]
fn a_parent_is_told_its_children_of_any_customer_until_they_are_forgotten() {
    let Ready { store, customer, .. } = Ready::new();
    let division = store.create_customer(CreateCustomer::default()).unwrap();
    let above = with(customer, Hierarchy::Parent { invoice_consolidation_type: None });
    let parent = store.create_contract(above).unwrap();
    assert_eq!(store.contract(parent).unwrap().children, []);
    let link = HierarchyLink { contract_id: parent, customer_id: customer };
    let make = |of| store.create_contract(with(of, below(link))).unwrap();
    let children = [make(division), make(customer)];
    let told = |ids: &[ContractId]| {
        let found = store.contract(parent).unwrap().children;
        assert_eq!(found.iter().map(|child| child.contract_id).collect::<Vec<_>>(), ids);
        found.first().map(|child| child.customer_id)
    };
    assert_eq!(told(&children), Some(division));
    store.archive_contract(children[0]).unwrap();
    assert_eq!(told(&children), Some(division), "an archived child is still one");
    store.forget(children[0]).unwrap();
    assert_eq!(told(&children[1..]), Some(customer));
}

#[test]
fn a_parent_is_a_contract_of_the_customer_that_is_named_with_it() {
    let Ready { store, customer, .. } = Ready::new();
    let other = store.create_customer(CreateCustomer::default()).unwrap();
    let parent = store.create_contract(CreateContract::new(customer, at(START))).unwrap();
    let wrong = HierarchyLink { contract_id: parent, customer_id: other };
    let refused = fault(store.create_contract(with(other, below(wrong)))).to_string();
    assert!(refused.starts_with("hierarchy_configuration.parent.customer_id: "), "{refused}");
    assert_eq!(store.contract(parent).unwrap().children, []);
}
