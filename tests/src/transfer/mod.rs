//! The main job, on any token: a key leaves it through the command line, and the file that comes out
//! is opened by `openssl` with the KEK's private key and holds that same key.
//!
//! What a token does differently is asserted as what it is ([`Traits`]), not forgiven.

mod answer;
mod key;
mod traits;

use std::path::Path;

pub use key::{Evidence, Key};
pub use traits::{EcExtras, PrivateValue, Traits};

use crate::private_key_info::PrivateKeyInfo;
use crate::{Desk, Kek, Onlooker, audit_chain, opener, p521};

/// The kinds of every token's suite.
pub const KINDS: [&str; 9] = [
    "RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384", "P-521", "AES-128", "AES-192", "AES-256",
];
/// The one that some tokens lack.
pub const SECP256K1: &str = "P-256K";
/// The sizes of KEK that Azure has, in bits.
pub const KEK_BITS: [usize; 3] = [2048, 3072, 4096];

/// A token with keys that can travel, and what is known of it.
pub struct Source {
    /// Whoever uses the token.
    pub desk: Desk,
    /// The same token, seen without the product.
    pub onlooker: Onlooker,
    /// What it does differently.
    pub traits: Traits,
    /// What every label of this run begins with.
    pub prefix: String,
    /// Its keys.
    pub keys: Vec<Key>,
}

impl Source {
    /// A token without keys, which gets one of each of `kinds`.
    #[must_use]
    pub fn new(desk: Desk, onlooker: Onlooker, traits: Traits, kinds: &[&str]) -> Self {
        let mut source = Self {
            desk,
            onlooker,
            traits,
            prefix: String::new(),
            keys: Vec::new(),
        };
        source.make(kinds);
        source
    }

    /// Makes a key of each kind and looks at it; the list must show these and no others of this run.
    pub fn make(&mut self, kinds: &[&str]) {
        for kind in kinds {
            let label = format!("{}{kind}", self.prefix);
            let made = if *kind == "P-521" && self.traits.private_value == PrivateValue::Stripped {
                p521::make(&self.desk, &self.onlooker, &label, &[])
            } else {
                let keygen = ["keygen", "--kind", kind, "--label", &label];
                self.desk.json(keygen).success()
            };
            assert_eq!(
                (&made["kind"], &made["transferable"]),
                (&(*kind).into(), &true.into())
            );
        }
        let listed = self.desk.json(["keys"]).success();
        let own: Vec<_> = listed["keys"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|key| key["label"].as_str().unwrap().starts_with(&self.prefix))
            .collect();
        assert_eq!(own.len(), self.keys.len() + kinds.len(), "{listed}");
        for kind in kinds {
            let label = format!("{}{kind}", self.prefix);
            let shown = own.iter().find(|key| key["label"] == label.as_str());
            self.keys
                .push(Key::seen(kind, &label, shown.unwrap(), &self.onlooker));
        }
    }

    /// Takes up a key that was made, as the product lists it.
    pub fn take_up(&mut self, kind: &str, label: &str) {
        let listed = self.desk.json(["keys"]).success();
        let listed = listed["keys"].as_array().unwrap();
        let shown = listed.iter().find(|key| key["label"] == label);
        let shown = shown.expect("the key that was made is listed");
        self.keys
            .push(Key::seen(kind, label, shown, &self.onlooker));
    }

    /// Every key under every size of KEK.
    pub fn transfer_all(&self) {
        let folder = tempfile::tempdir().unwrap();
        let count = |event: &str| {
            let log = audit_chain::read(self.desk.state()).unwrap();
            log.iter().filter(|line| line["event"] == event).count()
        };
        let counts = || [count("wrap-intent"), count("wrap-outcome")];
        let before = counts();
        for bits in KEK_BITS {
            for key in &self.keys {
                self.transfer(key, Kek::shared(bits), folder.path());
            }
        }
        let wraps = KEK_BITS.len() * self.keys.len();
        assert_eq!(counts(), before.map(|lines| lines + wraps));
    }

    /// One key under one KEK: wrapped, opened, compared, and looked up in record and reader.
    pub fn transfer(&self, key: &Key, kek: &Kek, folder: &Path) {
        let case = format!("{} under {} bits", key.kind, kek.bits);
        let path = folder.join(format!("{}-{}.byok", key.kind, kek.bits));
        let out = path.to_str().unwrap();
        let thumbprint = kek.thumbprint();
        let answer = self.desk.wrap(&key.label, kek, &path, &[]).success();

        let file = std::fs::read(&path).unwrap();
        let opened = opener::open(&file, &kek.private_pem(), kek.bytes())
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(opened.kid, kek.kid(), "{case}");
        self.compare(key, &opened.plaintext, &case);
        let length = kek.bytes() + opened.plaintext.len().next_multiple_of(8) + 8;
        self.check_answer(&answer, &path, key, kek, length);
        self.check_record(key, &thumbprint, &case);
        self.inspect(out, key, kek, length);
    }

    /// The plaintext against what the token showed.
    fn compare(&self, key: &Key, plaintext: &[u8], case: &str) {
        let Evidence::Spki(spki) = &key.evidence else {
            return key.compare_secret(plaintext, case);
        };
        let info = PrivateKeyInfo::parse(plaintext).unwrap();
        let zeros = self.traits.trailing_zeros(info.der_length());
        assert_eq!(
            info.trailing,
            vec![0; zeros],
            "{case}: what follows the DER"
        );
        assert_eq!(&info.public_half().unwrap(), spki, "{case}");
        if let Some(ec) = &info.ec {
            let bytes = key.bits().div_ceil(8);
            self.traits.check_ec(ec, bytes, case);
            assert_eq!(&ec.public_half(bytes).unwrap(), spki, "{case}");
        }
    }
}
