//! From arguments to exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use keyferry_core::visible;

use super::args::{Arguments, Verb};
use super::out::{Out, lost};
use super::settings::pin_source;
use super::{attest, doctor, harden, inspect, kek, keygen, keys, policy, serve, wrap};
use crate::Error;
use crate::hsm::worker_main;
use crate::pin::{PinSource, env_var};

/// How far behind the HSM's worker the other threads of a batch stand, in steps of `nice` (0 to 19).
#[cfg(target_os = "linux")]
const BEHIND: i32 = 10;

/// How a verb ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Done, or the verdict is good.
    Good,
    /// A verdict was reached, and it is negative.
    Negative,
}

/// Runs the program with the process's own arguments.
#[must_use]
pub fn run() -> ExitCode {
    let raw: Vec<OsString> = std::env::args_os().collect();
    // When the arguments make no sense, whether JSON was asked for still does.
    let json = raw
        .iter()
        .skip(1)
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--json");
    let out = Out::new(json);
    match Arguments::try_parse_from(&raw) {
        Ok(arguments) => ending(&out, dispatch(arguments, &out)),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            out.text(&error.render().to_string());
            ending(&out, Ok(Ending::Good))
        }
        Err(error) => ending(&out, Err(Error::Usage(usage(&error, &raw)))),
    }
}

fn dispatch(arguments: Arguments, out: &Out) -> Result<Ending, Error> {
    let Arguments { global, verb } = arguments;
    #[cfg(feature = "vault")]
    let (global, verb) = {
        let (mut global, mut verb) = (global, verb);
        if let Some(options) = import_options(&mut verb) {
            options.take_policy(&mut global.policy);
        }
        (global, verb)
    };
    if let Some(PinSource::Env(name)) = pin_source(&global)? {
        env_var::hide(&name)?;
    }
    harden::process();
    match verb {
        Verb::Kek(arguments) => kek::run(&global, &arguments, out),
        Verb::Inspect(arguments) => inspect::run(&global, &arguments, out),
        Verb::Attest(arguments) if attest::pins(&arguments) => {
            on_one_thread(attest::keep(&global, &arguments, out))
        }
        Verb::Attest(arguments) => attest::run(&global, &arguments, out),
        Verb::Policy(arguments) => policy::run(&global, &arguments, out),
        Verb::Keys => on_one_thread(keys::run(&global, out)),
        Verb::Doctor(arguments) => on_one_thread(doctor::run(&global, &arguments, out)),
        Verb::Keygen(arguments) => on_one_thread(keygen::run(&global, &arguments, out)),
        Verb::Wrap(arguments) => on_one_thread(interruptible(wrap::run(&global, &arguments, out))),
        Verb::Serve(arguments) => on_threads(serve::run(&global, &arguments, out)),
        #[cfg(feature = "vault")]
        Verb::Demo(arguments) => on_threads(super::demo::run(&global, &arguments, out)),
        #[cfg(not(feature = "vault"))]
        Verb::Demo(_) => Err(Error::Usage("this build has no practice vault".to_owned())),
        Verb::Batch(arguments) => {
            on_threads_behind_the_worker(super::batch::run(&global, &arguments, out))
        }
        #[cfg(feature = "vault")]
        Verb::Transfer(arguments) => on_threads(super::transfer::run(&global, &arguments, out)),
        #[cfg(feature = "vault")]
        Verb::Rehearse(arguments) => on_threads(super::rehearse::run(&global, &arguments, out)),
        #[cfg(feature = "vault")]
        Verb::Vault(arguments) => on_threads(super::vault::run(&global, &arguments, out)),
        Verb::Audit(arguments) => super::audit::run(&global, &arguments, out),
        Verb::HsmWorker => Ok(worker_main().map(|()| Ending::Good)?),
    }
}

#[cfg(feature = "vault")]
fn import_options(verb: &mut Verb) -> Option<&mut super::vault::import_options::ImportOptions> {
    match verb {
        Verb::Transfer(arguments) => Some(&mut arguments.options),
        Verb::Vault(arguments) => arguments.import_options(),
        _ => None,
    }
}

pub(super) fn on_one_thread(
    verb: impl Future<Output = Result<Ending, Error>>,
) -> Result<Ending, Error> {
    run_on(tokio::runtime::Builder::new_current_thread(), verb)
}

/// Ends a verb that writes a file in order when it is stopped: a signal that ended the process at
/// once could leave a part of the file.
async fn interruptible(verb: impl Future<Output = Result<Ending, Error>>) -> Result<Ending, Error> {
    tokio::select! {
        biased;
        () = serve::stopped() => Err(Error::Interrupted),
        ending = verb => ending,
    }
}

/// Two threads serve a page's few requests; more would only cost memory.
fn on_threads(verb: impl Future<Output = Result<Ending, Error>>) -> Result<Ending, Error> {
    run_on(two_threads(), verb)
}

/// The same for many keys: what is done with one that is wrapped can wait, and the next one's wrap gets the processor
/// where the HSM computes on this machine. Workers are started from the main thread, which stays as it is; the successor
/// of a lost one is as these threads are, and no worse off than they.
fn on_threads_behind_the_worker(
    verb: impl Future<Output = Result<Ending, Error>>,
) -> Result<Ending, Error> {
    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_mut, reason = "a thread has no rank of its own there")
    )]
    let mut builder = two_threads();
    #[cfg(target_os = "linux")]
    builder.on_thread_start(|| {
        // Linux takes this for the thread, not for the process. Refused, everything runs as it did before.
        let _unchanged = rustix::process::setpriority_process(None, BEHIND);
    });
    run_on(builder, verb)
}

fn two_threads() -> tokio::runtime::Builder {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2);
    builder
}

fn run_on(
    mut builder: tokio::runtime::Builder,
    verb: impl Future<Output = Result<Ending, Error>>,
) -> Result<Ending, Error> {
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|source| Error::System {
            what: "cannot start the threads",
            source,
        })?;
    let ending = runtime.block_on(verb);
    // A prompt that nobody answers must not hold the program's end.
    runtime.shutdown_background();
    ending
}

fn ending(out: &Out, result: Result<Ending, Error>) -> ExitCode {
    let code = code(out, result);
    match lost() {
        // What was to be said is not said: whoever reads it must not take it for whole.
        Some(error) => {
            out.error_for_people(&error);
            ExitCode::FAILURE
        }
        None => code,
    }
}

fn code(out: &Out, result: Result<Ending, Error>) -> ExitCode {
    match result {
        Ok(Ending::Good) => ExitCode::SUCCESS,
        Ok(Ending::Negative) => ExitCode::FAILURE,
        Err(error) => {
            out.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The verbs that could have come where the command line ended.
fn verbs_after(raw: &[OsString]) -> Vec<String> {
    let mut command = Arguments::command();
    for argument in raw {
        if let Some(verb) = command.find_subcommand(argument) {
            command = verb.clone();
        }
    }
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    verbs.map(|verb| verb.get_name().to_owned()).collect()
}

/// The parser's message in one line, without its usage block.
fn usage(error: &clap::Error, raw: &[OsString]) -> String {
    let text = error.render().to_string();
    let lines = text
        .trim_start_matches("error: ")
        .lines()
        .take_while(|line| !line.trim().is_empty());
    match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            format!("say what to do: {}", verbs_after(raw).join(", "))
        }
        _ => visible(&lines.map(str::trim).collect::<Vec<_>>().join(" ")),
    }
}
