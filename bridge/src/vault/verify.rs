//! Is what the vault holds what the HSM holds? The public halves are compared, and where the key's
//! operations allow it the vault uses the private half in a way that the HSM's public key can check.

use super::client::VaultClient;
use super::error::VaultError;
use super::key::VaultKey;
use super::proof::{Challenge, Check};
use super::trouble::Trouble;
use keyferry_core::{
    Finding, ImportType, KeyName, PrivateKeyCheck, PublicKeyCheck, Severity, Verification, visible,
};

/// What the HSM says of the key.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Type and curve.
    pub kind: ImportType,
    /// SubjectPublicKeyInfo DER; none for AES, or when nobody noted it.
    pub spki: Option<&'a [u8]>,
}

/// Verifies one imported key.
///
/// # Errors
/// [`VaultError`] when the vault could not be asked; a verification that turns out badly is none: it
/// is an `Ok` whose [`holds`](Verification::holds) is false.
pub async fn verify(
    client: &VaultClient,
    name: &KeyName,
    key: &VaultKey,
    expected: Expected<'_>,
) -> Result<Verification, VaultError> {
    if key.import_type != Some(expected.kind) {
        return Ok(differs(format!(
            "the vault's key is of the type {}, the HSM's of {}",
            visible(&key.kty),
            expected.kind
        )));
    }
    if expected.kind == ImportType::Oct {
        return Ok(unseen(key));
    }
    let Some(spki) = expected.spki else {
        return Ok(Verification {
            public_key: PublicKeyCheck::NothingToCompare,
            private_key: PrivateKeyCheck::NotDone,
            algorithm: None,
            findings: vec![Finding::warning(
                "public-key-unknown",
                "the HSM's public key is not known here, so nothing could be compared",
                "Import with the receipt that was written beside the file, or compare the public keys by hand (`az keyvault key download`).",
            )],
        });
    };
    if key.spki.as_deref() != Some(spki) {
        return Ok(differs(
            "the vault's public key is not the HSM's".to_owned(),
        ));
    }
    // What the import's answer said is looked up again: it is the vault's key that counts.
    let kept = match client.show(name, Some(&key.version)).await {
        Ok(kept) => kept,
        Err(error) if error.trouble() == Some(Trouble::KeyNotFound) => {
            return Err(VaultError::Differs {
                what: "key version",
                asked: visible(&key.kid),
                answered: "none".to_owned(),
            });
        }
        Err(error) => return Err(error),
    };
    if kept.spki.as_deref() != Some(spki) {
        return Ok(differs(
            "the public key that the vault keeps is not the HSM's".to_owned(),
        ));
    }
    possession(client, name, &kept, spki).await
}

/// The public halves are equal: does the vault hold the private one?
async fn possession(
    client: &VaultClient,
    name: &KeyName,
    key: &VaultKey,
    spki: &[u8],
) -> Result<Verification, VaultError> {
    let equal = |private_key, algorithm: Option<&'static str>, findings| Verification {
        public_key: PublicKeyCheck::Equal,
        private_key,
        algorithm: algorithm.map(str::to_owned),
        findings,
    };
    let not_done = |why: String| {
        let finding = Finding::unchecked(
            "private-key-unchecked",
            format!("the vault's private key was not tried: {why}"),
            "The public keys are equal. Sign once with the key where its use is allowed, and verify with the HSM's public key.",
        );
        equal(PrivateKeyCheck::NotDone, None, vec![finding])
    };
    if key.enabled == Some(false) {
        return Ok(not_done("the key is disabled".to_owned()));
    }
    let Some(challenge) = Challenge::fitting(key, spki) else {
        return Ok(not_done(
            "its operations allow neither signing nor decrypting".to_owned(),
        ));
    };
    match challenge.put(client, name, &key.version).await {
        Ok(Check::Passed) => Ok(equal(
            challenge.shows(),
            Some(challenge.algorithm()),
            Vec::new(),
        )),
        Ok(Check::Failed) => {
            let finding = Finding::new(
                Severity::Error,
                "private-key-differs",
                "what the vault did with its private key does not belong to the HSM's public key",
                "Do not use the imported key. Disable it, keep the receipt, and report it with the token's name, model and firmware.",
            );
            Ok(equal(
                PrivateKeyCheck::Failed,
                Some(challenge.algorithm()),
                vec![finding],
            ))
        }
        // What says nothing about the key: a role that may import and not sign, a key not valid yet.
        Err(error)
            if matches!(
                error.trouble(),
                Some(
                    Trouble::NoRole
                        | Trouble::NoPermission
                        | Trouble::Forbidden
                        | Trouble::KeyNotUsable
                        | Trouble::BadRequest
                )
            ) =>
        {
            Ok(not_done(error.to_string()))
        }
        Err(error) => Err(error),
    }
}

fn differs(message: String) -> Verification {
    Verification {
        public_key: PublicKeyCheck::Differs,
        private_key: PrivateKeyCheck::NotDone,
        algorithm: None,
        findings: vec![Finding::new(
            Severity::Error,
            "public-key-differs",
            message,
            "Do not use the imported key. Disable it, keep the receipt, and report it with the token's name, model and firmware.",
        )],
    }
}

fn unseen(key: &VaultKey) -> Verification {
    let platform = key
        .hsm_platform
        .as_deref()
        .map_or_else(String::new, |platform| {
            format!(", HSM platform {}", visible(platform))
        });
    let enabled = match key.enabled {
        Some(false) => "disabled",
        Some(true) | None => "enabled",
    };
    Verification {
        public_key: PublicKeyCheck::NoneToSee,
        private_key: PrivateKeyCheck::NotDone,
        algorithm: None,
        findings: vec![Finding::note(
            "aes-unseen",
            format!(
                "an AES key has no public half, so nobody outside can see that both keys are equal; the vault shows {}, operations {}, {enabled}{platform}",
                visible(&key.kty),
                visible(&key.operations.join(" ")),
            ),
            "To be sure, encrypt a test value with the vault's key and decrypt it with the HSM's.",
        )],
    }
}
