//! The worker's side: its requests, answered in this process.

use std::time::Instant;

use keyferry::hsm::{
    DisposableObjects, FinalTry, HsmError, LoginRequest, Module, OpenRequest, Part, Port, Request,
    Response, StrategyDemand, TokenChoice, WrapMany, WrapRequest, Wrapped, port_of_this_process,
};
use keyferry::pin::Pin;
use keyferry_core::KeySelector;

use super::token::label;

/// An open token of a module in this process.
pub(crate) struct Worker<P> {
    port: P,
}

/// Opens the module and logs in; without a PIN, as the embedded token has it.
pub(crate) fn open(module: Module, pin: Option<Vec<u8>>) -> Worker<impl Port> {
    let mut port = port_of_this_process();
    let _ = whole(&mut port, Request::Open(request(module)), None);
    let login = LoginRequest {
        pin_follows: pin.is_some(),
        final_try: FinalTry::Refuse,
    };
    let _ = whole(&mut port, Request::Login(login), pin.map(Pin::new));
    Worker { port }
}

pub(crate) fn request(module: Module) -> OpenRequest {
    OpenRequest {
        module,
        token: TokenChoice::Only,
    }
}

pub(crate) fn order(label: &str, modulus: &[u8]) -> WrapRequest {
    WrapRequest {
        key: KeySelector {
            label: Some(label.to_owned()),
            id: None,
        },
        kek_modulus: modulus.to_vec(),
        kek_exponent: vec![1, 0, 1],
        strategy: StrategyDemand::Proven,
    }
}

/// A modulus of the right form that nobody holds: its blobs are thrown away.
pub(crate) fn modulus() -> Vec<u8> {
    let mut modulus = vec![0xB5; 256];
    *modulus.last_mut().unwrap() = 0x37;
    modulus
}

/// An answer that comes in one piece.
fn whole(port: &mut impl Port, request: Request, pin: Option<Pin>) -> Response {
    port.answer(request, pin, &mut |part| panic!("{part:?}"))
        .unwrap()
}

impl<P: Port> Worker<P> {
    pub(crate) fn self_test(&mut self) {
        let request = Request::SelfTest(DisposableObjects::Session);
        let _ = whole(&mut self.port, request, None);
    }

    /// One wrap, in seconds.
    pub(crate) fn wrap(&mut self, label: &str, modulus: &[u8]) -> f64 {
        let request = Request::Wrap(order(label, modulus));
        let begun = Instant::now();
        let response = whole(&mut self.port, request, None);
        let took = begun.elapsed();
        assert!(matches!(response, Response::Wrapped(_)), "{response:?}");
        took.as_secs_f64()
    }

    /// The first `count` keys in one question, in seconds.
    pub(crate) fn wrap_many(&mut self, count: usize, modulus: &[u8]) -> f64 {
        let one = order("", modulus);
        let selector = |number| KeySelector {
            label: Some(label(number)),
            id: None,
        };
        let request = Request::WrapMany(WrapMany {
            keys: (0..count).map(selector).collect(),
            kek_modulus: one.kek_modulus,
            kek_exponent: one.kek_exponent,
            strategy: one.strategy,
        });
        let mut right = 0;
        let mut look = |answers: &[Result<Wrapped, HsmError>]| {
            right += answers.iter().filter(|answer| answer.is_ok()).count();
        };
        let begun = Instant::now();
        let response = self.port.answer(request, None, &mut |part| {
            if let Part::Wrapped(answers) = part {
                look(&answers);
            }
        });
        let took = begun.elapsed();
        let Ok(Response::WrappedMany(last)) = response else {
            panic!("{response:?}");
        };
        look(&last);
        assert_eq!(right, count);
        took.as_secs_f64()
    }

    /// One listing: the number of keys that can travel, and seconds.
    pub(crate) fn list(&mut self) -> (usize, f64) {
        let begun = Instant::now();
        let mut keys = Vec::new();
        let response = self.port.answer(Request::Keys, None, &mut |part| {
            if let Part::Keys(some) = part {
                keys.extend(some);
            }
        });
        let took = begun.elapsed();
        let Ok(Response::Keys(rest)) = response else {
            panic!("{response:?}");
        };
        keys.extend(rest);
        let fit = keys
            .iter()
            .filter(|key| key.transferable && key.spki.is_some());
        (fit.count(), took.as_secs_f64())
    }
}
