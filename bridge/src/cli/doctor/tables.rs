//! The report's tables for people.

use keyferry_core::{Reason, SelfTest, TargetKind, visible};
use owo_colors::Style;

use crate::cli::out::Out;
use crate::cli::table;
use crate::doctor::{KindVerdict, Report, StrategyReport, TokenReport};
use crate::hsm::SlotInfo;

pub(super) fn slots(slots: &[SlotInfo], out: &Out) {
    if slots.is_empty() {
        return;
    }
    let mut rows = vec![["  SLOT", "TOKEN", "SERIAL", "MODEL"].map(str::to_owned)];
    rows.extend(slots.iter().map(|slot| {
        let place = format!("  {}", slot.slot);
        match &slot.token {
            None => [
                place,
                "no token".to_owned(),
                String::new(),
                visible(&slot.description),
            ],
            Some(token) => [
                place,
                if token.initialised {
                    visible(&token.label)
                } else {
                    "not initialised".to_owned()
                },
                visible(&token.serial),
                visible(&format!("{} {}", token.manufacturer, token.model)),
            ],
        }
    }));
    print(&rows, out);
}

pub(super) fn mechanisms(token: &TokenReport, out: &Out) {
    if token.mechanisms.is_empty() {
        return;
    }
    let mut rows = vec![["  MECHANISM", "NUMBER", "SIZES", "CAN"].map(str::to_owned)];
    rows.extend(token.mechanisms.iter().map(|one| {
        let sizes = match (one.min_key_size, one.max_key_size) {
            (_, 0) => "not said".to_owned(),
            (least, most) => format!("{least} to {most}"),
        };
        [
            format!("  {}", one.name),
            one.number.clone(),
            sizes,
            one.flags.join(", "),
        ]
    }));
    print(&rows, out);
}

pub(super) fn strategies(strategies: &[StrategyReport], out: &Out) {
    let mut rows = vec![["  STRATEGY", "LISTED", "SELF-TEST"].map(str::to_owned)];
    rows.extend(strategies.iter().map(|strategy| {
        [
            format!("  {}", strategy.name),
            if strategy.listed { "yes" } else { "no" }.to_owned(),
            if strategy.listed {
                outcome(strategy)
            } else {
                String::new()
            },
        ]
    }));
    let mut lines = table::lines(&rows).into_iter();
    out.line("");
    out.line(&lines.next().unwrap_or_default());
    for (line, strategy) in lines.zip(strategies) {
        out.line(&out.paint(&line, style_of(strategy)));
    }
}

fn style_of(strategy: &StrategyReport) -> Style {
    match (strategy.listed, strategy.self_test) {
        (false, _) => Style::new().dimmed(),
        (true, SelfTest::Exact) => Style::new().green(),
        (true, SelfTest::TrailingZeros) => Style::new().yellow(),
        (true, SelfTest::NotRun) => Style::new(),
        (true, SelfTest::WrongPadding | SelfTest::WrongHash | SelfTest::Failed) => {
            Style::new().red()
        }
    }
}

pub(super) fn kinds(report: &Report, out: &Out) {
    let same = |verdict: &KindVerdict| {
        let code = |verdict: &KindVerdict| verdict.reasons.first().map(|one| one.code.clone());
        report.verdicts.first().and_then(code) == code(verdict)
    };
    let no = Style::new().red();
    // Said once where it holds for all.
    if let (false, Some(first)) = (report.is_good(), report.verdicts.first())
        && report.verdicts.iter().all(same)
    {
        out.line("");
        let line = format!("  No kind of key can travel: {}", messages(&first.reasons));
        out.line(&out.paint(&line, no));
        return;
    }
    let mut rows = vec![["  KIND", "CAN TRAVEL"].map(str::to_owned)];
    rows.extend(report.verdicts.iter().map(|verdict| {
        let kind = format!("  {}", verdict.kind);
        [kind, travel(report, verdict)]
    }));
    let mut lines = table::lines(&rows).into_iter();
    out.line("");
    out.line(&lines.next().unwrap_or_default());
    for (line, verdict) in lines.zip(&report.verdicts) {
        let style = if verdict.transferable {
            Style::new().green()
        } else {
            no
        };
        out.line(&out.paint(&line, style));
    }
}

fn travel(report: &Report, verdict: &KindVerdict) -> String {
    if !verdict.transferable {
        return format!("no: {}", messages(&verdict.reasons));
    }
    let strategy = match report.strategy_for(verdict.kind) {
        Some(strategy) if strategy.self_test == SelfTest::NotRun => {
            format!("yes, by {}, not proven yet", strategy.name)
        }
        Some(strategy) => format!("yes, by {}", strategy.name),
        None => "yes".to_owned(),
    };
    // No mechanism says which curves of a size there are.
    match verdict.kind {
        TargetKind::P256K => format!("{strategy}, where the token has this curve"),
        _ => strategy,
    }
}

pub(super) fn keys(report: &Report, token: &TokenReport, out: &Out) {
    let Some(keys) = &token.keys else {
        return;
    };
    out.line("");
    if keys.is_empty() {
        out.line(&match a_kind_that_travels(report) {
            Some(kind) => format!(
                "  No keys. Make one that can travel with: keyferry keygen --kind {kind} --label NAME"
            ),
            None => "  No keys.".to_owned(),
        });
        return;
    }
    let mut rows = vec![["  KEY", "ID", "KIND", "CAN TRAVEL"].map(str::to_owned)];
    rows.extend(keys.iter().map(|key| {
        [
            format!("  {}", visible(&key.label)),
            visible(&key.id),
            visible(&key.kind),
            if key.transferable {
                "yes".to_owned()
            } else {
                format!("no: {}", messages(&key.reasons))
            },
        ]
    }));
    for line in table::lines(&rows) {
        out.line(&line);
    }
}

/// RSA-3072 where it can, as it is what most people want; else the first kind that can.
fn a_kind_that_travels(report: &Report) -> Option<TargetKind> {
    let mut can = report.verdicts.iter().filter(|one| one.transferable);
    let first = can.clone().next()?.kind;
    let common = can.find(|one| one.kind == TargetKind::Rsa3072);
    Some(common.map_or(first, |one| one.kind))
}

/// The worst outcome, and that it is not of all kinds where it is not.
fn outcome(strategy: &StrategyReport) -> String {
    let failed = !strategy.self_test.passed() && strategy.self_test != SelfTest::NotRun;
    if failed && !strategy.kinds.is_empty() {
        return format!("{}, but not for every kind", strategy.self_test);
    }
    strategy.self_test.to_string()
}

fn messages(reasons: &[Reason]) -> String {
    let messages: Vec<String> = reasons
        .iter()
        .map(|reason| visible(&reason.message))
        .collect();
    messages.join("; ")
}

fn print<const N: usize>(rows: &[[String; N]], out: &Out) {
    out.line("");
    for line in table::lines(rows) {
        out.line(&line);
    }
}
