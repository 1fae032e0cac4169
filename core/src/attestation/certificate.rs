//! Certificates as the HSM's maker issues them: no path library takes them (version 1 without
//! extensions, serial 0, names of several values), so the few facts that count are read here.

use super::refusal::Refusal;
use super::rsa_key::{RsaKey, SignatureForm};
use der::asn1::{AnyRef, BitStringRef, IntRef, ObjectIdentifier};
use der::{Decode, Header, Reader, SliceReader, Tag};
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierRef;
use x509_cert::certificate::Raw;
use x509_cert::time::{Time, Validity};

/// Largest certificate, in bytes; real ones stay below 1,100.
const MAX_CERTIFICATE: usize = 8 * 1024;
/// `sha256WithRSAEncryption` with its NULL (RFC 4055 §5).
const SHA256_WITH_RSA: AlgorithmIdentifierRef<'_> = AlgorithmIdentifierRef {
    oid: ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"),
    parameters: Some(AnyRef::NULL),
};
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

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
        let parts = Parts::from_der(der).map_err(|_| form())?;
        if parts.inner_algorithm != parts.outer_algorithm
            || parts.inner_algorithm != SHA256_WITH_RSA
        {
            return Err(Refusal::file(
                "certificate-algorithm",
                "a certificate is not signed by SHA-256 with RSA, or says two things about it",
            ));
        }
        let key = RsaKey::from_spki(parts.spki).ok_or_else(|| {
            Refusal::file(
                "certificate-key",
                "a certificate's key is not RSA of 2048 to 4096 bits with the exponent 65537",
            )
        })?;
        let seconds =
            |time: Time| i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| form());
        Ok(Self {
            issuer: parts.issuer.to_vec(),
            subject: parts.subject.to_vec(),
            common_name: crate::visible(&common_name(parts.subject).unwrap_or_default()),
            not_before: seconds(parts.validity.not_before)?,
            not_after: seconds(parts.validity.not_after)?,
            spki: parts.spki.to_vec(),
            key,
            signed: parts.signed.to_vec(),
            signature: parts.signature.to_vec(),
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

/// The members of a certificate that count, as they stand in it: what is signed is never written anew, which
/// could put a name's values into another order.
struct Parts<'a> {
    signed: &'a [u8],
    inner_algorithm: AlgorithmIdentifierRef<'a>,
    issuer: &'a [u8],
    validity: Validity<Raw>,
    subject: &'a [u8],
    spki: &'a [u8],
    outer_algorithm: AlgorithmIdentifierRef<'a>,
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn from_der(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let parts = reader.sequence(|members| {
            let signed = members.tlv_bytes()?;
            let outer_algorithm = members.decode()?;
            let signature = BitStringRef::decode(members)?
                .as_bytes()
                .ok_or_else(|| Tag::BitString.value_error())?;
            let mut inner = SliceReader::new(signed)?;
            let parts = inner.sequence(|members| {
                // Version 1 has no version; what follows the key (version 3 and its extensions) is not needed.
                if Header::peek(members)?.tag() != Tag::Integer {
                    members.tlv_bytes()?;
                }
                let _serial = IntRef::decode(members)?;
                let parts = Self {
                    signed,
                    inner_algorithm: members.decode()?,
                    issuer: members.tlv_bytes()?,
                    validity: members.decode()?,
                    subject: members.tlv_bytes()?,
                    spki: members.tlv_bytes()?,
                    outer_algorithm,
                    signature,
                };
                while !members.is_finished() {
                    members.tlv_bytes()?;
                }
                Ok::<_, der::Error>(parts)
            })?;
            inner.finish()?;
            Ok::<_, der::Error>(parts)
        })?;
        reader.finish()?;
        Ok(parts)
    }
}

/// The value of the last common name (X.520: 2.5.4.3) in a name; for people, nothing is concluded from it.
fn common_name(name: &[u8]) -> Option<String> {
    let mut found = None;
    for relative in members(AnyRef::from_der(name).ok()?.value()) {
        for attribute in members(relative.value()) {
            let mut parts = members(attribute.value());
            if let (Some(kind), Some(value)) = (parts.next(), parts.next())
                && kind.decode_as::<ObjectIdentifier>() == Ok(COMMON_NAME)
            {
                found = Some(String::from_utf8_lossy(value.value()).into_owned());
            }
        }
    }
    found
}

/// What a constructed value holds, as far as it can be read.
fn members(mut content: &[u8]) -> impl Iterator<Item = AnyRef<'_>> {
    core::iter::from_fn(move || {
        let (member, rest) = AnyRef::from_der_partial(content).ok()?;
        content = rest;
        Some(member)
    })
}

fn form() -> Refusal {
    Refusal::file(
        "certificate-form",
        "a certificate of the attestation is damaged",
    )
}
