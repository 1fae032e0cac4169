#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use keyferry_core::{Admission, Kek, KeyInfo, TokenInfo};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::Error;
use crate::batch::manifest::{Form, Manifest};
use crate::sample::{self, KEK_DOCUMENT, kek};

const VAULT: &str = "https://contosobyok.vault.azure.net";

/// Lets go what no label begins with `locked`.
struct ByLabel(Kek);

impl Judge for ByLabel {
    fn kek(&self) -> &Kek {
        &self.0
    }

    fn judge(&self, key: &KeyInfo) -> Result<Asked, Error> {
        if key.label.starts_with("locked") {
            Err(Error::PolicyRefused {
                path: "/etc/keyferry/policy.toml".to_owned(),
                rule: "allow.key_labels".to_owned(),
                why: "not among the labels".to_owned(),
            })
        } else {
            Ok(Asked::Once)
        }
    }
}

fn key(label: &str, id: &str) -> KeyInfo {
    KeyInfo {
        label: label.to_owned(),
        id: id.to_owned(),
        kind: "P-256".to_owned(),
        transferable: true,
        reasons: Vec::new(),
        spki: Some("AAEC".to_owned()),
    }
}

fn token() -> TokenInfo {
    TokenInfo {
        serial: "7".to_owned(),
        ..sample::token()
    }
}

fn ground() -> VaultGround<ByLabel> {
    VaultGround {
        judge: Ok(ByLabel(kek())),
        document: KEK_DOCUMENT.to_vec(),
        attestation: Some(b"attestation".to_vec()),
    }
}

/// A manifest of these lines, all to one vault, with a header of their columns.
fn manifest(text: &str) -> Manifest {
    let text = format!(
        "vault,kek,{}",
        text.replace("\n#", &format!("\n{VAULT},k,"))
    );
    let none =
        |path: &std::path::Path| Err(Error::unreadable(path, std::io::ErrorKind::NotFound.into()));
    Manifest::parse(
        text.as_bytes(),
        Form::Csv,
        "keys",
        &Admission::default(),
        &none,
    )
    .unwrap()
}

fn planned(text: &str, keys: &[KeyInfo]) -> Plan {
    make(&manifest(text), &token(), keys, &[ground()]).unwrap()
}

fn goes(plan: &Plan) -> Vec<(u32, &str, &str)> {
    plan.lines()
        .iter()
        .map(|line| {
            (
                line.manifest_line,
                line.key.label.as_str(),
                line.name.as_str(),
            )
        })
        .collect()
}

fn stays(plan: &Plan) -> Vec<(u32, String, Vec<&str>)> {
    plan.stays()
        .iter()
        .map(|stay| {
            let label = stay.label.clone().unwrap_or_else(|| stay.wanted.clone());
            (
                stay.manifest_line,
                label,
                stay.reasons.iter().map(|reason| &*reason.code).collect(),
            )
        })
        .collect()
}

#[test]
fn labels_ids_and_globs_find_their_keys_in_an_order_that_the_token_does_not_choose() {
    let mut keys = vec![
        key("b", "02"),
        key("tenant-2", "04"),
        key("a", "01"),
        key("tenant-1", "03"),
    ];
    let text = "label,id,glob,name\n#,,tenant-*,\n#,02,,by-id\n#a,01,,{label}-{id}\n";
    let plan = planned(text, &keys);
    assert_eq!(
        goes(&plan),
        [
            (2, "tenant-1", "tenant-1"),
            (2, "tenant-2", "tenant-2"),
            (3, "b", "by-id"),
            (4, "a", "a-01"),
        ]
    );
    assert!(plan.stays().is_empty());
    let line = plan.line(3).unwrap();
    assert_eq!((line.number, &*line.vault), (3, VAULT));
    assert_eq!(*line.kek_thumbprint_sha256, *kek().thumbprint().to_string());
    assert_eq!(line.key.spki_sha256, Some(SpkiHash::of(&[0, 1, 2])));
    assert_eq!(plan.header().vaults[0].lines, 4);
    keys.reverse();
    assert_eq!(planned(text, &keys), plan);
}

#[test]
fn what_does_not_travel_is_told_with_every_reason() {
    let reason = |code: &str| Reason {
        code: code.to_owned(),
        message: "m".to_owned(),
        advice: "a".to_owned(),
    };
    let stuck = KeyInfo {
        transferable: false,
        reasons: vec![reason("not-extractable"), reason("sensitive")],
        ..key("stuck", "05")
    };
    let odd = KeyInfo {
        kind: "Ed25519".to_owned(),
        ..key("odd", "06")
    };
    let keys = [
        key("twin", "01"),
        key("twin", "02"),
        key("locked-1", "03"),
        key("bad name", "04"),
        stuck,
        odd,
    ];
    let text = "label,glob,ops\n#twin,,\n#gone,,\n#,nothing-*,\n#locked-1,,\n#bad name,,encrypt\n#stuck,,\n#odd,,\n";
    let plan = planned(text, &keys);
    assert!(plan.lines().is_empty() && plan.header().vaults.is_empty());
    let told: Vec<(u32, String, Vec<&str>)> = [
        (2, "twin", vec!["key-ambiguous"]),
        (3, "gone", vec!["key-unknown"]),
        (4, "nothing-*", vec!["glob-matches-nothing"]),
        (5, "locked-1", vec!["policy-refused"]),
        (6, "bad name", vec!["kid-key-name", "import-ops"]),
        (7, "stuck", vec!["not-extractable", "sensitive"]),
        (8, "odd", vec!["kind-unknown"]),
    ]
    .map(|(line, label, codes)| (line, label.to_owned(), codes))
    .into();
    assert_eq!(stays(&plan), told);
    let refused = &plan.stays()[3].reasons[0];
    assert!(refused.message.contains("allow.key_labels"), "{refused:?}");
    assert!(
        plan.stays()
            .iter()
            .flat_map(|stay| &stay.reasons)
            .all(|reason| !reason.advice.is_empty())
    );
}

#[test]
fn two_to_one_name_both_stay_and_so_does_one_key_sent_twice() {
    let keys = [
        key("Pay", "01"),
        key("pay", "02"),
        key("solo", "03"),
        key("free", "04"),
    ];
    let text = "label,glob,name\n#Pay,,\n#pay,,PAY\n#solo,,\n#,so*,\n#free,,\n";
    let plan = planned(text, &keys);
    assert_eq!(goes(&plan), [(6, "free", "free")]);
    let told = stays(&plan);
    let codes: Vec<(u32, &str)> = told
        .iter()
        .map(|(line, _, codes)| (*line, codes[0]))
        .collect();
    assert_eq!(
        codes,
        [
            (2, "name-clash"),
            (3, "name-clash"),
            (4, "key-twice"),
            (5, "key-twice")
        ]
    );
    assert!(plan.stays()[0].reasons[0].message.contains("lines 2, 3"));
    // One glob whose keys all get one name.
    let plan = planned("glob,name\n#*,fixed\n", &keys);
    assert!(plan.lines().is_empty());
    assert!(
        plan.stays()
            .iter()
            .all(|stay| stay.reasons[0].code == "name-clash")
    );
}

#[test]
fn a_kek_that_is_refused_or_of_another_vault_keeps_its_lines_here() {
    let keys = [key("a", "01")];
    let refused = VaultGround {
        judge: Err(Error::AttestationRefused {
            finding: Box::new(keyferry_core::Finding::warning("x", "y", "z")),
        }),
        ..ground()
    };
    let plan = make::<ByLabel>(&manifest("label\n#a\n"), &token(), &keys, &[refused]).unwrap();
    assert_eq!(
        stays(&plan),
        [(2, "a".to_owned(), vec!["attestation-refused"])]
    );
    let text = "vault,kek,label\nhttps://other.vault.azure.net,k,a\n";
    let none =
        |path: &std::path::Path| Err(Error::unreadable(path, std::io::ErrorKind::NotFound.into()));
    let other = Manifest::parse(
        text.as_bytes(),
        Form::Csv,
        "keys",
        &Admission::default(),
        &none,
    )
    .unwrap();
    let plan = make(&other, &token(), &keys, &[ground()]).unwrap();
    assert_eq!(stays(&plan), [(2, "a".to_owned(), vec!["kek-foreign"])]);
}

#[test]
fn too_many_globs_that_begin_with_a_wildcard_are_refused() {
    let mut text = "glob\n".to_owned();
    for number in 0..=MAX_OPEN_GLOBS {
        text.push_str(&format!("#*-{number}\n"));
    }
    let error = make(&manifest(&text), &token(), &[], &[ground()]).unwrap_err();
    assert_eq!(error.code(), "plan-open-globs");
}

#[test]
fn ten_thousand_keys_and_ten_thousand_lines_are_planned_in_seconds() {
    let keys: Vec<KeyInfo> = (0..10_000)
        .map(|number| key(&format!("tenant-{number:05}"), &format!("{number:08x}")))
        .collect();
    let mut text = "label,id,glob\n".to_owned();
    for number in 0..10_000 {
        text.push_str(&match number % 3 {
            0 => format!("#tenant-{number:05},,\n"),
            1 => format!("#,{number:08x},\n"),
            _ => format!("#,,tenant-{number:05}*\n"),
        });
    }
    let manifest = manifest(&text);
    let begun = Instant::now();
    let plan = make(&manifest, &token(), &keys, &[ground()]).unwrap();
    assert_eq!((plan.lines().len(), plan.stays().len()), (10_000, 0));
    // Seconds even unoptimised; a look at all keys for each line would be a hundred million.
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
}

/// A plan with something in every member.
fn full() -> Plan {
    let keys = [key("a", "01"), key("locked", "02"), key("b", "03")];
    let text = "label,name,ops,tags,enabled,not_before,expires\n#a,one,sign,env=prod,false,1,2\n#locked,two,,,,,\n#b,,,,,,\n";
    let mut plan = planned(text, &keys);
    let mut lines = plan.lines().to_vec();
    lines[0].wishes = PlanWishes {
        release_policy: Some("{}".to_owned()),
        ..PlanWishes::clone(&lines[0].wishes)
    }
    .into();
    plan = Plan::of(plan.header().clone(), lines).unwrap();
    plan
}

/// Every place in a document that holds a plain value.
fn leaves(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves(member, format!("{path}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, format!("{path}/{index}"), found);
            }
        }
        _ => found.push(path),
    }
}

#[test]
fn a_plan_comes_back_from_json_and_any_changed_member_changes_its_hash() {
    let plan = full();
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(Plan::from_json(json.to_string().as_bytes()).unwrap(), plan);
    let mut places = Vec::new();
    leaves(&json, String::new(), &mut places);
    assert!(places.len() > 50, "{}", places.len());
    for place in places {
        // Words for people; the KEK's document, held to its thumbprint when it is used; a count.
        let unbound = place.ends_with("/message")
            || place.ends_with("/advice")
            || place.starts_with("/vaults/0/kek") && place.ends_with("/kek")
            || place == "/vaults/0/lines";
        let mut changed = json.clone();
        let value = changed.pointer_mut(&place).unwrap();
        *value = match &*value {
            Value::Null if place.ends_with("/not_before") || place.ends_with("/expires") => {
                7.into()
            }
            Value::Null if place.ends_with("/ops") => vec!["sign"].into(),
            Value::Null => "x".into(),
            Value::Bool(flag) => (!flag).into(),
            Value::Number(number) => (number.as_i64().unwrap() + 1).into(),
            Value::String(text) if text == "once" => "nobody".into(),
            Value::String(text) if text == "P-256" => "P-384".into(),
            Value::String(text) if place == "/hash" => text.replace(|_: char| true, "0").into(),
            Value::String(text) => format!("{text}0").into(),
            other => panic!("{other}"),
        };
        let read = Plan::from_json(changed.to_string().as_bytes());
        assert_eq!(read.is_ok(), unbound, "{place}");
        if let Err(error) = read {
            let form = ["/number", "/plan_version", "/spki_sha256"]
                .iter()
                .any(|end| place.ends_with(end));
            assert_eq!(
                error.code(),
                if form { "plan-form" } else { "plan-hash" },
                "{place}"
            );
        }
    }
    let mut more = json.clone();
    more["surprise"] = 1.into();
    assert_eq!(
        Plan::from_json(more.to_string().as_bytes())
            .unwrap_err()
            .code(),
        "plan-form"
    );
}

#[test]
fn the_hash_is_sha256_over_the_form_that_is_documented() {
    // As docs/batch.md says it, written out by hand.
    let plan = planned("label\n#a\n", &[key("a", "01")]);
    let thumbprint = kek().thumbprint().to_string();
    let kid = kek().kid().as_str().to_owned();
    let attestation = crate::digest::sha256_hex(b"YXR0ZXN0YXRpb24=");
    let spki = crate::digest::sha256_hex(&[0, 1, 2]);
    let text = format!(
        concat!(
            "keyferry batch plan 1\n",
            r#"token {{"label":"token","serial":"7","software":false}}"#,
            "\n",
            r#"vault {{"url":"{vault}","kid":"{kid}","kek_thumbprint_sha256":"{thumbprint}","kek_bits":3072,"attestation_sha256":"{attestation}"}}"#,
            "\n",
            r#"goes {{"number":1,"manifest_line":2,"key":{{"label":"a","id":"01","kind":"P-256","spki_sha256":"{spki}"}},"vault":"{vault}","name":"a","kid":"{kid}","kek_thumbprint_sha256":"{thumbprint}","asked":"once","wishes":{{"ops":null,"tags":{{}},"enabled":true,"not_before":null,"expires":null,"release_policy":null}}}}"#,
            "\n",
        ),
        vault = VAULT,
        kid = kid,
        thumbprint = thumbprint,
        attestation = attestation,
        spki = spki,
    );
    assert_eq!(
        plan.hash().to_string(),
        crate::digest::sha256_hex(text.as_bytes())
    );
}

#[test]
fn a_plans_kek_is_examined_again_and_held_to_what_was_planned() {
    let plan = full();
    let admission = Admission::default();
    let vault = &plan.header().vaults[0];
    assert_eq!(
        vault.kek(&admission, None).unwrap().thumbprint(),
        kek().thumbprint()
    );
    assert_eq!(
        vault.attestation().unwrap().as_deref(),
        Some(&b"attestation"[..])
    );
    let mut other = vault.clone();
    other.kek_thumbprint_sha256 = "0".repeat(64);
    assert_eq!(other.kek(&admission, None).unwrap_err().code(), "plan-form");
    other.kek = "!".to_owned();
    assert_eq!(other.kek(&admission, None).unwrap_err().code(), "plan-form");
}

proptest! {
    #[test]
    fn the_same_plan_has_the_same_hash_and_another_has_another(
        one in any::<(String, String, String, BTreeMap<String, String>)>(),
        other in any::<(String, String, String, BTreeMap<String, String>)>(),
    ) {
        let with = |(label, id, name, tags): &(String, String, String, BTreeMap<String, String>)| {
            let plan = full();
            let mut lines = plan.lines().to_vec();
            lines[0].key.label.clone_from(label);
            lines[0].key.id.clone_from(id);
            lines[0].name.clone_from(name);
            lines[0].wishes = PlanWishes {
                tags: tags.clone(),
                ..PlanWishes::clone(&lines[0].wishes)
            }
            .into();
            Plan::of(plan.header().clone(), lines).unwrap()
        };
        prop_assert_eq!(with(&one).hash(), with(&one.clone()).hash());
        prop_assert_eq!(one == other, with(&one).hash() == with(&other).hash());
        let json = serde_json::to_string(&with(&one)).unwrap();
        prop_assert_eq!(Plan::from_json(json.as_bytes()).unwrap(), with(&one));
    }
}
