//! The approval of a plan: of what was shown, and of nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use keyferry_core::{
    Admission, ApprovalKind, Kid, Requester, SelfTest, Strategy, TargetKind, Thumbprint,
};

use super::{ByFlag, PlanApproval, PlanDestination, PlanEnd, PlanQuestion, WrapQuestion};
use crate::batch::KeptApprovals;
use crate::batch::plan::Plan;
use crate::batch::sample::{KID, plan};
use crate::hsm::{Choice, Coverage};
use crate::sample::token;

const VAULT: &str = "https://contoso.vault.azure.net";

fn kid() -> Kid {
    Kid::parse(KID, &Admission::default()).unwrap()
}

fn thumbprint(digit: char) -> Thumbprint {
    digit.to_string().repeat(64).parse().unwrap()
}

fn choice(self_test: SelfTest) -> Choice {
    Choice {
        strategy: Strategy::OaepKwp,
        self_test,
        coverage: Coverage::Kind { zeros: 0 },
        proven_lengths: Vec::new(),
    }
}

fn question(plan: &Plan) -> PlanQuestion {
    PlanQuestion {
        plan: plan.hash(),
        left: 2,
        token: token(),
        destinations: vec![PlanDestination {
            kid: kid(),
            thumbprint: thumbprint('a'),
            attested: None,
            keys: 2,
        }],
        methods: BTreeMap::from([(TargetKind::P256, (2, choice(SelfTest::Exact)))]),
        left_out: 1,
        exportable: 2,
        new_versions: 0,
        end: PlanEnd::Files,
        list: "/batch/plan.txt".to_owned(),
        first_lines: vec!["1  one".to_owned()],
        asked_by: Requester::CommandLine,
    }
}

fn wrap(label: &str) -> WrapQuestion {
    WrapQuestion {
        label: label.to_owned(),
        id: "01".to_owned(),
        target: TargetKind::P256,
        token: token(),
        thumbprint: thumbprint('a'),
        kid: kid(),
        choice: choice(SelfTest::Exact),
        attested: None,
        asked_by: Requester::CommandLine,
    }
}

fn two() -> Plan {
    plan(&[("one", "one"), ("two", "two")], &[VAULT])
}

#[test]
fn a_plans_approval_is_leave_for_each_of_its_wraps() {
    let plan = two();
    let approval = PlanApproval::of(&question(&plan), ApprovalKind::Terminal);
    for line in plan.lines() {
        let wrap = wrap(&line.key.label);
        let one = approval.approve(&plan, line, &wrap).unwrap();
        assert_eq!(one.consume(&wrap).unwrap(), ApprovalKind::Terminal);
    }
}

#[test]
fn a_plans_approval_is_of_no_other_plan_line_key_kek_token_or_method() {
    let plan = two();
    let approval = PlanApproval::of(&question(&plan), ApprovalKind::Terminal);
    let line = plan.line(1).unwrap();
    let refused = |plan: &Plan, line, wrap: &WrapQuestion| {
        let error = approval.approve(plan, line, wrap).unwrap_err();
        assert_eq!(error.code(), "approval-mismatch");
    };
    let other = self::plan(&[("one", "elsewhere"), ("two", "two")], &[VAULT]);
    refused(&other, other.line(1).unwrap(), &wrap("one"));
    // A line that does not stand in the plan under its number.
    refused(&plan, other.line(1).unwrap(), &wrap("one"));
    refused(&plan, line, &wrap("two"));
    let mut bent = wrap("one");
    bent.thumbprint = thumbprint('b');
    refused(&plan, line, &bent);
    let mut bent = wrap("one");
    bent.id = "02".to_owned();
    refused(&plan, line, &bent);
    let mut bent = wrap("one");
    bent.token.serial = "2".to_owned();
    refused(&plan, line, &bent);
    let mut bent = wrap("one");
    bent.choice.strategy = Strategy::RsaAesKeyWrap;
    refused(&plan, line, &bent);
}

#[test]
fn flags_approve_what_they_expect_and_nothing_that_no_self_test_passed() {
    let plan = two();
    let expected = |digit| [ByFlag::ExpectedKek(thumbprint(digit))];
    let mut question = question(&plan);
    assert!(PlanApproval::by_flags(&expected('a'), &question).is_ok());
    assert!(PlanApproval::by_flags(&[ByFlag::Yes], &question).is_ok());
    let error = PlanApproval::by_flags(&expected('b'), &question).unwrap_err();
    assert_eq!(error.code(), "kek-mismatch");
    let error = PlanApproval::by_flags(&[], &question).unwrap_err();
    assert_eq!(error.code(), "prompt-unavailable");
    question
        .methods
        .insert(TargetKind::Rsa2048, (1, choice(SelfTest::NotRun)));
    let error = PlanApproval::by_flags(&[ByFlag::Yes], &question).unwrap_err();
    assert_eq!(error.code(), "prompt-unavailable");
}

#[test]
fn a_policy_approves_nothing_that_is_not_exact() {
    let plan = two();
    let mut question = question(&plan);
    let approval = PlanApproval::by_policy(&question).unwrap();
    assert_eq!(approval.kind(), ApprovalKind::Policy);
    question
        .methods
        .insert(TargetKind::Aes256, (1, choice(SelfTest::TrailingZeros)));
    assert!(PlanApproval::by_policy(&question).is_none());
}

#[test]
fn a_policy_approves_no_import_that_the_page_asks_for() {
    let plan = two();
    let mut question = question(&plan);
    question.end = PlanEnd::Import {
        signed_in: "the Azure CLI".to_owned(),
    };
    assert!(PlanApproval::by_policy(&question).is_some());
    question.asked_by = Requester::Page;
    assert!(PlanApproval::by_policy(&question).is_none());
    question.end = PlanEnd::Files;
    assert!(PlanApproval::by_policy(&question).is_some());
}

#[test]
fn what_is_kept_of_a_yes_to_the_wraps_is_none_to_the_imports() {
    let folder = tempfile::tempdir().unwrap();
    let state = crate::state::StateFolder::open(Some(folder.path())).unwrap();
    let kept = KeptApprovals::of(&state).unwrap();
    let plan = two();
    let files = question(&plan);
    let mut both = question(&plan);
    both.end = PlanEnd::Import {
        signed_in: "the Azure CLI".to_owned(),
    };
    let yes = |question| PlanApproval::of(question, ApprovalKind::Terminal);
    kept.keep(&files, &yes(&files)).unwrap();
    assert!(kept.find(&files).is_some());
    assert!(kept.find(&both).is_none());
    kept.keep(&both, &yes(&both)).unwrap();
    assert!(kept.find(&both).is_some());
    // Going on without them takes nothing back.
    kept.keep(&files, &yes(&files)).unwrap();
    assert!(kept.find(&both).is_some());
    kept.forget(plan.hash()).unwrap();
    assert!(kept.find(&files).is_none());
}

#[test]
fn what_is_kept_of_a_yes_is_of_the_token_and_the_method_that_were_shown_and_of_no_policy() {
    let folder = tempfile::tempdir().unwrap();
    let state = crate::state::StateFolder::open(Some(folder.path())).unwrap();
    let kept = KeptApprovals::of(&state).unwrap();
    let plan = two();
    let shown = question(&plan);
    let keep = |kind| kept.keep(&shown, &PlanApproval::of(&shown, kind)).unwrap();
    keep(ApprovalKind::Terminal);
    assert!(kept.find(&shown).is_some());
    let mut other = question(&plan);
    other.token.serial = "2".to_owned();
    assert!(kept.find(&other).is_none());
    let mut other = question(&plan);
    let methods = other.methods.values_mut();
    methods.for_each(|(_, shown)| *shown = choice(SelfTest::TrailingZeros));
    assert!(kept.find(&other).is_none());
    let mut other = question(&plan);
    let unseen = (1, choice(SelfTest::Exact));
    other.methods.insert(TargetKind::Aes256, unseen);
    assert!(kept.find(&other).is_none());
    // A policy is asked again each time: it may have changed.
    keep(ApprovalKind::Policy);
    assert!(kept.find(&shown).is_none());
}

#[test]
fn the_question_names_plan_keys_kek_vault_method_and_what_to_know() {
    let plan = two();
    let facts = question(&plan).facts();
    for word in [
        &plan.hash().grouped(),
        "2; 1 more cannot travel",
        &thumbprint('a').grouped(),
        KID,
        "2 × P-256: oaep+kwp, self-test exact",
        "exportable: under their policies 2 of the keys",
        "/batch/plan.txt",
        "this command line",
    ] {
        assert!(facts.contains(word), "{word}: {facts}");
    }
    assert_eq!(question(&plan).words(), "Wrap these 2 keys?");
}
