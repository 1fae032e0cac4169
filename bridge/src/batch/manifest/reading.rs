//! A manifest as it is read: what its form gives, in portions, becomes vaults and lines.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use keyferry_core::Admission;

use super::duplicates;
use super::line::{self, ManifestLine, Policies};
use super::member::Members;
use super::problem::{ManifestError, Problems};
use super::raw::{Raw, RawLine};
use super::read::{Form, MAX_LINES, Manifest};
use super::vault::Vaults;
use crate::Error;
use crate::batch::plan::Sharing;

/// What was read so far.
pub(super) struct Reading<'a> {
    form: Form,
    admission: &'a Admission,
    defaults: RawLine,
    vaults: Vaults,
    policies: Policies<'a>,
    sharing: Sharing,
    lines: Vec<ManifestLine>,
    /// How many lines there were, good or not.
    count: usize,
    pub(super) problems: Problems,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        form: Form,
        admission: &'a Admission,
        read: &'a dyn Fn(&Path) -> Result<Vec<u8>, Error>,
    ) -> Self {
        Self {
            form,
            admission,
            defaults: RawLine::default(),
            vaults: Vaults::default(),
            policies: Policies::new(read),
            sharing: Sharing::default(),
            lines: Vec::new(),
            count: 0,
            problems: Problems::default(),
        }
    }

    /// One with nothing read yet.
    pub(super) fn fresh(&self) -> Self {
        Self::new(self.form, self.admission, self.policies.read)
    }

    /// Whether no line was there.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes a portion. Defaults count for the lines after them; it goes no further where a line is one too many.
    pub(super) fn add(&mut self, raw: Raw) -> ControlFlow<()> {
        for vault in &raw.vaults {
            self.vaults.add(vault, self.admission, &mut self.problems);
        }
        if let Some(defaults) = raw.defaults {
            self.defaults = defaults;
        }
        raw.lines.iter().try_for_each(|line| self.line(line))
    }

    /// Takes one line.
    pub(super) fn line(&mut self, own: &RawLine) -> ControlFlow<()> {
        if self.count == MAX_LINES {
            self.problems.add(
                own.line,
                "manifest-lines",
                format!("the manifest has more than {MAX_LINES} lines"),
                "Split it into several batches.",
            );
            return ControlFlow::Break(());
        }
        self.count += 1;
        let members = Members {
            own,
            defaults: &self.defaults,
        };
        let (admission, problems) = (self.admission, &mut self.problems);
        let vault = match self.form {
            Form::Toml => self.vaults.find(members, admission, problems),
            Form::Csv => self.vaults.of_record(members, admission, problems),
        };
        if let Some(mut line) = line::read(members, vault, &mut self.policies, problems) {
            self.sharing.wishes(&mut line.wishes);
            self.lines.push(line);
        }
        ControlFlow::Continue(())
    }

    /// The manifest, with nothing wrong in it; `name` is what problems call the file.
    pub(super) fn finish(mut self, name: &str) -> Result<Manifest, ManifestError> {
        let vaults = self.vaults.finish(&mut self.problems);
        if self.count == 0 {
            self.problems.add(
                None,
                "manifest-empty",
                "the manifest names no key",
                "Add a line for each key, or a glob.",
            );
        }
        duplicates::refuse(&self.lines, &mut self.problems);
        if self.problems.is_empty() {
            self.lines.shrink_to_fit();
            Ok(Manifest {
                folder: PathBuf::new(),
                vaults,
                lines: self.lines,
            })
        } else {
            Err(self.problems.refuse(name))
        }
    }
}
