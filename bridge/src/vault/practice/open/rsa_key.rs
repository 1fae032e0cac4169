//! RSA private keys inside PKCS#8 (RFC 8017 appendix A.1.2): every number is checked.

use super::Key;
use crate::vault::practice::cause::Cause;
use crate::vault::practice::opened::PublicHalf;
use crate::vault::practice::refusal::Refusal;
use crate::vault::practice::secret::Secret;
use der::Decode;
use keyferry_core::TargetKind;
use pkcs1::RsaPrivateKeyRef;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, PrivateKey};
use zeroize::Zeroizing;

/// Reads a two-prime key of 2048, 3072 or 4096 bits.
///
/// n = p·q, d·e = 1 modulo p − 1 and q − 1, and the three CRT numbers belong to them.
pub(super) fn read(der: &[u8]) -> Result<Key, Refusal> {
    let claimed = RsaPrivateKeyRef::from_der(der).map_err(|_| {
        Refusal::new(
            Cause::Pkcs8,
            "The PKCS#8 says RSA, but holds no RSAPrivateKey.",
        )
    })?;
    if claimed.other_prime_infos.is_some() {
        return Err(Refusal::new(
            Cause::RsaNumbers,
            "The RSA key has more than two primes.",
        ));
    }
    let modulus = claimed.modulus.as_bytes();
    let top_bit = modulus.first().is_some_and(|byte| byte & 0x80 != 0);
    let kind = match (modulus.len(), top_bit) {
        (256, true) => TargetKind::Rsa2048,
        (384, true) => TargetKind::Rsa3072,
        (512, true) => TargetKind::Rsa4096,
        (bytes, _) => {
            return Err(Refusal::new(
                Cause::RsaSize,
                format!("An RSA key with a modulus of {bytes} bytes is not taken."),
            ));
        }
    };
    let number = BoxedUint::from_be_slice_vartime;
    let key = PrivateKey::from_components(
        number(modulus),
        number(claimed.public_exponent.as_bytes()),
        number(claimed.private_exponent.as_bytes()),
        vec![
            number(claimed.prime1.as_bytes()),
            number(claimed.prime2.as_bytes()),
        ],
    )
    .map_err(|_| damaged())?;
    let crt = [
        (key.dp().cloned(), claimed.exponent1.as_bytes()),
        (key.dq().cloned(), claimed.exponent2.as_bytes()),
        (key.crt_coefficient(), claimed.coefficient.as_bytes()),
    ];
    for (computed, claimed) in crt {
        let computed = computed.map(Zeroizing::new).ok_or_else(damaged)?;
        if Zeroizing::new(computed.to_be_bytes_trimmed_vartime()).as_ref() != claimed {
            return Err(damaged());
        }
    }
    let public = PublicHalf::Rsa {
        modulus: key.n().to_be_bytes_trimmed_vartime().into(),
        exponent: key.e().to_be_bytes_trimmed_vartime().into(),
    };
    Ok(Key {
        kind,
        public,
        secret: Secret::Rsa(Box::new(key)),
        quirks: Vec::new(),
    })
}

fn damaged() -> Refusal {
    Refusal::new(
        Cause::RsaNumbers,
        "The RSA key's numbers do not belong together.",
    )
}
