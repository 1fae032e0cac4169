#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keyferry_core::{Admission, KeyInfo};
use proptest::prelude::*;

use super::*;
use crate::Error;

const VAULT: &str = "https://contoso.vault.azure.net";

fn files(path: &Path) -> Result<Vec<u8>, Error> {
    match path.to_str().unwrap() {
        "policy.json" => Ok(br#"{"version":"1.0.0","anyOf":[]}"#.to_vec()),
        "huge.json" => Ok(vec![b' '; 70_000]),
        "latin.json" => Ok(b"{\"\xe9\":1}".to_vec()),
        _ => Err(Error::unreadable(path, std::io::ErrorKind::NotFound.into())),
    }
}

fn parse(form: Form, bytes: &[u8]) -> Result<Manifest, ManifestError> {
    Manifest::parse(bytes, form, "keys", &Admission::default(), &files)
}

fn csv(text: &str) -> Result<Manifest, ManifestError> {
    parse(Form::Csv, text.as_bytes())
}

fn toml(text: &str) -> Result<Manifest, ManifestError> {
    parse(Form::Toml, text.as_bytes())
}

/// Lines and codes of all that is wrong.
fn wrong(result: Result<Manifest, ManifestError>) -> Vec<(Option<u32>, &'static str)> {
    let error = result.unwrap_err();
    assert!(
        error
            .problems
            .iter()
            .all(|problem| !problem.advice.is_empty()),
        "{error}"
    );
    error
        .problems
        .iter()
        .map(|problem| (problem.line, problem.code))
        .collect()
}

#[test]
fn toml_and_csv_that_say_the_same_are_read_the_same() {
    let from_toml = toml(
        r#"
[[vault]]
url = "https://contoso.vault.azure.net/"
kek = "kek.json"
attestation = "kek.attestation.json"
[defaults]
ops = ["sign", "verify"]
[[key]]
label = "tenant, \"7\""
name = "tenant-7"
tags = { env = "prod", tier = "1" }
expires = 2027-01-15T08:00:00Z
[[key]]
glob = "old-*"
name = "{name}-{id}"
enabled = false
not_before = 1800000000
exportable = true
release_policy = "policy.json"
[[key]]
id = "0A1B"
ops = ["sign"]
"#,
    )
    .unwrap();
    let from_csv = csv(concat!(
        "label,id,glob,vault,name,ops,tags,enabled,not_before,expires,exportable,release_policy,kek,kid,attestation\r\n",
        "\"tenant, \"\"7\"\"\",,,https://contoso.vault.azure.net,tenant-7,sign verify,env=prod;tier=1,,,2027-01-15T08:00:00Z,,,kek.json,,kek.attestation.json\r\n",
        ",,old-*,https://contoso.vault.azure.net,{name}-{id},sign;verify,,FALSE,1800000000,,true,policy.json,,,\r\n",
        ",0a1b,,,,sign,,true,,,,,,,\r\n",
    ))
    .unwrap();
    let told = |manifest: &Manifest| {
        let lines = manifest.lines().iter();
        lines
            .map(|line| {
                (
                    line.selector.clone(),
                    line.vault,
                    line.name.clone(),
                    line.wishes.clone(),
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&from_toml), told(&from_csv));
    assert_eq!(from_toml.vaults()[0].kek, from_csv.vaults()[0].kek);
    assert_eq!(
        from_toml.vaults()[0].attestation,
        from_csv.vaults()[0].attestation
    );
    assert_eq!(from_toml.vaults()[0].address.url(), VAULT);
    let lines: Vec<u32> = from_toml.lines().iter().map(|line| line.line).collect();
    assert_eq!(lines, [8, 13, 20]);
    let lines: Vec<u32> = from_csv.lines().iter().map(|line| line.line).collect();
    assert_eq!(lines, [2, 3, 4]);
    let wishes = &from_toml.lines()[1].wishes;
    assert_eq!(wishes.not_before, Some(1_800_000_000));
    assert!(!wishes.enabled && wishes.is_exportable());
    assert_eq!(from_toml.lines()[0].wishes.expires, Some(1_800_000_000));
}

#[test]
fn unknown_columns_and_members_are_refused_by_name() {
    let error = csv("label,vault,kek,Name,owner\na,b,c,d,e\n").unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("\"Name\"") && said.contains("\"owner\""),
        "{said}"
    );
    assert!(
        error
            .problems
            .iter()
            .filter(|p| p.code == "manifest-column-unknown")
            .count()
            == 2
    );
    let found = wrong(toml(
        "[[vault]]\nurl = \"https://contoso.vault.azure.net\"\nkek = \"k\"\npin = \"1\"\n[[key]]\nlabel = \"a\"\nvalut = \"x\"\n[extra]\n",
    ));
    assert_eq!(
        found,
        [
            (Some(4), "manifest-member-unknown"),
            (Some(7), "manifest-member-unknown"),
            (Some(8), "manifest-member-unknown"),
        ]
    );
}

#[test]
fn duplicates_are_refused_with_both_lines() {
    let text = format!(
        "label,vault,kek,name\na,{VAULT},k,One\nb,{VAULT},k,two\na,{VAULT}/,k,one\na,{VAULT},k,other\n"
    );
    let error = csv(&text).unwrap_err();
    assert_eq!(error.code(), "manifest-duplicate");
    let said = error.to_string();
    assert!(
        said.contains("lines 2 and 4") && error.problems.len() == 1,
        "{said}"
    );
    let found = wrong(csv("label,kek,label\na,k,b\n"));
    assert_eq!(found[0], (Some(1), "manifest-column-twice"));
    let twice = "[[vault]]\nurl=\"https://a01.vault.azure.net\"\nkek=\"k\"\n[[vault]]\nurl=\"https://A01.vault.azure.net/\"\nkek=\"l\"\n[[key]]\nlabel=\"a\"\nvault=\"https://a01.vault.azure.net\"\n";
    assert_eq!(wrong(toml(twice)), [(Some(4), "manifest-vault-twice")]);
    assert_eq!(
        wrong(toml("[[key]]\nlabel=\"a\"\nlabel=\"b\"\n"))[0],
        (Some(3), "manifest-toml")
    );
}

#[test]
fn a_byte_order_mark_is_taken_and_other_encodings_are_named() {
    let text = format!("label,vault,kek\nключ,{VAULT},k\n");
    let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    assert_eq!(parse(Form::Csv, &with_mark).unwrap(), csv(&text).unwrap());
    let utf16 = |swap: bool| -> Vec<u8> {
        let units = text.encode_utf16();
        units
            .flat_map(|unit| {
                if swap {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    for (bytes, said) in [
        ([b"\xff\xfe".to_vec(), utf16(false)].concat(), "is UTF-16,"),
        ([b"\xfe\xff".to_vec(), utf16(true)].concat(), "is UTF-16,"),
        (utf16(false), "UTF-16 without"),
        (utf16(true), "UTF-16 without"),
        (b"\xff\xfe\0\0l\0\0\0".to_vec(), "UTF-32"),
        (b"label,kek\nM\xfcnchen,k\n".to_vec(), "line 2: byte 0xfc"),
        (
            b"label,kek\na\0,k\n".to_vec(),
            "line 2: the manifest holds a zero byte",
        ),
    ] {
        for form in [Form::Csv, Form::Toml] {
            let error = parse(form, &bytes).unwrap_err();
            assert_eq!(error.code(), "manifest-encoding");
            assert!(error.to_string().contains(said), "{error}");
            assert!(error.advice().contains("UTF-8"), "{error}");
        }
    }
}

#[test]
fn all_problems_are_told_by_line_up_to_a_bound() {
    let mut text = format!("label,id,vault,kek,name,ops,enabled,expires\n,zz,{VAULT},k,,,,\n");
    text.push_str(&format!("a,,{VAULT},k,a_b,,maybe,tomorrow\n"));
    text.push_str(&format!("b,,{VAULT},k,{{lable}},,,\n"));
    text.push_str("c,,https://evil.example,k,,,,\n");
    text.push_str(",,,,,,true,\n");
    text.push_str("d,x\n");
    let found = wrong(csv(&text));
    assert_eq!(
        found,
        [
            (Some(2), "manifest-id"),
            (Some(3), "kid-key-name"),
            (Some(3), "manifest-value"),
            (Some(3), "manifest-value"),
            (Some(4), "manifest-name"),
            (Some(5), "vault-address"),
            (Some(6), "manifest-key"),
            (Some(7), "manifest-csv-cells"),
        ]
    );
    let many: String = (0..80).map(|_| format!(",,{VAULT},k,,,,\n")).collect();
    let error = csv(&format!(
        "label,id,vault,kek,name,ops,enabled,expires\n{many}"
    ))
    .unwrap_err();
    assert_eq!((error.problems.len(), error.more), (MAX_PROBLEMS, 30));
    assert!(error.to_string().contains("80 problems") && error.to_string().contains("30 more"));
}

#[test]
fn what_spreadsheets_and_hands_do_to_csv_is_named() {
    for (text, code) in [
        ("", "manifest-empty"),
        ("label,vault,kek\n", "manifest-empty"),
        ("label;vault;kek\na;b;c\n", "manifest-csv-separator"),
        ("label\tvault\na\tb\n", "manifest-csv-separator"),
        (
            "a,https://contoso.vault.azure.net,k\n",
            "manifest-column-unknown",
        ),
        ("label,kek\n\"a,k\n", "manifest-csv-quote"),
        ("vault,kek\nx,k\n", "manifest-header"),
    ] {
        let found = wrong(csv(text));
        assert!(
            found.iter().any(|(_, found)| *found == code),
            "{text:?}: {found:?}"
        );
    }
}

#[test]
fn a_vault_has_one_kek_and_a_line_one_vault() {
    let text = "label,vault,kek\na,https://a01.vault.azure.net,k\nb,https://a01.vault.azure.net,l\nc,,\nd,https://b01.vault.azure.net,\n";
    assert_eq!(
        wrong(csv(text)),
        [
            (Some(3), "manifest-vault-disagrees"),
            (Some(5), "manifest-kek")
        ]
    );
    let text =
        "label,vault,kek\na,https://a01.vault.azure.net,k\nb,https://b01.vault.azure.net,l\nc,,\n";
    assert_eq!(wrong(csv(text)), [(Some(4), "manifest-vault")]);
    assert_eq!(
        wrong(toml("[[key]]\nlabel = \"a\"\n")),
        [(Some(1), "manifest-vault")]
    );
    let text = "[[vault]]\nurl = \"https://a01.vault.azure.net\"\nkid = \"https://a01.vault.azure.net/keys/KEK\"\n[[key]]\nlabel = \"a\"\n";
    let kid = "https://a01.vault.azure.net/keys/KEK".to_owned();
    assert_eq!(toml(text).unwrap().vaults()[0].kek, KekPlace::Vault { kid });
}

#[test]
fn wishes_that_do_not_fit_together_are_refused_at_their_line() {
    let line = |members: &str| {
        wrong(toml(&format!(
            "[[vault]]\nurl = \"{VAULT}\"\nkek = \"k\"\n[[key]]\nlabel = \"a\"\n{members}\n"
        )))
    };
    for (members, code) in [
        ("exportable = true", "import-exportable"),
        ("release_policy = \"policy.json\"", "import-policy"),
        (
            "exportable = true\nrelease_policy = \"none.json\"",
            "file-unreadable",
        ),
        (
            "exportable = true\nrelease_policy = \"huge.json\"",
            "manifest-release-policy",
        ),
        (
            "exportable = true\nrelease_policy = \"latin.json\"",
            "manifest-release-policy",
        ),
        ("tags = { keyferry-transfer = \"x\" }", "manifest-tag"),
        ("tags = [\"x\"]", "manifest-value"),
        ("tags = \"x\"", "manifest-value"),
        ("ops = 3.5", "manifest-value"),
        ("enabled = \"ja\"", "manifest-value"),
        ("name = \"\"", "manifest-value"),
        ("glob = \"a*\"", "manifest-key"),
    ] {
        assert_eq!(line(members), [(Some(4), code)], "{members}");
    }
    let tags: Vec<String> = (0..15).map(|number| format!("t{number} = \"x\"")).collect();
    assert_eq!(
        line(&format!("tags = {{ {} }}", tags.join(", "))),
        [(Some(4), "import-tags")]
    );
}

#[test]
fn names_are_made_as_written_and_never_changed_silently() {
    let key = |label: &str| KeyInfo {
        label: label.to_owned(),
        id: "0a1b".to_owned(),
        kind: "P-256".to_owned(),
        transferable: true,
        reasons: Vec::new(),
        spki: None,
    };
    let made = |template: &str, label: &str| {
        let name = NameTemplate::parse(template).unwrap().of(&key(label));
        name.map(|name| name.as_str().to_owned())
            .map_err(|error| error.code())
    };
    assert_eq!(made("{label}", "tenant-7"), Ok("tenant-7".to_owned()));
    assert_eq!(made("{label}", "tenant 7"), Err("kid-key-name"));
    assert_eq!(made("{name}", "tenant 7"), Ok("tenant-7".to_owned()));
    assert_eq!(
        made("hsm-{kind}-{id}", "x"),
        Ok("hsm-P-256-0a1b".to_owned())
    );
    assert_eq!(
        made("{label}{label}", &"a".repeat(100)),
        Err("kid-key-name")
    );
    for wrong in ["{", "}", "a{b", "{}", "{Label}", "a}b", "{{label}}"] {
        assert!(NameTemplate::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_hundred_thousand_lines_are_read_in_seconds() {
    let mut text = String::from("label,vault,kek,name,ops,tags\n");
    for number in 0..100_000 {
        text.push_str(&format!(
            "tenant-{number},{VAULT},kek.json,t-{number},sign verify,env=prod\n"
        ));
    }
    let begun = Instant::now();
    assert_eq!(csv(&text).unwrap().lines().len(), 100_000);
    // Seconds even here, where nothing is optimised; a quadratic reading would take hours.
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    let mut text = format!("[[vault]]\nurl = \"{VAULT}\"\nkek = \"k\"\n");
    for number in 0..100_000 {
        text.push_str(&format!("[[key]]\nlabel = \"tenant-{number}\"\n"));
    }
    let begun = Instant::now();
    assert_eq!(toml(&text).unwrap().lines().len(), 100_000);
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
}

/// A manifest of `count` keys, the last one with `last` in its table.
fn many(count: usize, last: &str) -> String {
    let mut text = format!("[[vault]]\nurl = \"{VAULT}\"\nkek = \"k\"\n");
    text.push_str("[defaults]\nenabled = false\n");
    for number in 0..count {
        text.push_str(&format!("[[key]]\nlabel = \"tenant-{number}\"\n"));
    }
    text + last
}

#[test]
fn every_portion_of_a_toml_has_the_defaults_and_the_documents_lines() {
    let manifest = toml(&many(1000, "tags = { a = \"b\" }\n")).unwrap();
    for (line, number) in manifest.lines().iter().zip(0..) {
        let expected = Selector::Key {
            label: Some(format!("tenant-{number}")),
            id: None,
        };
        assert_eq!((line.line, &line.selector), (6 + 2 * number, &expected));
        assert!(!line.wishes.enabled);
        assert_eq!(line.wishes.tags.is_empty(), number < 999);
    }
    assert_eq!(manifest.lines().len(), 1000);
    assert_eq!(
        wrong(toml(&many(1000, "nome = \"a\"\n"))),
        [(Some(2006), "manifest-member-unknown")]
    );
    assert_eq!(
        wrong(toml(&many(1000, "label = \"a\"\n"))),
        [(Some(2006), "manifest-toml")]
    );
}

#[test]
fn a_toml_in_another_order_is_read_as_a_whole() {
    let vault = format!("[[vault]]\nurl = \"{VAULT}\"\nkek = \"k\"\n");
    let key = "[[key]]\nlabel = \"a\"\n";
    assert_eq!(toml(&format!("{key}{vault}")).unwrap().lines().len(), 1);
    let headed = format!("{vault}[[ key ]]\nlabel = \"b\"\n{key}");
    assert_eq!(toml(&headed).unwrap().lines().len(), 2);
    // Text of its own, and no head.
    let quoted = format!("{vault}{key}name = \"c\"\ntags.a = \"\"\"\n[[key]]\n\"\"\"\n");
    assert_eq!(
        toml(&quoted).unwrap().lines()[0].wishes.tags["a"],
        "[[key]]\n"
    );
    for twice in [
        format!("key = [{{ label = \"b\" }}]\n{vault}{key}"),
        format!("{vault}[key]\nlabel = \"b\"\n{key}"),
        format!("[defaults]\n{vault}{key}[defaults]\n"),
    ] {
        assert_eq!(toml(&twice).unwrap_err().code(), "manifest-toml", "{twice}");
    }
}

#[test]
fn too_many_lines_and_too_many_bytes_are_refused_clearly() {
    let mut text = format!("label,vault,kek\na,{VAULT},k\n");
    for number in 0..MAX_LINES {
        text.push_str(&format!("l{number},,\n"));
    }
    assert_eq!(csv(&text).unwrap_err().code(), "manifest-lines");
    let error = toml(&many(MAX_LINES + 1, "")).unwrap_err();
    assert_eq!(
        (error.code(), error.problems.len() + error.more),
        ("manifest-lines", 1)
    );
    let large = vec![b' '; MAX_MANIFEST + 1];
    assert_eq!(
        parse(Form::Toml, &large).unwrap_err().code(),
        "manifest-size"
    );
}

#[test]
fn a_file_says_by_its_name_what_it_is_and_finds_what_it_names_beside_it() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("keys.TOML");
    let text = format!(
        "[[vault]]\nurl = \"{VAULT}\"\nkek = \"k\"\n[[key]]\nlabel = \"a\"\nexportable = true\nrelease_policy = \"p.json\"\n"
    );
    std::fs::write(&path, text).unwrap();
    std::fs::write(temp.path().join("p.json"), b"{}").unwrap();
    let manifest = Manifest::read(&path, &Admission::default()).unwrap();
    assert_eq!(
        manifest.lines()[0].wishes.release_policy.as_deref(),
        Some("{}")
    );
    assert_eq!(manifest.beside(&PathBuf::from("k")), temp.path().join("k"));
    for (name, code) in [
        ("keys.txt", "manifest-form"),
        ("none.csv", "file-unreadable"),
    ] {
        let error = Manifest::read(&temp.path().join(name), &Admission::default()).unwrap_err();
        assert_eq!(error.code(), code);
    }
}

#[cfg(feature = "vault")]
#[test]
fn the_reserved_tag_is_the_vaults_mark() {
    assert_eq!(MARK_TAG, crate::vault::MARK_TAG);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_with_a_line_and_advice(bytes: Vec<u8>) {
        for form in [Form::Csv, Form::Toml] {
            if let Err(error) = parse(form, &bytes) {
                prop_assert!(!error.problems.is_empty());
                prop_assert!(error.problems.iter().all(|problem| !problem.advice.is_empty()));
            }
        }
    }

    #[test]
    fn a_label_comes_out_of_csv_as_it_went_in(label in "[^\\p{C}]{1,30}") {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["label", "vault", "kek"]).unwrap();
        writer.write_record([&label, VAULT, "k"]).unwrap();
        let manifest = parse(Form::Csv, &writer.into_inner().unwrap()).unwrap();
        let expected = Selector::Key { label: Some(label), id: None };
        prop_assert_eq!(&manifest.lines()[0].selector, &expected);
    }
}
