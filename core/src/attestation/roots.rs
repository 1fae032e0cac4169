//! The HSM maker's roots, compiled in.

use super::certificate::Certificate;

/// Root certificates that a chain may end in. What calls the verifier passes them; the binary and the
/// page pass [`TrustedRoots::marvell`] and nothing adds one at run time.
#[derive(Debug, Clone)]
pub struct TrustedRoots(Vec<Certificate>);

/// RSA-2048, of LiquidSecurity adapters; the certificate of 2015 has the same key and has expired.
const LIQUIDSECURITY: &str = include_str!("roots/marvell-liquidsecurity-2024.pem");
/// RSA-4096, of LiquidSecurity 2 adapters.
const LIQUIDSECURITY_2: &str = include_str!("roots/marvell-liquidsecurity2-2024.pem");

impl TrustedRoots {
    /// The maker's roots, as Microsoft publishes them with its own tool for this purpose.
    pub fn marvell() -> Self {
        // A test reads both; a root that could not be read would only make every chain unknown.
        Self::from_pem(&[LIQUIDSECURITY, LIQUIDSECURITY_2])
    }

    /// Roots from PEM texts of one certificate each; what cannot be read is left out.
    pub fn from_pem(texts: &[&str]) -> Self {
        Self(
            texts
                .iter()
                .filter_map(|text| super::bundle::certificates(text.as_bytes()).ok())
                .flatten()
                .collect(),
        )
    }

    pub(super) fn list(&self) -> &[Certificate] {
        &self.0
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::OwnerFingerprint;

    #[test]
    fn the_roots_are_the_two_that_microsoft_publishes_and_verify_themselves() {
        let roots = TrustedRoots::marvell();
        let prints: Vec<String> = roots
            .list()
            .iter()
            .map(|root| OwnerFingerprint::new(root.fingerprint()).to_string())
            .collect();
        assert_eq!(
            prints,
            [
                "230143df00e0b452743e068a5b3fc08df8f06cefc4854ea627aeb7ebd70ee2f4",
                "17644de0d33bc73b2f4ef4c20a11f6c8cc1f723a4cd83ee600361cbb24d8d2e5"
            ]
        );
        assert_eq!(
            crate::Thumbprint::of_spki(roots.list()[0].spki()).to_string(),
            "78adcba1f38bee304bc44d6a086503f2940037d4b3d58a1bf66a3282ef58cd41"
        );
        assert!(roots.list().iter().all(|root| root.is_signed_by(root)));
    }
}
