//! The record as the page sees it.

use std::collections::VecDeque;

use keyferry_core::{
    Anchors, AuditFilter, AuditLine, RecordAnswer, RecordPage, RecordQuery, line_page,
};

use crate::Error;
use crate::audit_log::AuditLog;

/// Most lines of one answer.
const MOST: usize = 500;

/// What the page asks for, and the verdict on the whole. Reads every file: not for a thread that serves.
pub(super) fn lines(audit: &AuditLog, query: RecordQuery) -> Result<RecordAnswer, Error> {
    let filter = AuditFilter {
        text: query.text.filter(|text| !text.is_empty()),
        outcomes: query.outcome.into_iter().collect(),
        events: query.event.into_iter().collect(),
        ..AuditFilter::default()
    };
    let most = usize::try_from(query.most).map_or(MOST, |most| most.min(MOST));
    let snapshot = audit.snapshot()?;
    let anchors = Anchors::head(snapshot.head());
    let mut walk = anchors.walk();
    let mut lines: VecDeque<AuditLine> = VecDeque::new();
    let mut matching = 0;
    snapshot.walk(&mut walk, |line| {
        if !filter.takes(&line) {
            return;
        }
        matching += 1;
        if query.before.is_none_or(|before| line.seq < before) {
            lines.push_front(line);
            lines.truncate(most);
        }
    })?;
    Ok(RecordAnswer {
        lines: lines.into(),
        matching,
        verdict: anchors.judge(walk),
    })
}

/// One line as a page to print.
pub(super) fn page(audit: &AuditLog, seq: u64) -> Result<RecordPage, Error> {
    let snapshot = audit.snapshot()?;
    let mut walk = Anchors::head(snapshot.head()).walk();
    let mut found = None;
    snapshot.walk(&mut walk, |line| {
        if line.seq == seq {
            found = Some(line);
        }
    })?;
    let line = found.ok_or(Error::RecordLineUnknown { seq })?;
    Ok(RecordPage {
        name: format!("keyferry-record-{seq}.html"),
        html: line_page(&line),
    })
}
