//! `report.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Form, Head};
use crate::batch::ledger::{ApprovalNote, Counts, Detail, LedgerRow, Step};
use crate::batch::plan::{PlanHash, PlanKey, PlanLine, PlanToken, Stay};

/// One object, its rows written as they come.
#[derive(Default)]
pub(super) struct Json {
    begun: bool,
}

#[derive(Serialize)]
struct Opening<'a> {
    report_version: u32,
    written: &'a str,
    plan: PlanHash,
    token: &'a PlanToken,
    counts: Counts,
    approvals: &'a [ApprovalNote],
    stays: &'a [Stay],
}

#[derive(Serialize)]
struct Line<'a> {
    number: u32,
    key: &'a PlanKey,
    vault: &'a str,
    name: &'a str,
    kid: &'a str,
    step: Step,
    attempts: u32,
    #[serde(flatten)]
    detail: &'a Detail,
}

impl Form for Json {
    fn begin(&mut self, head: &Head<'_>, to: &mut dyn Write) -> io::Result<()> {
        let header = head.plan.header();
        let opening = serde_json::to_string(&Opening {
            report_version: 1,
            written: &head.written,
            plan: head.plan.hash(),
            token: &header.token,
            counts: head.counts,
            approvals: &head.approvals,
            stays: &header.stays,
        })?;
        // The object stays open for its rows.
        write!(
            to,
            "{},\n\"lines\":[",
            opening.strip_suffix('}').unwrap_or(&opening)
        )
    }

    fn row(&mut self, line: &PlanLine, row: &LedgerRow, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(if self.begun { b",\n" } else { b"\n" })?;
        self.begun = true;
        serde_json::to_writer(
            to,
            &Line {
                number: line.number,
                key: &line.key,
                vault: &line.vault,
                name: &line.name,
                kid: &line.kid,
                step: row.step,
                attempts: row.attempts,
                detail: &row.detail,
            },
        )?;
        Ok(())
    }

    fn end(&mut self, _head: &Head<'_>, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(b"\n]}\n")
    }
}
