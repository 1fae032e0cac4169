//! Values across the border: plain objects out, with `null` for what is absent.

use crate::fault::Fault;
use keyferry_core::{Admission, PracticeAuthority};
use serde::Serialize;
use wasm_bindgen::JsValue;

/// A plain JavaScript object, as its JSON would be.
///
/// Core's types are structs, enums, strings and small numbers, which always serialise; if one
/// ever did not, the page would see `undefined` rather than half a value.
pub(crate) fn to_js<T: Serialize>(value: &T) -> JsValue {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .unwrap_or(JsValue::UNDEFINED)
}

/// The same for an object of many members: as one text it crosses the border in three quarters of the time.
pub(crate) fn to_js_by_text<T: Serialize>(value: &T) -> JsValue {
    serde_json::to_string(value)
        .ok()
        .and_then(|text| js_sys::JSON::parse(&text).ok())
        .unwrap_or(JsValue::UNDEFINED)
}

/// What the page may admit besides Azure's public clouds: the practice vault that the bridge named.
pub(crate) fn admission(practice: Option<&str>) -> Result<Admission, Fault> {
    let practice = practice.map(PracticeAuthority::parse).transpose()?;
    Ok(Admission {
        practice,
        ..Admission::default()
    })
}
