//! Lines of the record: only what Keyferry writes is one, and no change to one passes.

use keyferry_core::{AuditError, AuditHead, AuditLine, chain, verify_chain, verify_line};

/// Reads the bytes as lines; then, since no fuzzer makes a hash, gives each its right hash and changes it.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let whole = verify_chain(AuditHead::GENESIS, text.lines());
    let mut head = AuditHead::GENESIS;
    let mut first = None;
    let mut written = Vec::new();
    let mut chained = AuditHead::GENESIS;
    for (index, line) in text.lines().enumerate() {
        if let Ok(line) = verify_line(line, None) {
            assert_eq!(verify_line(&line.to_json(), None), Ok(line.clone()));
        }
        match verify_line(line, Some(&head)) {
            Ok(line) if first.is_none() => head = line.head(),
            Ok(_) => {}
            Err(error) => {
                assert!(!error.code().is_empty() && !error.advice().is_empty());
                first = first.or(Some((index + 1, error)));
            }
        }
        if let Ok(line) = serde_json::from_str::<AuditLine>(line) {
            let line = chain(&chained, &line.time, line.entry);
            check_own(&line, &chained, data);
            chained = line.head();
            written.push(line.to_json());
        }
    }
    assert_eq!(whole, first.map_or(Ok(head), Err));
    let lines = || written.iter().map(String::as_str);
    assert_eq!(verify_chain(AuditHead::GENESIS, lines()), Ok(chained));
    check_order(&written);
}

/// A line as it is written verifies; with any one byte changed, it does not.
fn check_own(line: &AuditLine, head: &AuditHead, data: &[u8]) {
    let json = line.to_json();
    assert!(!json.contains(['\n', '\r']));
    assert_eq!(verify_line(&json, Some(head)).as_ref(), Ok(line));
    // Where and by what is the input's choice, so that the fuzzer steers it.
    let seed = data.iter().fold(7_usize, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    });
    let mut changed = json.clone().into_bytes();
    let at = seed % changed.len();
    let by = (seed / changed.len() % 255 + 1) as u8;
    changed[at] ^= by;
    if let Ok(changed) = std::str::from_utf8(&changed) {
        assert!(verify_line(changed, Some(head)).is_err(), "{at}: {changed}");
    }
    changed.remove(at);
    if let Ok(changed) = std::str::from_utf8(&changed) {
        assert!(verify_line(changed, Some(head)).is_err(), "{at}: {changed}");
    }
}

/// A chain with a line taken out of its middle, or with two exchanged, does not hold.
fn check_order(lines: &[String]) {
    let texts = || lines.iter().map(String::as_str);
    for (index, pair) in lines.windows(2).enumerate() {
        let without = texts()
            .enumerate()
            .filter(|(at, _)| *at != index)
            .map(|(_, line)| line);
        assert_eq!(
            verify_chain(AuditHead::GENESIS, without),
            Err((index + 1, AuditError::Order))
        );
        if pair[0] != pair[1] {
            let mut exchanged: Vec<&str> = texts().collect();
            exchanged.swap(index, index + 1);
            assert_eq!(
                verify_chain(AuditHead::GENESIS, exchanged),
                Err((index + 1, AuditError::Order))
            );
        }
    }
}
