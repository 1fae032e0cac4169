//! A key as a vault gives it.

use super::error::VaultError;
use super::spki;
use azure_security_keyvault_keys::models::{CurveName, Key, KeyProperties, KeyType};
use keyferry_core::{Admission, Curve, ImportType, KeyName, Kid, VaultAddress, visible};
use std::collections::BTreeMap;

/// A key as a vault gives it. What it says of itself is foreign text: show it through `visible`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultKey {
    /// Its identifier, with version.
    pub kid: String,
    /// Its version.
    pub version: String,
    /// `kty`, such as `RSA-HSM`.
    pub kty: String,
    /// Type and curve, when it is an HSM key of a type that can be imported.
    pub import_type: Option<ImportType>,
    /// `key_ops`.
    pub operations: Vec<String>,
    /// Public half as SubjectPublicKeyInfo DER; none for AES, whose answer holds none.
    pub spki: Option<Vec<u8>>,
    /// `attributes.enabled`; none when it is not said.
    pub enabled: Option<bool>,
    /// Not before, seconds since 1970.
    pub not_before: Option<i64>,
    /// Expires, seconds since 1970.
    pub expires: Option<i64>,
    /// `attributes.exportable`.
    pub exportable: bool,
    /// `attributes.hsmPlatform`.
    pub hsm_platform: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The key as a document: what core's examination of a KEK reads, every rule checkable.
    pub document: Vec<u8>,
}

/// A key's line in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyListing {
    /// Its name.
    pub name: KeyName,
    /// False when it is disabled.
    pub enabled: bool,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// Which key was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) vault: &'a VaultAddress,
    pub(super) admission: &'a Admission,
    pub(super) name: &'a KeyName,
    pub(super) version: Option<&'a str>,
}

impl Wanted<'_> {
    /// The answer's identifier, if it is of the key that was asked for.
    fn admit(&self, kid: &str) -> Result<Kid, VaultError> {
        let differs = || VaultError::Differs {
            what: "key",
            asked: self.vault.kid(self.name, self.version),
            answered: visible(kid),
        };
        let parsed = Kid::parse(kid, self.admission).map_err(|_| differs())?;
        let same_name = parsed.key_name().eq_ignore_ascii_case(self.name.as_str());
        let same_version = match (self.version, parsed.version()) {
            (Some(asked), Some(answered)) => asked.eq_ignore_ascii_case(answered),
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if self.vault.holds(&parsed) && same_name && same_version {
            Ok(parsed)
        } else {
            Err(differs())
        }
    }

    /// Reads an answer, and that it is of the key that was asked for.
    pub(super) fn read(&self, answer: Key) -> Result<VaultKey, VaultError> {
        let document = document(&answer)?;
        let key = answer.key.ok_or_else(|| incomplete("key"))?;
        let kid = self.admit(key.kid.as_deref().ok_or_else(|| incomplete("kid"))?)?;
        let kty = key.kty.ok_or_else(|| incomplete("kty"))?;
        let mut curve = None;
        let spki = match &kty {
            KeyType::Rsa | KeyType::RsaHsm => {
                let (n, e) = key.n.zip(key.e).ok_or_else(|| incomplete("n and e"))?;
                Some(spki::rsa(&n, &e))
            }
            KeyType::Ec | KeyType::EcHsm => {
                let (x, y) = key.x.zip(key.y).ok_or_else(|| incomplete("x and y"))?;
                let named = key.crv.as_ref().and_then(known_curve);
                let named = named.ok_or_else(|| incomplete("crv that is known"))?;
                curve = Some(named);
                Some(spki::ec(named, &x, &y))
            }
            _ => None,
        };
        let spki = spki
            .transpose()
            .map_err(|error| VaultError::Answer(error.to_string()))?;
        let attributes = answer.attributes.unwrap_or_default();
        Ok(VaultKey {
            kid: kid.as_str().to_owned(),
            version: kid.version().unwrap_or_default().to_owned(),
            import_type: ImportType::parse(kty.as_ref(), curve.map(Curve::name))
                .ok()
                .filter(|found| found.kty() == kty.as_ref()),
            kty: kty.to_string(),
            operations: key.key_ops.unwrap_or_default(),
            spki,
            enabled: attributes.enabled,
            not_before: attributes.not_before.map(|time| time.unix_timestamp()),
            expires: attributes.expires.map(|time| time.unix_timestamp()),
            exportable: attributes.exportable.unwrap_or(false),
            hsm_platform: attributes.hsm_platform,
            tags: answer.tags.unwrap_or_default().into_iter().collect(),
            document,
        })
    }
}

/// The answer as the REST interface would write it again: public members and attributes.
fn document(answer: &Key) -> Result<Vec<u8>, VaultError> {
    serde_json::to_vec(answer).map_err(|error| VaultError::Answer(error.to_string()))
}

/// A line of a list; keys of names that no key can have are none.
pub(super) fn listing(
    item: KeyProperties,
    vault: &VaultAddress,
    admission: &Admission,
) -> Option<KeyListing> {
    let kid = Kid::parse(item.kid.as_deref()?, admission).ok()?;
    let name = KeyName::parse(kid.key_name()).ok()?;
    vault.holds(&kid).then(|| KeyListing {
        name,
        enabled: item
            .attributes
            .and_then(|attributes| attributes.enabled)
            .unwrap_or(true),
        tags: item.tags.unwrap_or_default().into_iter().collect(),
    })
}

fn known_curve(name: &CurveName) -> Option<Curve> {
    match name {
        CurveName::P256 => Some(Curve::P256),
        CurveName::P384 => Some(Curve::P384),
        CurveName::P521 => Some(Curve::P521),
        CurveName::P256K => Some(Curve::P256K),
        _ => None,
    }
}

pub(super) fn sdk_curve(curve: Curve) -> CurveName {
    match curve {
        Curve::P256 => CurveName::P256,
        Curve::P384 => CurveName::P384,
        Curve::P521 => CurveName::P521,
        Curve::P256K => CurveName::P256K,
    }
}

fn incomplete(member: &str) -> VaultError {
    VaultError::Answer(format!("it has no {member}"))
}
