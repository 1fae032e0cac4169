//! The folder of a batch: where its files lie, and how a group of them gets on disk at once.

use std::fs;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};

use super::part::{Flush, Part};
use super::plan::{Plan, PlanLine};
use crate::Error;
use crate::disk;
use crate::error::shown;
use keyferry_core::{file_name, receipt_name, receipt_page_name};

/// Longest part of a vault's name for a key that a file's name takes whole.
const WHOLE: usize = 100;

/// Files of a group that are without a name, and so open, at most: processes have as little as 1,024 open at a time.
const UNNAMED: usize = 512;

/// A batch's folder.
#[derive(Debug, Clone)]
pub struct BatchFolder {
    path: PathBuf,
    /// Whether keys of several vaults lie in it, each in a folder of its own.
    by_vault: bool,
}

/// Where the files of one line lie, from the batch's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFiles {
    /// The key transfer file.
    pub blob: PathBuf,
    /// Its receipt.
    pub receipt: PathBuf,
    /// The receipt for people.
    pub page: PathBuf,
}

impl BatchFolder {
    /// Makes the folder, for its owner alone, unless it is there.
    ///
    /// # Errors
    /// [`Error::OutputUnwritable`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(|error| unwritable(path, error))?;
        disk::private_folder(&path).map_err(|error| unwritable(&path, error))?;
        Ok(Self {
            path,
            by_vault: false,
        })
    }

    /// The same, ready for what `plan` will put into it.
    ///
    /// # Errors
    /// [`Error::OutputUnwritable`].
    pub fn for_plan(mut self, plan: &Plan) -> Result<Self, Error> {
        self.by_vault = plan.header().vaults.len() > 1;
        if self.by_vault {
            for vault in &plan.header().vaults {
                let folder = self.path.join(vault_folder(&vault.url));
                disk::private_folder(&folder).map_err(|error| unwritable(&folder, error))?;
            }
        }
        Ok(self)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a line's files lie.
    #[must_use]
    pub fn files(&self, line: &PlanLine) -> LineFiles {
        let name = if line.name.len() > WHOLE {
            // What is cut off is made up for by the line's number: no two lines share a file.
            let cut: String = line.name.chars().take(WHOLE - 12).collect();
            format!("{cut}-{}", line.number)
        } else {
            line.name.clone()
        };
        let blob = file_name(&name);
        let receipt = receipt_name(&blob);
        let page = receipt_page_name(&receipt);
        let within = if self.by_vault {
            PathBuf::from(vault_folder(&line.vault))
        } else {
            PathBuf::new()
        };
        LineFiles {
            blob: within.join(blob),
            receipt: within.join(receipt),
            page: within.join(page),
        }
    }

    /// A file of the batch, unless it is not there or longer than `limit` bytes.
    #[must_use]
    pub fn read(&self, name: &Path, limit: usize) -> Option<Vec<u8>> {
        let path = self.path.join(name);
        let length = fs::metadata(&path).ok()?.len();
        let fits = usize::try_from(length).is_ok_and(|length| length <= limit);
        fits.then(|| fs::read(&path).ok())?
    }

    /// Writes what a plan does, for people; says where.
    ///
    /// # Errors
    /// [`Error::OutputUnwritable`].
    pub fn write_list(&self, mut list: impl Iterator<Item = String>) -> Result<PathBuf, Error> {
        let path = self.path.join("plan.txt");
        let mut between = "";
        let written = disk::replace_by(&path, |file| {
            list.try_for_each(|line| write!(file, "{}{line}", mem::replace(&mut between, "\n")))
        });
        written.map_err(|error| unwritable(&path, error))?;
        Ok(path)
    }

    /// Puts files on disk together: each whole under its name or not there at all, and all of them durable when
    /// this returns. What an earlier, unfinished try left under a name is replaced.
    ///
    /// # Errors
    /// [`Error::OutputUnwritable`]; what was begun is removed again.
    pub fn write_group(&self, files: &[(PathBuf, Vec<u8>)]) -> Result<(), Error> {
        let mut parts = Vec::with_capacity(files.len());
        let written = self.write_parts(files, &mut parts);
        if written.is_err() {
            for part in parts {
                part.discard();
            }
        }
        written
    }

    fn write_parts(
        &self,
        files: &[(PathBuf, Vec<u8>)],
        parts: &mut Vec<Part>,
    ) -> Result<(), Error> {
        let flush = Flush::begin(&self.path).map_err(|error| unwritable(&self.path, error))?;
        for (name, bytes) in files {
            let whole = self.path.join(name);
            let part = Part::write(&whole, bytes, parts.len() < UNNAMED)
                .map_err(|error| unwritable(&whole, error))?;
            parts.push(part);
        }
        flush
            .contents(parts)
            .map_err(|error| unwritable(&self.path, error))?;
        for ((name, _), part) in files.iter().zip(parts.iter()) {
            let whole = self.path.join(name);
            part.name(&whole)
                .map_err(|error| unwritable(&whole, error))?;
        }
        let mut folders: Vec<PathBuf> = files
            .iter()
            .filter_map(|(name, _)| self.path.join(name).parent().map(Path::to_owned))
            .collect();
        folders.dedup();
        for folder in folders {
            disk::sync_folder(&folder).map_err(|error| unwritable(&folder, error))?;
        }
        Ok(())
    }
}

/// `HOST` or `HOST_PORT` of a vault's address.
fn vault_folder(url: &str) -> String {
    let host = url.strip_prefix("https://").unwrap_or(url);
    let safe = |character: char| {
        if character.is_ascii_alphanumeric() || matches!(character, '.' | '-') {
            character
        } else {
            '_'
        }
    };
    host.chars().map(safe).collect()
}

fn unwritable(path: &Path, source: io::Error) -> Error {
    Error::OutputUnwritable {
        path: shown(path),
        source,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::batch::sample;

    const ONE: &str = "https://contoso.vault.azure.net";
    const TWO: &str = "https://127.0.0.1:8443";

    #[test]
    fn two_lines_never_share_a_file_however_long_their_names_are() {
        let temp = tempfile::tempdir().unwrap();
        let long = "k".repeat(126);
        let names = [format!("{long}a"), format!("{long}b"), "short".to_owned()];
        let keys: Vec<(&str, &str)> = names.iter().map(|name| ("key", name.as_str())).collect();
        let plan = sample::plan(&keys, &[ONE]);
        let folder = BatchFolder::open(temp.path()).unwrap();
        let folder = folder.for_plan(&plan).unwrap();
        let files: std::collections::BTreeSet<PathBuf> = plan
            .lines()
            .iter()
            .flat_map(|line| {
                let files = folder.files(line);
                [files.blob, files.receipt, files.page]
            })
            .collect();
        assert_eq!(files.len(), 9, "{files:?}");
        assert!(files.contains(Path::new("KeyTransferPackage-short.byok")));
        assert!(files.contains(Path::new("KeyTransferPackage-short.receipt.json")));
    }

    #[test]
    fn keys_of_several_vaults_lie_in_a_folder_each() {
        let temp = tempfile::tempdir().unwrap();
        let plan = sample::plan(&[("key", "key")], &[TWO, ONE]);
        let folder = BatchFolder::open(temp.path()).unwrap();
        let folder = folder.for_plan(&plan).unwrap();
        let files = folder.files(plan.line(1).unwrap());
        let blob = "127.0.0.1_8443/KeyTransferPackage-key.byok";
        assert_eq!(files.blob, Path::new(blob));
        folder
            .write_group(&[(files.blob, b"blob".to_vec())])
            .unwrap();
        assert_eq!(fs::read(temp.path().join(blob)).unwrap(), b"blob");
    }

    #[test]
    fn a_group_is_whole_private_and_replaces_what_a_crash_left() {
        let temp = tempfile::tempdir().unwrap();
        let folder = BatchFolder::open(temp.path()).unwrap();
        fs::write(temp.path().join(".a.byok.part"), b"half a longer file").unwrap();
        fs::write(temp.path().join("a.byok"), b"of an unfinished wrap").unwrap();
        let files = [
            ("a.byok".into(), b"a".to_vec()),
            ("b.byok".into(), b"b".to_vec()),
        ];
        folder.write_group(&files).unwrap();
        let mut names: Vec<_> = fs::read_dir(temp.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["a.byok", "b.byok"]);
        assert_eq!(fs::read(temp.path().join("a.byok")).unwrap(), b"a");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(temp.path().join("b.byok"))
                .unwrap()
                .permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_group_that_cannot_be_written_leaves_no_part_of_it() {
        let temp = tempfile::tempdir().unwrap();
        let folder = BatchFolder::open(temp.path()).unwrap();
        let files = [
            ("a.byok".into(), b"a".to_vec()),
            ("none/b.byok".into(), b"b".to_vec()),
        ];
        let error = folder.write_group(&files).unwrap_err();
        assert_eq!(error.code(), "output-unwritable");
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_group_of_more_files_than_are_held_open_is_whole_too() {
        let temp = tempfile::tempdir().unwrap();
        let folder = BatchFolder::open(temp.path()).unwrap();
        let name = |number| PathBuf::from(format!("{number}.byok"));
        let files: Vec<(PathBuf, Vec<u8>)> = (0..UNNAMED + 3)
            .map(|number| (name(number), number.to_string().into_bytes()))
            .collect();
        folder.write_group(&files).unwrap();
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), files.len());
        for (name, bytes) in files {
            assert_eq!(fs::read(temp.path().join(name)).unwrap(), bytes);
        }
    }
}
