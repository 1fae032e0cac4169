//! Lines and the chain they form.

use super::{AuditEntry, AuditHash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Keeps a line's hash from being the hash of anything else, and names the form's version.
const DOMAIN: &[u8] = b"keyferry audit line 1\n";

/// Longest line that is written or read, in bytes without its line break. Real ones stay below 4 KiB; what makes
/// them long is foreign text.
pub const MAX_AUDIT_LINE: usize = 256 * 1024;

/// Where a chain stands: what the next line follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct AuditHead {
    /// Sequence number of the last line; 0 before the first.
    pub seq: u64,
    /// Its hash.
    pub hash: AuditHash,
}

impl AuditHead {
    /// Before the first line.
    pub const GENESIS: Self = Self {
        seq: 0,
        hash: AuditHash::GENESIS,
    };
}

impl fmt::Display for AuditHead {
    /// `SEQ:HASH`, to keep elsewhere.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.seq, self.hash)
    }
}

impl std::str::FromStr for AuditHead {
    type Err = AuditError;

    /// Exactly what [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, AuditError> {
        let (seq, hash) = text.split_once(':').ok_or(AuditError::Form)?;
        let head = Self {
            seq: seq.parse().map_err(|_| AuditError::Form)?,
            hash: hash.parse()?,
        };
        (head.to_string() == text)
            .then_some(head)
            .ok_or(AuditError::Form)
    }
}

/// Why a line is not part of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Not a line as it is written.
    #[error("the line is torn or was not written by Keyferry")]
    Form,
    /// The content does not have the hash that the line names.
    #[error("the line was changed after it was written")]
    Hash,
    /// The line does not follow the one before.
    #[error("a line is missing, repeated or out of order here")]
    Order,
}

impl AuditError {
    /// Stable kebab-case name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Form => "audit-line-form",
            Self::Hash => "audit-line-changed",
            Self::Order => "audit-line-order",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Form => {
                "Compare the log with a copy; an interrupted write is set aside at the next start."
            }
            Self::Hash | Self::Order => {
                "Treat the log as tampered with from this line on, and compare it with hashes kept elsewhere (receipts, an earlier head)."
            }
        }
    }
}

/// One line of the log. Written as compact JSON with the members in this order; `hash` is SHA-256
/// over a domain line and that JSON without its `hash`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct AuditLine {
    /// Sequence number; the first line is 1.
    pub seq: u64,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// What.
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// Hash of the line before; zeros before the first.
    pub prev: AuditHash,
    /// Hash of this line.
    pub hash: AuditHash,
}

/// A line without its hash: what the hash is taken over.
#[derive(Serialize)]
struct Hashed<'a> {
    seq: u64,
    time: &'a str,
    #[serde(flatten)]
    entry: &'a AuditEntry,
    prev: &'a AuditHash,
}

impl AuditLine {
    /// The line as it is written, without a line break.
    pub fn to_json(&self) -> String {
        // Strings, numbers and unit enums: there is nothing that could fail to be JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What the next line follows.
    pub fn head(&self) -> AuditHead {
        AuditHead {
            seq: self.seq,
            hash: self.hash,
        }
    }

    fn computed_hash(&self) -> AuditHash {
        let content = Hashed {
            seq: self.seq,
            time: &self.time,
            entry: &self.entry,
            prev: &self.prev,
        };
        let json = serde_json::to_vec(&content).unwrap_or_default();
        AuditHash(
            Sha256::new()
                .chain_update(DOMAIN)
                .chain_update(json)
                .finalize()
                .into(),
        )
    }
}

/// The line that follows `head`.
pub fn chain(head: &AuditHead, time: &str, entry: AuditEntry) -> AuditLine {
    let mut line = AuditLine {
        seq: head.seq.saturating_add(1),
        time: time.to_owned(),
        entry,
        prev: head.hash,
        hash: AuditHash::GENESIS,
    };
    line.hash = line.computed_hash();
    line
}

/// Reads one line, without its line break, and checks its form and hash, and that it follows
/// `head` when one is given.
///
/// # Errors
/// The first rule that does not hold.
pub fn verify_line(text: &str, head: Option<&AuditHead>) -> Result<AuditLine, AuditError> {
    let line: AuditLine = serde_json::from_str(text).map_err(|_| AuditError::Form)?;
    if line.computed_hash() != line.hash {
        return Err(AuditError::Hash);
    }
    // Same content in another spelling (spaces, order, a member twice) was not written by us.
    if line.to_json() != text {
        return Err(AuditError::Form);
    }
    if let Some(head) = head
        && (head.seq.checked_add(1) != Some(line.seq) || line.prev != head.hash)
    {
        return Err(AuditError::Order);
    }
    Ok(line)
}

/// Checks a whole chain that follows `head`; gives where it ends.
///
/// # Errors
/// The first line that does not hold, counted from 1, and why.
pub fn verify_chain<'a>(
    head: AuditHead,
    lines: impl IntoIterator<Item = &'a str>,
) -> Result<AuditHead, (usize, AuditError)> {
    lines
        .into_iter()
        .enumerate()
        .try_fold(head, |head, (index, text)| {
            verify_line(text, Some(&head))
                .map(|line| line.head())
                .map_err(|error| (index + 1, error))
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::audit::{AuditEvent, Outcome, Requester};

    fn log() -> Vec<String> {
        let mut head = AuditHead::GENESIS;
        let mut lines = Vec::new();
        for (event, outcome) in [
            (AuditEvent::Keygen, Outcome::Done),
            (AuditEvent::WrapIntent, Outcome::Intended),
            (AuditEvent::WrapOutcome, Outcome::Failed),
        ] {
            let mut entry = AuditEntry::new(event, outcome, Requester::Page);
            entry.key_label = Some("a \"label\"\n\u{1b}".to_owned());
            let line = chain(&head, "2026-11-25T08:00:00Z", entry);
            head = line.head();
            lines.push(line.to_json());
        }
        lines
    }

    fn verify(lines: &[String]) -> Result<AuditHead, (usize, AuditError)> {
        verify_chain(AuditHead::GENESIS, lines.iter().map(String::as_str))
    }

    #[test]
    fn a_chain_holds_and_says_where_it_ends() {
        let lines = log();
        let head = verify(&lines).unwrap();
        assert_eq!(head.seq, 3);
        assert_eq!(verify_line(&lines[2], None).unwrap().head(), head);
        assert!(lines.iter().all(|line| !line.contains('\n')));
        let text = serde_json::to_string(&head).unwrap();
        assert_eq!(serde_json::from_str::<AuditHead>(&text).unwrap(), head);
    }

    #[test]
    fn the_hash_is_sha256_over_the_domain_and_the_line_without_it() {
        // What `{ printf 'keyferry audit line 1\n'; printf %s "$CONTENT"; } | sha256sum` prints.
        let line = chain(
            &AuditHead::GENESIS,
            "2026-11-25T08:00:00Z",
            AuditEntry::new(AuditEvent::Unlock, Outcome::Refused, Requester::CommandLine),
        );
        assert_eq!(
            line.hash.to_string(),
            "a26ff1256bd61a6192f98cf76ba4aa856eef8fe60658a744eea3a5c316e09f81"
        );
    }

    #[test]
    fn a_removed_repeated_or_moved_line_breaks_the_order() {
        let lines = log();
        let without_second = [lines[0].clone(), lines[2].clone()];
        assert_eq!(verify(&without_second), Err((2, AuditError::Order)));
        let repeated = [lines[0].clone(), lines[0].clone()];
        assert_eq!(verify(&repeated), Err((2, AuditError::Order)));
        let moved = [lines[1].clone(), lines[0].clone()];
        assert_eq!(verify(&moved), Err((1, AuditError::Order)));
        assert_eq!(verify(&lines[1..]), Err((1, AuditError::Order)));
    }

    #[test]
    fn a_number_that_jumps_breaks_the_order_though_the_hashes_join() {
        let head = verify(&log()).unwrap();
        let ahead = AuditHead {
            seq: head.seq + 1,
            ..head
        };
        let entry = AuditEntry::new(AuditEvent::Unlock, Outcome::Done, Requester::Page);
        let jumped = chain(&ahead, "2026-11-25T08:00:00Z", entry);
        assert_eq!(
            verify_line(&jumped.to_json(), Some(&ahead)),
            Ok(jumped.clone())
        );
        assert_eq!(
            verify_line(&jumped.to_json(), Some(&head)),
            Err(AuditError::Order)
        );
    }

    #[test]
    fn a_changed_line_is_named() {
        let mut lines = log();
        lines[1] = lines[1].replace("intended", "done");
        assert_eq!(verify(&lines), Err((2, AuditError::Hash)));
    }

    #[test]
    fn another_spelling_of_the_same_content_is_no_line() {
        let line = log().remove(0);
        for other in [
            line.replace("{\"seq\":1,", "{ \"seq\":1,"),
            format!("{line} "),
            line.replace("{\"seq\":1,", "{\"seq\":1,\"extra\":1,"),
            line.replace("{\"seq\":1,", "{\"seq\":1,\"seq\":1,"),
            line[..line.len() - 1].to_owned(),
            String::new(),
        ] {
            assert_eq!(verify_line(&other, None), Err(AuditError::Form), "{other}");
        }
    }
}
