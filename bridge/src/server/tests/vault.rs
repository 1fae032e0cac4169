//! What the page asks of a vault: what is refused before anything is connected to, and how an import is told.

use std::sync::atomic::Ordering;
use std::time::Duration;

use keyferry_core::VaultAccess;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::client::{rest, until};
use super::fake_desk::{FakeDesk, Mood};
use super::harness::{Server, byok_file, import_order, short};
use crate::digest::sha256_hex;
use crate::server::limits::Limits;

const KEK: &str = "https://contoso.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef";

/// One good order for each route.
pub(super) fn orders() -> [(&'static str, String); 5] {
    let vault = "https://contoso.vault.azure.net";
    [
        ("/v1/vault/keys", json!({ "vault": vault }).to_string()),
        ("/v1/vault/kek", json!({ "kid": KEK }).to_string()),
        (
            "/v1/vault/keks",
            json!({ "vault": vault, "name": "kek", "bits": 4096 }).to_string(),
        ),
        ("/v1/vault/imports", import_order().to_string()),
        (
            "/v1/vault/retirements",
            json!({ "kid": KEK, "how": "disable" }).to_string(),
        ),
    ]
}

#[tokio::test]
async fn each_route_answers_in_wire_types() {
    let server = Server::well().await;
    for (path, body) in orders() {
        let reply = server.ask(&server.post(path, &body)).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    }
    let keys = server
        .ask(&server.post("/v1/vault/keys", &orders()[0].1))
        .await;
    assert_eq!(
        keys.json(),
        json!({ "vault": "https://contoso.vault.azure.net", "signed_in": "stand-in", "keys": [], "left_out": 0 })
    );
}

#[tokio::test]
async fn a_bridge_that_is_offline_or_has_no_client_refuses_every_route_and_calls_nothing() {
    for (access, status, code) in [
        (VaultAccess::Offline, 403, "vault-offline"),
        (VaultAccess::NotBuilt, 501, "vault-not-built"),
    ] {
        let desk = FakeDesk::willing(Mood::Well).with_access(access);
        let server = Server::start(desk, Limits::default()).await;
        for (path, body) in orders() {
            let reply = server.ask(&server.post(path, &body)).await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (status, code),
                "{path}"
            );
        }
        assert_eq!(server.run.desk.vault_calls.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_place_that_is_no_vault_is_never_connected_to() {
    let server = Server::well().await;
    for place in [
        "http://contoso.vault.azure.net",
        "https://contoso.vault.azure.net.evil.example",
        "https://evil.example",
        "https://169.254.169.254",
        "https://127.0.0.1:8443",
        "https://localhost:22",
        "https://contoso.vault.azure.net:8443",
        "https://user@contoso.vault.azure.net",
        "file:///etc/passwd",
        "",
    ] {
        let kid = format!("{place}/keys/kek/0123456789abcdef0123456789abcdef");
        for (path, body) in [
            ("/v1/vault/keys", json!({ "vault": place })),
            ("/v1/vault/kek", json!({ "kid": kid })),
            (
                "/v1/vault/keks",
                json!({ "vault": place, "name": "k", "bits": 2048 }),
            ),
            (
                "/v1/vault/retirements",
                json!({ "kid": kid, "how": "delete" }),
            ),
        ] {
            let reply = server.ask(&server.post(path, &body.to_string())).await;
            assert_eq!(reply.status, 422, "{path} {place}: {}", reply.body);
        }
        let mut order = import_order();
        let file = String::from_utf8(byok_file()).unwrap().replace(KEK, &kid);
        order["file"] = json!(base64(file.as_bytes()));
        let reply = server
            .ask(&server.post("/v1/vault/imports", &order.to_string()))
            .await;
        assert_eq!(reply.status, 422, "import {place}: {}", reply.body);
    }
    assert_eq!(server.run.desk.vault_calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_page_can_name_no_tenant_credential_or_suffix_and_no_operation_that_is_none() {
    let server = Server::well().await;
    for member in [
        "tenant",
        "credential",
        "suffix",
        "authority",
        "vault",
        "yes",
    ] {
        for (path, body) in orders() {
            let mut body: serde_json::Value = serde_json::from_str(&body).unwrap();
            if body.get(member).is_some() {
                continue;
            }
            body[member] = json!("https://evil.example");
            let reply = server.ask(&server.post(path, &body.to_string())).await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (400, "body-not-understood"),
                "{path} {member}"
            );
        }
    }
    let table = [
        ("/operations", json!(["import"])),
        ("/operations", json!(["sign", "everything"])),
        ("/file", json!("not base64!")),
        ("/tags", json!({ "a": 1 })),
        ("/expires", json!("tomorrow")),
    ];
    for (pointer, value) in table {
        let mut order = import_order();
        *order.pointer_mut(pointer).unwrap() = value;
        let reply = server
            .ask(&server.post("/v1/vault/imports", &order.to_string()))
            .await;
        assert_eq!(reply.status, 400, "{order}");
    }
    let mut order = import_order();
    order["name"] = json!("a/b");
    let reply = server
        .ask(&server.post("/v1/vault/imports", &order.to_string()))
        .await;
    assert_eq!((reply.status, reply.code().as_str()), (422, "kid-key-name"));
    assert_eq!(server.run.desk.vault_calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_import_tells_its_stages_and_which_file_it_took() {
    let server = Server::well().await;
    let reply = server
        .ask(&server.post("/v1/vault/imports", &import_order().to_string()))
        .await;
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    let events = reply.events();
    let stages: Vec<_> = events
        .iter()
        .filter_map(|event| event["stage"].as_str())
        .collect();
    assert_eq!(stages, ["checking", "approving", "importing", "verifying"]);
    let answer = &events.last().unwrap()["answer"];
    assert_eq!(answer["file_sha256"], sha256_hex(&byok_file()));
    assert_eq!(
        answer["kid"],
        "https://contoso.vault.azure.net/keys/imported"
    );
    assert_eq!(answer["verification"]["public_key"], "none-to-see");
}

#[tokio::test]
async fn an_import_that_fails_says_at_which_stage() {
    for (mood, code) in [
        (Mood::WorkerGone, "worker-stopped"),
        (Mood::Panics, "internal"),
    ] {
        let server = Server::start(FakeDesk::willing(mood), Limits::default()).await;
        let reply = server
            .ask(&server.post("/v1/vault/imports", &import_order().to_string()))
            .await;
        let events = reply.events();
        let last = events.last().unwrap();
        assert_eq!(
            (&last["event"], &last["error"]["code"], &last["stage"]),
            (&json!("failed"), &json!(code), &json!("checking"))
        );
    }
}

#[tokio::test]
async fn stopping_waits_for_an_approved_import() {
    let server = Server::start(FakeDesk::waiting(), short()).await;
    let mut page = TcpStream::connect(server.address).await.unwrap();
    let order = server.post("/v1/vault/imports", &import_order().to_string());
    page.write_all(order.as_bytes()).await.unwrap();
    until(&mut page, "approving").await;
    server.run.desk.person.add_permits(1);
    until(&mut page, "importing").await;
    server.stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!server.ended.is_finished());
    server.run.desk.device.add_permits(1);
    server.ended.await.unwrap();
    assert_eq!(server.run.desk.wraps_recorded.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_approved_kek_is_made_although_the_page_has_gone_and_the_bridge_stops() {
    let server = Server::start(FakeDesk::waiting(), short()).await;
    let mut page = TcpStream::connect(server.address).await.unwrap();
    let (path, body) = &orders()[2];
    page.write_all(server.post(path, body).as_bytes())
        .await
        .unwrap();
    while server.run.desk.vault_calls.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.run.desk.person.add_permits(1);
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(page);
    server.stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!server.ended.is_finished());
    server.run.desk.device.add_permits(1);
    server.ended.await.unwrap();
}

#[tokio::test]
async fn a_vault_is_not_asked_behind_another_question() {
    let server = Server::start(FakeDesk::waiting(), short()).await;
    let mut page = TcpStream::connect(server.address).await.unwrap();
    let order = server.post("/v1/vault/imports", &import_order().to_string());
    page.write_all(order.as_bytes()).await.unwrap();
    until(&mut page, "approving").await;
    for (path, body) in orders() {
        if path == "/v1/vault/imports" {
            continue;
        }
        let reply = server.ask(&server.post(path, &body)).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (503, "bridge-busy"),
            "{path}"
        );
    }
    server.run.desk.person.add_permits(1);
    server.run.desk.device.add_permits(1);
    assert!(String::from_utf8_lossy(&rest(&mut page).await).contains("\"done\""));
}

fn base64(bytes: &[u8]) -> String {
    use base64ct::Encoding;
    base64ct::Base64::encode_string(bytes)
}
