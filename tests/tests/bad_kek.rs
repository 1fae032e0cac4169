//! Documents that are no KEK: `kek` says so with a finding, `wrap` refuses with the same code before
//! it asks anything of a token, and nothing secret in them is repeated.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use keyferry_tests::tool::openssl;
use keyferry_tests::{Desk, Kek};
use serde_json::{Value, json};
use tempfile::TempDir;

#[test]
fn refuses_documents_that_describe_no_kek() {
    let good = Kek::shared(2048);
    let lookalike = format!(
        "https://contoso.vault.azure.net.evil.example/keys/KEK/{:032x}",
        1
    );
    let ec = json!({"kty": "EC-HSM", "crv": "P-256", "key_ops": ["import"], "kid": good.kid(),
        "x": "A".repeat(43), "y": "A".repeat(43)});
    let utf16: Vec<u8> = good
        .az_document()
        .to_string()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let random: Vec<u8> = (0..4096_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "1024 bits",
            bytes(&Kek::shared(1024).az_document()),
            "kek-size",
        ),
        ("EC by JSON", bytes(&ec), "kek-ec"),
        (
            "more ops than import",
            bent("/key/keyOps", json!(["import", "wrapKey"])),
            "kek-key-ops",
        ),
        ("no ops", bent("/key/keyOps", json!([])), "kek-key-ops"),
        ("not in an HSM", bent("/key/kty", json!("RSA")), "kek-kty"),
        (
            "disabled",
            bent("/attributes/enabled", json!(false)),
            "kek-disabled",
        ),
        (
            "look-alike host",
            bent("/key/kid", json!(lookalike)),
            "kid-host",
        ),
        (
            "http kid",
            bent("/key/kid", json!(good.kid().replace("https", "http"))),
            "kid-not-https",
        ),
        (
            "exponent 3",
            bent("/key/e", json!("Aw==")),
            "kek-exponent-small",
        ),
        ("empty", Vec::new(), "kek-empty"),
        ("binary", random, "kek-binary"),
        ("UTF-16 without BOM", utf16, "kek-encoding"),
        ("text", b"not a key".to_vec(), "kek-unrecognised"),
        (
            "truncated",
            bytes(&good.az_document())[..200].to_vec(),
            "kek-truncated",
        ),
        ("certificate", certificate(), "kek-certificate"),
    ];
    for (name, document, code) in cases {
        let case = Case::new(&document);
        assert_eq!(case.kek(&[]), [code], "{name}");
        assert_eq!(case.wrap(&[]), code, "{name}");
    }
}

#[test]
fn refuses_ec_keys_and_small_keys_as_pem() {
    let ec = openssl(
        &["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
        b"",
    )
    .unwrap();
    let ec = openssl(&["ec", "-pubout"], &ec).unwrap();
    let small = std::fs::read(Kek::shared(1024).public_pem()).unwrap();
    let kid = Kek::shared(2048).kid();
    for (document, code) in [(ec, "kek-ec"), (small, "kek-size")] {
        let case = Case::new(&document);
        assert_eq!(case.kek(&["--kid", &kid]), [code]);
        assert_eq!(case.wrap(&["--kid", &kid]), code);
    }
}

#[test]
fn refuses_private_keys_and_repeats_nothing_of_them() {
    let rsa = std::fs::read(Kek::shared(2048).private_pem()).unwrap();
    let text = String::from_utf8(rsa.clone()).unwrap();
    let pkcs1 = openssl(&["rsa", "-traditional"], &rsa).unwrap();
    let der = openssl(&["rsa", "-outform", "DER"], &rsa).unwrap();
    let locked = openssl(&["rsa", "-aes256", "-passout", "pass:x"], &rsa).unwrap();
    let ec = openssl(
        &["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
        b"",
    )
    .unwrap();
    let mut jwk = Kek::shared(2048).az_document();
    jwk["key"]["d"] = json!("c2VjcmV0LXNlY3JldC1zZWNyZXQ=");
    for (name, document) in [
        ("PKCS#8", rsa),
        ("PKCS#1", pkcs1),
        ("DER", der),
        ("encrypted", locked),
        ("EC", ec),
        ("JWK", bytes(&jwk)),
    ] {
        let case = Case::new(&document);
        assert_eq!(
            case.kek(&["--kid", &Kek::shared(2048).kid()]),
            ["kek-private-key"],
            "{name}"
        );
        assert_eq!(
            case.wrap(&["--kid", &Kek::shared(2048).kid()]),
            "kek-private-key",
            "{name}"
        );
        let said = case.everything_said();
        assert!(!said.contains("c2VjcmV0"), "{name}: {said}");
        for line in text.lines().filter(|line| !line.starts_with("-----")) {
            assert!(!said.contains(&line[..16]), "{name}: {said}");
        }
        // Every kind of document has lines or bytes of its own besides.
        if let Ok(spoken) = std::str::from_utf8(&document) {
            let lines = spoken
                .lines()
                .filter(|line| line.len() >= 60 && !line.contains('"'));
            for line in lines {
                assert!(!said.contains(&line[..16]), "{name}: {said}");
            }
        }
    }
}

#[test]
fn refuses_a_kid_that_disagrees_with_the_json() {
    let kek = Kek::shared(2048);
    let case = Case::new(&bytes(&kek.az_document()));
    let other = kek.kid().replace("KEK2048", "another");
    assert_eq!(case.kek(&["--kid", &other]), ["kid-disagrees"]);
    assert_eq!(case.wrap(&["--kid", &other]), "kid-disagrees");
    assert_eq!(case.kek(&["--kid", &kek.kid()]), [""; 0]);
}

#[test]
fn refuses_a_pem_of_another_key_beside_the_json() {
    let case = Case::new(&bytes(&Kek::shared(2048).az_document()));
    let same = Kek::shared(2048).public_pem();
    let other = Kek::shared(3072).public_pem();
    let other = other.to_str().unwrap();
    assert_eq!(case.kek(&["--beside", same.to_str().unwrap()]), [""; 0]);
    assert_eq!(case.kek(&["--beside", other]), ["kek-numbers-disagree"]);
    assert_eq!(case.wrap(&["--beside", other]), "kek-numbers-disagree");
}

#[test]
fn a_pem_needs_a_kid_and_says_what_it_cannot_show() {
    let case = Case::new(&std::fs::read(Kek::shared(3072).public_pem()).unwrap());
    assert_eq!(case.kek(&[]), ["kid-missing"]);
    assert_eq!(case.wrap(&[]), "kid-missing");
    let answer = case
        .desk
        .json(["kek", case.file(), "--kid", &Kek::shared(3072).kid()]);
    let verdict = answer.success();
    assert_eq!(verdict["admitted"], true);
    let unchecked: Vec<_> = findings(&verdict, "unchecked");
    for code in [
        "kty-unchecked",
        "key-ops-unchecked",
        "enabled-unchecked",
        "validity-unchecked",
    ] {
        assert!(
            unchecked.contains(&code.to_owned()),
            "{code} in {unchecked:?}"
        );
    }
}

#[test]
fn admits_what_az_prints_in_utf_8_and_utf_16() {
    for bits in [2048, 3072, 4096] {
        let kek = Kek::shared(bits);
        let text = kek.az_document().to_string();
        let little: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_be_bytes)
            .collect();
        for document in [
            text.clone().into_bytes(),
            format!("\u{feff}{text}").into_bytes(),
            little,
            big,
        ] {
            let case = Case::new(&document);
            let verdict = case.desk.json(["kek", case.file()]).success();
            let members: Vec<_> = verdict
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            let mut wanted = [
                "admitted",
                "kid",
                "bits",
                "exponent",
                "thumbprint_sha256",
                "jwk_thumbprint",
                "findings",
            ];
            wanted.sort_unstable();
            assert_eq!(members, wanted);
            assert_eq!(verdict["admitted"], true);
            assert_eq!(
                (&verdict["bits"], &verdict["exponent"]),
                (&bits.into(), &65537.into())
            );
            assert_eq!(verdict["thumbprint_sha256"], kek.thumbprint());
            assert_eq!(verdict["kid"], kek.kid());
            assert_eq!(verdict["jwk_thumbprint"], jwk_thumbprint(kek));
        }
    }
}

/// A file of a gigabyte, most of it a hole: the answer comes at once and from little memory.
#[test]
fn a_huge_file_is_refused_at_once_and_from_little_memory() {
    let case = Case::new(b"{");
    let file = std::fs::File::options()
        .write(true)
        .open(case.file())
        .unwrap();
    file.set_len(1 << 30).unwrap();
    assert_eq!(case.kek(&[]), ["kek-too-large"]);
    assert_eq!(case.wrap(&[]), "kek-too-large");
    let starter = ["sh", "-c", "ulimit -v 600000; exec \"$0\" \"$@\""];
    for verb in ["kek", "inspect"] {
        let begun = std::time::Instant::now();
        let output = case
            .desk
            .detached_by(&starter, [verb, case.file(), "--json"])
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(1),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(begun.elapsed().as_secs() < 30, "{verb}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let case = Case::new(b"");
    for path in ["/nowhere/kek.json", case.folder.path().to_str().unwrap()] {
        for arguments in [&["kek", path][..], &["inspect", path]] {
            assert_eq!(
                case.desk.json(arguments.iter().copied()).refusal(1),
                "file-unreadable"
            );
        }
    }
}

/// One document in a file, and a desk whose token is never reached.
struct Case {
    desk: Desk,
    folder: TempDir,
    document: PathBuf,
    said: std::cell::RefCell<String>,
}

impl Case {
    fn new(document: &[u8]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("document");
        std::fs::write(&path, document).unwrap();
        // A module that is none: whoever gets as far as the token, fails with its error.
        let desk = Desk::embedded().flag("--module").flag("/nowhere/module.so");
        Self {
            desk,
            folder,
            document: path,
            said: std::cell::RefCell::default(),
        }
    }

    fn file(&self) -> &str {
        self.document.to_str().unwrap()
    }

    /// The errors that `kek` finds; its exit code has to agree with them.
    fn kek(&self, more: &[&str]) -> Vec<String> {
        let arguments = || ["kek", self.file()].into_iter().chain(more.iter().copied());
        let answer = self.desk.json(arguments());
        let verdict = answer.object();
        let errors = findings(&verdict, "error");
        assert_eq!(verdict["admitted"], errors.is_empty(), "{verdict}");
        assert_eq!(answer.code, Some(i32::from(!errors.is_empty())));
        let in_words = self.desk.run(arguments());
        assert_eq!(in_words.code, answer.code);
        *self.said.borrow_mut() += &(answer.all() + &in_words.all());
        errors
    }

    /// The code with which `wrap` refuses; it leaves nothing.
    fn wrap(&self, more: &[&str]) -> String {
        let out = self.folder.path().join("key.byok");
        let fixed = [
            "wrap",
            "--yes",
            "--key",
            "x",
            "--kek",
            self.file(),
            "--out",
            text(&out),
        ];
        let arguments = || fixed.into_iter().chain(more.iter().copied());
        let answer = self.desk.json(arguments());
        let code = answer.refusal(1);
        let in_words = self.desk.run(arguments());
        assert_eq!(in_words.code, Some(1));
        assert!(
            in_words.stderr.contains(&format!("error[{code}]: ")),
            "{}",
            in_words.stderr
        );
        assert!(
            in_words.stderr.contains("\n  help: "),
            "{}",
            in_words.stderr
        );
        *self.said.borrow_mut() += &(answer.all() + &in_words.all());
        assert!(!out.exists());
        code
    }

    fn everything_said(&self) -> String {
        self.said.borrow().clone()
    }
}

/// The codes of a severity; every finding has to say something and advise something.
fn findings(verdict: &Value, severity: &str) -> Vec<String> {
    let all = verdict["findings"].as_array().unwrap();
    for finding in all {
        for member in ["message", "advice"] {
            assert!(finding[member].as_str().unwrap().len() > 10, "{finding}");
        }
    }
    let of = all.iter().filter(|finding| finding["severity"] == severity);
    of.map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

/// The good document with one member changed.
fn bent(pointer: &str, value: Value) -> Vec<u8> {
    let mut document = Kek::shared(2048).az_document();
    *document.pointer_mut(pointer).unwrap() = value;
    bytes(&document)
}

fn bytes(document: &Value) -> Vec<u8> {
    document.to_string().into_bytes()
}

fn certificate() -> Vec<u8> {
    let key = Kek::shared(2048).private_pem();
    let request = [
        "req",
        "-x509",
        "-new",
        "-key",
        text(&key),
        "-subj",
        "/CN=KEK",
        "-days",
        "2",
    ];
    openssl(&request, b"").unwrap()
}

/// RFC 7638 §3: SHA-256 over `{"e":…,"kty":"RSA","n":…}`, base64url without padding.
fn jwk_thumbprint(kek: &Kek) -> String {
    let url = |text: &str| {
        text.replace('+', "-")
            .replace('/', "_")
            .trim_end_matches('=')
            .to_owned()
    };
    let document = kek.az_document();
    let n = url(document["key"]["n"].as_str().unwrap());
    let canonical = format!("{{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"{n}\"}}");
    let digest = openssl(&["dgst", "-sha256", "-binary"], canonical.as_bytes()).unwrap();
    let base64 = openssl(&["base64", "-A"], &digest).unwrap();
    url(&String::from_utf8(base64).unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
