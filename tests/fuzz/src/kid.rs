//! Key identifiers and vaults' addresses: what is taken is one of Azure's by the letter, and reads back as itself.

use keyferry_core::{
    Admission, KeyId, KeyName, Kid, PracticeAuthority, Service, Suffix, VaultAddress, visible,
};

/// The clouds, spelt out a second time.
const HOSTS: [(&str, Service); 8] = [
    (".vault.azure.net", Service::Vault),
    (".vault.azure.cn", Service::Vault),
    (".vault.usgovcloudapi.net", Service::Vault),
    (".vault.microsoftazure.de", Service::Vault),
    (".managedhsm.azure.net", Service::ManagedHsm),
    (".managedhsm.azure.cn", Service::ManagedHsm),
    (".managedhsm.usgovcloudapi.net", Service::ManagedHsm),
    (".managedhsm.microsoftazure.de", Service::ManagedHsm),
];

/// Reads the text as everything that a name of a key or vault can be.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    check_shown(text);
    check_name(text);
    let usual = Admission::default();
    let practising = Admission {
        practice: PracticeAuthority::parse("localhost:43123").ok(),
        ..Admission::default()
    };
    if let Ok(kid) = KeyId::parse(text) {
        check_azure(text, &kid);
        assert_eq!(Kid::parse(text, &usual).unwrap().as_str(), kid.as_str());
        assert_eq!(
            Kid::parse(text, &practising).unwrap().as_str(),
            kid.as_str()
        );
    } else {
        // The practice vault is the only other thing that a kid can be, and only where it runs.
        assert!(Kid::parse(text, &usual).is_err());
        if let Ok(kid) = Kid::parse(text, &practising) {
            check_practice(text, &kid, &practising);
        }
    }
    for admission in [&usual, &practising] {
        if let Ok(vault) = VaultAddress::parse(text, admission) {
            check_address(&vault, admission);
        }
    }
    if let Ok(authority) = PracticeAuthority::parse(text) {
        assert_eq!(authority.authority(), text);
        assert!(authority.port() != 0 && ["localhost", "127.0.0.1"].contains(&authority.host()));
    }
    let _ = Suffix::new(text, Service::Vault);
}

fn check_azure(text: &str, kid: &KeyId) {
    let host = kid.host();
    let (suffix, service) = HOSTS
        .iter()
        .find(|(suffix, _)| host.strip_suffix(suffix) == Some(kid.vault_name()))
        .expect("a kid's host is NAME.SUFFIX of a cloud");
    assert_eq!(*service, kid.service());
    assert!(!suffix.is_empty());
    let name = kid.vault_name();
    assert!((3..=24).contains(&name.len()));
    assert!(
        name.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    );
    check_parts(kid.key_name(), kid.version());
    let version = kid
        .version()
        .map(|version| format!("/{version}"))
        .unwrap_or_default();
    assert_eq!(
        kid.as_str(),
        format!("https://{host}/keys/{}{version}", kid.key_name())
    );
    let again = KeyId::parse(kid.as_str()).unwrap();
    assert_eq!(again.as_str(), kid.as_str());
    assert!(again.same_key(kid));
    // Nothing of the text was dropped but a usual port and one line break.
    let plain = text
        .strip_suffix('\n')
        .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    assert!(
        plain
            .replacen(":443/", "/", 1)
            .eq_ignore_ascii_case(kid.as_str()),
        "{text:?}"
    );
    for finding in kid.findings() {
        assert!(!finding.is_error());
    }
}

fn check_practice(text: &str, kid: &Kid, admission: &Admission) {
    assert!(kid.is_practice() && kid.azure().is_none());
    assert_eq!(kid.vault_url(), "https://localhost:43123");
    check_parts(kid.key_name(), kid.version());
    let again = Kid::parse(kid.as_str(), admission).unwrap();
    assert_eq!(again.as_str(), kid.as_str());
    assert!(again.same_key(kid) && again.agrees_with(kid));
    assert!(
        text.trim_end().eq_ignore_ascii_case(kid.as_str()),
        "{text:?}"
    );
}

fn check_parts(name: &str, version: Option<&str>) {
    assert!(KeyName::parse(name).is_ok());
    if let Some(version) = version {
        assert!(version.len() == 32 && version.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}

fn check_address(vault: &VaultAddress, admission: &Admission) {
    let again = VaultAddress::parse(&vault.url(), admission).unwrap();
    assert!(again == *vault);
    let name = KeyName::parse("any").unwrap();
    let kid = Kid::parse(&vault.kid(&name, None), admission).unwrap();
    assert!(vault.holds(&kid) && VaultAddress::of(&kid) == *vault);
    assert_eq!(vault.is_practice(), vault.suffix().is_none());
}

fn check_name(text: &str) {
    let nearest = KeyName::from_label(text);
    assert!(KeyName::parse(nearest.as_str()).is_ok());
    if let Ok(name) = KeyName::parse(text) {
        assert_eq!(name.as_str(), text);
    }
}

/// What is shown moves no cursor and turns no text.
fn check_shown(text: &str) {
    let shown = visible(text);
    let turns = |character| matches!(u32::from(character), 0x061c | 0x200e..=0x200f | 0x2028..=0x202e | 0x2066..=0x2069);
    assert!(
        !shown
            .chars()
            .any(|character| character.is_control() || turns(character)),
        "{text:?}"
    );
}
