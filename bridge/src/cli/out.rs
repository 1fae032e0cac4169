//! The only place that writes to standard output and standard error.

use std::io::{IsTerminal, Write};

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
        // What is given here are our own types: text, numbers and lists.
        let text = serde_json::to_string(object).unwrap_or_default();
        write_line(std::io::stdout(), &text);
    }

    /// Text for people on standard output; nothing with `--json`.
    pub(super) fn line(&self, text: &str) {
        if !self.json {
            write_line(std::io::stdout(), text);
        }
    }

    /// A block that ends with its own line break, whatever the form.
    pub(super) fn text(&self, text: &str) {
        write_line(std::io::stdout(), text.trim_end());
    }

    /// Text for people that is not the verb's result: on standard error.
    pub(super) fn note(&self, text: &str) {
        write_line(std::io::stderr(), text);
    }

    /// An error: for people on standard error, as an object on standard output.
    pub(super) fn error(&self, error: &Error) {
        if self.json {
            self.object(&ErrorObject {
                error: error.body(),
            });
            return;
        }
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

/// A reader that has gone away (a closed pipe) is no failure of the verb.
fn write_line(mut stream: impl Write, text: &str) {
    let _ = writeln!(stream, "{text}");
    let _ = stream.flush();
}
