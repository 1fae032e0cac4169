//! What a client does, and what the bridge has to answer to it.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::bridge::Address;
use crate::http::{Reply, Request};

/// Where it is done: a bridge, and the orders for it.
pub struct Target {
    /// The bridge.
    pub address: Address,
    /// An order that its policy approves.
    pub approved: Value,
    /// An order that its policy refuses.
    pub refused: Value,
    /// An order of a key that is not there.
    pub unknown: Value,
}

/// One thing that a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "their names in the table say it")]
pub enum Act {
    Session,
    Keys,
    Page,
    Wrap,
    WrapRefusedByPolicy,
    WrapOfAnUnknownKey,
    HostOfAnother,
    OriginOfAnother,
    SecretMissing,
    SecretWrong,
    TypePlain,
    Query,
    MethodUnknown,
    RouteUnknown,
    BodyBroken,
    BodyTooLarge,
    HeadTooLarge,
    HeadTooSlow,
    BodyTooSlow,
    GoneBeforeTheHead,
    GoneWithinTheBody,
    GoneWithoutReading,
}

impl Act {
    /// Each, how often among all, and the code of the refusal that it has to get, if any.
    const ALL: [(Self, u64, Option<&'static str>); 22] = [
        (Self::Session, 220, None),
        (Self::Keys, 60, None),
        (Self::Page, 60, None),
        (Self::Wrap, 120, None),
        (Self::WrapRefusedByPolicy, 40, Some("policy-refused")),
        (Self::WrapOfAnUnknownKey, 30, Some("key-unknown")),
        (Self::HostOfAnother, 50, Some("host-not-allowed")),
        (Self::OriginOfAnother, 50, Some("origin-not-allowed")),
        (Self::SecretMissing, 40, Some("secret-missing")),
        (Self::SecretWrong, 50, Some("secret-wrong")),
        (Self::TypePlain, 40, Some("content-type-not-json")),
        (Self::Query, 30, Some("query-not-allowed")),
        (Self::MethodUnknown, 30, Some("method-not-allowed")),
        (Self::RouteUnknown, 30, Some("route-unknown")),
        (Self::BodyBroken, 40, Some("body-not-understood")),
        (Self::BodyTooLarge, 30, Some("body-too-large")),
        (Self::HeadTooLarge, 15, None),
        (Self::HeadTooSlow, 2, None),
        (Self::BodyTooSlow, 1, Some("body-too-slow")),
        (Self::GoneBeforeTheHead, 40, None),
        (Self::GoneWithinTheBody, 40, None),
        (Self::GoneWithoutReading, 15, None),
    ];

    /// One of them, drawn by its weight.
    pub fn by_weight(random: u64) -> Self {
        let sum: u64 = Self::ALL.iter().map(|(_, weight, _)| weight).sum();
        let mut left = random % sum;
        for (act, weight, _) in Self::ALL {
            if left < weight {
                return act;
            }
            left -= weight;
        }
        Self::Session
    }

    /// True for what a page does: these are waited for by people.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Session | Self::Keys | Self::Page | Self::Wrap)
    }

    /// Does it, and says what was not as it has to be.
    ///
    /// # Errors
    /// That, in words.
    pub fn perform(self, target: &Target) -> Result<(), String> {
        let address = &target.address;
        let get = |path: &str| address.request("GET", path);
        let post = |path: &str| address.request("POST", path);
        let order = |body: &Value| post("/v1/wraps").body(body.to_string());
        let another = format!("Bearer {}", "A".repeat(address.secret.len()));
        match self {
            Self::Session => self.sent(&get("/v1/session"), target),
            Self::Keys => self.sent(&get("/v1/keys"), target),
            Self::Page => self.sent(&get("/").without("Authorization"), target),
            Self::Wrap => self.sent(&order(&target.approved), target),
            Self::WrapRefusedByPolicy => self.sent(&order(&target.refused), target),
            Self::WrapOfAnUnknownKey => self.sent(&order(&target.unknown), target),
            Self::HostOfAnother => {
                self.sent(&get("/v1/session").header("Host", "evil.example"), target)
            }
            Self::OriginOfAnother => self.sent(
                &post("/v1/unlock").header("Origin", "http://evil.example"),
                target,
            ),
            Self::SecretMissing => self.sent(&get("/v1/keys").without("Authorization"), target),
            Self::SecretWrong => {
                self.sent(&get("/v1/keys").header("Authorization", &another), target)
            }
            Self::TypePlain => self.sent(
                &post("/v1/wraps").header("Content-Type", "text/plain"),
                target,
            ),
            Self::Query => self.sent(&get("/v1/session?x=1"), target),
            Self::MethodUnknown => self.sent(&address.request("PUT", "/v1/keys"), target),
            Self::RouteUnknown => self.sent(&get("/v1/nothing"), target),
            Self::BodyBroken => self.sent(&post("/v1/wraps").body("{\"request_id\":"), target),
            Self::BodyTooLarge => self.sent(&post("/v1/wraps").body(vec![b' '; 80 * 1024]), target),
            Self::HeadTooLarge => self.head_too_large(target),
            Self::HeadTooSlow => {
                self.ended_by_the_bridge(target, "GET /v1/session HTTP/1.1\r\nHost")
            }
            Self::BodyTooSlow => self.ended_by_the_bridge(target, &head(address, 100)),
            Self::GoneBeforeTheHead => gone(address, "GET /v1/sess"),
            Self::GoneWithinTheBody => gone(address, &(head(address, 900) + "{\"request_id\":")),
            Self::GoneWithoutReading => {
                let body = target.approved.to_string();
                gone(address, &(head(address, body.len()) + &body))
            }
        }
    }

    fn code(self) -> Option<&'static str> {
        Self::ALL
            .iter()
            .find(|(act, ..)| *act == self)
            .and_then(|(_, _, code)| *code)
    }

    fn sent(self, request: &Request, target: &Target) -> Result<(), String> {
        match request.send(target.address.socket) {
            Ok(reply) => self.judge(&reply),
            // What is too large is refused unread, so its sending can break off before the answer is here.
            Err(error) if self == Self::BodyTooLarge && was_cut(&error) => Ok(()),
            Err(error) => Err(format!("no answer: {error}")),
        }
    }

    fn judge(self, reply: &Reply) -> Result<(), String> {
        let text = || {
            String::from_utf8_lossy(&reply.body)
                .chars()
                .take(300)
                .collect::<String>()
        };
        let is = |status: u16| (reply.status == status).then_some(());
        match (self, self.code()) {
            (Self::Wrap, _) => is(200).filter(|()| text_of(reply).contains("\"event\":\"done\"")),
            // A refusal on the way is the last line of a stream that began.
            (_, Some(code)) => (reply.status < 500)
                .then_some(())
                .filter(|()| text_of(reply).contains(&format!("\"code\":\"{code}\""))),
            (_, None) => is(200),
        }
        .ok_or_else(|| format!("HTTP {}: {}", reply.status, text()))
    }

    fn head_too_large(self, target: &Target) -> Result<(), String> {
        let request = target
            .address
            .request("GET", "/v1/session")
            .header("X-Filler", &"x".repeat(32 * 1024));
        match request.send(target.address.socket) {
            Ok(reply) if reply.status == 431 => Ok(()),
            Ok(reply) => Err(format!("HTTP {}", reply.status)),
            Err(error) if was_cut(&error) => Ok(()),
            Err(error) => Err(format!("no answer: {error}")),
        }
    }

    /// Sends a beginning and nothing more: the bridge has to end it, not the client.
    fn ended_by_the_bridge(self, target: &Target, beginning: &str) -> Result<(), String> {
        let mut stream = connect(&target.address)?;
        stream
            .write_all(beginning.as_bytes())
            .map_err(|error| error.to_string())?;
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Ok(_) => {}
            Err(error) if was_cut(&error) => return Ok(()),
            Err(error) => return Err(format!("the bridge waits on: {error}")),
        }
        let text = String::from_utf8_lossy(&answer);
        match self.code() {
            Some(code) if !text.contains(code) => Err(format!("without {code}: {text}")),
            _ => Ok(()),
        }
    }
}

fn text_of(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

/// The head of an order with a body of that length.
fn head(address: &Address, length: usize) -> String {
    format!(
        "POST /v1/wraps HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nAuthorization: Bearer {1}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
        address.socket, address.secret
    )
}

/// Sends what it may and goes away, now and then after a moment.
fn gone(address: &Address, beginning: &str) -> Result<(), String> {
    let mut stream = connect(address)?;
    stream
        .write_all(beginning.as_bytes())
        .map_err(|error| error.to_string())?;
    if beginning.len().is_multiple_of(2) {
        thread::sleep(Duration::from_millis(3));
    }
    Ok(())
}

fn connect(address: &Address) -> Result<TcpStream, String> {
    let stream = TcpStream::connect_timeout(&address.socket, Duration::from_secs(30))
        .map_err(|error| format!("no connection: {error}"))?;
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .map_err(|error| error.to_string())?;
    Ok(stream)
}

fn was_cut(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    ) || error.to_string().contains("not an HTTP answer")
}
