//! What was found when an imported key was compared with the HSM's.

use crate::Finding;
use serde::{Deserialize, Serialize};

/// How the vault's public key stands to the HSM's, by SubjectPublicKeyInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum PublicKeyCheck {
    /// The same bytes.
    Equal,
    /// Other bytes: the vault holds another key.
    Differs,
    /// An AES key has no public half: equality cannot be seen from outside.
    NoneToSee,
    /// The HSM's public key is not known here.
    NothingToCompare,
}

/// What showed that the vault holds the private half of the HSM's public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum PrivateKeyCheck {
    /// The vault signed a random digest, and the HSM's public key verified it.
    Signed,
    /// The vault decrypted what was encrypted to the HSM's public key.
    Decrypted,
    /// The vault unwrapped what was encrypted to the HSM's public key.
    Unwrapped,
    /// The vault's answer does not belong to the HSM's public key.
    Failed,
    /// Was not done; a finding says why.
    NotDone,
}

/// What was verified after an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// The public half.
    pub public_key: PublicKeyCheck,
    /// The private half.
    pub private_key: PrivateKeyCheck,
    /// The algorithm of that (`ES256`, `RS256`, `RSA-OAEP-256`); null when it was not done.
    pub algorithm: Option<String>,
    /// What to know about it.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// False when anything speaks against the key: it is not what the HSM holds.
    pub fn holds(&self) -> bool {
        self.public_key != PublicKeyCheck::Differs && self.private_key != PrivateKeyCheck::Failed
    }

    /// `PUBLIC/PRIVATE` by their names, for the record.
    pub fn summary(&self) -> String {
        let public = match self.public_key {
            PublicKeyCheck::Equal => "equal",
            PublicKeyCheck::Differs => "differs",
            PublicKeyCheck::NoneToSee => "none-to-see",
            PublicKeyCheck::NothingToCompare => "nothing-to-compare",
        };
        let private = match self.private_key {
            PrivateKeyCheck::Signed => "signed",
            PrivateKeyCheck::Decrypted => "decrypted",
            PrivateKeyCheck::Unwrapped => "unwrapped",
            PrivateKeyCheck::Failed => "failed",
            PrivateKeyCheck::NotDone => "not-done",
        };
        format!("{public}/{private}")
    }

    /// True when equality was shown, and not only not refuted.
    pub fn shows_equality(&self) -> bool {
        self.holds() && self.public_key == PublicKeyCheck::Equal
    }
}
