//! What the page asks of the record.

use serde_json::{Value, json};

use super::fake_desk::{FakeDesk, Mood};
use super::harness::Server;
use crate::audit_log::AuditLog;
use crate::server::limits::Limits;
use crate::server::record;
use crate::state::StateFolder;
use keyferry_core::{AuditEntry, AuditEvent, Outcome, RecordQuery, Requester};

fn query() -> Value {
    json!({ "text": null, "outcome": null, "event": null, "before": null, "most": 10 })
}

#[tokio::test]
async fn lines_and_page_are_answered_in_wire_types() {
    let server = Server::well().await;
    let reply = server
        .ask(&server.post("/v1/record", &query().to_string()))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let answer = reply.json();
    assert_eq!(answer["lines"][0]["seq"], 1);
    assert_eq!(
        answer["lines"][0]["hash"],
        answer["verdict"]["head"]["hash"]
    );
    assert_eq!(answer["verdict"]["intact"], true);
    let page = server
        .ask(&server.post("/v1/record/page", "{\"seq\":1}"))
        .await;
    assert_eq!(page.json()["name"], "keyferry-record-1.html");
    let none = server
        .ask(&server.post("/v1/record/page", "{\"seq\":2}"))
        .await;
    assert_eq!(
        (none.status, none.code().as_str()),
        (422, "record-line-unknown")
    );
}

#[tokio::test]
async fn a_query_of_another_shape_is_refused_and_a_get_is_no_way() {
    let server = Server::well().await;
    let with = |member: &str, value: Value| {
        let mut query = query();
        query[member] = value;
        query
    };
    for wrong in [
        with("file", "/etc/passwd".into()),
        with("outcome", "good".into()),
        with("event", "wrap".into()),
        with("most", (-1).into()),
        json!({}),
        json!([]),
    ] {
        let reply = server
            .ask(&server.post("/v1/record", &wrong.to_string()))
            .await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "body-not-understood"),
            "{wrong}"
        );
    }
    assert_eq!(server.ask(&server.get("/v1/record")).await.status, 405);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_an_error_of_its_own() {
    let server = Server::start(FakeDesk::willing(Mood::NoPrompt), Limits::default()).await;
    let reply = server
        .ask(&server.post("/v1/record", &query().to_string()))
        .await;
    assert_ne!(reply.status, 200);
}

fn ask(text: Option<&str>, most: u32, before: Option<u64>) -> RecordQuery {
    RecordQuery {
        text: text.map(str::to_owned),
        outcome: None,
        event: None,
        before,
        most,
    }
}

#[test]
fn the_newest_come_first_and_the_rest_can_be_asked_for() {
    let temp = tempfile::tempdir().unwrap();
    let state = StateFolder::open(Some(temp.path())).unwrap();
    let audit = AuditLog::open(&state).unwrap();
    let empty = record::lines(&audit, ask(None, 5, None)).unwrap();
    assert!(empty.verdict.intact && empty.lines.is_empty());
    for number in 0..12 {
        let mut entry = AuditEntry::new(AuditEvent::Keygen, Outcome::Done, Requester::Page);
        entry.key_label = Some(if number % 2 == 0 { "Even" } else { "odd" }.to_owned());
        audit.append_blocking(entry).unwrap();
    }
    let numbers = |query| {
        let answer = record::lines(&audit, query).unwrap();
        let numbers: Vec<u64> = answer.lines.iter().map(|line| line.seq).collect();
        (numbers, answer.matching)
    };
    assert_eq!(numbers(ask(None, 3, None)), (vec![12, 11, 10], 12));
    assert_eq!(numbers(ask(None, 3, Some(10))), (vec![9, 8, 7], 12));
    assert_eq!(numbers(ask(Some("EVEN"), 2, None)), (vec![11, 9], 6));
    assert_eq!(numbers(ask(Some(""), 1, None)), (vec![12], 12));
    assert_eq!(numbers(ask(None, u32::MAX, None)).0.len(), 12);

    let page = record::page(&audit, 3).unwrap();
    assert!(page.html.contains("Even"));
    assert_eq!(
        record::page(&audit, 99).unwrap_err().code(),
        "record-line-unknown"
    );

    let log = temp.path().join("audit/log.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.replacen("Even", "Evil", 1)).unwrap();
    let answer = record::lines(&audit, ask(None, 500, None)).unwrap();
    assert!(!answer.verdict.intact);
    assert_eq!(answer.verdict.findings[0].line, Some(1));
    assert_eq!(answer.lines.len(), 11, "what does not hold is no line");
}
