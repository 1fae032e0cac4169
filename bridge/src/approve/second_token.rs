//! A second approver who logs in to a token, in a worker of its own that is used for nothing else.

use super::Prompter;
use super::second_person::wrong;
use crate::Error;
use crate::hsm::{
    FinalTry, Hsm, HsmError, LoginStyle, Module, OpenRequest, PinState, TokenChoice, WorkerOptions,
};
use crate::policy::ApproverToken;
use crate::trusted_path::{Owner, is_trusted};

/// Variables that the worker gets besides those of the policy. Not the first person's `HOME`, whose settings
/// could show the library another token by the same label.
const PASSED: [&str; 2] = ["LANG", "TMPDIR"];

/// Has the approver called `name` log in to `token`. The PIN is asked natively and tried once.
///
/// # Errors
/// What prompt, library and token say.
pub(super) async fn prove(
    prompter: &Prompter,
    name: &str,
    token: &ApproverToken,
    facts: &str,
) -> Result<(), Error> {
    if prompter.is_locked() {
        return Err(Error::BridgeLocked);
    }
    if !is_trusted(&token.module, Owner::RootOrSelf) {
        return Err(wrong(
            "the library of their token is missing, or could have been changed by others",
        ));
    }
    let request = OpenRequest {
        module: Module::Library {
            path: token.module.clone(),
            args: token.module_args.clone(),
        },
        token: TokenChoice::Label(token.label.clone()),
    };
    let hsm = Hsm::start(options(token)?).await?;
    let chosen = hsm.survey(request.clone()).await?.chosen?;
    // A token that lets everybody in proves nothing of anybody.
    if !chosen.login_required || !chosen.pin_set {
        return Err(wrong("their token asks for no PIN"));
    }
    let opened = hsm.open(request).await?;
    if token
        .serial
        .as_ref()
        .is_some_and(|serial| *serial != opened.info.serial)
    {
        return Err(wrong("another token has the label of theirs"));
    }
    let final_try = match opened.pin_state {
        PinState::Locked => return Err(HsmError::PinLocked.into()),
        PinState::FinalTry => prompter.confirm_final_try(&token.label).await?,
        PinState::Ok | PinState::CountLow => FinalTry::Refuse,
    };
    let pin = match opened.login {
        LoginStyle::PinPad => {
            prompter.confirm_second(facts).await?;
            None
        }
        LoginStyle::Pin => {
            let words = format!(
                "PIN of the token {} of the second approver {name}",
                token.label
            );
            Some(prompter.secret(facts, &words).await?)
        }
    };
    let answer = hsm.prove(pin, final_try).await;
    if matches!(answer, Err(HsmError::PinWrong { .. })) {
        prompter.count_refusal();
    }
    if !answer? {
        return Err(wrong(
            "their token took no PIN: somebody was logged in already",
        ));
    }
    // The worker ends with its handle; what it may leave undone is its own session.
    let _ = hsm.logout().await;
    Ok(())
}

fn options(token: &ApproverToken) -> Result<WorkerOptions, Error> {
    let mut options = WorkerOptions::this_program(&[])?;
    options
        .environment
        .retain(|name, _| PASSED.iter().any(|passed| name == passed));
    let own = token.env.iter();
    options
        .environment
        .extend(own.map(|(name, value)| (name.into(), value.into())));
    Ok(options)
}
