//! The worker's side: its requests, answered in this process.

use std::time::Instant;

use keyferry::hsm::{
    DisposableObjects, FinalTry, LoginRequest, Module, OpenRequest, Port, Request, Response,
    StrategyDemand, TokenChoice, WrapRequest, port_of_this_process,
};
use keyferry::pin::Pin;
use keyferry_core::KeySelector;

/// An open token of a module in this process.
pub(crate) struct Worker<P> {
    port: P,
}

/// Opens the module and logs in; without a PIN, as the embedded token has it.
pub(crate) fn open(module: Module, pin: Option<Vec<u8>>) -> Worker<impl Port> {
    let mut port = port_of_this_process();
    let _ = port.answer(Request::Open(request(module)), None).unwrap();
    let login = LoginRequest {
        pin_follows: pin.is_some(),
        final_try: FinalTry::Refuse,
    };
    let _ = port
        .answer(Request::Login(login), pin.map(Pin::new))
        .unwrap();
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

impl<P: Port> Worker<P> {
    pub(crate) fn self_test(&mut self) {
        let request = Request::SelfTest(DisposableObjects::Session);
        let _ = self.port.answer(request, None).unwrap();
    }

    /// One wrap, in seconds.
    pub(crate) fn wrap(&mut self, label: &str, modulus: &[u8]) -> f64 {
        let request = Request::Wrap(order(label, modulus));
        let begun = Instant::now();
        let response = self.port.answer(request, None);
        let took = begun.elapsed();
        assert!(matches!(response, Ok(Response::Wrapped(_))), "{response:?}");
        took.as_secs_f64()
    }

    /// One listing: the number of keys that can travel, and seconds.
    pub(crate) fn list(&mut self) -> (usize, f64) {
        let begun = Instant::now();
        let response = self.port.answer(Request::Keys, None);
        let took = begun.elapsed();
        let Ok(Response::Keys(keys)) = response else {
            panic!("{response:?}");
        };
        let fit = keys
            .iter()
            .filter(|key| key.transferable && key.spki.is_some());
        (fit.count(), took.as_secs_f64())
    }
}
