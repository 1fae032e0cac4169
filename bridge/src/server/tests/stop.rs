//! How a run ends.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::client::{rest, until};
use super::fake_desk::{FakeDesk, Mood};
use super::harness::{Server, short, wrap_order};

#[tokio::test]
async fn stopping_waits_for_no_idle_connection() {
    let server = Server::start(FakeDesk::willing(Mood::Well), short()).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    server.ask(&server.get("/v1/session")).await;
    let began = Instant::now();
    server.stop.send(()).unwrap();
    server.ended.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(rest(&mut idle).await, b"");
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn stopping_waits_for_an_approved_wrap() {
    let server = Server::start(FakeDesk::waiting(), short()).await;
    let mut page = TcpStream::connect(server.address).await.unwrap();
    page.write_all(
        server
            .post("/v1/wraps", &wrap_order().to_string())
            .as_bytes(),
    )
    .await
    .unwrap();
    until(&mut page, "approving").await;
    server.run.desk.person.add_permits(1);
    until(&mut page, "wrapping").await;
    server.stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!server.ended.is_finished());
    server.run.desk.device.add_permits(1);
    server.ended.await.unwrap();
    assert_eq!(server.run.desk.wraps_recorded.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_question_that_nobody_answers() {
    let server = Server::start(FakeDesk::waiting(), short()).await;
    let mut page = TcpStream::connect(server.address).await.unwrap();
    page.write_all(
        server
            .post("/v1/wraps", &wrap_order().to_string())
            .as_bytes(),
    )
    .await
    .unwrap();
    until(&mut page, "approving").await;
    let began = Instant::now();
    server.stop.send(()).unwrap();
    server.ended.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(server.run.desk.wraps_recorded.load(Ordering::SeqCst), 0);
}
