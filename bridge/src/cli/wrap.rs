//! `wrap`: one key, wrapped to one KEK, in one file.

use futures_util::future::BoxFuture;
use keyferry_core::{
    ApprovalKind, KeySelector, Requester, Strategy, TargetKind, Thumbprint, import_commands,
    visible,
};
use serde::Serialize;

use super::args::{self, Global};
use super::out::Out;
use super::output_file::{Existing, OutputFile};
use super::run::Ending;
use super::{kek, settings};
use crate::Error;
use crate::approve::{Approval, ByFlag, Consent, DisposableQuestion, Prompter, WrapQuestion};
use crate::audit_log::AuditLog;
use crate::digest::sha256_hex;
use crate::error::shown;
use crate::session::TokenSession;
use crate::transfer::{self, Transfer, TransferOrder};

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    file: String,
    sha256: String,
    kid: String,
    kek_thumbprint_sha256: String,
    target: TargetKind,
    strategy: Strategy,
    ciphertext_bytes: usize,
}

pub(super) async fn run(
    global: &Global,
    arguments: &args::Wrap,
    out: &Out,
) -> Result<Ending, Error> {
    let settings = global.settings()?;
    let existing = if arguments.force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    let output = OutputFile::check(&arguments.out, existing)?;
    // No practice vault belongs to this run, so a practice kid is none here.
    let (kek, verdict) = kek::admit(
        &arguments.kek,
        arguments.beside.as_deref(),
        arguments.kid.as_deref(),
        &settings.file.admission(None)?,
    )?;
    verdict
        .findings
        .iter()
        .for_each(|finding| out.finding(finding));
    let thumbprint = kek.thumbprint().to_string();
    let kid = kek.kid().clone();

    let audit = AuditLog::open(&settings.state)?;
    let prompter = settings::prompter(&settings)?;
    let mut consent = Shown {
        flag: flag(arguments)?,
        prompter: prompter.clone(),
        out,
    };
    let session = TokenSession::new(&settings, prompter);
    let order = TransferOrder {
        kek,
        key: KeySelector {
            label: arguments.key.clone(),
            id: arguments.key_id.clone(),
        },
        asked_by: Requester::CommandLine,
        software: settings.software,
        unproven: arguments.unproven,
    };
    let transfer = transfer::wrap(&session, order, &mut consent, &audit, |_| {}).await?;

    let file = transfer.blob.to_bytes();
    output.write(&file)?;
    let report = Report {
        file: arguments.out.to_string_lossy().into_owned(),
        sha256: sha256_hex(&file),
        kid: kid.as_str().to_owned(),
        kek_thumbprint_sha256: thumbprint,
        target: transfer.target,
        strategy: transfer.strategy,
        ciphertext_bytes: transfer.blob.ciphertext().as_bytes().len(),
    };
    if out.is_json() {
        out.object(&report);
    } else {
        show(&report, &transfer, arguments, &kid, out);
    }
    Ok(Ending::Good)
}

/// `--expect-kek` counts even beside `--yes`: it can only refuse more.
fn flag(arguments: &args::Wrap) -> Result<Option<ByFlag>, Error> {
    if let Some(text) = &arguments.expect_kek {
        let expected: Thumbprint = text.parse().map_err(|error: keyferry_core::Error| {
            Error::Usage(format!("--expect-kek: {error}"))
        })?;
        return Ok(Some(ByFlag::ExpectedKek(expected)));
    }
    Ok(arguments.yes.then_some(ByFlag::Yes))
}

/// A flag answers the command line's own question, shown on standard error; all else is asked at a prompt.
struct Shown<'a> {
    flag: Option<ByFlag>,
    prompter: Prompter,
    out: &'a Out,
}

impl Consent for Shown<'_> {
    fn rule_out(&self, kek: &Thumbprint) -> Result<(), Error> {
        self.flag.as_ref().map_or(Ok(()), |flag| flag.rule_out(kek))
    }

    fn allow_disposable<'a>(
        &'a mut self,
        question: &'a DisposableQuestion,
    ) -> BoxFuture<'a, Result<ApprovalKind, Error>> {
        self.prompter.allow_disposable(question)
    }

    fn ask<'a>(&'a mut self, question: &'a WrapQuestion) -> BoxFuture<'a, Result<Approval, Error>> {
        match &mut self.flag {
            Some(flag) if question.choice.self_test.passed() => {
                self.out.note(question.facts().trim_end());
                flag.ask(question)
            }
            Some(_) | None => self.prompter.ask(question),
        }
    }
}

fn show(
    report: &Report,
    transfer: &Transfer,
    arguments: &args::Wrap,
    kid: &keyferry_core::Kid,
    out: &Out,
) {
    transfer
        .findings
        .iter()
        .for_each(|finding| out.finding(finding));
    out.verdict(
        true,
        &format!(
            "Wrapped {} ({}) with {}",
            visible(&transfer.label),
            report.target,
            report.strategy
        ),
    );
    out.line(&format!(
        "  File     {} ({} bytes of ciphertext)",
        shown(&arguments.out),
        report.ciphertext_bytes
    ));
    out.line(&format!("  SHA-256  {}", report.sha256));
    let commands = import_commands(kid, &key_name(&transfer.label), report.target, &report.file);
    out.line("");
    out.line("Import it with");
    out.line(&format!("  {}", visible(&commands.az)));
    if let Some(powershell) = &commands.powershell {
        out.line("or in PowerShell");
        out.line(&format!("  {}", visible(powershell)));
    }
    commands
        .notes
        .iter()
        .for_each(|finding| out.finding(finding));
}

/// A name that the vault takes (letters, digits and hyphens), from the key's label.
fn key_name(label: &str) -> String {
    let name: String = label
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '-'
            }
        })
        .collect();
    let name: String = name.trim_matches('-').chars().take(127).collect();
    if name.is_empty() {
        "imported-key".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_becomes_a_name_that_a_vault_takes() {
        assert_eq!(key_name("Signing key (2026)"), "Signing-key--2026");
        assert_eq!(key_name("ключ"), "imported-key");
        assert_eq!(key_name(&"a".repeat(300)).len(), 127);
    }
}
