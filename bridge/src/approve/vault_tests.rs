//! Approvals of what is done in a vault: bound to all of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use keyferry_core::{
    Admission, ApprovalKind, ImportPlan, ImportType, ImportWishes, KekBits, PracticeAuthority,
    Requester, Retirement, TargetKind, VaultAddress,
};

use super::vault_question::{ImportAction, VaultAction, VaultApproval, VaultQuestion};
use crate::Error;

const KEK: &str = "https://contoso.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef";

fn vault(text: &str) -> VaultAddress {
    let admission = Admission {
        practice: PracticeAuthority::new("127.0.0.1", 8443).ok(),
        extra_suffixes: Vec::new(),
    };
    VaultAddress::parse(text, &admission).unwrap()
}

fn wishes() -> ImportWishes {
    ImportWishes {
        tags: BTreeMap::from([("owner".to_owned(), "payments".to_owned())]),
        ..ImportWishes::default()
    }
}

fn wishing(wishes: ImportWishes) -> ImportAction {
    ImportAction {
        label: Some("signing".to_owned()),
        name: "signing-2026".to_owned(),
        target: TargetKind::P256,
        file_sha256: "ab".repeat(32),
        kek: KEK.to_owned(),
        plan: ImportPlan::new(ImportType::of(TargetKind::P256), wishes).unwrap(),
    }
}

fn import() -> ImportAction {
    wishing(wishes())
}

fn exportable() -> ImportWishes {
    ImportWishes {
        exportable: true,
        release_policy: Some(br#"{"anyOf":[]}"#.to_vec()),
        ..wishes()
    }
}

fn question(action: VaultAction) -> VaultQuestion {
    VaultQuestion {
        vault: vault("https://contoso.vault.azure.net"),
        signed_in: "az login".to_owned(),
        action,
        asked_by: Requester::Page,
    }
}

fn importing(import: ImportAction) -> VaultAction {
    VaultAction::Import(Box::new(import))
}

#[test]
fn an_approval_fits_the_import_it_answers_and_no_other() {
    let asked = question(importing(import()));
    let yes = || VaultApproval::of(&asked, ApprovalKind::Terminal);
    let here = asked.vault.clone();
    assert_eq!(
        yes().consume(&here, &importing(import())).unwrap(),
        ApprovalKind::Terminal
    );
    let others = [
        ImportAction {
            name: "other".to_owned(),
            ..import()
        },
        ImportAction {
            label: Some("other".to_owned()),
            ..import()
        },
        ImportAction {
            target: TargetKind::P384,
            ..import()
        },
        ImportAction {
            file_sha256: "cd".repeat(32),
            ..import()
        },
        ImportAction {
            kek: KEK.replace("kek", "other"),
            ..import()
        },
        wishing(ImportWishes {
            operations: Some(vec!["sign".to_owned()]),
            ..wishes()
        }),
        wishing(ImportWishes {
            tags: BTreeMap::new(),
            ..wishes()
        }),
        wishing(ImportWishes {
            disabled: true,
            ..wishes()
        }),
        wishing(ImportWishes {
            not_before: Some(1),
            ..wishes()
        }),
        wishing(ImportWishes {
            expires: Some(1),
            ..wishes()
        }),
        wishing(exportable()),
    ];
    for other in others {
        let refused = yes().consume(&here, &importing(other.clone()));
        assert!(matches!(refused, Err(Error::ApprovalMismatch)), "{other:?}");
    }
    let elsewhere = vault("https://fabrikam.vault.azure.net");
    assert!(yes().consume(&elsewhere, &importing(import())).is_err());
}

#[test]
fn an_approval_to_read_or_to_disable_deletes_nothing() {
    let retire = |how| VaultAction::RetireKek {
        kid: KEK.to_owned(),
        how,
    };
    for action in [VaultAction::Read, retire(Retirement::Disable)] {
        let asked = question(action);
        let yes = VaultApproval::of(&asked, ApprovalKind::Pinentry);
        assert!(
            yes.consume(&asked.vault, &retire(Retirement::Delete))
                .is_err()
        );
    }
}

#[test]
fn the_question_shows_vault_file_and_what_the_key_may_do() {
    let facts = question(importing(wishing(ImportWishes {
        disabled: true,
        not_before: Some(0),
        expires: Some(1_800_000_000),
        ..wishes()
    })))
    .facts();
    for needed in [
        "https://contoso.vault.azure.net",
        "signing (P-256)",
        "signing-2026",
        "abab abab",
        KEK,
        "sign verify",
        "owner=payments",
        "disabled",
        "1970-01-01T00:00:00Z",
        "2027-01-15T08:00:00Z",
        "az login",
        "browser",
    ] {
        assert!(facts.contains(needed), "{needed} is missing in {facts}");
    }
    assert!(!facts.contains("Warning"), "{facts}");
}

#[test]
fn an_exportable_key_and_a_practice_vault_are_named_as_what_they_are() {
    let exportable = question(importing(wishing(exportable())));
    for needed in ["can leave the vault again", "anyOf"] {
        assert!(exportable.facts().contains(needed), "{needed}");
    }
    let practice = VaultQuestion {
        vault: vault("https://127.0.0.1:8443"),
        ..question(VaultAction::CreateKek {
            name: "KEK".to_owned(),
            bits: KekBits::B4096,
            expires: None,
        })
    };
    let facts = practice.facts();
    assert!(
        facts.contains("practice only") && facts.contains("KEK (RSA-HSM 4096)"),
        "{facts}"
    );
}

#[test]
fn tags_cannot_forge_the_question_nor_make_it_too_long_for_a_pinentry() {
    let tags = (0..15)
        .map(|n| {
            (
                format!("{n}\nVault      https://evil{}", "x".repeat(200)),
                "\u{1b}[2K".repeat(50),
            )
        })
        .collect();
    let facts = question(importing(wishing(ImportWishes { tags, ..wishes() }))).facts();
    let plain = question(importing(import())).facts();
    assert_eq!(facts.lines().count(), plain.lines().count(), "{facts}");
    assert!(!facts.contains('\u{1b}'), "{facts}");
    assert!(facts.len() < 850, "{} bytes", facts.len());
}
