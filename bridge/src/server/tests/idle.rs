//! The token is locked by the page and by idleness, and an idle server ends when told so.

use std::sync::Arc;
use std::time::Duration;

use keyferry_core::Requester;

use super::fake_desk::{FakeDesk, Mood};
use super::harness::Server;
use crate::config::IdleRules;
use crate::server::idle;
use crate::server::limits::Limits;

const SOON: Duration = Duration::from_millis(100);

#[tokio::test]
async fn the_page_locks_although_somebody_else_has_the_turn() {
    let server = Server::start(FakeDesk::willing(Mood::Well), Limits::default()).await;
    let _turn = server.run.turn.lock().await;
    let reply = server.ask(&server.post("/v1/lock", "{}")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        *server.run.desk.locked_by.lock().unwrap(),
        [Requester::Page]
    );
}

#[tokio::test]
async fn an_idle_token_is_locked_by_the_bridge_but_not_while_somebody_has_the_turn_or_was_told_yes()
{
    let server = Server::start(FakeDesk::willing(Mood::Well), Limits::default()).await;
    let rules = IdleRules {
        lock_after: Some(SOON),
        exit_after: None,
    };
    let turn = server.run.turn.lock().await;
    let approved = server.run.approved.read().await;
    let watch = idle::watch(Arc::clone(&server.run), rules);
    let watch = tokio::spawn(watch);
    tokio::time::sleep(SOON * 5).await;
    assert!(server.run.desk.locked_by.lock().unwrap().is_empty());
    drop(turn);
    tokio::time::sleep(SOON * 5).await;
    assert!(server.run.desk.locked_by.lock().unwrap().is_empty());
    drop(approved);
    while server.run.desk.locked_by.lock().unwrap().is_empty() {
        tokio::time::sleep(SOON).await;
    }
    assert_eq!(
        server.run.desk.locked_by.lock().unwrap()[0],
        Requester::Bridge
    );
    watch.abort();
}

#[tokio::test]
async fn an_idle_server_ends_when_it_is_told_to_and_never_otherwise() {
    let server = Server::start(FakeDesk::willing(Mood::Well), Limits::default()).await;
    let rules = |exit_after| IdleRules {
        lock_after: None,
        exit_after,
    };
    let never = idle::watch(Arc::clone(&server.run), rules(None));
    assert!(tokio::time::timeout(SOON * 3, never).await.is_err());
    idle::watch(Arc::clone(&server.run), rules(Some(SOON))).await;
}
