//! The receipt as a page for the auditor's folder: one file without script, that a browser shows and a printer puts
//! on A4. Foreign text is made visible and then escaped.

use crate::audit::AuditLine;
use crate::{PrivateKeyCheck, PublicKeyCheck, Receipt, RecordPlace, SelfTest, html_text};
use std::fmt::{Display, Write};

/// Nothing is loaded, and nothing runs: the policy says so to the browser, too.
const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Keyferry receipt</title>
<style>
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; color: #111; background: #fff; }
h1 { font-size: 1.5em; margin-bottom: .2em; } h2 { font-size: 1.1em; margin: 1.5em 0 .4em; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: .25em .8em .25em 0; border-bottom: 1px solid #bbb; overflow-wrap: anywhere; }
th { width: 30%; font-weight: 600; } tr { break-inside: avoid; }
code, pre { font: 12px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { border: 1px solid #bbb; padding: .6em; margin: .4em 0; }
.sign { margin-top: 3em; display: flex; gap: 3em; } .sign p { flex: 1; border-top: 1px solid #111; padding-top: .3em; }
@page { size: A4; margin: 18mm 16mm; }
@media print { body { margin: 0; padding: 0; max-width: none; font-size: 10.5pt; } code, pre { font-size: 8.5pt; } h2 { break-after: avoid; } }
</style>
</head>
<body>
"#;

/// The name of the page beside its receipt: `NAME.receipt.json` has `NAME.receipt.html`.
pub fn receipt_page_name(receipt_name: &str) -> String {
    let bare = receipt_name.strip_suffix(".json").unwrap_or(receipt_name);
    format!("{bare}.html")
}

/// The page of one line of the record, for whoever has no receipt of it: a whole HTML document in UTF-8.
pub fn line_page(line: &AuditLine) -> String {
    let mut page = Page(HEAD.to_owned());
    page.raw("<h1>A line of the record</h1>\n");
    let entry = &line.entry;
    page.table("What happened", |page| {
        page.row("Event", entry.event.name());
        page.row("Outcome", entry.outcome.name());
        let foreign = [
            ("Code", &entry.code),
            ("Key", &entry.key_label),
            ("Key's id", &entry.key_id),
            ("Token's serial number", &entry.token_serial),
            ("Token's firmware", &entry.token_firmware),
            ("KEK", &entry.kid),
            (
                "SHA-256 of the KEK's public key",
                &entry.kek_thumbprint_sha256,
            ),
            ("SHA-256 of the ciphertext", &entry.ciphertext_sha256),
            ("SHA-256 of the file", &entry.file_sha256),
            ("Key in the vault", &entry.vault_kid),
            ("Signed in by", &entry.credential),
            ("Verified", &entry.verified),
        ];
        for (name, value) in foreign {
            if let Some(value) = value {
                page.row(name, value);
            }
        }
        if let Some(target) = entry.target {
            page.row("Kind", target);
        }
        if let Some(strategy) = entry.strategy {
            page.row("Wrapped by", strategy);
        }
        if let Some(outcome) = entry.self_test {
            page.row("Self-test of that", self_test(outcome));
        }
        if let Some(attestation) = &entry.attestation {
            page.row("Attestation", attestation);
        }
    });
    place(
        &mut page,
        "Its place in the record",
        &RecordPlace::from(line),
    );
    page.end();
    page.0
}

/// The page of a receipt: a whole HTML document in UTF-8.
pub fn receipt_page(receipt: &Receipt) -> String {
    let mut page = Page(HEAD.to_owned());
    page.raw("<h1>Receipt of a key transfer</h1>\n");
    page.raw(if receipt.import.is_some() {
        "<p>A key was wrapped in the HSM to a key exchange key, and imported.</p>\n"
    } else {
        "<p>A key was wrapped in the HSM to a key exchange key. It has not been imported as far as this receipt knows.</p>\n"
    });

    page.table("Key", |page| {
        page.row("Label", &receipt.key_label);
        page.row("Id", &receipt.key_id);
        page.row("Kind", receipt.target);
        let token = &receipt.token;
        page.row(
            "Token",
            format!(
                "{} ({} {}), serial {}, firmware {}",
                token.label.trim(),
                token.manufacturer.trim(),
                token.model.trim(),
                token.serial.trim(),
                token.firmware
            ),
        );
        if token.software {
            page.row(
                "Protection",
                "software: this token is no hardware, and the key was never in any",
            );
        }
        if let Some(spki) = &receipt.spki {
            page.code("Public key (SubjectPublicKeyInfo)", spki);
        }
    });
    page.table("Key exchange key", |page| {
        page.code("Identifier", &receipt.kid);
        page.code("SHA-256 of its public key", &receipt.kek_thumbprint_sha256);
        page.row(
            "Attestation",
            match &receipt.attestation {
                Some(attestation) => attestation.to_string(),
                None => "none was looked at".to_owned(),
            },
        );
    });
    page.table("File", |page| {
        page.code("SHA-256 of the file", &receipt.file_sha256);
        page.code(
            "SHA-256 of the ciphertext in it",
            &receipt.ciphertext_sha256,
        );
        page.row("Wrapped by", receipt.strategy);
        page.row("Self-test of that", self_test(receipt.self_test));
        page.row("Written by", &receipt.generator);
    });
    if let Some(import) = &receipt.import {
        page.table("Import", |page| {
            page.code("Imported as", &import.kid);
            match &import.verification {
                None => page.row("Comparison with the HSM's key", "not done yet"),
                Some(verification) => {
                    page.row("Public key", public_key(verification.public_key));
                    page.row("Private key", private_key(verification.private_key));
                    if let Some(algorithm) = &verification.algorithm {
                        page.row("Algorithm of that", algorithm);
                    }
                    for finding in &verification.findings {
                        page.row(&finding.code, &finding.message);
                    }
                }
            }
        });
    }
    place(&mut page, "The wrap in the record", &receipt.audit);
    if let Some(import) = &receipt.import {
        place(&mut page, "The import in the record", &import.audit);
    }
    page.end();
    page.0
}

fn place(page: &mut Page, title: &str, place: &RecordPlace) {
    let line = place.audit_line();
    page.table(title, |page| {
        page.row("Line", place.seq);
        page.row("Time (as the machine's clock said)", &place.time);
        if let Some(approval) = line.as_ref().and_then(approval) {
            page.row("Consent", approval);
        }
        if let Some(second) = line
            .as_ref()
            .and_then(|line| line.entry.second_approver.as_ref())
        {
            page.row("Second approver", second);
        }
        if let Some(asked) = line.as_ref().map(asked_by) {
            page.row("Asked for by", asked);
        }
        match place.prev {
            Some(prev) => page.code("Hash of the line before", prev),
            None => page.row("Hash of the line before", "not in this receipt"),
        }
        page.code("Hash of this line", place.hash);
    });
    if line.is_some()
        && let Some(text) = &place.line
    {
        page.raw("<p>The line itself:</p>\n<pre>");
        page.json(text);
        page.raw("</pre>\n");
    }
}

/// As the line has it, in the words that the record uses.
fn approval(line: &AuditLine) -> Option<String> {
    let kind = serde_json::to_value(line.entry.approval?).ok()?;
    Some(kind.as_str()?.replace('-', " "))
}

fn asked_by(line: &AuditLine) -> String {
    serde_json::to_value(line.entry.asked_by)
        .ok()
        .and_then(|value| value.as_str().map(|text| text.replace('-', " ")))
        .unwrap_or_default()
}

fn self_test(outcome: SelfTest) -> String {
    match outcome {
        SelfTest::Exact => {
            "exact: what came out of this token was opened and was the key".to_owned()
        }
        other => other.to_string(),
    }
}

fn public_key(check: PublicKeyCheck) -> &'static str {
    match check {
        PublicKeyCheck::Equal => "equal to the HSM's",
        PublicKeyCheck::Differs => "NOT the HSM's: the vault holds another key",
        PublicKeyCheck::NoneToSee => {
            "none: the key is symmetric, equality cannot be seen from outside"
        }
        PublicKeyCheck::NothingToCompare => "the HSM's was not known: nothing to compare with",
    }
}

fn private_key(check: PrivateKeyCheck) -> &'static str {
    match check {
        PrivateKeyCheck::Signed => "the vault signed, and the HSM's public key verified it",
        PrivateKeyCheck::Decrypted => {
            "the vault decrypted what was encrypted to the HSM's public key"
        }
        PrivateKeyCheck::Unwrapped => {
            "the vault unwrapped what was encrypted to the HSM's public key"
        }
        PrivateKeyCheck::Failed => "does NOT belong to the HSM's public key",
        PrivateKeyCheck::NotDone => "not tested",
    }
}

struct Page(String);

impl Page {
    /// How to check it, and where to sign.
    fn end(&mut self) {
        self.raw(
            "<p>The record is a chain: each line holds the hash of the one before. A line's hash is SHA-256 over \
             <code>keyferry audit line 1</code>, a line break, and the line without its member <code>hash</code>. \
             <code>keyferry audit verify --receipt FILE</code> checks that the record still holds these lines.</p>\n\
             <div class=\"sign\"><p>Place and date</p><p>Name and signature</p></div>\n</body>\n</html>\n",
        );
    }

    /// Markup of our own.
    fn raw(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    fn table(&mut self, title: &str, rows: impl FnOnce(&mut Self)) {
        // Writing to a String cannot fail, here and below.
        let _ = write!(self.0, "<h2>{title}</h2>\n<table>\n");
        rows(self);
        self.raw("</table>\n");
    }

    fn row(&mut self, name: &str, value: impl Display) {
        self.cells(name, &value.to_string(), "", "");
    }

    fn code(&mut self, name: &str, value: impl Display) {
        self.cells(name, &value.to_string(), "<code>", "</code>");
    }

    fn cells(&mut self, name: &str, value: &str, before: &str, after: &str) {
        self.raw("<tr><th scope=\"row\">");
        self.text(name);
        self.raw("</th><td>");
        self.raw(before);
        self.long(value);
        self.raw(after);
        self.raw("</td></tr>\n");
    }

    /// Foreign text of any length: what is made visible is cut at some length, so it goes in pieces.
    fn long(&mut self, text: &str) {
        let mut rest = text.chars();
        loop {
            let piece: String = rest.by_ref().take(256).collect();
            if piece.is_empty() {
                break;
            }
            self.text(&piece);
        }
    }

    /// A line of JSON. Its own escapes stay as they are, so that it can be compared letter by letter; only what
    /// JSON leaves hidden is made visible.
    fn json(&mut self, text: &str) {
        for (at, piece) in text.split('\\').enumerate() {
            if at > 0 {
                self.raw("\\");
            }
            self.long(piece);
        }
    }

    fn text(&mut self, text: &str) {
        self.0.push_str(&html_text(text));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::audit::{
        ApprovalKind, AuditEntry, AuditEvent, AuditHead, Outcome, Requester, chain,
    };
    use crate::{Finding, ImportRecord, Strategy, TargetKind, TokenInfo, Verification};

    const FOREIGN: &str = "<img src=x onerror=alert(1)>&\"'\u{202e}\\";

    fn line(event: AuditEvent) -> RecordPlace {
        let mut entry = AuditEntry::new(event, Outcome::Done, Requester::CommandLine);
        entry.key_label = Some(FOREIGN.to_owned());
        entry.approval = Some(ApprovalKind::ByFlag);
        entry.second_approver = Some(FOREIGN.to_owned());
        RecordPlace::from(&chain(&AuditHead::GENESIS, "2026-11-25T08:00:00Z", entry))
    }

    fn receipt() -> Receipt {
        Receipt {
            receipt_version: Receipt::VERSION,
            generator: FOREIGN.to_owned(),
            file_sha256: "11".repeat(32),
            ciphertext_sha256: "22".repeat(32),
            target: TargetKind::P256,
            key_label: FOREIGN.to_owned(),
            key_id: FOREIGN.to_owned(),
            spki: Some("c3BraQ==".to_owned()),
            kid: FOREIGN.to_owned(),
            kek_thumbprint_sha256: "33".repeat(32),
            token: TokenInfo {
                label: FOREIGN.to_owned(),
                manufacturer: FOREIGN.to_owned(),
                model: FOREIGN.to_owned(),
                serial: FOREIGN.to_owned(),
                firmware: FOREIGN.to_owned(),
                software: true,
            },
            strategy: Strategy::OaepKwp,
            self_test: SelfTest::Exact,
            attestation: None,
            audit: line(AuditEvent::WrapOutcome),
            import: Some(ImportRecord {
                kid: FOREIGN.to_owned(),
                verification: Some(Verification {
                    public_key: PublicKeyCheck::Equal,
                    private_key: PrivateKeyCheck::Signed,
                    algorithm: Some(FOREIGN.to_owned()),
                    findings: vec![Finding::note("a", FOREIGN, "b")],
                }),
                audit: line(AuditEvent::Verify),
            }),
        }
    }

    #[test]
    fn tells_the_transfer_and_both_places_in_the_record() {
        let receipt = receipt();
        let page = receipt_page(&receipt);
        let hash = receipt.audit.hash.to_string();
        for told in [
            &receipt.file_sha256,
            &receipt.ciphertext_sha256,
            &receipt.kek_thumbprint_sha256,
            &hash,
            &receipt.import.as_ref().unwrap().audit.hash.to_string(),
            "c3BraQ==",
            "P-256",
            "oaep+kwp",
            "software: this token is no hardware",
            "equal to the HSM&#39;s",
            "by flag",
            "command line",
            &"0".repeat(64),
        ] {
            assert!(page.contains(told), "{told}");
        }
    }

    #[test]
    fn foreign_text_is_neither_markup_nor_hidden_wherever_it_stands() {
        let page = receipt_page(&receipt());
        let body = page.split_once("<body>").unwrap().1;
        assert!(!body.contains("<img"), "{body}");
        assert!(!body.contains('\u{202e}'));
        assert!(body.contains("&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;\\u{202e}"));
        // Only tags of our own.
        for tag in body.split('<').skip(1) {
            let name = tag.trim_start_matches('/');
            let name = name.split([' ', '>']).next().unwrap();
            let ours = [
                "h1", "h2", "p", "table", "tr", "th", "td", "code", "pre", "div", "body", "html",
            ];
            assert!(ours.contains(&name), "{tag}");
        }
    }

    #[test]
    fn the_line_on_the_page_can_be_compared_letter_by_letter() {
        let mut receipt = receipt();
        let mut entry = AuditEntry::new(AuditEvent::WrapOutcome, Outcome::Done, Requester::Page);
        entry.key_label = Some("a \\ \"b\"\n".repeat(200));
        receipt.audit =
            RecordPlace::from(&chain(&AuditHead::GENESIS, "2026-11-25T08:00:00Z", entry));
        let page = receipt_page(&receipt);
        let shown = page
            .split("<pre>")
            .nth(1)
            .unwrap()
            .split("</pre>")
            .next()
            .unwrap();
        let shown = shown
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<");
        let shown = shown.replace("&gt;", ">").replace("&amp;", "&");
        assert_eq!(shown, receipt.audit.line.unwrap());
    }

    #[test]
    fn a_line_has_a_page_too() {
        let receipt = receipt();
        let line = receipt.audit.audit_line().unwrap();
        let page = line_page(&line);
        for told in [
            "wrap-outcome",
            "by flag",
            &line.hash.to_string(),
            "&lt;img src=x",
        ] {
            assert!(page.contains(told), "{told}");
        }
        assert!(!page.contains("<img"));
    }

    #[test]
    fn loads_and_runs_nothing() {
        let page = receipt_page(&receipt());
        assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
        for never in [
            "<script",
            "<link",
            "http-equiv=\"refresh\"",
            "url(",
            "@import",
            "<iframe",
        ] {
            assert!(!page.contains(never), "{never}");
        }
    }

    #[test]
    fn a_receipt_of_before_or_without_an_import_says_what_it_does_not_know() {
        let mut receipt = receipt();
        receipt.import = None;
        receipt.audit.line = None;
        receipt.audit.prev = None;
        let page = receipt_page(&receipt);
        assert!(page.contains("not in this receipt"));
        assert!(page.contains("has not been imported"));
        assert!(!page.contains("<pre>"));
        assert_eq!(receipt_page_name("a.receipt.json"), "a.receipt.html");
    }
}
