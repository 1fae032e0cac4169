//! What is appended at the same time: one group, in order, answered when it is on disk.

use std::sync::Arc;

use super::*;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn tasks_side_by_side_are_all_answered_with_their_own_line() {
    let place = Place::new();
    let lines = runtime().block_on(async {
        let tasks: Vec<_> = (0..200)
            .map(|number| {
                let log = place.log.clone();
                tokio::spawn(async move {
                    let mut entry = entry();
                    entry.key_label = Some(format!("key {number}"));
                    (number, log.append(entry).await.unwrap())
                })
            })
            .collect();
        let mut lines = Vec::new();
        for task in tasks {
            lines.push(task.await.unwrap());
        }
        lines
    });
    assert_eq!(place.events().len(), 200);
    let text = place.text();
    let written: Vec<&str> = text.lines().collect();
    for (number, line) in lines {
        assert_eq!(line.entry.key_label, Some(format!("key {number}")));
        let at = usize::try_from(line.seq).unwrap() - 1;
        assert_eq!(written[at], line.to_json());
    }
}

#[test]
fn whoever_waits_while_the_lock_is_held_goes_into_one_group_in_the_order_of_asking() {
    let place = Place::new();
    place.append();
    let held = place.log.files.lock().unwrap();
    let log = Arc::new(place.log.clone());
    let seen = runtime().block_on(async {
        let appends: Vec<_> = (0..20)
            .map(|number| {
                let log = Arc::clone(&log);
                async move {
                    let mut entry = entry();
                    entry.key_label = Some(number.to_string());
                    log.append(entry).await.unwrap()
                }
            })
            .collect();
        let all = futures_util::future::join_all(appends);
        tokio::pin!(all);
        // All have asked once they were polled; none can be answered while another writes.
        let early = tokio::time::timeout(std::time::Duration::from_millis(200), &mut all).await;
        assert!(early.is_err(), "answered before the lock was free");
        drop(held);
        all.await
    });
    let labels: Vec<_> = seen
        .iter()
        .map(|line| line.entry.key_label.clone().unwrap())
        .collect();
    let expected: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(labels, expected);
    let seqs: Vec<_> = seen.iter().map(|line| line.seq).collect();
    assert_eq!(seqs, (2..22).collect::<Vec<_>>());
    place.events();
}

#[test]
fn a_line_that_is_too_large_is_refused_alone() {
    let place = Place::new();
    let mut large = entry();
    large.key_label = Some("x".repeat(keyferry_core::MAX_AUDIT_LINE));
    let mut nearly = entry();
    nearly.key_label = Some("y".repeat(keyferry_core::MAX_AUDIT_LINE - 2000));
    let answers = place
        .log
        .files
        .lock()
        .unwrap()
        .append(vec![entry(), large, nearly])
        .unwrap();
    let codes: Vec<_> = answers
        .iter()
        .map(|answer| answer.as_ref().err().map(crate::Error::code))
        .collect();
    assert_eq!(codes, [None, Some("audit-unwritable"), None]);
    // A line far larger than what is looked at first is still found to be the head's.
    place.append();
    assert_eq!(place.events(), [AuditEvent::Keygen; 3]);
}

#[test]
fn a_record_that_cannot_be_written_refuses_everyone_of_the_group() {
    let place = Place::new();
    fs::create_dir(place.file("log.jsonl")).unwrap();
    runtime().block_on(async {
        let appends = (0..5).map(|_| place.log.append(entry()));
        for answer in futures_util::future::join_all(appends).await {
            assert_eq!(answer.unwrap_err().code(), "audit-unwritable");
        }
    });
}

#[test]
fn the_writer_ends_with_the_log() {
    let place = Place::new();
    runtime().block_on(place.log.append(entry())).unwrap();
    let writer = Arc::downgrade(&place.log.writer);
    drop(place);
    assert!(
        writer.upgrade().is_none(),
        "the thread holds the log's own queue"
    );
}
