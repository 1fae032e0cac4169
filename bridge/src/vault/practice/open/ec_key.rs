//! EC private keys inside PKCS#8 (RFC 5915 §3): named curves, and a public half that is derived.

use super::Key;
use crate::vault::practice::cause::Cause;
use crate::vault::practice::opened::{PublicHalf, Quirk};
use crate::vault::practice::refusal::Refusal;
use crate::vault::practice::secret::Secret;
use crate::vault::spki;
use const_oid::ObjectIdentifier;
use der::Decode;
use der::asn1::AnyRef;
use keyferry_core::{Curve, TargetKind};
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{self, CurveArithmetic, FieldBytes, FieldBytesSize, SecretKey};
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

/// Reads a key on one of Azure's four curves.
pub(super) fn read(parameters: Option<AnyRef<'_>>, der: &[u8]) -> Result<Key, Refusal> {
    let oid = parameters
        .and_then(|any| any.decode_as::<ObjectIdentifier>().ok())
        .ok_or_else(|| {
            Refusal::new(
                Cause::EcParameters,
                "The EC key names no curve: explicit parameters are not taken.",
            )
        })?;
    let curve = spki::curve_of(oid).ok_or_else(|| {
        Refusal::new(
            Cause::EcParameters,
            format!("The EC key is on a curve that is not taken ({oid})."),
        )
    })?;
    let claimed = EcPrivateKey::from_der(der).map_err(|_| {
        Refusal::new(
            Cause::Pkcs8,
            "The PKCS#8 says EC, but holds no ECPrivateKey with a named curve.",
        )
    })?;
    if claimed
        .parameters
        .is_some_and(|inner| inner.named_curve() != Some(oid))
    {
        return Err(Refusal::new(
            Cause::EcParameters,
            "The EC key names two different curves.",
        ));
    }
    let expected = spki::field_bytes(curve);
    let bytes = claimed.private_key.len();
    let (kind, point) = match curve {
        Curve::P256 => (
            TargetKind::P256,
            derive::<p256::NistP256>(claimed.private_key),
        ),
        Curve::P384 => (
            TargetKind::P384,
            derive::<p384::NistP384>(claimed.private_key),
        ),
        Curve::P521 => (
            TargetKind::P521,
            derive::<p521::NistP521>(claimed.private_key),
        ),
        Curve::P256K => (
            TargetKind::P256K,
            derive::<k256::Secp256k1>(claimed.private_key),
        ),
    };
    let point = point.ok_or_else(|| {
        Refusal::new(
            Cause::EcNumbers,
            "The EC key's private scalar is out of range.",
        )
    })?;
    if claimed.public_key.is_some_and(|public| public != point) {
        return Err(Refusal::new(
            Cause::EcNumbers,
            "The EC key's public half is not that of its private scalar.",
        ));
    }
    let (x, y) = point
        .get(1..)
        .and_then(|both| both.split_at_checked(expected))
        .unwrap_or_default();
    let public = PublicHalf::Ec {
        curve,
        x: x.to_vec(),
        y: y.to_vec(),
    };
    let mut padded = Zeroizing::new(vec![0; expected]);
    // A scalar in range is not longer than the field.
    if let Some(place) = padded.get_mut(expected.saturating_sub(bytes)..) {
        place.copy_from_slice(claimed.private_key);
    }
    let quirks = if bytes < expected {
        vec![Quirk::ShortScalar { bytes, expected }]
    } else {
        Vec::new()
    };
    Ok(Key {
        kind,
        public,
        secret: Secret::Ec(curve, padded),
        quirks,
    })
}

/// The uncompressed point of a scalar in 1..n; a short one is padded in front.
fn derive<C>(scalar: &[u8]) -> Option<Vec<u8>>
where
    C: elliptic_curve::Curve + CurveArithmetic,
    C::AffinePoint: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let mut padded = Zeroizing::new(FieldBytes::<C>::default());
    let missing = padded.len().checked_sub(scalar.len())?;
    padded.get_mut(missing..)?.copy_from_slice(scalar);
    let secret = SecretKey::<C>::from_bytes(&padded).ok()?;
    Some(secret.public_key().to_sec1_point(false).as_bytes().to_vec())
}
