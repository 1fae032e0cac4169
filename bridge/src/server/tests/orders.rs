//! Orders and their answers: unlock, keys, wraps.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{rest, until};
use super::fake_desk::{FakeDesk, Mood};
use super::harness::{REQUEST_ID, Server, kek_thumbprint, short, wrap_order};
use crate::server::limits::Limits;

#[tokio::test]
async fn session_unlock_and_keys_answer_in_wire_types() {
    let server = Server::well().await;
    let session = server.ask(&server.get("/v1/session")).await;
    assert_eq!(
        (session.status, session.header("cache-control")),
        (200, Some("no-store"))
    );
    assert_eq!(session.json()["prompt"], "terminal");
    assert_eq!(
        server.ask(&server.post("/v1/unlock", "{}")).await.json(),
        session.json()
    );
    assert_eq!(
        server.ask(&server.get("/v1/keys")).await.json()["keys"][0]["kind"],
        "AES-256"
    );
    let made = server
        .ask(&server.post("/v1/keys", r#"{"kind":"P-256","label":"new"}"#))
        .await;
    assert_eq!((made.status, &made.json()["label"]), (200, &json!("new")));
}

#[tokio::test]
async fn bodies_of_another_shape_are_refused_and_not_repeated() {
    let server = Server::well().await;
    let wrong = [
        ("/v1/unlock", ""),
        ("/v1/unlock", "[]"),
        ("/v1/unlock", "null"),
        ("/v1/unlock", r#"{"pin":"hunter2"}"#),
        ("/v1/unlock", "{} {}"),
        ("/v1/keys", r#"{"kind":"hunter2","label":"k"}"#),
        ("/v1/keys", r#"{"kind":"AES-256"}"#),
        (
            "/v1/keys",
            r#"{"kind":"AES-256","label":"k","label":"hunter2"}"#,
        ),
        ("/v1/launch", r#"{"code":7}"#),
        ("/v1/wraps", "{"),
    ];
    for (path, body) in wrong {
        let reply = server.ask(&server.post(path, body)).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "body-not-understood"),
            "{path} {body}"
        );
        assert!(!reply.body.contains("hunter2"));
    }
}

#[tokio::test]
async fn a_wrap_tells_its_stages_and_echoes_what_it_answers() {
    let server = Server::well().await;
    let reply = server
        .ask(&server.post("/v1/wraps", &wrap_order().to_string()))
        .await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/x-ndjson"))
    );
    let events = reply.events();
    let stages: Vec<_> = events
        .iter()
        .filter_map(|event| event["stage"].as_str())
        .collect();
    assert_eq!(stages, ["checking", "approving", "recording", "wrapping"]);
    let last = events.last().unwrap();
    assert_eq!(last["event"], "done");
    let answer = &last["answer"];
    assert_eq!(answer["request_id"], REQUEST_ID);
    assert_eq!(answer["kek_thumbprint_sha256"], kek_thumbprint());
    assert_eq!(
        answer["kid"],
        "https://contoso.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef"
    );
    assert_eq!(
        (&answer["target"], &answer["strategy"]),
        (&json!("AES-256"), &json!("oaep+kwp"))
    );
    assert_eq!(answer["audit"]["seq"], 1);
}

#[tokio::test]
async fn an_order_is_examined_before_anybody_is_asked() {
    let server = Server::well().await;
    let changed = |pointer: &str, value: serde_json::Value| {
        let mut order = wrap_order();
        *order.pointer_mut(pointer).unwrap() = value;
        order.to_string()
    };
    let table = [
        (
            changed("/request_id", json!("00")),
            400,
            "body-not-understood",
        ),
        (
            changed("/request_id", json!("ZZ112233445566778899aabbccddeeff")),
            400,
            "body-not-understood",
        ),
        (
            changed("/kek", json!("not base64!")),
            400,
            "body-not-understood",
        ),
        (changed("/key", json!({})), 400, "body-not-understood"),
        (
            changed("/kek_thumbprint_sha256", json!("00".repeat(32))),
            409,
            "kek-thumbprint-differs",
        ),
    ];
    for (body, status, code) in table {
        let reply = server.ask(&server.post("/v1/wraps", &body)).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (status, code),
            "{body}"
        );
    }
    let other_kid = changed("/kid", json!("https://evil.example/keys/kek"));
    assert_eq!(
        server
            .ask(&server.post("/v1/wraps", &other_kid))
            .await
            .status,
        422
    );
    let no_kek = changed("/kek", json!(""));
    assert_eq!(
        server.ask(&server.post("/v1/wraps", &no_kek)).await.status,
        422
    );
    assert_eq!(server.run.desk.wraps_begun.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_wrap_that_fails_says_so_in_its_last_line() {
    for (mood, code) in [
        (Mood::WorkerGone, "worker-stopped"),
        (Mood::Panics, "internal"),
    ] {
        let server = Server::start(FakeDesk::willing(mood), Limits::default()).await;
        let reply = server
            .ask(&server.post("/v1/wraps", &wrap_order().to_string()))
            .await;
        let events = reply.events();
        let last = events.last().unwrap();
        assert_eq!(
            (&last["event"], &last["error"]["code"]),
            (&json!("failed"), &json!(code))
        );
        assert!(last["error"]["advice"].is_string());
    }
}

async fn order(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(
            server
                .post("/v1/wraps", &wrap_order().to_string())
                .as_bytes(),
        )
        .await
        .unwrap();
    stream
}

/// Waits until `count` has come about.
async fn reaches(count: &std::sync::atomic::AtomicUsize, wanted: usize) {
    for _ in 0..500 {
        if count.load(Ordering::SeqCst) == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came to {wanted}");
}

#[tokio::test]
async fn an_approved_wrap_is_finished_although_the_page_has_gone() {
    let server = Server::start(FakeDesk::waiting(), Limits::default()).await;
    let desk = &server.run.desk;
    let mut page = order(&server).await;
    until(&mut page, "approving").await;
    desk.person.add_permits(1);
    until(&mut page, "wrapping").await;
    drop(page);
    tokio::time::sleep(Duration::from_millis(50)).await;
    desk.device.add_permits(1);
    reaches(&desk.wraps_recorded, 1).await;
}

#[tokio::test]
async fn one_person_is_asked_about_one_wrap_at_a_time() {
    let server = Server::start(FakeDesk::waiting(), Limits::default()).await;
    let desk = &server.run.desk;
    let mut first = order(&server).await;
    until(&mut first, "approving").await;
    let mut second = order(&server).await;
    until(&mut second, "\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(desk.wraps_begun.load(Ordering::SeqCst), 1);
    desk.person.add_permits(2);
    desk.device.add_permits(2);
    for page in [&mut first, &mut second] {
        assert!(
            String::from_utf8(rest(page).await)
                .unwrap()
                .contains("\"done\"")
        );
    }
    assert_eq!(desk.wraps_recorded.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_next_wrap_is_approved_while_the_token_has_one_and_a_third_has_no_place() {
    let server = Server::start(FakeDesk::waiting(), Limits::default()).await;
    let desk = &server.run.desk;
    let mut pages = Vec::new();
    for begun in 1..=3 {
        let mut page = order(&server).await;
        until(&mut page, "approving").await;
        assert_eq!(desk.wraps_begun.load(Ordering::SeqCst), begun);
        desk.person.add_permits(1);
        until(&mut page, "recording").await;
        pages.push(page);
    }
    let third = tokio::time::timeout(Duration::from_millis(100), until(&mut pages[2], "wrapping"));
    assert!(third.await.is_err(), "a third one is on its way");
    // It keeps the turn: nobody is asked about a fourth.
    let _fourth = order(&server).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(desk.wraps_begun.load(Ordering::SeqCst), 3);
    desk.device.add_permits(1);
    until(&mut pages[2], "wrapping").await;
    reaches(&desk.wraps_begun, 4).await;
    desk.device.add_permits(2);
    for page in &mut pages {
        assert!(String::from_utf8_lossy(&rest(page).await).contains("\"done\""));
    }
}

#[tokio::test]
async fn an_order_whose_page_left_the_queue_is_never_begun() {
    let server = Server::start(FakeDesk::waiting(), Limits::default()).await;
    let desk = &server.run.desk;
    let mut first = order(&server).await;
    until(&mut first, "approving").await;
    let mut second = order(&server).await;
    until(&mut second, "\r\n\r\n").await;
    drop(second);
    tokio::time::sleep(Duration::from_millis(100)).await;
    desk.person.add_permits(2);
    desk.device.add_permits(2);
    rest(&mut first).await;
    assert_eq!(server.ask(&server.get("/v1/keys")).await.status, 200);
    assert_eq!(desk.wraps_begun.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_next_order_begins_while_an_outcome_is_on_its_way_to_the_disk_and_no_answer_comes_before_it()
 {
    let desk = FakeDesk::willing(Mood::Well).with_slow_disk();
    let server = Server::start(desk, Limits::default()).await;
    let desk = &server.run.desk;
    let mut pages = Vec::new();
    for begun in 1..=2 {
        let mut page = order(&server).await;
        until(&mut page, "wrapping").await;
        assert_eq!(desk.wraps_begun.load(Ordering::SeqCst), begun);
        pages.push(page);
    }
    let mut early = [0; 1024];
    let more = tokio::time::timeout(Duration::from_millis(100), pages[0].read(&mut early)).await;
    assert!(more.is_err(), "an answer before its line is on disk");
    desk.disk.add_permits(2);
    for page in &mut pages {
        assert!(String::from_utf8_lossy(&rest(page).await).contains("\"done\""));
    }
}

#[tokio::test]
async fn session_and_keys_are_told_while_somebody_is_being_asked() {
    let server = Server::start(FakeDesk::waiting(), Limits::default()).await;
    let mut page = order(&server).await;
    until(&mut page, "approving").await;
    assert_eq!(server.ask(&server.get("/v1/session")).await.status, 200);
    assert_eq!(server.ask(&server.get("/v1/keys")).await.status, 200);
    server.run.desk.person.add_permits(1);
    server.run.desk.device.add_permits(1);
    assert!(String::from_utf8_lossy(&rest(&mut page).await).contains("\"done\""));
}

#[tokio::test]
async fn what_would_ask_the_person_does_not_wait_long_behind_another_question() {
    let server = Server::start(FakeDesk::waiting().locked(), short()).await;
    let mut page = order(&server).await;
    until(&mut page, "approving").await;
    for request in [
        server.get("/v1/keys"),
        server.post("/v1/unlock", "{}"),
        server.post("/v1/keys", r#"{"kind":"AES-256","label":"k"}"#),
    ] {
        let reply = server.ask(&request).await;
        assert_eq!((reply.status, reply.code().as_str()), (503, "bridge-busy"));
    }
}
