//! Waiting for a vault: when it asks to slow down, while a role that was just given spreads, and
//! over a hiccup of a call that changes nothing. Every wait is told; nobody stares at a still screen.

use super::error::VaultError;
use super::trouble::Trouble;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Longest wait that a vault may ask for; beyond it the error is told.
const LONGEST: Duration = Duration::from_secs(300);
/// How often a throttled call is tried again.
const THROTTLED_TRIES: u32 = 8;
/// How often a call that changes nothing is tried again after a fault.
const FAULT_TRIES: u32 = 2;
/// How long to wait between tries while a role may be spreading.
const ROLE_STEP: Duration = Duration::from_secs(5);

/// Why a call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// The vault asks to slow down.
    Throttled,
    /// The caller lacks a role, which may have been given a moment ago.
    RoleMaySpread,
    /// The vault or the way to it failed, and the call changes nothing.
    Fault,
}

/// A wait that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Why.
    pub reason: WaitReason,
    /// How long.
    pub time: Duration,
}

impl fmt::Display for Wait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.reason {
            WaitReason::Throttled => "the vault asks to slow down",
            WaitReason::RoleMaySpread => {
                "the role is not there, or not yet: roles take minutes to spread"
            }
            WaitReason::Fault => "the vault did not answer as it should",
        };
        write!(
            formatter,
            "{why}; trying again in {} s",
            self.time.as_secs_f32().ceil()
        )
    }
}

/// Whether a call may be done twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It reads: again at will.
    None,
    /// It reads, and what the caller may not do is an answer of its own: no waiting for roles.
    Trial,
    /// It makes or changes something: again only when the service said that it did nothing.
    Changes,
}

/// How long a client waits, who hears of it, and the pace that all of its calls share.
#[derive(Clone)]
pub struct Patience {
    role: Duration,
    unit: Duration,
    heard: Arc<dyn Fn(Wait) + Send + Sync>,
    /// Nobody asks before this: one call that was told to slow down slows all of them.
    not_before: Arc<Mutex<Instant>>,
}

impl Patience {
    /// Waits up to `role` for a role to spread; `heard` is told of each wait as it begins.
    pub fn new(role: Duration, heard: impl Fn(Wait) + Send + Sync + 'static) -> Self {
        Self {
            role,
            unit: Duration::from_secs(1),
            heard: Arc::new(heard),
            not_before: Arc::new(Mutex::new(Instant::now())),
        }
    }

    /// Waits for nothing but a vault that asks to slow down, and tells nobody.
    pub fn none() -> Self {
        Self::new(Duration::ZERO, |_| {})
    }

    /// The same with a shorter second, for tests of many waits.
    #[cfg(test)]
    pub(super) fn with_unit(mut self, unit: Duration) -> Self {
        self.unit = unit;
        self
    }

    /// Waits until all calls may go on, also when another call is told to wait longer meanwhile.
    pub(super) async fn pace(&self) {
        loop {
            let until = *self.not_before.lock().await;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    /// Waits after a failure if the call may succeed later; true to try again. `tries` counts those
    /// that failed, `waited` the time spent on roles.
    pub(super) async fn after(
        &self,
        error: &VaultError,
        effect: Effect,
        tries: u32,
        waited: &mut Duration,
    ) -> bool {
        let Some(wait) = self.wait(error, effect, tries, *waited) else {
            return false;
        };
        (self.heard)(wait);
        match wait.reason {
            WaitReason::Throttled => {
                let until = Instant::now() + wait.time;
                let mut not_before = self.not_before.lock().await;
                *not_before = (*not_before).max(until);
            }
            WaitReason::RoleMaySpread => {
                *waited += wait.time;
                tokio::time::sleep(wait.time).await;
            }
            WaitReason::Fault => tokio::time::sleep(wait.time).await,
        }
        true
    }

    fn wait(
        &self,
        error: &VaultError,
        effect: Effect,
        tries: u32,
        waited: Duration,
    ) -> Option<Wait> {
        let wait = |reason, time| Some(Wait { reason, time });
        let growing = self.unit * 2_u32.saturating_pow(tries.min(6));
        match error {
            VaultError::Refused {
                retry_after: Some(asked),
                trouble: Trouble::Throttled,
                ..
            } => (*asked <= LONGEST && tries < THROTTLED_TRIES).then_some(Wait {
                reason: WaitReason::Throttled,
                time: *asked,
            }),
            VaultError::Refused {
                trouble: Trouble::Throttled,
                ..
            } if tries < THROTTLED_TRIES => wait(WaitReason::Throttled, growing),
            VaultError::Refused {
                trouble: Trouble::NoRole | Trouble::Forbidden,
                ..
            } if effect != Effect::Trial => {
                let step = (ROLE_STEP.as_secs_f32() * self.unit.as_secs_f32()).max(0.001);
                let step = Duration::from_secs_f32(step).min(self.role.saturating_sub(waited));
                (!step.is_zero()).then_some(Wait {
                    reason: WaitReason::RoleMaySpread,
                    time: step,
                })
            }
            // A 503 that names a time did nothing yet: the service is asked again when it says.
            VaultError::Refused {
                status: 503,
                retry_after: Some(asked),
                ..
            } if *asked <= LONGEST && tries < FAULT_TRIES && effect != Effect::Changes => {
                wait(WaitReason::Fault, *asked)
            }
            error
                if error.may_have_landed()
                    && effect != Effect::Changes
                    && tries < FAULT_TRIES
                    && !matches!(error, VaultError::Answer(_) | VaultError::Differs { .. }) =>
            {
                wait(WaitReason::Fault, growing)
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Patience")
    }
}
