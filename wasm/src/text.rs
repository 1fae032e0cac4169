//! Words for the screen: foreign text made safe to show, names and choices that core knows.

use crate::border::to_js;
use keyferry_core::{KeyName, TargetKind};
use wasm_bindgen::prelude::*;

/// Foreign text with control, escape and bidirectional characters made visible.
#[wasm_bindgen]
pub fn visible(text: &str) -> String {
    keyferry_core::visible(text)
}

/// The file's name for a key of this name.
#[wasm_bindgen(js_name = fileName)]
pub fn file_name(#[wasm_bindgen(js_name = keyName)] key_name: &str) -> String {
    keyferry_core::file_name(key_name)
}

/// The nearest name that a vault takes to a key's label.
#[wasm_bindgen(js_name = vaultNameFor)]
pub fn vault_name_for(label: &str) -> String {
    KeyName::from_label(label).as_str().to_owned()
}

/// Every kind of key that may travel.
#[wasm_bindgen(js_name = targetKinds, unchecked_return_type = "TargetKind[]")]
pub fn target_kinds() -> JsValue {
    to_js(&TargetKind::ALL)
}
