//! The case files hold the refusals; here are the parts and the walls.
#![allow(clippy::unwrap_used)]

use super::*;

const VERSION: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

#[test]
fn an_identifier_gives_its_parts() {
    let kid = KeyId::parse(&format!(
        "https://Pool.ManagedHSM.azure.net:443/keys/My-Key/{VERSION}\n"
    ))
    .unwrap();
    assert_eq!(
        kid.as_str(),
        format!("https://pool.managedhsm.azure.net/keys/My-Key/{VERSION}")
    );
    assert_eq!(
        (kid.vault_name(), kid.host()),
        ("pool", "pool.managedhsm.azure.net")
    );
    assert_eq!(kid.vault_url(), "https://pool.managedhsm.azure.net");
    assert_eq!(kid.service(), Service::ManagedHsm);
    assert_eq!((kid.key_name(), kid.version()), ("My-Key", Some(VERSION)));
    assert!(kid.findings().is_empty());
}

#[test]
fn letter_case_does_not_make_another_key_but_a_version_does() {
    let parse = |text: &str| KeyId::parse(text).unwrap();
    let kid = parse(&format!("https://abc.vault.azure.net/keys/k/{VERSION}"));
    assert!(kid.same_key(&parse(&format!(
        "https://ABC.vault.azure.net/keys/K/{}",
        VERSION.to_uppercase()
    ))));
    assert!(!kid.same_key(&parse("https://abc.vault.azure.net/keys/k")));
    assert!(!kid.same_key(&parse(&format!(
        "https://abd.vault.azure.net/keys/k/{VERSION}"
    ))));
}

#[test]
fn a_configured_suffix_is_admitted_and_no_other() {
    let suffix = Suffix::new("vault.cloud.example", Service::ManagedHsm).unwrap();
    let kid = "https://abc.vault.cloud.example/keys/k";
    assert!(KeyId::parse(kid).is_err());
    assert_eq!(
        KeyId::parse_with(kid, std::slice::from_ref(&suffix))
            .unwrap()
            .service(),
        Service::ManagedHsm
    );
    assert!(KeyId::parse_with("https://abc.cloud.example/keys/k", &[suffix]).is_err());
}

#[test]
fn a_suffix_is_a_lower_case_name_of_two_labels() {
    for name in [
        "",
        "net",
        ".azure.net",
        "azure.net.",
        "Azure.net",
        "azure net.x",
        "a..b",
        "-a.b",
        "a.b:443",
        "*.b",
        "127.0.0.1",
        "vault.1",
    ] {
        assert!(Suffix::new(name, Service::Vault).is_err(), "{name}");
    }
}

#[test]
fn a_practice_vault_lives_on_this_machine_only() {
    for (host, port) in [
        ("localhost.", 1),
        ("127.0.0.2", 1),
        ("::1", 1),
        ("example.com", 443),
        ("localhost", 0),
    ] {
        assert!(PracticeAuthority::new(host, port).is_err(), "{host}:{port}");
    }
    for text in [
        "localhost",
        "localhost:",
        "localhost:0443",
        "localhost:+1",
        "localhost:65536",
        "localhost:1:1",
    ] {
        assert!(PracticeAuthority::parse(text).is_err(), "{text}");
    }
    assert_eq!(
        PracticeAuthority::parse("127.0.0.1:8200")
            .unwrap()
            .authority(),
        "127.0.0.1:8200"
    );
}

#[test]
fn a_practice_identifier_is_never_a_real_one() {
    let authority = PracticeAuthority::new("localhost", 8200).unwrap();
    let admission = Admission {
        practice: Some(authority.clone()),
        ..Admission::default()
    };
    let practice = format!("https://localhost:8200/keys/k/{VERSION}");
    assert!(KeyId::parse(&practice).is_err());
    assert!(Kid::parse(&practice, &Admission::default()).is_err());
    assert!(Kid::parse(&practice, &admission).unwrap().is_practice());
    let real = format!("https://abc.vault.azure.net/keys/k/{VERSION}");
    assert!(PracticeKeyId::parse(&real, &authority).is_err());
    assert!(!Kid::parse(&real, &admission).unwrap().is_practice());
    for other in [
        "https://localhost/keys/k",
        "https://localhost:8201/keys/k",
        "https://127.0.0.1:8200/keys/k",
    ] {
        assert!(Kid::parse(other, &admission).is_err(), "{other}");
    }
}

#[test]
fn two_identifiers_agree_unless_something_differs() {
    let parse = |text: &str| Kid::parse(text, &Admission::default()).unwrap();
    let kid = parse(&format!("https://abc.vault.azure.net/keys/k/{VERSION}"));
    assert!(kid.agrees_with(&parse("https://abc.vault.azure.net/keys/K")));
    for other in [
        "https://abc.vault.azure.cn/keys/k",
        "https://abc.vault.azure.net/keys/l",
    ] {
        assert!(!kid.agrees_with(&parse(other)), "{other}");
    }
}
