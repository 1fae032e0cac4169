//! The strategies that this program knows, in the order of preference.

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use cryptoki_sys::{
    CK_MECHANISM_TYPE, CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD, CKM_RSA_PKCS_OAEP,
};
use keyferry_core::Strategy;

use super::kek::KekNumbers;
use super::two_step;
use crate::hsm::error::HsmError;
use crate::hsm::raw::RawCalls;

/// One strategy: its name, the mechanisms that the token must list with `CKF_WRAP`, its recipe.
#[derive(Debug, Clone, Copy)]
pub(in crate::hsm) struct StrategyEntry {
    pub(in crate::hsm) strategy: Strategy,
    needs: &'static [CK_MECHANISM_TYPE],
    recipe: Recipe,
}

/// How a strategy makes the ciphertext.
#[derive(Debug, Clone, Copy)]
enum Recipe {
    /// The target under a fresh AES-256 key by `key_wrap`, and that key under the KEK by OAEP.
    TwoStep { key_wrap: CK_MECHANISM_TYPE },
}

/// `CKM_AES_KEY_WRAP_PAD` comes last: its meaning differs from token to token.
const TABLE: [StrategyEntry; 2] = [
    StrategyEntry {
        strategy: Strategy::OaepKwp,
        needs: &[CKM_RSA_PKCS_OAEP, CKM_AES_KEY_WRAP_KWP],
        recipe: Recipe::TwoStep {
            key_wrap: CKM_AES_KEY_WRAP_KWP,
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
    /// Wraps `target` for the holder of `kek`.
    pub(in crate::hsm) fn wrap(
        &self,
        raw: &RawCalls,
        session: &Session,
        kek: &KekNumbers,
        target: ObjectHandle,
    ) -> Result<Vec<u8>, HsmError> {
        match self.recipe {
            Recipe::TwoStep { key_wrap } => two_step::wrap(raw, session, kek, target, key_wrap),
        }
    }
}

/// The strategies whose mechanisms the token lists, best first.
pub(in crate::hsm) fn candidates(
    raw: &RawCalls,
    slot: Slot,
) -> Result<Vec<StrategyEntry>, HsmError> {
    let listed = raw.mechanisms(slot)?;
    let mut found = Vec::new();
    for entry in TABLE {
        if entry.needs.iter().all(|needed| listed.contains(needed))
            && all_wrap(raw, slot, entry.needs)?
        {
            found.push(entry);
        }
    }
    if found.is_empty() {
        let listed = listed
            .iter()
            .map(|mechanism| format!("0x{mechanism:X}"))
            .collect();
        return Err(HsmError::NoStrategy { listed });
    }
    Ok(found)
}

fn all_wrap(
    raw: &RawCalls,
    slot: Slot,
    mechanisms: &[CK_MECHANISM_TYPE],
) -> Result<bool, HsmError> {
    for mechanism in mechanisms {
        if !raw.can_wrap(slot, *mechanism)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_preference_and_names_no_strategy_twice() {
        let places = TABLE.map(|entry| {
            Strategy::ALL
                .iter()
                .position(|strategy| *strategy == entry.strategy)
        });
        assert!(places.is_sorted());
        assert!(
            TABLE
                .windows(2)
                .all(|pair| pair[0].strategy != pair[1].strategy)
        );
    }

    #[test]
    fn every_two_step_strategy_needs_oaep_and_its_own_key_wrap() {
        for entry in TABLE {
            let Recipe::TwoStep { key_wrap } = entry.recipe;
            assert_eq!(entry.needs, [9, key_wrap]);
        }
    }
}
