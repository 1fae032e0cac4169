//! Which lines of a record are wanted.

use super::{AuditEvent, AuditLine, Outcome};

/// What a line must be; members that are empty ask for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Not before this, RFC 3339 in UTC to the second (`2026-11-25T08:00:00Z`), which sorts as text.
    pub since: Option<String>,
    /// Not after this, in the same form.
    pub until: Option<String>,
    /// One of these events.
    pub events: Vec<AuditEvent>,
    /// One of these outcomes.
    pub outcomes: Vec<Outcome>,
    /// The key, by its label or its id.
    pub key: Option<String>,
    /// The KEK's thumbprint, or its beginning.
    pub kek: Option<String>,
    /// The KEK's identifier, or the imported key's.
    pub kid: Option<String>,
    /// The token's serial number.
    pub serial: Option<String>,
    /// The error's code.
    pub code: Option<String>,
    /// A text anywhere in the line, whatever its case.
    pub text: Option<String>,
}

impl AuditFilter {
    /// Whether the line is wanted.
    pub fn takes(&self, line: &AuditLine) -> bool {
        let entry = &line.entry;
        let is = |wanted: &Option<String>, found: &[&Option<String>]| {
            wanted.is_none() || found.contains(&wanted)
        };
        self.since.as_ref().is_none_or(|since| line.time >= *since)
            && self.until.as_ref().is_none_or(|until| line.time <= *until)
            && (self.events.is_empty() || self.events.contains(&entry.event))
            && (self.outcomes.is_empty() || self.outcomes.contains(&entry.outcome))
            && is(&self.key, &[&entry.key_label, &entry.key_id])
            && is(&self.kid, &[&entry.kid, &entry.vault_kid])
            && is(&self.serial, &[&entry.token_serial])
            && is(&self.code, &[&entry.code])
            && self.kek.as_ref().is_none_or(|kek| {
                entry
                    .kek_thumbprint_sha256
                    .as_ref()
                    .is_some_and(|found| found.starts_with(kek.as_str()))
            })
            && self.text.as_ref().is_none_or(|text| holds(line, text))
    }
}

/// In values alone: every line holds the names of the members.
fn holds(line: &AuditLine, text: &str) -> bool {
    let text = text.to_lowercase();
    let Ok(serde_json::Value::Object(members)) = serde_json::to_value(line) else {
        return false;
    };
    members.values().any(|value| match value {
        serde_json::Value::Null => false,
        serde_json::Value::String(value) => value.to_lowercase().contains(&text),
        other => other.to_string().to_lowercase().contains(&text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuditEntry, AuditHead, Requester, chain};

    fn line() -> AuditLine {
        let mut entry = AuditEntry::new(AuditEvent::WrapOutcome, Outcome::Failed, Requester::Page);
        entry.key_label = Some("Pay".to_owned());
        entry.key_id = Some("0a".to_owned());
        entry.kek_thumbprint_sha256 = Some("abcdef".to_owned());
        entry.kid = Some("https://v/keys/k/1".to_owned());
        entry.token_serial = Some("77".to_owned());
        entry.code = Some("pin-wrong".to_owned());
        chain(&AuditHead::GENESIS, "2026-11-25T08:00:00Z", entry)
    }

    #[test]
    fn each_member_takes_the_line_and_refuses_another() {
        let some = |text: &str| Some(text.to_owned());
        let none = AuditFilter::default;
        let cases = [
            (
                AuditFilter {
                    since: some("2026-11-25T08:00:00Z"),
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    since: some("2026-11-25T08:00:01Z"),
                    ..none()
                },
                false,
            ),
            (
                AuditFilter {
                    until: some("2026-11-25T08:00:00Z"),
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    until: some("2026-11-25T07:59:59Z"),
                    ..none()
                },
                false,
            ),
            (
                AuditFilter {
                    events: vec![AuditEvent::Keygen, AuditEvent::WrapOutcome],
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    events: vec![AuditEvent::Keygen],
                    ..none()
                },
                false,
            ),
            (
                AuditFilter {
                    outcomes: vec![Outcome::Failed],
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    outcomes: vec![Outcome::Done],
                    ..none()
                },
                false,
            ),
            (
                AuditFilter {
                    key: some("Pay"),
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    key: some("0a"),
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    key: some("Pa"),
                    ..none()
                },
                false,
            ),
            (
                AuditFilter {
                    kek: some("abc"),
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    kek: some("bcd"),
                    ..none()
                },
                false,
            ),
            (
                AuditFilter {
                    kid: some("https://v/keys/k/1"),
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    kid: some("https://v/keys/k"),
                    ..none()
                },
                false,
            ),
            (
                AuditFilter {
                    serial: some("77"),
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    serial: some("7"),
                    ..none()
                },
                false,
            ),
            (
                AuditFilter {
                    code: some("pin-wrong"),
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    code: some("pin"),
                    ..none()
                },
                false,
            ),
            (
                AuditFilter {
                    text: some("PAY"),
                    ..none()
                },
                true,
            ),
            (
                AuditFilter {
                    text: some("key_label"),
                    ..none()
                },
                false,
            ),
            (none(), true),
        ];
        for (filter, takes) in cases {
            assert_eq!(filter.takes(&line()), takes, "{filter:?}");
        }
    }
}
