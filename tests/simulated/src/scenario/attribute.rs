//! Attributes that a token refuses or shows in its own way.

use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_RV};
use serde::Deserialize;

/// An attribute that may not stand in a template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TemplateRule {
    pub(crate) attribute: CK_ATTRIBUTE_TYPE,
    /// Only with this value.
    pub(crate) value: Option<Value>,
    /// Only in these calls; absent, in all that make or change an object.
    pub(crate) calls: Option<Vec<String>>,
    pub(crate) returns: CK_RV,
}

/// An attribute that `C_GetAttributeValue` shows otherwise than it is, or not at all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AttributeRule {
    pub(crate) attribute: CK_ATTRIBUTE_TYPE,
    /// Only of objects with this label.
    pub(crate) label: Option<String>,
    /// What is shown.
    pub(crate) value: Option<Value>,
    /// What is answered in place of a value.
    pub(crate) returns: Option<CK_RV>,
}

/// An attribute's value.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    /// A `CK_BBOOL`.
    Truth(bool),
    /// A `CK_ULONG`.
    Number(u64),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Value {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Truth(value) => vec![u8::from(*value)],
            Self::Number(value) => value.to_ne_bytes().to_vec(),
            Self::Bytes(value) => value.clone(),
        }
    }
}
