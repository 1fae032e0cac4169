//! A whole wrap to an attested KEK, of a synthetic HSM maker whose root these tests trust and no program does.
#![cfg(feature = "embedded")]

use std::future::ready;

use keyferry::Error;
use keyferry::approve::{ByFlag, Place, Prompter};
use keyferry::audit_log::AuditLog;
use keyferry::config::{Settings, SettingsFile, SoftwareKeys};
use keyferry::hsm::Hsm;
use keyferry::pin::PinMemory;
use keyferry::policy::Policy;
use keyferry::pool::PoolPins;
use keyferry::session::TokenSession;
use keyferry::state::StateFolder;
use keyferry::transfer::{self, Terms, Transfer, TransferOrder};
use keyferry_core::{
    Admission, AttestationOutcome, HardwareVerdict, Kek, KekSource, KeyVerdict, PoolVerdict,
    Requester, TargetKind, TrustedRoots,
};
use tempfile::TempDir;

use crate::token::{embedded, labelled, options};

const ROOT: &str = include_str!("../../../tests/cases/keys/attestation-root.pem");
const GOOD: &[u8] = include_bytes!("../../../tests/cases/attestation/firmware-2-of-2048/input");
const EXTRACTABLE: &[u8] = include_bytes!("../../../tests/cases/attestation/extractable/input");
const OTHER_KEK: &[u8] =
    include_bytes!("../../../tests/cases/attestation/another-keks-attestation/input");
const NONE: &[u8] =
    include_bytes!("../../../tests/cases/attestation/key-without-attestation/input");
const EXPECTED: &str =
    include_str!("../../../tests/cases/attestation/firmware-2-of-2048/expected.json");

const LABEL: &str = "payroll-1";

/// An embedded token with one key, and a policy.
struct Room {
    session: TokenSession,
    audit: AuditLog,
    state: StateFolder,
    folder: TempDir,
}

impl Room {
    async fn new(policy: &str, roots: TrustedRoots) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(Some(&folder.path().join("state"))).unwrap();
        let file = state.path().join("policy.toml");
        std::fs::write(&file, policy).unwrap();
        let settings = Settings {
            open: embedded(state.path()),
            pin_source: None,
            module_env: Vec::new(),
            software: SoftwareKeys::Allowed,
            file: SettingsFile::default(),
            policy: Policy::read(Some(&file)).unwrap(),
            state: state.clone(),
            pin_memory: PinMemory::Keep,
        };
        let prompter = Prompter::choose(&settings.file, Place::TerminalFirst).unwrap();
        let hsm = Hsm::start(options()).await.unwrap();
        let session = TokenSession::over(hsm, &settings, prompter)
            .on_terms(Terms::of(&settings).trusting(roots));
        let audit = AuditLog::open(&state).unwrap();
        session.unlock(&audit).await.unwrap();
        let hsm = session.hsm().await.unwrap();
        hsm.generate(TargetKind::P256, LABEL).await.unwrap();
        Self {
            session,
            audit,
            state,
            folder,
        }
    }

    async fn wrap(&self, attestation: Option<&[u8]>) -> Result<Transfer, Error> {
        let order = TransferOrder {
            kek: kek(),
            key: labelled(LABEL),
            asked_by: Requester::CommandLine,
            software: SoftwareKeys::Allowed,
            unproven: None,
            attestation: attestation.map(<[u8]>::to_vec),
        };
        let mut consent = ByFlag::Yes;
        transfer::wrap(
            &self.session,
            order,
            &mut consent,
            &self.audit,
            |_| {},
            ready(()),
        )
        .await
    }

    /// The last line of the record.
    fn recorded(&self) -> serde_json::Value {
        let log = std::fs::read_to_string(self.state.path().join("audit/log.jsonl")).unwrap();
        serde_json::from_str(log.lines().last().unwrap()).unwrap()
    }
}

fn kek() -> Kek {
    Kek::admit(&KekSource {
        document: GOOD,
        beside: None,
        kid: None,
        now: None,
        admission: &Admission::default(),
    })
    .unwrap()
}

fn synthetic() -> TrustedRoots {
    TrustedRoots::from_pem(&[ROOT])
}

const PIN_REQUIRED: &str =
    "[[rule]]\nname = 'payroll'\nkey_labels = ['payroll-*']\nrequire_pin = true\n";

#[tokio::test]
async fn prompt_record_and_receipt_carry_the_three_results() {
    let room = Room::new("", synthetic()).await;
    let transfer = room.wrap(Some(GOOD)).await.unwrap();
    let outcome = AttestationOutcome {
        hardware: HardwareVerdict::Genuine,
        key: KeyVerdict::MadeInside,
        pool: PoolVerdict::NotVerified,
    };
    assert_eq!(transfer.attestation, Some(outcome));
    assert_eq!(
        transfer.receipt(&transfer.blob.to_bytes()).attestation,
        Some(outcome)
    );
    let codes: Vec<&str> = transfer
        .findings
        .iter()
        .map(|found| found.code.as_str())
        .collect();
    assert!(codes.contains(&"pool-not-verified"), "{codes:?}");
    assert_eq!(
        room.recorded()["attestation"],
        serde_json::json!({"hardware": "genuine", "key": "made-inside", "pool": "not-verified"})
    );
}

#[tokio::test]
async fn a_kept_pin_makes_the_pool_known_and_another_one_refuses_it() {
    let room = Room::new(PIN_REQUIRED, synthetic()).await;
    let error = room.wrap(Some(GOOD)).await.unwrap_err();
    assert_eq!(error.code(), "policy-refused");

    let expected: serde_json::Value = serde_json::from_str(EXPECTED).unwrap();
    let print = expected["fingerprint_sha256"].as_str().unwrap();
    let mut pins = PoolPins::read(room.state.path()).unwrap();
    pins.keep(kek().kid(), print.parse().unwrap()).unwrap();
    let transfer = room.wrap(Some(GOOD)).await.unwrap();
    assert_eq!(transfer.attestation.unwrap().pool, PoolVerdict::Pinned);
    // Without the file there is nothing to match.
    assert_eq!(room.wrap(None).await.unwrap_err().code(), "policy-refused");

    pins.keep(kek().kid(), "0".repeat(64).parse().unwrap())
        .unwrap();
    let error = room.wrap(Some(GOOD)).await.unwrap_err();
    assert_eq!(error.code(), "attestation-refused");
    assert_eq!(room.recorded()["outcome"], "refused");
}

#[tokio::test]
async fn an_attestation_that_does_not_hold_is_refused_whoever_says_yes() {
    let room = Room::new("", synthetic()).await;
    for (attestation, why) in [
        (EXTRACTABLE, "attestation-extractable"),
        (OTHER_KEK, "attestation-other-key"),
        (b"{}".as_slice(), "attestation-form"),
    ] {
        let error = room.wrap(Some(attestation)).await.unwrap_err();
        assert_eq!(error.code(), "attestation-refused");
        assert!(error.advice().contains(why), "{}", error.advice());
        let line = room.recorded();
        assert_eq!(line["event"], "wrap-outcome");
        assert_eq!(line["code"], "attestation-refused");
    }
    // The makers' real roots know nothing of this one.
    let shipped = Room::new("", TrustedRoots::marvell()).await;
    let error = shipped.wrap(Some(GOOD)).await.unwrap_err();
    assert!(
        error.advice().contains("chain-root-unknown"),
        "{}",
        error.advice()
    );
}

#[tokio::test]
async fn where_there_is_none_the_policy_decides() {
    let room = Room::new("", synthetic()).await;
    let transfer = room.wrap(Some(NONE)).await.unwrap();
    assert_eq!(
        transfer.attestation.unwrap().hardware,
        HardwareVerdict::NotAvailable
    );
    let transfer = room.wrap(None).await.unwrap();
    assert!(
        transfer
            .findings
            .iter()
            .any(|found| found.code == "attestation-not-given")
    );

    let required = "[[rule]]\nname = 'all'\nrequire_attestation = true\n";
    let room = Room::new(required, synthetic()).await;
    for attestation in [Some(NONE), None] {
        let error = room.wrap(attestation).await.unwrap_err();
        assert_eq!(error.code(), "policy-refused");
        assert!(error.to_string().contains("all"), "{error}");
    }
    room.wrap(Some(GOOD)).await.unwrap();
    drop(room.folder);
}

#[tokio::test]
async fn a_policys_match_is_the_approval_and_is_recorded_as_one() {
    let unasked = "[[rule]]\nname = 'batch'\nkey_labels = ['payroll-*']\nwithout_asking = true\n";
    let room = Room::new(unasked, synthetic()).await;
    let order = TransferOrder {
        kek: kek(),
        key: labelled(LABEL),
        asked_by: Requester::Page,
        software: SoftwareKeys::Allowed,
        unproven: None,
        attestation: None,
    };
    // The flag would say yes as well: the record tells that it was not asked.
    let mut flag = ByFlag::ExpectedKek(*kek().thumbprint());
    transfer::wrap(
        &room.session,
        order,
        &mut flag,
        &room.audit,
        |_| {},
        ready(()),
    )
    .await
    .unwrap();
    assert_eq!(room.recorded()["approval"], "policy");
}
