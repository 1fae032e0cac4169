//! A batch that is done, held against the token, the files, the record and the ledger's report: each key once, each file
//! opened and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use base64ct::Encoding as _;
use serde_json::Value;

use crate::kek::sha256;
use crate::transfer::Key;
use crate::{Kek, ManyKeys, audit_chain, opener};

/// Bridges that worked off one plan, each with its own folder and its own record.
pub struct WholeBatch<'a> {
    kek: &'a Kek,
    bridges: Vec<&'a ManyKeys>,
}

/// What a bridge is found to have done: numbers of the plan's lines.
pub type Done = BTreeSet<u64>;

impl<'a> WholeBatch<'a> {
    /// One plan to one KEK, by these bridges.
    #[must_use]
    pub fn by(bridges: &[&'a ManyKeys], kek: &'a Kek) -> Self {
        Self {
            kek,
            bridges: bridges.to_vec(),
        }
    }

    /// Checks everything, and gives what each bridge did.
    ///
    /// # Panics
    /// At the first thing that is not as it should be.
    #[must_use]
    pub fn check(&self) -> Vec<Done> {
        let first = self.bridges[0];
        let report = first.report();
        let counts = &report["counts"];
        for (name, expected) in [
            ("done", first.count),
            ("failed", 0),
            ("held", 0),
            ("open", 0),
        ] {
            assert_eq!(counts[name], expected, "{name}: {counts}");
        }
        let lines = report["lines"].as_array().unwrap();
        assert_eq!(lines.len(), first.count);
        for bridge in &self.bridges[1..] {
            let other = bridge.report();
            assert_eq!(other["counts"], report["counts"]);
            assert_eq!(other["lines"], report["lines"]);
        }

        let records: Vec<Vec<Value>> = self.bridges.iter().map(|one| record(one)).collect();
        let mut done = vec![Done::new(); self.bridges.len()];
        let mut names = BTreeSet::new();
        let mut to_open = Vec::new();
        for line in lines {
            assert_eq!(line["step"], "done", "{line}");
            assert_eq!(line.get("error"), None, "{line}");
            let name = line["file"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} twice");
            let digest = line["file_sha256"].as_str().unwrap();
            // By what it holds: another bridge may have wrapped the same key and lost its claim.
            let mut holders = self.bridges.iter().enumerate().filter_map(|(at, bridge)| {
                let file = fs::read(bridge.out().join(name)).ok()?;
                (sha256(&file) == digest).then_some((at, file))
            });
            let (at, file) = holders.next().unwrap_or_else(|| panic!("no file: {line}"));
            assert!(holders.next().is_none(), "{name} is in two folders");
            assert!(done[at].insert(line["number"].as_u64().unwrap()));
            self.check_record(&records[at], line, &file);
            to_open.push((line["key"]["label"].as_str().unwrap().to_owned(), file));
        }
        self.open_all(&to_open);
        for bridge in &self.bridges {
            for entry in fs::read_dir(bridge.out()).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(!name.ends_with(".part"), "{name}");
            }
        }
        done
    }

    /// The record's line that the ledger names is this wrap's.
    fn check_record(&self, record: &[Value], line: &Value, file: &[u8]) {
        let seq = usize::try_from(line["record"].as_u64().unwrap()).unwrap();
        let own = &record[seq - 1];
        let file: Value = serde_json::from_slice(file).unwrap();
        let ciphertext =
            base64ct::Base64UrlUnpadded::decode_vec(file["ciphertext"].as_str().unwrap());
        for (name, expected) in [
            ("event", "wrap-outcome"),
            ("outcome", "done"),
            ("key_label", line["key"]["label"].as_str().unwrap()),
            ("kid", &self.kek.kid()),
            ("ciphertext_sha256", &sha256(&ciphertext.unwrap())),
        ] {
            assert_eq!(own[name], expected, "{name}: {own}");
        }
    }

    /// Opens each file with the KEK's private key, and compares it with the token's key of that label.
    fn open_all(&self, files: &[(String, Vec<u8>)]) {
        let held = self.held();
        let share = files.len().div_ceil(2);
        std::thread::scope(|scope| {
            for files in files.chunks(share) {
                let held = &held;
                scope.spawn(move || {
                    for (label, file) in files {
                        let private = self.kek.private_pem();
                        let opened = opener::open(file, &private, self.kek.bytes()).unwrap();
                        assert_eq!(opened.kid, self.kek.kid());
                        held[label].compare(&opened.plaintext);
                    }
                });
            }
        });
    }

    fn held(&self) -> BTreeMap<String, Key> {
        let first = self.bridges[0];
        let onlooker = first.onlooker();
        let listed = first.desk.json(["keys"]).success();
        let keys = listed["keys"].as_array().unwrap().iter().map(|key| {
            let (kind, label) = (
                key["kind"].as_str().unwrap(),
                key["label"].as_str().unwrap(),
            );
            (label.to_owned(), Key::seen(kind, label, key, &onlooker))
        });
        keys.collect()
    }
}

/// The record, which holds by our own reading and by the product's.
fn record(bridge: &ManyKeys) -> Vec<Value> {
    let verdict = bridge.desk.json(["audit", "verify"]);
    assert_eq!(verdict.code, Some(0), "{}", verdict.all());
    audit_chain::read(bridge.desk.state()).unwrap()
}
