//! The keys of a token.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki_sys::CKR_OBJECT_HANDLE_INVALID;
use keyferry_core::{KeyInfo, KeySelector, Reason, to_hex};

use super::Attributes;
use super::halves::PublicHalves;
use super::kind::{KeyKind, reasons};
use super::public::spki_of;
use super::reader::Reader;
use crate::hsm::error::HsmError;
use crate::hsm::raw::RawCalls;

/// The keys of a listing, by label; one of them is found without a walk over all.
#[derive(Default)]
pub(super) struct Keys {
    keys: Vec<TokenKey>,
    by_label: HashMap<String, Vec<usize>>,
    /// By id in lower-case hexadecimal.
    by_id: HashMap<String, Vec<usize>>,
    /// When they were listed; none when nothing was.
    listed: Option<Instant>,
}

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
pub(super) const FRESH: Duration = Duration::from_secs(5);

impl TokenKey {
    /// A key of these attributes, with the public half that belongs to it.
    fn new(
        session: &Session,
        handle: ObjectHandle,
        attributes: &Attributes,
        halves: &PublicHalves,
    ) -> Result<Self, HsmError> {
        let (label, id) = (attributes.label(), attributes.id());
        let (mut kind, mut spki) = (KeyKind::of(attributes), None);
        if let Some(key_type @ (KeyType::RSA | KeyType::EC)) = attributes.key_type() {
            let half = halves.of(key_type, &id, &label);
            if let (KeyKind::Hidden(_), Some(half)) = (&kind, half) {
                kind = half.kind.clone();
            }
            spki = match half {
                Some(half) => Some(half.spki.clone()),
                None => spki_of(session, handle)?,
            };
        }
        let reasons = reasons(&kind, attributes);
        Ok(Self {
            handle,
            label,
            id,
            kind,
            reasons,
            spki,
            seen: Instant::now(),
        })
    }

    /// The key as page and command line see it.
    pub(super) fn info(&self) -> KeyInfo {
        KeyInfo {
            label: self.label.clone(),
            id: to_hex(&self.id),
            kind: self.kind.name().to_owned(),
            transferable: self.reasons.is_empty(),
            reasons: self.reasons.clone(),
            spki: self.spki.as_deref().map(Base64::encode_string),
        }
    }

    /// Whether the object is still there and still this key. Handles are not used again while a
    /// token is open, but other programs may delete what they name.
    pub(super) fn is_unchanged(
        &mut self,
        raw: &RawCalls,
        session: &Session,
    ) -> Result<bool, HsmError> {
        if self.seen.elapsed() < FRESH {
            return Ok(true);
        }
        let types = [
            AttributeType::Label,
            AttributeType::Id,
            AttributeType::Extractable,
        ];
        match Attributes::read_at_once(raw, session, self.handle, &types) {
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
            .is_none_or(|id| id.eq_ignore_ascii_case(&to_hex(&self.id)));
        by_label && by_id
    }
}

impl Keys {
    /// All private and secret keys that are token objects.
    pub(super) fn list(raw: &RawCalls, session: &Session) -> Result<Self, HsmError> {
        let halves = PublicHalves::of_token(raw, session)?;
        let mut keys = Vec::new();
        for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
            let mut reader = Reader::new(raw, session, COMMON, of_type);
            for handle in raw.find(session, &[Attribute::Class(class), Attribute::Token(true)])? {
                let attributes = reader.read(handle)?;
                keys.push(TokenKey::new(session, handle, &attributes, &halves)?);
            }
        }
        keys.sort_by(|one, other| (&one.label, &one.id).cmp(&(&other.label, &other.id)));
        Ok(Self::sorted(keys))
    }

    fn sorted(keys: Vec<TokenKey>) -> Self {
        let mut by_label: HashMap<String, Vec<usize>> = HashMap::new();
        let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, key) in keys.iter().enumerate() {
            by_label.entry(key.label.clone()).or_default().push(place);
            by_id.entry(to_hex(&key.id)).or_default().push(place);
        }
        Self {
            keys,
            by_label,
            by_id,
            listed: Some(Instant::now()),
        }
    }

    /// As page and command line see them.
    pub(super) fn infos(&self) -> Vec<KeyInfo> {
        self.keys.iter().map(TokenKey::info).collect()
    }

    /// Whether the listing is recent enough to be gone by.
    pub(super) fn are_fresh(&self) -> bool {
        self.listed.is_some_and(|at| at.elapsed() < FRESH)
    }

    /// Those that a selector names, as page and command line see them.
    pub(super) fn fitting(&self, selector: &KeySelector) -> Vec<KeyInfo> {
        let keys = self
            .places(selector)
            .filter_map(|place| self.keys.get(place));
        keys.map(TokenKey::info).collect()
    }

    /// The one key that a selector names.
    pub(super) fn pick(&mut self, selector: &KeySelector) -> Result<&mut TokenKey, HsmError> {
        let unknown = || HsmError::KeyUnknown {
            wanted: describe(selector),
        };
        let fitting: Vec<usize> = self.places(selector).collect();
        match fitting.as_slice() {
            [] => Err(unknown()),
            [one] => self.keys.get_mut(*one).ok_or_else(unknown),
            several => Err(HsmError::KeyAmbiguous {
                wanted: describe(selector),
                ids: several
                    .iter()
                    .filter_map(|place| self.keys.get(*place))
                    .map(|key| to_hex(&key.id))
                    .collect(),
            }),
        }
    }

    /// Where the keys stand that a selector names; one that names nothing means no key.
    fn places<'keys>(
        &'keys self,
        selector: &'keys KeySelector,
    ) -> impl Iterator<Item = usize> + 'keys {
        let named = match (&selector.id, &selector.label) {
            (Some(id), _) => self.by_id.get(&id.to_ascii_lowercase()),
            (None, Some(label)) => self.by_label.get(label),
            (None, None) => None,
        };
        let fits = |place: &usize| self.keys.get(*place).is_some_and(|key| key.fits(selector));
        named.into_iter().flatten().copied().filter(fits)
    }
}

/// What is read of every key.
const COMMON: &[AttributeType] = &[
    AttributeType::KeyType,
    AttributeType::Label,
    AttributeType::Id,
    AttributeType::Extractable,
    AttributeType::WrapWithTrusted,
];

/// What tells size or curve.
fn of_type(key_type: Option<KeyType>) -> &'static [AttributeType] {
    match key_type {
        Some(KeyType::RSA) => &[AttributeType::Modulus],
        Some(KeyType::EC) => &[AttributeType::EcParams],
        _ => &[AttributeType::ValueLen],
    }
}

/// One key object, its public half looked for by itself.
pub(super) fn one(
    raw: &RawCalls,
    session: &Session,
    handle: ObjectHandle,
) -> Result<TokenKey, HsmError> {
    let attributes = Reader::new(raw, session, COMMON, of_type).read(handle)?;
    let halves = PublicHalves::of_key(raw, session, &attributes.id(), &attributes.label())?;
    TokenKey::new(session, handle, &attributes, &halves)
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
