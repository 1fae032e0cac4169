//! Which token, and how its PIN is had.

use std::path::PathBuf;
use std::sync::Arc;

use keyferry::approve::{Place, Prompter};
use keyferry::config::SettingsFile;
use keyferry::pin::{Pin, PinSource};

use tempfile::TempDir;

use crate::transfer::{KINDS, SECP256K1};
use crate::{Desk, Onlooker, Simulated};

/// What the variables of `make test-hsm` say.
pub struct Options {
    /// `MODULE`: the library's path.
    pub module: PathBuf,
    token: Option<String>,
    slot: Option<String>,
    pin: PinSource,
    module_args: Option<String>,
    module_env: Option<String>,
    profile: Option<String>,
    /// `KINDS`: only these.
    kinds: Option<String>,
    /// `YES=1`: nobody is asked.
    pub yes: bool,
}

impl Options {
    /// Reads the variables.
    ///
    /// # Errors
    /// What is missing or is no PIN source.
    pub fn read() -> Result<Self, String> {
        let variable = |name: &str| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
        };
        let usage = "make test-hsm MODULE=/path/to/library.so TOKEN=LABEL [SLOT=N] [PIN=prompt|pinentry|env:NAME|file:PATH|fd:N|protected] [MODULE_ARGS=…] [MODULE_ENV=NAME,…] [PROFILE=NAME] [KINDS=RSA-2048,…] [YES=1]";
        let module = variable("MODULE").ok_or(usage)?;
        let module = std::path::absolute(module).map_err(|error| error.to_string())?;
        let (token, slot) = (variable("TOKEN"), variable("SLOT"));
        if token.is_some() == slot.is_some() {
            return Err(format!("TOKEN or SLOT, one of them: {usage}"));
        }
        let pin = variable("PIN").unwrap_or_else(|| "prompt".to_owned());
        Ok(Self {
            module,
            token,
            slot,
            // The text is not repeated: someone may have given the PIN itself.
            pin: pin.parse().map_err(|error| format!("PIN: {error}"))?,
            module_args: variable("MODULE_ARGS"),
            module_env: variable("MODULE_ENV"),
            profile: variable("PROFILE"),
            kinds: variable("KINDS"),
            yes: variable("YES").is_some_and(|value| value == "1"),
        })
    }

    /// The kinds to try.
    #[must_use]
    pub fn kinds(&self) -> Vec<&str> {
        match &self.kinds {
            Some(kinds) => kinds.split(',').map(str::trim).collect(),
            None => KINDS.iter().copied().chain([SECP256K1]).collect(),
        }
    }

    /// Gets the PIN, once; none means that the token's pad asks for it, at every step.
    ///
    /// # Errors
    /// What the source said.
    pub fn pin(&self) -> Result<Option<Arc<Pin>>, String> {
        let told = |error: keyferry::Error| format!("{error}. {}", error.advice());
        let settings = SettingsFile::default();
        let prompter = Prompter::choose(&settings, Place::TerminalFirst).map_err(told)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let asked = self.token.as_deref().unwrap_or("the token");
        let pin = runtime.block_on(self.pin.read(&prompter, asked));
        Ok(pin.map_err(told)?.map(Arc::new))
    }

    /// The product, with this token.
    #[must_use]
    pub fn desk(&self, pin: Option<Arc<Pin>>) -> Desk {
        let mut desk = Desk::embedded().flag("--module").flag(&self.module);
        for (flag, value) in [
            ("--token", &self.token),
            ("--slot", &self.slot),
            ("--module-args", &self.module_args),
            ("--module-env", &self.module_env),
            ("--profile", &self.profile),
        ] {
            if let Some(value) = value {
                desk = desk.flag(flag).flag(value);
            }
        }
        // A desk begins without these; here they are the user's own.
        let named = self.module_env.iter().flat_map(|names| names.split(','));
        for name in named.chain(["SOFTHSM2_CONF"]) {
            if let Some(value) = std::env::var_os(name) {
                desk = desk.variable(name, value);
            }
        }
        match pin {
            Some(pin) => desk.typing(pin),
            None => desk.flag("--pin-source").flag("protected"),
        }
    }

    /// The token without the product. Arguments for the module go by way of the simulated one, whose
    /// scenario stands in the folder.
    #[must_use]
    pub fn onlooker(&self, label: &str, pin: Option<Arc<Pin>>) -> (Onlooker, Option<TempDir>) {
        let Some(arguments) = &self.module_args else {
            return (Onlooker::of_any(self.module.clone(), label, pin), None);
        };
        let folder = TempDir::new().unwrap();
        let scenario = folder.path().join("scenario.toml");
        std::fs::write(
            &scenario,
            format!(
                "title = \"started with arguments\"\nlibrary = {}\nreserved = {}\n",
                // A JSON string is a TOML basic string.
                serde_json::Value::from(self.module.to_string_lossy()),
                serde_json::Value::from(arguments.as_str()),
            ),
        )
        .unwrap();
        let onlooker = Onlooker::of_any(Simulated::module(), label, pin)
            .variable("KEYFERRY_SIMULATED", scenario);
        (onlooker, Some(folder))
    }
}
