//! Wraps that are asked for over HTTP and answered at the terminal of the bridge.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use keyferry_tests::bridge::{Address, on_terminal};
use keyferry_tests::private_key_info::PrivateKeyInfo;
use keyferry_tests::{
    Desk, Kek, Order, SoftHsm, Terminal, audit_chain, http::Reply, opener, order,
};
use serde_json::json;

const LABEL: &str = "asked for by the page";
const QUESTION: &str = "Wrap this key to this KEK? [y/N] ";

#[test]
fn a_wrap_that_is_approved_at_the_terminal_comes_back_over_http() {
    let desk = desk_with_key();
    let (mut terminal, address) = on_terminal(&desk);
    let kek = Kek::shared(3072);
    let order = Order::new(kek, LABEL);
    let (reply, shown) = ask(&mut terminal, &address, &order, "y");
    for wanted in [LABEL, "the page in your browser", &kek.kid()] {
        assert!(shown.contains(wanted), "{wanted:?} is not in {shown}");
    }
    let (stages, answer) = order.done(&reply);
    let position = |stage: &str| stages.iter().position(|known| known == stage);
    let order_of = [
        "checking",
        "self-testing",
        "approving",
        "recording",
        "wrapping",
    ]
    .map(position);
    assert!(
        order_of.iter().all(Option::is_some) && order_of.is_sorted(),
        "{stages:?}"
    );

    let opened = opener::open(&order::file(&answer), &kek.private_pem(), kek.bytes()).unwrap();
    let public = PrivateKeyInfo::parse(&opened.plaintext)
        .unwrap()
        .public_half()
        .unwrap();
    assert_eq!(public, decode(answer["spki"].as_str().unwrap()));
    assert_eq!(
        (&answer["software"], &answer["target"]),
        (&true.into(), &"P-256".into())
    );
    let log = audit_chain::read(desk.state()).unwrap();
    let outcome = log.last().unwrap();
    assert_eq!(outcome["asked_by"], "page");
    assert_eq!(outcome["approval"], "terminal");
    assert_eq!(
        (&outcome["seq"], &outcome["hash"]),
        (&answer["audit"]["seq"], &answer["audit"]["hash"])
    );
    terminal.interrupt();
    let (shown, _) = terminal.end();
    assert!(!shown.contains("panicked"), "{shown}");
}

#[test]
fn no_at_the_terminal_refuses_over_http() {
    let desk = desk_with_key();
    let (mut terminal, address) = on_terminal(&desk);
    let order = Order::new(Kek::shared(2048), LABEL);
    let (reply, _) = ask(&mut terminal, &address, &order, "n");
    assert_eq!(order.error(&reply), "approval-refused");
    let log = audit_chain::read(desk.state()).unwrap();
    assert_eq!(log.last().unwrap()["outcome"], "refused");
    assert!(log.iter().all(|line| line["event"] != "wrap-intent"));
}

#[test]
fn three_refusals_lock_the_bridge() {
    let desk = desk_with_key();
    let (mut terminal, address) = on_terminal(&desk);
    let order = Order::new(Kek::shared(2048), LABEL);
    for _ in 0..3 {
        let (reply, _) = ask(&mut terminal, &address, &order, "n");
        assert_eq!(order.error(&reply), "approval-refused");
    }
    assert_eq!(
        order.error(&address.post("/v1/wraps", &order.body)),
        "bridge-locked"
    );
    let keygen = json!({"kind": "P-256", "label": "another"});
    assert_eq!(address.post("/v1/keys", &keygen).code(), "bridge-locked");
}

#[test]
fn one_approval_is_for_one_wrap() {
    let desk = desk_with_key();
    let (mut terminal, address) = on_terminal(&desk);
    let first = Order::new(Kek::shared(2048), LABEL);
    let (reply, _) = ask(&mut terminal, &address, &first, "y");
    let _ = first.done(&reply);
    // The same order again, and the same key to another KEK: each is asked for anew.
    for kek in [Kek::shared(2048), Kek::shared(3072)] {
        let order = Order::new(kek, LABEL);
        let (reply, shown) = ask(&mut terminal, &address, &order, "n");
        assert!(shown.contains(&kek.kid()), "{shown}");
        assert_eq!(order.error(&reply), "approval-refused");
    }
}

#[test]
fn an_order_whose_thumbprint_is_not_its_keks_is_refused_without_a_question() {
    let desk = desk_with_key();
    let (terminal, address) = on_terminal(&desk);
    let mut order = Order::new(Kek::shared(2048), LABEL);
    order.body["kek_thumbprint_sha256"] = Kek::shared(3072).thumbprint().into();
    assert_eq!(
        order.error(&address.post("/v1/wraps", &order.body)),
        "kek-thumbprint-differs"
    );
    ends_without_a_question(terminal);
}

#[test]
fn the_bridge_examines_the_kek_again() {
    let desk = desk_with_key();
    let (terminal, address) = on_terminal(&desk);
    let small = Kek::shared(1024);
    let order = Order::new(small, LABEL);
    let reply = address.post("/v1/wraps", &order.body);
    let in_command = desk.json(["kek", small.az_json().to_str().unwrap()]);
    let findings = in_command.object()["findings"].clone();
    let error = order.error(&reply);
    let named = |finding: &serde_json::Value| finding["code"] == error.as_str();
    assert!(
        findings.as_array().unwrap().iter().any(named),
        "{error} is not in {findings}"
    );
    ends_without_a_question(terminal);
}

#[test]
fn a_software_key_does_not_go_to_a_real_vault_by_the_page_alone() {
    let desk = Desk::embedded();
    let _ = desk
        .json(["keygen", "--kind", "P-256", "--label", LABEL])
        .success();
    let (terminal, address) = on_terminal(&desk);
    let order = Order::new(Kek::shared(2048), LABEL);
    assert_eq!(
        order.error(&address.post("/v1/wraps", &order.body)),
        "software-key-refused"
    );
    ends_without_a_question(terminal);
}

#[test]
fn making_a_key_is_asked_for_at_the_terminal() {
    let desk = Desk::embedded();
    let (mut terminal, address) = on_terminal(&desk);
    for (answer, status) in [("n", 403), ("y", 200)] {
        let keygen = json!({"kind": "P-256", "label": "from the page"});
        let reply = std::thread::scope(|scope| {
            let reply = scope.spawn(|| address.post("/v1/keys", &keygen));
            let shown = terminal.expect("Make this key? [y/N] ");
            assert!(shown.contains("from the page"), "{shown}");
            terminal.type_line(answer);
            reply.join().unwrap()
        });
        assert_eq!(
            reply.status,
            status,
            "{}",
            String::from_utf8_lossy(&reply.body)
        );
    }
    let keys = address.get("/v1/keys").json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn unlocking_from_the_page_asks_for_the_pin_at_the_terminal() {
    let token = SoftHsm::new("unlocked from the page");
    let desk = Desk::soft_hsm_asking(&token);
    let (mut terminal, address) = on_terminal(&desk);
    assert_eq!(address.get("/v1/session").json()["unlocked"], false);
    let reply = std::thread::scope(|scope| {
        let reply = scope.spawn(|| address.post("/v1/unlock", &json!({})));
        terminal.expect("PIN of the token unlocked from the page: ");
        terminal.type_line(SoftHsm::PIN);
        reply.join().unwrap()
    });
    assert_eq!(reply.json()["unlocked"], true);
    assert_eq!(address.get("/v1/session").json()["unlocked"], true);
    terminal.interrupt();
    let (shown, _) = terminal.end();
    assert!(!shown.contains(SoftHsm::PIN), "{shown}");
}

#[test]
fn a_pin_sent_over_http_is_not_taken() {
    let token = SoftHsm::new("no PIN by HTTP");
    let desk = Desk::soft_hsm_asking(&token);
    let (terminal, address) = on_terminal(&desk);
    let reply = address.post("/v1/unlock", &json!({"pin": SoftHsm::PIN}));
    assert_eq!(
        reply.status / 100,
        4,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    assert_eq!(address.get("/v1/session").json()["unlocked"], false);
    ends_without_a_question(terminal);
}

fn desk_with_key() -> Desk {
    let desk = Desk::embedded().flag("--software-token");
    let _ = desk
        .json(["keygen", "--kind", "P-256", "--label", LABEL])
        .success();
    desk
}

/// Sends an order, and answers the question that it raises; the reply, and what was shown.
fn ask(terminal: &mut Terminal, address: &Address, order: &Order, answer: &str) -> (Reply, String) {
    std::thread::scope(|scope| {
        let reply = scope.spawn(|| address.post("/v1/wraps", &order.body));
        let shown = terminal.expect(QUESTION);
        terminal.type_line(answer);
        (reply.join().unwrap(), shown)
    })
}

fn ends_without_a_question(mut terminal: Terminal) {
    terminal.interrupt();
    let (shown, _) = terminal.end();
    assert!(
        !shown.contains("[y/N]") && !shown.contains("PIN of"),
        "{shown}"
    );
}

fn decode(base64: &str) -> Vec<u8> {
    <base64ct::Base64 as base64ct::Encoding>::decode_vec(base64).unwrap()
}
