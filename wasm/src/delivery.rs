//! A finished transfer: the file, its hash and how it is imported.

use crate::border::to_js;
use crate::file::save_file;
use crate::order::AnswerObject;
use keyferry_core::{Kid, TargetKind, file_name, import_commands, to_hex};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;

/// The file that was made from an answer, and the answer.
#[wasm_bindgen]
pub struct Delivery {
    kid: Kid,
    target: TargetKind,
    answer: AnswerObject,
    file: Vec<u8>,
}

impl Delivery {
    pub(crate) fn new(kid: Kid, target: TargetKind, answer: AnswerObject, file: Vec<u8>) -> Self {
        Self {
            kid,
            target,
            answer,
            file,
        }
    }
}

#[wasm_bindgen]
impl Delivery {
    /// The bridge's answer, as the page gave it.
    #[wasm_bindgen(getter, unchecked_return_type = "WrapAnswer")]
    pub fn answer(&self) -> JsValue {
        self.answer.clone()
    }

    /// The key transfer blob, byte for byte as it is saved.
    #[wasm_bindgen(getter)]
    pub fn file(&self) -> Vec<u8> {
        self.file.clone()
    }

    /// SHA-256 of the file, lower-case hexadecimal.
    #[wasm_bindgen(getter)]
    pub fn sha256(&self) -> String {
        to_hex(&Sha256::digest(&self.file))
    }

    /// The file's name for a key of this name.
    #[wasm_bindgen(js_name = fileName)]
    pub fn file_name(&self, #[wasm_bindgen(js_name = keyName)] key_name: &str) -> String {
        file_name(key_name)
    }

    /// The commands that import the file under this name.
    #[wasm_bindgen(js_name = importCommands, unchecked_return_type = "ImportCommands")]
    pub fn import_commands(&self, #[wasm_bindgen(js_name = keyName)] key_name: &str) -> JsValue {
        to_js(&import_commands(
            &self.kid,
            key_name,
            self.target,
            &file_name(key_name),
        ))
    }

    /// Hands the browser the file to save.
    pub fn save(&self, #[wasm_bindgen(js_name = keyName)] key_name: &str) -> Result<(), JsValue> {
        save_file(&file_name(key_name), &self.file)
    }
}
