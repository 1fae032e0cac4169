//! A mechanism: its number, and what the token says of it (PKCS#11 v3.1 §3.5).

use std::fmt;

use cryptoki_sys::{
    CK_FLAGS, CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CKF_GENERATE, CKF_WRAP, CKM_AES_KEY_GEN,
    CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD, CKM_EC_KEY_PAIR_GEN, CKM_RSA_AES_KEY_WRAP,
    CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_OAEP,
};
use serde::{Deserialize, Serialize};

use super::strategy::StrategyEntry;

/// `CKM_AES_KWP` of Luna's clients: RFC 5649.
pub(super) const LUNA_AES_KWP: CK_MECHANISM_TYPE = 0x8000_0171;
/// `CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD`, of AWS CloudHSM and its lineage: RFC 5649.
pub(super) const CAVIUM_AES_KWP: CK_MECHANISM_TYPE = 0x8000_216F;

/// One mechanism that a token lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mechanism {
    /// `CK_MECHANISM_TYPE`; the vendors' own begin at 0x80000000.
    pub number: u64,
    /// `CKF_*` of `CK_MECHANISM_INFO`.
    pub flags: u64,
    /// `ulMinKeySize`: bits or bytes, as the mechanism counts.
    pub min_key_size: u64,
    /// `ulMaxKeySize`, counted likewise.
    pub max_key_size: u64,
}

impl Mechanism {
    /// What C_GetMechanismInfo said. A token that lists a mechanism but tells nothing of it gets no
    /// flags, so it is not asked for anything.
    #[allow(
        clippy::useless_conversion,
        reason = "CK_ULONG is 32 bits wide on some targets"
    )]
    pub(super) fn new(number: CK_MECHANISM_TYPE, info: CK_MECHANISM_INFO) -> Self {
        Self {
            number: number.into(),
            flags: info.flags.into(),
            min_key_size: info.ulMinKeySize.into(),
            max_key_size: info.ulMaxKeySize.into(),
        }
    }

    /// `CKF_WRAP`.
    pub fn can_wrap(&self) -> bool {
        self.has(CKF_WRAP)
    }

    /// `CKF_GENERATE`.
    pub fn can_generate(&self) -> bool {
        self.has(CKF_GENERATE)
    }

    /// True for those that wrap in one strategy or another.
    #[allow(
        clippy::useless_conversion,
        reason = "CK_MECHANISM_TYPE is 32 bits wide on some targets"
    )]
    pub fn is_for_transfers(&self) -> bool {
        StrategyEntry::all()
            .iter()
            .flat_map(|entry| entry.needs)
            .any(|needed| u64::from(*needed) == self.number)
    }

    /// The name in the header files, of those that a transfer can rest on.
    pub fn name(&self) -> Option<&'static str> {
        name_of(self.number)
    }

    #[allow(
        clippy::useless_conversion,
        reason = "CK_FLAGS is 32 bits wide on some targets"
    )]
    fn has(&self, flag: CK_FLAGS) -> bool {
        self.flags & u64::from(flag) != 0
    }
}

/// The name where there is one, and the number.
impl fmt::Display for Mechanism {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            write!(formatter, "{name} ")?;
        }
        write!(formatter, "0x{:X}", self.number)
    }
}

#[allow(
    clippy::useless_conversion,
    reason = "CK_MECHANISM_TYPE is 32 bits wide on some targets"
)]
fn name_of(number: u64) -> Option<&'static str> {
    const NAMES: [(CK_MECHANISM_TYPE, &str); 9] = [
        (CKM_RSA_AES_KEY_WRAP, "CKM_RSA_AES_KEY_WRAP"),
        (CKM_RSA_PKCS_OAEP, "CKM_RSA_PKCS_OAEP"),
        (CKM_AES_KEY_WRAP_KWP, "CKM_AES_KEY_WRAP_KWP"),
        (LUNA_AES_KWP, "CKM_AES_KWP (Luna)"),
        (CAVIUM_AES_KWP, "CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD"),
        (CKM_AES_KEY_WRAP_PAD, "CKM_AES_KEY_WRAP_PAD"),
        (CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN"),
        (CKM_RSA_PKCS_KEY_PAIR_GEN, "CKM_RSA_PKCS_KEY_PAIR_GEN"),
        (CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN"),
    ];
    NAMES
        .into_iter()
        .find_map(|(known, name)| (u64::from(known) == number).then_some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mechanism(number: u64, flags: u64) -> Mechanism {
        Mechanism {
            number,
            flags,
            min_key_size: 0,
            max_key_size: 0,
        }
    }

    #[test]
    fn a_mechanism_is_shown_by_name_and_number_or_by_number_alone() {
        assert_eq!(
            mechanism(0x210B, 0).to_string(),
            "CKM_AES_KEY_WRAP_KWP 0x210B"
        );
        assert_eq!(mechanism(0x8000_1234, 0).to_string(), "0x80001234");
    }

    #[test]
    fn flags_are_read_one_by_one() {
        // PKCS#11 v3.1 §3.5: CKF_WRAP is 0x20000, CKF_GENERATE 0x8000, CKF_UNWRAP 0x40000.
        assert!(mechanism(9, 0x2_0000).can_wrap() && !mechanism(9, 0x4_8000).can_wrap());
        assert!(mechanism(9, 0x8000).can_generate() && !mechanism(9, 0x6_0000).can_generate());
    }
}
