//! Looks at a token, and prepares one, through PKCS#11 alone: what the tests know of a token
//! besides what the product says of it.
//!
//! `onlooker MODULE TOKEN PIN-FILE VERB …`, where MODULE is a library's path or `embedded` (then
//! `KRYOPTIC_CONF` names the token's configuration), and PIN-FILE may be `protected` for a PIN pad. A process of its own, because a module reads
//! its environment and keeps its state per process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test's tool"
)]

// The embedded token is part of the library.
use keyferry as _;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use serde_json::{Map, Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [module, token, pin_file, verb @ ..] = &arguments[..] else {
        panic!("MODULE TOKEN PIN-FILE VERB …");
    };
    let context = if *module == "embedded" {
        Pkcs11::new_from_self().unwrap()
    } else {
        Pkcs11::new(module).unwrap()
    };
    context
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .unwrap();
    let slot = slot(&context, token);
    if *verb == ["flags"] {
        return print(&flags(&context, slot));
    }
    let session = context.open_rw_session(slot).unwrap();
    let pin = (*pin_file != "protected").then(|| {
        let pin = std::fs::read_to_string(pin_file).unwrap();
        AuthPin::new(pin.trim_end().into())
    });
    session.login(UserType::User, pin.as_ref()).unwrap();
    match verb {
        ["encrypt", label, block] => print(&encrypt(&session, label, block)),
        ["attributes", label] => print(&attributes(&session, label)),
        ["objects"] => print(&json!(session.find_objects(&[]).unwrap().len())),
        ["swap", one, other] => print(&json!(swap(&session, one, other))),
        ["destroy", prefix] => print(&json!(destroy(&session, prefix))),
        ["make-rsa", label, "extractable"] => make_rsa(&session, label, true),
        ["make-rsa", label, "stuck"] => make_rsa(&session, label, false),
        _ => panic!("no such verb: {verb:?}"),
    }
}

fn slot(context: &Pkcs11, label: &str) -> Slot {
    let slots = context.get_slots_with_token().unwrap();
    let named = |slot: &&Slot| context.get_token_info(**slot).unwrap().label() == label;
    *slots
        .iter()
        .find(named)
        .unwrap_or_else(|| panic!("no token {label:?}"))
}

/// The PIN counter's flags.
fn flags(context: &Pkcs11, slot: Slot) -> Value {
    let info = context.get_token_info(slot).unwrap();
    json!({
        "count_low": info.user_pin_count_low(),
        "final_try": info.user_pin_final_try(),
        "locked": info.user_pin_locked(),
    })
}

/// AES-ECB of one block under the key `label`.
fn encrypt(session: &Session, label: &str, block: &str) -> Value {
    let key = one(session, label, ObjectClass::SECRET_KEY);
    let block: Vec<u8> = (0..32)
        .step_by(2)
        .map(|at| u8::from_str_radix(&block[at..at + 2], 16).unwrap())
        .collect();
    let encrypted = session.encrypt(&Mechanism::AesEcb, key, &block).unwrap();
    json!(keyferry_tests::tool::hex(&encrypted))
}

/// The private or secret key's attributes that say what may be done with it.
fn attributes(session: &Session, label: &str) -> Value {
    let private = session.find_objects(&[
        Attribute::Label(label.into()),
        Attribute::Class(ObjectClass::PRIVATE_KEY),
    ]);
    let key = match private.unwrap()[..] {
        [key] => key,
        _ => one(session, label, ObjectClass::SECRET_KEY),
    };
    let named = [
        ("token", AttributeType::Token),
        ("private", AttributeType::Private),
        ("sensitive", AttributeType::Sensitive),
        ("extractable", AttributeType::Extractable),
        ("sign", AttributeType::Sign),
        ("decrypt", AttributeType::Decrypt),
        ("encrypt", AttributeType::Encrypt),
        ("unwrap", AttributeType::Unwrap),
        ("wrap", AttributeType::Wrap),
        ("derive", AttributeType::Derive),
    ];
    let mut answer = Map::new();
    for (name, kind) in named {
        let value = match session.get_attributes(key, &[kind]).unwrap().pop() {
            Some(
                Attribute::Token(is)
                | Attribute::Private(is)
                | Attribute::Sensitive(is)
                | Attribute::Extractable(is)
                | Attribute::Sign(is)
                | Attribute::Decrypt(is)
                | Attribute::Encrypt(is)
                | Attribute::Unwrap(is)
                | Attribute::Wrap(is)
                | Attribute::Derive(is),
            ) => json!(is),
            _ => Value::Null,
        };
        answer.insert(name.to_owned(), value);
    }
    Value::Object(answer)
}

/// An RSA-2048 key pair on the token; a second one may carry the same label.
fn make_rsa(session: &Session, label: &str, extractable: bool) {
    let id: [u8; 8] = session.generate_random_vec(8).unwrap().try_into().unwrap();
    let public = [
        Attribute::Token(true),
        Attribute::Label(label.into()),
        Attribute::Id(id.to_vec()),
        Attribute::ModulusBits(2048.into()),
        Attribute::PublicExponent(vec![1, 0, 1]),
        Attribute::Verify(true),
    ];
    let private = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Label(label.into()),
        Attribute::Id(id.to_vec()),
        Attribute::Sensitive(true),
        Attribute::Extractable(extractable),
        Attribute::Sign(true),
    ];
    session
        .generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private)
        .unwrap();
    print(&json!(keyferry_tests::tool::hex(&id)));
}

/// Destroys every object whose label begins so; how many there were.
fn destroy(session: &Session, prefix: &str) -> usize {
    let objects = beginning(session, prefix);
    for object in &objects {
        session.destroy_object(*object).unwrap();
    }
    objects.len()
}

/// Lets two pairs of keys change their labels and ids; tells how many halves each has.
fn swap(session: &Session, first: &str, second: &str) -> usize {
    let classes = [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY];
    for class in classes {
        let pair = [first, second].map(|label| one(session, label, class));
        let names = pair.map(|key| {
            let wanted = [AttributeType::Label, AttributeType::Id];
            session.get_attributes(key, &wanted).unwrap()
        });
        for (key, names) in pair.iter().zip(names.iter().rev()) {
            session.update_attributes(*key, names).unwrap();
        }
    }
    classes.len()
}

/// The objects whose label begins so.
fn beginning(session: &Session, prefix: &str) -> Vec<ObjectHandle> {
    assert!(!prefix.is_empty(), "every label begins with nothing");
    let mut objects = session.find_objects(&[]).unwrap();
    objects.retain(|object| {
        let label = session.get_attributes(*object, &[AttributeType::Label]);
        match label.unwrap_or_default().as_slice() {
            [Attribute::Label(label)] => label.starts_with(prefix.as_bytes()),
            _ => false,
        }
    });
    objects
}

fn one(session: &Session, label: &str, class: ObjectClass) -> ObjectHandle {
    let template = [Attribute::Label(label.into()), Attribute::Class(class)];
    match session.find_objects(&template).unwrap()[..] {
        [key] => key,
        ref other => panic!("{} keys {label:?}", other.len()),
    }
}

fn print(value: &Value) {
    println!("{value}");
}
