//! The vaults of a manifest, each with its KEK.

use std::collections::HashMap;
use std::path::PathBuf;

use keyferry_core::{Admission, VaultAddress, visible};

use super::member::Members;
use super::problem::Problems;
use super::raw::RawLine;

/// Most vaults of a manifest.
const MAX_VAULTS: usize = 1_000;

/// Where a KEK comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KekPlace {
    /// A file, as `az keyvault key show` writes it or as PEM.
    File {
        /// The file; relative to the manifest's folder.
        path: PathBuf,
        /// Its identifier, for a file that has none or to hold it to.
        kid: Option<String>,
    },
    /// The vault itself, by the KEK's identifier.
    Vault {
        /// The identifier.
        kid: String,
    },
}

/// A vault that keys go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestVault {
    /// Where the manifest names it, from 1.
    pub line: u32,
    /// Its address.
    pub address: VaultAddress,
    /// Its KEK.
    pub kek: KekPlace,
    /// The KEK's attestation; relative to the manifest's folder.
    pub attestation: Option<PathBuf>,
}

/// The vaults, as they are gathered.
#[derive(Debug, Default)]
pub(super) struct Vaults {
    pub(super) list: Vec<ManifestVault>,
    by_record: Vec<Partial>,
    /// Addresses as lines spell them, and the vault's place; none for one that was told to be wrong.
    spelt: HashMap<String, Option<usize>>,
}

/// A vault of a CSV, until all records are read: each of them may say a part.
#[derive(Debug)]
struct Partial {
    line: u32,
    address: VaultAddress,
    /// Value and line, for `kek`, `kid` and `attestation`.
    said: [Option<(String, u32)>; 3],
}

impl Vaults {
    /// Adds a `[[vault]]`.
    pub(super) fn add(&mut self, raw: &RawLine, admission: &Admission, problems: &mut Problems) {
        let none = RawLine::default();
        let members = Members {
            own: raw,
            defaults: &none,
        };
        let Some(url) = members.text("url", problems) else {
            if raw.of("url").is_none() {
                problems.add(
                    raw.line,
                    "manifest-vault",
                    "the vault has no url",
                    "Give its address, https://NAME.vault.azure.net.",
                );
            }
            return;
        };
        let address = match VaultAddress::parse(url, admission) {
            Ok(address) => address,
            Err(error) => return problems.add_core(raw.line, url, &error),
        };
        if let Some(before) = self.list.iter().find(|vault| vault.address == address) {
            return problems.add(
                raw.line,
                "manifest-vault-twice",
                format!("lines {} and {} name the same vault", before.line, raw.line),
                "Leave one away: a vault has one KEK in a batch.",
            );
        }
        if self.list.len() == MAX_VAULTS {
            return too_many(raw.line, problems);
        }
        let mut said = |name| members.text(name, problems).map(str::to_owned);
        let (kek, kid, attestation) = (said("kek"), said("kid"), said("attestation"));
        self.list
            .extend(vault(raw.line, address, kek, kid, attestation, problems));
    }

    /// Takes up what a record of a CSV says of its vault; returns the vault's place in the list.
    pub(super) fn of_record(
        &mut self,
        members: Members<'_>,
        admission: &Admission,
        problems: &mut Problems,
    ) -> Option<usize> {
        let line = members.line();
        let url = members.text("vault", problems);
        let index = match url {
            Some(url) => match self.spelt.get(url) {
                Some(known) => (*known)?,
                None => {
                    let index = self.new_record_vault(url, line, admission, problems);
                    self.spelt.insert(url.to_owned(), index);
                    index?
                }
            },
            // One vault alone need be named but once.
            None if self.by_record.len() == 1 => 0,
            None => {
                problems.add(
                    line,
                    "manifest-vault",
                    "the line names no vault",
                    "Give the vault's address, https://NAME.vault.azure.net.",
                );
                return None;
            }
        };
        for (place, name) in super::raw::OF_KEK.into_iter().enumerate() {
            let Some(value) = members.text(name, problems) else {
                continue;
            };
            let said = self.by_record.get_mut(index)?.said.get_mut(place)?;
            match said {
                None => *said = Some((value.to_owned(), line)),
                Some((before, _)) if before == value => {}
                Some((_, first)) => problems.add(
                    line,
                    "manifest-vault-disagrees",
                    format!("lines {first} and {line} give one vault two different {name}"),
                    "A vault has one KEK in a batch: give the same, or leave the cell empty.",
                ),
            }
        }
        Some(index)
    }

    fn new_record_vault(
        &mut self,
        url: &str,
        line: u32,
        admission: &Admission,
        problems: &mut Problems,
    ) -> Option<usize> {
        match VaultAddress::parse(url, admission) {
            Ok(address) => {
                // The same in another spelling.
                let known = |vault: &Partial| vault.address == address;
                if let Some(index) = self.by_record.iter().position(known) {
                    return Some(index);
                }
                if self.by_record.len() == MAX_VAULTS {
                    too_many(line, problems);
                    return None;
                }
                self.by_record.push(Partial {
                    line,
                    address,
                    said: [None, None, None],
                });
                Some(self.by_record.len() - 1)
            }
            Err(error) => {
                problems.add_core(line, url, &error);
                None
            }
        }
    }

    /// All records are read: what they said makes vaults.
    pub(super) fn finish(mut self, problems: &mut Problems) -> Vec<ManifestVault> {
        for partial in self.by_record {
            let [kek, kid, attestation] = partial.said.map(|said| said.map(|(value, _)| value));
            let made = vault(
                partial.line,
                partial.address,
                kek,
                kid,
                attestation,
                problems,
            );
            self.list.extend(made);
        }
        self.list
    }

    /// The `[[vault]]` that a line names.
    pub(super) fn find(
        &mut self,
        members: Members<'_>,
        admission: &Admission,
        problems: &mut Problems,
    ) -> Option<usize> {
        let line = members.line();
        let Some(url) = members.text("vault", problems) else {
            if self.list.len() != 1 {
                problems.add(
                    line,
                    "manifest-vault",
                    "the line names no vault, and there is not exactly one",
                    "Give the vault's address in the line or in [defaults].",
                );
            }
            return (self.list.len() == 1).then_some(0);
        };
        if let Some(known) = self.spelt.get(url) {
            return *known;
        }
        let index = match VaultAddress::parse(url, admission) {
            Ok(address) => self.list.iter().position(|vault| vault.address == address),
            Err(error) => {
                problems.add_core(line, url, &error);
                self.spelt.insert(url.to_owned(), None);
                return None;
            }
        };
        if index.is_none() {
            problems.add(
                line,
                "manifest-vault",
                format!("no [[vault]] has the address {}", visible(url)),
                "Add it, with its KEK.",
            );
        }
        self.spelt.insert(url.to_owned(), index);
        index
    }
}

fn too_many(line: u32, problems: &mut Problems) {
    problems.add(
        line,
        "manifest-vaults",
        format!("the manifest names more than {MAX_VAULTS} vaults"),
        "Split it into several batches.",
    );
}

fn vault(
    line: u32,
    address: VaultAddress,
    kek: Option<String>,
    kid: Option<String>,
    attestation: Option<String>,
    problems: &mut Problems,
) -> Option<ManifestVault> {
    let kek = match (kek, kid) {
        (Some(file), kid) => KekPlace::File {
            path: file.into(),
            kid,
        },
        (None, Some(kid)) => KekPlace::Vault { kid },
        (None, None) => {
            problems.add(
                line,
                "manifest-kek",
                format!("nothing says which KEK the vault {address} has"),
                "Give kek, a file as `az keyvault key show -o json` writes it, or kid, its identifier.",
            );
            return None;
        }
    };
    Some(ManifestVault {
        line,
        address,
        kek,
        attestation: attestation.map(PathBuf::from),
    })
}
