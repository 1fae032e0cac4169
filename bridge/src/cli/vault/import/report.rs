//! What an import prints.

use keyferry_core::{RecordPlace, Verification, visible};
use serde::Serialize;

use crate::cli::out::Out;

/// What `--json` prints of a file.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) kid: String,
    pub(super) vault: String,
    pub(super) name: String,
    pub(super) kty: String,
    pub(super) curve: Option<&'static str>,
    pub(super) file_sha256: String,
    pub(super) credential: String,
    pub(super) holds: bool,
    pub(super) verification: Verification,
    pub(super) settled: Option<&'static str>,
    pub(super) receipt: Option<String>,
    pub(super) audit: RecordPlace,
}

pub(super) fn show(report: &Report, out: &Out) {
    let verification = &report.verification;
    verification
        .findings
        .iter()
        .for_each(|finding| out.finding(finding));
    let headline = if !report.holds {
        "Imported, and NOT the HSM's key"
    } else if verification.shows_equality() {
        "Imported: the vault holds the HSM's key"
    } else {
        "Imported"
    };
    out.verdict(report.holds, headline);
    out.line(&format!("  Kid       {}", visible(&report.kid)));
    out.line(&format!("  Verified  {}", words(verification)));
    if let Some(code) = report.settled {
        out.line(&format!(
            "  Settled   the answer did not come ({code}); the vault was asked and has the key"
        ));
    }
    if let Some(receipt) = &report.receipt {
        out.line(&format!("  Receipt   {}", visible(receipt)));
    }
}

/// What was verified, in words.
pub(in crate::cli) fn words(verification: &Verification) -> String {
    use keyferry_core::{PrivateKeyCheck, PublicKeyCheck};
    let public = match verification.public_key {
        PublicKeyCheck::Equal => "public keys are equal",
        PublicKeyCheck::Differs => "public keys DIFFER",
        PublicKeyCheck::NoneToSee => "AES: no equality to be seen",
        PublicKeyCheck::NothingToCompare => "no public key of the HSM to compare with",
    };
    let algorithm = verification.algorithm.as_deref().unwrap_or_default();
    let private = match verification.private_key {
        PrivateKeyCheck::Signed => {
            format!(", the vault signed and the HSM's public key verified it ({algorithm})")
        }
        PrivateKeyCheck::Decrypted => {
            format!(", the vault decrypted for the HSM's public key ({algorithm})")
        }
        PrivateKeyCheck::Unwrapped => {
            format!(", the vault unwrapped for the HSM's public key ({algorithm})")
        }
        PrivateKeyCheck::Failed => format!(", the private key FAILED its check ({algorithm})"),
        PrivateKeyCheck::NotDone => String::new(),
    };
    format!("{public}{private}")
}
