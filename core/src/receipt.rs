//! The receipt of a transfer: what was wrapped to what, how, and where that stands in the record; after
//! an import also what the vault holds and what was verified. It is bound to the file by its SHA-256
//! and holds nothing secret.

use crate::audit::{AuditHash, verify_line};
use crate::base64::from_base64;
use crate::{
    Admission, AttestationOutcome, AuditLine, Error, Kid, SelfTest, Strategy, TargetKind,
    Thumbprint, TokenInfo, Verification,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The form's version; another one is refused.
const VERSION: u32 = 1;

/// Largest receipt that is read, in bytes; real ones stay below 16 KiB, and three lines of the record fit.
pub const MAX_RECEIPT: usize = 1024 * 1024;

/// A line's place in the record, and the line itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordPlace {
    /// Sequence number.
    pub seq: u64,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// The line's hash.
    pub hash: AuditHash,
    /// Hash of the line before. Absent in receipts that were written before it was there, as is the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<AuditHash>,
    /// The line as it stands in the record, without its line break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
}

impl RecordPlace {
    /// The line that is repeated here, if it is one and of this place.
    pub fn audit_line(&self) -> Option<AuditLine> {
        let line = verify_line(self.line.as_deref()?, None).ok()?;
        let same = line.seq == self.seq
            && line.hash == self.hash
            && line.time == self.time
            && Some(line.prev) == self.prev;
        same.then_some(line)
    }

    fn holds(&self) -> bool {
        self.line.is_none() || self.audit_line().is_some()
    }
}

impl From<&AuditLine> for RecordPlace {
    fn from(line: &AuditLine) -> Self {
        Self {
            seq: line.seq,
            time: line.time.clone(),
            hash: line.hash,
            prev: Some(line.prev),
            line: Some(line.to_json()),
        }
    }
}

/// What an import left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRecord {
    /// The imported key's identifier, with version.
    pub kid: String,
    /// What was verified; null until it was.
    pub verification: Option<Verification>,
    /// The last line of the import in the record.
    pub audit: RecordPlace,
}

/// A receipt. Members stand in this order in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The form's version.
    pub receipt_version: u32,
    /// What wrote it, as in the file's `generator`.
    pub generator: String,
    /// SHA-256 of the `.byok` file, 64 lower-case hexadecimal digits.
    pub file_sha256: String,
    /// SHA-256 of the ciphertext in it, as the record has it.
    pub ciphertext_sha256: String,
    /// What kind of key.
    pub target: TargetKind,
    /// `CKA_LABEL`.
    pub key_label: String,
    /// `CKA_ID`, hexadecimal.
    pub key_id: String,
    /// SubjectPublicKeyInfo DER of the key in standard base64; null for AES, or when the token did not
    /// show it.
    pub spki: Option<String>,
    /// The KEK's identifier.
    pub kid: String,
    /// SHA-256 of the KEK's SubjectPublicKeyInfo.
    pub kek_thumbprint_sha256: String,
    /// The token that held the key.
    pub token: TokenInfo,
    /// How it was wrapped.
    pub strategy: Strategy,
    /// What the self-test said of that.
    pub self_test: SelfTest,
    /// What the KEK's attestation showed; null when none was looked at.
    #[serde(default)]
    pub attestation: Option<AttestationOutcome>,
    /// The wrap's outcome in the record.
    pub audit: RecordPlace,
    /// The import; null until there was one.
    pub import: Option<ImportRecord>,
}

impl Receipt {
    /// The form's version, for whoever puts one together.
    pub const VERSION: u32 = VERSION;

    /// Reads a receipt.
    ///
    /// # Errors
    /// [`Error::Receipt`] when it is too large, not JSON of exactly this form, has a member twice, or a
    /// value that cannot be one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_RECEIPT {
            return Err(form("it is larger than any receipt"));
        }
        let receipt: Self = serde_json::from_slice(bytes)
            .map_err(|_| form("it is not JSON of a receipt's form"))?;
        receipt.check()?;
        Ok(receipt)
    }

    /// The file's bytes, indented for people.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and unit enums: there is nothing that could fail to be JSON.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text.into_bytes()
    }

    /// Checks that `file` is the `.byok` file that this receipt is of.
    ///
    /// # Errors
    /// [`Error::Receipt`].
    pub fn check_file(&self, file: &[u8]) -> Result<(), Error> {
        if sha256(file) == self.file_sha256 {
            Ok(())
        } else {
            Err(Error::Receipt {
                code: "receipt-other-file",
                message: "the receipt is of another file: its SHA-256 differs".to_owned(),
                advice: "Take the receipt that was written beside this file, or the file as it was written.",
            })
        }
    }

    /// The KEK's identifier, if `admission` admits it.
    ///
    /// # Errors
    /// [`Error::Kid`].
    pub fn kek(&self, admission: &Admission) -> Result<Kid, Error> {
        Kid::parse(&self.kid, admission)
    }

    /// The HSM's public key, SubjectPublicKeyInfo DER.
    pub fn spki_der(&self) -> Option<Vec<u8>> {
        self.spki.as_deref().and_then(from_base64)
    }

    fn check(&self) -> Result<(), Error> {
        if self.receipt_version != VERSION {
            return Err(form("its version is another than this program knows"));
        }
        let digests = [
            &self.file_sha256,
            &self.ciphertext_sha256,
            &self.kek_thumbprint_sha256,
        ];
        if !digests.into_iter().all(|digest| is_digest(digest)) {
            return Err(form(
                "a SHA-256 in it is not 64 lower-case hexadecimal digits",
            ));
        }
        let import = self.import.as_ref().map(|import| &import.audit);
        if !self.audit.holds() || import.is_some_and(|place| !place.holds()) {
            return Err(form(
                "the line of the record in it is not the one that it names",
            ));
        }
        if let Some(spki) = &self.spki {
            if self.target.is_aes() {
                return Err(form("it names a public key of an AES key"));
            }
            if from_base64(spki).is_none() {
                return Err(form("its public key is not base64"));
            }
        }
        Ok(())
    }
}

/// The name of a receipt beside its file: `NAME.byok` has `NAME.receipt.json`.
pub fn receipt_name(file_name: &str) -> String {
    let bare = file_name.strip_suffix(".byok").unwrap_or(file_name);
    format!("{bare}.receipt.json")
}

fn is_digest(text: &str) -> bool {
    text.parse::<Thumbprint>()
        .is_ok_and(|digest| digest.to_string() == text)
}

fn sha256(bytes: &[u8]) -> String {
    // The same form as a thumbprint's: 64 lower-case hexadecimal digits.
    crate::to_hex(&Sha256::digest(bytes))
}

fn form(why: &str) -> Error {
    Error::Receipt {
        code: "receipt-form",
        message: format!("this is no receipt that can be used: {why}"),
        advice: "Give the receipt that Keyferry wrote beside the file, unchanged; or say --kty and --curve in its place.",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::{
        AuditEntry, AuditEvent, AuditHead, Finding, Outcome, PrivateKeyCheck, PublicKeyCheck,
        Requester, chain,
    };
    use serde_json::{Value, json};

    /// As receipts of before have it.
    fn bare(seq: u64) -> RecordPlace {
        RecordPlace {
            seq,
            time: "2026-11-25T08:00:00Z".to_owned(),
            hash: AuditHash::GENESIS,
            prev: None,
            line: None,
        }
    }

    fn place(seq: u64) -> RecordPlace {
        let head = AuditHead {
            seq: seq - 1,
            hash: AuditHash::GENESIS,
        };
        let entry = AuditEntry::new(AuditEvent::WrapOutcome, Outcome::Done, Requester::Page);
        RecordPlace::from(&chain(&head, "2026-11-25T08:00:00Z", entry))
    }

    fn receipt() -> Receipt {
        Receipt {
            receipt_version: Receipt::VERSION,
            generator: "keyferry".to_owned(),
            file_sha256: sha256(b"file"),
            ciphertext_sha256: sha256(b"ciphertext"),
            target: TargetKind::P256,
            key_label: "pay\u{202e}".to_owned(),
            key_id: "01".to_owned(),
            spki: Some(crate::to_base64(b"spki")),
            kid: format!(
                "https://contoso.vault.azure.net/keys/KEK/{}",
                "0".repeat(32)
            ),
            kek_thumbprint_sha256: sha256(b"kek"),
            token: TokenInfo {
                label: "t".to_owned(),
                manufacturer: "m".to_owned(),
                model: "x".to_owned(),
                serial: "1".to_owned(),
                firmware: "1.0".to_owned(),
                software: false,
            },
            strategy: Strategy::OaepKwp,
            self_test: SelfTest::Exact,
            attestation: None,
            audit: place(7),
            import: Some(ImportRecord {
                kid: "https://contoso.vault.azure.net/keys/pay/1".to_owned(),
                verification: Some(Verification {
                    public_key: PublicKeyCheck::Equal,
                    private_key: PrivateKeyCheck::Signed,
                    algorithm: Some("ES256".to_owned()),
                    findings: vec![Finding::note("a", "b", "c")],
                }),
                audit: place(9),
            }),
        }
    }

    #[test]
    fn reads_what_it_writes_with_and_without_an_import() {
        let whole = receipt();
        assert_eq!(Receipt::parse(&whole.to_bytes()).unwrap(), whole);
        let bare = Receipt {
            import: None,
            ..receipt()
        };
        assert_eq!(Receipt::parse(&bare.to_bytes()).unwrap(), bare);
        assert_eq!(bare.spki_der().unwrap(), b"spki");
    }

    #[test]
    fn reads_a_receipt_that_names_its_line_and_does_not_repeat_it() {
        let before = Receipt {
            audit: self::bare(7),
            ..receipt()
        };
        assert!(!String::from_utf8_lossy(&before.to_bytes()).contains("null,\n    \"line\""));
        assert_eq!(Receipt::parse(&before.to_bytes()).unwrap(), before);
        assert_eq!(before.audit.audit_line(), None);
        assert_eq!(receipt().audit.audit_line().unwrap().seq, 7);
    }

    #[test]
    fn is_of_one_file_alone() {
        let receipt = receipt();
        assert_eq!(receipt.check_file(b"file"), Ok(()));
        for other in [&b""[..], b"file\n", b"File"] {
            assert_eq!(
                receipt.check_file(other).unwrap_err().code(),
                "receipt-other-file"
            );
        }
    }

    /// What is changed, and how.
    type Change = (&'static str, fn(&mut Value));

    #[test]
    fn refuses_another_form_of_itself() {
        let text = |change: fn(&mut Value)| {
            let mut value: Value = serde_json::from_slice(&receipt().to_bytes()).unwrap();
            change(&mut value);
            value.to_string().into_bytes()
        };
        let changes: [Change; 14] = [
            ("another version", |v| v["receipt_version"] = 2.into()),
            ("a member more", |v| v["more"] = 1.into()),
            ("a member more inside", |v| v["audit"]["more"] = 1.into()),
            ("a member less", |v| {
                v.as_object_mut().unwrap().remove("target");
            }),
            ("an unknown kind", |v| v["target"] = "P-224".into()),
            ("an upper-case digest", |v| {
                v["file_sha256"] = "A".repeat(64).into();
            }),
            ("a short digest", |v| {
                v["kek_thumbprint_sha256"] = "00".into()
            }),
            ("a public key of AES", |v| v["target"] = "AES-256".into()),
            ("a public key that is not base64", |v| {
                v["spki"] = "@".into()
            }),
            ("a list", |v| *v = json!([])),
            ("another line's number", |v| v["audit"]["seq"] = 8.into()),
            ("another line's time", |v| {
                v["audit"]["time"] = "2026-11-25T08:00:01Z".into();
            }),
            ("a line without what it follows", |v| {
                v["import"]["audit"].as_object_mut().unwrap().remove("prev");
            }),
            ("a changed line", |v| {
                let line = v["audit"]["line"]
                    .as_str()
                    .unwrap()
                    .replace("done", "failed");
                v["audit"]["line"] = line.into();
            }),
        ];
        for (what, change) in changes {
            assert_eq!(
                Receipt::parse(&text(change)).unwrap_err().code(),
                "receipt-form",
                "{what}"
            );
        }
        let twice =
            String::from_utf8(receipt().to_bytes())
                .unwrap()
                .replacen('{', "{\"kid\":\"x\",", 1);
        assert!(Receipt::parse(twice.as_bytes()).is_err(), "a member twice");
        assert!(Receipt::parse(&vec![b' '; MAX_RECEIPT + 1]).is_err());
        assert!(Receipt::parse(b"").is_err());
    }

    #[test]
    fn stands_beside_its_file() {
        assert_eq!(receipt_name("a.byok"), "a.receipt.json");
        assert_eq!(receipt_name("a.b"), "a.b.receipt.json");
    }
}
