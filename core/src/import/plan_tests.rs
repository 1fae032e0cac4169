//! What an import may and may not ask for.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Admission, Blob, Curve, KekBits, KeyOperation, VaultAddress};
use base64ct::{Base64UrlUnpadded, Encoding};

fn refusal(kind: ImportType, wishes: ImportWishes) -> &'static str {
    ImportPlan::new(kind, wishes).unwrap_err().code()
}

fn ops(names: &[&str]) -> ImportWishes {
    ImportWishes {
        operations: Some(names.iter().map(ToString::to_string).collect()),
        ..ImportWishes::default()
    }
}

#[test]
fn without_wishes_a_key_gets_all_operations_of_its_type() {
    let plan = ImportPlan::new(ImportType::Oct, ImportWishes::default()).unwrap();
    assert_eq!(plan.operations(), ImportType::Oct.operations());
    assert!(plan.attributes().enabled);
    assert!(!plan.is_exportable());
}

#[test]
fn operations_are_those_of_the_type_each_once_and_never_import() {
    let ec = ImportType::Ec(Curve::P256);
    let plan = ImportPlan::new(ec, ops(&["sign", "sign"])).unwrap();
    assert_eq!(plan.operations(), [KeyOperation::Sign]);
    for (kind, names) in [
        (ec, &["wrapKey"][..]),
        (ec, &["sign", "import"]),
        (ImportType::Rsa, &["import"]),
        (ImportType::Oct, &["sign"]),
        (ImportType::Rsa, &["Sign"]),
        (ImportType::Rsa, &[]),
    ] {
        assert_eq!(refusal(kind, ops(names)), "import-ops", "{names:?}");
    }
}

#[test]
fn fifteen_tags_are_taken_and_sixteen_are_not() {
    let tagged = |count: usize| ImportWishes {
        tags: (0..count)
            .map(|n| (format!("t{n}"), String::new()))
            .collect(),
        ..ImportWishes::default()
    };
    assert!(ImportPlan::new(ImportType::Rsa, tagged(15)).is_ok());
    assert_eq!(refusal(ImportType::Rsa, tagged(16)), "import-tags");
}

#[test]
fn a_key_cannot_expire_before_it_is_valid() {
    let dated = |not_before, expires| ImportWishes {
        not_before: Some(not_before),
        expires: Some(expires),
        ..ImportWishes::default()
    };
    assert!(ImportPlan::new(ImportType::Rsa, dated(1, 2)).is_ok());
    assert_eq!(refusal(ImportType::Rsa, dated(2, 2)), "import-dates");
}

#[test]
fn exportable_and_release_policy_come_together_or_not_at_all() {
    let wish = |exportable, policy: Option<&[u8]>| ImportWishes {
        exportable,
        release_policy: policy.map(<[u8]>::to_vec),
        ..ImportWishes::default()
    };
    let policy: &[u8] = br#"{"version":"1.0.0","anyOf":[]}"#;
    let plan = ImportPlan::new(ImportType::Rsa, wish(true, Some(policy))).unwrap();
    assert!(plan.is_exportable());
    assert_eq!(
        refusal(ImportType::Rsa, wish(true, None)),
        "import-exportable"
    );
    for (exportable, policy) in [
        (false, policy),
        (true, b"[]"),
        (true, b"{"),
        (true, b"\xff"),
    ] {
        assert_eq!(
            refusal(ImportType::Rsa, wish(exportable, Some(policy))),
            "import-policy"
        );
    }
}

fn blob(length: usize) -> Blob {
    let file = format!(
        r#"{{"schema_version":"1.0.0","header":{{"kid":"https://contoso.vault.azure.net/keys/KEK/{}","alg":"dir","enc":"CKM_RSA_AES_KEY_WRAP"}},"ciphertext":"{}","generator":"t"}}"#,
        "0".repeat(32),
        Base64UrlUnpadded::encode_string(&vec![7; length])
    );
    Blob::parse(file.as_bytes(), &Admission::default()).unwrap()
}

fn vault(text: &str) -> VaultAddress {
    VaultAddress::parse(text, &Admission::default()).unwrap()
}

#[test]
fn a_file_for_another_vault_is_refused() {
    let file = blob(256 + 152);
    let ec = ImportType::Ec(Curve::P256);
    let here = vault("https://contoso.vault.azure.net");
    assert_eq!(check_file(&file, &here, ec, None), Ok(()));
    for other in [
        "https://contoso2.vault.azure.net",
        "https://contoso.vault.azure.cn",
        "https://contoso.managedhsm.azure.net",
    ] {
        let error = check_file(&file, &vault(other), ec, None).unwrap_err();
        assert_eq!(error.code(), "import-foreign-kek", "{other}");
    }
}

#[test]
fn a_type_that_the_files_length_cannot_hold_is_refused() {
    let here = vault("https://contoso.vault.azure.net");
    // 408 bytes: P-256 (or P-256K) under 2048 bits, AES-128 under 3072.
    let file = blob(408);
    for (kind, kek, fits) in [
        (ImportType::Ec(Curve::P256), None, true),
        (ImportType::Oct, None, true),
        (ImportType::Oct, Some(KekBits::B2048), false),
        (ImportType::Oct, Some(KekBits::B3072), true),
        (ImportType::Rsa, None, false),
        (ImportType::Ec(Curve::P521), None, false),
    ] {
        assert_eq!(
            check_file(&file, &here, kind, kek).is_ok(),
            fits,
            "{kind} {kek:?}"
        );
    }
    let error = check_file(&file, &here, ImportType::Rsa, None).unwrap_err();
    assert_eq!(error.code(), "import-kind");
}
