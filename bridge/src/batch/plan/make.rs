//! Making a plan: the manifest against the keys of the token, the KEKs and this machine's policy.
//!
//! Keys are found by sorted labels and by a map of ids, so a line costs the keys that it means, not all of them. Only
//! a glob that begins with a wildcard looks at every label; there may be [`MAX_OPEN_GLOBS`] of these.

use std::collections::HashMap;

use base64ct::{Base64, Encoding};
use keyferry_core::{
    Error as CoreError, ImportPlan, ImportType, Kek, KeyInfo, Reason, TargetKind, TokenInfo,
    VaultAddress, visible,
};

use super::clash;
use super::keys::Keys;
use super::line::{Asked, PlanKey, PlanLine, Stay};
use super::{Plan, PlanError, PlanHeader, PlanToken, PlanVault, Sharing, SpkiHash};
use crate::Error;
use crate::batch::manifest::{MARK_TAG, Manifest, ManifestLine, Selector};
use crate::policy::Asking;
use crate::transfer::Grounds;

/// How many globs may begin with a wildcard.
pub const MAX_OPEN_GLOBS: usize = 1_000;

/// What judges whether a key may go to a KEK, and who has to say so.
pub trait Judge {
    /// The KEK.
    fn kek(&self) -> &Kek;

    /// Judges one key of the token's list.
    ///
    /// # Errors
    /// Why it stays.
    fn judge(&self, key: &KeyInfo) -> Result<Asked, Error>;
}

impl Judge for Grounds {
    fn kek(&self) -> &Kek {
        Grounds::kek(self)
    }

    fn judge(&self, key: &KeyInfo) -> Result<Asked, Error> {
        let judgement = Grounds::judge(self, key)?.judgement;
        Ok(match judgement.asking {
            _ if !judgement.second.is_empty() => Asked::SecondPerson,
            Asking::Nobody => Asked::Nobody,
            Asking::Person => Asked::Once,
        })
    }
}

/// A vault's KEK, or why nothing may go there; in the order of the manifest's vaults.
pub struct VaultGround<J> {
    /// What judges.
    pub judge: Result<J, Error>,
    /// The KEK's document.
    pub document: Vec<u8>,
    /// Its attestation, where one was given.
    pub attestation: Option<Vec<u8>>,
}

/// A key that a line means, before it is known whether it travels.
pub(super) struct Candidate<'a> {
    pub(super) line: &'a ManifestLine,
    pub(super) key: &'a KeyInfo,
    pub(super) name: Result<String, CoreError>,
    pub(super) reasons: Vec<Reason>,
}

/// Makes the plan. Touches neither token nor vault.
///
/// The order is the manifest's; the keys of a glob stand by label and id. The same input makes the same plan, in
/// whichever order the token lists its keys.
///
/// # Errors
/// [`PlanError`], for what cannot be said of a line.
pub fn make<J: Judge>(
    manifest: &Manifest,
    token: &TokenInfo,
    keys: &[KeyInfo],
    grounds: &[VaultGround<J>],
) -> Result<Plan, PlanError> {
    if grounds.len() != manifest.vaults().len() {
        return Err(PlanError::Form {
            reason: "not every vault has its KEK".to_owned(),
        });
    }
    let keys = Keys::of(keys);
    let mut stays = Vec::new();
    let mut candidates = find(manifest, &keys, &mut stays)?;
    clash::refuse(&mut candidates);

    let mut lines = Vec::with_capacity(candidates.len());
    let mut sharing = Sharing::default();
    for candidate in candidates {
        let vault = manifest.vaults().get(candidate.line.vault);
        let ground = grounds.get(candidate.line.vault);
        let (Some(vault), Some(ground)) = (vault, ground) else {
            return Err(PlanError::Form {
                reason: "a line names no vault of the manifest".to_owned(),
            });
        };
        match travel(candidate, &vault.address, ground) {
            Ok(mut line) => {
                sharing.line(&mut line);
                lines.push(line);
            }
            Err(stay) => stays.push(*stay),
        }
    }
    for (number, line) in (1..).zip(&mut lines) {
        line.number = number;
    }
    // Stable: what one line gives stays in the order of labels and ids.
    stays.sort_by_key(|stay| stay.manifest_line);
    let header = PlanHeader {
        plan_version: Plan::VERSION,
        token: PlanToken {
            label: token.label.clone(),
            serial: token.serial.clone(),
            software: token.software,
        },
        vaults: vaults(manifest, grounds, &lines),
        stays,
    };
    Plan::of(header, lines)
}

/// Every key that a line means; lines that mean none go to `stays`.
fn find<'a>(
    manifest: &'a Manifest,
    keys: &Keys<'a>,
    stays: &mut Vec<Stay>,
) -> Result<Vec<Candidate<'a>>, PlanError> {
    let mut candidates = Vec::new();
    let mut open_globs = 0;
    for line in manifest.lines() {
        let found = match &line.selector {
            Selector::Key { label, id } => keys.named(label.as_deref(), id.as_deref()),
            Selector::Glob(glob) => {
                open_globs += usize::from(glob.prefix().is_empty());
                if open_globs > MAX_OPEN_GLOBS {
                    return Err(PlanError::OpenGlobs {
                        line: line.line,
                        most: MAX_OPEN_GLOBS,
                    });
                }
                keys.fitting(glob)
            }
        };
        match (&line.selector, found.as_slice()) {
            (selector, []) => stays.push(unmatched(line, manifest, none_found(selector))),
            (Selector::Key { .. }, [_, _, ..]) => {
                stays.push(unmatched(line, manifest, several_found(&found)));
            }
            _ => candidates.extend(found.into_iter().map(|key| Candidate {
                line,
                key,
                name: line.name.of(key).map(|name| name.as_str().to_owned()),
                reasons: Vec::new(),
            })),
        }
    }
    Ok(candidates)
}

/// Whether a candidate travels, and if not, every reason that is known.
fn travel<J: Judge>(
    candidate: Candidate<'_>,
    vault: &VaultAddress,
    ground: &VaultGround<J>,
) -> Result<PlanLine, Box<Stay>> {
    let Candidate {
        line,
        key,
        name,
        mut reasons,
    } = candidate;
    reasons.extend(key.reasons.iter().cloned());
    let wrong_name = name.as_ref().err();
    reasons.extend(wrong_name.map(|error| {
        let named = error.to_string();
        reason_of_core(
            error,
            format!("{}: {named}", visible(&line.name.to_string())),
        )
    }));
    let kind: Option<TargetKind> = key.kind.parse().ok();
    let judged = match &ground.judge {
        // What the token says of the key is told once, above.
        Ok(judge) if key.reasons.is_empty() => judge
            .judge(key)
            .map(|asked| (asked, judge.kek()))
            .map_err(|error| reasons.push(reason_of(&error)))
            .ok(),
        Ok(judge) => Some((Asked::Once, judge.kek())),
        Err(error) => {
            reasons.push(reason_of(error));
            None
        }
    };
    if let Some((_, kek)) = &judged
        && !vault.holds(kek.kid())
    {
        reasons.push(super::reason(
            "kek-foreign",
            format!("the KEK {} is not of {vault}", visible(kek.kid().as_str())),
            "Give the vault a KEK of its own: another vault's cannot open what goes there.",
        ));
    }
    if let Some(kind) = kind {
        let mut wishes = line.wishes.to_import();
        // The transfer's own tag takes its place among those that a key can have.
        wishes.tags.insert(MARK_TAG.to_owned(), String::new());
        if let Err(error) = ImportPlan::new(ImportType::of(kind), wishes) {
            reasons.push(reason_of_core(&error, error.to_string()));
        }
    }
    match (kind, judged, name) {
        (Some(kind), Some((asked, kek)), Ok(name)) if reasons.is_empty() => Ok(PlanLine {
            number: 0,
            manifest_line: line.line,
            key: plan_key(key, kind),
            vault: vault.url().into(),
            name,
            kid: kek.kid().as_str().into(),
            kek_thumbprint_sha256: kek.thumbprint().to_string().into(),
            asked,
            wishes: line.wishes.clone(),
        }),
        (_, _, name) => {
            if reasons.is_empty() {
                reasons.push(reason_of_core(
                    &CoreError::UnknownKind,
                    format!("{}: {}", visible(&key.kind), CoreError::UnknownKind),
                ));
            }
            Err(Box::new(Stay {
                manifest_line: line.line,
                wanted: line.selector.to_string(),
                label: Some(key.label.clone()),
                id: Some(key.id.clone()),
                vault: Some(vault.url()),
                name: name.ok(),
                reasons,
            }))
        }
    }
}

fn plan_key(key: &KeyInfo, kind: TargetKind) -> PlanKey {
    let spki = key.spki.as_deref().map(Base64::decode_vec);
    PlanKey {
        label: key.label.clone(),
        id: key.id.clone(),
        kind,
        spki_sha256: spki.and_then(Result::ok).map(|spki| SpkiHash::of(&spki)),
    }
}

/// The vaults that something goes to, by address.
fn vaults<J: Judge>(
    manifest: &Manifest,
    grounds: &[VaultGround<J>],
    lines: &[PlanLine],
) -> Vec<PlanVault> {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for line in lines {
        *counts.entry(&line.vault).or_default() += 1;
    }
    let mut vaults: Vec<PlanVault> = manifest
        .vaults()
        .iter()
        .zip(grounds)
        .filter_map(|(vault, ground)| {
            let url = vault.address.url();
            let kek = ground.judge.as_ref().ok()?.kek();
            Some(PlanVault {
                lines: *counts.get(url.as_str())?,
                url,
                kid: kek.kid().as_str().to_owned(),
                kek_thumbprint_sha256: kek.thumbprint().to_string(),
                kek_bits: kek.bits().bits(),
                kek: Base64::encode_string(&ground.document),
                attestation: ground.attestation.as_deref().map(Base64::encode_string),
            })
        })
        .collect();
    vaults.sort_by(|one, other| one.url.cmp(&other.url));
    vaults
}

fn unmatched(line: &ManifestLine, manifest: &Manifest, reason: Reason) -> Stay {
    let vault = manifest.vaults().get(line.vault);
    Stay {
        manifest_line: line.line,
        wanted: line.selector.to_string(),
        label: None,
        id: None,
        vault: vault.map(|vault| vault.address.url()),
        name: line.name.fixed().map(str::to_owned),
        reasons: vec![reason],
    }
}

fn none_found(selector: &Selector) -> Reason {
    match selector {
        Selector::Glob(_) => super::reason(
            "glob-matches-nothing",
            format!("no key's label fits {selector}"),
            "List the labels with `keyferry keys`; letter case counts.",
        ),
        Selector::Key { .. } => super::reason(
            "key-unknown",
            format!("the token has no key {selector}"),
            "List the keys with `keyferry keys`; letter case counts.",
        ),
    }
}

fn several_found(found: &[&KeyInfo]) -> Reason {
    let ids: Vec<String> = found.iter().take(8).map(|key| visible(&key.id)).collect();
    super::reason(
        "key-ambiguous",
        format!("{} keys fit, with the ids {}", found.len(), ids.join(", ")),
        "Give the id beside the label.",
    )
}

fn reason_of(error: &Error) -> Reason {
    super::reason(error.code(), error.to_string(), error.advice())
}

fn reason_of_core(error: &CoreError, message: String) -> Reason {
    super::reason(error.code(), message, error.advice())
}
