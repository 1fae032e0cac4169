//! The only place that writes to standard output and standard error.

use std::io::{BufWriter, IsTerminal, Write};
use std::sync::atomic::{AtomicI32, Ordering};

use keyferry_core::{ErrorBody, Finding, Severity, visible};
use owo_colors::{OwoColorize, Style};
use serde::Serialize;

use crate::Error;

/// Where a verb's words go, and in which form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Out {
    json: bool,
    colour: bool,
}

#[derive(Serialize)]
struct ErrorObject {
    error: ErrorBody,
}

impl Out {
    pub(super) fn new(json: bool) -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::io::stdout().is_terminal()
            && std::io::stderr().is_terminal();
        Self { json, colour }
    }

    /// True when standard output is to carry one JSON object and nothing else.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// The verb's one JSON object.
    pub(super) fn object(&self, object: &impl Serialize) {
        // As it is written: a plan of many keys is never in memory as one text. What is given here are our own types,
        // so that nothing but the stream can fail.
        let mut stream = BufWriter::new(std::io::stdout().lock());
        let written = serde_json::to_writer(&mut stream, object).map_err(std::io::Error::from);
        note_loss(
            written
                .and_then(|()| writeln!(stream))
                .and_then(|()| stream.flush()),
        );
    }

    /// Text for people on standard output; nothing with `--json`.
    pub(super) fn line(&self, text: &str) {
        if !self.json {
            write_out(text);
        }
    }

    /// A block that ends with its own line break, whatever the form.
    pub(super) fn text(&self, text: &str) {
        write_out(text.trim_end());
    }

    /// Text for people that is not the verb's result: on standard error.
    pub(super) fn note(&self, text: &str) {
        write_note(text);
    }

    /// An error: for people on standard error, as an object on standard output.
    pub(super) fn error(&self, error: &Error) {
        if self.json {
            self.object(&ErrorObject {
                error: error.body(),
            });
            return;
        }
        self.error_for_people(error);
    }

    /// An error on standard error, whatever the form.
    pub(super) fn error_for_people(&self, error: &Error) {
        let name = format!("error[{}]", error.code());
        self.note(&format!(
            "{}: {error}",
            self.paint(&name, Style::new().red().bold())
        ));
        self.note(&format!("  help: {}", error.advice()));
    }

    /// One finding, for people: severity and code, what, and what to do.
    pub(super) fn finding(&self, finding: &Finding) {
        let (word, style) = match finding.severity {
            Severity::Error => ("error", Style::new().red().bold()),
            Severity::Warning => ("warning", Style::new().yellow().bold()),
            Severity::Unchecked => ("unchecked", Style::new().cyan()),
            Severity::Note => ("note", Style::new().dimmed()),
        };
        let name = format!("{word}[{}]", finding.code);
        self.line(&format!(
            "{}: {}",
            self.paint(&name, style),
            visible(&finding.message)
        ));
        if !finding.advice.is_empty() {
            self.line(&format!("  help: {}", visible(&finding.advice)));
        }
    }

    /// A verdict's headline.
    pub(super) fn verdict(&self, good: bool, text: &str) {
        let style = if good {
            Style::new().green().bold()
        } else {
            Style::new().red().bold()
        };
        self.line(&self.paint(text, style));
    }

    pub(super) fn paint(&self, text: &str, style: Style) -> String {
        if self.colour {
            text.style(style).to_string()
        } else {
            text.to_owned()
        }
    }
}

/// Why standard output took not all that it was given: the system's error number, 0 while it did.
static LOST: AtomicI32 = AtomicI32::new(0);

/// Why a part of standard output is lost, if it is.
pub(super) fn lost() -> Option<Error> {
    match LOST.load(Ordering::Relaxed) {
        0 => None,
        number => Some(Error::OutputUnwritable {
            path: "standard output".to_owned(),
            source: std::io::Error::from_raw_os_error(number),
        }),
    }
}

fn write_out(text: &str) {
    let mut stream = std::io::stdout().lock();
    note_loss(writeln!(stream, "{text}").and_then(|()| stream.flush()));
}

fn note_loss(written: std::io::Result<()>) {
    match written {
        // A reader that has gone away (a closed pipe) is no failure of the verb.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            // A full disk, for the few errors that have no number.
            let number = error.raw_os_error().unwrap_or(28);
            LOST.store(number, Ordering::Relaxed);
        }
        _ => {}
    }
}

/// What cannot be said on standard error cannot be said.
fn write_note(text: &str) {
    let mut stream = std::io::stderr().lock();
    let _ = writeln!(stream, "{text}");
    let _ = stream.flush();
}
