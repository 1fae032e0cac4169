//! What the product says of a transfer: its answer, its record, its reader.

use std::path::Path;

use serde_json::Value;

use super::{Key, Source};
use crate::kek::sha256;
use crate::{Kek, audit_chain};

impl Source {
    pub(super) fn check_answer(
        &self,
        answer: &Value,
        path: &Path,
        key: &Key,
        kek: &Kek,
        length: usize,
    ) {
        let file = std::fs::read(path).unwrap();
        assert_eq!(answer["file"], path.to_str().unwrap());
        assert_eq!(answer["sha256"], sha256(&file));
        assert_eq!(answer["kid"], kek.kid());
        assert_eq!(answer["kek_thumbprint_sha256"], kek.thumbprint());
        assert_eq!(answer["target"], key.kind.as_str());
        assert_eq!(answer["strategy"], self.traits.strategy.as_str());
        assert_eq!(answer["ciphertext_bytes"], length, "{}", key.kind);
    }

    /// The audit log's last two lines.
    pub(super) fn check_record(&self, key: &Key, thumbprint: &str, case: &str) {
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
            assert_eq!(line["key_label"], key.label.as_str(), "{case}");
            assert_eq!(line["kek_thumbprint_sha256"], thumbprint, "{case}");
            assert_eq!(line["strategy"], self.traits.strategy.as_str(), "{case}");
            assert_eq!(
                line["self_test"],
                self.traits.self_test(&key.kind),
                "{case}"
            );
            assert_eq!(line["approval"], "by-flag", "{case}");
        }
    }

    /// The product's own reader has to come to the same end, with the KEK and without.
    pub(super) fn inspect(&self, file: &str, key: &Key, kek: &Kek, length: usize) {
        let case = format!("{} under {} bits", key.kind, kek.bits);
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
                let targets = answer["targets"].as_array().unwrap();
                assert!(targets.contains(&key.kind.as_str().into()), "{case}");
            }
            let generator = answer["generator"].as_str().unwrap();
            assert!(generator.starts_with("keyferry "), "{case}: {generator}");
            assert!(
                generator.contains(&self.traits.generator),
                "{case}: {generator}"
            );
            assert!(generator.contains(" firmware "), "{case}: {generator}");
        }
    }
}
