//! Many keys: a plan that touches nothing, its run, its stop, and who hears of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use keyferry_core::VaultAccess;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::client::{rest, until};
use super::fake_desk::{FakeDesk, Mood, PLAN};
use super::harness::{
    Server, TAB_ONE, TAB_TWO, from_tab, kek_document, kek_thumbprint, short, wrap_order,
};
use crate::server::limits::Limits;
use base64ct::{Base64, Encoding};

/// An order of this many keys, as the page makes it.
fn plan_order(keys: usize) -> Value {
    let keys: Vec<Value> = (0..keys)
        .map(|number| json!({ "label": format!("tenant-{number:05}"), "id": format!("{number:064x}") }))
        .collect();
    json!({
        "kek": Base64::encode_string(kek_document().as_bytes()),
        "kid": null,
        "kek_thumbprint_sha256": kek_thumbprint(),
        "attestation": null,
        "keys": keys,
        "name": "{label}",
        "operations": ["sign"],
        "tags": { "batch": "1" },
    })
}

fn run_path() -> String {
    format!("/v1/plans/{PLAN}/run")
}

/// A client that has ordered the run and reads on.
async fn running(server: &Server) -> TcpStream {
    let mut page = TcpStream::connect(server.address).await.unwrap();
    page.write_all(server.post(&run_path(), "{}").as_bytes())
        .await
        .unwrap();
    page
}

fn states(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|status| status["state"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_plan_is_made_and_nothing_is_touched() {
    let server = Server::well().await;
    let reply = server
        .ask(&server.post("/v1/plans", &plan_order(2).to_string()))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let plan = reply.json();
    assert_eq!(plan["hash"], PLAN);
    assert_eq!(plan["vault"], "https://contoso.vault.azure.net");
    assert_eq!(plan["goes"][1]["name"], "tenant-00001");
    assert_eq!(server.run.desk.plans_begun.load(Ordering::SeqCst), 0);
    assert_eq!(server.run.desk.vault_calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn ten_thousand_keys_fit_an_order_and_no_other_route_takes_as_much() {
    let server = Server::well().await;
    let order = plan_order(10_000).to_string();
    assert!(order.len() > 8 * 64 * 1024, "{}", order.len());
    let reply = server.ask(&server.post("/v1/plans", &order)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(server.run.desk.planned.load(Ordering::SeqCst), 10_000);
    for path in ["/v1/wraps", "/v1/unlock", &run_path()] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream
            .write_all(server.post_head(path, order.len()).as_bytes())
            .await
            .unwrap();
        let reply = super::client::Reply::parse(&rest(&mut stream).await);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (413, "body-too-large"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_order_larger_than_four_mebibytes_is_refused_unread() {
    let server = Server::well().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(
            server
                .post_head("/v1/plans", 4 * 1024 * 1024 + 1)
                .as_bytes(),
        )
        .await
        .unwrap();
    let reply = super::client::Reply::parse(&rest(&mut stream).await);
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (413, "body-too-large")
    );
    assert!(reply.body.contains("4096 KiB"), "{}", reply.body);
}

#[tokio::test]
async fn a_large_order_is_authorised_before_any_of_it_is_read() {
    let server = Server::well().await;
    let head = server.post_head("/v1/plans", 4 * 1024 * 1024);
    for (head, code) in [
        (head.replace("Bearer ", "Bearer x"), "secret-wrong"),
        (
            head.replace("Origin: http://", "Origin: https://"),
            "origin-not-allowed",
        ),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // Not one byte of the body is sent: an answer that waits for it never comes.
        stream.write_all(head.as_bytes()).await.unwrap();
        let reply = super::client::Reply::parse(&rest(&mut stream).await);
        assert_eq!(reply.code(), code);
    }
    assert_eq!(server.run.desk.planned.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn refuses_orders_that_are_none() {
    let server = Server::well().await;
    let with = |name: &str, value: Value| {
        let mut order = plan_order(1);
        order[name] = value;
        order
    };
    for order in [
        with("keys", json!([])),
        with("keys", json!([{ "label": "k" }])),
        with(
            "keys",
            json!([{ "label": "k", "id": "01", "path": "/tmp" }]),
        ),
        with("ledger", json!("postgres://elsewhere/x")),
        with("folder", json!("/tmp/elsewhere")),
        with("operations", json!(["destroy"])),
        with("kek", json!("no base64!")),
    ] {
        let reply = server
            .ask(&server.post("/v1/plans", &order.to_string()))
            .await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "body-not-understood"),
            "{order}"
        );
    }
    let swapped = with("kek_thumbprint_sha256", json!("00".repeat(32)));
    let reply = server
        .ask(&server.post("/v1/plans", &swapped.to_string()))
        .await;
    assert_eq!(reply.code(), "kek-thumbprint-differs");
    assert_eq!(server.run.desk.planned.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_run_is_told_to_its_end() {
    let server = Server::well().await;
    let reply = server.ask(&server.post(&run_path(), "{}")).await;
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    let last = reply.events().pop().unwrap();
    assert_eq!((&last["state"], &last["done"]), (&json!("done"), &json!(3)));
    let shown = server.ask(&server.get(&format!("/v1/plans/{PLAN}"))).await;
    assert_eq!(shown.json()["hash"], PLAN);
}

#[tokio::test]
async fn a_second_order_of_a_running_plan_follows_it_and_runs_nothing() {
    let server = Server::start(FakeDesk::waiting(), short()).await;
    let mut first = running(&server).await;
    until(&mut first, "approving").await;
    let mut second = running(&server).await;
    until(&mut second, "approving").await;
    server.run.desk.person.add_permits(1);
    server.run.desk.device.add_permits(3);
    for page in [&mut first, &mut second] {
        let text = String::from_utf8(rest(page).await).unwrap();
        assert_eq!(states(&text).last().unwrap(), "done", "{text}");
    }
    assert_eq!(server.run.desk.plans_begun.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_plan_that_waited_is_run_for_the_tab_that_has_the_seat_and_for_no_other() {
    // With the second tab asking for the same plan, and without.
    for both in [false, true] {
        let server = Server::start(FakeDesk::waiting(), Limits::default()).await;
        let desk = &server.run.desk;
        let open = async |request: String, tab: &str| {
            let mut page = TcpStream::connect(server.address).await.unwrap();
            let request = from_tab(&request, tab);
            page.write_all(request.as_bytes()).await.unwrap();
            page
        };
        let wrap = server.post("/v1/wraps", &wrap_order().to_string());
        let mut first = open(wrap, TAB_ONE).await;
        until(&mut first, "approving").await;
        let mut waits = open(server.post(&run_path(), "{}"), TAB_ONE).await;
        until(&mut waits, "preparing").await;
        let take_over = server.post("/v1/seat", r#"{"do":"take-over"}"#);
        assert_eq!(server.ask(&from_tab(&take_over, TAB_TWO)).await.status, 200);
        if both {
            let mut follows = open(server.post(&run_path(), "{}"), TAB_TWO).await;
            until(&mut follows, "preparing").await;
        }
        desk.person.add_permits(2);
        desk.device.add_permits(4);
        let text = String::from_utf8(rest(&mut waits).await).unwrap();
        let wanted = if both { "done" } else { "ready" };
        assert_eq!(states(&text).last().unwrap(), wanted, "{text}");
        assert_eq!(text.contains("other-tab"), !both, "{text}");
        assert_eq!(desk.plans_begun.load(Ordering::SeqCst), usize::from(both));
    }
}

#[tokio::test]
async fn a_client_that_leaves_stops_no_run() {
    let server = Server::start(FakeDesk::waiting(), short()).await;
    let mut page = running(&server).await;
    until(&mut page, "approving").await;
    server.run.desk.person.add_permits(1);
    until(&mut page, "running").await;
    drop(page);
    server.run.desk.device.add_permits(3);
    while server.run.desk.wraps_recorded.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_stop_ends_the_run_early_and_it_can_be_run_again() {
    let server = Server::start(FakeDesk::waiting(), short()).await;
    let mut page = running(&server).await;
    until(&mut page, "approving").await;
    server.run.desk.person.add_permits(1);
    server.run.desk.device.add_permits(1);
    until(&mut page, "\"done\":1").await;
    let stop = format!("/v1/plans/{PLAN}/stop");
    assert_eq!(server.ask(&server.post(&stop, "{}")).await.status, 200);
    let text = String::from_utf8(rest(&mut page).await).unwrap();
    assert_eq!(states(&text).last().unwrap(), "ready", "{text}");
    server.run.desk.person.add_permits(1);
    server.run.desk.device.add_permits(3);
    let again = server.ask(&server.post(&run_path(), "{}")).await;
    assert_eq!(again.events().pop().unwrap()["state"], "done");
}

#[tokio::test]
async fn a_failure_is_the_last_line_and_leaves_nothing_under_way() {
    for (mood, code) in [
        (Mood::WorkerGone, "worker-stopped"),
        (Mood::NoPrompt, "prompt-unavailable"),
        (Mood::Panics, "internal"),
    ] {
        let server = Server::start(FakeDesk::willing(mood), Limits::default()).await;
        for _ in 0..2 {
            let reply = server.ask(&server.post(&run_path(), "{}")).await;
            let last = reply.events().pop().unwrap();
            assert_eq!(last["state"], "ready");
            assert_eq!(last["error"]["code"], code, "{last}");
            assert!(!reply.body.contains("inner words"), "{}", reply.body);
        }
    }
}

#[tokio::test]
async fn imports_are_run_where_vaults_are_reached_and_refused_elsewhere() {
    let import = json!({ "import": true }).to_string();
    for (access, code) in [
        (VaultAccess::Offline, "vault-offline"),
        (VaultAccess::NotBuilt, "vault-not-built"),
    ] {
        let desk = FakeDesk::willing(Mood::Well).with_access(access);
        let server = Server::start(desk, Limits::default()).await;
        let reply = server.ask(&server.post(&run_path(), &import)).await;
        assert_eq!(reply.code(), code);
        assert_eq!(server.run.desk.plans_begun.load(Ordering::SeqCst), 0);
    }
    let server = Server::start(FakeDesk::willing(Mood::Well), Limits::default()).await;
    for (order, imported) in [(import, true), ("{}".to_owned(), false)] {
        let reply = server.ask(&server.post(&run_path(), &order)).await;
        assert_eq!(reply.events()[0]["import"], imported, "{}", reply.body);
    }
    let named = server.post(&run_path(), r#"{"import":true,"vault":"https://x"}"#);
    assert_eq!(server.ask(&named).await.status, 400);
}

#[tokio::test]
async fn a_plan_that_nobody_made_is_not_found() {
    let server = Server::well().await;
    for hash in ["cd".repeat(32), "..%2f..".into(), "ab".into()] {
        for request in [
            server.get(&format!("/v1/plans/{hash}")),
            server.get(&format!("/v1/plans/{hash}/report")),
            server.post(&format!("/v1/plans/{hash}/run"), "{}"),
            server.post(&format!("/v1/plans/{hash}/stop"), "{}"),
        ] {
            let reply = server.ask(&request).await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (404, "plan-unknown"),
                "{hash}"
            );
        }
    }
    assert_eq!(server.run.desk.plans_begun.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_list_tells_of_the_run_under_way_first_and_once() {
    let server = Server::start(FakeDesk::waiting(), short()).await;
    let mut page = running(&server).await;
    until(&mut page, "approving").await;
    let listed = server.ask(&server.get("/v1/plans")).await.json();
    assert_eq!(listed["plans"].as_array().unwrap().len(), 1);
    assert_eq!(listed["plans"][0]["state"], "approving");
}

#[tokio::test]
async fn stopping_the_bridge_stops_the_run_and_waits_for_what_is_in_flight() {
    let server = Server::start(FakeDesk::waiting(), short()).await;
    let mut page = running(&server).await;
    until(&mut page, "approving").await;
    server.run.desk.person.add_permits(1);
    server.run.desk.device.add_permits(1);
    until(&mut page, "\"done\":1").await;
    server.stop.send(()).unwrap();
    server.ended.await.unwrap();
    assert_eq!(server.run.desk.wraps_recorded.load(Ordering::SeqCst), 1);
}
