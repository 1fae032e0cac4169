//! ECDSA with the one algorithm of each curve; signatures are r and s of the field's size, joined.

use super::{bad_value, no_algorithm};
use crate::vault::practice::refusal::Refusal;
use keyferry_core::Curve;
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};

/// The algorithm of a curve, and the bytes of its digest.
fn of_curve(curve: Curve) -> (&'static str, usize) {
    match curve {
        Curve::P256 => ("ES256", 32),
        Curve::P384 => ("ES384", 48),
        Curve::P521 => ("ES512", 64),
        Curve::P256K => ("ES256K", 32),
    }
}

fn check(curve: Curve, alg: &str, digest: &[u8]) -> Result<(), Refusal> {
    let (name, length) = of_curve(curve);
    if alg != name {
        return Err(no_algorithm(alg));
    }
    if digest.len() != length {
        return Err(bad_value(
            "The digest has another length than the algorithm's.",
        ));
    }
    Ok(())
}

/// The curve's own crate, one line each.
macro_rules! on_curve {
    ($curve:expr, $scalar:expr, |$key:ident, $signature:ident| $body:expr) => {
        match $curve {
            Curve::P256 => on_curve!(p256, $scalar, $key, $signature, $body),
            Curve::P384 => on_curve!(p384, $scalar, $key, $signature, $body),
            Curve::P521 => on_curve!(p521, $scalar, $key, $signature, $body),
            Curve::P256K => on_curve!(k256, $scalar, $key, $signature, $body),
        }
    };
    ($crate_:ident, $scalar:expr, $key:ident, $signature:ident, $body:expr) => {{
        type $signature = $crate_::ecdsa::Signature;
        $crate_::ecdsa::SigningKey::from_slice($scalar)
            .ok()
            .and_then(|$key| $body)
    }};
}

pub(super) fn sign(
    curve: Curve,
    scalar: &[u8],
    alg: &str,
    digest: &[u8],
) -> Result<Vec<u8>, Refusal> {
    check(curve, alg, digest)?;
    on_curve!(curve, scalar, |key, Signature| {
        let signature: Option<Signature> = key.sign_prehash(digest).ok();
        signature.map(|signature| signature.to_bytes().to_vec())
    })
    .ok_or_else(|| bad_value("The digest cannot be signed."))
}

pub(super) fn verify(
    curve: Curve,
    scalar: &[u8],
    alg: &str,
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, Refusal> {
    check(curve, alg, digest)?;
    let good = on_curve!(curve, scalar, |key, Signature| {
        let signature = Signature::from_slice(signature).ok()?;
        key.verifying_key().verify_prehash(digest, &signature).ok()
    });
    Ok(good.is_some())
}
