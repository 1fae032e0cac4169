//! The scenario file. Unknown names are refused: a misspelt one would be a scenario that plays nothing.

mod attribute;
mod fault;
mod identity;
mod mechanism;
mod origin;
mod policy;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub(crate) use attribute::{AttributeRule, TemplateRule};
pub(crate) use fault::{Deed, FaultRule, TargetFilter};
pub(crate) use identity::{ModuleIdentity, SlotLayout, TokenIdentity};
pub(crate) use mechanism::{KeyWrap, MechanismRule, Mechanisms, OaepHash, Wraps};
use origin::Origin;
pub(crate) use policy::Policy;

/// One scenario.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Scenario {
    /// What is played, in a few words; for people who read the file.
    #[serde(rename = "title")]
    _title: String,
    /// What a vendor's scenario rests on.
    origin: Option<Origin>,
    /// The library that does the work; absent, the embedded token does.
    pub(crate) library: Option<PathBuf>,
    /// What the real token gets in `pReserved` of `C_Initialize`, in place of the caller's.
    pub(crate) reserved: Option<String>,
    /// A file that each call's name is appended to.
    pub(crate) record: Option<PathBuf>,
    /// What `C_GetInfo` says.
    #[serde(default)]
    pub(crate) module: ModuleIdentity,
    #[serde(default)]
    pub(crate) slots: SlotLayout,
    /// What `C_GetTokenInfo` says.
    #[serde(default)]
    pub(crate) token: TokenIdentity,
    #[serde(default)]
    pub(crate) mechanisms: Mechanisms,
    /// Mechanisms that the token adds, or that it does in its own way.
    #[serde(default)]
    pub(crate) mechanism: Vec<MechanismRule>,
    #[serde(default)]
    pub(crate) policy: Policy,
    /// Attributes that it does not take in templates.
    #[serde(default)]
    pub(crate) template: Vec<TemplateRule>,
    /// Attributes that it shows otherwise than they are.
    #[serde(default)]
    pub(crate) attribute: Vec<AttributeRule>,
    /// Calls that fail.
    #[serde(default)]
    pub(crate) fault: Vec<FaultRule>,
}

impl Scenario {
    /// Reads a scenario; paths in it are relative to its folder.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let mut scenario = Self::parse(&text)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let places = scenario
            .fault
            .iter_mut()
            .flat_map(|fault| [&mut fault.while_file, &mut fault.once_file])
            .chain([
                &mut scenario.library,
                &mut scenario.record,
                &mut scenario.token.pad_pin_file,
            ]);
        for place in places.flatten() {
            *place = folder.join(&place);
        }
        Ok(scenario)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        scenario.origin.as_ref().map_or(Ok(()), Origin::check)?;
        for fault in &scenario.fault {
            fault.check()?;
        }
        Ok(scenario)
    }
}
