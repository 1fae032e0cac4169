//! The list of a plan that a person reads before it is approved; the same lines stand in `plan.txt`.

use keyferry_core::visible;

use super::plan::{Plan, PlanLine, Stay};
use crate::moment;

/// The whole plan in lines of text: what it is, where its keys go, each key, and what stays and why. Foreign text is
/// made visible.
pub fn listing(plan: &Plan) -> impl Iterator<Item = String> + '_ {
    let header = plan.header();
    let software = if header.token.software {
        ", software"
    } else {
        ""
    };
    let mut lines = vec![
        format!("Plan   {}", plan.hash().grouped()),
        format!(
            "Token  {} (serial {}{software})",
            visible(&header.token.label),
            visible(&header.token.serial)
        ),
    ];
    for vault in &header.vaults {
        lines.push(String::new());
        lines.push(format!(
            "Vault  {}: {} keys",
            visible(&vault.url),
            vault.lines
        ));
        lines.push(format!("KEK    {}", grouped(&vault.kek_thumbprint_sha256)));
        lines.push(format!(
            "Kid    {} (RSA {} bits)",
            visible(&vault.kid),
            vault.kek_bits
        ));
    }
    lines.push(String::new());
    lines.push(format!("{} keys travel:", plan.lines().len()));
    let staying = match plan.stays().len() {
        0 => Vec::new(),
        count => vec![String::new(), format!("{count} stay:")],
    };
    lines
        .into_iter()
        .chain(plan.lines().iter().map(travels))
        .chain(staying)
        .chain(plan.stays().iter().map(stays))
}

/// One key that travels.
#[must_use]
pub(super) fn travels(line: &PlanLine) -> String {
    let mut text = format!(
        "{:>6}  {} ({}, id {}) -> {} in {}",
        line.number,
        visible(&line.key.label),
        line.key.kind,
        visible(&line.key.id),
        visible(&line.name),
        visible(&line.vault),
    );
    let wishes = &line.wishes;
    if let Some(operations) = &wishes.ops {
        text.push_str(&format!(", may {}", visible(&operations.join(" "))));
    }
    if !wishes.tags.is_empty() {
        let tags: Vec<String> = wishes
            .tags
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        text.push_str(&format!(", tags {}", visible(&tags.join(" "))));
    }
    if !wishes.enabled {
        text.push_str(", starts disabled");
    }
    if let Some(seconds) = wishes.not_before {
        text.push_str(&format!(", not before {}", moment::text(seconds)));
    }
    if let Some(seconds) = wishes.expires {
        text.push_str(&format!(", expires {}", moment::text(seconds)));
    }
    if wishes.is_exportable() {
        text.push_str(", EXPORTABLE under its policy");
    }
    text
}

/// One line of the manifest that does not travel.
pub(super) fn stays(stay: &Stay) -> String {
    let reasons: Vec<String> = stay
        .reasons
        .iter()
        .map(|reason| format!("{} ({})", visible(&reason.message), visible(&reason.code)))
        .collect();
    let name = stay.label.as_deref().unwrap_or(&stay.wanted);
    format!(
        "  line {:>4}  {}: {}",
        stay.manifest_line,
        visible(name),
        reasons.join("; ")
    )
}

fn grouped(thumbprint: &str) -> String {
    thumbprint
        .parse::<keyferry_core::Thumbprint>()
        .map_or_else(|_| visible(thumbprint), |thumbprint| thumbprint.grouped())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::batch::sample;

    #[test]
    fn the_list_has_hash_kek_every_key_and_what_stays_with_foreign_text_made_visible() {
        let keys = [("pay\u{1b}[2J", "pay"), ("two", "two")];
        let plan = sample::plan(&keys, &["https://contoso.vault.azure.net"]);
        let text = listing(&plan).collect::<Vec<_>>().join("\n");
        for word in [
            &plan.hash().grouped(),
            sample::KID,
            "aaaa aaaa",
            "pay\\u{001b}[2J (P-256, id 01) -> pay in https://contoso.vault.azure.net",
            "tags team=\\u{202e}x, starts disabled, expires 1970-01-01T00:00:00Z, EXPORTABLE",
            "2 keys travel:",
            "line    9  lost*: no key has such a label (nothing-matches)",
        ] {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    }
}
