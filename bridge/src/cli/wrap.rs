//! `wrap`: one key, wrapped to one KEK, in one file.

use std::future::ready;
use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use keyferry_core::{
    ApprovalKind, KeyName, KeySelector, MAX_ATTESTATION, Requester, Strategy, TargetKind,
    Thumbprint, import_commands, receipt_name, receipt_page, receipt_page_name, visible,
};
use serde::Serialize;

use super::args::{self, Global};
use super::out::Out;
use super::output_file::{Existing, OutputFile};
use super::run::Ending;

use super::{document, kek_source, settings};
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
    receipt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_page: Option<String>,
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
    let receipt_path = receipt_beside(&arguments.out);
    let receipt_output = OutputFile::check(&receipt_path, existing)?;
    let page_path = arguments.receipt_page.then(|| page_beside(&receipt_path));
    let page_output = match &page_path {
        Some(path) => Some(OutputFile::check(path, existing)?),
        None => None,
    };
    let found = kek_source::admit(arguments, &settings, out).await?;
    let kek = found.kek;
    found
        .verdict
        .findings
        .iter()
        .for_each(|finding| out.finding(finding));
    // A file that was given counts, whatever the vault says.
    let attestation = match &arguments.attestation {
        Some(file) => Some(document::read(file, MAX_ATTESTATION)?),
        None => found.attestation,
    };
    let thumbprint = kek.thumbprint().to_string();
    let kid = kek.kid().clone();

    let audit = AuditLog::open(&settings.state)?;
    let prompter = settings::prompter(&settings)?;
    let mut consent = Shown {
        flag: flag(arguments.expect_kek.as_deref(), arguments.yes.into())?,
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
        attestation,
    };
    let transfer = transfer::wrap(&session, order, &mut consent, &audit, |_| {}, ready(())).await?;

    let file = transfer.blob.to_bytes();
    output.write(&file)?;
    // The file is what was asked for; without its receipt it can be imported all the same.
    let receipt = transfer.receipt(&file);
    receipt_output.write(&receipt.to_bytes())?;
    if let Some(output) = page_output {
        output.write(receipt_page(&receipt).as_bytes())?;
    }
    let report = Report {
        file: arguments.out.to_string_lossy().into_owned(),
        sha256: sha256_hex(&file),
        kid: kid.as_str().to_owned(),
        kek_thumbprint_sha256: thumbprint,
        target: transfer.target,
        strategy: transfer.strategy,
        ciphertext_bytes: transfer.blob.ciphertext().as_bytes().len(),
        receipt: receipt_path.to_string_lossy().into_owned(),
        receipt_page: page_path.map(|path| path.to_string_lossy().into_owned()),
    };
    if out.is_json() {
        out.object(&report);
    } else {
        show(&report, &transfer, arguments, &kid, out);
    }
    Ok(Ending::Good)
}

/// Whether `--yes` was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Yes {
    Said,
    NotSaid,
}

impl From<bool> for Yes {
    fn from(said: bool) -> Self {
        if said { Self::Said } else { Self::NotSaid }
    }
}

/// `--expect-kek` counts even beside `--yes`: it can only refuse more.
pub(super) fn flag(expect_kek: Option<&str>, yes: Yes) -> Result<Option<ByFlag>, Error> {
    if let Some(text) = expect_kek {
        let expected: Thumbprint = text.parse().map_err(|error: keyferry_core::Error| {
            Error::Usage(format!("--expect-kek: {error}"))
        })?;
        return Ok(Some(ByFlag::ExpectedKek(expected)));
    }
    Ok((yes == Yes::Said).then_some(ByFlag::Yes))
}

/// A flag answers the command line's own question, shown on standard error; all else is asked at a prompt.
pub(super) struct Shown<'a> {
    pub(super) flag: Option<ByFlag>,
    pub(super) prompter: Prompter,
    pub(super) out: &'a Out,
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
    out.line(&format!("  Receipt  {}", visible(&report.receipt)));
    if let Some(page) = &report.receipt_page {
        out.line(&format!("  To print {}", visible(page)));
    }
    let commands = import_commands(
        kid,
        KeyName::from_label(&transfer.label).as_str(),
        report.target,
        &report.file,
    );
    out.line("");
    if cfg!(feature = "vault") {
        out.line("Import it from here with");
        out.line(&format!(
            "  keyferry vault import {} --vault {}",
            shown(&arguments.out),
            visible(&kid.vault_url())
        ));
        out.line("or where az is signed in with");
    } else {
        out.line("Import it with");
    }
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

/// The receipt's place: beside the file, by its name.
pub(super) fn receipt_beside(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(receipt_name(&name))
}

/// The place of a receipt's printable page: beside it, by its name.
pub(super) fn page_beside(receipt: &Path) -> PathBuf {
    let name = receipt.file_name().unwrap_or_default().to_string_lossy();
    receipt.with_file_name(receipt_page_name(&name))
}
