//! What the verifier of attestations, a WebAssembly of its own, compares a statement with.

use crate::kek::KekExamination;
use keyferry_core::Kid;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl KekExamination {
    /// The admitted KEK's modulus, big-endian, without leading zeros.
    #[wasm_bindgen(getter)]
    pub fn modulus(&self) -> Result<Vec<u8>, JsValue> {
        Ok(self.admitted().map(|kek| kek.modulus().to_vec())?)
    }

    /// Its public exponent, big-endian, without leading zeros.
    #[wasm_bindgen(getter, js_name = exponentBytes)]
    pub fn exponent_bytes(&self) -> Result<Vec<u8>, JsValue> {
        Ok(self.admitted().map(|kek| kek.exponent().to_vec())?)
    }

    /// `/keys/NAME/VERSION` of its identifier; absent when that has no version.
    #[wasm_bindgen(getter, js_name = signedPath)]
    pub fn signed_path(&self) -> Option<String> {
        self.admitted().ok().and_then(|kek| Kid::path(kek.kid()))
    }
}
