//! What the import call says of a key: its type and, for elliptic curves, its curve.

use crate::{Curve, Error, Family, KeyOperation, TargetKind};
use std::fmt;

/// `kty` and `crv` of an import. The service reads the size from the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportType {
    /// `RSA-HSM`.
    Rsa,
    /// `EC-HSM` with its curve.
    Ec(Curve),
    /// `oct-HSM`: AES.
    Oct,
}

impl ImportType {
    /// The type of a kind.
    pub fn of(kind: TargetKind) -> Self {
        match (kind.family(), kind.curve()) {
            (Family::Ec, Some(curve)) => Self::Ec(curve),
            (Family::Aes, _) => Self::Oct,
            (Family::Rsa, _) | (Family::Ec, None) => Self::Rsa,
        }
    }

    /// Reads `--kty` and `--curve`: `RSA`, `EC` or `oct`, with or without `-HSM`, in any case.
    ///
    /// # Errors
    /// [`Error::ImportRefused`] for another type, a curve that is missing, unknown or out of place.
    pub fn parse(kty: &str, curve: Option<&str>) -> Result<Self, Error> {
        let lower = kty.to_ascii_lowercase();
        let family = match lower.strip_suffix("-hsm").unwrap_or(&lower) {
            "rsa" => Family::Rsa,
            "ec" => Family::Ec,
            "oct" => Family::Aes,
            _ => {
                return Err(refused(
                    "import-type",
                    "the key's type is not RSA, EC or oct",
                    "Say what the key is: --kty RSA, --kty EC with --curve, or --kty oct for AES.",
                ));
            }
        };
        let named = curve.map(|name| {
            let known = [Curve::P256, Curve::P384, Curve::P521, Curve::P256K];
            known
                .into_iter()
                .find(|curve| curve.name().eq_ignore_ascii_case(name))
        });
        match (family, named) {
            (Family::Rsa, None) => Ok(Self::Rsa),
            (Family::Aes, None) => Ok(Self::Oct),
            (Family::Ec, Some(Some(curve))) => Ok(Self::Ec(curve)),
            (Family::Ec, None) => Err(refused(
                "import-curve",
                "an EC key's curve was not given",
                "Add --curve P-256, P-384, P-521 or P-256K.",
            )),
            (Family::Ec, Some(None)) => Err(refused(
                "import-curve",
                "Azure does not take this curve",
                "Use --curve P-256, P-384, P-521 or P-256K.",
            )),
            (Family::Rsa | Family::Aes, Some(_)) => Err(refused(
                "import-curve",
                "only an EC key has a curve",
                "Leave --curve away, or say --kty EC.",
            )),
        }
    }

    /// `kty` of the call.
    pub fn kty(self) -> &'static str {
        match self {
            Self::Rsa => "RSA-HSM",
            Self::Ec(_) => "EC-HSM",
            Self::Oct => "oct-HSM",
        }
    }

    /// The curve of an EC key.
    pub fn curve(self) -> Option<Curve> {
        match self {
            Self::Ec(curve) => Some(curve),
            Self::Rsa | Self::Oct => None,
        }
    }

    /// Every operation that an imported key of this type can have.
    pub fn operations(self) -> &'static [KeyOperation] {
        KeyOperation::of_family(match self {
            Self::Rsa => Family::Rsa,
            Self::Ec(_) => Family::Ec,
            Self::Oct => Family::Aes,
        })
    }
}

impl fmt::Display for ImportType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.curve() {
            Some(curve) => write!(formatter, "{} {}", self.kty(), curve.name()),
            None => formatter.pad(self.kty()),
        }
    }
}

pub(super) fn refused(
    code: &'static str,
    message: impl Into<String>,
    advice: impl Into<String>,
) -> Error {
    Error::ImportRefused {
        code,
        message: message.into(),
        advice: advice.into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_types_as_az_and_as_the_service_name_them() {
        for (kty, curve, expected) in [
            ("RSA", None, ImportType::Rsa),
            ("rsa-hsm", None, ImportType::Rsa),
            ("EC", Some("P-256"), ImportType::Ec(Curve::P256)),
            ("EC-HSM", Some("p-256k"), ImportType::Ec(Curve::P256K)),
            ("oct", None, ImportType::Oct),
            ("oct-HSM", None, ImportType::Oct),
        ] {
            assert_eq!(ImportType::parse(kty, curve).unwrap(), expected, "{kty}");
        }
    }

    #[test]
    fn a_curve_belongs_to_ec_and_to_nothing_else() {
        for (kty, curve, code) in [
            ("EC", None, "import-curve"),
            ("EC", Some("P-224"), "import-curve"),
            ("RSA", Some("P-256"), "import-curve"),
            ("oct", Some("P-256"), "import-curve"),
            ("DSA", None, "import-type"),
            ("RSA-HSM-HSM", None, "import-type"),
            ("", None, "import-type"),
        ] {
            assert_eq!(
                ImportType::parse(kty, curve).unwrap_err().code(),
                code,
                "{kty}"
            );
        }
    }

    #[test]
    fn every_kind_has_a_type_with_its_own_kty_curve_and_operations() {
        for kind in TargetKind::ALL {
            let import = ImportType::of(kind);
            assert_eq!(
                (import.kty(), import.curve(), import.operations()),
                (kind.kty(), kind.curve(), KeyOperation::of(kind)),
                "{kind}"
            );
        }
    }
}
