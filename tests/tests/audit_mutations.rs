//! Records that are changed at random: the product's verdict names the place where the tests' own reader, which
//! shares no code with it, finds the first line that does not hold.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs;
use std::path::Path;

use keyferry::audit_log::Snapshot;
use keyferry_core::{
    Anchors, AuditEntry, AuditEvent, AuditHead, AuditLine, AuditVerdict, Outcome, Requester, chain,
};
use keyferry_tests::audit_chain::{first_failure, names};
use proptest::prelude::*;
use proptest::sample::Index;

/// One way of tampering.
#[derive(Debug, Clone)]
enum Mutation {
    /// A byte of a file is another one.
    Change(Index, Index, u8),
    /// A line is gone.
    Remove(Index),
    /// A line stands there a second time.
    Repeat(Index, Index),
    /// A line that was made for the purpose follows this one, chain and hash included.
    Forge(Index),
    /// A line of junk.
    Junk(Index, String),
    /// A line is written anew, with a hash that fits it and the line before.
    Rewrite(Index),
    /// Two lines change places.
    Swap(Index, Index),
    /// A file ends early.
    Cut(Index, Index),
    /// A full file is gone.
    File(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), at(), any::<u8>()).prop_map(|(f, b, to)| Mutation::Change(f, b, to)),
        2 => at().prop_map(Mutation::Remove),
        1 => (at(), at()).prop_map(|(a, b)| Mutation::Repeat(a, b)),
        1 => at().prop_map(Mutation::Forge),
        1 => (at(), "[ -~]{0,40}").prop_map(|(a, text)| Mutation::Junk(a, text)),
        1 => at().prop_map(Mutation::Rewrite),
        2 => (at(), at()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        2 => (at(), at()).prop_map(|(f, b)| Mutation::Cut(f, b)),
        1 => at().prop_map(Mutation::File),
    ]
}

fn entry(number: u64) -> AuditEntry {
    let mut entry = AuditEntry::new(AuditEvent::Keygen, Outcome::Done, Requester::Page);
    entry.key_label = Some(format!("key {number} \"\u{e9}\""));
    entry
}

/// A record in files of `each` lines.
fn write(folder: &Path, count: u64, each: usize) -> Vec<AuditLine> {
    let mut head = AuditHead::GENESIS;
    let lines: Vec<AuditLine> = (0..count)
        .map(|number| {
            let line = chain(&head, "2026-11-25T08:00:00Z", entry(number));
            head = line.head();
            line
        })
        .collect();
    let files: Vec<&[AuditLine]> = lines.chunks(each).collect();
    for (index, part) in files.iter().enumerate() {
        let name = if index + 1 == files.len() {
            "log.jsonl".to_owned()
        } else {
            let (first, last) = (part[0].seq, part[part.len() - 1].seq);
            format!("log-{first:08}-{last:08}.jsonl")
        };
        let text: String = part.iter().map(|line| line.to_json() + "\n").collect();
        fs::write(folder.join(name), text).unwrap();
    }
    fs::write(
        folder.join("head.json"),
        serde_json::to_string(&head).unwrap(),
    )
    .unwrap();
    lines
}

/// Applies the mutation to the files.
fn mutate(folder: &Path, lines: &[AuditLine], mutation: &Mutation) {
    let names = names(folder);
    let files: Vec<Vec<u8>> = names
        .iter()
        .map(|n| fs::read(folder.join(n)).unwrap())
        .collect();
    // Each line with the file that it stands in.
    let mut all: Vec<(usize, Vec<u8>)> = Vec::new();
    for (index, bytes) in files.iter().enumerate() {
        let parts = bytes.split_inclusive(|byte| *byte == b'\n');
        all.extend(parts.map(|line| (index, line.to_vec())));
    }
    let line = |line: &AuditLine| (line.to_json() + "\n").into_bytes();
    match mutation {
        Mutation::Change(file, byte, to) => {
            let at = file.index(files.len());
            let mut bytes = files[at].clone();
            let byte = byte.index(bytes.len());
            bytes[byte] = *to;
            fs::write(folder.join(&names[at]), bytes).unwrap();
            return;
        }
        Mutation::Cut(file, byte) => {
            let at = file.index(files.len());
            let keep = byte.index(files[at].len());
            fs::write(folder.join(&names[at]), &files[at][..keep]).unwrap();
            return;
        }
        Mutation::File(file) => {
            if let Some(full) = names.len().checked_sub(1).filter(|full| *full > 0) {
                fs::remove_file(folder.join(&names[file.index(full)])).unwrap();
            }
            return;
        }
        Mutation::Remove(at) => {
            all.remove(at.index(all.len()));
        }
        Mutation::Repeat(from, to) => {
            let copy = all[from.index(all.len())].1.clone();
            let to = to.index(all.len());
            all.insert(to + 1, (all[to].0, copy));
        }
        Mutation::Forge(after) => {
            let at = after.index(all.len());
            let forged = chain(&lines[at].head(), "2026-11-25T08:00:00Z", entry(1000));
            all.insert(at + 1, (all[at].0, line(&forged)));
        }
        Mutation::Junk(after, text) => {
            let at = after.index(all.len());
            all.insert(at + 1, (all[at].0, format!("{text}\n").into_bytes()));
        }
        Mutation::Rewrite(at) => {
            let at = at.index(all.len());
            let before = at
                .checked_sub(1)
                .map_or(AuditHead::GENESIS, |b| lines[b].head());
            all[at].1 = line(&chain(&before, "2026-11-25T08:00:00Z", entry(1000)));
        }
        Mutation::Swap(one, other) => {
            let (one, other) = (one.index(all.len()), other.index(all.len()));
            let text = all[one].1.clone();
            all[one].1 = std::mem::replace(&mut all[other].1, text);
        }
    }
    for (index, name) in names.iter().enumerate() {
        let bytes: Vec<u8> = all
            .iter()
            .filter(|(file, _)| *file == index)
            .flat_map(|(_, line)| line.clone())
            .collect();
        fs::write(folder.join(name), bytes).unwrap();
    }
}

fn judge(folder: &Path) -> AuditVerdict {
    let snapshot = Snapshot::take(folder).unwrap();
    let anchors = Anchors::head(snapshot.head());
    let mut walk = anchors.walk();
    snapshot.walk(&mut walk, |_| {}).unwrap();
    anchors.judge(walk)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_first_finding_is_where_the_tests_reader_stops(
        count in 1u64..24,
        each in 1usize..12,
        mutation in mutation(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let lines = write(folder.path(), count, each);
        prop_assert!(judge(folder.path()).intact);
        prop_assert_eq!(first_failure(folder.path()), None);

        mutate(folder.path(), &lines, &mutation);
        let verdict = judge(folder.path());
        let found: Vec<_> = verdict
            .findings
            .iter()
            // That a name fits no longer follows from the lines in it.
            .filter(|finding| finding.code != "audit-file-name")
            .map(|f| (f.file.clone().unwrap_or_default(), f.line.unwrap_or_default() as usize, f.code.clone()))
            .collect();
        match first_failure(folder.path()) {
            None => prop_assert!(found.is_empty(), "{mutation:?}: {found:?}"),
            Some((file, line)) => {
                prop_assert!(!found.is_empty(), "{mutation:?}: nothing found, {file}:{line} does not hold");
                let (named, at, code) = &found[0];
                prop_assert_eq!((named, *at), (&file, line), "{:?}: {}", mutation, code);
                // A line behind the head's is what a crash leaves; all else makes the verdict negative.
                prop_assert_eq!(verdict.intact, code == "audit-head-behind", "{:?}", mutation);
            }
        }
    }
}
