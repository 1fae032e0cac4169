//! Key identifiers of Azure Key Vault and Managed HSM.

use super::parts::{Parts, split};
use super::{KidProblem, Service, Suffix};
use crate::{Error, Finding};

/// A suffix that Azure runs or ran.
struct Cloud {
    suffix: &'static str,
    service: Service,
    retired: bool,
}

const fn cloud(suffix: &'static str, service: Service, retired: bool) -> Cloud {
    Cloud {
        suffix,
        service,
        retired,
    }
}

const CLOUDS: [Cloud; 8] = [
    cloud("vault.azure.net", Service::Vault, false),
    cloud("vault.azure.cn", Service::Vault, false),
    cloud("vault.usgovcloudapi.net", Service::Vault, false),
    cloud("vault.microsoftazure.de", Service::Vault, true),
    cloud("managedhsm.azure.net", Service::ManagedHsm, false),
    cloud("managedhsm.azure.cn", Service::ManagedHsm, false),
    cloud("managedhsm.usgovcloudapi.net", Service::ManagedHsm, false),
    cloud("managedhsm.microsoftazure.de", Service::ManagedHsm, true),
];

/// The identifier of a key in Azure: `https://NAME.SUFFIX/keys/KEY[/VERSION]`.
///
/// Scheme and host are kept in lower case, `:443` and one trailing line break are dropped.
#[derive(Debug, Clone)]
pub struct KeyId {
    text: String,
    vault_name: String,
    host: String,
    service: Service,
    key_name: String,
    version: Option<String>,
    retired: bool,
}

impl KeyId {
    /// Parses an identifier of Azure's public and national clouds.
    ///
    /// # Errors
    /// [`Error::Kid`] with the rule that was broken.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_with(text, &[])
    }

    /// As [`KeyId::parse`], with further suffixes from configuration.
    ///
    /// # Errors
    /// [`Error::Kid`] with the rule that was broken.
    pub fn parse_with(text: &str, extra: &[Suffix]) -> Result<Self, Error> {
        Self::from_parts(split(text).map_err(Error::Kid)?, extra).map_err(Error::Kid)
    }

    fn from_parts(parts: Parts<'_>, extra: &[Suffix]) -> Result<Self, KidProblem> {
        let Parts {
            host,
            port,
            key_name,
            version,
        } = parts;
        let unknown = || KidProblem::Host(host.clone());
        let (name, suffix) = host.split_once('.').ok_or_else(unknown)?;
        let (service, retired) = known(suffix, extra).ok_or_else(unknown)?;
        if !matches!(port, None | Some(443)) {
            return Err(KidProblem::Port);
        }
        let name_byte =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        // `xn--` is how a name in another script is spelt; Azure hands none out.
        if !(3..=24).contains(&name.len())
            || !name.bytes().all(name_byte)
            || name.starts_with("xn--")
        {
            return Err(KidProblem::VaultName);
        }
        let mut text = format!("https://{host}/keys/{key_name}");
        if let Some(version) = version {
            text.push('/');
            text.push_str(version);
        }
        Ok(Self {
            text,
            vault_name: name.to_owned(),
            service,
            key_name: key_name.to_owned(),
            version: version.map(str::to_owned),
            retired,
            host,
        })
    }

    /// The identifier, as it is written into a blob.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The vault's or pool's name.
    pub fn vault_name(&self) -> &str {
        &self.vault_name
    }

    /// `https://HOST`, without a trailing slash.
    pub fn vault_url(&self) -> String {
        format!("https://{}", self.host)
    }

    /// The host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What holds the key.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The key's name.
    pub fn key_name(&self) -> &str {
        &self.key_name
    }

    /// The key's version, 32 hexadecimal digits, when the identifier has one.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What to look at in an identifier that is well formed: no version, a retired cloud.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.version.is_none() {
            findings.push(super::kid::without_version());
        }
        if self.retired {
            findings.push(Finding::warning(
                "kid-retired-cloud",
                "the key identifier is of a cloud that was closed in 2021",
                "Check where this identifier comes from; a vault there can no longer take a key.",
            ));
        }
        findings
    }

    /// True when both name the same key and version; letter case does not matter.
    pub fn same_key(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

fn known(suffix: &str, extra: &[Suffix]) -> Option<(Service, bool)> {
    let public = CLOUDS.iter().find(|cloud| cloud.suffix == suffix);
    let configured = || extra.iter().find(|configured| configured.name() == suffix);
    public
        .map(|cloud| (cloud.service, cloud.retired))
        .or_else(|| configured().map(|suffix| (suffix.service(), false)))
}
