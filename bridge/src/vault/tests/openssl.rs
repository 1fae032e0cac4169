//! The openssl program, in a folder of its own.

use keyferry_core::{TargetKind, to_hex};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Runs openssl on files that vanish with this value.
pub(in crate::vault) struct Openssl {
    folder: TempDir,
}

impl Openssl {
    pub(in crate::vault) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    /// Runs `openssl` with `arguments`; `input` is at `-in in`, the result read from `-out out`.
    pub(in crate::vault) fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        fs::write(self.path("in"), input).unwrap();
        let output = Command::new("openssl")
            .current_dir(self.folder.path())
            .args(arguments)
            .args(["-in", "in", "-out", "out"])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "openssl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        fs::read(self.path("out")).unwrap()
    }

    /// The same where a refusal is an outcome too; what it wrote before it refused does not count.
    pub(in crate::vault) fn try_run(&self, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
        fs::write(self.path("in"), input).unwrap();
        let mut command = Command::new("openssl");
        command.current_dir(self.folder.path()).args(arguments);
        let output = command.args(["-in", "in", "-out", "out"]).output().unwrap();
        output
            .status
            .success()
            .then(|| fs::read(self.path("out")).unwrap())
    }

    /// True when `openssl` with `arguments` and `-in in` succeeds.
    pub(in crate::vault) fn succeeds(&self, arguments: &[&str], input: &[u8]) -> bool {
        fs::write(self.path("in"), input).unwrap();
        let mut command = Command::new("openssl");
        command.current_dir(self.folder.path()).args(arguments);
        command
            .args(["-in", "in"])
            .output()
            .unwrap()
            .status
            .success()
    }

    /// Puts a file beside `in`, for arguments that name one.
    pub(in crate::vault) fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A private key as PKCS#8 DER, by `genpkey` and its options.
    pub(in crate::vault) fn private_key(&self, options: &[&str]) -> Vec<u8> {
        let mut command = Command::new("openssl");
        command
            .current_dir(self.folder.path())
            .arg("genpkey")
            .args(options)
            .args(["-outform", "DER", "-out", "key"]);
        assert!(command.output().unwrap().status.success());
        let key = fs::read(self.path("key")).unwrap();
        self.run(
            &[
                "pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-outform", "DER",
            ],
            &key,
        )
    }

    /// A target key's plaintext: PKCS#8 DER, or random bytes for AES.
    pub(in crate::vault) fn target(&self, kind: TargetKind) -> Vec<u8> {
        let ec = |curve: &str| {
            let curve = format!("ec_paramgen_curve:{curve}");
            self.private_key(&[
                "-algorithm",
                "EC",
                "-pkeyopt",
                &curve,
                "-pkeyopt",
                "ec_param_enc:named_curve",
            ])
        };
        match kind {
            TargetKind::P256 => ec("P-256"),
            TargetKind::P384 => ec("P-384"),
            TargetKind::P521 => ec("P-521"),
            TargetKind::P256K => ec("secp256k1"),
            TargetKind::Rsa2048 | TargetKind::Rsa3072 | TargetKind::Rsa4096 => {
                let bits = format!("rsa_keygen_bits:{}", kind.bits());
                self.private_key(&["-algorithm", "RSA", "-pkeyopt", &bits])
            }
            TargetKind::Aes128 | TargetKind::Aes192 | TargetKind::Aes256 => {
                self.random(kind.bits() / 8)
            }
        }
    }

    /// Random bytes.
    pub(in crate::vault) fn random(&self, count: u32) -> Vec<u8> {
        let output = Command::new("openssl")
            .args(["rand", &count.to_string()])
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    }

    /// The public half of a PKCS#8 private key: SubjectPublicKeyInfo DER with uncompressed point.
    pub(in crate::vault) fn public_key(&self, pkcs8: &[u8]) -> Vec<u8> {
        self.run(
            &["pkey", "-inform", "DER", "-pubout", "-outform", "DER"],
            pkcs8,
        )
    }

    /// AES-ECB of one block of zero bytes.
    pub(in crate::vault) fn encrypt_zeros(&self, key: &[u8]) -> Vec<u8> {
        let cipher = format!("-aes-{}-ecb", key.len() * 8);
        self.run(&["enc", &cipher, "-nopad", "-K", &to_hex(key)], &[0; 16])
    }
}
