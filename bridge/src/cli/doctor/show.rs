//! The report for people.

use keyferry_core::visible;

use super::tables;
use crate::cli::out::Out;
use crate::cli::{settings, table};
use crate::doctor::{ModuleReport, PinReport, ProfileReport, Report, TokenReport};
use crate::hsm::LoginStyle;
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
        tables::slots(&module.slots, out);
    }
    if let Some(token) = &report.token {
        tables::mechanisms(token, out);
        tables::strategies(&report.strategies, out);
        tables::kinds(report, out);
        tables::keys(report, token, out);
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
