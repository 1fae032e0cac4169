//! The inspection of a key transfer blob: every rule, and one verdict.

use super::members::{Members, members};
use super::reading::{Reading, readings};
use super::refusal::{self, refused};
use super::{Blob, text};
use crate::finding::{Finding, Findings};
use crate::{Admission, Ciphertext, Error, Kek, Kid, Service, TargetKind, visible};
use serde::{Deserialize, Serialize};

/// Largest blob that is read, in bytes; real ones stay below 5 KiB.
pub const MAX_BLOB: usize = 64 * 1024;

/// The verdict on a blob, as the `inspect` verb prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Inspection {
    /// True when no finding is an error.
    pub accepted: bool,
    /// The KEK's identifier, when well formed.
    pub kid: Option<String>,
    /// The KEK's size; null when more than one fits the length and no KEK was given.
    pub kek_bits: Option<u32>,
    /// Length of the ciphertext.
    pub ciphertext_bytes: Option<usize>,
    /// Every reading that fits the length.
    pub readings: Vec<Reading>,
    /// The kinds among them, each once.
    pub targets: Vec<TargetKind>,
    /// What says it made the file, with foreign characters made visible.
    pub generator: Option<String>,
    /// Every rule that did not simply hold.
    pub findings: Vec<Finding>,
}

/// Inspects a blob; with `kek`, also that identifier and length agree with it.
pub fn inspect(bytes: &[u8], kek: Option<&Kek>, admission: &Admission) -> Inspection {
    read(bytes, kek, admission).0
}

pub(super) fn read(
    bytes: &[u8],
    kek: Option<&Kek>,
    admission: &Admission,
) -> (Inspection, Result<Blob, Error>) {
    let mut findings = Findings::default();
    let object = text::object(bytes, &mut findings);
    let members = findings
        .take(object)
        .map(|object| members(&object, admission, &mut findings));
    let members = members.unwrap_or_default();
    let length = members.ciphertext.as_ref().map(Vec::len);
    let found = length
        .map(|length| judge_length(length, kek, &mut findings))
        .unwrap_or_default();
    if let (Some(kek), Some(kid)) = (kek, &members.kid)
        && !kid.agrees_with(kek.kid())
    {
        findings.refuse(refusal::KEK_KID.into());
    }
    note_target(&found, members.kid.as_ref(), &mut findings);
    if findings.refusal.is_none() {
        findings.push(unseen());
    }
    conclude(members, found, findings)
}

fn judge_length(length: usize, kek: Option<&Kek>, findings: &mut Findings) -> Vec<Reading> {
    let any = readings(length, None);
    if any.is_empty() {
        findings.refuse(refused(
            "ciphertext-length",
            format!("{length} bytes fit no key under a KEK of 2048, 3072 or 4096 bits"),
            "The key must be PKCS#8 DER (an EC key by its named curve, not explicit parameters) or a raw AES key, wrapped by AES-KWP, behind the RSA part. PKCS#1 keys and cut files end up here.",
        ));
        return any;
    }
    let Some(kek) = kek else { return any };
    let under_kek = readings(length, Some(kek.bits()));
    if under_kek.is_empty() {
        findings.refuse(refusal::KEK_LENGTH.into());
    }
    under_kek
}

fn note_target(found: &[Reading], kid: Option<&Kid>, findings: &mut Findings) {
    let Some(first) = found.first() else { return };
    if found
        .iter()
        .any(|reading| reading.kek_bits != first.kek_bits)
    {
        findings.push(Finding::unchecked(
            "kek-size-open",
            "the length fits KEKs of more than one size",
            "Give the KEK as well, and the reading is settled.",
        ));
    }
    if found.iter().all(|reading| reading.target.is_aes())
        && kid.is_some_and(|kid| kid.service() == Service::Vault)
    {
        findings.push(Finding::warning(
            "aes-in-vault",
            "the file holds an AES key for a vault, which is documented for Managed HSM only",
            "Newer Premium vaults may take it; if this one does not, use a Managed HSM and a KEK made in it.",
        ));
    }
}

fn unseen() -> Finding {
    Finding::note(
        "blob-unseen",
        "no reader can see whether the key was wrapped with the right OAEP hash, to the right KEK and with the right padding",
        "Only opening shows it: trust the self-test of the tool that made the file, and compare the public key after the import.",
    )
}

fn conclude(
    members: Members,
    readings: Vec<Reading>,
    findings: Findings,
) -> (Inspection, Result<Blob, Error>) {
    let first = readings.first().map(|reading| reading.kek_bits);
    let kek_bits = first.filter(|bits| readings.iter().all(|reading| reading.kek_bits == *bits));
    let mut targets = Vec::new();
    for reading in &readings {
        if !targets.contains(&reading.target) {
            targets.push(reading.target);
        }
    }
    let inspection = Inspection {
        accepted: findings.refusal.is_none(),
        kid: members.kid.as_ref().map(|kid| kid.as_str().to_owned()),
        kek_bits,
        ciphertext_bytes: members.ciphertext.as_ref().map(Vec::len),
        readings,
        targets,
        generator: members.generator.as_deref().map(visible),
        findings: findings.list,
    };
    let blob = match (findings.refusal, members.kid, members.ciphertext) {
        (Some(refusal), ..) => Err(refusal),
        (None, Some(kid), Some(ciphertext)) => Ok(Blob {
            kid,
            ciphertext: Ciphertext::read(ciphertext),
            generator: members.generator,
        }),
        // Cannot be: whatever is missing has been refused by its name above.
        (None, ..) => Err(refusal::NOT_JSON.into()),
    };
    (inspection, blob)
}
