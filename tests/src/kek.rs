//! Key exchange keys made by `openssl genrsa`, and the documents that describe them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::desk;
use crate::tool::openssl;

/// An RSA key pair on disk that plays a vault's KEK.
pub struct Kek {
    /// Modulus bits.
    pub bits: usize,
    folder: PathBuf,
    /// Removes the folder with a KEK of its own; a shared one stays for the next run.
    own: Option<TempDir>,
    spki: Vec<u8>,
    modulus: Vec<u8>,
}

impl Kek {
    /// The KEK of `bits` that all tests share: made once, and kept in the build folder.
    pub fn shared(bits: usize) -> &'static Self {
        static KEKS: [OnceLock<Kek>; 4] = [const { OnceLock::new() }; 4];
        let place = [1024, 2048, 3072, 4096]
            .iter()
            .position(|size| *size == bits);
        KEKS[place.expect("one of the four sizes")].get_or_init(|| {
            let folder = desk::build_folder().join(format!("tmp/kek-{bits}"));
            if !folder.exists() {
                let made = Self::generate(bits);
                std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
                // Another test process may be first: its KEK is as good.
                let kept = made.own.unwrap().keep();
                if std::fs::rename(&kept, &folder).is_err() {
                    std::fs::remove_dir_all(&kept).unwrap();
                }
            }
            Self::read(bits, folder, None)
        })
    }

    /// The modulus, big-endian.
    #[must_use]
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// Makes a KEK of its own.
    #[must_use]
    pub fn generate(bits: usize) -> Self {
        std::fs::create_dir_all(desk::build_folder().join("tmp")).unwrap();
        let own = TempDir::new_in(desk::build_folder().join("tmp")).unwrap();
        let folder = own.path().to_owned();
        let private = folder.join("private.pem");
        let name = private.to_str().unwrap();
        openssl(&["genrsa", "-out", name, &bits.to_string()], b"").unwrap();
        let public = folder.join("public.pem");
        openssl(
            &[
                "rsa",
                "-in",
                name,
                "-pubout",
                "-out",
                public.to_str().unwrap(),
            ],
            b"",
        )
        .unwrap();
        let kek = Self::read(bits, folder, Some(own));
        std::fs::write(kek.az_json(), kek.az_document().to_string()).unwrap();
        kek
    }

    fn read(bits: usize, folder: PathBuf, own: Option<TempDir>) -> Self {
        let public = folder.join("public.pem");
        let public = ["rsa", "-pubin", "-in", public.to_str().unwrap()];
        let spki = openssl(&[&public[..], &["-outform", "DER"]].concat(), b"").unwrap();
        let text = openssl(&[&public[..], &["-noout", "-modulus"]].concat(), b"").unwrap();
        let text = String::from_utf8(text).unwrap();
        let digits = text.trim().strip_prefix("Modulus=").unwrap();
        let modulus = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect();
        Self {
            bits,
            folder,
            own,
            spki,
            modulus,
        }
    }

    /// The kid that the documents carry.
    #[must_use]
    pub fn kid(&self) -> String {
        format!(
            "https://proof-of-transfer.vault.azure.net/keys/KEK{}/{:032x}",
            self.bits, self.bits
        )
    }

    /// Modulus bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bits / 8
    }

    /// The PEM of the private key.
    #[must_use]
    pub fn private_pem(&self) -> PathBuf {
        self.folder.join("private.pem")
    }

    /// The PEM of the public key (SPKI).
    #[must_use]
    pub fn public_pem(&self) -> PathBuf {
        self.folder.join("public.pem")
    }

    /// What `az keyvault key show -o json` writes for it.
    #[must_use]
    pub fn az_json(&self) -> PathBuf {
        self.folder.join("az.json")
    }

    /// A place beside the documents for one more of them.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The content of [`Self::az_json`], to be bent for a test.
    #[must_use]
    pub fn az_document(&self) -> Value {
        json!({
            "attributes": {
                "created": "2025-03-01T09:00:00+00:00", "enabled": true, "expires": null,
                "exportable": false, "hsmPlatform": "2", "keySize": null, "notBefore": null,
                "recoverableDays": 90, "recoveryLevel": "Recoverable+Purgeable",
                "updated": "2025-03-01T09:00:00+00:00"
            },
            "key": {
                "crv": null, "d": null, "dp": null, "dq": null, "e": "AQAB", "k": null,
                "keyOps": ["import"], "kid": self.kid(), "kty": "RSA-HSM",
                "n": Base64::encode_string(&self.modulus),
                "p": null, "q": null, "qi": null, "t": null, "x": null, "y": null
            },
            "managed": null, "releasePolicy": null, "tags": null
        })
    }

    /// SHA-256 of the SPKI DER in lower-case hexadecimal, worked out by `openssl`.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        sha256(&self.spki)
    }
}

/// SHA-256 in lower-case hexadecimal, by the `openssl` command.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let line = openssl(&["dgst", "-sha256", "-r"], bytes).unwrap();
    String::from_utf8_lossy(&line[..64]).into_owned()
}
