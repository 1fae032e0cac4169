//! The keys of a token.

use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki_sys::CKR_OBJECT_HANDLE_INVALID;
use keyferry_core::{KeyInfo, KeySelector, Reason};

use super::Attributes;
use super::kind::{KeyKind, reasons};
use super::public::spki_of;
use crate::digest::hex;
use crate::hsm::error::HsmError;

/// A private or secret key on the token.
#[derive(Debug, Clone)]
pub(super) struct TokenKey {
    pub(super) handle: ObjectHandle,
    pub(super) label: String,
    pub(super) id: Vec<u8>,
    pub(super) kind: KeyKind,
    pub(super) reasons: Vec<Reason>,
    /// The public half as SPKI DER, where the token shows it: its absence hinders no transfer.
    pub(super) spki: Option<Vec<u8>>,
    /// When the object was last looked at.
    seen: Instant,
}

/// For how long a look at an object counts: a plan of many wraps does not pay for one each time.
const FRESH: Duration = Duration::from_secs(5);

/// A public key object: where an EC key's point stands.
struct PublicHalf {
    handle: ObjectHandle,
    key_type: Option<KeyType>,
    label: String,
    id: Vec<u8>,
    spki: Vec<u8>,
}

impl TokenKey {
    /// The key as page and command line see it.
    pub(super) fn info(&self) -> KeyInfo {
        KeyInfo {
            label: self.label.clone(),
            id: hex(&self.id),
            kind: self.kind.name().to_owned(),
            transferable: self.reasons.is_empty(),
            reasons: self.reasons.clone(),
            spki: self.spki.as_deref().map(Base64::encode_string),
        }
    }

    /// Whether the object is still there and still this key. Handles are not used again while a
    /// token is open, but other programs may delete what they name.
    pub(super) fn is_unchanged(&mut self, session: &Session) -> Result<bool, HsmError> {
        if self.seen.elapsed() < FRESH {
            return Ok(true);
        }
        let types = [
            AttributeType::Label,
            AttributeType::Id,
            AttributeType::Extractable,
        ];
        match Attributes::read(session, self.handle, &types) {
            Ok(now) => {
                self.seen = Instant::now();
                Ok(now.label() == self.label
                    && now.id() == self.id
                    && now.extractable() != Some(false))
            }
            Err(HsmError::Call(call)) if call.is(CKR_OBJECT_HANDLE_INVALID) => Ok(false),
            Err(other) => Err(other),
        }
    }

    fn fits(&self, selector: &KeySelector) -> bool {
        let by_label = selector
            .label
            .as_ref()
            .is_none_or(|label| *label == self.label);
        let by_id = selector
            .id
            .as_ref()
            .is_none_or(|id| id.eq_ignore_ascii_case(&hex(&self.id)));
        by_label && by_id
    }
}

/// All private and secret keys that are token objects, by label.
pub(super) fn list(session: &Session) -> Result<Vec<TokenKey>, HsmError> {
    let public_halves = public_halves(session)?;
    let mut keys = Vec::new();
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
        for handle in session.find_objects(&[Attribute::Class(class), Attribute::Token(true)])? {
            keys.push(read(session, handle, &public_halves)?);
        }
    }
    keys.sort_by(|one, other| (&one.label, &one.id).cmp(&(&other.label, &other.id)));
    Ok(keys)
}

/// The one key of a list that a selector names.
pub(super) fn pick<'keys>(
    keys: &'keys mut [TokenKey],
    selector: &KeySelector,
) -> Result<&'keys mut TokenKey, HsmError> {
    let wanted = describe(selector);
    if selector.label.is_none() && selector.id.is_none() {
        return Err(HsmError::KeyUnknown { wanted });
    }
    let mut fitting: Vec<&mut TokenKey> =
        keys.iter_mut().filter(|key| key.fits(selector)).collect();
    match (fitting.pop(), fitting.is_empty()) {
        (None, _) => Err(HsmError::KeyUnknown { wanted }),
        (Some(key), true) => Ok(key),
        (Some(last), false) => {
            fitting.push(last);
            let ids = fitting.iter().map(|key| hex(&key.id)).collect();
            Err(HsmError::KeyAmbiguous { wanted, ids })
        }
    }
}

/// Whether any key object, public ones included, has this label.
pub(super) fn label_is_taken(session: &Session, label: &str) -> Result<bool, HsmError> {
    for class in [
        ObjectClass::PRIVATE_KEY,
        ObjectClass::SECRET_KEY,
        ObjectClass::PUBLIC_KEY,
    ] {
        let template = [
            Attribute::Class(class),
            Attribute::Token(true),
            Attribute::Label(label.into()),
        ];
        if !session.find_objects(&template)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The selector in words, for errors.
pub(super) fn describe(selector: &KeySelector) -> String {
    match (&selector.label, &selector.id) {
        (Some(label), Some(id)) => format!("labelled {label:?} with id {id}"),
        (Some(label), None) => format!("labelled {label:?}"),
        (None, Some(id)) => format!("with id {id}"),
        (None, None) => "without label and id".into(),
    }
}

fn read(
    session: &Session,
    handle: ObjectHandle,
    public_halves: &[PublicHalf],
) -> Result<TokenKey, HsmError> {
    let attributes = Attributes::read(
        session,
        handle,
        &[
            AttributeType::KeyType,
            AttributeType::Label,
            AttributeType::Id,
            AttributeType::Extractable,
        ],
    )?;
    // Apart, because a key has only those of its type: asking an AES key for a modulus makes some
    // tokens fail the whole list.
    let by_type: &[AttributeType] = match attributes.key_type() {
        Some(KeyType::RSA) => &[AttributeType::Modulus],
        Some(KeyType::EC) => &[AttributeType::EcParams],
        _ => &[AttributeType::ValueLen],
    };
    let types = [
        &[
            AttributeType::KeyType,
            AttributeType::Extractable,
            AttributeType::WrapWithTrusted,
        ],
        by_type,
    ]
    .concat();
    let details = Attributes::read(session, handle, &types)?;
    let (label, id) = (attributes.label(), attributes.id());
    let (mut kind, mut spki) = (KeyKind::of(&details), None);
    if let Some(key_type @ (KeyType::RSA | KeyType::EC)) = attributes.key_type() {
        let half = public_half(public_halves, key_type, &id, &label);
        if let (KeyKind::Hidden(_), Some(half)) = (&kind, half) {
            let types = [&[AttributeType::KeyType], by_type].concat();
            kind = KeyKind::of(&Attributes::read(session, half.handle, &types)?);
        }
        spki = match half {
            Some(half) => Some(half.spki.clone()),
            None => spki_of(session, handle)?,
        };
    }
    let reasons = reasons(&kind, &details);
    Ok(TokenKey {
        handle,
        label,
        id,
        kind,
        reasons,
        spki,
        seen: Instant::now(),
    })
}

fn public_halves(session: &Session) -> Result<Vec<PublicHalf>, HsmError> {
    let mut halves = Vec::new();
    for handle in session.find_objects(&[
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::Token(true),
    ])? {
        let attributes = Attributes::read(
            session,
            handle,
            &[
                AttributeType::KeyType,
                AttributeType::Label,
                AttributeType::Id,
            ],
        )?;
        if let Some(spki) = spki_of(session, handle)? {
            halves.push(PublicHalf {
                handle,
                key_type: attributes.key_type(),
                label: attributes.label(),
                id: attributes.id(),
                spki,
            });
        }
    }
    Ok(halves)
}

/// The public object that belongs to a private key: the only one of its type with the same id or,
/// where the key has no id, with the same label.
fn public_half<'halves>(
    halves: &'halves [PublicHalf],
    key_type: KeyType,
    id: &[u8],
    label: &str,
) -> Option<&'halves PublicHalf> {
    let mut fitting = halves.iter().filter(|half| {
        half.key_type == Some(key_type)
            && if id.is_empty() {
                half.label == label
            } else {
                half.id == id
            }
    });
    match (fitting.next(), fitting.next()) {
        (Some(half), None) => Some(half),
        _ => None,
    }
}
