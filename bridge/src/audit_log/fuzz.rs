//! What has to hold for whatever is found on disk where the record should be. Fed by the fuzzer (`tests/fuzz`), and
//! with the same seeds by `cargo test`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fuzz target finds by panics"
)]

use std::fs;
use std::path::Path;

use keyferry_core::{AuditEntry, AuditEvent, AuditHead, Outcome, Requester, chain, verify_chain};

use super::AuditLog;
use super::files::Files;
use super::head_file::HeadState;
use crate::state::StateFolder;

/// Puts a record there and appends to it: `LINES, LINES BEHIND THE HEAD, BYTES OF THE LAST LINE TO CUT, BYTES…`. The
/// lines are good ones; the bytes stand behind them. With the first byte's highest bit, the bytes are the head.
///
/// # Panics
/// When something that has to hold does not.
pub fn record(data: &[u8]) {
    let [lines, behind, cut, rest @ ..] = data else {
        return;
    };
    let (lines_written, head) = good(usize::from(lines & 3), usize::from(*behind & 3));
    let mut log = lines_written;
    log.truncate(log.len().saturating_sub(usize::from(*cut)));
    let is_head = lines & 0x80 != 0;
    if !is_head {
        log.extend_from_slice(rest);
    }
    let folder = tempfile::tempdir_in(place()).unwrap();
    let state = StateFolder::open(Some(&folder.path().join("state"))).unwrap();
    let audit = state.folder("audit").unwrap();
    fs::write(audit.join("log.jsonl"), &log).unwrap();
    match (is_head, head) {
        (true, _) => fs::write(audit.join("head.json"), rest).unwrap(),
        (false, Some(head)) => {
            fs::write(audit.join("head.json"), serde_json::to_vec(&head).unwrap()).unwrap()
        }
        (false, None) => {}
    }
    let entry = AuditEntry::new(AuditEvent::Unlock, Outcome::Done, Requester::Page);
    let outcome = AuditLog::open(&state).unwrap().append_blocking(entry);
    let after = fs::read(audit.join("log.jsonl")).unwrap();
    match outcome {
        Ok(line) => {
            // What was torn is kept, apart; all before it stays as it was.
            let torn = torn(&audit);
            let kept = log.strip_suffix(&torn[..]).unwrap();
            assert!(kept.is_empty() || kept.ends_with(b"\n"));
            assert!(torn.contains(&0) || !torn.contains(&b'\n'));
            let added = after.strip_prefix(kept).unwrap();
            let added = std::str::from_utf8(added).unwrap();
            assert!(added.ends_with('\n') && added.contains(&line.to_json()));
            let head = Files::in_folder(audit.clone(), None).head().read().unwrap();
            assert!(matches!(head, HeadState::At(head) if head == line.head()));
            // What was good before is good with what was added.
            if let Some(before) = chain_of(kept) {
                assert_eq!(verify_chain(before, added.lines()), Ok(line.head()));
            }
        }
        Err(error) => {
            assert_eq!(error.code(), "audit-damaged", "{error}");
            assert_eq!(after, log, "what is not understood is not touched");
        }
    }
}

/// `count` lines, and the head so many lines before their end; no head file before the first.
fn good(count: usize, behind: usize) -> (Vec<u8>, Option<AuditHead>) {
    let mut heads = vec![AuditHead::GENESIS];
    let mut text = Vec::new();
    for _ in 0..count {
        let entry = AuditEntry::new(AuditEvent::ServeStart, Outcome::Done, Requester::Bridge);
        let line = chain(heads.last().unwrap(), "2027-01-15T08:00:00Z", entry);
        heads.push(line.head());
        text.extend_from_slice(line.to_json().as_bytes());
        text.push(b'\n');
    }
    let head = heads[heads.len() - 1 - behind.min(count)];
    (text, (head.seq > 0).then_some(head))
}

fn chain_of(lines: &[u8]) -> Option<AuditHead> {
    let text = std::str::from_utf8(lines).ok()?;
    verify_chain(AuditHead::GENESIS, text.lines()).ok()
}

/// What was set aside.
fn torn(audit: &Path) -> Vec<u8> {
    let files = fs::read_dir(audit)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let aside = files.filter(|path| path.extension().is_some_and(|extension| extension == "bin"));
    aside
        .map(|path| fs::read(path).unwrap())
        .next()
        .unwrap_or_default()
}

/// Memory, where there is a folder of it: a fuzzer is no disk's friend.
fn place() -> std::path::PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_seeds_of_records_hold() {
        assert!(crate::fuzz_seeds::each("record", super::record).len() >= 15);
    }
}
