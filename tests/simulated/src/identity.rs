//! What module, slots and token say of themselves, with the scenario's words in place of the real ones.

use cryptoki_sys::{
    CK_INFO, CK_MECHANISM_TYPE, CK_SLOT_ID, CK_TOKEN_INFO, CKR_GENERAL_ERROR, CKR_PIN_INCORRECT,
    CKR_SLOT_ID_INVALID,
};

use crate::module::Module;
use crate::rv::Rv;
use crate::scenario::{ModuleIdentity, TokenIdentity};

/// A copy of a slot has the real one's number and this, once for each copy.
const COPY: CK_SLOT_ID = 0x1000;

pub(crate) fn of_module(info: &mut CK_INFO, told: &ModuleIdentity) {
    if let Some(version) = told.cryptoki {
        info.cryptokiVersion = version.0;
    }
    if let Some(version) = told.version {
        info.libraryVersion = version.0;
    }
    pad(&mut info.manufacturerID, told.manufacturer.as_deref());
    pad(&mut info.libraryDescription, told.description.as_deref());
}

pub(crate) fn of_token(info: &mut CK_TOKEN_INFO, told: &TokenIdentity) {
    pad(&mut info.label, told.label.as_deref());
    pad(&mut info.manufacturerID, told.manufacturer.as_deref());
    pad(&mut info.model, told.model.as_deref());
    pad(&mut info.serialNumber, told.serial.as_deref());
    if let Some(version) = told.hardware {
        info.hardwareVersion = version.0;
    }
    if let Some(version) = told.firmware {
        info.firmwareVersion = version.0;
    }
    for flag in &told.set {
        info.flags |= flag.bit();
    }
    for flag in &told.clear {
        info.flags &= !flag.bit();
    }
}

/// Fixed-length text, padded with blanks and never ended by a zero (PKCS#11 v3.1 §3.2).
fn pad(field: &mut [u8], text: Option<&str>) {
    if let Some(text) = text {
        field.fill(b' ');
        field
            .iter_mut()
            .zip(text.bytes())
            .for_each(|(place, byte)| *place = byte);
    }
}

impl Module {
    /// The slots that the scenario shows: each real one as often as it says.
    pub(crate) fn slots(&self) -> Result<Vec<CK_SLOT_ID>, Rv> {
        let copies = CK_SLOT_ID::from(self.scenario.slots.copies);
        let mut slots = Vec::new();
        for slot in self.inner.slots()? {
            slots.extend((0..copies).map(|copy| slot + copy * COPY));
        }
        Ok(slots)
    }

    /// The real slot behind one of [`Self::slots`].
    pub(crate) fn real_slot(&self, slot: CK_SLOT_ID) -> Result<CK_SLOT_ID, Rv> {
        let copies = CK_SLOT_ID::from(self.scenario.slots.copies);
        self.inner
            .slots()?
            .into_iter()
            .find(|real| (0..copies).any(|copy| real + copy * COPY == slot))
            .ok_or(Rv(CKR_SLOT_ID_INVALID))
    }

    /// The mechanisms that the scenario lets the token list: what stays of its own, then what is added.
    pub(crate) fn mechanisms(&self, slot: CK_SLOT_ID) -> Result<Vec<CK_MECHANISM_TYPE>, Rv> {
        let mut codes = self.inner.mechanisms(self.real_slot(slot)?)?;
        codes.retain(|code| self.keeps(*code) || self.mechanism(*code).is_some());
        for rule in &self.scenario.mechanism {
            if !codes.contains(&rule.code) {
                codes.push(rule.code);
            }
        }
        Ok(codes)
    }

    /// What the person at the PIN pad types.
    pub(crate) fn typed_at_pad(&self) -> Result<Vec<u8>, Rv> {
        let file = self
            .scenario
            .token
            .pad_pin_file
            .as_ref()
            .ok_or(Rv(CKR_PIN_INCORRECT))?;
        let mut pin = std::fs::read(file).map_err(|_| Rv(CKR_GENERAL_ERROR))?;
        while pin.last().is_some_and(u8::is_ascii_whitespace) {
            pin.pop();
        }
        Ok(pin)
    }
}
