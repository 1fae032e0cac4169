//! The verdict on an attestation, for the KEK that was examined.

use crate::border::to_js;
use crate::fault::Fault;
use crate::kek::KekExamination;
use keyferry_core::{AttestationSource, AttestedKek, Kid, TrustedRoots, verify_attestation};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl KekExamination {
    /// What core says of an attestation of this KEK, under the HSM maker's roots alone.
    ///
    /// `nowSeconds` is the time in Unix seconds for the certificates' validity, `pin` the fingerprint of the
    /// pool's owner certificate that the bridge keeps for this vault.
    #[wasm_bindgen(js_name = verifyAttestation, unchecked_return_type = "AttestationVerdict")]
    pub fn verify_attestation(
        &self,
        document: &[u8],
        #[wasm_bindgen(js_name = nowSeconds)] now_seconds: f64,
        pin: Option<String>,
    ) -> Result<JsValue, JsValue> {
        let kek = self.admitted()?;
        let path = Kid::path(kek.kid());
        let pin = pin
            .map(|pin| pin.parse())
            .transpose()
            .map_err(Fault::Core)?;
        #[allow(
            clippy::cast_possible_truncation,
            reason = "saturates, and every certificate is then plainly out of time"
        )]
        let now = now_seconds as i64;
        Ok(to_js(&verify_attestation(&AttestationSource {
            document,
            kek: Some(AttestedKek::of(kek, path.as_deref())),
            pin,
            roots: &TrustedRoots::marvell(),
            now,
        })))
    }
}
