//! The main job, end to end: a key leaves its token through the command line, and the file that
//! comes out is opened by `openssl` with the KEK's private key and holds that same key.
//!
//! Every kind of key, on both tokens, under every size of KEK. What a token does differently is
//! asserted as what it is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;

use base64ct::{Base64, Encoding as _};
use keyferry_tests::private_key_info::PrivateKeyInfo;
use keyferry_tests::tool::{hex, openssl};
use keyferry_tests::{Desk, Kek, Onlooker, SoftHsm, audit_chain, kek::sha256, opener};
use serde_json::Value;

const KINDS: [&str; 9] = [
    "RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384", "P-521", "AES-128", "AES-192", "AES-256",
];
const BLOCK: &str = "6bc1bee22e409f96e93d7e117393172a";

#[test]
fn every_kind_travels_from_the_embedded_token() {
    let source = Source::embedded();
    source.transfer_all();
}

#[test]
fn every_kind_travels_from_soft_hsm() {
    let token = SoftHsm::new("matrix");
    let source = Source::soft_hsm(&token);
    source.transfer_all();
}

/// Kryoptic writes the private value of P-521 without its leading zeros, where RFC 5915 wants 66
/// bytes: every second key shows it. The file is what the token gives; the key in it is right.
#[test]
fn the_embedded_token_shortens_a_p_521_private_value_and_the_key_is_still_right() {
    let desk = Desk::embedded().flag("--software-token");
    let onlooker = Onlooker::embedded(&desk);
    let folder = tempfile::tempdir().unwrap();
    let kek = Kek::shared(2048);
    // Forty whole values in a row would be a change of the token, not bad luck.
    for attempt in 0..40 {
        let label = format!("key {attempt}");
        let spki = make_p521(&desk, &label, &onlooker);
        let out = folder.path().join("key.byok");
        let (out, kek_file) = (out.to_str().unwrap(), kek.az_json());
        let kek_file = kek_file.to_str().unwrap();
        let wrap = [
            "wrap", "--yes", "--force", "--key", &label, "--kek", kek_file, "--out", out,
        ];
        let _ = desk.json(wrap).success();
        let opened = opener::open(&std::fs::read(out).unwrap(), &kek.private_pem(), 256).unwrap();
        let ec = PrivateKeyInfo::parse(&opened.plaintext)
            .unwrap()
            .ec
            .unwrap();
        assert_eq!(ec.public_half(66).unwrap(), spki);
        assert_ne!(ec.d[0], 0);
        if ec.d.len() < 66 {
            return;
        }
    }
    panic!("the token now writes P-521 values in full: the quirk is gone");
}

fn make_p521(desk: &Desk, label: &str, onlooker: &Onlooker) -> Vec<u8> {
    let _ = desk
        .json(["keygen", "--kind", "P-521", "--label", label])
        .success();
    let listed = desk.json(["keys"]).success();
    let listed = listed["keys"].as_array().unwrap();
    let made = listed.iter().find(|key| key["label"] == label).unwrap();
    match Key::seen("P-521", made, onlooker).evidence {
        Evidence::Spki(spki) => spki,
        Evidence::Encrypted(_) => panic!("an EC key has a public half"),
    }
}

/// A PEM names no vault: its kid comes beside it, and into the file.
#[test]
fn a_kek_as_pem_goes_by_the_kid_beside_it() {
    let token = SoftHsm::new("by PEM");
    let desk = Desk::soft_hsm(&token);
    let _ = desk
        .json(["keygen", "--kind", "P-256K", "--label", "by PEM"])
        .success();
    let (kek, folder) = (Kek::shared(3072), tempfile::tempdir().unwrap());
    let (pem, out, kid) = (kek.public_pem(), folder.path().join("key.byok"), kek.kid());
    let (pem, out) = (pem.to_str().unwrap(), out.to_str().unwrap());
    let wrap = [
        "wrap", "--yes", "--key", "by PEM", "--kek", pem, "--kid", &kid, "--out", out,
    ];
    assert_eq!(desk.json(wrap).success()["kid"], kid);
    let opened = opener::open(
        &std::fs::read(out).unwrap(),
        &kek.private_pem(),
        kek.bytes(),
    );
    assert_eq!(opened.unwrap().kid, kid);
    // The product's reader knows another KEK, and another kid, for what they are.
    let other = Kek::shared(2048).az_json();
    for with in [
        &["--kek", other.to_str().unwrap()][..],
        &["--kek", pem, "--kid", &Kek::shared(2048).kid()],
    ] {
        let inspected = desk.json(["inspect", out].iter().chain(with).copied());
        assert_eq!(
            (inspected.code, &inspected.object()["accepted"]),
            (Some(1), &false.into())
        );
    }
}

/// A token with its keys, and what is known of it.
struct Source {
    desk: Desk,
    keys: Vec<Key>,
    strategy: &'static str,
    self_test: &'static str,
    /// Whether the token zero-pads a key to eight bytes before it wraps it.
    pads: bool,
    /// Whether the token strips leading zeros of an EC private value.
    strips: bool,
    generator: &'static str,
}

/// One key, as the token shows it before the transfer.
struct Key {
    kind: &'static str,
    /// SPKI DER, or AES-ECB of [`BLOCK`] in hexadecimal.
    evidence: Evidence,
}

enum Evidence {
    Spki(Vec<u8>),
    Encrypted(String),
}

impl Source {
    fn embedded() -> Self {
        let desk = Desk::embedded().flag("--software-token");
        let keys = Key::generate_all(&desk, &KINDS, &Onlooker::embedded(&desk));
        Self {
            desk,
            keys,
            strategy: "oaep+kwp",
            self_test: "exact",
            pads: false,
            strips: true,
            generator: "Kryoptic",
        }
    }

    fn soft_hsm(token: &SoftHsm) -> Self {
        let desk = Desk::soft_hsm(token);
        let kinds = [&KINDS[..], &["P-256K"]].concat();
        let keys = Key::generate_all(&desk, &kinds, &Onlooker::soft_hsm(token));
        Self {
            desk,
            keys,
            strategy: "oaep+aes-wrap-pad",
            self_test: "trailing-zeros",
            pads: true,
            strips: false,
            generator: "SoftHSM",
        }
    }

    fn transfer_all(&self) {
        let folder = tempfile::tempdir().unwrap();
        for bits in [2048, 3072, 4096] {
            for key in &self.keys {
                self.transfer(key, Kek::shared(bits), folder.path());
            }
        }
        let wraps = 3 * self.keys.len();
        let log = audit_chain::read(self.desk.state()).unwrap();
        let count = |event: &str| log.iter().filter(|line| line["event"] == event).count();
        assert_eq!(
            (count("wrap-intent"), count("wrap-outcome")),
            (wraps, wraps)
        );
    }

    fn transfer(&self, key: &Key, kek: &Kek, folder: &Path) {
        let case = format!("{} under {} bits", key.kind, kek.bits);
        let path = folder.join(format!("{}-{}.byok", key.kind, kek.bits));
        let out = path.to_str().unwrap();
        let kek_file = kek.az_json();
        let kek_file = kek_file.to_str().unwrap();
        let thumbprint = kek.thumbprint();
        let arguments = ["wrap", "--key", key.kind, "--kek", kek_file, "--out", out];
        let arguments = arguments
            .iter()
            .copied()
            .chain(["--expect-kek", &thumbprint]);
        let answer = self.desk.json(arguments).success();

        let file = std::fs::read(&path).unwrap();
        let opened = opener::open(&file, &kek.private_pem(), kek.bytes())
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(opened.kid, kek.kid(), "{case}");
        self.compare(key, &opened.plaintext, &case);

        assert_eq!(answer["file"], out, "{case}");
        assert_eq!(answer["sha256"], sha256(&file), "{case}");
        assert_eq!(answer["kid"], kek.kid(), "{case}");
        assert_eq!(answer["kek_thumbprint_sha256"], thumbprint, "{case}");
        assert_eq!(answer["target"], key.kind, "{case}");
        assert_eq!(answer["strategy"], self.strategy, "{case}");
        let length = kek.bytes() + opened.plaintext.len().next_multiple_of(8) + 8;
        assert_eq!(answer["ciphertext_bytes"], length, "{case}");
        self.check_record(key, &thumbprint, &case);
        self.inspect(out, key, kek, length, &case);
    }

    /// The plaintext against what the token showed.
    fn compare(&self, key: &Key, plaintext: &[u8], case: &str) {
        let spki = match &key.evidence {
            Evidence::Encrypted(expected) => {
                assert_eq!(plaintext.len() * 8, digits(key.kind), "{case}");
                return assert_eq!(&aes_ecb(plaintext, BLOCK), expected, "{case}");
            }
            Evidence::Spki(spki) => spki,
        };
        let info = PrivateKeyInfo::parse(plaintext).unwrap();
        let zeros = if self.pads {
            (8 - info.der_length() % 8) % 8
        } else {
            0
        };
        assert_eq!(
            info.trailing,
            vec![0; zeros],
            "{case}: what follows the DER"
        );
        let Some(ec) = &info.ec else {
            return assert_eq!(&info.public_half().unwrap(), spki, "{case}");
        };
        let bytes = digits(key.kind).div_ceil(8);
        assert!(!ec.has_public_key && !ec.has_parameters, "{case}");
        assert!(ec.d.len() <= bytes, "{case}: {} bytes of d", ec.d.len());
        if self.strips {
            assert_ne!(ec.d[0], 0, "{case}: the token strips zeros");
        } else {
            assert_eq!(ec.d.len(), bytes, "{case}: the token keeps zeros");
        }
        assert_eq!(&info.public_half().unwrap(), spki, "{case}");
        assert_eq!(&ec.public_half(bytes).unwrap(), spki, "{case}");
    }

    /// The audit log's last two lines.
    fn check_record(&self, key: &Key, thumbprint: &str, case: &str) {
        let log = audit_chain::read(self.desk.state()).unwrap();
        let [.., intent, outcome] = &log[..] else {
            panic!("{case}: {} lines", log.len());
        };
        assert_eq!(
            (&intent["event"], &intent["outcome"]),
            (&"wrap-intent".into(), &"intended".into())
        );
        assert_eq!(
            (&outcome["event"], &outcome["outcome"]),
            (&"wrap-outcome".into(), &"done".into())
        );
        for line in [intent, outcome] {
            assert_eq!(line["key_label"], key.kind, "{case}");
            assert_eq!(line["kek_thumbprint_sha256"], thumbprint, "{case}");
            assert_eq!(line["strategy"], self.strategy, "{case}");
            assert_eq!(line["self_test"], self.self_test, "{case}");
            assert_eq!(line["approval"], "by-flag", "{case}");
        }
    }

    /// The product's own reader has to come to the same end, with the KEK and without.
    fn inspect(&self, file: &str, key: &Key, kek: &Kek, length: usize, case: &str) {
        let kek_file = kek.az_json();
        let with_kek = self
            .desk
            .json(["inspect", file, "--kek", kek_file.to_str().unwrap()]);
        let without = self.desk.json(["inspect", file]);
        for (answer, certain) in [(with_kek.success(), true), (without.success(), false)] {
            assert_eq!(answer["accepted"], true, "{case}");
            assert_eq!(answer["kid"], kek.kid(), "{case}");
            assert_eq!(answer["ciphertext_bytes"], length, "{case}");
            let readings = answer["readings"].as_array().unwrap();
            let reading = serde_json::json!({"kek_bits": kek.bits, "target": key.kind});
            assert!(readings.contains(&reading), "{case}: {answer}");
            if certain {
                assert_eq!(answer["kek_bits"], kek.bits, "{case}");
                assert!(
                    answer["targets"]
                        .as_array()
                        .unwrap()
                        .contains(&key.kind.into()),
                    "{case}"
                );
            }
            let generator = answer["generator"].as_str().unwrap();
            assert!(generator.starts_with("keyferry "), "{case}: {generator}");
            assert!(generator.contains(self.generator), "{case}: {generator}");
            assert!(generator.contains(" firmware "), "{case}: {generator}");
        }
    }
}

impl Key {
    fn generate_all(desk: &Desk, kinds: &[&'static str], onlooker: &Onlooker) -> Vec<Self> {
        for kind in kinds {
            let made = desk
                .json(["keygen", "--kind", kind, "--label", kind])
                .success();
            assert_eq!(
                (&made["kind"], &made["transferable"]),
                (&(*kind).into(), &true.into())
            );
        }
        let listed = desk.json(["keys"]).success();
        let listed = listed["keys"].as_array().unwrap();
        assert_eq!(listed.len(), kinds.len());
        let find = |kind: &str| listed.iter().find(|key| key["label"] == kind).unwrap();
        kinds
            .iter()
            .map(|kind| Self::seen(kind, find(kind), onlooker))
            .collect()
    }

    fn seen(kind: &'static str, listed: &Value, onlooker: &Onlooker) -> Self {
        assert_eq!(
            (&listed["kind"], &listed["transferable"]),
            (&kind.into(), &true.into())
        );
        assert_eq!(listed["reasons"], serde_json::json!([]));
        let evidence = if kind.starts_with("AES") {
            assert_eq!(listed["spki"], Value::Null);
            let block = onlooker.ask(&["encrypt", kind, BLOCK]);
            Evidence::Encrypted(block.as_str().unwrap().to_owned())
        } else {
            Evidence::Spki(Base64::decode_vec(listed["spki"].as_str().unwrap()).unwrap())
        };
        Self { kind, evidence }
    }
}

/// The number in a kind's name: bits of a modulus, a field or a key.
fn digits(kind: &str) -> usize {
    let number: String = kind.chars().filter(char::is_ascii_digit).collect();
    number.parse().unwrap()
}

/// AES-ECB of one block, in hexadecimal.
fn aes_ecb(key: &[u8], block: &str) -> String {
    let cipher = format!("-aes-{}-ecb", key.len() * 8);
    let block: Vec<u8> = (0..block.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&block[at..at + 2], 16).unwrap())
        .collect();
    hex(&openssl(&["enc", &cipher, "-nopad", "-K", &hex(key)], &block).unwrap())
}
