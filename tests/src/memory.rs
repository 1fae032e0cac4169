//! What stands in a process's memory, read from outside as root can.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

/// How much is read at a time, in bytes.
const PIECE: usize = 1 << 20;

/// Something that is looked for, in every form that it could have been written in.
pub struct Needle {
    name: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Needle {
    /// A text: as bytes, as UTF-16, in hexadecimal, in base64 and as numbers of a JSON list.
    #[must_use]
    pub fn text(name: &str, text: &str) -> Self {
        let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut needle = Self::bytes(name, text.as_bytes());
        needle.forms.push(("UTF-16", utf16));
        needle
    }

    /// Bytes: as they are and backwards (as a big number's limbs are), in hexadecimal, in base64 and as numbers of a
    /// JSON list.
    #[must_use]
    pub fn bytes(name: &str, bytes: &[u8]) -> Self {
        use base64ct::{Base64Unpadded, Encoding as _};
        // Bytes that stand elsewhere in a base64 text are written otherwise: whole groups from each place in one.
        let base64 = (0..3).map(|skip| {
            let whole = &bytes[skip.min(bytes.len())..];
            let whole = &whole[..whole.len() / 3 * 3];
            ("base64", Base64Unpadded::encode_string(whole).into_bytes())
        });
        let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
        let hexadecimal = crate::tool::hex(bytes);
        let forms = [
            ("bytes", bytes.to_vec()),
            ("backwards", bytes.iter().rev().copied().collect()),
            (
                "upper-case hexadecimal",
                hexadecimal.to_uppercase().into_bytes(),
            ),
            ("hexadecimal", hexadecimal.into_bytes()),
            ("numbers", numbers.join(",").into_bytes()),
        ];
        let forms = forms
            .into_iter()
            .chain(base64)
            .filter(|(_, form)| form.len() >= 8);
        Self {
            name: name.to_owned(),
            forms: forms.collect(),
        }
    }

    /// In which forms it stands in `hay`, by name.
    pub fn found_in<'a>(&'a self, hay: &'a [u8]) -> impl Iterator<Item = String> + 'a {
        let stands = |form: &&(&str, Vec<u8>)| contains(hay, &form.1);
        let told = |(form, _): &(&str, Vec<u8>)| format!("{} as {form}", self.name);
        self.forms.iter().filter(stands).map(told)
    }
}

/// What of `needles` stands in the memory of the process, and in which mapping.
///
/// # Panics
/// When the memory may not be read: only root may, since the process is not dumpable.
#[must_use]
pub fn search(pid: u32, needles: &[Needle]) -> Vec<String> {
    let memory = File::open(format!("/proc/{pid}/mem"))
        .unwrap_or_else(|error| panic!("{error}: only root may read the memory of the bridge"));
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let longest = needles
        .iter()
        .flat_map(|needle| needle.forms.iter().map(|(_, form)| form.len()));
    let overlap = longest.max().unwrap();
    let mut found = Vec::new();
    let mut read = 0;
    for map in maps.lines() {
        let mut fields = map.split_whitespace();
        let (Some(range), Some(rights)) = (fields.next(), fields.next()) else {
            continue;
        };
        let name = fields.nth(3).unwrap_or("memory without a name");
        // The system's own pages cannot be read, and hold nothing of the process.
        if !rights.starts_with('r') || name.starts_with("[v") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
        let (mut at, end) = (number(start), number(end));
        while at < end {
            let length = usize::try_from(end - at).unwrap().min(PIECE + overlap);
            let mut piece = vec![0; length];
            let got = memory.read_at(&mut piece, at).unwrap_or(0);
            read += got;
            for needle in needles {
                let places = needle.found_in(&piece[..got]);
                found.extend(places.map(|form| format!("{form}, in {name} ({rights})")));
            }
            at += PIECE as u64;
        }
    }
    assert!(
        read > PIECE,
        "next to nothing could be read of process {pid}"
    );
    found.sort();
    found.dedup();
    found
}

/// Whether `needle` stands in `hay`.
#[must_use]
pub fn contains(hay: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(hay, needle).is_some()
}
