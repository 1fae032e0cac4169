//! `policy check`: a verdict on a policy file.

use keyferry_core::visible;

use super::Check;
use crate::Error;
use crate::cli::out::Out;
use crate::cli::run::Ending;
use crate::policy::Description;

pub(super) fn run(arguments: &Check, out: &Out) -> Result<Ending, Error> {
    let said = Description::of(&arguments.file)?;
    if out.is_json() {
        out.object(&said);
    } else {
        show(&said, out);
    }
    Ok(if said.accepted {
        Ending::Good
    } else {
        Ending::Negative
    })
}

fn show(said: &Description, out: &Out) {
    let verdict = if said.accepted { "accepted" } else { "refused" };
    out.verdict(said.accepted, &format!("Policy {verdict}: {}", said.path));
    if said.accepted {
        let allow = &said.allow;
        list(out, "Vaults", allow.vaults.as_deref());
        list(out, "KEKs", allow.kek_thumbprints.as_deref());
        if let Some(bits) = allow.min_kek_bits {
            out.line(&format!("  KEK bits  at least {bits}"));
        }
        list(out, "Keys", allow.key_labels.as_deref());
    }
    for rule in &said.rules {
        out.line(&format!("  Rule {}", visible(&rule.name)));
        list(out, "  vaults", rule.vaults.as_deref());
        list(out, "  keys", rule.key_labels.as_deref());
        for (holds, words) in [
            (
                rule.require_attestation,
                "the KEK's attestation is required",
            ),
            (rule.require_pin, "of the pinned pool"),
            (
                rule.without_asking,
                "a match is the approval: nobody is asked",
            ),
        ] {
            if holds {
                out.line(&format!("    {words}"));
            }
        }
        if !rule.second_approver.is_empty() {
            let names = rule.second_approver.join(", ");
            out.line(&format!("    a second approver is asked: one of {names}"));
        }
    }
    for approver in &said.approvers {
        let by = match &approver.token {
            Some(label) => format!("by the token {}", visible(label)),
            None => "by a secret".to_owned(),
        };
        out.line(&format!("  Approver {}, {by}", approver.name));
    }
    said.findings
        .iter()
        .for_each(|finding| out.finding(finding));
}

fn list(out: &Out, name: &str, all: Option<&[String]>) {
    let Some(all) = all else { return };
    let all: Vec<String> = all.iter().map(|one| visible(one)).collect();
    let words = if all.is_empty() {
        "none".to_owned()
    } else {
        all.join(", ")
    };
    out.line(&format!("  {name:<9} {words}"));
}
