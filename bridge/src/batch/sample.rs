//! A plan for unit tests, made as any other: read from its document and found to be what its hash says.

use serde_json::json;

use super::plan::{Plan, PlanError};

/// Whose keys go to this KEK.
pub(crate) const KID: &str =
    "https://contoso.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef";

/// A plan of P-256 keys with these labels and names.
pub(crate) fn plan(keys: &[(&str, &str)], vaults: &[&str]) -> Plan {
    let vault = |url: &&str| {
        json!({
            "url": url, "kid": KID, "kek_thumbprint_sha256": "a".repeat(64), "kek_bits": 2048,
            "kek": "", "attestation": null, "lines": keys.len(),
        })
    };
    let lines = (1..).zip(keys).map(|(number, (label, name))| {
        json!({
            "number": number, "manifest_line": 1,
            "key": {"label": label, "id": "01", "kind": "P-256", "spki_sha256": null},
            "vault": vaults.first(), "name": name, "kid": KID,
            "kek_thumbprint_sha256": "a".repeat(64), "asked": "once",
            "wishes": {"ops": null, "tags": {"team": "\u{202e}x"}, "enabled": false,
                "not_before": null, "expires": 0, "release_policy": "{}"},
        })
    });
    let stay = json!({
        "manifest_line": 9, "wanted": "lost*", "label": null, "id": null, "vault": null, "name": null,
        "reasons": [{"code": "nothing-matches", "message": "no key has such a label", "advice": ""}],
    });
    let mut document = json!({
        "hash": "0".repeat(64), "plan_version": 1,
        "token": {"label": "token", "serial": "1", "software": false},
        "vaults": vaults.iter().map(vault).collect::<Vec<_>>(),
        "stays": [stay], "lines": lines.collect::<Vec<_>>(),
    });
    let read = |document: &serde_json::Value| Plan::from_json(document.to_string().as_bytes());
    if let Err(PlanError::Hash { actual, .. }) = read(&document) {
        document["hash"] = actual.into();
    }
    read(&document).unwrap()
}
