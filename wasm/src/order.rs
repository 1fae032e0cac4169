//! A request for a wrap, and the reading of its answer: only the answer to this very request,
//! for the KEK that was examined here, becomes a file.

use crate::border::{hex, to_js};
use crate::delivery::Delivery;
use crate::fault::Fault;
use crate::kek::KekExamination;
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use keyferry_core::{Blob, Ciphertext, Generator, Kek, KeySelector, WrapAnswer, WrapOrder};
use wasm_bindgen::prelude::*;

/// Bytes of randomness in a request id.
const REQUEST_ID_BYTES: usize = 16;

/// What to send to the bridge, and what its answer has to match.
#[wasm_bindgen]
pub struct WrapRequest {
    order: WrapOrder,
    kek: Kek,
}

/// Orders the wrap of the key with this label and id to an admitted KEK.
#[wasm_bindgen(js_name = newWrapRequest)]
pub fn new_wrap_request(
    examination: &KekExamination,
    label: Option<String>,
    id: Option<String>,
) -> Result<WrapRequest, JsValue> {
    let kek = examination.admitted()?;
    let order = WrapOrder {
        request_id: request_id()?,
        kek: Base64::encode_string(&examination.document),
        kid: examination.kid.clone(),
        kek_thumbprint_sha256: kek.thumbprint().to_string(),
        key: KeySelector { label, id },
    };
    Ok(WrapRequest {
        order,
        kek: kek.clone(),
    })
}

fn request_id() -> Result<String, Fault> {
    let mut random = [0; REQUEST_ID_BYTES];
    getrandom::fill(&mut random).map_err(|_| Fault::NoRandomness)?;
    Ok(hex(&random))
}

#[wasm_bindgen]
impl WrapRequest {
    /// The body of `POST /v1/wraps`.
    #[wasm_bindgen(getter, unchecked_return_type = "WrapOrder")]
    pub fn order(&self) -> JsValue {
        to_js(&self.order)
    }

    /// Reads the answer (the JSON text of a `WrapAnswer`) and makes the file.
    #[wasm_bindgen(js_name = readAnswer)]
    pub fn read_answer(&self, json: &str) -> Result<Delivery, JsValue> {
        Ok(self.deliver(json)?)
    }

    fn deliver(&self, json: &str) -> Result<Delivery, Fault> {
        let answer: WrapAnswer = serde_json::from_str(json).map_err(|_| Fault::AnswerUnreadable)?;
        if answer.request_id != self.order.request_id {
            return Err(Fault::AnswerMismatch("request id"));
        }
        if answer.kek_thumbprint_sha256 != self.order.kek_thumbprint_sha256 {
            return Err(Fault::AnswerMismatch("KEK"));
        }
        if answer.kid != self.kek.kid().as_str() {
            return Err(Fault::AnswerMismatch("key identifier"));
        }
        let bytes = Base64UrlUnpadded::decode_vec(&answer.ciphertext)
            .map_err(|_| Fault::AnswerUnreadable)?;
        let ciphertext = Ciphertext::new(bytes, self.kek.bits(), answer.target, &[])?;
        let blob = Blob::assemble(
            &self.kek,
            &ciphertext,
            &Generator::from_answer(&answer.generator),
        );
        Ok(Delivery::new(
            self.kek.kid().clone(),
            answer,
            blob.to_bytes(),
        ))
    }
}
