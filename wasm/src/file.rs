//! Files: read with their size bounded, saved as a download.

use crate::fault::Fault;
use js_sys::{Array, Uint8Array};
use keyferry_core::{MAX_ATTESTATION, MAX_BLOB, MAX_KEK_DOCUMENT};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File, HtmlAnchorElement, Url};

/// Reads a KEK document, an attestation or a key transfer blob that was dropped or picked.
///
/// Of a file that is too large, one byte more than is allowed is read: enough for core to refuse
/// it by its own rule, and no more of a file of gigabytes comes into memory.
#[wasm_bindgen(js_name = readInput)]
pub async fn read_input(file: File) -> Result<Vec<u8>, JsValue> {
    let bound = MAX_KEK_DOCUMENT.max(MAX_BLOB).max(MAX_ATTESTATION) + 1;
    let bound = i32::try_from(bound).unwrap_or(i32::MAX);
    let head = file
        .slice_with_i32_and_i32(0, bound)
        .map_err(|_| Fault::FileUnreadable)?;
    let buffer = JsFuture::from(head.array_buffer())
        .await
        .map_err(|_| Fault::FileUnreadable)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Hands the browser a file to save.
#[wasm_bindgen(js_name = saveFile)]
pub fn save_file(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    save(name, bytes).map_err(|_| Fault::FileUnsaved.into())
}

fn save(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type("application/octet-stream");
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options)?;
    let address = Url::create_object_url_with_blob(&blob)?;
    let document = web_sys::window()
        .and_then(|window| window.document())
        .ok_or(JsValue::UNDEFINED)?;
    let anchor: HtmlAnchorElement = document.create_element("a")?.dyn_into()?;
    anchor.set_href(&address);
    anchor.set_download(name);
    anchor.click();
    // The browser took the blob with the click; the address only keeps memory from here on.
    Url::revoke_object_url(&address)
}
