//! A request for a wrap, and the reading of its answer: only the answer to this very request,
//! for the KEK that was examined here, becomes a file.

use crate::border::to_js;
use crate::delivery::Delivery;
use crate::fault::Fault;
use crate::kek::KekExamination;
use keyferry_core::{
    Blob, Ciphertext, Generator, Kek, KeySelector, WrapOrder, from_base64url, to_base64, to_hex,
};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// Bytes of randomness in a request id.
const REQUEST_ID_BYTES: usize = 16;

/// What to send to the bridge, and what its answer has to match.
#[wasm_bindgen]
pub struct WrapRequest {
    order: WrapOrder,
    kek: Kek,
}

/// Orders the wrap of the key with this label and id to an admitted KEK; `attestation` is the file of the KEK's
/// attestation, which the bridge verifies again.
#[wasm_bindgen(js_name = newWrapRequest)]
pub fn new_wrap_request(
    examination: &KekExamination,
    label: Option<String>,
    id: Option<String>,
    attestation: Option<Vec<u8>>,
) -> Result<WrapRequest, JsValue> {
    Ok(request(
        examination,
        request_id()?,
        KeySelector { label, id },
        attestation.as_deref(),
    )?)
}

/// The request that had this id, after the page was loaded again: the answer that it got is checked and read
/// once more. Ordering by it a second time would wrap again.
#[wasm_bindgen(js_name = resumeWrapRequest)]
pub fn resume_wrap_request(
    examination: &KekExamination,
    #[wasm_bindgen(js_name = requestId)] request_id: String,
) -> Result<WrapRequest, JsValue> {
    Ok(request(
        examination,
        request_id,
        KeySelector::default(),
        None,
    )?)
}

fn request(
    examination: &KekExamination,
    request_id: String,
    key: KeySelector,
    attestation: Option<&[u8]>,
) -> Result<WrapRequest, Fault> {
    let kek = examination.admitted()?;
    let order = WrapOrder {
        request_id,
        kek: to_base64(&examination.document),
        kid: examination.kid.clone(),
        kek_thumbprint_sha256: kek.thumbprint().to_string(),
        key,
        attestation: attestation.map(to_base64),
    };
    Ok(WrapRequest {
        order,
        kek: kek.clone(),
    })
}

fn request_id() -> Result<String, Fault> {
    let mut random = [0; REQUEST_ID_BYTES];
    getrandom::fill(&mut random).map_err(|_| Fault::NoRandomness)?;
    Ok(to_hex(&random))
}

#[wasm_bindgen]
extern "C" {
    /// A `WrapAnswer` as the page parsed it. Each member is whatever it is: strings are asked for by
    /// [`text`], and nothing but a string passes.
    #[wasm_bindgen(typescript_type = "WrapAnswer")]
    pub type AnswerObject;
    #[wasm_bindgen(method, getter)]
    fn request_id(this: &AnswerObject) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn kek_thumbprint_sha256(this: &AnswerObject) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn kid(this: &AnswerObject) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn target(this: &AnswerObject) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn ciphertext(this: &AnswerObject) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn proven_lengths(this: &AnswerObject) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn generator(this: &AnswerObject) -> JsValue;
}

fn text(member: &JsValue) -> Result<String, Fault> {
    member.as_string().ok_or(Fault::AnswerUnreadable)
}

/// A list of whole numbers of bytes, and nothing else.
fn lengths(member: &JsValue) -> Result<Vec<usize>, Fault> {
    let list = member
        .dyn_ref::<js_sys::Array>()
        .ok_or(Fault::AnswerUnreadable)?;
    list.iter()
        .map(|length| {
            let number = length.as_f64()?;
            let whole = number as u16;
            (f64::from(whole) == number).then_some(whole.into())
        })
        .collect::<Option<_>>()
        .ok_or(Fault::AnswerUnreadable)
}

#[wasm_bindgen]
impl WrapRequest {
    /// The body of `POST /v1/wraps`.
    #[wasm_bindgen(getter, unchecked_return_type = "WrapOrder")]
    pub fn order(&self) -> JsValue {
        to_js(&self.order)
    }

    /// Reads the answer and makes the file.
    #[wasm_bindgen(js_name = readAnswer)]
    pub fn read_answer(&self, answer: AnswerObject) -> Result<Delivery, JsValue> {
        Ok(self.deliver(answer)?)
    }

    fn deliver(&self, answer: AnswerObject) -> Result<Delivery, Fault> {
        if !answer.is_object() {
            return Err(Fault::AnswerUnreadable);
        }
        if text(&answer.request_id())? != self.order.request_id {
            return Err(Fault::AnswerMismatch("request id"));
        }
        if text(&answer.kek_thumbprint_sha256())? != self.order.kek_thumbprint_sha256 {
            return Err(Fault::AnswerMismatch("KEK"));
        }
        if text(&answer.kid())? != self.kek.kid().as_str() {
            return Err(Fault::AnswerMismatch("key identifier"));
        }
        let target = text(&answer.target())?
            .parse()
            .map_err(|_| Fault::AnswerUnreadable)?;
        let bytes = from_base64url(&text(&answer.ciphertext())?).ok_or(Fault::AnswerUnreadable)?;
        let proven = lengths(&answer.proven_lengths())?;
        let ciphertext = Ciphertext::new(bytes, self.kek.bits(), target, &proven)?;
        let generator = Generator::from_answer(&text(&answer.generator())?);
        let blob = Blob::assemble(&self.kek, &ciphertext, &generator);
        Ok(Delivery::new(
            self.kek.kid().clone(),
            target,
            answer,
            blob.to_bytes(),
        ))
    }
}
