//! Reading a manifest: size, encoding, form, members, in this order.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use keyferry_core::Admission;

use super::line::ManifestLine;
use super::problem::{ManifestError, Problems};
use super::reading::Reading;
use super::vault::ManifestVault;
use super::{csv_form, encoding, toml_form};
use crate::Error;
use crate::batch::BatchError;
use crate::error::shown;

/// Largest manifest, in bytes. A hundred thousand lines with all members stay below half of it.
pub const MAX_MANIFEST: usize = 64 * 1024 * 1024;

/// Most lines of a manifest.
pub const MAX_LINES: usize = 200_000;

/// How a manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `[[vault]]`, `[defaults]`, `[[key]]`.
    Toml,
    /// A header and records.
    Csv,
}

/// A manifest with nothing wrong that can be told without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub(super) folder: PathBuf,
    pub(super) vaults: Vec<ManifestVault>,
    pub(super) lines: Vec<ManifestLine>,
}

impl Manifest {
    /// Reads a file; `.toml` and `.csv` say what it is. Files that it names are found beside it.
    ///
    /// # Errors
    /// [`Error::FileUnreadable`], or [`ManifestError`] with all that is wrong.
    pub fn read(path: &Path, admission: &Admission) -> Result<Self, Error> {
        let file = shown(path);
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        let form = match extension.to_str() {
            Some("toml") => Form::Toml,
            Some("csv") => Form::Csv,
            _ => {
                return Err(refused(
                    &file,
                    "manifest-form",
                    "its name ends neither in .toml nor in .csv",
                    "Name it by its form.",
                ));
            }
        };
        let bytes = bounded(path)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let beside = |name: &Path| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|error| Error::unreadable(&path, error))
        };
        let mut manifest = Self::parse(&bytes, form, &file, admission, &beside)
            .map_err(|error| Error::from(BatchError::from(error)))?;
        manifest.folder = folder;
        Ok(manifest)
    }

    /// Reads bytes; `name` is what problems call the file, and `read` reads the release policies that it names.
    ///
    /// # Errors
    /// [`ManifestError`] with all that is wrong.
    pub fn parse(
        bytes: &[u8],
        form: Form,
        name: &str,
        admission: &Admission,
        read: &dyn Fn(&Path) -> Result<Vec<u8>, Error>,
    ) -> Result<Self, ManifestError> {
        let mut problems = Problems::default();
        if bytes.len() > MAX_MANIFEST {
            problems.add(
                None,
                "manifest-size",
                format!("the manifest is larger than {} MiB", MAX_MANIFEST >> 20),
                "Split it into several batches.",
            );
            return Err(problems.refuse(name));
        }
        let Some(text) = encoding::text(bytes, &mut problems) else {
            return Err(problems.refuse(name));
        };
        let mut reading = Reading::new(form, admission, read);
        let readable = match form {
            Form::Csv => csv_form::read(text, &mut reading),
            Form::Toml => toml_form::read(text, &mut reading),
        };
        match readable {
            Some(()) => reading.finish(name),
            None => Err(reading.problems.refuse(name)),
        }
    }

    /// The vaults.
    #[must_use]
    pub fn vaults(&self) -> &[ManifestVault] {
        &self.vaults
    }

    /// The lines, in the file's order.
    #[must_use]
    pub fn lines(&self) -> &[ManifestLine] {
        &self.lines
    }

    /// A file that the manifest names.
    #[must_use]
    pub fn beside(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

fn bounded(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |error| Error::unreadable(path, error);
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more tells that it is too large.
    file.take(MAX_MANIFEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

fn refused(file: &str, code: &'static str, message: &str, advice: &str) -> Error {
    let mut problems = Problems::default();
    problems.add(None, code, message, advice);
    BatchError::from(problems.refuse(file)).into()
}
