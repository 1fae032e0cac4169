//! A rehearsal's verdict.

use std::path::PathBuf;

use base64ct::{Base64, Encoding};
use keyferry_core::{
    ErrorBody, Finding, Kek, PrivateKeyCheck, PublicKeyCheck, SelfTest, Strategy, TargetKind,
    TokenInfo, Verification, visible,
};
use serde::Serialize;

use crate::Error;
use crate::cli::out::Out;
use crate::cli::table;
use crate::hsm::HsmError;
use crate::transfer::Transfer;
use crate::vault::VaultKey;

/// What a journey that reached its end brought.
pub(super) struct Arrival {
    pub(super) transfer: Transfer,
    pub(super) imported: VaultKey,
    pub(super) verification: Verification,
    pub(super) file: Option<PathBuf>,
}

/// How one kind of key fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// The vault opened it, and it is the token's key as far as that can be seen.
    Arrived,
    /// The token makes no such key.
    NotMade,
    /// It went wrong.
    Failed,
}

/// One kind of key. Members that were not reached are null.
#[derive(Serialize)]
pub(super) struct KeyReport {
    kind: TargetKind,
    verdict: Verdict,
    strategy: Option<Strategy>,
    self_test: Option<SelfTest>,
    ciphertext_bytes: Option<usize>,
    /// Where the key transfer file stays.
    file: Option<String>,
    imported_kid: Option<String>,
    /// The token's SubjectPublicKeyInfo DER in standard base64; null for AES.
    spki: Option<String>,
    verification: Option<Verification>,
    findings: Vec<Finding>,
    error: Option<ErrorBody>,
}

impl KeyReport {
    pub(super) fn arrived(kind: TargetKind, arrival: Arrival) -> Self {
        let Arrival {
            transfer,
            imported,
            verification,
            file,
        } = arrival;
        // An AES key has nothing to compare; the vault opened it, and more cannot be seen.
        let shown = verification.shows_equality()
            || (kind.is_aes() && verification.public_key == PublicKeyCheck::NoneToSee);
        Self {
            kind,
            verdict: if shown {
                Verdict::Arrived
            } else {
                Verdict::Failed
            },
            strategy: Some(transfer.strategy),
            self_test: Some(transfer.self_test),
            ciphertext_bytes: Some(transfer.blob.ciphertext().as_bytes().len()),
            file: file.map(|path| path.to_string_lossy().into_owned()),
            imported_kid: Some(imported.kid),
            spki: transfer.spki.as_deref().map(Base64::encode_string),
            findings: transfer.findings,
            verification: Some(verification),
            error: None,
        }
    }

    pub(super) fn failed(kind: TargetKind, error: &Error) -> Self {
        let verdict = match error {
            Error::Hsm(HsmError::KindUnsupported { .. }) => Verdict::NotMade,
            _ => Verdict::Failed,
        };
        Self {
            kind,
            verdict,
            strategy: None,
            self_test: None,
            ciphertext_bytes: None,
            file: None,
            imported_kid: None,
            spki: None,
            verification: None,
            findings: Vec::new(),
            error: Some(error.body()),
        }
    }

    /// The outcome in a few words.
    pub(super) fn in_words(&self) -> String {
        match (self.verdict, &self.error) {
            (Verdict::Arrived, _) => "arrived".to_owned(),
            (Verdict::NotMade, _) => "this token makes no such key".to_owned(),
            (Verdict::Failed, Some(error)) => format!("failed: {}", visible(&error.message)),
            (Verdict::Failed, None) => "failed: it is not the token's key".to_owned(),
        }
    }

    fn row(&self) -> [String; 4] {
        let method = match (self.strategy, self.self_test) {
            (Some(strategy), Some(self_test)) => format!("{strategy}: {self_test}"),
            _ => String::new(),
        };
        let verdict = match self.verdict {
            Verdict::Arrived => "arrived",
            Verdict::NotMade => "not made",
            Verdict::Failed => "FAILED",
        };
        let compared = self.verification.as_ref().map(compared);
        let kind = self.kind.name().to_owned();
        [
            kind,
            verdict.to_owned(),
            method,
            compared.unwrap_or_default(),
        ]
    }
}

fn compared(verification: &Verification) -> String {
    let public = match verification.public_key {
        PublicKeyCheck::Equal => "public keys equal",
        PublicKeyCheck::Differs => "public keys differ",
        PublicKeyCheck::NoneToSee => return "opened; an AES key has nothing to compare".to_owned(),
        _ => "nothing to compare",
    };
    match (&verification.private_key, &verification.algorithm) {
        (PrivateKeyCheck::NotDone, _) => public.to_owned(),
        (PrivateKeyCheck::Failed, _) => format!("{public}, private key differs"),
        (_, Some(algorithm)) => format!("{public}, {algorithm} in the vault"),
        (_, None) => public.to_owned(),
    }
}

/// The whole rehearsal.
#[derive(Serialize)]
pub(super) struct Report {
    practice: bool,
    passed: bool,
    token: TokenInfo,
    kid: String,
    kek_thumbprint_sha256: String,
    keys: Vec<KeyReport>,
    /// Null when every key that was made is destroyed.
    keys_left: Option<ErrorBody>,
}

impl Report {
    /// `by_name` when the kinds were asked for, so that one that is not made counts as a failure.
    pub(super) fn new(token: TokenInfo, kek: &Kek, keys: Vec<KeyReport>, by_name: bool) -> Self {
        let fine = |key: &KeyReport| match key.verdict {
            Verdict::Arrived => true,
            Verdict::NotMade => !by_name,
            Verdict::Failed => false,
        };
        let arrived = keys.iter().any(|key| key.verdict == Verdict::Arrived);
        Self {
            practice: true,
            passed: arrived && keys.iter().all(fine),
            token,
            kid: kek.kid().as_str().to_owned(),
            kek_thumbprint_sha256: kek.thumbprint().to_string(),
            keys,
            keys_left: None,
        }
    }

    /// With what could not be destroyed.
    pub(super) fn with_left(mut self, left: Option<Error>) -> Self {
        self.passed &= left.is_none();
        self.keys_left = left.as_ref().map(Error::body);
        self
    }

    pub(super) fn is_good(&self) -> bool {
        self.passed
    }

    pub(super) fn show(&self, out: &Out) {
        if out.is_json() {
            out.object(self);
            return;
        }
        out.line("");
        let head = ["KIND", "VERDICT", "METHOD", "IN THE VAULT"].map(str::to_owned);
        let rows: Vec<[String; 4]> = [head]
            .into_iter()
            .chain(self.keys.iter().map(KeyReport::row))
            .collect();
        table::lines(&rows).iter().for_each(|line| out.line(line));
        out.line("");
        for finding in self.distinct_findings() {
            out.finding(finding);
        }
        let failed = |key: &&KeyReport| key.verdict == Verdict::Failed;
        for error in self
            .keys
            .iter()
            .filter(failed)
            .filter_map(|key| key.error.as_ref())
        {
            out.line(&format!(
                "error[{}]: {}",
                error.code,
                visible(&error.message)
            ));
            out.line(&format!("  help: {}", visible(&error.advice)));
        }
        if let Some(left) = &self.keys_left {
            out.line(&format!("error[{}]: {}", left.code, visible(&left.message)));
            out.line(&format!("  help: {}", visible(&left.advice)));
        } else {
            out.line("Every key that was made for this is destroyed.");
        }
        let verdict = if self.passed {
            "The rehearsal went well: this token's keys reach a vault."
        } else {
            "The rehearsal did not go well."
        };
        out.verdict(self.passed, verdict);
    }

    /// What a token says of each of its keys is shown once.
    fn distinct_findings(&self) -> Vec<&Finding> {
        let mut found: Vec<&Finding> = Vec::new();
        for key in &self.keys {
            let verified = key.verification.iter().flat_map(|seen| &seen.findings);
            for finding in key.findings.iter().chain(verified) {
                if !found.iter().any(|known| known.code == finding.code) {
                    found.push(finding);
                }
            }
        }
        found
    }
}
