//! The whole algorithm, from a file to three results.

use super::chain::{MakerChain, owner};
use super::evidence::{self, Evidence};
use super::layout::AttestedBlob;
use super::refusal::Refusal;
use super::verdict::{
    AttestationVerdict, HardwareResult, HardwareVerdict, KeyResult, KeyVerdict, PoolResult,
    PoolVerdict,
};
use super::{AttestationSource, AttestedKek, OwnerFingerprint, bundle, properties};
use crate::{Finding, Severity};

/// What genuine hardware states of a key.
struct Statement {
    common_names: [String; 2],
    key: Result<Vec<String>, Vec<Refusal>>,
    owner: Result<Option<(OwnerFingerprint, String)>, Refusal>,
}

pub(super) fn verify(source: &AttestationSource<'_>) -> AttestationVerdict {
    let evidence = match evidence::read(source.document) {
        Ok(evidence::Read::Evidence(evidence)) => evidence,
        Ok(evidence::Read::NotAvailable) => return not_available(source),
        Err(refusal) => return refused(&refusal, source),
    };
    match statement(&evidence, source) {
        Ok(statement) => conclude(statement, source),
        Err(refusal) => refused(&refusal, source),
    }
}

fn statement(evidence: &Evidence, source: &AttestationSource<'_>) -> Result<Statement, Refusal> {
    let bundle = bundle::certificates(&evidence.certificates)?;
    let chain = MakerChain::verify(&bundle, source.roots, source.now)?;
    let private = signed(&evidence.private, &chain, "private")?;
    let public = signed(&evidence.public, &chain, "public")?;
    let owner = owner(&bundle, chain.partition, source.roots, source.now).map(|owner| {
        owner.map(|owner| {
            let fingerprint = OwnerFingerprint::new(owner.fingerprint());
            (fingerprint, owner.common_name().to_owned())
        })
    });
    Ok(Statement {
        common_names: [chain.card, chain.partition].map(|link| link.common_name().to_owned()),
        key: key(&private, &public, source.kek),
        owner,
    })
}

/// A blob that the partition signed.
fn signed<'a>(
    bytes: &'a [u8],
    chain: &MakerChain<'_>,
    which: &str,
) -> Result<AttestedBlob<'a>, Refusal> {
    let blob = AttestedBlob::read(bytes)?;
    if chain
        .partition
        .key()
        .verifies(blob.signed, blob.signature, blob.form)
    {
        Ok(blob)
    } else {
        Err(Refusal::file(
            "attestation-signature",
            format!("the statement about the {which} key is not signed by the partition"),
        ))
    }
}

/// Everything that the statements have to say; what could not be compared is told by its code.
fn key(
    private: &AttestedBlob<'_>,
    public: &AttestedBlob<'_>,
    kek: Option<AttestedKek<'_>>,
) -> Result<Vec<String>, Vec<Refusal>> {
    let object = properties::private_key(private).map_err(|refusal| vec![refusal])?;
    let half = properties::public_key(public).map_err(|refusal| vec![refusal])?;
    let mut refusals = properties::origin(object);
    refusals.extend(properties::agree(object, half).err());
    if let Some(kek) = kek {
        refusals.extend(properties::numbers(object, kek.modulus, kek.exponent));
        if let Some(path) = kek.path {
            refusals.extend(properties::identifier(object, path).err());
        }
    }
    if refusals.is_empty() {
        Ok(properties::signed_identifier(object).into_iter().collect())
    } else {
        Err(refusals)
    }
}

fn conclude(statement: Statement, source: &AttestationSource<'_>) -> AttestationVerdict {
    let [card, partition] = &statement.common_names;
    let mut findings = Vec::new();
    let key = key_result(&statement.key, source, &mut findings);
    let pool = pool_result(statement.owner, source.pin, &mut findings);
    findings.push(Finding::note(
        "attestation-limits",
        "an attestation proves where a key was made, not whose pool it is, not when the statement was made, and not that the hardware was not recalled since",
        "Only a pin, compared with the pool's own administrators by another way, tells your pool from an attacker's.",
    ));
    findings.push(Finding::note(
        "attestation-names",
        format!("card “{card}”, partition “{partition}”"),
        "Nothing is concluded from these names; they identify the hardware when you ask Microsoft about it.",
    ));
    AttestationVerdict {
        hardware: HardwareResult {
            verdict: HardwareVerdict::Genuine,
            why: "root, card and partition of the HSM's maker vouch for the statement".to_owned(),
        },
        key,
        pool,
        findings,
    }
}

fn key_result(
    key: &Result<Vec<String>, Vec<Refusal>>,
    source: &AttestationSource<'_>,
    findings: &mut Vec<Finding>,
) -> KeyResult {
    let (verdict, why) = match key {
        Err(refusals) => {
            findings.extend(
                refusals
                    .iter()
                    .map(|refusal| refusal.finding(Severity::Error)),
            );
            let first = refusals.first().map(|refusal| refusal.message.clone());
            (KeyVerdict::Refused, first.unwrap_or_default())
        }
        Ok(signed) => match source.kek {
            None => {
                findings.push(Finding::unchecked(
                    "attestation-no-kek",
                    format!(
                        "the statement is about {}; no KEK was given to compare it with",
                        crate::visible(&signed.join(" "))
                    ),
                    "Give the KEK that you will wrap to.",
                ));
                (
                    KeyVerdict::NotChecked,
                    "no KEK was given to compare with".to_owned(),
                )
            }
            Some(AttestedKek { path: None, .. }) => {
                findings.push(Finding::unchecked(
                    "attestation-no-version",
                    "the KEK's identifier has no version, or none was given, so the signed identifier could not be compared",
                    "Give the KEK's identifier with its version.",
                ));
                (
                    KeyVerdict::NotChecked,
                    "the KEK's identifier has no version to compare with".to_owned(),
                )
            }
            Some(_) => (
                KeyVerdict::MadeInside,
                "this KEK was made in the hardware and cannot leave it".to_owned(),
            ),
        },
    };
    KeyResult { verdict, why }
}

fn pool_result(
    owner: Result<Option<(OwnerFingerprint, String)>, Refusal>,
    pin: Option<OwnerFingerprint>,
    findings: &mut Vec<Finding>,
) -> PoolResult {
    let owner = owner.unwrap_or_else(|refusal| {
        let severity = if pin.is_some() {
            Severity::Error
        } else {
            Severity::Warning
        };
        findings.push(refusal.finding(severity));
        None
    });
    let verdict = match (&owner, pin) {
        (Some((fingerprint, _)), Some(pin)) if *fingerprint == pin => PoolVerdict::Pinned,
        (_, Some(pin)) => {
            findings.push(Finding::new(
                Severity::Error,
                "pool-mismatch",
                format!("the pool's owner certificate is not the one that you pinned ({})", pin.grouped()),
                "This is the attestation of another pool. Do not wrap to this KEK; if your pool's certificate was renewed, compare the new fingerprint with its administrators and pin it anew.",
            ));
            PoolVerdict::Mismatch
        }
        (Some((_, name)), None) => {
            findings.push(Finding::unchecked(
                "pool-not-verified",
                format!("the pool calls itself “{name}”; whose it is was not checked, and an attacker's own pool attests as well"),
                "Compare the owner certificate's fingerprint with the pool's administrators by another way, and pin it.",
            ));
            PoolVerdict::NotVerified
        }
        (None, None) => {
            findings.push(Finding::unchecked(
                "pool-no-owner",
                "the file holds no owner certificate of the pool, so whose it is cannot be checked",
                "Fetch the attestation from the pool itself and pin its owner certificate.",
            ));
            PoolVerdict::NotVerified
        }
    };
    PoolResult {
        verdict,
        fingerprint_sha256: owner.map(|(fingerprint, _)| fingerprint.to_string()),
    }
}

fn not_available(source: &AttestationSource<'_>) -> AttestationVerdict {
    let finding = Finding::unchecked(
        "attestation-not-available",
        "there is no attestation: nothing shows that this KEK lives in an Azure HSM",
        "Managed HSM attests keys (az 2.73 or newer); Premium vaults are not known to. Without one, compare the KEK's thumbprint with the vault's administrators by another way.",
    );
    nothing_believed(HardwareVerdict::NotAvailable, finding, source)
}

fn refused(refusal: &Refusal, source: &AttestationSource<'_>) -> AttestationVerdict {
    nothing_believed(
        HardwareVerdict::Refused,
        refusal.finding(Severity::Error),
        source,
    )
}

/// What is not signed by the hardware says nothing about key and pool. A pin that could not be matched is
/// not matched.
fn nothing_believed(
    verdict: HardwareVerdict,
    finding: Finding,
    source: &AttestationSource<'_>,
) -> AttestationVerdict {
    AttestationVerdict {
        hardware: HardwareResult {
            verdict,
            why: finding.message.clone(),
        },
        key: KeyResult {
            verdict: KeyVerdict::NotChecked,
            why: "nothing that the hardware signed speaks of it".to_owned(),
        },
        pool: PoolResult {
            verdict: if source.pin.is_some() {
                PoolVerdict::Mismatch
            } else {
                PoolVerdict::NotVerified
            },
            fingerprint_sha256: None,
        },
        findings: vec![finding],
    }
}
