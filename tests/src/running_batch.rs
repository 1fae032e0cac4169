//! A batch that runs, and what it tells meanwhile.

use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::ManyKeys;
use crate::practice_vault::signal;

/// A batch's process; killed with this value.
pub struct RunningBatch {
    child: Child,
    lines: mpsc::Receiver<Value>,
}

impl RunningBatch {
    /// Starts it.
    #[must_use]
    pub fn start(keys: &ManyKeys, arguments: &[String]) -> Self {
        let mut child = keys.start(arguments);
        let output = BufReader::new(child.stdout.take().unwrap());
        let (told, lines) = mpsc::channel();
        // Read all the time: a full pipe would hold the bridge up.
        std::thread::spawn(move || {
            for line in output.lines() {
                let _ = told.send(serde_json::from_str(&line.unwrap()).unwrap());
            }
        });
        Self { child, lines }
    }

    /// The next thing that it tells.
    #[must_use]
    pub fn next(&self) -> Value {
        let waited = self.lines.recv_timeout(Duration::from_secs(90));
        waited.expect("it tells of nothing more")
    }

    /// Waits until `count` more keys are done.
    ///
    /// # Panics
    /// When it ends before.
    pub fn until_done(&self, count: usize) {
        let mut done = 0;
        while done < count {
            let line = self.next();
            assert_ne!(line["event"], "ended", "{line}");
            done += usize::from(line["end"] == "done");
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits for its end: the last line, and the exit code.
    #[must_use]
    pub fn end(mut self) -> (Value, Option<i32>) {
        let mut last = Value::Null;
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(120)) {
            last = line;
        }
        (last, self.child.wait().unwrap().code())
    }
}

impl Drop for RunningBatch {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
