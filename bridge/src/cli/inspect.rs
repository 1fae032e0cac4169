//! `inspect`: is this a key transfer file that a vault would take?

use keyferry_core::{Inspection, MAX_BLOB, inspect, visible};

use super::args::{self, Global};
use super::out::Out;
use super::run::Ending;
use super::{document, kek, table};
use crate::Error;

pub(super) fn run(global: &Global, arguments: &args::Inspect, out: &Out) -> Result<Ending, Error> {
    let admission = global.admission()?;
    let kek = match &arguments.kek {
        Some(file) => Some(kek::admit(file, None, arguments.kid.as_deref(), &admission)?.0),
        None => None,
    };
    let bytes = document::read(&arguments.file, MAX_BLOB)?;
    let inspection = inspect(&bytes, kek.as_ref(), &admission);
    if out.is_json() {
        out.object(&inspection);
    } else {
        show(&inspection, out);
    }
    Ok(if inspection.accepted {
        Ending::Good
    } else {
        Ending::Negative
    })
}

fn show(inspection: &Inspection, out: &Out) {
    out.verdict(
        inspection.accepted,
        if inspection.accepted {
            "Key transfer file accepted"
        } else {
            "Key transfer file refused"
        },
    );
    let readings: Vec<String> = inspection
        .readings
        .iter()
        .map(|reading| {
            format!(
                "{} under a KEK of {} bits",
                reading.target, reading.kek_bits
            )
        })
        .collect();
    let mut rows = Vec::new();
    let mut row = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            rows.push([format!("  {name}"), value]);
        }
    };
    row("Kid", inspection.kid.as_deref().map(visible));
    row(
        "KEK",
        inspection.kek_bits.map(|bits| format!("{bits} bits")),
    );
    row(
        "Ciphertext",
        inspection
            .ciphertext_bytes
            .map(|bytes| format!("{bytes} bytes")),
    );
    row(
        "Holds",
        (!readings.is_empty()).then(|| readings.join(", or ")),
    );
    // Made visible by core.
    row("Generator", inspection.generator.clone());
    for line in table::lines(&rows) {
        out.line(&line);
    }
    for finding in &inspection.findings {
        out.finding(finding);
    }
}
