//! The KEK's examination, kept together with what was examined.

use crate::border::{admission, to_js_by_text};
use crate::fault::Fault;
use keyferry_core::{Admission, Finding, Kek, KekSource, KekVerdict, Severity, thumbprint_command};
use wasm_bindgen::prelude::*;

/// A KEK document, what core says of it, and the KEK when it was admitted.
#[wasm_bindgen]
pub struct KekExamination {
    pub(crate) document: Vec<u8>,
    pub(crate) kid: Option<String>,
    pub(crate) admission: Admission,
    pub(crate) kek: Option<Kek>,
    verdict: KekVerdict,
}

/// Examines a KEK document.
///
/// `kid` is what the user gave beside it, `nowSeconds` the time in Unix seconds for the validity
/// window (absent: a finding says that it was not checked), `practice` the `HOST:PORT` of the practice vault that the
/// bridge named; where that is none, nothing is examined, and the one finding says so. It cannot throw: an answer or an
/// error is several values to WebAssembly, and these cross slowly in Firefox.
#[wasm_bindgen(js_name = examineKek)]
pub fn examine_kek(
    document: Vec<u8>,
    kid: Option<String>,
    #[wasm_bindgen(js_name = nowSeconds)] now_seconds: Option<f64>,
    practice: Option<String>,
) -> KekExamination {
    let admission = match admission(practice.as_deref()) {
        Ok(admission) => admission,
        Err(fault) => return KekExamination::refused(document, kid, &fault),
    };
    // Whole seconds of this era fit an f64 exactly.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "saturates, and the window is then plainly missed"
    )]
    let now = now_seconds.map(|seconds| seconds as i64);
    let source = KekSource {
        document: &document,
        beside: None,
        kid: kid.as_deref(),
        now,
        admission: &admission,
    };
    let examination = Kek::examine(&source);
    KekExamination {
        kek: examination.kek,
        verdict: examination.verdict,
        document,
        kid,
        admission,
    }
}

#[wasm_bindgen]
impl KekExamination {
    /// What core says of it.
    #[wasm_bindgen(getter, unchecked_return_type = "KekVerdict")]
    pub fn verdict(&self) -> JsValue {
        to_js_by_text(&self.verdict)
    }

    /// The thumbprint in groups, as it is read aloud; absent when the KEK was not admitted.
    #[wasm_bindgen(getter, js_name = groupedThumbprint)]
    pub fn grouped_thumbprint(&self) -> Option<String> {
        self.kek.as_ref().map(|kek| kek.thumbprint().grouped())
    }

    /// The command that prints the same thumbprint from the vault's side; absent for a practice vault.
    #[wasm_bindgen(getter, js_name = thumbprintCommand)]
    pub fn thumbprint_command(&self) -> Option<String> {
        self.kek
            .as_ref()
            .and_then(|kek| thumbprint_command(kek.kid()))
    }

    /// A document that was not examined.
    fn refused(document: Vec<u8>, kid: Option<String>, fault: &Fault) -> Self {
        let finding = Finding::new(
            Severity::Error,
            fault.code(),
            fault.to_string(),
            fault.advice(),
        );
        Self {
            document,
            kid,
            admission: Admission::default(),
            kek: None,
            verdict: KekVerdict {
                admitted: false,
                kid: None,
                bits: None,
                exponent: None,
                thumbprint_sha256: None,
                jwk_thumbprint: None,
                findings: vec![finding],
            },
        }
    }

    /// The admitted KEK.
    pub(crate) fn admitted(&self) -> Result<&Kek, Fault> {
        self.kek.as_ref().ok_or(Fault::KekNotAdmitted)
    }
}
