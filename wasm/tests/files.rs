//! Files as the browser hands them over.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use js_sys::{Array, Uint8Array};
use keyferry_core::{MAX_ATTESTATION, MAX_BLOB, MAX_KEK_DOCUMENT};
use keyferry_wasm::read_input;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::File;

wasm_bindgen_test_configure!(run_in_browser);

fn file(bytes: &[u8]) -> File {
    File::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)), "kek.json").unwrap()
}

#[wasm_bindgen_test]
async fn a_file_comes_over_byte_for_byte() {
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(read_input(file(&bytes)).await.unwrap(), bytes);
}

#[wasm_bindgen_test]
async fn an_empty_file_is_empty() {
    assert_eq!(read_input(file(&[])).await.unwrap(), Vec::<u8>::new());
}

#[wasm_bindgen_test]
async fn of_a_large_file_only_so_much_is_read_that_core_refuses_it() {
    let limit = MAX_KEK_DOCUMENT.max(MAX_BLOB).max(MAX_ATTESTATION);
    let read = read_input(file(&vec![b' '; 8 * limit])).await.unwrap();
    assert_eq!(read.len(), limit + 1);
}
