//! `kek`: is this a KEK that a key may be wrapped to?

use std::path::Path;

use keyferry_core::{
    Admission, Examination, Kek, KekSource, KekVerdict, MAX_KEK_DOCUMENT, Thumbprint,
    thumbprint_command, visible,
};

use super::args::{self, Global};
use super::document;
use super::out::Out;
use super::run::Ending;
use super::table;
use crate::Error;
use crate::clock;

pub(super) fn run(global: &Global, arguments: &args::Kek, out: &Out) -> Result<Ending, Error> {
    Ok(tell(&examine(arguments, &global.admission()?)?, out))
}

/// Prints a verdict, and how the vault's side shows the same.
pub(super) fn tell(examination: &Examination, out: &Out) -> Ending {
    let verdict = &examination.verdict;
    if out.is_json() {
        out.object(verdict);
    } else {
        show(verdict, out);
        let kid = examination.kek.as_ref().map(Kek::kid);
        if let Some(command) = kid.and_then(thumbprint_command) {
            out.line("");
            out.line("The vault's side shows the same thumbprint with");
            out.line(&format!("  {command}"));
        }
    }
    if verdict.admitted {
        Ending::Good
    } else {
        Ending::Negative
    }
}

/// Reads and examines a KEK document, and the one beside it.
fn examine(arguments: &args::Kek, admission: &Admission) -> Result<Examination, Error> {
    let document = document::read(&arguments.file, MAX_KEK_DOCUMENT)?;
    let beside = read_beside(arguments.beside.as_deref())?;
    Ok(Kek::examine(&KekSource {
        document: &document,
        beside: beside.as_deref(),
        kid: arguments.kid.as_deref(),
        now: clock::now(),
        admission,
    }))
}

/// Reads a KEK document and takes only an admitted KEK, with the verdict for its warnings.
pub(super) fn admit(
    file: &Path,
    beside: Option<&Path>,
    kid: Option<&str>,
    admission: &Admission,
) -> Result<(Kek, KekVerdict), Error> {
    let document = document::read(file, MAX_KEK_DOCUMENT)?;
    let beside = read_beside(beside)?;
    let source = KekSource {
        document: &document,
        beside: beside.as_deref(),
        kid,
        now: clock::now(),
        admission,
    };
    Ok((Kek::admit(&source)?, Kek::examine(&source).verdict))
}

fn read_beside(file: Option<&Path>) -> Result<Option<Vec<u8>>, Error> {
    file.map(|file| document::read(file, MAX_KEK_DOCUMENT))
        .transpose()
}

fn show(verdict: &KekVerdict, out: &Out) {
    out.verdict(
        verdict.admitted,
        if verdict.admitted {
            "KEK admitted"
        } else {
            "KEK refused"
        },
    );
    let mut rows = Vec::new();
    let mut row = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            rows.push([format!("  {name}"), value]);
        }
    };
    row("Kid", verdict.kid.as_deref().map(visible));
    row("Size", verdict.bits.map(|bits| format!("RSA {bits} bits")));
    row(
        "Exponent",
        verdict.exponent.map(|exponent| exponent.to_string()),
    );
    row(
        "Thumbprint",
        verdict.thumbprint_sha256.as_deref().map(grouped),
    );
    row(
        "JWK thumbprint",
        verdict.jwk_thumbprint.as_deref().map(visible),
    );
    for line in table::lines(&rows) {
        out.line(&line);
    }
    for finding in &verdict.findings {
        out.finding(finding);
    }
}

/// In groups, which people can compare.
fn grouped(thumbprint: &str) -> String {
    thumbprint
        .parse::<Thumbprint>()
        .map_or_else(|_| visible(thumbprint), |thumbprint| thumbprint.grouped())
}
