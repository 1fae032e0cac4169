//! From global options to settings.

use keyferry_core::{Admission, TokenInfo, visible};

use super::args::Global;
use crate::Error;
use crate::approve::{Place, Prompter};
use crate::config::{Settings, SettingsFile, SoftwareKeys};
use crate::hsm::{Module, OpenRequest, TokenChoice};
use crate::pin::{PinMemory, PinSource};
use crate::policy::Policy;
use crate::profile::{Catalogue, Profile};
use crate::state::StateFolder;

impl Global {
    /// Everything that a verb with a token needs; makes the state folder when absent.
    pub(super) fn settings(&self) -> Result<Settings, Error> {
        let state = StateFolder::open(self.state.as_deref())?;
        let file = SettingsFile::read(&state.config_file())?;
        let module = match &self.module {
            Some(path) => Module::Library {
                path: path.clone(),
                args: self.module_args.clone(),
            },
            None => Module::Embedded {
                state: state.path().to_owned(),
            },
        };
        let profile = self.profile()?;
        if profile.is_some() && self.module.is_none() {
            return Err(Error::Usage(
                "--profile is of a vendor's library: give --module PATH too".to_owned(),
            ));
        }
        let token = match (&self.token, self.slot) {
            (Some(label), _) => TokenChoice::Label(label.clone()),
            (None, Some(slot)) => TokenChoice::Slot(slot),
            (None, None) => TokenChoice::Only,
        };
        Ok(Settings {
            state,
            open: OpenRequest { module, token },
            pin_source: pin_source(self)?,
            module_env: self.module_env(profile),
            software: if self.software_token {
                SoftwareKeys::Allowed
            } else {
                SoftwareKeys::Refused
            },
            file,
            policy: Policy::read(self.policy.as_deref())?,
            pin_memory: if self.forget_pin {
                PinMemory::Forget
            } else {
                PinMemory::Keep
            },
        })
    }

    /// The profile that was asked for.
    pub(super) fn profile(&self) -> Result<Option<&'static Profile>, Error> {
        let find = |name: &String| {
            Catalogue::named(name).ok_or_else(|| {
                Error::Usage(format!(
                    "no profile is called {:?}; there are {}",
                    visible(name),
                    Catalogue::names()
                ))
            })
        };
        self.profile.as_ref().map(find).transpose()
    }

    /// The variables that the module gets: its profile's own, and those named beyond.
    fn module_env(&self, profile: Option<&Profile>) -> Vec<String> {
        let by_library = || self.module.as_deref().and_then(Catalogue::by_library);
        let own = profile.or_else(by_library).into_iter();
        let own = own.flat_map(|profile| profile.variables.iter().map(|one| one.name.clone()));
        own.chain(self.module_env.iter().cloned()).collect()
    }

    /// What kids a verb admits that opens no token: the state folder is read when it is there, never made.
    pub(super) fn admission(&self) -> Result<Admission, Error> {
        let Some(path) = StateFolder::place(self.state.as_deref()) else {
            return Ok(Admission::default());
        };
        SettingsFile::read(&path.join("config.toml"))?.admission(None)
    }
}

/// The PIN's source, if one was given.
pub(super) fn pin_source(global: &Global) -> Result<Option<PinSource>, Error> {
    let parse = |text: &String| {
        text.parse().map_err(|reason: String| {
            Error::Usage(format!("--pin-source names no source: {reason}"))
        })
    };
    global.pin_source.as_ref().map(parse).transpose()
}

/// Where a verb in a terminal asks: there, unless a pinentry was configured.
pub(super) fn prompter(settings: &Settings) -> Result<Prompter, Error> {
    Prompter::choose(&settings.file, Place::TerminalFirst)
}

/// A token in one line.
pub(super) fn token_line(token: &TokenInfo) -> String {
    let kind = if token.software { ", software" } else { "" };
    visible(&format!(
        "{} ({} {}, serial {}, firmware {}{kind})",
        token.label, token.manufacturer, token.model, token.serial, token.firmware
    ))
}
