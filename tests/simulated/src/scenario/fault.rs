//! Calls that fail.

use std::path::PathBuf;
use std::time::Duration;

use cryptoki_sys::{CK_KEY_TYPE, CK_MECHANISM_TYPE, CK_OBJECT_CLASS, CK_RV};
use serde::Deserialize;

/// A call that fails, and when.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FaultRule {
    /// The call's name, such as `C_WrapKey`, or `*` for each.
    pub(crate) call: String,
    /// Only at the Nth such call of a process, counted from 1.
    pub(crate) at: Option<u64>,
    /// Only from the Nth such call on.
    pub(crate) from: Option<u64>,
    /// Only with this mechanism.
    pub(crate) mechanism: Option<CK_MECHANISM_TYPE>,
    /// Only when such a key is wrapped.
    pub(crate) target: Option<TargetFilter>,
    /// Only while this file exists.
    pub(crate) while_file: Option<PathBuf>,
    /// Only once, in whatever process: makes this file, and holds back where it exists.
    pub(crate) once_file: Option<PathBuf>,
    /// The return value.
    returns: Option<CK_RV>,
    /// What befalls the process.
    does: Option<Deed>,
    /// How much longer the call takes, in milliseconds; it is done then.
    takes: Option<u64>,
}

/// Which target keys a fault is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TargetFilter {
    pub(crate) class: Option<CK_OBJECT_CLASS>,
    pub(crate) key_type: Option<CK_KEY_TYPE>,
    /// An RSA modulus of at least so many bits.
    pub(crate) modulus_bits: Option<usize>,
    /// With this in its label.
    pub(crate) label_part: Option<String>,
}

/// What befalls the process inside a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Deed {
    /// Ends by SIGABRT.
    Abort,
    /// Ends by SIGSEGV.
    Crash,
    /// Ends as if all were well.
    Exit,
    /// Never returns.
    Hang,
    /// Returns this value.
    #[serde(skip)]
    Return(CK_RV),
    /// Is done after a while.
    #[serde(skip)]
    Wait(Duration),
}

impl FaultRule {
    /// What happens.
    pub(crate) fn deed(&self) -> Deed {
        match (self.does, self.returns, self.takes) {
            (Some(deed), _, _) => deed,
            (None, Some(value), _) => Deed::Return(value),
            (None, None, Some(millis)) => Deed::Wait(Duration::from_millis(millis)),
            // Refused by `check`.
            (None, None, None) => Deed::Abort,
        }
    }

    /// A fault does one thing, in a call that exists.
    pub(super) fn check(&self) -> Result<(), String> {
        let given = [
            self.returns.is_some(),
            self.does.is_some(),
            self.takes.is_some(),
        ];
        if given.into_iter().filter(|given| *given).count() != 1 {
            return Err(format!(
                "{}: `returns`, `does` or `takes`, one of them",
                self.call
            ));
        }
        if self.call == "*" || crate::calls::NAMES.contains(&self.call.as_str()) {
            Ok(())
        } else {
            Err(format!("there is no call {}", self.call))
        }
    }
}
