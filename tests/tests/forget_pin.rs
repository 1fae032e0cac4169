//! `--forget-pin`: whoever is needed after a worker was lost is asked again; without it nobody is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use keyferry_tests::bridge::on_terminal;
use keyferry_tests::many_keys::{ALL, ManyKeys};
use keyferry_tests::{Kek, Order, Terminal, processes};

const PROMPT: &str = "PIN of the token keyferry-software: ";
const QUESTION: &str = "Wrap this key to this KEK? [y/N] ";
const SLOW: &str = "title = \"x\"\n[[fault]]\ncall = \"C_WrapKey\"\ntakes = 30";

/// Keys in an HSM whose PIN is asked for, and that PIN.
fn asking(flags: &[&str]) -> (ManyKeys, String) {
    let (mut keys, pin) = ManyKeys::simulated(SLOW).asking();
    for flag in flags {
        keys.desk = keys.desk.flag(*flag);
    }
    (keys, pin)
}

/// Ends the worker that there is.
fn lose_worker(keys: &ManyKeys) {
    let bridge = processes::bridge(keys.desk.state()).unwrap();
    let workers = processes::workers(bridge);
    assert_eq!(workers.len(), 1);
    processes::kill(workers[0]);
    processes::wait_for("its end", || {
        (!processes::is_running(workers[0])).then_some(())
    });
}

/// A wrap, a lost worker, and another wrap: what showed between the two questions.
fn between_two_wraps(flags: &[&str]) -> String {
    let (keys, pin) = asking(flags);
    let (mut terminal, address) = on_terminal(&keys.desk);
    let order = Order::new(Kek::shared(2048), "tenant-1");
    let mut shown = String::new();
    for round in 0..2 {
        std::thread::scope(|scope| {
            let reply = scope.spawn(|| address.post("/v1/wraps", &order.body));
            if round == 0 || !flags.is_empty() {
                shown = terminal.expect(PROMPT) + PROMPT;
                terminal.type_line(&pin);
                shown += &terminal.expect(QUESTION);
            } else {
                shown = terminal.expect(QUESTION);
            }
            terminal.type_line("y");
            let _ = order.done(&reply.join().unwrap());
        });
        if round == 0 {
            lose_worker(&keys);
        }
    }
    shown
}

#[test]
fn a_pin_that_was_to_be_forgotten_is_asked_for_again_after_a_lost_worker() {
    assert!(between_two_wraps(&["--forget-pin"]).contains(PROMPT));
}

#[test]
fn a_pin_that_is_kept_is_not_asked_for_again_after_a_lost_worker() {
    assert!(!between_two_wraps(&[]).contains(PROMPT));
}

/// A batch whose worker is lost in the middle; gives what it showed after that.
fn after_the_loss(flags: &[&str]) -> String {
    let (keys, pin) = asking(flags);
    let kek = Kek::shared(2048);
    let arguments = keys.arguments(&keys.manifest(kek), &["--yes"]);
    let mut terminal = Terminal::start(&keys.desk, arguments);
    terminal.expect(PROMPT);
    terminal.type_line(&pin);
    processes::wait_for("some keys", || {
        let record = keys.desk.state().join("audit/log.jsonl");
        let record = std::fs::read_to_string(record).unwrap_or_default();
        (record.matches("\"wrap-outcome\"").count() >= 5).then_some(())
    });
    lose_worker(&keys);
    if !flags.is_empty() {
        terminal.expect(PROMPT);
        terminal.type_line(&pin);
    }
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains(&pin), "{shown}");
    let record = keys.record();
    assert_eq!(record.get("wrap-outcome done"), Some(&ALL), "{record:?}");
    assert_eq!(record.get("unlock done"), Some(&2), "{record:?}");
    assert_eq!(keys.report()["counts"]["done"], ALL);
    shown
}

#[test]
fn a_batch_asks_for_a_forgotten_pin_again_and_goes_on() {
    let shown = after_the_loss(&["--forget-pin"]);
    assert_eq!(shown.matches(PROMPT).count(), 2, "{shown}");
}

#[test]
fn a_batch_goes_on_with_a_kept_pin_and_asks_nobody() {
    let shown = after_the_loss(&[]);
    assert_eq!(shown.matches(PROMPT).count(), 1, "{shown}");
}
