//! Real attestations, where there are some: `KEYFERRY_SAMPLES` names a folder with `attestation/`. Run with
//! `--ignored`; none of these is part of the project. Some are without a part that a whole verdict needs, so
//! they go through the steps that it is made of.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::bundle::certificates;
use super::certificate::Certificate;
use super::chain::{MakerChain, owner};
use super::layout::AttestedBlob;
use super::properties;
use super::{
    AttestationSource, AttestationVerdict, AttestedKek, HardwareVerdict, KeyVerdict,
    OwnerFingerprint, PoolVerdict, TrustedRoots, verify_attestation,
};
use crate::{Admission, Kek, KekSource};

/// 2026-11-25.
const NOW: i64 = 1_795_564_800;

fn sample(name: &str) -> Vec<u8> {
    let folder = std::env::var("KEYFERRY_SAMPLES").unwrap();
    std::fs::read(format!("{folder}/attestation/{name}")).unwrap()
}

fn uk_south(path: Option<&str>, pin: Option<&str>) -> AttestationVerdict {
    let document = sample("azure-mhsm/uksouth-attestation.json");
    let kek = Kek::examine(&KekSource {
        document: &document,
        beside: None,
        kid: None,
        now: Some(NOW),
        admission: &Admission::default(),
    });
    let recorded = kek.verdict.kid.unwrap();
    let recorded = recorded.split_once(".net").unwrap().1;
    verify_attestation(&AttestationSource {
        document: &document,
        kek: kek
            .numbers
            .as_ref()
            .map(|numbers| AttestedKek::of_numbers(numbers, path.or(Some(recorded)))),
        pin: pin.map(|pin| pin.parse().unwrap()),
        roots: &TrustedRoots::marvell(),
        now: NOW,
    })
}

#[test]
#[ignore = "needs KEYFERRY_SAMPLES"]
fn the_real_managed_hsm_is_genuine_and_its_sanitised_kid_is_refused_by_name() {
    let verdict = uk_south(None, None);
    assert_eq!(verdict.hardware.verdict, HardwareVerdict::Genuine);
    assert_eq!(verdict.key.verdict, KeyVerdict::Refused);
    let errors: Vec<&str> = verdict
        .findings
        .iter()
        .filter(|finding| finding.is_error())
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(errors, ["attestation-other-id"]);
    assert!(verdict.key.why.contains("key1-hnhgsllilfcl3pdtpld"));

    let signed = "/keys/key1-hnhgsllilfcl3pdtpld/7071fabc480c0ca186f786a9b78c9456";
    let verdict = uk_south(Some(signed), None);
    assert!(verdict.is_good());
    assert_eq!(verdict.pool.verdict, PoolVerdict::NotVerified);
    let print = verdict.pool.fingerprint_sha256.unwrap();
    assert_eq!(
        print,
        "e181485bc30a3abfc3eb81ded6e1070cc1aa83e712d4564d5f143cd276efcb2b"
    );
    assert_eq!(
        uk_south(Some(signed), Some(&print)).pool.verdict,
        PoolVerdict::Pinned
    );
    let other = print.replace('e', "f");
    assert!(!uk_south(Some(signed), Some(&other)).is_good());
}

#[test]
#[ignore = "needs KEYFERRY_SAMPLES"]
fn the_real_brazil_statement_verifies_under_its_partition() {
    let partition = certificates(&sample("azure-mhsm/brazilsouth-partition.pem")).unwrap();
    let bytes = sample("azure-mhsm/brazilsouth-public.dat");
    let blob = AttestedBlob::read(&bytes).unwrap();
    assert!(
        partition[0]
            .key()
            .verifies(blob.signed, blob.signature, blob.form)
    );
    assert!(properties::public_key(&blob).is_ok());
    assert!(properties::private_key(&blob).is_err());
    let uk = certificates(&sample("azure-mhsm/uksouth.pem")).unwrap();
    assert!(!uk[1].key().verifies(blob.signed, blob.signature, blob.form));
}

#[test]
#[ignore = "needs KEYFERRY_SAMPLES"]
fn the_other_clouds_ec_statement_parses_and_its_chain_and_signature_hold() {
    let bundle = certificates(&sample("gcp-ec-certs.pem")).unwrap();
    let roots = TrustedRoots::marvell();
    let chain = MakerChain::verify(&bundle, &roots, NOW).unwrap();
    let bytes = sample("gcp-ec.dat");
    let blob = AttestedBlob::read(&bytes).unwrap();
    assert_eq!(blob.objects.len(), 2);
    assert!(
        chain
            .partition
            .key()
            .verifies(blob.signed, blob.signature, blob.form)
    );
    // Its owner's root is not in the bundle; given beside it, that one vouches for the partition.
    assert!(
        owner(&bundle, chain.partition, &roots, NOW)
            .unwrap()
            .is_none()
    );
    let with_owner: Vec<Certificate> = bundle
        .iter()
        .cloned()
        .chain(certificates(&sample("google-hawksbill-root-v1-prod.pem")).unwrap())
        .collect();
    let found = owner(&with_owner, chain.partition, &roots, NOW).unwrap();
    let print = OwnerFingerprint::new(found.unwrap().fingerprint());
    assert_eq!(print.to_string().len(), 64);
    let private = properties::private_key(&blob).unwrap();
    let codes: Vec<&str> = properties::origin(private)
        .iter()
        .map(|refusal| refusal.code)
        .collect();
    assert_eq!(codes, ["attestation-key-type"]);
}

#[test]
#[ignore = "needs KEYFERRY_SAMPLES"]
fn the_other_clouds_rsa_statement_parses_and_is_refused_as_imported() {
    let bytes = sample("gcp-rsa.dat");
    let blob = AttestedBlob::read(&bytes).unwrap();
    let private = properties::private_key(&blob).unwrap();
    let refusals = properties::origin(private);
    let codes: Vec<&str> = refusals.iter().map(|refusal| refusal.code).collect();
    // An imported key was outside once, so it was neither never extractable nor always sensitive.
    assert_eq!(
        codes,
        [
            "attestation-imported",
            "attestation-was-extractable",
            "attestation-was-not-sensitive"
        ]
    );
    assert!(refusals[0].message.contains("LOCAL is 0"));
}
