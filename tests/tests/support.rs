//! What the tests lean on, tried by itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use keyferry_tests::{Onlooker, SoftHsm};

#[test]
fn onlooker_sees_a_soft_hsm_token() {
    let token = SoftHsm::new("looked-at");
    let onlooker = Onlooker::soft_hsm(&token);
    assert_eq!(onlooker.ask(&["objects"]), 0);
    let _ = onlooker.ask(&["make-rsa", "one", "stuck"]);
    let _ = onlooker.ask(&["make-rsa", "two", "extractable"]);
    assert_eq!(onlooker.ask(&["objects"]), 4);
    assert_eq!(onlooker.ask(&["attributes", "one"])["extractable"], false);
    assert_eq!(onlooker.ask(&["attributes", "two"])["extractable"], true);
    assert_eq!(onlooker.ask(&["flags"])["count_low"], false);
}
