//! Reading a document that may be anything: a huge file, an endless device, a pipe that nobody writes to.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Error;

/// How long a pipe may stay silent.
const SILENCE: Duration = Duration::from_secs(20);

/// How often a silent pipe is looked at.
const POLL: Duration = Duration::from_millis(20);

/// Reads at most `limit` bytes and one more, which tells core that the document is too large.
pub(super) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    let unreadable = |source| Error::unreadable(path, source);
    let mut file = open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let mut document = Vec::new();
    let mut chunk = [0; 4096];
    let mut last_heard = Instant::now();
    while document.len() <= limit {
        let room = (limit + 1 - document.len()).min(chunk.len());
        match file.read(chunk.get_mut(..room).unwrap_or_default()) {
            // A named pipe reads as ended until its writer has come.
            Ok(0)
                if is_pipe(&metadata) && document.is_empty() && last_heard.elapsed() < SILENCE =>
            {
                std::thread::sleep(POLL);
            }
            Ok(0) => break,
            Ok(count) => {
                document.extend_from_slice(chunk.get(..count).unwrap_or_default());
                last_heard = Instant::now();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && last_heard.elapsed() < SILENCE =>
            {
                std::thread::sleep(POLL);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(unreadable(io::ErrorKind::TimedOut.into()));
            }
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok(document)
}

/// Opens without waiting: a pipe without a writer would hold the program for ever.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(
            (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY)
                .bits()
                .cast_signed(),
        );
    }
    options.open(path)
}

#[cfg(unix)]
fn is_pipe(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_metadata: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn reads_one_byte_more_than_the_limit_and_no_further() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("huge");
        File::create(&path).unwrap().set_len(1 << 30).unwrap();
        assert_eq!(read(&path, 100).unwrap().len(), 101);
    }

    #[cfg(unix)]
    #[test]
    fn an_endless_device_ends() {
        assert_eq!(read(Path::new("/dev/zero"), 10_000).unwrap().len(), 10_001);
    }

    #[test]
    fn a_folder_and_an_absent_file_are_told() {
        let temp = tempfile::tempdir().unwrap();
        for path in [temp.path().to_owned(), temp.path().join("none")] {
            assert_eq!(read(&path, 10).unwrap_err().code(), "file-unreadable");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_read_to_its_end() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        use std::os::fd::AsRawFd;
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let slow = std::thread::spawn(move || {
            use std::io::Write;
            std::thread::sleep(Duration::from_millis(60));
            writer.write_all(b"{}").unwrap();
        });
        assert_eq!(read(Path::new(&path), 10).unwrap(), b"{}");
        slow.join().unwrap();
    }
}
