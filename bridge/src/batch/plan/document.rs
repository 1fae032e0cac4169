//! A plan as a document: what `--plan --json` prints, what the page shows, what the ledger keeps.

use base64ct::{Base64, Encoding};
use keyferry_core::{Admission, Kek, KekSource};
use serde::{Deserialize, Serialize, Serializer};

use super::{PlanError, PlanHash, PlanLine, Sharing, Stay, canonical};

/// What is true of a plan as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanHeader {
    /// The form of the document.
    pub plan_version: u32,
    /// The token that holds the keys.
    pub token: PlanToken,
    /// The vaults, by address.
    pub vaults: Vec<PlanVault>,
    /// What does not travel.
    pub stays: Vec<Stay>,
}

/// The token, as it named itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanToken {
    /// Its label.
    pub label: String,
    /// Its serial number.
    pub serial: String,
    /// True for the embedded software token.
    pub software: bool,
}

/// A vault, and the KEK that its keys are wrapped to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanVault {
    /// `https://HOST[:PORT]`.
    pub url: String,
    /// The KEK's identifier.
    pub kid: String,
    /// The KEK's thumbprint, 64 lower-case hexadecimal digits.
    pub kek_thumbprint_sha256: String,
    /// The KEK's size.
    pub kek_bits: u32,
    /// The KEK's document, base64: it is public, and whoever goes on with a plan examines it again.
    pub kek: String,
    /// Its attestation, base64, where one was given.
    pub attestation: Option<String>,
    /// How many lines go there.
    pub lines: u32,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    header: PlanHeader,
    lines: Vec<PlanLine>,
    hash: PlanHash,
}

/// The document, as it is written.
#[derive(Serialize)]
struct Written<'a> {
    plan_version: u32,
    hash: PlanHash,
    token: &'a PlanToken,
    vaults: &'a [PlanVault],
    lines: &'a [PlanLine],
    stays: &'a [Stay],
}

/// The document as it was read, unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    plan_version: u32,
    hash: PlanHash,
    token: PlanToken,
    vaults: Vec<PlanVault>,
    lines: Vec<PlanLine>,
    stays: Vec<Stay>,
}

impl Plan {
    /// The form that this version of Keyferry makes and reads.
    pub const VERSION: u32 = 1;

    /// Puts a plan together; its lines are numbered from 1 in their order.
    ///
    /// # Errors
    /// [`PlanError::Form`] for another version, or when the numbers have gaps.
    pub fn of(header: PlanHeader, lines: Vec<PlanLine>) -> Result<Self, PlanError> {
        if header.plan_version != Self::VERSION {
            return Err(PlanError::Form {
                reason: format!("it has version {}", header.plan_version),
            });
        }
        if !(1..)
            .zip(&lines)
            .all(|(number, line)| line.number == number)
        {
            return Err(PlanError::Form {
                reason: "its lines are not numbered from 1 on".to_owned(),
            });
        }
        let hash = canonical::hash(&header, &lines);
        Ok(Self {
            header,
            lines,
            hash,
        })
    }

    /// Reads a plan that was written as JSON. A document whose content is not what its hash says is refused.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn from_json(json: &[u8]) -> Result<Self, PlanError> {
        let read: Read = serde_json::from_slice(json).map_err(|error| PlanError::Form {
            reason: error.to_string(),
        })?;
        let header = PlanHeader {
            plan_version: read.plan_version,
            token: read.token,
            vaults: read.vaults,
            stays: read.stays,
        };
        let mut lines = read.lines;
        let mut sharing = Sharing::default();
        lines.iter_mut().for_each(|line| sharing.line(line));
        Self::of(header, lines)?.expect_hash(read.hash)
    }

    /// Refuses a plan that is not the one that was meant.
    ///
    /// # Errors
    /// [`PlanError::Hash`].
    pub fn expect_hash(self, stated: PlanHash) -> Result<Self, PlanError> {
        if self.hash == stated {
            Ok(self)
        } else {
            Err(PlanError::Hash {
                actual: self.hash.to_string(),
                stated: stated.to_string(),
            })
        }
    }

    /// SHA-256 over the canonical form.
    #[must_use]
    pub fn hash(&self) -> PlanHash {
        self.hash
    }

    /// What is true of it as a whole.
    #[must_use]
    pub fn header(&self) -> &PlanHeader {
        &self.header
    }

    /// What travels, in order.
    #[must_use]
    pub fn lines(&self) -> &[PlanLine] {
        &self.lines
    }

    /// What does not.
    #[must_use]
    pub fn stays(&self) -> &[Stay] {
        &self.header.stays
    }

    /// The line with this number.
    #[must_use]
    pub fn line(&self, number: u32) -> Option<&PlanLine> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.lines.get(index)
    }

    /// The vault with this address.
    #[must_use]
    pub fn vault(&self, url: &str) -> Option<&PlanVault> {
        self.header.vaults.iter().find(|vault| vault.url == url)
    }
}

impl Serialize for Plan {
    /// The plan as one object.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            plan_version: self.header.plan_version,
            hash: self.hash,
            token: &self.header.token,
            vaults: &self.header.vaults,
            lines: &self.lines,
            stays: &self.header.stays,
        };
        written.serialize(serializer)
    }
}

impl PlanVault {
    /// The KEK, examined again by every rule, and found to be the one that was planned.
    ///
    /// # Errors
    /// What the examination says; [`PlanError::Form`] when the document is another KEK's.
    pub fn kek(&self, admission: &Admission, now: Option<i64>) -> Result<Kek, crate::Error> {
        let document = Base64::decode_vec(&self.kek).map_err(|_| form("a KEK is not base64"))?;
        let kek = Kek::admit(&KekSource {
            document: &document,
            beside: None,
            kid: Some(&self.kid),
            now,
            admission,
        })?;
        if kek.kid().as_str() == self.kid
            && kek.thumbprint().to_string() == self.kek_thumbprint_sha256
        {
            Ok(kek)
        } else {
            Err(form("a KEK is not the one that its vault's line names"))
        }
    }

    /// The attestation's bytes, where one was given.
    ///
    /// # Errors
    /// [`PlanError::Form`].
    pub fn attestation(&self) -> Result<Option<Vec<u8>>, crate::Error> {
        self.attestation
            .as_deref()
            .map(|text| Base64::decode_vec(text).map_err(|_| form("an attestation is not base64")))
            .transpose()
    }
}

fn form(reason: &str) -> crate::Error {
    super::super::BatchError::from(PlanError::Form {
        reason: reason.to_owned(),
    })
    .into()
}
