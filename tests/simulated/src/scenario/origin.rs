//! What a scenario rests on.

use serde::Deserialize;

/// Published statements, or the admission that there are none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Origin {
    /// What was published, and where.
    #[serde(default)]
    sources: Vec<String>,
    /// Whether something in the scenario that decides its outcome was published nowhere.
    #[serde(default)]
    assumed: bool,
    /// What was assumed, and why so.
    why: Option<String>,
}

impl Origin {
    /// An assumption has its reason, and what is none has its source.
    pub(super) fn check(&self) -> Result<(), String> {
        match (self.assumed, &self.why, self.sources.is_empty()) {
            (true, None, _) => Err("an assumed scenario says why".to_owned()),
            (false, Some(_), _) => Err("`why` goes with `assumed`".to_owned()),
            (false, None, true) => Err("a scenario names its sources or is assumed".to_owned()),
            (true, Some(_), _) | (false, None, false) => Ok(()),
        }
    }
}
