//! What a failed wrap means on a vendor's token.

use keyferry_core::{Reason, TargetKind};

use super::document::{Constraint, Profile, Symptom};
use super::firmware::Firmware;
use crate::hsm::Call;

impl Profile {
    /// The constraint that a call's failure shows, as the reason why a key cannot travel.
    #[must_use]
    pub fn reason(&self, call: &Call, kind: TargetKind, firmware: &str) -> Option<Reason> {
        self.constraints
            .iter()
            .find(|constraint| {
                constraint.concerns(firmware)
                    && constraint
                        .shown_by
                        .as_ref()
                        .is_some_and(|symptom| symptom.fits(call, kind))
            })
            .map(Constraint::reason)
    }
}

impl Constraint {
    /// False for newer firmware, and for what is no version.
    fn concerns(&self, firmware: &str) -> bool {
        self.firmware_before.is_none_or(|before| {
            firmware
                .parse::<Firmware>()
                .is_ok_and(|firmware| firmware < before)
        })
    }

    fn reason(&self) -> Reason {
        Reason {
            code: self.code.clone(),
            message: self.message.clone(),
            advice: self.advice.clone(),
        }
    }
}

impl Symptom {
    fn fits(&self, call: &Call, kind: TargetKind) -> bool {
        let returned = self.returns.is_empty() || self.returns.contains(&call.value);
        let is_kind = self.kinds.is_empty() || self.kinds.contains(&kind);
        call.function == "C_WrapKey" && returned && is_kind
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::profile::Catalogue;

    fn told(value: u64, kind: TargetKind, firmware: &str) -> Option<String> {
        let call = Call {
            function: "C_WrapKey".to_owned(),
            name: String::new(),
            value,
        };
        Catalogue::named("thales-luna")
            .unwrap()
            .reason(&call, kind, firmware)
            .map(|reason| reason.code)
    }

    #[test]
    fn lunas_own_value_means_its_policy_and_a_large_key_its_firmware() {
        let policy = Some("luna-private-key-wrapping".to_owned());
        let firmware = Some("luna-firmware-rsa-4096".to_owned());
        assert_eq!(told(0x8000_007D, TargetKind::P256, "7.4"), policy);
        assert_eq!(told(0x8000_007D, TargetKind::Rsa4096, "7.3"), policy);
        assert_eq!(told(0x62, TargetKind::Rsa4096, "7.3"), firmware);
        assert_eq!(told(0x62, TargetKind::Rsa4096, "7.4"), None);
        assert_eq!(told(0x62, TargetKind::Rsa4096, "7.10"), None);
        assert_eq!(told(0x62, TargetKind::Rsa2048, "7.3"), None);
        assert_eq!(told(0x62, TargetKind::Rsa4096, "?"), None);
    }
}
