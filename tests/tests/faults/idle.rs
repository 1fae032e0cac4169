//! A bridge that nobody uses: the token is locked, and the bridge ends when told so.

use keyferry_tests::bridge::Detached;
use keyferry_tests::processes;
use serde_json::json;

use super::stage::Stage;

#[test]
fn an_idle_token_is_logged_out_and_the_record_says_so() {
    let stage = Stage::playing("", "lock_after_minutes = 0.05\n");
    let mut served = stage.serve();
    assert_eq!(served.wrap(), "right");
    processes::wait_for("the lock", || (!served.is_unlocked()).then_some(()));
    let calls = std::fs::read_to_string(stage.file("calls")).unwrap();
    assert!(calls.contains("C_Logout"), "{calls}");
    assert_eq!(served.wrap(), "right", "unlocked anew by its PIN source");
    // Read now, when the lock's turn is over: its line follows the logout.
    let record = served.record();
    let events = record.iter().filter_map(|line| line["event"].as_str());
    let locks: Vec<_> = events.filter(|event| event.contains("lock")).collect();
    assert_eq!(locks[..3], ["unlock", "lock", "unlock"]);
}

#[test]
fn the_page_locks_at_once_and_nothing_is_recorded_twice() {
    let stage = Stage::playing("", "");
    let mut served = stage.serve();
    assert_eq!(served.wrap(), "right");
    for _ in 0..2 {
        let reply = served.bridge.address.post("/v1/lock", &json!({}));
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["unlocked"], false);
    }
    let record = served.record();
    let locks: Vec<_> = record
        .iter()
        .filter(|line| line["event"] == "lock")
        .collect();
    assert_eq!(locks.len(), 1);
    assert_eq!(locks[0]["asked_by"], "page");
}

#[test]
fn an_idle_bridge_ends_when_it_was_told_to() {
    let stage = Stage::playing("", "exit_when_idle_minutes = 0.03\n");
    let bridge = Detached::start(&stage.desk);
    processes::wait_for("the end", || {
        processes::bridge(stage.desk.state())
            .is_none()
            .then_some(())
    });
    drop(bridge);
}
