//! What the page may do in a vault, with a practice vault that is really there and a stand-in for pinentry.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use keyferry_core::{
    Admission, Blob, ImportWishes, KekBits, KeyName, Retirement, VaultAccess, VaultAddress,
    VaultImportEvent,
};

use super::Vaults;
use crate::Error;
use crate::approve::{Place, Prompter};
use crate::audit_log::AuditLog;
use crate::config::{SettingsFile, VaultReach};
use crate::server::desk::{ImportOrder, NewKek};
use crate::state::StateFolder;
use crate::vault::{CredentialChoice, PracticeTrust, PracticeVault};

/// A page's way to the vaults, and what became of its questions and its record.
struct Desk {
    vaults: Vaults,
    admission: Admission,
    folder: tempfile::TempDir,
}

impl Desk {
    /// Every question is answered by what `answer` prints.
    fn new(reach: VaultReach, admission: Admission, answer: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("pinentry");
        let script = format!(
            "#!/bin/sh\necho OK\nwhile read -r line; do\n  echo \"$line\" >> {asked}\n  case \"$line\" in\n    CONFIRM*) {answer};;\n    BYE*) echo OK; exit 0;;\n    *) echo OK;;\n  esac\ndone\n",
            asked = folder.path().join("asked").display()
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
        let settings = SettingsFile {
            pinentry: Some(program),
            ..SettingsFile::default()
        };
        let prompter = Prompter::choose(&settings, Place::PinentryFirst).unwrap();
        let state = StateFolder::open(Some(&folder.path().join("state"))).unwrap();
        let audit = Arc::new(AuditLog::open(&state).unwrap());
        Self {
            vaults: Vaults::new(reach, &admission, prompter, audit),
            admission,
            folder,
        }
    }

    fn practice(vault: &PracticeVault, answer: &str) -> Self {
        let admission = Admission {
            practice: Some(vault.authority().clone()),
            ..Admission::default()
        };
        let trust = PracticeTrust::from(vault);
        Self::new(VaultReach::Practice(trust), admission, answer)
    }

    fn vault(&self, text: &str) -> VaultAddress {
        VaultAddress::parse(text, &self.admission).unwrap()
    }

    fn asked(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default()
    }

    fn record(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("state/audit/log.jsonl"))
            .unwrap_or_default()
    }
}

fn kek(vault: VaultAddress) -> NewKek {
    NewKek {
        vault,
        name: KeyName::parse("kek").unwrap(),
        bits: KekBits::B2048,
        expires: None,
    }
}

const NO: &str = "echo 'ERR 83886194 not confirmed'";
const REAL: &str = "https://contoso.vault.azure.net";

#[tokio::test]
async fn a_kek_is_made_after_a_yes_read_without_a_question_and_retired_after_another_yes() {
    let practice = PracticeVault::start().await.unwrap();
    let desk = Desk::practice(&practice, "echo OK");
    let vault = desk.vault(&practice.base_url());
    let made = desk
        .vaults
        .create_kek(kek(vault.clone()), || ())
        .await
        .unwrap();
    assert_eq!(desk.asked().matches("CONFIRM").count(), 1);
    let listed = desk.vaults.keys(&vault).await.unwrap();
    assert_eq!(
        (
            listed.keys.len(),
            &listed.keys[0].kid,
            listed.keys[0].usable
        ),
        (1, &made.kid, true)
    );
    let kid = keyferry_core::Kid::parse(&made.kid, &desk.admission).unwrap();
    assert_eq!(desk.vaults.kek(&kid).await.unwrap().kid, made.kid);
    assert_eq!(
        desk.asked().matches("CONFIRM").count(),
        1,
        "reading asks nobody"
    );

    desk.vaults
        .retire_kek(&kid, Retirement::Disable, || ())
        .await
        .unwrap();
    assert_eq!(desk.asked().matches("CONFIRM").count(), 2);
    let listed = desk.vaults.keys(&vault).await.unwrap();
    assert!(!listed.keys[0].usable);
    assert_eq!(listed.keys[0].reasons[0].code, "kek-disabled");
    for event in [
        "kek-create-intent",
        "kek-create-outcome",
        "kek-retire-intent",
        "kek-retire-outcome",
    ] {
        assert!(desk.record().contains(event), "{event}");
    }
}

#[tokio::test]
async fn a_no_changes_nothing_and_stands_in_the_record() {
    let practice = PracticeVault::start().await.unwrap();
    let desk = Desk::practice(&practice, NO);
    let vault = desk.vault(&practice.base_url());
    let refused = desk
        .vaults
        .create_kek(kek(vault.clone()), || panic!("nobody approved"))
        .await;
    assert!(matches!(refused, Err(Error::ApprovalRefused)));
    assert_eq!(desk.vaults.keys(&vault).await.unwrap().keys.len(), 0);
    let record = desk.record();
    assert!(record.contains("\"kek-create-outcome\"") && record.contains("\"refused\""));
    assert!(!record.contains("intent"), "{record}");
}

#[tokio::test]
async fn a_demonstration_reaches_no_real_vault_and_asks_about_none() {
    let practice = PracticeVault::start().await.unwrap();
    let desk = Desk::practice(&practice, "echo OK");
    let real = desk.vault(REAL);
    let read = desk.vaults.keys(&real).await.unwrap_err();
    assert_eq!(read.code(), "practice-alone");
    let made = desk.vaults.create_kek(kek(real), || ()).await.unwrap_err();
    assert_eq!(made.code(), "practice-alone");
    assert_eq!(desk.asked(), "");
}

#[tokio::test]
async fn a_real_vault_is_not_read_before_a_person_agrees_to_sign_in_there() {
    let reach = VaultReach::Everywhere {
        credential: CredentialChoice::Az,
        tenant: None,
        practice: None,
    };
    let desk = Desk::new(reach, Admission::default(), NO);
    let read = desk.vaults.keys(&desk.vault(REAL)).await.unwrap_err();
    assert!(matches!(read, Error::ApprovalRefused), "{read:?}");
    assert!(desk.asked().contains("contoso.vault.azure.net"));
    let again = desk.vaults.keys(&desk.vault(REAL)).await.unwrap_err();
    assert!(
        matches!(again, Error::ApprovalRefused),
        "a no is not remembered as a yes"
    );
    assert_eq!(desk.asked().matches("CONFIRM").count(), 2);
}

#[tokio::test]
async fn offline_reaches_nothing() {
    let desk = Desk::new(VaultReach::Nowhere, Admission::default(), "echo OK");
    assert_eq!(desk.vaults.access(), VaultAccess::Offline);
    let read = desk.vaults.keys(&desk.vault(REAL)).await.unwrap_err();
    assert_eq!(read.code(), "offline");
    assert_eq!(desk.asked(), "");
}

#[tokio::test]
async fn a_file_of_another_run_is_not_imported_and_nobody_is_asked() {
    let practice = PracticeVault::start().await.unwrap();
    let desk = Desk::practice(&practice, "echo OK");
    let vault = desk.vault(&practice.base_url());
    let kid = vault.kid(
        &KeyName::parse("kek").unwrap(),
        Some("0123456789abcdef0123456789abcdef"),
    );
    let file = serde_json::json!({
        "schema_version": "1.0.0",
        "header": { "kid": kid, "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP" },
        "ciphertext": "Zz_-".repeat((256 + 152) / 3),
        "generator": "another run",
    })
    .to_string()
    .into_bytes();
    let order = ImportOrder {
        name: KeyName::parse("k").unwrap(),
        blob: Blob::parse(&file, &desk.admission).unwrap(),
        file,
        wishes: ImportWishes::default(),
    };
    let stages = |_: VaultImportEvent| ();
    let refused = desk.vaults.import(order, stages).await.unwrap_err();
    assert_eq!(refused.code(), "transfer-unknown");
    assert_eq!(
        (desk.asked(), desk.record()),
        (String::new(), String::new())
    );
}
