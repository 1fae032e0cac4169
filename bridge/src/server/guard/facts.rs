//! The facts of a request that the guard looks at.

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri};

use crate::server::{Authority, RunSecret};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How often a header came, and what it said when it came once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent<'a> {
    /// Not sent.
    Absent,
    /// Sent once, with these bytes.
    Once(&'a [u8]),
    /// Sent more than once: no value is taken, as two readers might choose differently.
    Repeated,
}

impl<'a> Sent<'a> {
    fn of(headers: &'a HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::Once(value.as_bytes()),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }
}

/// Everything [`admit`](super::admit) decides by; nothing of the body.
#[derive(Debug, Clone, Copy)]
pub struct RequestFacts<'a> {
    /// The method.
    pub method: &'a Method,
    /// The request target.
    pub uri: &'a Uri,
    /// The address at the other end of the connection.
    pub peer: IpAddr,
    /// `Host`.
    pub host: Sent<'a>,
    /// `Origin`.
    pub origin: Sent<'a>,
    /// `Sec-Fetch-Site`, which a page cannot forge.
    pub fetch_site: Sent<'a>,
    /// `Authorization`.
    pub authorization: Sent<'a>,
    /// `Content-Type`.
    pub content_type: Sent<'a>,
    /// Where this run listens.
    pub authority: &'a Authority,
    /// This run's secret.
    pub secret: &'a RunSecret,
}

impl<'a> RequestFacts<'a> {
    /// Reads the facts off a request's head.
    pub fn read(
        head: &'a Parts,
        peer: IpAddr,
        authority: &'a Authority,
        secret: &'a RunSecret,
    ) -> Self {
        let sent = |name: &HeaderName| Sent::of(&head.headers, name);
        Self {
            method: &head.method,
            uri: &head.uri,
            peer,
            host: sent(&HOST),
            origin: sent(&ORIGIN),
            fetch_site: sent(&SEC_FETCH_SITE),
            authorization: sent(&AUTHORIZATION),
            content_type: sent(&CONTENT_TYPE),
            authority,
            secret,
        }
    }
}
