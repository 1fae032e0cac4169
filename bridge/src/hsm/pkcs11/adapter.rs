//! The port, answered by PKCS#11.

use cryptoki::session::Session;
use cryptoki::slot::Slot;
use keyferry_core::{KeyInfo, KeySelector, TargetKind};

use super::generate::{Lifetime, check_label, generate};
use super::keys::{self, Keys};
use super::login::login;
use super::module::LoadedModule;
use super::rehearsal::RehearsalKeys;
use super::survey::survey;
use super::token::{self, Origin};
use super::wrapping::Known;
use crate::hsm::embedded::EmbeddedToken;
use crate::hsm::error::HsmError;
use crate::hsm::port::{
    Destroyed, LoginProof, LoginRequest, Module, OpenRequest, OpenedToken, Part, Port, Request,
    Response, Wrapped,
};
use crate::hsm::survey::Survey;
use crate::pin::Pin;

/// Most keys of a listing that are told of in one frame.
const KEYS: usize = 1000;

/// `CKA_ID` of a new key: random, so that no two keys share it.
const ID_BYTES: usize = 16;

/// The PKCS#11 side of the port.
#[derive(Default)]
pub(in crate::hsm) struct Adapter {
    /// A module that was looked into and holds no open token yet.
    loaded: Option<Loaded>,
    open: Option<OpenToken>,
}

/// A started module, and how it was named.
struct Loaded {
    name: Module,
    module: LoadedModule,
    embedded: Option<EmbeddedToken>,
    origin: Origin,
}

/// An open token. The first session lives as long as this, since a login lasts as long as one
/// session does (PKCS#11 v3.1 §5.6.8); listings and wraps share another, and what writes opens one for
/// itself.
pub(super) struct OpenToken {
    pub(super) known: Known,
    pub(super) first_session: Session,
    pub(super) slot: Slot,
    /// `CK_TOKEN_INFO.serialNumber` at the opening.
    pub(super) serial: String,
    pub(super) embedded: Option<EmbeddedToken>,
    pub(super) logged_in: bool,
    /// Whether that took a `C_Login`: some tokens need none.
    pub(super) login_made: bool,
    rehearsal: RehearsalKeys,
    // Last, so that sessions are closed before the module is finalised.
    pub(super) module: LoadedModule,
}

impl Port for Adapter {
    fn answer(
        &mut self,
        request: Request,
        pin: Option<Pin>,
        tell: &mut dyn FnMut(Part),
    ) -> Result<Response, HsmError> {
        if let Request::Open(request) = request {
            return self.open(request).map(Response::Opened);
        }
        if let Request::Survey(request) = request {
            return self.survey(request).map(Response::Surveyed);
        }
        let token = self.open.as_mut().ok_or(HsmError::TokenNotOpen)?;
        let mut gone = false;
        let outcome = token.answer(request, pin, &mut |part| {
            gone |= matches!(&part, Part::Wrapped(answers) if is_login_gone_of(answers));
            tell(part);
        });
        if gone || is_login_gone(&outcome) {
            token.login_is_gone();
        }
        outcome
    }
}

impl OpenToken {
    fn answer(
        &mut self,
        request: Request,
        pin: Option<Pin>,
        tell: &mut dyn FnMut(Part),
    ) -> Result<Response, HsmError> {
        let token = self;
        match request {
            Request::Open(_) | Request::Survey(_) => Err(HsmError::Protocol {
                why: "a token is open already".into(),
            }),
            Request::Login(request) => token.login(request, pin).map(Response::LoggedIn),
            Request::Logout => token.logout().map(|()| Response::LoggedOut),
            Request::Keys => {
                let mut keys = token.keys()?;
                while keys.len() > KEYS {
                    let rest = keys.split_off(KEYS);
                    tell(Part::Keys(std::mem::replace(&mut keys, rest)));
                }
                Ok(Response::Keys(keys))
            }
            Request::KeysLike(selector) => token.keys_like(&selector).map(Response::Keys),
            Request::GenerateKey { kind, label } => {
                token.generate(kind, label).map(Response::Generated)
            }
            Request::MakeRehearsalKey { kind } => {
                token.make_rehearsal_key(kind).map(Response::Generated)
            }
            Request::DestroyRehearsalKeys => {
                Ok(Response::Destroyed(token.destroy_rehearsal_keys()))
            }
            Request::SelfTest(objects) => token
                .self_test(objects)
                .map(|report| Response::SelfTested(report.clone())),
            Request::Wrap(request) => token.wrap(&request).map(Response::Wrapped),
            Request::WrapMany(many) => token.wrap_many(&many, tell).map(Response::WrappedMany),
        }
    }
}

impl Adapter {
    fn open(&mut self, request: OpenRequest) -> Result<OpenedToken, HsmError> {
        if self.open.is_some() {
            return Err(HsmError::Protocol {
                why: "a token is open already".into(),
            });
        }
        let Loaded {
            module,
            embedded,
            origin,
            ..
        } = self.take_loaded(request.module)?;
        let slot = token::choose(&module.pkcs11, &request.token)?;
        let described = token::describe(&module.pkcs11, slot, origin)?;
        let first_session = module.pkcs11.open_ro_session(slot)?;
        self.open = Some(OpenToken {
            known: Known::default(),
            first_session,
            slot,
            serial: described.info.serial.clone(),
            embedded,
            logged_in: false,
            login_made: false,
            rehearsal: RehearsalKeys::default(),
            module,
        });
        Ok(described)
    }

    fn survey(&mut self, request: OpenRequest) -> Result<Survey, HsmError> {
        if let Some(open) = &self.open {
            let origin = match open.embedded {
                Some(_) => Origin::Embedded,
                None => Origin::Library,
            };
            return survey(&open.module, &request.token, origin);
        }
        let loaded = self.take_loaded(request.module)?;
        let loaded = self.loaded.insert(loaded);
        survey(&loaded.module, &request.token, loaded.origin)
    }

    /// The module that was looked into, or a fresh one. Another that was looked into must be gone
    /// before: two in one process may share their globals.
    fn take_loaded(&mut self, name: Module) -> Result<Loaded, HsmError> {
        match self.loaded.take() {
            Some(loaded) if loaded.name == name => Ok(loaded),
            other => {
                drop(other);
                Loaded::start(name)
            }
        }
    }
}

impl Loaded {
    fn start(name: Module) -> Result<Self, HsmError> {
        let (module, embedded, origin) = match &name {
            Module::Library { path, args } => (
                LoadedModule::library(path, args.as_deref())?,
                None,
                Origin::Library,
            ),
            Module::Embedded { state } => {
                let (embedded, module) = EmbeddedToken::open(state)?;
                (module, Some(embedded), Origin::Embedded)
            }
        };
        Ok(Self {
            name,
            module,
            embedded,
            origin,
        })
    }
}

fn is_login_gone(outcome: &Result<Response, HsmError>) -> bool {
    match outcome {
        Err(HsmError::NotLoggedIn) => true,
        Ok(Response::WrappedMany(answers)) => is_login_gone_of(answers),
        _ => false,
    }
}

fn is_login_gone_of(answers: &[Result<Wrapped, HsmError>]) -> bool {
    let gone = |answer: &Result<Wrapped, HsmError>| matches!(answer, Err(HsmError::NotLoggedIn));
    answers.iter().any(gone)
}

/// A bridge that went away without a word leaves no rehearsal's key behind.
impl Drop for OpenToken {
    fn drop(&mut self) {
        if self.rehearsal.is_empty() {
            return;
        }
        for (label, why) in self.destroy_rehearsal_keys().left {
            tracing::warn!(%label, %why, "a rehearsal's key is not destroyed");
        }
    }
}

impl OpenToken {
    fn login(&mut self, request: LoginRequest, pin: Option<Pin>) -> Result<LoginProof, HsmError> {
        if self.logged_in {
            return Ok(LoginProof::AlreadyLoggedIn);
        }
        self.keep_alive()?;
        let pin = match (pin, &self.embedded) {
            (None, Some(embedded)) => Some(embedded.pin()?),
            (given, _) => given,
        };
        // The embedded token counts wrong PINs in its database, which has one writer at a time.
        let _lock = self
            .embedded
            .as_ref()
            .map(EmbeddedToken::lock)
            .transpose()?;
        let proof = login(
            &self.module.pkcs11,
            self.slot,
            &self.first_session,
            pin.as_ref(),
            request.final_try,
        )?;
        self.logged_in = true;
        self.login_made = proof != LoginProof::NotNeeded;
        Ok(proof)
    }

    fn logout(&mut self) -> Result<(), HsmError> {
        if !self.logged_in {
            return Ok(());
        }
        // Private objects are no longer to be had, and their handles of no more use.
        self.known.forget_handles();
        if self.login_made {
            match self.first_session.logout().map_err(HsmError::from) {
                // Somebody else was faster.
                Ok(()) | Err(HsmError::NotLoggedIn) => {}
                Err(error) => return Err(error),
            }
        }
        self.logged_in = false;
        Ok(())
    }

    fn keys(&mut self) -> Result<Vec<KeyInfo>, HsmError> {
        self.require_login()?;
        self.known.keys = self.read(Keys::list)?;
        Ok(self.known.keys.infos())
    }

    /// From the last listing while it is fresh; a name that is not in it may be a new key's.
    fn keys_like(&mut self, selector: &KeySelector) -> Result<Vec<KeyInfo>, HsmError> {
        self.require_login()?;
        if self.known.keys.are_fresh() {
            let found = self.known.keys.fitting(selector);
            if !found.is_empty() {
                return Ok(found);
            }
        }
        self.known.keys = self.read(Keys::list)?;
        Ok(self.known.keys.fitting(selector))
    }

    fn generate(&self, kind: TargetKind, label: String) -> Result<KeyInfo, HsmError> {
        self.require_login()?;
        check_label(&label)?;
        let _lock = self
            .embedded
            .as_ref()
            .map(EmbeddedToken::lock)
            .transpose()?;
        let session = self.module.pkcs11.open_rw_session(self.slot)?;
        if keys::label_is_taken(&session, &label)? {
            return Err(HsmError::LabelTaken { label });
        }
        let mut id = vec![0; ID_BYTES];
        getrandom::fill(&mut id).map_err(|error| HsmError::ModuleAnswer {
            why: error.to_string(),
        })?;
        let generated = generate(&session, kind, &Lifetime::Token { label, id })?;
        keys::one(&self.module.raw, &session, generated.key).map(|key| key.info())
    }

    fn make_rehearsal_key(&mut self, kind: TargetKind) -> Result<KeyInfo, HsmError> {
        self.require_login()?;
        let session = self.module.pkcs11.open_ro_session(self.slot)?;
        let label = self.rehearsal.next_label(&session)?;
        self.generate(kind, label)
    }

    fn destroy_rehearsal_keys(&mut self) -> Destroyed {
        let session = || -> Result<_, HsmError> {
            let lock = self
                .embedded
                .as_ref()
                .map(EmbeddedToken::lock)
                .transpose()?;
            Ok((self.module.pkcs11.open_rw_session(self.slot)?, lock))
        };
        match session() {
            Ok((session, _lock)) => self.rehearsal.destroy(&session),
            Err(error) => self.rehearsal.left(&error),
        }
    }

    /// Without a login a token shows no private keys, which would read as "there are none".
    pub(super) fn require_login(&self) -> Result<(), HsmError> {
        if self.logged_in {
            Ok(())
        } else {
            Err(HsmError::NotLoggedIn)
        }
    }
}
