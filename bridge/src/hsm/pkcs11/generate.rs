//! Making keys that can travel: sensitive, extractable, with the least usage.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::Session;
use cryptoki_sys::CK_ULONG;
use keyferry_core::{Family, TargetKind};

use super::public::curve_oid;
use crate::hsm::error::HsmError;
use crate::hsm::strategy::refuses_template;

/// Longest label in bytes.
const MAX_LABEL: usize = 255;
const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];

/// Whether a new key stays on the token or ends with its session.
#[derive(Debug, Clone)]
pub(in crate::hsm) enum Lifetime {
    /// A token object with this `CKA_LABEL` and `CKA_ID`.
    Token { label: String, id: Vec<u8> },
    /// A disposable session object.
    Session,
}

/// The handles of a new key.
#[derive(Debug, Clone, Copy)]
pub(in crate::hsm) struct Generated {
    /// The private or secret key.
    pub(in crate::hsm) key: ObjectHandle,
    /// The public key of a pair.
    pub(in crate::hsm) public: Option<ObjectHandle>,
}

/// Refuses labels that are empty, too long, or that could mislead in a list.
pub(super) fn check_label(label: &str) -> Result<(), HsmError> {
    let printable =
        !label.is_empty() && label.len() <= MAX_LABEL && !label.chars().any(char::is_control);
    if printable {
        Ok(())
    } else {
        Err(HsmError::LabelRefused)
    }
}

/// Makes a key of a kind. Usage is the least that leaves the key useful: signing for pairs,
/// encryption for AES; what it may do in the vault is chosen at import. A token that refuses to be told
/// what a key may not do is not told.
pub(in crate::hsm) fn generate(
    session: &Session,
    kind: TargetKind,
    lifetime: &Lifetime,
) -> Result<Generated, HsmError> {
    let outcome = match kind.family() {
        Family::Rsa => pair(
            session,
            &Mechanism::RsaPkcsKeyPairGen,
            &[
                Attribute::ModulusBits(CK_ULONG::from(kind.bits()).into()),
                Attribute::PublicExponent(PUBLIC_EXPONENT.into()),
            ],
            lifetime,
        ),
        Family::Ec => {
            let params = kind.curve().and_then(curve_oid).unwrap_or_default();
            pair(
                session,
                &Mechanism::EccKeyPairGen,
                &[Attribute::EcParams(params)],
                lifetime,
            )
        }
        Family::Aes => secret(session, kind.bits() / 8, lifetime),
    };
    outcome.map_err(|error| refused(kind, error))
}

fn pair(
    session: &Session,
    mechanism: &Mechanism<'_>,
    parameters: &[Attribute],
    lifetime: &Lifetime,
) -> Result<Generated, Error> {
    let mut public = identity(lifetime);
    public.extend_from_slice(parameters);
    public.push(Attribute::Verify(true));
    let mut private = travelling(lifetime);
    private.push(Attribute::Sign(true));
    let fullest = (
        [public.as_slice(), &[Attribute::Private(false)]].concat(),
        [
            private.as_slice(),
            &[
                Attribute::Decrypt(false),
                Attribute::Unwrap(false),
                Attribute::Derive(false),
            ],
        ]
        .concat(),
    );
    let (public, key) = session
        .generate_key_pair(mechanism, &fullest.0, &fullest.1)
        .or_else(|error| {
            if refuses_template(&error) {
                session.generate_key_pair(mechanism, &public, &private)
            } else {
                Err(error)
            }
        })?;
    Ok(Generated {
        key,
        public: Some(public),
    })
}

fn secret(session: &Session, bytes: u32, lifetime: &Lifetime) -> Result<Generated, Error> {
    let mut template = travelling(lifetime);
    template.extend([
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::ValueLen(CK_ULONG::from(bytes).into()),
    ]);
    let fullest = [
        template.as_slice(),
        &[
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
        ],
    ]
    .concat();
    let key = session
        .generate_key(&Mechanism::AesKeyGen, &fullest)
        .or_else(|error| {
            if refuses_template(&error) {
                session.generate_key(&Mechanism::AesKeyGen, &template)
            } else {
                Err(error)
            }
        })?;
    Ok(Generated { key, public: None })
}

fn identity(lifetime: &Lifetime) -> Vec<Attribute> {
    match lifetime {
        Lifetime::Token { label, id } => {
            vec![
                Attribute::Token(true),
                Attribute::Label(label.as_bytes().into()),
                Attribute::Id(id.clone()),
            ]
        }
        Lifetime::Session => vec![Attribute::Token(false)],
    }
}

fn travelling(lifetime: &Lifetime) -> Vec<Attribute> {
    let mut template = identity(lifetime);
    template.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(true),
    ]);
    template
}

/// A return value that says "not this kind" is told as such; all others as what they are.
fn refused(kind: TargetKind, error: Error) -> HsmError {
    let unsupported = matches!(
        error,
        Error::Pkcs11(
            RvError::MechanismInvalid
                | RvError::MechanismParamInvalid
                | RvError::CurveNotSupported
                | RvError::DomainParamsInvalid
                | RvError::KeySizeRange
                | RvError::AttributeValueInvalid
                | RvError::TemplateInconsistent,
            _
        )
    );
    // Kryoptic's answer to a curve that its OpenSSL lacks.
    let unsupported =
        unsupported || (kind.is_ec() && matches!(error, Error::Pkcs11(RvError::GeneralError, _)));
    match HsmError::from(error) {
        HsmError::Call(call) if unsupported => HsmError::KindUnsupported { kind, call },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::check_label;

    #[test]
    fn refuses_labels_that_are_empty_too_long_or_not_printable() {
        assert!(check_label("signing key ü").is_ok());
        assert!(check_label(&"a".repeat(255)).is_ok());
        for refused in ["", "a\nb", "a\0", &"a".repeat(256)] {
            assert!(check_label(refused).is_err(), "{refused:?}");
        }
    }
}
