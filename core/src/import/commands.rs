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
/// None for a practice vault, which az does not reach.
pub fn thumbprint_command(kid: &Kid) -> Option<String> {
    if kid.is_practice() {
        return None;
    }
    Some(format!(
        "az keyvault key download --id {} --encoding DER --file kek.der && openssl dgst -sha256 -r kek.der",
        posix(kid.as_str())
    ))
}
