//! `transfer`, `vault import` and `vault kek` against a practice vault in a process of its own, and
//! what goes on after a fault.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use keyferry_tests::practice_vault::PracticeVault;
use keyferry_tests::{Answer, Desk, audit_chain};
use serde_json::Value;

/// A desk with one key and a practice vault that runs on its state folder.
struct Office {
    desk: Desk,
    vault: PracticeVault,
}

impl Office {
    fn new(kind: &str, faults: &[&str]) -> Self {
        let desk = Desk::embedded();
        let _ = desk
            .json(["keygen", "--kind", kind, "--label", "travels"])
            .success();
        let vault = PracticeVault::start(&desk, faults);
        Self { desk, vault }
    }

    fn with_fault(faults: &str) -> Self {
        Self::new("P-256", &["--fault", faults])
    }

    fn url(&self) -> String {
        format!("https://{}", self.vault.authority())
    }

    /// A transfer by a KEK that it makes.
    fn transfer(&self, more: &[&str]) -> Answer {
        let url = self.url();
        let arguments = [
            "transfer",
            "--key",
            "travels",
            "--vault",
            &url,
            "--kek",
            "KEK",
            "--create-kek",
            "--size",
            "2048",
            "--yes",
            "--role-wait",
            "0",
        ];
        self.desk.json([&arguments[..], more].concat())
    }

    fn resume(&self) -> Value {
        self.desk
            .json(["transfer", "--resume", "--yes", "--role-wait", "0"])
            .success()
    }

    /// Versions that the vault has of a key.
    fn versions(&self, name: &str) -> usize {
        let answer = self.vault.get(&format!("/keys/{name}/versions")).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let list: Value = serde_json::from_str(body).unwrap();
        list["value"].as_array().map_or(0, Vec::len)
    }

    fn events(&self) -> Vec<String> {
        let lines = audit_chain::read(self.desk.state()).unwrap();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        lines
            .iter()
            .map(|line| format!("{} {}", word(&line["event"]), word(&line["outcome"])))
            .collect()
    }
}

#[test]
fn a_key_of_each_family_travels_and_is_verified_in_one_go() {
    for (kind, verified) in [
        ("P-384", ("equal", "signed")),
        ("RSA-2048", ("equal", "signed")),
        ("AES-256", ("none-to-see", "not-done")),
    ] {
        let office = Office::new(kind, &[]);
        let report = office.transfer(&["--name", "arrived"]).success();
        let verification = &report["verification"];
        assert_eq!(
            (&verification["public_key"], &verification["private_key"]),
            (&verified.0.into(), &verified.1.into()),
            "{kind}"
        );
        assert_eq!(report["holds"], true);
        let steps: Vec<&str> = report["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["step"].as_str().unwrap())
            .collect();
        assert_eq!(steps, ["key", "kek", "wrap", "import", "verify"]);
        assert!(report["kid"].as_str().unwrap().contains("/keys/arrived/"));

        // The receipt repeats it, and the state file is the user's alone and done.
        let receipt: Value = read(report["receipt"].as_str().unwrap());
        assert_eq!(receipt["import"]["kid"], report["kid"]);
        assert_eq!(receipt["import"]["verification"], *verification);
        let memo = memo_path(&office.desk);
        assert_eq!(
            fs::metadata(&memo).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(read(memo.to_str().unwrap())["progress"]["step"], "verified");
        assert!(
            office.events().ends_with(
                &[
                    "kek-create-intent intended",
                    "kek-create-outcome done",
                    "wrap-intent intended",
                    "wrap-outcome done",
                    "import-intent intended",
                    "import-outcome done",
                    "verify done",
                ]
                .map(str::to_owned)
            ),
            "{:?}",
            office.events()
        );
    }
}

fn read(path: &str) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn memo_path(desk: &Desk) -> PathBuf {
    let entries = fs::read_dir(desk.state().join("transfers")).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.len() == 37 && name.ends_with(".json")
        })
        .unwrap()
}

/// What stopped is told with its step, what is left, and how to go on; and then it goes on, with no key
/// made or imported twice.
#[test]
fn a_transfer_that_stopped_at_any_step_goes_on() {
    for (fault, code, step) in [
        ("403-rbac@create:1", "vault-no-role", "kek"),
        ("standard@create:1", "vault-standard-tier", "kek"),
        ("403-firewall@import:1", "vault-firewall", "import"),
        ("403-policy@import:1", "vault-no-permission", "import"),
        ("409@import:1", "vault-name-soft-deleted", "import"),
        ("gone@import:1", "vault-broke-off", "import"),
        ("500@use:always", "vault-service-fault", "verify"),
    ] {
        let office = Office::with_fault(fault);
        let answer = office.transfer(&[]);
        assert_eq!(answer.refusal(1), code, "{fault}: {}", answer.all());
        let error: Value = serde_json::from_str(&answer.stdout).unwrap();
        let message = error["error"]["message"].as_str().unwrap();
        let advice = error["error"]["advice"].as_str().unwrap();
        assert!(message.contains(&format!("'{step}'")), "{fault}: {message}");
        assert!(
            advice.contains("keyferry transfer --resume "),
            "{fault}: {advice}"
        );
        if fault == "500@use:always" {
            assert!(advice.contains("/keys/travels/"), "{advice}");
            continue;
        }
        let report = office.resume();
        assert_eq!(report["holds"], true, "{fault}");
        assert_eq!(
            (office.versions("KEK"), office.versions("travels")),
            (1, 1),
            "{fault}"
        );
    }
}

#[test]
fn what_landed_without_an_answer_is_found_and_not_done_again() {
    for fault in [
        "lost@create:1",
        "lost@import:1",
        "half@import:1",
        "huge@import:1",
    ] {
        let office = Office::with_fault(fault);
        assert_eq!(office.transfer(&[]).success()["holds"], true, "{fault}");
        assert_eq!(
            (office.versions("KEK"), office.versions("travels")),
            (1, 1),
            "{fault}"
        );
    }
}

/// The answer is lost and the vault cannot be asked either: only going on finds out.
#[test]
fn what_could_not_even_be_asked_for_is_settled_when_it_goes_on() {
    for fault in [
        "lost@import:1,403-firewall@list:1",
        "lost@create:1,403-firewall@list:1",
    ] {
        let office = Office::with_fault(fault);
        let answer = office.transfer(&[]);
        assert_eq!(
            answer.refusal(1),
            "vault-broke-off",
            "{fault}: {}",
            answer.all()
        );
        let advice = answer.stdout;
        assert!(advice.contains("is found out when you go on"), "{advice}");
        assert_eq!(office.resume()["holds"], true, "{fault}");
        assert_eq!(
            (office.versions("KEK"), office.versions("travels")),
            (1, 1),
            "{fault}"
        );
    }
}

#[test]
fn a_key_cannot_take_its_keks_name() {
    let office = Office::new("P-256", &[]);
    let answer = office.transfer(&["--name", "kek"]);
    assert_eq!(answer.refusal(2), "usage");
    assert_eq!(office.versions("KEK"), 0);
}

#[test]
fn throttling_is_waited_for_and_told() {
    let office = Office::with_fault("429@create:1,429@import:1");
    let answer = office.transfer(&[]);
    let said = answer.stderr.clone();
    let _ = answer.success();
    assert!(
        said.contains("the vault asks to slow down; trying again in 1 s"),
        "{said}"
    );
}

#[test]
fn an_answer_with_another_key_is_loud_and_done_for() {
    let office = Office::with_fault("other-key@import:1");
    let answer = office.transfer(&[]);
    assert_eq!(answer.code, Some(1));
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(
        (&report["holds"], &report["verification"]["public_key"]),
        (&false.into(), &"differs".into())
    );
    let finding = &report["verification"]["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["severity"]),
        (&"public-key-differs".into(), &"error".into())
    );
    assert!(office.events().ends_with(&["verify failed".to_owned()]));
}

/// The vault of this test dies with its KEK between wrap and import; the file cannot be opened any more,
/// and that is what is said.
#[test]
fn a_vault_that_is_gone_between_kek_and_import_loses_nothing() {
    let office = Office::with_fault("gone@import:always");
    assert_eq!(office.transfer(&[]).refusal(1), "vault-broke-off");
    let Office { desk, vault } = office;
    vault.kill();
    let stopped = desk.json(["transfer", "--resume", "--yes"]);
    assert_eq!(stopped.refusal(1), "vault-address", "{}", stopped.all());
    let memo = memo_path(&desk);
    let file = memo.with_extension("byok");
    let memo = read(memo.to_str().unwrap());
    assert_eq!(memo["progress"]["step"], "import-asked");
    assert!(file.exists());
}

#[test]
fn killed_at_any_moment_it_goes_on() {
    let office = Office::new("P-256", &[]);
    let url = office.url();
    for wait in [50, 300, 700, 1000, 1300] {
        let (kek, name) = (format!("kek{wait}"), format!("k{wait}"));
        let arguments = [
            "transfer",
            "--key",
            "travels",
            "--vault",
            &url,
            "--kek",
            &kek,
            "--create-kek",
            "--size",
            "2048",
            "--name",
            &name,
            "--yes",
        ];
        let mut child = office
            .desk
            .on_terminal(&["env"], arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            continue;
        }
        let answer = office.desk.json(["transfer", "--resume", "--yes"]);
        // Killed before anything was kept, there is nothing to go on with; killed at its very end, it is done.
        if answer.code == Some(2) {
            continue;
        }
        assert_eq!(answer.success()["holds"], true, "{wait}");
        assert_eq!(
            (office.versions(&kek), office.versions(&name)),
            (1, 1),
            "{wait}"
        );
    }
}

#[test]
fn a_file_is_imported_by_its_receipt_and_refused_with_another_ones() {
    let office = Office::new("P-384", &[]);
    let url = office.url();
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (a, b, kek_json) = (path("a.byok"), path("b.byok"), path("kek.json"));
    let kek = office
        .desk
        .json([
            "vault", "kek", "create", "--vault", &url, "--name", "KEK", "--size", "2048", "--out",
            &kek_json,
        ])
        .success();
    let kid = kek["kid"].as_str().unwrap();
    let verdict = office
        .desk
        .json(["vault", "kek", "show", "--vault", &url, "--name", "kek"])
        .success();
    assert_eq!(verdict["kid"], kek["kid"]);
    let list = office
        .desk
        .json(["vault", "kek", "list", "--vault", &url])
        .success();
    assert_eq!(
        (&list["keks"][0]["kid"], &list["keks"][0]["admitted"]),
        (&kek["kid"], &true.into())
    );
    for file in [&a, &b] {
        let wrap = [
            "wrap", "--key", "travels", "--kek", kid, "--yes", "--out", file,
        ];
        let report = office.desk.json(wrap).success();
        assert!(
            report["receipt"]
                .as_str()
                .unwrap()
                .ends_with(".receipt.json")
        );
    }
    let import = |more: &[&str]| {
        office.desk.json(
            [
                &["vault", "import", &a, "--vault", &url, "--name", "arrived"],
                more,
            ]
            .concat(),
        )
    };
    let report = import(&[
        "--ops",
        "verify,sign",
        "--tags",
        "owner=me",
        "--exp",
        "2099-01-01",
    ])
    .success();
    assert_eq!(
        (&report["holds"], &report["curve"]),
        (&true.into(), &"P-384".into())
    );
    let receipt = path("b.receipt.json");
    assert_eq!(
        import(&["--receipt", &receipt]).refusal(1),
        "receipt-other-file"
    );
    for (more, code) in [
        (&["--ops", "sign,import"][..], "import-ops"),
        (&["--ops", "wrapKey"], "import-ops"),
        (&["--exportable"], "import-exportable"),
        (
            &["--nbf", "2030-01-01", "--exp", "2029-01-01"],
            "import-dates",
        ),
    ] {
        assert_eq!(import(more).refusal(1), code, "{more:?}");
    }
    assert_eq!(import(&["--kty", "RSA"]).refusal(2), "usage");
    let foreign = [
        "vault",
        "import",
        &a,
        "--vault",
        "https://contoso.vault.azure.net",
    ];
    assert_eq!(office.desk.json(foreign).refusal(1), "import-foreign-kek");
    // Without a receipt the options have to say what it is.
    fs::remove_file(path("a.receipt.json")).unwrap();
    assert_eq!(import(&[]).refusal(2), "usage");
    assert_eq!(
        import(&["--kty", "EC", "--curve", "P-521"]).refusal(1),
        "import-kind"
    );
    let bare = import(&["--kty", "EC", "--curve", "P-384"]).success();
    assert_eq!(bare["verification"]["public_key"], "nothing-to-compare");
    // A retired KEK opens nothing more.
    let retire = [
        "vault",
        "kek",
        "retire",
        "--vault",
        &url,
        "--name",
        "KEK",
        "--disable",
        "--yes",
    ];
    assert_eq!(office.desk.json(retire).success()["approval"], "by-flag");
    assert_eq!(
        office
            .desk
            .json(["vault", "import", &b, "--name", "x"])
            .refusal(1),
        "kek-disabled"
    );
    let retire = [
        "vault", "kek", "retire", "--vault", &url, "--name", "arrived", "--delete", "--yes",
    ];
    assert_eq!(office.desk.json(retire).refusal(1), "not-a-kek");
}

#[test]
fn nobody_retires_a_kek_unasked() {
    let office = Office::new("P-256", &[]);
    let url = office.url();
    let create = [
        "vault", "kek", "create", "--vault", &url, "--name", "KEK", "--size", "2048",
    ];
    let _ = office.desk.json(create).success();
    let retire = [
        "vault", "kek", "retire", "--vault", &url, "--name", "KEK", "--delete",
    ];
    assert_eq!(office.desk.json(retire).refusal(1), "prompt-unavailable");
    assert_eq!(office.versions("KEK"), 1);
}
