//! A plan to work on.

use std::sync::Arc;

use keyferry::batch::plan::{
    Asked, Plan, PlanHeader, PlanKey, PlanLine, PlanToken, PlanVault, PlanWishes, SpkiHash,
};
use keyferry_core::TargetKind;

/// A plan with `count` lines.
pub(crate) fn plan(count: u32) -> Arc<Plan> {
    let vault = "https://contoso.vault.azure.net";
    let kid = format!("{vault}/keys/KEK/0123456789abcdef0123456789abcdef");
    let lines = (1..=count)
        .map(|number| PlanLine {
            number,
            manifest_line: number + 1,
            key: PlanKey {
                label: format!("tenant \"{number}\" ключ"),
                id: format!("{number:08x}"),
                kind: TargetKind::P256,
                spki_sha256: Some(SpkiHash::of(b"ab")),
            },
            vault: vault.into(),
            name: format!("tenant-{number}"),
            kid: kid.as_str().into(),
            kek_thumbprint_sha256: "cd".repeat(32).into(),
            asked: Asked::Once,
            wishes: PlanWishes {
                enabled: true,
                ..PlanWishes::default()
            }
            .into(),
        })
        .collect();
    let header = PlanHeader {
        plan_version: Plan::VERSION,
        token: PlanToken {
            label: "token".to_owned(),
            serial: "1".to_owned(),
            software: false,
        },
        vaults: vec![PlanVault {
            url: vault.to_owned(),
            kid,
            kek_thumbprint_sha256: "cd".repeat(32),
            kek_bits: 2048,
            kek: String::new(),
            attestation: None,
            lines: count,
        }],
        stays: Vec::new(),
    };
    Arc::new(Plan::of(header, lines).unwrap())
}
