//! `batch-report.html`: one file without script, that a browser shows and a printer prints. Foreign text is made
//! visible and then escaped.

use std::io::{self, Write};

use keyferry_core::html_text;

use super::{Form, Head, given};
use crate::batch::ledger::{LedgerRow, Step};
use crate::batch::plan::{PlanLine, Stay};

/// The file, written as its rows come.
pub(super) struct Html;

/// Nothing is loaded, and nothing runs: the policy says so to the browser, too.
const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Keyferry batch report</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #111; background: #fff; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 1.6em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2em 1em; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
.lines th, .lines td:nth-child(1), .lines td:nth-child(3), .lines td:nth-child(7) { white-space: nowrap; }
.lines td:nth-child(2) { min-width: 12em; } .lines td:nth-child(5) { min-width: 8em; } .lines td:nth-child(6) { min-width: 35em; }
.lines th:first-child, .lines td:first-child { text-align: right; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .25em .6em .25em 0; border-bottom: 1px solid #bbb; overflow-wrap: anywhere; }
thead { display: table-header-group; } tr { break-inside: avoid; }
code { font: 12px/1.4 ui-monospace, monospace; }
.failed { font-weight: 700; }
@media screen and (max-width: 75em) {
thead { display: none; } tr { display: block; padding: .5em 0; border-bottom: 1px solid #bbb; }
td, .lines td:nth-child(n) { display: block; min-width: 0; padding: 0; border: 0; text-align: left; }
td:first-child { font-weight: 600; } td:first-child::before { content: "Line "; }
.lines td:first-child::before { content: "No. "; } .lines td:nth-child(7):not(:empty)::before { content: "Record, "; }
}
@page { margin: 15mm; size: A4 landscape; }
@media print { body { margin: 0; font-size: 10px; } code { font-size: 9px; } a { color: inherit; } }
</style>
</head>
<body>
<h1>Keyferry batch report</h1>
"#;

impl Form for Html {
    fn begin(&mut self, head: &Head<'_>, to: &mut dyn Write) -> io::Result<()> {
        let header = head.plan.header();
        let counts = head.counts;
        let left = counts.left();
        to.write_all(HEAD.as_bytes())?;
        writeln!(to, "<dl>")?;
        term(to, "Plan", &code(&head.plan.hash().grouped()))?;
        let software = if header.token.software {
            ", software: these keys were never in hardware"
        } else {
            ""
        };
        let token = format!(
            "{} (serial {}{software})",
            html_text(&header.token.label),
            html_text(&header.token.serial)
        );
        term(to, "Token", &token)?;
        let keys = format!(
            "{} in all: {} done, {} failed, {left} left",
            counts.lines, counts.done, counts.failed
        );
        term(to, "Keys", &keys)?;
        for note in &head.approvals {
            let second = note.second.as_deref().map_or_else(String::new, |name| {
                format!(", second person {}", html_text(name))
            });
            let words = format!(
                "{} on {}, {}{second}",
                given(note.kind),
                html_text(&note.host),
                html_text(&note.at)
            );
            term(to, "Approved", &words)?;
        }
        for vault in &header.vaults {
            let words = format!(
                "{} ({} keys), KEK {} of {} bits, thumbprint {}",
                html_text(&vault.url),
                vault.lines,
                code(&vault.kid),
                vault.kek_bits,
                code(&vault.kek_thumbprint_sha256)
            );
            term(to, "Vault", &words)?;
        }
        term(to, "Written", &html_text(&head.written))?;
        writeln!(to, "</dl>\n<h2>Keys that travel</h2>")?;
        writeln!(
            to,
            "<table class=\"lines\"><thead><tr><th>No.</th><th>Key</th><th>Kind</th><th>Vault and name</th><th>Outcome</th><th>File, SHA-256, imported key</th><th>Record</th></tr></thead><tbody>"
        )
    }

    fn row(&mut self, line: &PlanLine, row: &LedgerRow, to: &mut dyn Write) -> io::Result<()> {
        let detail = &row.detail;
        let outcome = match (row.step, &detail.error) {
            (Step::Done, _) => "done".to_owned(),
            (Step::Failed, Some(error)) => format!(
                "<span class=\"failed\">failed</span>: {} <code>{}</code>. {}",
                html_text(&error.message),
                html_text(&error.code),
                html_text(&error.advice)
            ),
            (Step::Failed, None) => "<span class=\"failed\">failed</span>".to_owned(),
            (Step::Planned, _) => "left to do".to_owned(),
            (Step::Wrapped, _) => "wrapped, not imported".to_owned(),
            (Step::Importing, _) => {
                "the vault was asked; whether it has the key is found out by going on".to_owned()
            }
        };
        let parts = [&detail.file, &detail.file_sha256, &detail.imported];
        let files: Vec<String> = parts.into_iter().flatten().map(|part| code(part)).collect();
        let record = detail
            .record
            .map_or_else(String::new, |number| format!("line {number}"));
        writeln!(
            to,
            "<tr><td>{}</td><td>{} <code>{}</code></td><td>{}</td><td>{}<br>{}</td><td>{outcome}</td><td>{}</td><td>{record}</td></tr>",
            line.number,
            html_text(&line.key.label),
            html_text(&line.key.id),
            line.key.kind,
            html_text(&line.vault),
            html_text(&line.name),
            files.join("<br>")
        )
    }

    fn end(&mut self, head: &Head<'_>, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "</tbody></table>")?;
        let stays = head.plan.stays();
        if !stays.is_empty() {
            writeln!(
                to,
                "<h2>What does not travel</h2>\n<table><thead><tr><th>Line of the manifest</th><th>Key</th><th>Why</th></tr></thead><tbody>"
            )?;
            for stay in stays {
                stay_row(stay, to)?;
            }
            writeln!(to, "</tbody></table>")?;
        }
        writeln!(to, "</body>\n</html>")
    }
}

fn stay_row(stay: &Stay, to: &mut dyn Write) -> io::Result<()> {
    let reasons: Vec<String> = stay
        .reasons
        .iter()
        .map(|reason| {
            format!(
                "{} <code>{}</code>. {}",
                html_text(&reason.message),
                html_text(&reason.code),
                html_text(&reason.advice)
            )
        })
        .collect();
    writeln!(
        to,
        "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
        stay.manifest_line,
        html_text(stay.label.as_deref().unwrap_or(&stay.wanted)),
        reasons.join("<br>")
    )
}

fn term(to: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(to, "<dt>{name}</dt><dd>{value}</dd>")
}

fn code(value: &str) -> String {
    format!("<code>{}</code>", html_text(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_loaded_and_nothing_runs() {
        for word in ["<script", "http:", "https:", "src=", "@import", "url("] {
            assert!(!HEAD.contains(word), "{word}");
        }
        assert!(HEAD.contains("default-src 'none'"));
    }
}
