//! The report for people.

use keyferry_core::{SelfTest, TargetKind, visible};
use owo_colors::Style;

use crate::cli::out::Out;
use crate::cli::{settings, table};
use crate::doctor::{
    KindVerdict, ModuleReport, PinReport, ProfileReport, Report, StrategyReport, TokenReport,
};
use crate::hsm::{LoginStyle, SlotInfo};
use crate::profile::{ListedByMicrosoft, RecognisedBy};

/// Prints the whole report.
pub(super) fn report(report: &Report, out: &Out) {
    out.verdict(
        report.is_good(),
        if report.is_good() {
            "A key can travel from this workstation"
        } else {
            "No key can travel from this workstation"
        },
    );
    out.line("");
    for line in table::lines(&facts(report)) {
        out.line(&line);
    }
    if let Some(module) = &report.module
        && (module.slots.len() > 1 || report.token.is_none())
    {
        slots(&module.slots, out);
    }
    if let Some(token) = &report.token {
        mechanisms(token, out);
        strategies(&report.strategies, out);
        kinds(report, out);
        keys(report, token, out);
    }
    if let Some(profile) = &report.profile {
        steps(profile, out);
    }
    if !report.findings.is_empty() {
        out.line("");
    }
    for finding in &report.findings {
        out.finding(finding);
    }
}

fn facts(report: &Report) -> Vec<[String; 2]> {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push([format!("  {name}"), value]);
    match &report.module {
        Some(module) => {
            row("Module", module_line(module));
            if let Some(info) = &module.info {
                row(
                    "Library",
                    visible(&format!(
                        "{} by {}, version {}, Cryptoki {}",
                        info.description, info.manufacturer, info.version, info.cryptoki
                    )),
                );
            }
        }
        None => row("Module", "none chosen".to_owned()),
    }
    if let Some(token) = &report.token {
        row("Token", settings::token_line(&token.info));
        row("Slot", token.slot.to_string());
        row("Login", login_line(token));
    }
    if let Some(profile) = &report.profile {
        row("Profile", profile_line(profile));
        let own = profile.own_tool.filter(|_| report.token.is_none());
        if let Some(tool) = own {
            row("Vendor's own", visible(tool));
        }
    }
    rows
}

fn module_line(module: &ModuleReport) -> String {
    // The path was made visible when the report was made.
    let path = module.path.as_deref().unwrap_or("the embedded token");
    if module.loaded {
        path.to_owned()
    } else {
        format!("{path}, not loaded")
    }
}

fn login_line(token: &TokenReport) -> String {
    let way = match token.login {
        None => return "none needed".to_owned(),
        Some(LoginStyle::Pin) => "by PIN",
        Some(LoginStyle::PinPad) => "at the device's PIN pad",
    };
    let done = if token.logged_in {
        "logged in"
    } else {
        "not logged in"
    };
    let pin = match token.pin {
        PinReport::Ok => "",
        PinReport::CountLow => "; a wrong PIN was given, few tries are left",
        PinReport::FinalTry => "; one more wrong PIN locks the token",
        PinReport::Locked => "; locked",
        PinReport::NotSet => "; no PIN is set",
    };
    format!("{way}, {done}{pin}")
}

fn profile_line(profile: &ProfileReport) -> String {
    let by = match profile.recognised_by {
        RecognisedBy::Option => "asked for with --profile",
        RecognisedBy::Token => "by what the token says of itself",
        RecognisedBy::Module => "by what the library says of itself",
        RecognisedBy::LibraryPath => "by the library's file name",
    };
    let listed = match profile.listed {
        ListedByMicrosoft::Yes | ListedByMicrosoft::NewerList => "",
        ListedByMicrosoft::No => ", not on Microsoft's list",
    };
    format!("{} ({}{listed}; {by})", profile.title, profile.name)
}

fn slots(slots: &[SlotInfo], out: &Out) {
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

fn mechanisms(token: &TokenReport, out: &Out) {
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

fn strategies(strategies: &[StrategyReport], out: &Out) {
    let mut rows = vec![["  STRATEGY", "LISTED", "SELF-TEST"].map(str::to_owned)];
    rows.extend(strategies.iter().map(|strategy| {
        [
            format!("  {}", strategy.name),
            if strategy.listed { "yes" } else { "no" }.to_owned(),
            if strategy.listed {
                strategy.self_test.to_string()
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

fn kinds(report: &Report, out: &Out) {
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

fn keys(report: &Report, token: &TokenReport, out: &Out) {
    let Some(keys) = &token.keys else {
        return;
    };
    out.line("");
    if keys.is_empty() {
        out.line(if report.is_good() {
            "  No keys. Make one that can travel with: keyferry keygen --kind RSA-3072 --label NAME"
        } else {
            "  No keys."
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

fn messages(reasons: &[keyferry_core::Reason]) -> String {
    let messages: Vec<String> = reasons
        .iter()
        .map(|reason| visible(&reason.message))
        .collect();
    messages.join("; ")
}

fn steps(profile: &ProfileReport, out: &Out) {
    if profile.steps.is_empty() {
        return;
    }
    out.line("");
    out.line("  The way that exists:");
    for (number, step) in (1..).zip(profile.steps) {
        out.line(&format!("  {number}. {}", step.text));
        if let Some(command) = &step.command {
            out.line(&format!("       {command}"));
        }
    }
}

fn print<const N: usize>(rows: &[[String; N]], out: &Out) {
    out.line("");
    for line in table::lines(rows) {
        out.line(&line);
    }
}
