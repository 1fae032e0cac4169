//! What a token does in its own way.

use crate::private_key_info::EcShape;

/// What the suite expects of a token's transfers.
#[derive(Debug, Clone)]
pub struct Traits {
    /// The strategy that the product has to choose.
    pub strategy: String,
    /// How that strategy's self-test has to come out for RSA and EC keys: `exact` or `trailing-zeros`.
    pub self_test: String,
    /// What it does to an EC private value.
    pub private_value: PrivateValue,
    /// What it adds to an EC private key.
    pub ec_extras: EcExtras,
    /// A part of the file's generator.
    pub generator: String,
}

/// An EC private value's leading zeros (RFC 5915 wants them).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateValue {
    /// Always of the curve's length.
    Full,
    /// Never begins with a zero byte.
    Stripped,
    /// Not known.
    Either,
}

/// The optional fields of an EC private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EcExtras {
    /// Neither.
    None,
    /// The public key, and not the curve.
    PublicKey,
    /// Not known.
    Either,
}

impl Traits {
    /// The outcome for a kind of key. An AES key is whole blocks, so that a token which pads adds
    /// nothing to it.
    pub(super) fn self_test(&self, kind: &str) -> &str {
        if kind.starts_with("AES") {
            "exact"
        } else {
            &self.self_test
        }
    }

    /// How many zero bytes follow a DER of this length.
    pub(super) fn trailing_zeros(&self, der_length: usize) -> usize {
        if self.self_test == "trailing-zeros" {
            (8 - der_length % 8) % 8
        } else {
            0
        }
    }

    /// An EC private key's shape.
    pub(super) fn check_ec(&self, ec: &EcShape, bytes: usize, case: &str) {
        assert!(ec.d.len() <= bytes, "{case}: {} bytes of d", ec.d.len());
        match self.private_value {
            PrivateValue::Stripped => assert_ne!(ec.d[0], 0, "{case}: the token strips zeros"),
            PrivateValue::Full => assert_eq!(ec.d.len(), bytes, "{case}: the token keeps zeros"),
            PrivateValue::Either => {}
        }
        let extras = (ec.has_public_key, ec.has_parameters);
        match self.ec_extras {
            EcExtras::None => assert_eq!(extras, (false, false), "{case}"),
            EcExtras::PublicKey => assert_eq!(extras, (true, false), "{case}"),
            EcExtras::Either => {}
        }
    }
}
