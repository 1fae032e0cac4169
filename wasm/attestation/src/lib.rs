//! keyferry-core's verifier of attestations, as a WebAssembly of its own: most transfers meet no
//! attestation, and the page that loads at first does not carry what they do not need.
//!
//! No rules of its own, and none twice: the other WebAssembly of the page is built without the verifier.

use keyferry_core::{AttestationSource, AttestedKek, TrustedRoots, verify_attestation};
use wasm_bindgen::prelude::*;

/// What core says of an attestation of the KEK with these public numbers, under the HSM maker's roots alone:
/// an `AttestationVerdict` as JSON.
///
/// Numbers and `path` are those of the examination that admitted the KEK. `nowSeconds` is the time in Unix
/// seconds for the certificates' validity. No pin is taken: pins are the bridge's, which verifies again.
#[wasm_bindgen(js_name = verifyAttestation)]
pub fn verdict_json(
    document: &[u8],
    modulus: &[u8],
    exponent: &[u8],
    path: Option<String>,
    #[wasm_bindgen(js_name = nowSeconds)] now_seconds: f64,
) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "saturates, and every certificate is then plainly out of time"
    )]
    let now = now_seconds as i64;
    let verdict = verify_attestation(&AttestationSource {
        document,
        kek: Some(AttestedKek {
            modulus,
            exponent,
            path: path.as_deref(),
        }),
        pin: None,
        roots: &TrustedRoots::marvell(),
        now,
    });
    // Structs, enums and strings always serialise; if they ever did not, the page would refuse an empty text.
    serde_json::to_string(&verdict).unwrap_or_default()
}
