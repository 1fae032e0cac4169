//! The run's secret: handed out once for a code, and otherwise never seen again.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::fake_desk::{FakeDesk, Mood};
use super::harness::{Server, wrap_order};
use crate::server::limits::Limits;

#[tokio::test]
async fn a_launch_code_is_exchanged_once() {
    let server = Server::well().await;
    let code = server.run.launch.issue(Instant::now()).unwrap();
    let request = server
        .post("/v1/launch", &json!({ "code": code }).to_string())
        .replace(
            &format!("Authorization: Bearer {}\r\n", server.secret()),
            "",
        );
    let reply = server.ask(&request).await;
    assert_eq!(
        (reply.status, &reply.json()["secret"]),
        (200, &json!(server.secret()))
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let again = server.ask(&request).await;
    assert_eq!(
        (again.status, again.code().as_str()),
        (401, "launch-code-refused")
    );
}

#[tokio::test]
async fn the_secret_is_no_launch_code() {
    let server = Server::well().await;
    server.run.launch.issue(Instant::now()).unwrap();
    let body = json!({ "code": server.secret() }).to_string();
    let reply = server.ask(&server.post("/v1/launch", &body)).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (401, "launch-code-refused")
    );
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Every level, from every crate below: hyper and tower log as well when they are asked to.
#[tokio::test(flavor = "current_thread")]
async fn no_answer_and_no_log_line_holds_a_secret_or_a_payload() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    for mood in [Mood::Well, Mood::WorkerGone, Mood::NoPrompt, Mood::Panics] {
        let server = Server::start(FakeDesk::willing(mood), Limits::default()).await;
        let order = wrap_order().to_string();
        let secret = server.secret();
        let mut requests = vec![
            server.get("/"),
            server.get("/v1/session"),
            server.get("/v1/keys"),
            server.get("/v1/nothing"),
            server.get(&format!("/v1/keys?token={secret}")),
            server.get(&format!("/{secret}")),
            server.post("/v1/unlock", "{}"),
            server.post("/v1/unlock", &json!({ "pin": secret }).to_string()),
            server.post("/v1/keys", r#"{"kind":"AES-256","label":"labelled-so"}"#),
            server.post("/v1/launch", &json!({ "code": secret }).to_string()),
            server.post("/v1/wraps", &order),
        ];
        let rebound: Vec<_> = requests
            .iter()
            .map(|request| request.replace("Host: ", "Host: x"))
            .collect();
        requests.extend(rebound);
        for request in requests {
            let reply = server.ask(&request).await;
            assert!(!format!("{reply:?}").contains(secret), "{request}");
        }
        let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(!said.contains(secret), "{said}");
        for payload in [
            "labelled-so",
            "contoso",
            "kek_thumbprint",
            "ciphertext",
            "inner words",
        ] {
            assert!(!said.contains(payload), "{payload} in {said}");
        }
    }
    drop(guard);
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        said.contains("host-not-allowed"),
        "the log was not listening: {said}"
    );
}
