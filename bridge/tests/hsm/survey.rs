//! Looking around in a module before anybody logs in.

use keyferry::hsm::{FinalTry, Hsm, LoginStyle, PinState};
use keyferry_core::Strategy;

use crate::token::{embedded, options};

#[tokio::test]
async fn module_slots_token_and_mechanisms_are_told_without_a_login_and_then_it_opens() {
    let state = tempfile::tempdir().unwrap();
    let hsm = Hsm::start(options()).await.unwrap();
    let survey = hsm.survey(embedded(state.path())).await.unwrap();
    assert!(
        survey.module.cryptoki.starts_with("3."),
        "{:?}",
        survey.module
    );
    assert_eq!(survey.slots.len(), 1);
    let in_slot = survey.slots[0].token.as_ref().unwrap();
    let chosen = survey.chosen.unwrap();
    assert_eq!(
        (in_slot.label.as_str(), in_slot.initialised),
        ("keyferry-software", true)
    );
    assert_eq!(chosen.slot, survey.slots[0].slot);
    assert!(chosen.token.info.software && chosen.pin_set && chosen.login_required);
    assert_eq!(
        (chosen.token.login, chosen.token.pin_state),
        (LoginStyle::Pin, PinState::Ok)
    );
    assert_eq!(chosen.listed, [Strategy::OaepKwp]);
    let oaep = chosen
        .mechanisms
        .iter()
        .find(|one| one.number == 9)
        .unwrap();
    assert!(oaep.can_wrap() && oaep.max_key_size >= 4096, "{oaep:?}");

    let opened = hsm.open(embedded(state.path())).await.unwrap();
    assert_eq!(opened.info, chosen.token.info);
    hsm.login(None, FinalTry::Refuse).await.unwrap();
    assert!(hsm.keys().await.unwrap().is_empty());
    let again = hsm.survey(embedded(state.path())).await.unwrap();
    assert_eq!(again.chosen.unwrap().slot, chosen.slot);
}
