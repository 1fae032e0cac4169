//! The strategies that this program knows, in the order of preference.

use cryptoki::object::ObjectHandle;
use cryptoki_sys::{
    CK_MECHANISM_TYPE, CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD, CKM_RSA_AES_KEY_WRAP,
    CKM_RSA_PKCS_OAEP,
};
use keyferry_core::Strategy;

use super::kek::{ImportedKek, KekNumbers};
use super::{Workbench, one_shot, two_step};
use crate::hsm::error::HsmError;
use crate::hsm::mechanism::{CAVIUM_AES_KWP, LUNA_AES_KWP, Mechanism};

/// One strategy: its name, the mechanisms that the token must list with `CKF_WRAP`, its recipe.
#[derive(Debug, Clone, Copy)]
pub(in crate::hsm) struct StrategyEntry {
    pub(in crate::hsm) strategy: Strategy,
    pub(in crate::hsm) needs: &'static [CK_MECHANISM_TYPE],
    recipe: Recipe,
}

/// How a strategy makes the ciphertext.
#[derive(Debug, Clone, Copy)]
enum Recipe {
    /// Both parts by `CKM_RSA_AES_KEY_WRAP`.
    OneShot,
    /// The target under a fresh AES-256 key by `key_wrap`, and that key under the KEK by OAEP.
    TwoStep { key_wrap: CK_MECHANISM_TYPE },
}

/// First the mechanism that is Azure's format by itself, then the standard's KWP, then the vendors'.
/// `CKM_AES_KEY_WRAP_PAD` comes last: its meaning differs from token to token.
const TABLE: [StrategyEntry; 5] = [
    StrategyEntry {
        strategy: Strategy::RsaAesKeyWrap,
        needs: &[CKM_RSA_AES_KEY_WRAP],
        recipe: Recipe::OneShot,
    },
    StrategyEntry {
        strategy: Strategy::OaepKwp,
        needs: &[CKM_RSA_PKCS_OAEP, CKM_AES_KEY_WRAP_KWP],
        recipe: Recipe::TwoStep {
            key_wrap: CKM_AES_KEY_WRAP_KWP,
        },
    },
    StrategyEntry {
        strategy: Strategy::OaepLunaKwp,
        needs: &[CKM_RSA_PKCS_OAEP, LUNA_AES_KWP],
        recipe: Recipe::TwoStep {
            key_wrap: LUNA_AES_KWP,
        },
    },
    StrategyEntry {
        strategy: Strategy::OaepCaviumKwp,
        needs: &[CKM_RSA_PKCS_OAEP, CAVIUM_AES_KWP],
        recipe: Recipe::TwoStep {
            key_wrap: CAVIUM_AES_KWP,
        },
    },
    StrategyEntry {
        strategy: Strategy::OaepAesWrapPad,
        needs: &[CKM_RSA_PKCS_OAEP, CKM_AES_KEY_WRAP_PAD],
        recipe: Recipe::TwoStep {
            key_wrap: CKM_AES_KEY_WRAP_PAD,
        },
    },
];

impl StrategyEntry {
    /// Every strategy, best first.
    pub(in crate::hsm) fn all() -> &'static [Self] {
        &TABLE
    }

    /// Whether a token with these mechanisms says that it has what the strategy needs.
    pub(in crate::hsm) fn is_listed(&self, mechanisms: &[Mechanism]) -> bool {
        #[allow(
            clippy::useless_conversion,
            reason = "CK_MECHANISM_TYPE is 32 bits wide on some targets"
        )]
        self.needs.iter().all(|needed| {
            mechanisms
                .iter()
                .any(|listed| listed.number == u64::from(*needed) && listed.can_wrap())
        })
    }

    /// Wraps `target` for the holder of `kek`.
    pub(in crate::hsm) fn wrap(
        &self,
        bench: &Workbench<'_>,
        kek: &KekNumbers,
        target: ObjectHandle,
    ) -> Result<Vec<u8>, HsmError> {
        self.wrap_under(bench, &kek.import(bench)?, target)
    }

    /// The same under a KEK that the token holds already.
    pub(in crate::hsm) fn wrap_under(
        &self,
        bench: &Workbench<'_>,
        kek: &ImportedKek<'_>,
        target: ObjectHandle,
    ) -> Result<Vec<u8>, HsmError> {
        match self.recipe {
            Recipe::OneShot => one_shot::wrap(bench, kek, target),
            Recipe::TwoStep { key_wrap } => two_step::wrap(bench, kek, target, key_wrap),
        }
    }
}

/// The strategies that a token with these mechanisms may be asked for, best first.
pub(in crate::hsm) fn candidates(mechanisms: &[Mechanism]) -> Result<Vec<StrategyEntry>, HsmError> {
    let found: Vec<StrategyEntry> = StrategyEntry::all()
        .iter()
        .filter(|entry| entry.is_listed(mechanisms))
        .copied()
        .collect();
    if found.is_empty() {
        let listed = mechanisms.iter().map(Mechanism::to_string).collect();
        return Err(HsmError::NoStrategy { listed });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// `CKF_WRAP`.
    const WRAPS: u64 = 0x2_0000;

    fn mechanisms(numbers: &[(u64, u64)]) -> Vec<Mechanism> {
        numbers
            .iter()
            .map(|(number, flags)| Mechanism {
                number: *number,
                flags: *flags,
                min_key_size: 0,
                max_key_size: 0,
            })
            .collect()
    }

    fn found(numbers: &[(u64, u64)]) -> Vec<Strategy> {
        candidates(&mechanisms(numbers))
            .unwrap()
            .iter()
            .map(|entry| entry.strategy)
            .collect()
    }

    #[test]
    fn the_table_holds_every_strategy_in_the_order_of_preference() {
        assert_eq!(TABLE.map(|entry| entry.strategy), Strategy::ALL);
    }

    #[test]
    fn every_two_step_strategy_needs_oaep_and_its_own_key_wrap() {
        for entry in TABLE {
            match entry.recipe {
                Recipe::OneShot => assert_eq!(entry.needs, [0x1054]),
                Recipe::TwoStep { key_wrap } => assert_eq!(entry.needs, [9, key_wrap]),
            }
        }
    }

    #[test]
    fn a_token_that_lists_everything_offers_every_strategy() {
        let all = [0x210A, 0x8000_216F, 0x210B, 0x8000_0171, 9, 0x1054, 0x1080];
        assert_eq!(found(&all.map(|number| (number, WRAPS))), Strategy::ALL);
    }

    #[test]
    fn a_strategy_needs_each_of_its_mechanisms_with_the_flag_for_wrapping() {
        assert_eq!(
            found(&[(9, WRAPS), (0x210B, 0x300), (0x210A, WRAPS)]),
            [Strategy::OaepAesWrapPad]
        );
        assert_eq!(
            found(&[(9, 0x300), (0x210B, WRAPS), (0x1054, WRAPS)]),
            [Strategy::RsaAesKeyWrap]
        );
    }

    #[test]
    fn a_token_without_a_way_is_told_with_what_it_lists() {
        let error = candidates(&mechanisms(&[(9, WRAPS), (0x8000_0042, 0)])).unwrap_err();
        assert_eq!(error.code(), "no-wrap-mechanism");
        assert!(
            matches!(error, HsmError::NoStrategy { listed } if listed == ["CKM_RSA_PKCS_OAEP 0x9", "0x80000042"])
        );
    }
}
