//! The inspection of a key transfer blob, alone or against a KEK.

use crate::border::{admission, to_js_by_text};
use crate::kek::KekExamination;
use keyferry_core::inspect;
use wasm_bindgen::prelude::*;

/// Inspects a key transfer blob by itself.
#[wasm_bindgen(js_name = inspectBlob, unchecked_return_type = "Inspection")]
pub fn inspect_blob(bytes: &[u8], practice: Option<String>) -> Result<JsValue, JsValue> {
    Ok(to_js_by_text(&inspect(
        bytes,
        None,
        &admission(practice.as_deref())?,
    )))
}

#[wasm_bindgen]
impl KekExamination {
    /// Inspects a key transfer blob, and whether it fits this KEK when it was admitted.
    #[wasm_bindgen(js_name = inspectBlob, unchecked_return_type = "Inspection")]
    pub fn inspect_blob(&self, bytes: &[u8]) -> JsValue {
        to_js_by_text(&inspect(bytes, self.kek.as_ref(), &self.admission))
    }
}
