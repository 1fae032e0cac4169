//! Records that were tampered with, and what is said of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::Severity;

fn entry(label: &str) -> AuditEntry {
    let mut entry = AuditEntry::new(AuditEvent::Keygen, Outcome::Done, Requester::Page);
    entry.key_label = Some(label.to_owned());
    entry
}

fn record(count: u64) -> Vec<AuditLine> {
    let mut head = AuditHead::GENESIS;
    (0..count)
        .map(|number| {
            let line = chain(&head, "2026-11-25T08:00:00Z", entry(&format!("k{number}")));
            head = line.head();
            line
        })
        .collect()
}

fn texts(lines: &[AuditLine]) -> Vec<String> {
    lines.iter().map(AuditLine::to_json).collect()
}

/// The verdict on one file with these lines, whose head file names the last line of `true_lines`.
fn judge(texts: &[String], true_lines: &[AuditLine]) -> AuditVerdict {
    judge_with(
        texts,
        Anchors::head(HeadSeen::At(true_lines.last().unwrap().head())),
    )
}

fn judge_with(texts: &[String], anchors: Anchors) -> AuditVerdict {
    let mut walk = anchors.walk();
    walk.file("log.jsonl");
    for text in texts {
        walk.line(text.as_bytes());
    }
    anchors.judge(walk)
}

/// Codes, with the line in the file and the number in the chain.
fn told(verdict: &AuditVerdict) -> Vec<(&str, Option<u64>, Option<u64>)> {
    verdict
        .findings
        .iter()
        .map(|f| (f.code.as_str(), f.line, f.seq))
        .collect()
}

#[test]
fn a_record_as_it_was_written_is_intact() {
    let lines = record(5);
    let verdict = judge(&texts(&lines), &lines);
    assert!(verdict.intact);
    assert_eq!((verdict.lines, verdict.head), (5, lines[4].head()));
    assert_eq!(told(&verdict), []);
    let nothing = judge_with(&[], Anchors::head(HeadSeen::Absent));
    assert!(nothing.intact);
}

#[test]
fn a_changed_line_is_named_and_nothing_after_it() {
    let lines = record(5);
    for at in 0..5 {
        let mut texts = texts(&lines);
        texts[at] = texts[at].replace("\"done\"", "\"failed\"");
        let verdict = judge(&texts, &lines);
        let seq = at as u64 + 1;
        assert_eq!(
            told(&verdict),
            [("audit-line-changed", Some(seq), Some(seq))]
        );
        assert!(!verdict.intact);
    }
}

#[test]
fn a_line_that_is_no_longer_one_is_named() {
    let lines = record(4);
    for junk in ["", "{}", "\u{0}\u{0}", "not json"] {
        let mut texts = texts(&lines);
        texts[1] = junk.to_owned();
        let verdict = judge(&texts, &lines);
        assert_eq!(
            told(&verdict),
            [("audit-line-form", Some(2), Some(2))],
            "{junk:?}"
        );
        // The same beside the lines that belong there: only the inserted one is told.
        let mut texts = self::texts(&lines);
        texts.insert(1, junk.to_owned());
        assert_eq!(
            told(&judge(&texts, &lines)),
            [("audit-line-form", Some(2), Some(2))]
        );
    }
}

#[test]
fn removed_lines_are_counted_and_named() {
    let lines = record(8);
    let mut texts = texts(&lines);
    texts.drain(2..5);
    let verdict = judge(&texts, &lines);
    assert_eq!(told(&verdict), [("audit-line-missing", Some(3), Some(6))]);
    assert!(
        verdict.findings[0]
            .message
            .contains("lines 3 to 5 are missing")
    );
    texts.remove(0);
    let verdict = judge(&texts, &lines);
    let codes: Vec<_> = told(&verdict).iter().map(|t| (t.0, t.2)).collect();
    assert_eq!(
        codes,
        [
            ("audit-line-missing", Some(2)),
            ("audit-line-missing", Some(6))
        ]
    );
    assert!(
        verdict.findings[0]
            .message
            .contains("a file of the record may be gone")
    );
}

#[test]
fn a_cut_tail_shows_by_the_head_file_and_a_crash_is_told_apart() {
    let lines = record(5);
    let cut = judge(&texts(&lines[..3]), &lines);
    assert_eq!(told(&cut), [("audit-tail-cut", Some(4), Some(4))]);
    let behind = judge(&texts(&lines), &lines[..3]);
    assert_eq!(told(&behind), [("audit-head-behind", Some(5), Some(5))]);
    assert_eq!(behind.findings[0].severity, Severity::Warning);
    assert!(behind.intact);

    // Torn behind the head's line: a crash. Torn within it: the line was answered for once.
    for (whole, intact) in [(5, true), (4, false)] {
        let anchors = Anchors::head(HeadSeen::At(lines[4].head()));
        let mut walk = anchors.walk();
        walk.file("log.jsonl");
        for text in texts(&lines[..whole]) {
            walk.line(text.as_bytes());
        }
        walk.torn(true);
        let verdict = anchors.judge(walk);
        assert_eq!(verdict.findings[0].code, "audit-tail-torn");
        assert_eq!(verdict.findings[0].line, Some(whole as u64 + 1));
        assert_eq!(verdict.intact, intact);
        assert_eq!(verdict.lines, whole as u64);
    }
}

#[test]
fn a_lost_head_file_makes_no_verdict_good() {
    let lines = record(2);
    for head in [HeadSeen::Absent, HeadSeen::Unreadable] {
        let verdict = judge_with(&texts(&lines), Anchors::head(head));
        assert_eq!(told(&verdict), [("audit-head-lost", None, None)]);
        assert!(!verdict.intact);
    }
}

#[test]
fn moved_lines_are_told_once_where_they_were_expected() {
    let lines = record(9);
    let mut swapped = texts(&lines);
    swapped.swap(3, 4);
    assert_eq!(
        told(&judge(&swapped, &lines)),
        [("audit-line-order", Some(4), Some(5))]
    );
    let mut block = texts(&lines);
    let moved: Vec<_> = block.drain(1..4).collect();
    block.splice(4..4, moved);
    assert_eq!(
        told(&judge(&block, &lines)),
        [("audit-line-order", Some(2), Some(5))]
    );
}

#[test]
fn repeated_and_inserted_lines_are_named() {
    let lines = record(6);
    let mut repeated = texts(&lines);
    repeated.insert(4, repeated[1].clone());
    assert_eq!(
        told(&judge(&repeated, &lines)),
        [("audit-line-repeated", Some(5), Some(2))]
    );

    // One that was made to follow the line before it: the true one comes second.
    let forged = chain(&lines[2].head(), "2026-11-25T08:00:00Z", entry("forged"));
    let mut inserted = texts(&lines);
    inserted.insert(3, forged.to_json());
    let verdict = judge(&inserted, &lines);
    assert_eq!(told(&verdict), [("audit-line-repeated", Some(5), Some(4))]);

    // One with a number of its own.
    let far = AuditHead {
        seq: 40,
        ..lines[0].head()
    };
    let far = chain(&far, "2026-11-25T08:00:00Z", entry("far"));
    let mut inserted = texts(&lines);
    inserted.insert(3, far.to_json());
    let verdict = judge(&inserted, &lines);
    assert_eq!(told(&verdict), [("audit-line-order", Some(4), Some(41))]);
    assert!(
        verdict.findings[0]
            .message
            .contains("stands where line 4 should be")
    );
}

#[test]
fn a_line_written_anew_with_a_fitting_hash_is_shown_by_the_next_and_the_last_by_the_head() {
    let lines = record(5);
    let anew = |at: usize| {
        let before = lines[..at]
            .last()
            .map_or(AuditHead::GENESIS, AuditLine::head);
        chain(&before, "2026-11-25T08:00:00Z", entry("anew")).to_json()
    };
    let mut texts = texts(&lines);
    texts[2] = anew(2);
    let verdict = judge(&texts, &lines);
    assert_eq!(told(&verdict), [("audit-line-rewritten", Some(4), Some(4))]);
    let mut texts = self::texts(&lines);
    texts[4] = anew(4);
    let verdict = judge(&texts, &lines);
    assert_eq!(told(&verdict), [("audit-head-differs", Some(5), Some(5))]);
}

#[test]
fn a_whole_chain_written_anew_is_shown_by_a_head_that_was_kept() {
    let lines = record(5);
    let mut head = AuditHead::GENESIS;
    let other: Vec<AuditLine> = (0..5)
        .map(|_| {
            let line = chain(&head, "2026-11-25T08:00:00Z", entry("other"));
            head = line.head();
            line
        })
        .collect();
    let seen = |kept| Anchors {
        kept,
        ..Anchors::head(HeadSeen::At(head))
    };
    assert!(judge_with(&texts(&other), seen(vec![])).intact);
    assert!(judge_with(&texts(&other), seen(vec![other[2].head()])).intact);
    let verdict = judge_with(&texts(&other), seen(vec![lines[2].head()]));
    assert_eq!(
        told(&verdict),
        [("audit-kept-head-differs", Some(3), Some(3))]
    );
    let beyond = AuditHead { seq: 9, ..head };
    let verdict = judge_with(&texts(&other), seen(vec![beyond]));
    assert_eq!(told(&verdict), [("audit-kept-head-absent", None, Some(9))]);
}

#[test]
fn a_missing_file_in_the_middle_is_told_with_the_file_where_it_shows() {
    let lines = record(9);
    let anchors = Anchors::head(HeadSeen::At(lines[8].head()));
    let mut walk = anchors.walk();
    for (name, part) in [
        ("log-00000001-00000003.jsonl", &lines[..3]),
        ("log.jsonl", &lines[6..]),
    ] {
        walk.file(name);
        for text in texts(part) {
            walk.line(text.as_bytes());
        }
    }
    let verdict = anchors.judge(walk);
    assert_eq!(told(&verdict), [("audit-line-missing", Some(1), Some(7))]);
    assert_eq!(verdict.findings[0].file.as_deref(), Some("log.jsonl"));
    assert!(
        verdict.findings[0]
            .message
            .contains("a file of the record may be gone")
    );
    let ends: Vec<_> = verdict.files.iter().map(|f| (f.first, f.last)).collect();
    assert_eq!(ends, [(Some(1), Some(3)), (Some(7), Some(9))]);
}

#[test]
fn a_log_of_nothing_but_junk_is_bounded() {
    let junk = vec!["x".to_owned(); 5000];
    let verdict = judge(&junk, &record(1));
    assert_eq!(verdict.findings.len(), 1000);
    assert!(verdict.more_findings >= 4000);
    assert!(!verdict.intact);
}

#[test]
fn a_head_is_written_and_read_in_one_spelling() {
    let head = record(1)[0].head();
    assert_eq!(head.to_string().parse(), Ok(head));
    for other in [
        "",
        "1",
        "1:",
        ":00",
        &format!("+{head}"),
        &format!("0{head}"),
        &format!("{head} "),
    ] {
        assert_eq!(other.parse::<AuditHead>(), Err(AuditError::Form), "{other}");
    }
}
