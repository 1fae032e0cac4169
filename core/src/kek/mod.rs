//! The key exchange key (KEK): an RSA-HSM public key, read from what the vault's tools write,
//! and admitted only when every rule that can be checked holds.

mod bits;
mod der;
mod document;
mod examine;
mod jwk;
mod moment;
mod pem;
mod refusal;
mod rules;
mod thumbprint;
mod verdict;

pub use bits::KekBits;
pub use examine::{KekSource, MAX_KEK_DOCUMENT};
pub use thumbprint::Thumbprint;
pub use verdict::{Examination, KekVerdict, PublicNumbers};

use crate::{Error, Kid};

/// An admitted KEK. Can only be had by examination.
#[derive(Debug, Clone)]
pub struct Kek {
    kid: Kid,
    bits: KekBits,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    spki: Vec<u8>,
    thumbprint: Thumbprint,
    jwk_thumbprint: String,
}

impl Kek {
    /// Examines a document by every rule; a verdict is reached whatever the bytes are.
    pub fn examine(source: &KekSource<'_>) -> Examination {
        let (verdict, numbers, kek) = examine::examine(source);
        Examination {
            verdict,
            kek: kek.ok(),
            numbers,
        }
    }

    /// Examines and takes only an admitted KEK.
    ///
    /// # Errors
    /// The first error of the examination: [`Error::KekRefused`] or [`Error::Kid`].
    pub fn admit(source: &KekSource<'_>) -> Result<Self, Error> {
        examine::examine(source).2
    }

    /// Its identifier.
    pub fn kid(&self) -> &Kid {
        &self.kid
    }

    /// Its size.
    pub fn bits(&self) -> KekBits {
        self.bits
    }

    /// The modulus, big-endian, without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// The public exponent, big-endian, without leading zeros.
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// SubjectPublicKeyInfo, DER (RFC 5280 §4.1, RFC 8017 §A.1).
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of [`Kek::spki_der`].
    pub fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// RFC 7638 thumbprint, base64url.
    pub fn jwk_thumbprint(&self) -> &str {
        &self.jwk_thumbprint
    }
}

/// Modulus and exponent, big-endian without leading zeros, of an RSA SubjectPublicKeyInfo in strict DER.
pub(crate) fn rsa_numbers(spki: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let numbers = der::subject_public_key_info(spki).ok()?;
    Some((numbers.modulus, numbers.exponent))
}
