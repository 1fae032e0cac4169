//! Which of a plan's vaults still take keys.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "vault")]
use super::course::Streak;
#[cfg(feature = "vault")]
use super::fault::is_a_vaults;
#[cfg(feature = "vault")]
use crate::Error;
use crate::batch::plan::PlanHeader;

/// The vaults of a plan, by address.
#[derive(Debug)]
pub(super) struct Vaults(BTreeMap<String, Vault>);

#[derive(Debug, Default)]
struct Vault {
    /// Failures in a row for a reason that all of its keys have.
    #[cfg(feature = "vault")]
    streak: Streak,
    /// Nothing more is begun for it.
    out: AtomicBool,
}

/// What a failure means beyond its key.
#[cfg(feature = "vault")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consequence {
    /// Nothing.
    None,
    /// The run goes on without this vault.
    WithoutVault,
    /// The run ends: no vault is left, or all of them have the reason.
    End,
}

impl Vaults {
    pub(super) fn of(plan: &PlanHeader) -> Self {
        let urls = plan.vaults.iter().map(|vault| vault.url.clone());
        Self(urls.map(|url| (url, Vault::default())).collect())
    }

    pub(super) fn is_out(&self, url: &str) -> bool {
        self.0.get(url).is_some_and(Vault::is_out)
    }

    #[cfg(feature = "vault")]
    pub(super) fn worked(&self, url: &str) {
        if let Some(vault) = self.0.get(url) {
            vault.streak.worked(0);
        }
    }

    #[cfg(feature = "vault")]
    pub(super) fn failed(&self, url: &str, error: &Error) -> Consequence {
        let Some(vault) = self.0.get(url) else {
            return Consequence::None;
        };
        if !vault.streak.is_too_much(error, 0) {
            return Consequence::None;
        }
        vault.out.store(true, Ordering::SeqCst);
        if is_a_vaults(error) && !self.0.values().all(Vault::is_out) {
            Consequence::WithoutVault
        } else {
            Consequence::End
        }
    }
}

impl Vault {
    fn is_out(&self) -> bool {
        self.out.load(Ordering::SeqCst)
    }
}

#[cfg(all(test, feature = "vault"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::batch::BatchError;
    use crate::batch::ledger::LedgerError;
    use crate::batch::sample;
    use crate::vault::VaultError;

    const ONE: &str = "https://contoso.vault.azure.net";
    const TWO: &str = "https://fabrikam.vault.azure.net";

    fn two() -> Vaults {
        let plan = sample::plan(&[("one", "one"), ("two", "two")], &[ONE, TWO]);
        Vaults::of(plan.header())
    }

    fn unreachable() -> Error {
        VaultError::Setup("no proxy".to_owned()).into()
    }

    #[test]
    fn a_vault_that_takes_nothing_is_left_out_and_the_last_one_ends_the_run() {
        let vaults = two();
        let fail = |url| vaults.failed(url, &unreachable());
        assert_eq!(fail(ONE), Consequence::None);
        assert_eq!(fail(ONE), Consequence::None);
        // The other one's failures and successes are its own.
        assert_eq!(fail(TWO), Consequence::None);
        vaults.worked(TWO);
        assert_eq!(fail(ONE), Consequence::WithoutVault);
        assert!(vaults.is_out(ONE) && !vaults.is_out(TWO));
        assert_eq!(fail(TWO), Consequence::None);
        assert_eq!(fail(TWO), Consequence::None);
        assert_eq!(fail(TWO), Consequence::End);
    }

    #[test]
    fn a_key_that_is_refused_for_its_own_sake_says_nothing_of_the_vault() {
        let vaults = two();
        let error = VaultError::Answer("not JSON".to_owned()).into();
        for _ in 0..9 {
            assert_eq!(vaults.failed(ONE, &error), Consequence::None);
        }
        assert!(!vaults.is_out(ONE));
    }

    #[test]
    fn what_all_vaults_need_ends_the_run() {
        let vaults = two();
        let error = BatchError::from(LedgerError::LeaseLost).into();
        assert_eq!(vaults.failed(ONE, &error), Consequence::None);
        assert_eq!(vaults.failed(ONE, &error), Consequence::None);
        assert_eq!(vaults.failed(ONE, &error), Consequence::End);
    }
}
