//! Whether a rule of the scenario speaks about a call.

use cryptoki_sys::{
    CK_MECHANISM_TYPE, CK_RV, CKA_CLASS, CKA_KEY_TYPE, CKA_LABEL, CKA_MODULUS, CKA_TOKEN,
    CKR_GENERAL_ERROR, CKR_MECHANISM_INVALID,
};

use crate::inner::Key;
use crate::memory::Attribute;
use crate::module::{Call, Module};
use crate::rv::Rv;
use crate::scenario::{AttributeRule, FaultRule, MechanismRule, TargetFilter, TemplateRule};

impl Module {
    /// The rule of a mechanism.
    pub(crate) fn mechanism(&self, code: CK_MECHANISM_TYPE) -> Option<&MechanismRule> {
        self.scenario
            .mechanism
            .iter()
            .find(|rule| rule.code == code)
    }

    /// Whether the token has a mechanism of the real token's list.
    pub(crate) fn keeps(&self, code: CK_MECHANISM_TYPE) -> bool {
        self.scenario.mechanisms.keeps(code)
    }

    /// What is not listed is not done either.
    pub(crate) fn check_mechanism(&self, call: &Call<'_>) -> Result<(), Rv> {
        match call.mechanism {
            Some(code) if !self.keeps(code) && self.mechanism(code).is_none() => {
                Err(Rv(CKR_MECHANISM_INVALID))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what the token does not take in a template.
    pub(crate) fn check_template(
        &self,
        call: &'static str,
        template: &[Attribute],
    ) -> Result<(), Rv> {
        for rule in &self.scenario.template {
            if rule.refuses(call, template) {
                return Err(Rv(rule.returns));
            }
        }
        Ok(())
    }

    /// Refuses a new object that would end with its session, where the token keeps none.
    pub(crate) fn check_lifetime(&self, template: &[Attribute]) -> Result<(), Rv> {
        let stays = template
            .iter()
            .any(|attribute| attribute.kind == CKA_TOKEN && attribute.value == [1]);
        match self.scenario.policy.session_objects_return {
            Some(value) if !stays => Err(Rv(value)),
            _ => Ok(()),
        }
    }
}

impl FaultRule {
    /// Whether it befalls this call, the `count`th of its name. Makes the file of a single fault.
    pub(crate) fn befalls(&self, call: &Call<'_>, count: u64) -> Result<bool, Rv> {
        let due = (self.call == "*" || self.call == call.name)
            && self.at.is_none_or(|at| at == count)
            && self.from.is_none_or(|from| from <= count)
            && (self.mechanism.is_none() || self.mechanism == call.mechanism)
            && self.while_file.as_deref().is_none_or(|file| file.exists());
        if !due || !self.fits_target(call)? {
            return Ok(false);
        }
        let Some(file) = &self.once_file else {
            return Ok(true);
        };
        match std::fs::File::create_new(file) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(_) => Err(Rv(CKR_GENERAL_ERROR)),
        }
    }

    fn fits_target(&self, call: &Call<'_>) -> Result<bool, Rv> {
        match (&self.target, &call.target) {
            (None, _) => Ok(true),
            (Some(_), None) => Ok(false),
            (Some(filter), Some(key)) => filter.fits(key),
        }
    }
}

impl TargetFilter {
    pub(crate) fn fits(&self, key: &Key<'_>) -> Result<bool, Rv> {
        if let Some(class) = self.class
            && key.number(CKA_CLASS)? != class
        {
            return Ok(false);
        }
        if let Some(key_type) = self.key_type
            && key.number(CKA_KEY_TYPE)? != key_type
        {
            return Ok(false);
        }
        if let Some(bits) = self.modulus_bits
            && key.attribute(CKA_MODULUS).map_or(0, |n| n.len() * 8) < bits
        {
            return Ok(false);
        }
        match &self.label_part {
            // A session key need not have one.
            Some(part) => {
                let label = key.attribute(CKA_LABEL).unwrap_or_default();
                Ok(String::from_utf8_lossy(&label).contains(part))
            }
            None => Ok(true),
        }
    }
}

impl TemplateRule {
    fn refuses(&self, call: &str, template: &[Attribute]) -> bool {
        let named = self
            .calls
            .as_ref()
            .is_none_or(|calls| calls.iter().any(|name| name == call));
        named
            && template.iter().any(|attribute| {
                attribute.kind == self.attribute
                    && self
                        .value
                        .as_ref()
                        .is_none_or(|value| value.bytes() == attribute.value)
            })
    }
}

impl AttributeRule {
    /// What is shown of an object's attribute: a value, or a return value.
    pub(crate) fn shown(&self) -> Result<Vec<u8>, CK_RV> {
        match (&self.value, self.returns) {
            (_, Some(value)) => Err(value),
            (value, None) => Ok(value
                .as_ref()
                .map(|value| value.bytes())
                .unwrap_or_default()),
        }
    }

    /// Whether it speaks about this object.
    pub(crate) fn fits(&self, key: &Key<'_>) -> bool {
        self.label
            .as_ref()
            .is_none_or(|label| key.attribute(CKA_LABEL).as_deref() == Ok(label.as_bytes()))
    }
}
