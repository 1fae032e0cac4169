//! The canonical form of a plan, over which its hash goes: version, token, vaults, what stays, what travels.
//!
//! It is text: a domain line, then one line of compact JSON each for the token, for every vault, for every key that
//! stays and for every key that travels, each begun by a word that says which. The members stand in the order of
//! [`docs/batch.md`]; JSON writes no line break into a line, so no two plans have the same text. Left out are words
//! for people (messages and advice of reasons; their codes are in it) and what follows from the rest.
//!
//! [`docs/batch.md`]: https://github.com/keyferry/keyferry/blob/main/docs/batch.md

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{PlanHash, PlanHeader, PlanLine, PlanVault, Stay};

/// The domain line: names form and version, so that nothing else hashes to a plan's hash.
const DOMAIN: &[u8] = b"keyferry batch plan 1\n";

/// A vault without what follows from the rest: the document is bound by the KEK's thumbprint and identifier.
#[derive(Serialize)]
struct Vault<'a> {
    url: &'a str,
    kid: &'a str,
    kek_thumbprint_sha256: &'a str,
    kek_bits: u32,
    /// SHA-256 of the attestation as the plan holds it.
    attestation_sha256: Option<String>,
}

/// A key that stays; of its reasons the codes.
#[derive(Serialize)]
struct Staying<'a> {
    manifest_line: u32,
    wanted: &'a str,
    label: Option<&'a str>,
    id: Option<&'a str>,
    vault: Option<&'a str>,
    name: Option<&'a str>,
    reasons: Vec<&'a str>,
}

/// SHA-256 of the canonical form.
pub(super) fn hash(header: &PlanHeader, lines: &[PlanLine]) -> PlanHash {
    let mut text = Text(Sha256::new_with_prefix(DOMAIN));
    text.line("token", &header.token);
    for vault in &header.vaults {
        text.line("vault", &canonical_vault(vault));
    }
    for stay in &header.stays {
        text.line("stays", &canonical_stay(stay));
    }
    for line in lines {
        text.line("goes", line);
    }
    PlanHash(text.0.finalize().into())
}

/// Text that is hashed as it is written.
struct Text(Sha256);

impl Text {
    fn line(&mut self, word: &str, content: &impl Serialize) {
        self.0.update(word);
        self.0.update(b" ");
        // None of a plan's types can fail to be written as JSON; one that did would be a line without content.
        self.0
            .update(serde_json::to_vec(content).unwrap_or_default());
        self.0.update(b"\n");
    }
}

fn canonical_vault(vault: &PlanVault) -> Vault<'_> {
    Vault {
        url: &vault.url,
        kid: &vault.kid,
        kek_thumbprint_sha256: &vault.kek_thumbprint_sha256,
        kek_bits: vault.kek_bits,
        attestation_sha256: vault
            .attestation
            .as_ref()
            .map(|text| crate::digest::sha256_hex(text.as_bytes())),
    }
}

fn canonical_stay(stay: &Stay) -> Staying<'_> {
    Staying {
        manifest_line: stay.manifest_line,
        wanted: &stay.wanted,
        label: stay.label.as_deref(),
        id: stay.id.as_deref(),
        vault: stay.vault.as_deref(),
        name: stay.name.as_deref(),
        reasons: stay.reasons.iter().map(|reason| &*reason.code).collect(),
    }
}
