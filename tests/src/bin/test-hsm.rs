//! The transfer suite on a token of your own: `make test-hsm` says how.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people at a terminal"
)]

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use keyferry_tests::desk::build_folder;
use keyferry_tests::trial::{Options, Trial, announce};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("test-hsm: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, String> {
    let options = Options::read()?;
    println!("{}", announce(&options));
    if !options.yes && !agreed()? {
        return Err("nothing was done".to_owned());
    }
    let pin = options.pin()?;
    // A transfer that fails is told in the report, not as a panic.
    std::panic::set_hook(Box::new(|_| {}));
    let trial = Trial::begin(&options, pin)?;
    let report = trial.run(&options, |line| eprintln!("  {line}"));
    let text = report.markdown();
    println!("\n{text}");
    let file = build_folder().join("test-hsm.md");
    std::fs::write(&file, &text).map_err(|error| error.to_string())?;
    eprintln!("The same stands in {}.", file.display());
    Ok(report.is_good())
}

fn agreed() -> Result<bool, String> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err("nobody can be asked here: set YES=1 to agree beforehand".to_owned());
    }
    print!("Go on? [y/N] ");
    let _ = std::io::stdout().flush();
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    read.map_err(|error| error.to_string())?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
