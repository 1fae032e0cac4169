//! Every HSM of the vendors' table, played by the simulated module: what the doctor says of it, the
//! keys that travel from it and open, and the words where they do not.
//!
//! A scenario is what was published of the HSM, or is marked `assumed`; none of it is hardware.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;

use keyferry_tests::transfer::{EcExtras, PrivateValue, Source, Traits};
use keyferry_tests::{Desk, Kek, Simulated};
use serde_json::Value;

/// One kind of each family.
const KINDS: [&str; 3] = ["RSA-2048", "P-256", "AES-256"];

/// What has to come of a scenario.
struct Vendor {
    scenario: &'static str,
    /// The profile that is recognised.
    profile: Option<&'static str>,
    /// Each strategy that the token lists, and how its self-test comes out.
    strategies: &'static [(&'static str, &'static str)],
    /// The kinds that travel, and by which strategy.
    travels: (&'static str, &'static [&'static str]),
    /// The kinds that do not, with the refusal's code and a part of what it says.
    stays: &'static [(&'static str, &'static str, &'static str)],
    /// A finding of the doctor's that a person needs here.
    finding: Option<&'static str>,
}

const NO_KEY_WRAP: &[(&str, &str, &str)] = &[
    ("RSA-2048", "no-wrap-mechanism", "RFC 5649"),
    ("P-256", "no-wrap-mechanism", "RFC 5649"),
    ("AES-256", "no-wrap-mechanism", "RFC 5649"),
];

const NOTHING: (&str, &[&str]) = ("", &[]);

/// Each is a test of its own, called as its scenario.
macro_rules! vendors {
    ($($name:ident: $vendor:expr;)*) => {
        const SCENARIOS: &[&str] = &[$($vendor.scenario),*];
        $(
            #[test]
            fn $name() {
                $vendor.play();
            }
        )*
    };
}

vendors! {
    thales_luna: Vendor {
        scenario: "thales-luna",
        profile: Some("thales-luna"),
        strategies: &[("oaep+luna-kwp", "exact")],
        travels: ("oaep+luna-kwp", &KINDS),
        stays: &[],
        finding: Some("luna-private-key-wrapping"),
    };
    thales_luna_whose_partition_clones: Vendor {
        scenario: "thales-luna-cloning",
        profile: Some("thales-luna"),
        strategies: &[("oaep+luna-kwp", "failed")],
        travels: ("oaep+luna-kwp", &["AES-256"]),
        stays: &[
            ("RSA-2048", "self-test-failed", "policy 1"),
            ("P-256", "self-test-failed", "policy 1"),
        ],
        finding: Some("luna-private-key-wrapping"),
    };
    thales_luna_with_older_firmware: Vendor {
        scenario: "thales-luna-7.3",
        profile: Some("thales-luna"),
        strategies: &[("oaep+luna-kwp", "exact")],
        travels: ("oaep+luna-kwp", &KINDS),
        stays: &[("RSA-4096", "pkcs11-call-failed", "firmware 7.4")],
        finding: Some("luna-firmware-rsa-4096"),
    };
    entrust_nshield: Vendor {
        scenario: "entrust-nshield",
        profile: Some("entrust-nshield"),
        strategies: &[("oaep+kwp", "exact"), ("oaep+aes-wrap-pad", "exact")],
        travels: ("oaep+kwp", &KINDS),
        stays: &[],
        finding: Some("nshield-slots"),
    };
    entrust_nshield_without_sha_1: Vendor {
        scenario: "entrust-nshield-fips",
        profile: Some("entrust-nshield"),
        strategies: &[("oaep+kwp", "failed"), ("oaep+aes-wrap-pad", "failed")],
        travels: NOTHING,
        stays: &[
            ("RSA-2048", "self-test-failed", "SHA-1"),
            ("AES-256", "self-test-failed", "SHA-1"),
        ],
        finding: None,
    };
    ncipher_of_old: Vendor {
        scenario: "ncipher",
        profile: Some("entrust-nshield"),
        strategies: &[("oaep+aes-wrap-pad", "exact")],
        travels: ("oaep+aes-wrap-pad", &KINDS),
        stays: &[],
        finding: None,
    };
    fortanix_dsm_without_kwp: Vendor {
        scenario: "fortanix-dsm",
        profile: Some("fortanix-dsm"),
        strategies: &[],
        travels: NOTHING,
        stays: NO_KEY_WRAP,
        finding: Some("fortanix-export-permission"),
    };
    fortanix_dsm_with_kwp: Vendor {
        scenario: "fortanix-dsm-kwp",
        profile: Some("fortanix-dsm"),
        strategies: &[("oaep+kwp", "exact")],
        travels: ("oaep+kwp", &KINDS),
        stays: &[],
        finding: Some("fortanix-export-permission"),
    };
    futurex: Vendor {
        scenario: "futurex",
        profile: Some("futurex"),
        strategies: &[("oaep+kwp", "exact")],
        travels: ("oaep+kwp", &KINDS),
        stays: &[],
        finding: None,
    };
    ibm_cca: Vendor {
        scenario: "ibm-cca",
        profile: Some("ibm"),
        strategies: &[("rsa-aes-key-wrap", "failed")],
        travels: ("rsa-aes-key-wrap", &["AES-256"]),
        stays: &[
            ("RSA-2048", "self-test-failed", "does not wrap keys of this kind"),
            ("P-256", "self-test-failed", "does not wrap keys of this kind"),
        ],
        finding: Some("ibm-export-by-ekmf"),
    };
    ibm_ep11: Vendor {
        scenario: "ibm-ep11",
        profile: Some("ibm"),
        strategies: &[],
        travels: NOTHING,
        stays: NO_KEY_WRAP,
        finding: Some("ibm-export-by-ekmf"),
    };
    opencryptoki_in_software: Vendor {
        scenario: "opencryptoki-soft",
        profile: None,
        strategies: &[],
        travels: NOTHING,
        stays: NO_KEY_WRAP,
        finding: None,
    };
    marvell_liquidsecurity: Vendor {
        scenario: "marvell-liquidsecurity",
        profile: Some("marvell-liquidsecurity"),
        strategies: &[("oaep+cavium-kwp", "exact")],
        travels: ("oaep+cavium-kwp", &KINDS),
        stays: &[],
        finding: Some("marvell-owner-wraps"),
    };
    aws_cloudhsm: Vendor {
        scenario: "aws-cloudhsm",
        profile: Some("aws-cloudhsm"),
        strategies: &[("rsa-aes-key-wrap", "exact"), ("oaep+cavium-kwp", "exact")],
        travels: ("rsa-aes-key-wrap", &KINDS),
        stays: &[],
        finding: Some("cloudhsm-not-listed"),
    };
    securosys_primus: Vendor {
        scenario: "securosys-primus",
        profile: Some("securosys-primus"),
        strategies: &[("oaep+aes-wrap-pad", "exact")],
        travels: ("oaep+aes-wrap-pad", &KINDS),
        stays: &[],
        finding: Some("securosys-key-export"),
    };
    securosys_primus_without_export: Vendor {
        scenario: "securosys-primus-no-export",
        profile: Some("securosys-primus"),
        strategies: &[("oaep+aes-wrap-pad", "failed")],
        travels: NOTHING,
        stays: &[("P-256", "self-test-failed", "key_export")],
        finding: Some("securosys-key-export"),
    };
    utimaco: Vendor {
        scenario: "utimaco",
        profile: Some("utimaco"),
        strategies: &[("oaep+aes-wrap-pad", "exact")],
        travels: ("oaep+aes-wrap-pad", &KINDS),
        stays: &[],
        finding: Some("utimaco-minimal-templates"),
    };
    utimaco_whose_oaep_only_encrypts: Vendor {
        scenario: "utimaco-encrypts",
        profile: Some("utimaco"),
        strategies: &[],
        travels: NOTHING,
        stays: NO_KEY_WRAP,
        finding: Some("utimaco-minimal-templates"),
    };
    yubihsm_2: Vendor {
        scenario: "yubihsm-2",
        profile: Some("yubihsm-2"),
        strategies: &[("rsa-aes-key-wrap", "exact")],
        travels: ("rsa-aes-key-wrap", &KINDS),
        stays: &[],
        finding: Some("yubihsm-exportable-under-wrap"),
    };
    yubihsm_2_with_another_hash: Vendor {
        scenario: "yubihsm-2-sha256",
        profile: Some("yubihsm-2"),
        strategies: &[("rsa-aes-key-wrap", "wrong-hash")],
        travels: NOTHING,
        stays: &[("P-256", "self-test-failed", "wrong-hash")],
        finding: Some("yubihsm-exportable-under-wrap"),
    };
}

impl Vendor {
    fn play(&self) {
        let token = Simulated::named(self.scenario);
        let desk = token.desk();
        let (strategy, kinds) = self.travels;
        let traits = Traits {
            strategy: strategy.to_owned(),
            self_test: "exact".to_owned(),
            private_value: PrivateValue::Stripped,
            ec_extras: EcExtras::None,
            generator: String::new(),
        };
        let source = Source::new(desk, token.onlooker(), traits, kinds);
        let folder = tempfile::tempdir().unwrap();
        for key in &source.keys {
            source.transfer(key, Kek::shared(2048), folder.path());
        }
        for stays in self.stays {
            refuse(&source.desk, *stays);
        }
        self.consult_the_doctor(&source.desk);
    }

    fn consult_the_doctor(&self, desk: &Desk) {
        let answer = desk.json(["doctor", "--self-test"]);
        let travels = !self.travels.1.is_empty();
        assert_eq!(answer.code, Some(i32::from(!travels)), "{}", answer.all());
        let told = answer.object();
        assert_eq!(
            told["profile"]["name"].as_str(),
            self.profile,
            "{}",
            told["profile"]
        );
        let listed: Vec<_> = array(&told["strategies"])
            .iter()
            .filter(|strategy| strategy["listed"] == true)
            .map(|strategy| (text(&strategy["name"]), text(&strategy["self_test"])))
            .collect();
        assert_eq!(listed, self.strategies);
        for verdict in array(&told["verdicts"]) {
            let kind = text(&verdict["kind"]);
            let stays = self.stays.iter().any(|(stays, ..)| *stays == kind);
            if self.travels.1.contains(&kind) {
                assert_eq!(verdict["transferable"], true, "{verdict}");
            } else if stays && !travels {
                assert_eq!(verdict["transferable"], false, "{verdict}");
                assert_ne!(verdict["reasons"], serde_json::json!([]), "{verdict}");
            }
        }
        let findings = array(&told["findings"]);
        if let Some(code) = self.finding {
            let finding = findings.iter().find(|finding| finding["code"] == code);
            let finding = finding.unwrap_or_else(|| panic!("no {code}: {}", told["findings"]));
            assert!(text(&finding["advice"]).len() > 10, "{finding}");
        }
    }
}

/// A key of a kind that does not travel is refused with these words, and nothing is written.
fn refuse(desk: &Desk, (kind, code, words): (&str, &str, &str)) {
    let _ = desk
        .json(["keygen", "--kind", kind, "--label", kind])
        .success();
    let folder = tempfile::tempdir().unwrap();
    let (kek, out) = (Kek::shared(2048).az_json(), folder.path().join("key.byok"));
    let wrap = ["wrap", "--yes", "--key", kind, "--kek"];
    let wrap = wrap.iter().copied();
    let answer = desk.json(wrap.chain([kek.to_str().unwrap(), "--out", out.to_str().unwrap()]));
    assert_eq!(answer.refusal(1), code, "{kind}");
    assert!(answer.stdout.contains(words), "{kind}: {}", answer.stdout);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Cryptomathic's and StorMagic's key managers have no library: what there is beneath them is used by
/// its own vendor's, and the profile leads the way to their own export.
#[test]
fn a_key_manager_leads_to_its_own_export_and_hinders_no_hsm_beneath() {
    for (manager, beneath) in [
        ("cryptomathic-ckms", "thales-luna"),
        ("stormagic-svkms", "utimaco"),
    ] {
        let token = Simulated::named(beneath);
        let desk = token.desk().flag("--profile").flag(manager);
        let told = desk.json(["doctor", "--self-test"]).success();
        assert_eq!(told["profile"]["name"], manager);
        assert_eq!(told["profile"]["kind"], "key-manager");
        let steps = told["profile"]["steps"].to_string();
        for step in ["keyferry inspect", "az keyvault key import"] {
            assert!(steps.contains(step), "{manager}: {steps}");
        }
        let travels = |verdict: &Value| verdict["transferable"] == true;
        assert!(array(&told["verdicts"]).iter().all(travels), "{manager}");
    }
}

/// And the page on HSMs names it, behind "assumed:" if it is.
#[test]
fn every_scenario_of_the_folder_is_played_by_a_test() {
    let folder = keyferry_tests::simulated::scenario("x");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/hsms.md");
    let page = std::fs::read_to_string(page).unwrap();
    for entry in std::fs::read_dir(folder.parent().unwrap()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.strip_suffix(".toml").unwrap();
        let played = SCENARIOS.contains(&name) || name == "one-shot";
        assert!(played, "{name}");
        if name == "one-shot" {
            continue;
        }
        let scenario = std::fs::read_to_string(keyferry_tests::simulated::scenario(name)).unwrap();
        let assumed = scenario.contains("assumed = true");
        let cells = page.lines().filter_map(|line| line.split(" | ").nth(3));
        let named = format!("`{name}`");
        let said = cells.filter_map(|cell| {
            let (published, guessed) = cell.split_once("assumed: ").unwrap_or((cell, ""));
            (published.contains(&named) || guessed.contains(&named))
                .then(|| guessed.contains(&named))
        });
        assert!(said.collect::<Vec<_>>().contains(&assumed), "{name}");
    }
}

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
