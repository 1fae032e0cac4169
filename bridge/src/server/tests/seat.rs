//! One tab at a time: who is answered, and what a tab that lost the seat still begins.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::client::{Reply, rest, until};
use super::fake_desk::FakeDesk;
use super::harness::{Server, TAB_ONE, TAB_TWO, from_tab, wrap_order};
use super::vault;
use crate::server::limits::Limits;

#[tokio::test]
async fn a_second_tab_is_refused_until_it_takes_over_and_then_the_first_is() {
    let server = Server::well().await;
    let from = |request: String, tab: &'static str| {
        let request = from_tab(&request, tab);
        let server = &server;
        async move { server.ask(&request).await }
    };
    let order = wrap_order().to_string();
    assert_eq!(from(server.get("/v1/session"), TAB_ONE).await.status, 200);
    for request in [
        server.get("/v1/session"),
        server.get("/v1/keys"),
        server.post("/v1/unlock", "{}"),
        server.post("/v1/wraps", &order),
        server.post("/v1/vault/keys", r#"{"vault":"contoso.vault.azure.net"}"#),
    ] {
        let reply = from(request.clone(), TAB_TWO).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (409, "other-tab"),
            "{request}"
        );
        // Neither is a client that names no tab, now that a page has the bridge.
        assert_eq!(server.ask(&request).await.code(), "other-tab");
    }
    assert_eq!(server.run.desk.wraps_begun.load(Ordering::SeqCst), 0);
    let taken = from(server.post("/v1/seat", r#"{"do":"take-over"}"#), TAB_TWO).await;
    assert_eq!((taken.status, &taken.json()["held"]), (200, &json!(true)));
    assert_eq!(from(server.get("/v1/keys"), TAB_TWO).await.status, 200);
    assert_eq!(
        from(server.get("/v1/keys"), TAB_ONE).await.code(),
        "other-tab"
    );
    // A tab that is closed leaves the seat to whoever comes next.
    assert_eq!(
        from(server.post("/v1/seat", r#"{"do":"leave"}"#), TAB_TWO)
            .await
            .status,
        200
    );
    assert_eq!(from(server.get("/v1/keys"), TAB_ONE).await.status, 200);
}

#[tokio::test]
async fn the_seat_is_for_those_who_know_the_secret_and_say_what_they_want() {
    let server = Server::well().await;
    let order = server.post("/v1/seat", r#"{"do":"take-over"}"#);
    let stranger = order.replace(server.secret(), "x");
    assert_eq!(server.ask(&from_tab(&stranger, TAB_ONE)).await.status, 401);
    assert_eq!(server.ask(&order).await.code(), "body-not-understood");
    for body in ["{}", r#"{"do":"steal"}"#, r#"{"do":"leave","tab":"x"}"#] {
        let reply = server
            .ask(&from_tab(&server.post("/v1/seat", body), TAB_ONE))
            .await;
        assert_eq!(reply.code(), "body-not-understood", "{body}");
    }
}

#[tokio::test]
async fn an_order_that_waited_while_another_tab_took_over_is_never_begun() {
    let server = Server::start(FakeDesk::waiting(), Limits::default()).await;
    let desk = &server.run.desk;
    let post = from_tab(
        &server.post("/v1/wraps", &wrap_order().to_string()),
        TAB_ONE,
    );
    let mut pages = Vec::new();
    for wanted in ["approving", "\r\n\r\n"] {
        let mut page = TcpStream::connect(server.address).await.unwrap();
        page.write_all(post.as_bytes()).await.unwrap();
        until(&mut page, wanted).await;
        pages.push(page);
    }
    let take_over = server.post("/v1/seat", r#"{"do":"take-over"}"#);
    assert_eq!(server.ask(&from_tab(&take_over, TAB_TWO)).await.status, 200);
    desk.person.add_permits(2);
    desk.device.add_permits(2);
    let told = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    // What was begun goes its way.
    assert!(told(rest(&mut pages[0]).await).contains("\"done\""));
    assert!(told(rest(&mut pages[1]).await).contains("other-tab"));
    assert_eq!(desk.wraps_begun.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_that_waited_for_its_turn_is_begun_by_a_tab_that_was_taken_over() {
    let token = [
        ("/v1/keys", None),
        ("/v1/unlock", Some("{}".to_owned())),
        (
            "/v1/keys",
            Some(r#"{"kind":"AES-256","label":"k"}"#.to_owned()),
        ),
    ];
    let vault = vault::orders().map(|(path, body)| (path, Some(body)));
    // An import's answer is a stream, which begins before its turn.
    let vault = vault
        .into_iter()
        .filter(|(path, _)| !path.ends_with("/imports"));
    for (path, body) in token.into_iter().chain(vault) {
        let server = Server::start(FakeDesk::waiting().locked(), Limits::default()).await;
        let desk = &server.run.desk;
        let wrap = server.post("/v1/wraps", &wrap_order().to_string());
        let mut first = TcpStream::connect(server.address).await.unwrap();
        let wrap = from_tab(&wrap, TAB_ONE);
        first.write_all(wrap.as_bytes()).await.unwrap();
        until(&mut first, "approving").await;
        let request = match &body {
            Some(body) => server.post(path, body),
            None => server.get(path),
        };
        let request = from_tab(&request, TAB_ONE);
        let mut waits = TcpStream::connect(server.address).await.unwrap();
        waits.write_all(request.as_bytes()).await.unwrap();
        // It is answered by nobody while the prompt is open.
        let early = tokio::time::timeout(Duration::from_millis(100), waits.readable()).await;
        assert!(early.is_err(), "{path} did not wait");
        let take_over = server.post("/v1/seat", r#"{"do":"take-over"}"#);
        assert_eq!(server.ask(&from_tab(&take_over, TAB_TWO)).await.status, 200);
        desk.person.add_permits(2);
        desk.device.add_permits(2);
        assert!(String::from_utf8_lossy(&rest(&mut first).await).contains("\"done\""));
        let reply = Reply::parse(&rest(&mut waits).await);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (409, "other-tab"),
            "{path}"
        );
        let begun =
            desk.token_calls.load(Ordering::SeqCst) + desk.vault_calls.load(Ordering::SeqCst);
        assert_eq!(begun, 0, "{path}");
    }
}
