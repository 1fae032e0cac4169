//! Settings: from flags and environment (by the command line), and from `config.toml` in the state folder.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use keyferry_core::{
    Admission, ModuleOffer, PracticeAuthority, PracticeInfo, Service, Strategy, Suffix,
};
use serde::Deserialize;

use crate::Error;
use crate::approve::Prompter;
use crate::audit_log::AuditLog;
use crate::error::shown;
use crate::hsm::{DeadlineSettings, OpenRequest};
use crate::minutes::Minutes;
use crate::pin::{PinMemory, PinSource};
use crate::policy::Policy;
use crate::session::TokenSession;
use crate::state::StateFolder;
#[cfg(feature = "vault")]
use crate::vault::{CredentialChoice, PracticeTrust, Tenant};

/// How long a prompt waits for a person when the settings say nothing.
const PROMPT_TIMEOUT: Duration = Duration::from_secs(120);

/// Whether keys of a software token may go to a real vault (`--software-token`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoftwareKeys {
    /// Refused.
    Refused,
    /// Allowed; the approval and the record say so.
    Allowed,
}

/// What every verb that opens a token needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The state folder.
    pub state: StateFolder,
    /// Which module and token.
    pub open: OpenRequest,
    /// Where the PIN comes from; none means the embedded token's file, or a prompt.
    pub pin_source: Option<PinSource>,
    /// Variables that the module gets besides the worker's own few.
    pub module_env: Vec<String>,
    /// Whether software keys may go to a real vault.
    pub software: SoftwareKeys,
    /// The state folder's own settings.
    pub file: SettingsFile,
    /// What may be wrapped to what.
    pub policy: Policy,
    /// Whether the PIN is kept while the token is unlocked.
    pub pin_memory: PinMemory,
}

/// `config.toml` of the state folder. Unknown names are refused: a misspelt one would be silently off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsFile {
    /// Absolute path of the pinentry program to use, whether or not there is a display.
    pub pinentry: Option<PathBuf>,
    /// How many seconds a prompt waits before it counts as no.
    pub prompt_seconds: Option<u16>,
    /// DNS suffixes of vaults in clouds of their own, such as air-gapped ones.
    #[serde(default)]
    pub vault_suffixes: Vec<String>,
    /// The same for Managed HSMs.
    #[serde(default)]
    pub managed_hsm_suffixes: Vec<String>,
    /// How long the HSM may take, by kind of call.
    #[serde(default)]
    pub deadlines: DeadlineSettings,
    /// Minutes without use of the token after which `serve` locks it; 0 for never.
    pub lock_after_minutes: Option<Minutes>,
    /// Minutes without use after which `serve` ends; 0 for never.
    pub exit_when_idle_minutes: Option<Minutes>,
    /// Size in MiB at which a file of the record is full and the next one begins.
    pub audit_file_mib: Option<NonZeroU16>,
}

impl SettingsFile {
    /// Reads the file; an absent one gives the defaults.
    ///
    /// # Errors
    /// [`Error::ConfigInvalid`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let invalid = |reason: String| Error::ConfigInvalid {
            path: shown(path),
            reason,
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(invalid(error.to_string())),
        };
        let settings: Self =
            toml::from_str(&text).map_err(|error| invalid(error.message().to_owned()))?;
        if settings.pinentry.as_deref().is_some_and(Path::is_relative) {
            return Err(invalid("pinentry must be an absolute path".to_owned()));
        }
        settings.deadlines.check().map_err(invalid)?;
        Ok(settings)
    }

    /// How long a prompt waits for a person.
    #[must_use]
    pub fn prompt_timeout(&self) -> Duration {
        self.prompt_seconds.map_or(PROMPT_TIMEOUT, |seconds| {
            Duration::from_secs(seconds.max(1).into())
        })
    }

    /// What kids are admitted besides those of Azure's public clouds.
    ///
    /// # Errors
    /// A suffix that is not one, as core says.
    pub fn admission(&self, practice: Option<PracticeAuthority>) -> Result<Admission, Error> {
        let vaults = self
            .vault_suffixes
            .iter()
            .map(|name| Suffix::new(name, Service::Vault));
        let hsms = self
            .managed_hsm_suffixes
            .iter()
            .map(|name| Suffix::new(name, Service::ManagedHsm));
        let extra_suffixes = vaults.chain(hsms).collect::<Result<_, _>>()?;
        Ok(Admission {
            practice,
            extra_suffixes,
        })
    }
}

/// What happens when nobody asks for anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IdleRules {
    /// After how long the token is locked; none for never.
    pub lock_after: Option<Duration>,
    /// After how long the server ends; none for never.
    pub exit_after: Option<Duration>,
}

/// What the server runs with.
pub struct ServeConfig {
    /// The token; opened on first use, or ahead of it by [`TokenSession::open`].
    pub session: Arc<TokenSession>,
    /// The state folder; the page's batches lie in it.
    pub state: StateFolder,
    /// Where people are asked.
    pub prompter: Prompter,
    /// The record.
    pub audit: Arc<AuditLog>,
    /// Which kids are admitted.
    pub admission: Admission,
    /// Whether software keys may go to a real vault.
    pub software: SoftwareKeys,
    /// The strategy to use although no self-test proves it (`--unproven`).
    pub unproven: Option<Strategy>,
    /// The practice vault of this run.
    pub practice: Option<PracticeInfo>,
    /// After how long without use the token is locked, and after how long the server ends.
    pub idle: IdleRules,
    /// Libraries found on this machine, when none was chosen.
    pub offers: Vec<ModuleOffer>,
    /// Which vaults the page may have the bridge speak to.
    #[cfg(feature = "vault")]
    pub vaults: VaultReach,
    /// Called once, when the first request can be answered.
    pub on_ready: Box<dyn FnOnce(Ready) + Send>,
}

/// Which vaults the page may have the bridge speak to.
#[cfg(feature = "vault")]
pub enum VaultReach {
    /// None: `--offline`.
    Nowhere,
    /// The practice vault of this run alone: the demonstration.
    Practice(PracticeTrust),
    /// Azure's, and a practice vault that is known.
    Everywhere {
        /// How to sign in.
        credential: CredentialChoice,
        /// To which tenant, when the credential's own is not the vault's.
        tenant: Option<Tenant>,
        /// A practice vault of this state folder.
        practice: Option<PracticeTrust>,
    },
}

/// A server that is ready. Not `Debug`: both addresses are ways in.
pub struct Ready {
    /// Where it listens.
    pub address: SocketAddr,
    /// The page's address with the run's secret in its fragment (`#token=SECRET`).
    pub url: String,
    /// The page's address with a single-use code (`#launch=CODE`), for a browser's arguments.
    pub launch_url: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn read(text: &str) -> Result<SettingsFile, Error> {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        SettingsFile::read(&path)
    }

    #[test]
    fn an_absent_file_gives_the_defaults() {
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(
            SettingsFile::read(&temp.path().join("none")).unwrap(),
            SettingsFile::default()
        );
    }

    #[test]
    fn reads_every_setting() {
        let settings =
            read("pinentry = \"/opt/pinentry\"\nprompt_seconds = 5\nvault_suffixes = [\"vault.example.org\"]\naudit_file_mib = 2\nlock_after_minutes = 5\nexit_when_idle_minutes = 0.5\n[deadlines]\nwrap_seconds = 7\n").unwrap();
        assert_eq!(settings.deadlines.deadlines().wrap, Duration::from_secs(7));
        let minutes = |minutes: Option<Minutes>| minutes.and_then(Minutes::duration);
        assert_eq!(
            minutes(settings.lock_after_minutes),
            Some(Duration::from_secs(300))
        );
        assert_eq!(
            minutes(settings.exit_when_idle_minutes),
            Some(Duration::from_secs(30))
        );
        assert_eq!(settings.audit_file_mib, NonZeroU16::new(2));
        assert_eq!(settings.pinentry, Some("/opt/pinentry".into()));
        assert_eq!(settings.prompt_timeout(), Duration::from_secs(5));
        assert_eq!(settings.admission(None).unwrap().extra_suffixes.len(), 1);
    }

    #[test]
    fn refuses_misspelt_names_and_relative_programs() {
        for text in [
            "pinentri = \"/x\"",
            "pinentry = \"bin/pinentry\"",
            "pinentry = 3",
            "audit_file_mib = 0",
            "lock_after_minutes = -1",
            "lock_after_minutes = 1e9",
            "[deadlines]\nwrap_seconds = 0",
            "[deadlines]\nwrap = 5",
            "{",
        ] {
            assert_eq!(read(text).unwrap_err().code(), "config-invalid", "{text}");
        }
    }
}
