//! The receipt of a wrapped key.

use base64ct::{Base64, Encoding};
use keyferry_core::{Receipt, RecordPlace};

use super::Transfer;
use crate::digest::sha256_hex;

impl Transfer {
    /// The receipt of this transfer, bound to `file`, its `.byok` file as it is written.
    #[must_use]
    pub fn receipt(&self, file: &[u8]) -> Receipt {
        let entry = &self.record.entry;
        Receipt {
            receipt_version: Receipt::VERSION,
            generator: self.generator.as_str().to_owned(),
            file_sha256: sha256_hex(file),
            ciphertext_sha256: sha256_hex(self.blob.ciphertext().as_bytes()),
            target: self.target,
            key_label: self.label.clone(),
            key_id: entry.key_id.clone().unwrap_or_default(),
            spki: self.spki.as_deref().map(Base64::encode_string),
            kid: self.blob.kid().as_str().to_owned(),
            kek_thumbprint_sha256: entry.kek_thumbprint_sha256.clone().unwrap_or_default(),
            token: self.token.clone(),
            strategy: self.strategy,
            self_test: self.self_test,
            attestation: self.attestation,
            audit: RecordPlace::from(&self.record),
            import: None,
        }
    }
}
