//! What policies allow, require and refuse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use keyferry_core::PoolVerdict;

use super::file::{Content, PolicyFile};
use super::fuzz::attested;
use super::{Asking, Case, Policy};
use crate::sample::kek;

fn policy(texts: &[&str]) -> Policy {
    let files = texts
        .iter()
        .map(|text| PolicyFile {
            path: PathBuf::from("policy.toml"),
            content: Content::parse(text).unwrap(),
        })
        .collect();
    Policy { files }
}

/// `asks`, `does not ask`, or the rule that refuses.
fn judged(texts: &[&str], label: &str, attestation: Option<PoolVerdict>) -> String {
    let kek = kek();
    let attestation = attestation.map(attested);
    let case = Case {
        label,
        kek: &kek,
        attestation: attestation.as_ref(),
    };
    match policy(texts).judge(&case) {
        Ok(judgement) if judgement.asking == Asking::Person => "asks".to_owned(),
        Ok(_) => "does not ask".to_owned(),
        Err(crate::Error::PolicyRefused { rule, .. }) => rule,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn without_a_policy_a_person_is_asked() {
    assert_eq!(judged(&[], "any", None), "asks");
    assert_eq!(judged(&[""], "any", None), "asks");
}

#[test]
fn a_list_allows_what_it_names_and_nothing_else() {
    let thumbprint = kek().thumbprint().grouped();
    let other = "0".repeat(64);
    for (text, outcome) in [
        ("vaults = ['contosobyok.vault.azure.net']", "asks"),
        ("vaults = ['*.vault.azure.net']", "asks"),
        ("vaults = ['contosobyok.vault.azure.ne?']", "asks"),
        ("vaults = ['contoso.vault.azure.net']", "allow.vaults"),
        ("vaults = ['vault.azure.net']", "allow.vaults"),
        ("vaults = ['contosobyok.vault.azure.net.']", "allow.vaults"),
        ("vaults = []", "allow.vaults"),
        (&format!("kek_thumbprints = ['{thumbprint}']"), "asks"),
        (
            &format!("kek_thumbprints = ['{other}']"),
            "allow.kek_thumbprints",
        ),
        ("kek_thumbprints = []", "allow.kek_thumbprints"),
        ("min_kek_bits = 3072", "asks"),
        ("min_kek_bits = 4096", "allow.min_kek_bits"),
        ("key_labels = ['tenant-*']", "asks"),
        ("key_labels = ['tenant-']", "allow.key_labels"),
        ("key_labels = ['Tenant-*']", "allow.key_labels"),
        ("key_labels = ['[a-z]*']", "allow.key_labels"),
    ] {
        let text = format!("[allow]\n{text}\n");
        assert_eq!(judged(&[&text], "tenant-7", None), outcome, "{text}");
    }
}

const ATTESTED: &str =
    "[[rule]]\nname = 'payroll'\nkey_labels = ['payroll-*']\nrequire_attestation = true\n";
const PINNED: &str = "[[rule]]\nname = 'pools'\nvaults = ['*']\nrequire_pin = true\n";

#[test]
fn an_attestation_is_required_of_the_keys_that_a_rule_names() {
    assert_eq!(judged(&[ATTESTED], "tenant-7", None), "asks");
    assert_eq!(judged(&[ATTESTED], "payroll-7", None), "payroll");
    for (pool, outcome) in [
        (PoolVerdict::NotVerified, "asks"),
        (PoolVerdict::Pinned, "asks"),
        (PoolVerdict::Mismatch, "payroll"),
    ] {
        assert_eq!(judged(&[ATTESTED], "payroll-7", Some(pool)), outcome);
    }
}

#[test]
fn a_required_pin_wants_the_attestation_and_the_match() {
    assert_eq!(judged(&[PINNED], "any", None), "pools");
    assert_eq!(
        judged(&[PINNED], "any", Some(PoolVerdict::NotVerified)),
        "pools"
    );
    assert_eq!(judged(&[PINNED], "any", Some(PoolVerdict::Pinned)), "asks");
}

const UNASKED: &str =
    "[[rule]]\nname = 'batch'\nkey_labels = ['tenant-*']\nwithout_asking = true\n";

#[test]
fn a_second_policy_can_only_narrow() {
    assert_eq!(judged(&[UNASKED], "tenant-7", None), "does not ask");
    assert_eq!(judged(&[UNASKED], "other", None), "asks");
    // The machine's policy says nothing of leaving the question out, so it is asked.
    assert_eq!(judged(&["", UNASKED], "tenant-7", None), "asks");
    assert_eq!(judged(&[UNASKED, ""], "tenant-7", None), "asks");
    assert_eq!(
        judged(&[UNASKED, UNASKED], "tenant-7", None),
        "does not ask"
    );
    assert_eq!(judged(&[UNASKED, ATTESTED], "payroll-7", None), "payroll");
    let forbids = "[allow]\nkey_labels = ['none']\n";
    assert_eq!(
        judged(&[forbids, UNASKED], "tenant-7", None),
        "allow.key_labels"
    );
    // A rule that requires is not outdone by one that does not ask.
    let both = format!("{UNASKED}{PINNED}");
    assert_eq!(judged(&[&both], "tenant-7", None), "pools");
}

#[test]
fn what_is_misspelt_or_says_nothing_is_no_policy() {
    for text in [
        "[allow]\nvault = ['x']\n",
        "[alow]\n",
        "allow = 7\n",
        "[allow]\nvaults = 'x'\n",
        "[allow]\nvaults = ['']\n",
        "[allow]\nkek_thumbprints = ['abc']\n",
        "[allow]\nmin_kek_bits = -1\n",
        "[[rule]]\nrequire_pin = true\n",
        "[[rule]]\nname = ' '\nrequire_pin = true\n",
        "[[rule]]\nname = 'x'\n",
        "[[rule]]\nname = 'x'\nrequire_pins = true\n",
        "[[rule]]\nname = 'x'\nrequire_pin = true\n[[rule]]\nname = 'x'\nrequire_pin = true\n",
        "[[rules]]\nname = 'x'\n",
    ] {
        assert!(Content::parse(text).is_err(), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_policy_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let temp = tempfile::tempdir().unwrap();
    let (none, path) = (temp.path().join("none"), temp.path().join("policy.toml"));
    std::fs::write(&path, "[allow]\nmin_kek_bits = 3072\n").unwrap();
    for (file, folder, outcome) in [
        (0o644, 0o755, None),
        (0o600, 0o700, None),
        (0o664, 0o755, Some("policy-exposed")),
        (0o646, 0o755, Some("policy-exposed")),
        (0o644, 0o777, Some("policy-exposed")),
        (0o644, 0o775, Some("policy-exposed")),
    ] {
        mode(&path, file);
        mode(temp.path(), folder);
        let read = Policy::read_with(&none, Some(&path));
        assert_eq!(
            read.err().map(|error| error.code()),
            outcome,
            "{file:o} {folder:o}"
        );
    }
    mode(temp.path(), 0o700);
}

#[test]
fn a_policy_that_cannot_be_read_is_not_none() {
    let temp = tempfile::tempdir().unwrap();
    let none = temp.path().join("none");
    assert_eq!(Policy::read_with(&none, None).unwrap().paths().count(), 0);
    assert_eq!(
        Policy::read_with(&none, Some(&none)).unwrap_err().code(),
        "file-unreadable"
    );
    // A folder or a dangling link in its place is something, not nothing.
    assert!(Policy::read_with(temp.path(), None).is_err());
    #[cfg(unix)]
    {
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&none, &link).unwrap();
        assert!(Policy::read_with(&link, None).is_err());
    }
}

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$FIRhE9q7dbepQkUKmkNXXq7sfg8dkX/8/6TqcSoFc0U";

/// One rule for `payroll-*`, and the approvers that it may name.
fn two_persons(names: &str) -> String {
    format!(
        "[[rule]]\nname = 'payroll'\nkey_labels = ['payroll-*']\nsecond_approver = {names}\n\
         [[approver]]\nname = 'Dana'\nsecret = '{HASH}'\n[[approver]]\nname = 'Kim'\nsecret = '{HASH}'\n\
         [[approver]]\nname = 'Token'\ntoken = {{ module = '/lib/p11.so', label = 'custodian' }}\n"
    )
}

fn second(texts: &[&str], label: &str) -> Vec<String> {
    let kek = kek();
    let case = Case {
        label,
        kek: &kek,
        attestation: None,
    };
    let judgement = policy(texts).judge(&case).unwrap();
    let rules = judgement.second.iter();
    rules
        .map(|rule| format!("{}: {}", rule.rule(), rule.names()))
        .collect()
}

#[test]
fn a_second_person_is_wanted_for_the_keys_that_a_rule_names() {
    for (names, wanted) in [
        ("'Kim'", "payroll: Kim"),
        ("['Kim', 'Dana']", "payroll: Dana, Kim"),
        ("'Token'", "payroll: Token"),
    ] {
        let text = two_persons(names);
        assert_eq!(second(&[&text], "payroll-7"), [wanted]);
        assert_eq!(second(&[&text], "tenant-7"), [""; 0]);
    }
    // Each policy that wants one gets one, and none can take another's away.
    let (one, other) = (two_persons("'Kim'"), two_persons("'Dana'"));
    assert_eq!(
        second(&[&one, "", &other], "payroll-7"),
        ["payroll: Kim", "payroll: Dana"]
    );
}

#[test]
fn a_match_that_asks_nobody_is_not_the_first_of_two_persons() {
    let all = "[[rule]]\nname = 'all'\nwithout_asking = true\n";
    let both = format!("{all}{}", two_persons("'Kim'"));
    assert_eq!(judged(&[&both], "payroll-7", None), "asks");
    assert_eq!(judged(&[&both], "tenant-7", None), "does not ask");
}

#[test]
fn approvers_that_are_nobody_or_ambiguous_are_no_policy() {
    let approver = |lines: &str| format!("[[approver]]\n{lines}\n");
    let mut wrong = vec![
        approver("name = 'Dana'"),
        approver(&format!("secret = '{HASH}'")),
        approver(&format!("name = ''\nsecret = '{HASH}'")),
        approver(&format!("name = ' Dana'\nsecret = '{HASH}'")),
        approver(&format!("name = \"Da\\u202ena\"\nsecret = '{HASH}'")),
        approver(&format!("name = '{}'\nsecret = '{HASH}'", "D".repeat(65))),
        approver("name = 'Dana'\nsecret = 'swordfish'"),
        approver("name = 'Dana'\ntoken = { module = 'p11.so', label = 'x' }"),
        approver("name = 'Dana'\ntoken = { module = '/p11.so', label = '' }"),
        approver("name = 'Dana'\ntoken = { module = '/p11.so', label = 'x', pin = '1' }"),
        approver(&format!(
            "name = 'Dana'\nsecret = '{HASH}'\ntoken = {{ module = '/p11.so', label = 'x' }}"
        )),
        approver(&format!("name = 'Dana'\nsecret = '{HASH}'")).repeat(2),
    ];
    for names in [
        "'Nobody'",
        "[]",
        "7",
        "['Kim', 'Token']",
        "['Kim', 'Nobody']",
    ] {
        wrong.push(two_persons(names));
    }
    wrong.push(two_persons("'Kim'\nwithout_asking = true"));
    for text in wrong {
        let refused = Content::parse(&text).expect_err(&text);
        assert!(
            !refused.contains("swordfish") && !refused.contains(HASH),
            "{refused}"
        );
    }
}
