//! Certificates as the HSM's maker issues them: no path library takes them (version 1 without
//! extensions, serial 0, names of several values), so the few facts that count are read here.

use super::refusal::Refusal;
use super::rsa_key::{RsaKey, SignatureForm};
use der::asn1::ObjectIdentifier;
use der::{Decode, Encode, Reader, SliceReader};
use sha2::{Digest, Sha256};
use x509_cert::certificate::{CertificateInner, Raw};

/// Largest certificate, in bytes; real ones stay below 1,100.
const MAX_CERTIFICATE: usize = 8 * 1024;
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// A certificate: names, time, key, and what was signed. Nothing is verified by reading it.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    issuer: Vec<u8>,
    subject: Vec<u8>,
    common_name: String,
    not_before: i64,
    not_after: i64,
    spki: Vec<u8>,
    key: RsaKey,
    signed: Vec<u8>,
    signature: Vec<u8>,
    fingerprint: [u8; 32],
}

impl Certificate {
    /// Reads DER (RFC 5280 §4.1) of any version, signed by SHA-256 with RSA.
    pub(super) fn read(der: &[u8]) -> Result<Self, Refusal> {
        if der.len() > MAX_CERTIFICATE {
            return Err(Refusal::file(
                "certificate-too-large",
                format!(
                    "a certificate of {} bytes; none is larger than {MAX_CERTIFICATE}",
                    der.len()
                ),
            ));
        }
        let certificate = CertificateInner::<Raw>::from_der(der).map_err(|_| form())?;
        let tbs = certificate.tbs_certificate();
        if certificate.signature_algorithm() != tbs.signature()
            || tbs.signature().oid != SHA256_WITH_RSA
        {
            return Err(Refusal::file(
                "certificate-algorithm",
                "a certificate is not signed by SHA-256 with RSA, or says two things about it",
            ));
        }
        let spki = tbs.subject_public_key_info().to_der().map_err(|_| form())?;
        let key = RsaKey::from_spki(&spki).ok_or_else(|| {
            Refusal::file(
                "certificate-key",
                "a certificate's key is not RSA of 2048 to 4096 bits with the exponent 65537",
            )
        })?;
        let seconds = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| form())
        };
        Ok(Self {
            issuer: tbs.issuer().to_der().map_err(|_| form())?,
            subject: tbs.subject().to_der().map_err(|_| form())?,
            common_name: common_name(tbs.subject()),
            not_before: seconds(&tbs.validity().not_before)?,
            not_after: seconds(&tbs.validity().not_after)?,
            spki,
            key,
            signed: signed_part(der).ok_or_else(form)?,
            signature: certificate
                .signature()
                .as_bytes()
                .ok_or_else(form)?
                .to_vec(),
            fingerprint: Sha256::digest(der).into(),
        })
    }

    /// True when its issuer is `issuer` by name, and the signature is that key's.
    pub(super) fn is_signed_by(&self, issuer: &Self) -> bool {
        self.is_named_issued_by(issuer)
            && issuer
                .key
                .verifies(&self.signed, &self.signature, SignatureForm::DigestInfo)
    }

    /// True when its issuer has the name of `issuer`.
    pub(super) fn is_named_issued_by(&self, issuer: &Self) -> bool {
        self.issuer == issuer.subject
    }

    /// Refuses a certificate whose time (both ends included, RFC 5280 §4.1.2.5) is not now.
    pub(super) fn check_time(&self, now: i64) -> Result<(), Refusal> {
        if now < self.not_before {
            return Err(Refusal::file(
                "certificate-not-yet-valid",
                format!(
                    "the certificate of “{}” is not valid yet",
                    self.common_name()
                ),
            )
            .advising("Check this machine's clock; if it is right, do not trust the file."));
        }
        if now > self.not_after {
            return Err(Refusal::file(
                "certificate-expired",
                format!("the certificate of “{}” has expired", self.common_name()),
            )
            .advising("Check this machine's clock; if it is right, fetch the attestation again: the pool renews its certificates."));
        }
        Ok(())
    }

    pub(super) fn key(&self) -> &RsaKey {
        &self.key
    }

    /// SubjectPublicKeyInfo in DER.
    pub(super) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The subject's common name, made visible; empty when there is none.
    pub(super) fn common_name(&self) -> &str {
        &self.common_name
    }

    /// SHA-256 of the whole certificate in DER.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }
}

fn common_name(name: &x509_cert::name::Name) -> String {
    let text = name.common_name().ok().flatten();
    crate::visible(
        &text
            .map(|text| text.value().into_owned())
            .unwrap_or_default(),
    )
}

/// The bytes of the first member as they stand in the certificate: what the signature is over.
/// Encoding the parsed value again could put a name's values into another order.
fn signed_part(der: &[u8]) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    reader
        .sequence(|members| {
            let signed = members.tlv_bytes()?.to_vec();
            while !members.is_finished() {
                members.tlv_bytes()?;
            }
            Ok::<_, der::Error>(signed)
        })
        .ok()
}

fn form() -> Refusal {
    Refusal::file(
        "certificate-form",
        "a certificate of the attestation is damaged",
    )
}
