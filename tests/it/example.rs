//! The example for people: what its customer's year comes to.

#[path = "../../examples/provision.rs"]
#[allow(dead_code)] // Its `main`.
mod provision;

/// By hand: 10,000 dollars paid in advance and a platform fee of 1,000, which is due again every three months; January's
/// CPU hours with 5 percent off are 40,000 at 1.425 cents in the US, 570 dollars, and 20,000 at 1.6625 cents in the EU,
/// 332.50 dollars. On 15 March the usage of February is final, and that of March is not over.
#[test]
fn the_year_of_the_provisioned_customer_is_invoiced_as_it_was_agreed() {
    let folder = tempfile::tempdir().unwrap();
    let table = provision::provision(&folder.path().join("billing.redb")).unwrap();
    let expected = [
        "2024-11-01 SCHEDULED FINALIZED     2  11000.00",
        "2024-12-01 USAGE     FINALIZED     0      0.00",
        "2025-01-01 USAGE     FINALIZED     0      0.00",
        "2025-02-01 SCHEDULED FINALIZED     1   1000.00",
        "2025-02-01 USAGE     FINALIZED     2    902.50",
        "2025-03-01 USAGE     FINALIZED     0      0.00",
        "2025-04-01 USAGE     DRAFT         0      0.00",
        "2025-05-01 SCHEDULED DRAFT         1   1000.00",
        "2025-05-01 USAGE     DRAFT         0      0.00",
        "2025-06-01 USAGE     DRAFT         0      0.00",
        "2025-07-01 USAGE     DRAFT         0      0.00",
        "2025-08-01 SCHEDULED DRAFT         1   1000.00",
        "2025-08-01 USAGE     DRAFT         0      0.00",
        "2025-09-01 USAGE     DRAFT         0      0.00",
        "2025-10-01 USAGE     DRAFT         0      0.00",
        "2025-11-01 USAGE     DRAFT         0      0.00",
    ];
    assert_eq!(table, expected, "{table:#?}");
}
