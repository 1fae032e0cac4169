//! The commands, word for word.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Admission, Kid, PracticeAuthority, Service, TargetKind};

const VERSION: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn kid(host: &str) -> Kid {
    let practice = PracticeAuthority::parse(host).ok();
    let admission = Admission {
        practice,
        ..Admission::default()
    };
    Kid::parse(&format!("https://{host}/keys/KEK/{VERSION}"), &admission).unwrap()
}

#[test]
fn an_rsa_key_is_imported_without_a_type() {
    let commands = import_commands(
        &kid("contoso.vault.azure.net"),
        "payments",
        TargetKind::Rsa3072,
        "p.byok",
    );
    assert_eq!(
        commands.az,
        "az keyvault key import --vault-name contoso --name payments --byok-file p.byok --ops encrypt decrypt sign verify wrapKey unwrapKey"
    );
    assert_eq!(
        commands.powershell.unwrap(),
        "Add-AzKeyVaultKey -VaultName contoso -Name payments -KeyFilePath p.byok -Destination HSM"
    );
    assert_eq!(commands.rest.method, "PUT");
    assert_eq!(
        commands.rest.url,
        "https://contoso.vault.azure.net/keys/payments?api-version=7.4"
    );
    assert!(
        commands.rest.body.contains("RSA-HSM")
            && commands.rest.body.contains("BASE64URL-OF-THE-FILE")
    );
    assert_eq!(commands.notes, []);
}

#[test]
fn an_ec_key_names_its_curve_and_signs_only() {
    let commands = import_commands(
        &kid("contoso.vault.azure.net"),
        "n",
        TargetKind::P256K,
        "p.byok",
    );
    assert_eq!(
        commands.az,
        "az keyvault key import --vault-name contoso --name n --byok-file p.byok --kty EC --curve P-256K --ops sign verify"
    );
    assert!(
        commands
            .powershell
            .unwrap()
            .ends_with("-Destination HSM -KeyType EC -CurveName P-256K")
    );
    assert!(commands.rest.body.contains("\"crv\": \"P-256K\""));
}

#[test]
fn a_managed_hsm_is_named_as_one_and_takes_aes() {
    let commands = import_commands(
        &kid("pool.managedhsm.azure.net"),
        "n",
        TargetKind::Aes256,
        "p.byok",
    );
    assert_eq!(
        commands.az,
        "az keyvault key import --hsm-name pool --name n --byok-file p.byok --kty oct --ops encrypt decrypt wrapKey unwrapKey"
    );
    assert_eq!(commands.powershell, None);
    assert_eq!(commands.notes, []);
    let rsa = import_commands(
        &kid("pool.managedhsm.azure.net"),
        "n",
        TargetKind::Rsa2048,
        "p.byok",
    );
    assert_eq!(
        rsa.powershell.unwrap(),
        "Add-AzKeyVaultKey -HsmName pool -Name n -KeyFilePath p.byok"
    );
}

#[test]
fn aes_for_a_vault_is_warned_of_and_practice_is_named() {
    let codes = |host: &str| -> Vec<String> {
        let commands = import_commands(&kid(host), "n", TargetKind::Aes128, "p.byok");
        commands.notes.into_iter().map(|note| note.code).collect()
    };
    assert_eq!(codes("contoso.vault.azure.net"), ["aes-in-vault"]);
    assert_eq!(codes("localhost:43123"), ["practice-vault", "aes-in-vault"]);
}

#[test]
fn a_hostile_name_stays_one_word() {
    let name = "a'; rm -rf ~ #$(x)`y`";
    let commands = import_commands(
        &kid("contoso.vault.azure.net"),
        name,
        TargetKind::P256,
        "it's.byok",
    );
    assert!(
        commands
            .az
            .contains(r"--name 'a'\''; rm -rf ~ #$(x)`y`' --byok-file 'it'\''s.byok' --kty")
    );
    assert!(
        commands
            .powershell
            .unwrap()
            .contains("-Name 'a''; rm -rf ~ #$(x)`y`' -KeyFilePath 'it''s.byok' ")
    );
    assert!(
        commands
            .rest
            .url
            .contains("/keys/a%27%3B%20rm%20-rf%20~%20%23%24%28x%29%60y%60?api-version=")
    );
}

#[test]
fn the_kek_and_its_thumbprint_have_their_commands() {
    assert_eq!(
        kek_creation_command(Service::ManagedHsm, "pool"),
        "az keyvault key create --kty RSA-HSM --size 4096 --name KEKforBYOK --ops import --hsm-name pool"
    );
    assert_eq!(
        thumbprint_command(&kid("contoso.vault.azure.net")).as_deref(),
Some(format!(
            "az keyvault key download --id https://contoso.vault.azure.net/keys/KEK/{VERSION} --encoding DER --file kek.der && openssl dgst -sha256 -r kek.der"
        ).as_str())
    );
}
