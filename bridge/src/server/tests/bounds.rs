//! How much and how long: heads, bodies, connections, requests, panics.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::client::{Reply, ask, rest};
use super::fake_desk::{FakeDesk, Mood};
use super::harness::{Server, short};
use crate::server::limits::Limits;

async fn short_server() -> Server {
    Server::start(FakeDesk::willing(Mood::Well), short()).await
}

#[tokio::test]
async fn a_head_that_dribbles_is_cut_off() {
    let server = short_server().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let began = Instant::now();
    let (mut reading, mut writing) = stream.split();
    let dribble = async {
        for byte in b"GET / HTTP/1.1\r\nX-Long: "
            .iter()
            .chain(std::iter::repeat(&b'a'))
        {
            if writing.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let closed = async { tokio::io::copy(&mut reading, &mut tokio::io::sink()).await };
    tokio::select! {
        () = dribble => {}
        _ = closed => {}
    }
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let server = short_server().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(rest(&mut stream).await, b"");
}

#[tokio::test]
async fn a_body_that_dribbles_is_cut_off_however_long_it_goes_on() {
    let server = short_server().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(server.post_head("/v1/unlock", 1000).as_bytes())
        .await
        .unwrap();
    let (mut reading, mut writing) = stream.split();
    let mut answer = Vec::new();
    let dribble = async {
        for _ in 0..200 {
            if writing.write_all(b" ").await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = dribble => panic!("it was read to the end"),
        _ = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut answer) => {}
    }
    let reply = Reply::parse(&answer);
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (408, "body-too-slow")
    );
}

#[tokio::test]
async fn a_body_above_64_kib_is_refused_by_its_declared_length() {
    let server = Server::well().await;
    let reply = server
        .ask(&server.post_head("/v1/wraps", 64 * 1024 + 1))
        .await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (413, "body-too-large")
    );
}

#[tokio::test]
async fn a_body_above_64_kib_is_refused_without_a_declared_length() {
    let server = Server::well().await;
    let head = server
        .post_head("/v1/wraps", 0)
        .replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let reply = server.ask(&format!("{head}{}", chunk.repeat(5))).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (413, "body-too-large")
    );
}

#[tokio::test]
async fn a_body_of_64_kib_is_read() {
    let server = Server::well().await;
    let body = format!("{{}}{}", " ".repeat(64 * 1024 - 2));
    assert_eq!(
        server.ask(&server.post("/v1/unlock", &body)).await.status,
        200
    );
}

#[tokio::test]
async fn a_head_with_too_much_in_it_is_refused() {
    let server = Server::well().await;
    let long = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nX: {}\r\n\r\n",
        server.address,
        "a".repeat(17 * 1024)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\n{}\r\n",
        server.address,
        "X: a\r\n".repeat(64)
    );
    for request in [long, many] {
        assert_eq!(server.ask(&request).await.status, 431);
    }
}

#[tokio::test]
async fn a_second_request_in_a_connection_is_not_read() {
    let server = Server::well().await;
    let smuggled = format!("{0}{0}", server.get("/v1/session"));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(smuggled.as_bytes()).await.unwrap();
    let answers = String::from_utf8(rest(&mut stream).await).unwrap();
    assert_eq!(answers.matches("HTTP/1.1").count(), 1, "{answers}");
    assert!(answers.to_ascii_lowercase().contains("connection: close"));
}

#[tokio::test]
async fn ambiguous_lengths_are_refused() {
    let server = Server::well().await;
    let both = server.post("/v1/unlock", "{}").replace(
        "Content-Length: 2",
        "Content-Length: 2\r\nContent-Length: 3",
    );
    assert_eq!(server.ask(&both).await.status, 400);
}

#[tokio::test]
async fn more_connections_than_slots_wait_for_one() {
    let server = Server::start(
        FakeDesk::willing(Mood::Well),
        Limits {
            connections: 2,
            ..short()
        },
    )
    .await;
    let mut idle = Vec::new();
    for _ in 0..2 {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    // Both slots are taken until the idle connections run into the head's time limit.
    let began = Instant::now();
    assert_eq!(server.ask(&server.get("/v1/session")).await.status, 200);
    assert!(
        began.elapsed() > Duration::from_millis(150),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_requests_run_at_once_than_the_limit_says() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    async fn busy() {
        MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(30)).await;
        NOW.fetch_sub(1, Ordering::SeqCst);
    }
    let routes = Router::new()
        .route("/v1/busy", get(busy))
        .route("/v1/also-busy", get(busy));
    let server = Server::with_routes(
        routes,
        Limits {
            requests: 3,
            ..Limits::default()
        },
    )
    .await;
    let requests = (0..12).map(|n| {
        let request = server.get(if n % 2 == 0 {
            "/v1/busy"
        } else {
            "/v1/also-busy"
        });
        let address = server.address;
        tokio::spawn(async move { ask(address, &request).await.status })
    });
    for status in requests.collect::<Vec<_>>() {
        assert_eq!(status.await.unwrap(), 200);
    }
    assert_eq!(MOST.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_body_that_does_not_come_keeps_no_other_request_waiting() {
    let limits = Limits {
        requests: 1,
        body_time: Duration::from_secs(60),
        ..Limits::default()
    };
    let server = Server::start(FakeDesk::willing(Mood::Well), limits).await;
    let mut slow = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = server.post_head("/v1/unlock", 2);
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let session = server.get("/v1/session");
    let asked = ask(server.address, &session);
    let other = tokio::time::timeout(Duration::from_secs(10), asked).await;
    assert_eq!(other.expect("it waits for the bodies").status, 200);
    for mut stream in slow {
        stream.write_all(b"{}").await.unwrap();
        let reply = Reply::parse(&rest(&mut stream).await);
        assert_eq!(reply.status, 200);
    }
}

#[tokio::test]
async fn a_panic_is_one_500_and_the_server_goes_on() {
    async fn panics() {
        panic!("inner words of a panic");
    }
    let server = Server::with_routes(
        Router::new().route("/v1/panic", get(panics)),
        Limits::default(),
    )
    .await;
    for _ in 0..2 {
        let reply = server.ask(&server.get("/v1/panic")).await;
        assert_eq!((reply.status, reply.code().as_str()), (500, "internal"));
        assert!(!reply.body.contains("inner words"));
    }
}

#[tokio::test]
async fn a_panic_behind_a_route_is_one_500_and_frees_the_turn() {
    let server = Server::start(FakeDesk::willing(Mood::Panics), Limits::default()).await;
    for _ in 0..2 {
        let reply = server.ask(&server.get("/v1/keys")).await;
        assert_eq!((reply.status, reply.code().as_str()), (500, "internal"));
    }
    assert_eq!(server.ask(&server.get("/v1/session")).await.status, 200);
}
