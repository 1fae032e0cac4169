//! A connection to the bridge that stands, as a browser keeps one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use keyferry_tests::bridge::Address;
use serde_json::Value;

/// One connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    address: Address,
}

impl Connection {
    pub(crate) fn open(address: &Address) -> Self {
        Self {
            stream: stream(address),
            address: address.clone(),
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Vec<u8> {
        self.send("GET", path, "", b"")
    }

    /// Sends JSON; the last line of the answer.
    pub(crate) fn post(&mut self, path: &str, body: &[u8]) -> Value {
        let origin = self.address.origin();
        let headers = format!("Origin: {origin}\r\nContent-Type: application/json\r\n");
        let body = self.send("POST", path, &headers, body);
        let last = body.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
        serde_json::from_slice(last.unwrap()).unwrap()
    }

    fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let Address { socket, secret } = self.address.clone();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {socket}\r\nAuthorization: Bearer {secret}\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        let mut status = self.ask(&request);
        if status.is_empty() {
            // The bridge closes connections on which nothing is asked for some seconds.
            self.stream = stream(&self.address);
            status = self.ask(&request);
        }
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            chunked |= line == "transfer-encoding: chunked";
        }
        let mut answer = Vec::new();
        if chunked {
            loop {
                let size = usize::from_str_radix(&self.line(), 16).unwrap();
                self.take(size, &mut answer);
                assert!(self.line().is_empty());
                if size == 0 {
                    break;
                }
            }
        } else {
            self.take(length, &mut answer);
        }
        assert!(
            status.contains(" 200 "),
            "{path}: {status} {}",
            String::from_utf8_lossy(&answer)
        );
        answer
    }

    /// The status line; empty when the connection had been closed.
    fn ask(&mut self, request: &[u8]) -> String {
        let _ = self.stream.get_mut().write_all(request);
        let mut line = String::new();
        let _ = self.stream.read_line(&mut line);
        line.trim_end_matches(['\r', '\n']).to_owned()
    }

    fn take(&mut self, size: usize, into: &mut Vec<u8>) {
        let from = into.len();
        into.resize(from + size, 0);
        self.stream.read_exact(&mut into[from..]).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end_matches(['\r', '\n']).to_owned()
    }
}

fn stream(address: &Address) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address.socket).unwrap();
    stream.set_nodelay(true).unwrap();
    BufReader::new(stream)
}
