//! Looking around in a module. Nothing is opened and nobody logs in.

use cryptoki::context::Pkcs11;
use cryptoki::slot::Slot;

use super::module::LoadedModule;
use super::token::{self, Origin};
use crate::hsm::error::HsmError;
use crate::hsm::port::TokenChoice;
use crate::hsm::strategy::{StrategyEntry, mechanisms};
use crate::hsm::survey::{ChosenToken, ModuleInfo, SlotInfo, SlotToken, Survey};

/// What the module, its slots and its tokens say.
pub(super) fn survey(
    module: &LoadedModule,
    choice: &TokenChoice,
    origin: Origin,
) -> Result<Survey, HsmError> {
    let told = module.pkcs11.get_library_info()?;
    let slots = module.pkcs11.get_all_slots()?;
    Ok(Survey {
        module: ModuleInfo {
            manufacturer: told.manufacturer_id().to_owned(),
            description: told.library_description().to_owned(),
            version: told.library_version().to_string(),
            cryptoki: told.cryptoki_version().to_string(),
        },
        slots: slots
            .into_iter()
            .map(|slot| look_into(&module.pkcs11, slot))
            .collect(),
        chosen: token::choose(&module.pkcs11, choice).and_then(|slot| ask(module, slot, origin)),
    })
}

/// A slot that does not answer is shown empty: one broken reader hides no other slot.
fn look_into(pkcs11: &Pkcs11, slot: Slot) -> SlotInfo {
    let told = pkcs11.get_slot_info(slot).ok();
    let present = told.as_ref().is_some_and(|told| told.token_present());
    SlotInfo {
        slot: slot.id(),
        description: told.map_or_else(String::new, |told| told.slot_description().to_owned()),
        token: present
            .then(|| pkcs11.get_token_info(slot).ok())
            .flatten()
            .map(|token| SlotToken {
                label: token.label().to_owned(),
                manufacturer: token.manufacturer_id().to_owned(),
                model: token.model().to_owned(),
                serial: token.serial_number().to_owned(),
                initialised: token::is_initialised(&token),
            }),
    }
}

fn ask(module: &LoadedModule, slot: Slot, origin: Origin) -> Result<ChosenToken, HsmError> {
    let told = module.pkcs11.get_token_info(slot)?;
    let mechanisms = mechanisms(&module.raw, slot)?;
    let listed = StrategyEntry::all()
        .iter()
        .filter(|entry| entry.is_listed(&mechanisms))
        .map(|entry| entry.strategy)
        .collect();
    Ok(ChosenToken {
        slot: slot.id(),
        token: token::describe(&module.pkcs11, slot, origin)?,
        login_required: told.login_required(),
        pin_set: told.user_pin_initialized(),
        pin_to_be_changed: told.user_pin_to_be_changed(),
        mechanisms,
        listed,
    })
}
