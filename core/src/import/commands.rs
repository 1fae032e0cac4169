//! The commands that people run: import, KEK creation, thumbprint.

use super::KeyOperation;
use super::shell::{posix, powershell};
use crate::{Family, Finding, Kid, Service, TargetKind};
use serde::{Deserialize, Serialize};

/// The import as a REST call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct RestCall {
    /// `PUT`.
    pub method: String,
    /// The address, with its API version.
    pub url: String,
    /// The JSON body; `key_hsm` reads `BASE64URL-OF-THE-FILE`, to be replaced by the whole file in
    /// base64url without padding.
    pub body: String,
}

/// The same import for three tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct ImportCommands {
    /// For the Azure CLI in a POSIX shell.
    pub az: String,
    /// For PowerShell with the Az module; null for AES, which its cmdlet cannot import.
    pub powershell: Option<String>,
    /// For anything else.
    pub rest: RestCall,
    /// What to know before running them.
    pub notes: Vec<Finding>,
}

/// The commands that import `file` as `key_name` into the vault or pool of `kid`.
pub fn import_commands(kid: &Kid, key_name: &str, kind: TargetKind, file: &str) -> ImportCommands {
    let operations: Vec<&str> = KeyOperation::of(kind)
        .iter()
        .map(|operation| operation.name())
        .collect();
    let place = match kid.service() {
        Service::Vault => "--vault-name",
        Service::ManagedHsm => "--hsm-name",
    };
    let kty = match (kind.family(), kind.curve()) {
        (Family::Aes, _) => " --kty oct".to_owned(),
        (_, Some(curve)) => format!(" --kty EC --curve {}", curve.name()),
        _ => String::new(),
    };
    let az = format!(
        "az keyvault key import {place} {} --name {} --byok-file {}{kty} --ops {}",
        posix(kid.vault_name()),
        posix(key_name),
        posix(file),
        operations.join(" ")
    );
    ImportCommands {
        az,
        powershell: in_powershell(kid, key_name, kind, file),
        rest: rest(kid, key_name, kind),
        notes: notes(kid, kind),
    }
}

fn in_powershell(kid: &Kid, key_name: &str, kind: TargetKind, file: &str) -> Option<String> {
    if kind.is_aes() {
        return None;
    }
    let place = match kid.service() {
        Service::Vault => "-VaultName",
        Service::ManagedHsm => "-HsmName",
    };
    let mut line = format!(
        "Add-AzKeyVaultKey {place} {} -Name {} -KeyFilePath {}",
        powershell(kid.vault_name()),
        powershell(key_name),
        powershell(file)
    );
    if kid.service() == Service::Vault {
        line.push_str(" -Destination HSM");
    }
    if let Some(curve) = kind.curve() {
        line.push_str(" -KeyType EC -CurveName ");
        line.push_str(curve.name());
    }
    Some(line)
}

fn rest(kid: &Kid, key_name: &str, kind: TargetKind) -> RestCall {
    let mut body = super::import_body(
        kind,
        KeyOperation::of(kind),
        &[],
        super::Attributes::default(),
    );
    if let Some(file) = body.pointer_mut("/key/key_hsm") {
        *file = "BASE64URL-OF-THE-FILE".into();
    }
    RestCall {
        method: "PUT".to_owned(),
        url: format!(
            "{}/keys/{}?api-version=7.4",
            kid.vault_url(),
            path_segment(key_name)
        ),
        body: format!("{body:#}"),
    }
}

/// Percent-encodes what may not stand in a path (RFC 3986 §2.3).
fn path_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

fn notes(kid: &Kid, kind: TargetKind) -> Vec<Finding> {
    let mut notes = Vec::new();
    if kid.is_practice() {
        notes.push(Finding::note(
            "practice-vault",
            "this file is for the practice vault, which ends with this run",
            "Use the KEK of a real vault for a real transfer.",
        ));
    }
    if kind.is_aes() && kid.service() == Service::Vault {
        notes.push(Finding::warning(
            "aes-in-vault",
            "AES keys are documented for Managed HSM only; newer Premium vaults may take them",
            "If the vault refuses the import, use a Managed HSM and a KEK made in it.",
        ));
    }
    notes
}

/// The command that makes a KEK beside `kid`'s: RSA-HSM, 4096 bits, for import alone.
pub fn kek_creation_command(service: Service, vault_name: &str) -> String {
    let place = match service {
        Service::Vault => "--vault-name",
        Service::ManagedHsm => "--hsm-name",
    };
    format!(
        "az keyvault key create --kty RSA-HSM --size 4096 --name KEKforBYOK --ops import {place} {}",
        posix(vault_name)
    )
}

/// The shell line that prints the KEK's thumbprint from the vault's side: az writes the
/// SubjectPublicKeyInfo in DER, and openssl its SHA-256. (az refuses to overwrite `kek.der`.)
pub fn thumbprint_command(kid: &Kid) -> String {
    format!(
        "az keyvault key download --id {} --encoding DER --file kek.der && openssl dgst -sha256 -r kek.der",
        posix(kid.as_str())
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Admission, PracticeAuthority};

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
            thumbprint_command(&kid("contoso.vault.azure.net")),
            format!(
                "az keyvault key download --id https://contoso.vault.azure.net/keys/KEK/{VERSION} --encoding DER --file kek.der && openssl dgst -sha256 -r kek.der"
            )
        );
    }
}
