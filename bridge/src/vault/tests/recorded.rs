//! Imports as they are recorded, settled when their end is unknown, and compared with the HSM's key.

use super::{Bench, name};
use crate::audit_log::AuditLog;
use crate::state::StateFolder;
use crate::vault::practice::{Faults, PracticeOptions, PracticeVault};
use crate::vault::{Expected, ImportSubject, KekWishes, Recorded, TransferId, VaultClient};
use keyferry_core::{
    ImportPlan, ImportType, ImportWishes, KekBits, Kid, PrivateKeyCheck, PublicKeyCheck, Requester,
    Retirement, TargetKind,
};
use serde_json::Value;
use tempfile::TempDir;

/// A bench with a record.
struct Office {
    bench: Bench,
    audit: AuditLog,
    state: TempDir,
}

impl Office {
    async fn new(faults: &str) -> Self {
        let faults = match faults {
            "" => Faults::none(),
            faults => faults.parse().unwrap(),
        };
        let options = PracticeOptions {
            faults,
            ..PracticeOptions::default()
        };
        let state = TempDir::new().unwrap();
        let folder = StateFolder::open(Some(state.path())).unwrap();
        Self {
            bench: Bench::of(options, KekBits::B2048).await,
            audit: AuditLog::open(&folder).unwrap(),
            state,
        }
    }

    fn recorded(&self) -> Recorded<'_> {
        Recorded {
            client: &self.bench.client,
            audit: &self.audit,
            asked_by: Requester::CommandLine,
            approval: None,
        }
    }

    /// The record's events with outcome, code and what was verified.
    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.state.path().join("audit/log.jsonl")).unwrap();
        let word = |value: &Value| value.as_str().map(|word| format!(" {word}"));
        text.lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line).unwrap();
                let words = ["event", "outcome", "code", "verified", "retirement"];
                let words: Vec<String> =
                    words.iter().filter_map(|name| word(&line[*name])).collect();
                words.concat().trim().to_owned()
            })
            .collect()
    }
}

struct Piece {
    plaintext: Vec<u8>,
    kind: TargetKind,
    spki: Option<Vec<u8>>,
}

impl Piece {
    fn of(office: &Office, kind: TargetKind) -> Self {
        let plaintext = office.bench.openssl.target(kind);
        let spki = (!kind.is_aes()).then(|| {
            let arguments = ["pkey", "-inform", "DER", "-pubout", "-outform", "DER"];
            office.bench.openssl.run(&arguments, &plaintext)
        });
        Self {
            plaintext,
            kind,
            spki,
        }
    }

    fn subject(&self) -> ImportSubject {
        ImportSubject {
            file_sha256: "0".repeat(64),
            spki: self.spki.clone(),
            target: Some(self.kind),
            ..ImportSubject::default()
        }
    }

    fn expected(&self) -> Expected<'_> {
        Expected {
            kind: ImportType::of(self.kind),
            spki: self.spki.as_deref(),
        }
    }

    fn plan(&self, operations: Option<&[&str]>, id: Option<&TransferId>) -> ImportPlan {
        let mut wishes = ImportWishes {
            operations: operations.map(|names| names.iter().map(ToString::to_string).collect()),
            ..ImportWishes::default()
        };
        if let Some(id) = id {
            id.mark(&mut wishes.tags);
        }
        ImportPlan::new(ImportType::of(self.kind), wishes).unwrap()
    }
}

async fn checks(
    office: &Office,
    piece: &Piece,
    operations: Option<&[&str]>,
) -> (PublicKeyCheck, PrivateKeyCheck) {
    let file = office.bench.blob(&piece.plaintext);
    let (plan, target) = (piece.plan(operations, None), name("target"));
    let recorded = office.recorded();
    let made = recorded
        .import(&target, &plan, &file, &piece.subject())
        .await
        .unwrap();
    let (verification, _) = recorded
        .verify(&target, &made.key, piece.expected(), &piece.subject())
        .await
        .unwrap();
    assert!(verification.holds());
    (verification.public_key, verification.private_key)
}

#[tokio::test]
async fn every_kind_is_proven_by_a_signature_except_aes_which_shows_nothing() {
    let office = Office::new("").await;
    for kind in TargetKind::ALL {
        let piece = Piece::of(&office, kind);
        let expected = if kind.is_aes() {
            (PublicKeyCheck::NoneToSee, PrivateKeyCheck::NotDone)
        } else {
            (PublicKeyCheck::Equal, PrivateKeyCheck::Signed)
        };
        assert_eq!(checks(&office, &piece, None).await, expected, "{kind}");
    }
}

#[tokio::test]
async fn an_rsa_key_is_proven_by_what_its_operations_allow() {
    let office = Office::new("").await;
    let piece = Piece::of(&office, TargetKind::Rsa2048);
    for (operations, expected) in [
        (&["decrypt", "verify"][..], PrivateKeyCheck::Decrypted),
        (&["unwrapKey", "encrypt"], PrivateKeyCheck::Unwrapped),
        (&["verify", "encrypt", "wrapKey"], PrivateKeyCheck::NotDone),
    ] {
        let found = checks(&office, &piece, Some(operations)).await;
        assert_eq!(found, (PublicKeyCheck::Equal, expected), "{operations:?}");
    }
}

#[tokio::test]
async fn a_disabled_key_is_compared_and_not_tried() {
    let office = Office::new("").await;
    let piece = Piece::of(&office, TargetKind::P256);
    let wishes = ImportWishes {
        disabled: true,
        ..ImportWishes::default()
    };
    let plan = ImportPlan::new(ImportType::of(piece.kind), wishes).unwrap();
    let file = office.bench.blob(&piece.plaintext);
    let (recorded, target) = (office.recorded(), name("target"));
    let made = recorded
        .import(&target, &plan, &file, &piece.subject())
        .await
        .unwrap();
    let (verification, _) = recorded
        .verify(&target, &made.key, piece.expected(), &piece.subject())
        .await
        .unwrap();
    assert_eq!(verification.private_key, PrivateKeyCheck::NotDone);
    assert!(verification.shows_equality());
    assert_eq!(verification.findings[0].code, "private-key-unchecked");
}

#[tokio::test]
async fn another_key_in_the_vault_is_loud_in_verdict_and_record() {
    let office = Office::new("").await;
    let (piece, other) = (
        Piece::of(&office, TargetKind::P256),
        Piece::of(&office, TargetKind::P256),
    );
    let file = office.bench.blob(&piece.plaintext);
    let (recorded, target) = (office.recorded(), name("target"));
    let plan = piece.plan(None, None);
    let made = recorded
        .import(&target, &plan, &file, &piece.subject())
        .await
        .unwrap();
    let wrong_type = Expected {
        kind: ImportType::Rsa,
        spki: None,
    };
    for expected in [other.expected(), wrong_type] {
        let (verification, line) = recorded
            .verify(&target, &made.key, expected, &piece.subject())
            .await
            .unwrap();
        assert!(!verification.holds());
        assert!(verification.findings[0].is_error());
        assert_eq!(line.entry.code.as_deref(), Some("public-key-differs"));
    }
    assert_eq!(
        office.lines(),
        [
            "import-intent intended",
            "import-outcome done",
            "verify failed public-key-differs differs/not-done",
            "verify failed public-key-differs differs/not-done",
        ]
    );
}

#[tokio::test]
async fn an_answer_that_names_another_version_or_key_is_not_believed() {
    for (fault, loud) in [("other-kid", false), ("other-key", true)] {
        let office = Office::new(fault).await;
        let piece = Piece::of(&office, TargetKind::P256);
        let file = office.bench.blob(&piece.plaintext);
        let (recorded, target) = (office.recorded(), name("target"));
        let plan = piece.plan(None, None);
        let made = recorded
            .import(&target, &plan, &file, &piece.subject())
            .await
            .unwrap();
        let verified = recorded
            .verify(&target, &made.key, piece.expected(), &piece.subject())
            .await;
        match verified {
            Ok((verification, _)) => assert!(loud && !verification.holds(), "{fault}"),
            Err(error) => {
                assert!(!loud, "{fault}: {error}");
                assert_eq!(error.code(), "vault-answer-differs");
            }
        }
    }
}

#[tokio::test]
async fn an_import_whose_answer_is_lost_is_found_by_its_mark_or_its_key_and_not_done_twice() {
    for (fault, marked) in [
        ("lost", true),
        ("lost", false),
        ("half@import:1", true),
        ("huge@import:1", true),
    ] {
        let office = Office::new(fault).await;
        let piece = Piece::of(&office, TargetKind::P256);
        let id = TransferId::random().unwrap();
        let plan = piece.plan(None, marked.then_some(&id));
        let file = office.bench.blob(&piece.plaintext);
        let made = office
            .recorded()
            .import(&name("target"), &plan, &file, &piece.subject())
            .await
            .unwrap();
        assert!(made.settled.is_some(), "{fault}");
        assert_eq!(made.key.spki, piece.spki);
        assert_eq!(office.bench.vault.opened().len(), 1, "{fault}");
        assert_eq!(
            office.lines(),
            ["import-intent intended", "import-outcome done"]
        );
    }
}

#[tokio::test]
async fn an_import_that_did_not_land_fails_and_is_found_nowhere() {
    let office = Office::new("gone").await;
    let piece = Piece::of(&office, TargetKind::P256);
    let id = TransferId::random().unwrap();
    let plan = piece.plan(None, Some(&id));
    let file = office.bench.blob(&piece.plaintext);
    let recorded = office.recorded();
    let error = recorded
        .import(&name("target"), &plan, &file, &piece.subject())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "vault-broke-off");
    let found = recorded
        .settle_import(&name("target"), &plan, &piece.subject())
        .await
        .unwrap();
    assert!(found.is_none());
    assert_eq!(
        office.lines(),
        [
            "import-intent intended",
            "import-outcome failed vault-broke-off"
        ]
    );
}

#[tokio::test]
async fn a_foreign_version_of_the_name_is_not_taken_for_the_lost_one() {
    let office = Office::new("gone@import:1").await;
    let (piece, other) = (
        Piece::of(&office, TargetKind::P256),
        Piece::of(&office, TargetKind::P256),
    );
    let recorded = office.recorded();
    let file = office.bench.blob(&piece.plaintext);
    let marks = [TransferId::random().unwrap(), TransferId::random().unwrap()];
    let plan = piece.plan(None, Some(&marks[0]));
    recorded
        .import(&name("target"), &plan, &file, &piece.subject())
        .await
        .unwrap_err();
    let foreign = office.bench.blob(&other.plaintext);
    let foreign_plan = other.plan(None, Some(&marks[1]));
    recorded
        .import(&name("target"), &foreign_plan, &foreign, &other.subject())
        .await
        .unwrap();
    for plan in [plan, piece.plan(None, None)] {
        let found = recorded
            .settle_import(&name("target"), &plan, &piece.subject())
            .await
            .unwrap();
        assert!(found.is_none());
    }
}

#[tokio::test]
async fn a_kek_whose_answer_is_lost_is_found_by_its_mark_and_retired_by_its_version() {
    let office = Office::new("").await;
    let losing = PracticeOptions {
        faults: "lost@create:1".parse().unwrap(),
        ..PracticeOptions::default()
    };
    let vault = PracticeVault::start_with(losing).await.unwrap();
    let client = VaultClient::practice(&vault).unwrap();
    let recorded = Recorded {
        client: &client,
        ..office.recorded()
    };
    let id = TransferId::random().unwrap();
    let mut wishes = KekWishes::default();
    id.mark(&mut wishes.tags);
    let made = recorded
        .create_kek(&name("second"), KekBits::B2048, &wishes)
        .await
        .unwrap();
    assert!(made.settled.is_some());
    let kid = Kid::parse(&made.key.kid, client.admission()).unwrap();
    recorded.retire(&kid, Retirement::Disable).await.unwrap();
    let kept = client.show(&name("second"), kid.version()).await.unwrap();
    assert_eq!(kept.enabled, Some(false));
    recorded.retire(&kid, Retirement::Delete).await.unwrap();
    let gone = client.show(&name("second"), None).await.unwrap_err();
    assert_eq!(gone.code(), "vault-key-not-found");
    assert_eq!(
        office.lines(),
        [
            "kek-create-intent intended",
            "kek-create-outcome done",
            "kek-retire-intent intended disable",
            "kek-retire-outcome done disable",
            "kek-retire-intent intended delete",
            "kek-retire-outcome done delete",
        ]
    );
}
