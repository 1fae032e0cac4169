//! What is wrong with a manifest, by line.

use std::fmt;

use keyferry_core::visible;
use serde::Serialize;

/// How many problems are told; further ones are counted.
pub const MAX_PROBLEMS: usize = 50;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line in the file, from 1; null when it concerns the file as a whole.
    pub line: Option<u32>,
    /// Stable kebab-case name.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "line {line}: {}", self.message),
            None => formatter.write_str(&self.message),
        }
    }
}

/// A manifest that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// The file, shown.
    pub file: String,
    /// The first problems, by line.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

impl ManifestError {
    /// The code of the only kind of problem, or one for several.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.problems.split_first() {
            Some((first, rest)) if rest.iter().all(|problem| problem.code == first.code) => {
                first.code
            }
            _ => "manifest-refused",
        }
    }

    /// What to do about the first; the others carry their own.
    #[must_use]
    pub fn advice(&self) -> &str {
        self.problems
            .first()
            .map_or("", |problem| problem.advice.as_str())
    }
}

impl fmt::Display for ManifestError {
    /// One line a problem, as people read it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.problems.len() + self.more;
        match self.problems.as_slice() {
            [only] if total == 1 => write!(formatter, "{}: {only}", self.file),
            problems => {
                write!(formatter, "{} has {total} problems", self.file)?;
                for problem in problems {
                    write!(formatter, "\n  {problem} [{}]", problem.code)?;
                }
                if self.more > 0 {
                    write!(formatter, "\n  and {} more", self.more)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ManifestError {}

/// Problems as they are found.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<Problem>,
    more: usize,
}

impl Problems {
    /// Adds one.
    pub(super) fn add(
        &mut self,
        line: impl Into<Option<u32>>,
        code: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        if self.found.len() == MAX_PROBLEMS {
            self.more += 1;
            return;
        }
        self.found.push(Problem {
            line: line.into(),
            code,
            message: message.into(),
            advice: advice.into(),
        });
    }

    /// Adds what core refused, in its own words.
    pub(super) fn add_core(&mut self, line: u32, what: &str, error: &keyferry_core::Error) {
        self.add(
            line,
            error.code(),
            format!("{}: {error}", visible(what)),
            error.advice(),
        );
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The refusal, by line.
    pub(super) fn refuse(mut self, file: &str) -> ManifestError {
        self.found.sort_by_key(|problem| problem.line);
        ManifestError {
            file: file.to_owned(),
            problems: self.found,
            more: self.more,
        }
    }
}
