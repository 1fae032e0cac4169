//! `doctor`: can this workstation do a transfer?

mod show;
mod tables;

use clap::Args;

use super::args::Global;
use super::out::Out;
use super::run::Ending;
use super::settings;
use crate::Error;
use crate::doctor::{Order, SelfTestWish, examine, without_module};

/// What `doctor` takes.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Prove each way of wrapping with disposable keys; needs a login
    #[arg(long)]
    self_test: bool,
}

pub(super) async fn run(global: &Global, arguments: &Doctor, out: &Out) -> Result<Ending, Error> {
    let profile = global.profile()?;
    let report = match profile {
        Some(profile) if global.module.is_none() => without_module(profile),
        _ => {
            let settings = global.settings()?;
            let order = Order {
                prompter: settings::prompter(&settings)?,
                settings: &settings,
                profile,
                self_test: if arguments.self_test {
                    SelfTestWish::Yes
                } else {
                    SelfTestWish::No
                },
            };
            examine(order).await?
        }
    };
    if out.is_json() {
        out.object(&report);
    } else {
        show::report(&report, out);
    }
    Ok(if report.is_good() {
        Ending::Good
    } else {
        Ending::Negative
    })
}
