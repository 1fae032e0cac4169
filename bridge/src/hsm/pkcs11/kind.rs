//! What a key is, and why it cannot travel.

use cryptoki::object::KeyType;
use der::Decode;
use der::asn1::ObjectIdentifier;
use keyferry_core::{Curve, Reason, TargetKind};

use super::Attributes;
use super::public::curve_of;
use crate::hsm::reason::reason;

/// What a key in the token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// One of the kinds that Azure takes.
    Target(TargetKind),
    /// An RSA size, curve or AES size that Azure does not take, by name.
    UnsupportedSize(String),
    /// A key whose size or curve the token does not show.
    Hidden(Hidden),
    /// A type that Azure does not take, by name.
    UnsupportedType(String),
    /// `CKK_GENERIC_SECRET`: bytes without an algorithm.
    GenericSecret,
}

/// What is known of a key that shows no size or curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    Rsa,
    Ec,
}

impl KeyKind {
    /// Reads the kind from key type and size or curve.
    pub(super) fn of(attributes: &Attributes) -> Self {
        match attributes.key_type() {
            Some(KeyType::RSA) => rsa(attributes),
            Some(KeyType::EC) => ec(attributes),
            Some(KeyType::AES) => aes(attributes),
            Some(KeyType::GENERIC_SECRET) => Self::GenericSecret,
            Some(other) => Self::UnsupportedType(
                other
                    .to_string()
                    .trim_start_matches("CKK_")
                    .replace('_', " "),
            ),
            None => Self::UnsupportedType("unknown".into()),
        }
    }

    /// The name that people see.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Target(kind) => kind.name(),
            Self::UnsupportedSize(name) | Self::UnsupportedType(name) => name,
            Self::Hidden(Hidden::Rsa) => "RSA",
            Self::Hidden(Hidden::Ec) => "EC",
            Self::GenericSecret => "generic secret",
        }
    }
}

/// Everything that keeps a key from travelling; empty when nothing known does.
pub(super) fn reasons(kind: &KeyKind, attributes: &Attributes) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match kind {
        KeyKind::Target(_) => {}
        KeyKind::UnsupportedSize(name) => reasons.push(reason(
            "unsupported-size-or-curve",
            format!("Azure Key Vault takes no {name} keys"),
            "It takes RSA of 2048, 3072 and 4096 bits, P-256, P-384, P-521, P-256K and AES of 128, 192 and 256 bits.",
        )),
        KeyKind::Hidden(_) => reasons.push(reason(
            "public-half-missing",
            "neither it nor a public key object shows its size or curve",
            "Look for its public key with the vendor's tool (`pkcs11-tool --list-objects --type pubkey`): it has to bear the same CKA_ID as this key, and be the only one. Where there is none, write the public key to the token with that id.",
        )),
        KeyKind::UnsupportedType(name) => reasons.push(reason(
            "unsupported-kind",
            format!("Azure Key Vault takes no {name} keys"),
            "It takes RSA, elliptic-curve (named NIST curves and P-256K) and AES keys.",
        )),
        KeyKind::GenericSecret => reasons.push(reason(
            "generic-secret",
            "it is a generic secret, not an AES key",
            "Azure Key Vault imports RSA, EC and AES keys; keep other secrets with its secrets, not its keys.",
        )),
    }
    if attributes.extractable() == Some(false) {
        reasons.push(reason(
            "not-extractable",
            "the token marks it as not extractable, so it can never leave, not even wrapped",
            "CKA_EXTRACTABLE is set when a key is made and cannot be set later: make a new key that can travel, with `keyferry keygen`.",
        ));
    }
    if attributes.wrap_with_trusted() == Some(true) {
        reasons.push(reason(
            "wrap-with-trusted",
            "it may be wrapped only under a key that the token's security officer has marked as trusted (CKA_TRUSTED), and the KEK is not",
            "CKA_WRAP_WITH_TRUSTED cannot be taken back: make a new key without it, with `keyferry keygen`, or have the vendor's own tool export this one under a KEK that the security officer trusts.",
        ));
    }
    reasons
}

fn rsa(attributes: &Attributes) -> KeyKind {
    let Some(modulus) = attributes.modulus() else {
        return KeyKind::Hidden(Hidden::Rsa);
    };
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = u32::try_from(modulus.len() * 8).unwrap_or(u32::MAX) - leading;
    match bits {
        2048 => KeyKind::Target(TargetKind::Rsa2048),
        3072 => KeyKind::Target(TargetKind::Rsa3072),
        4096 => KeyKind::Target(TargetKind::Rsa4096),
        other => KeyKind::UnsupportedSize(format!("RSA-{other}")),
    }
}

fn ec(attributes: &Attributes) -> KeyKind {
    let Some(params) = attributes.ec_params().filter(|params| !params.is_empty()) else {
        return KeyKind::Hidden(Hidden::Ec);
    };
    match curve_of(&params) {
        Some(Curve::P256) => KeyKind::Target(TargetKind::P256),
        Some(Curve::P384) => KeyKind::Target(TargetKind::P384),
        Some(Curve::P521) => KeyKind::Target(TargetKind::P521),
        Some(Curve::P256K) => KeyKind::Target(TargetKind::P256K),
        None => KeyKind::UnsupportedSize(match <ObjectIdentifier>::from_der(&params) {
            Ok(oid) => format!("EC ({oid})"),
            Err(_) => "EC (explicit parameters)".into(),
        }),
    }
}

fn aes(attributes: &Attributes) -> KeyKind {
    match attributes.value_len() {
        Some(16) => KeyKind::Target(TargetKind::Aes128),
        Some(24) => KeyKind::Target(TargetKind::Aes192),
        Some(32) => KeyKind::Target(TargetKind::Aes256),
        _ => KeyKind::UnsupportedSize("AES".into()),
    }
}
