//! Batches as the page reaches them: plans that were made in this run, and the folders of those that were begun.
//!
//! The page names keys, a KEK and wishes. Where a batch lies (`batches/HASH` in the state folder), which ledger it
//! has and how it is worked off are not the page's to say.

mod folder;
mod order;
mod planned;
mod progress;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use keyferry_core::{Admission, PlanAnswer, PlanRun, PlanState, PlanStatus};

use super::desk::PlanRequest;
use super::vaults::Vaults;
use crate::Error;
use crate::approve::Prompter;
use crate::audit_log::AuditLog;
use crate::batch::run::Stop;
use crate::batch::{PlanHash, ReportFiles};
use crate::config::SoftwareKeys;
use crate::session::TokenSession;
use crate::state::StateFolder;
use folder::Folders;
pub(super) use folder::report_page;
use planned::Planned;

/// The page's batches on this machine.
pub(super) struct Batches {
    state: StateFolder,
    folders: Folders,
    planned: Planned,
}

/// What a batch stands on: the bridge's own parts.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) session: &'a Arc<TokenSession>,
    pub(super) prompter: &'a Prompter,
    pub(super) audit: &'a Arc<AuditLog>,
    pub(super) admission: &'a Admission,
    pub(super) software: SoftwareKeys,
    pub(super) vaults: &'a Arc<Vaults>,
}

impl Batches {
    pub(super) fn new(state: StateFolder) -> Self {
        Self {
            folders: Folders::of(state.clone()),
            state,
            planned: Planned::default(),
        }
    }

    /// Makes a plan and keeps it until it is run, or until newer ones have taken its place.
    pub(super) async fn plan(
        &self,
        ground: Ground<'_>,
        request: PlanRequest,
    ) -> Result<PlanAnswer, Error> {
        let plan = Arc::new(order::plan(ground, request).await?);
        let answer = planned::answer(&plan);
        self.planned.keep(plan);
        Ok(answer)
    }

    /// The batches that were begun here and are not whole, the newest first.
    pub(super) async fn unfinished(&self) -> Result<Vec<PlanStatus>, Error> {
        self.folders.unfinished().await
    }

    /// Where a plan is: what its ledger says, or that it waits to be run.
    pub(super) async fn status(&self, plan: PlanHash) -> Result<Option<PlanStatus>, Error> {
        if let Some(status) = self.folders.status(plan).await? {
            return Ok(Some(status));
        }
        let planned = self.planned.find(plan);
        Ok(planned.map(|plan| progress::first(&plan, PlanState::Ready)))
    }

    /// Where the report of a plan lies, whether or not it is there.
    pub(super) fn report(&self, plan: PlanHash) -> Result<PathBuf, Error> {
        Ok(ReportFiles::in_folder(&self.folders.place(plan)?).html)
    }

    /// Runs a plan or goes on with it.
    pub(super) async fn run(
        &self,
        ground: Ground<'_>,
        plan: PlanHash,
        PlanRun { import }: PlanRun,
        stop: Stop,
        observe: impl Fn(PlanStatus) + Send + Sync + 'static,
    ) -> Result<PlanStatus, Error> {
        let order = work::Order {
            state: &self.state,
            path: self.folders.place(plan)?,
            plan,
            planned: self.planned.find(plan),
            import,
        };
        work::run(ground, order, stop, Arc::new(observe)).await
    }
}
