//! Who says yes in a transfer: the same as for `wrap` and `vault import`.

use futures_util::future::BoxFuture;
use keyferry_core::{ApprovalKind, ImportPlan, KeyName, Requester, TargetKind, Thumbprint};

use super::Transfer;
use crate::Error;
use crate::approve::{
    Approval, Consent, DisposableQuestion, Prompter, VaultQuestion, WrapQuestion,
};
use crate::cli::vault::import::import_action;
use crate::stopwatch::Stopwatch;
use crate::vault::{ImportSubject, VaultClient};

/// For the import: a key that can leave the vault again is asked for every time.
pub(super) async fn of_import(
    arguments: &Transfer,
    prompter: &Prompter,
    client: &VaultClient,
    name: &KeyName,
    plan: &ImportPlan,
    subject: &ImportSubject,
    target: TargetKind,
) -> Result<Option<ApprovalKind>, Error> {
    if !plan.is_exportable() {
        return Ok(None);
    }
    if arguments.yes {
        return Ok(Some(ApprovalKind::ByFlag));
    }
    let question = VaultQuestion {
        vault: client.vault().clone(),
        signed_in: client.credential().to_string(),
        action: import_action(name, plan, subject, target),
        asked_by: Requester::CommandLine,
    };
    let approval = prompter.confirm_vault(&question).await?;
    Ok(Some(approval.consume(client.vault(), &question.action)?))
}

/// Takes the time that a person needs.
pub(super) struct Timed<'a> {
    pub(super) inner: &'a mut dyn Consent,
    pub(super) asked: Stopwatch,
}

impl Consent for Timed<'_> {
    fn rule_out(&self, kek: &Thumbprint) -> Result<(), Error> {
        self.inner.rule_out(kek)
    }

    fn allow_disposable<'a>(
        &'a mut self,
        question: &'a DisposableQuestion,
    ) -> BoxFuture<'a, Result<ApprovalKind, Error>> {
        let asked = self.asked.clone();
        Box::pin(async move { asked.time(self.inner.allow_disposable(question)).await })
    }

    fn ask<'a>(&'a mut self, question: &'a WrapQuestion) -> BoxFuture<'a, Result<Approval, Error>> {
        let asked = self.asked.clone();
        Box::pin(async move { asked.time(self.inner.ask(question)).await })
    }
}
