//! What is wrong with a library file that cannot be loaded: of another processor or system, or in
//! need of another library that is not there.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::error::HsmError;

/// Enough for the headers of all three formats.
const HEAD: u64 = 4096;

/// The error that fits best, from the loader's words and the file's first bytes.
pub(super) fn not_loaded(path: &Path, why: &str) -> HsmError {
    if let Some(is) = head(path).as_deref().and_then(format_of)
        && is != here()
    {
        return HsmError::ModuleArchitecture {
            path: path.to_owned(),
            is,
            wanted: here(),
        };
    }
    match missing_library(path, why) {
        Some(missing) => HsmError::ModuleDependency {
            path: path.to_owned(),
            missing,
        },
        None => HsmError::ModuleUnusable {
            path: path.to_owned(),
            why: why.to_owned(),
        },
    }
}

fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let file = File::open(path).ok()?;
    file.take(HEAD).read_to_end(&mut head).ok()?;
    Some(head)
}

/// System and processor of this program, in the words of [`format_of`].
fn here() -> String {
    let system = if cfg!(windows) {
        "Windows"
    } else if cfg!(target_vendor = "apple") {
        "macOS"
    } else {
        "Linux"
    };
    format!("{} on {system}", std::env::consts::ARCH)
}

/// System and processor that a library is for. None for what is no library, for processors that
/// are not known here, and for Apple's files of several processors.
fn format_of(head: &[u8]) -> Option<String> {
    elf(head).or_else(|| pe(head)).or_else(|| mach_o(head))
}

/// ELF: `e_ident`, then `e_machine` at 18 (System V ABI, Object Files).
fn elf(head: &[u8]) -> Option<String> {
    if head.get(..4)? != b"\x7fELF" {
        return None;
    }
    let machine: [u8; 2] = head.get(18..20)?.try_into().ok()?;
    let machine = match head.get(5)? {
        1 => u16::from_le_bytes(machine),
        _ => u16::from_be_bytes(machine),
    };
    let wide = *head.get(4)? == 2;
    let processor = match (machine, wide) {
        (3, _) => "x86",
        (8, _) => "mips",
        (20, _) => "powerpc",
        (21, _) => "powerpc64",
        (22, _) => "s390x",
        (40, _) => "arm",
        (62, true) => "x86_64",
        (62, false) => "x32",
        (183, _) => "aarch64",
        (243, true) => "riscv64",
        _ => return None,
    };
    Some(format!("{processor} on Linux"))
}

/// PE: the header's place at 0x3C, then `Machine` (Microsoft PE format).
fn pe(head: &[u8]) -> Option<String> {
    if head.get(..2)? != b"MZ" {
        return None;
    }
    let place = u32::from_le_bytes(head.get(0x3C..0x40)?.try_into().ok()?);
    let header = head.get(usize::try_from(place).ok()?..)?;
    if header.get(..4)? != b"PE\0\0" {
        return None;
    }
    let processor = match u16::from_le_bytes(header.get(4..6)?.try_into().ok()?) {
        0x014C => "x86",
        0x8664 => "x86_64",
        0xAA64 => "aarch64",
        _ => return None,
    };
    Some(format!("{processor} on Windows"))
}

/// Mach-O of one processor: magic, then `cputype` (`mach-o/loader.h`).
fn mach_o(head: &[u8]) -> Option<String> {
    if head.get(..4)? != b"\xCF\xFA\xED\xFE" {
        return None;
    }
    let processor = match u32::from_le_bytes(head.get(4..8)?.try_into().ok()?) {
        0x0100_0007 => "x86_64",
        0x0100_000C => "aarch64",
        _ => return None,
    };
    Some(format!("{processor} on macOS"))
}

/// The library that the loader misses, if it names one: glibc, musl and macOS do.
fn missing_library(path: &Path, why: &str) -> Option<String> {
    let named = if let Some((name, _)) = why.split_once(": cannot open shared object file") {
        name.rsplit(' ').next()
    } else if let Some((_, rest)) = why.split_once("Error loading shared library ") {
        rest.split(':').next()
    } else if let Some((_, rest)) = why.split_once("Library not loaded: ") {
        rest.split_whitespace().next()
    } else {
        None
    }?;
    (!named.is_empty() && Path::new(named) != path).then(|| named.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn elf_of(class: u8, machine: u16) -> Vec<u8> {
        let mut head = vec![0; 64];
        head.splice(..6, [0x7f, b'E', b'L', b'F', class, 1]);
        head.splice(18..20, machine.to_le_bytes());
        head
    }

    #[test]
    fn system_and_processor_are_read_from_the_head() {
        assert_eq!(format_of(&elf_of(1, 3)).unwrap(), "x86 on Linux");
        assert_eq!(format_of(&elf_of(2, 183)).unwrap(), "aarch64 on Linux");
        let mut windows = vec![0; 0x90];
        windows.splice(..2, *b"MZ");
        windows.splice(0x3C..0x40, 0x80_u32.to_le_bytes());
        windows.splice(0x80..0x86, *b"PE\0\0\x64\x86");
        assert_eq!(format_of(&windows).unwrap(), "x86_64 on Windows");
        let apple = [0xCF, 0xFA, 0xED, 0xFE, 0x0C, 0, 0, 1];
        assert_eq!(format_of(&apple).unwrap(), "aarch64 on macOS");
        for other in [&b""[..], b"\x7fELF", b"MZ", b"#!/bin/sh\n"] {
            assert_eq!(format_of(other), None);
        }
    }

    #[test]
    fn the_head_of_this_very_program_is_of_here() {
        let own = head(&std::env::current_exe().unwrap()).unwrap();
        assert_eq!(format_of(&own).unwrap(), here());
    }

    #[test]
    fn the_library_that_is_missing_is_named() {
        let path = Path::new("/opt/hsm/lib.so");
        let named = |why: &str| missing_library(path, why);
        assert_eq!(
            named("libssl.so.1.1: cannot open shared object file: No such file or directory")
                .unwrap(),
            "libssl.so.1.1"
        );
        assert_eq!(
            named("Error loading shared library libfoo.so: No such file or directory (needed by /opt/hsm/lib.so)").unwrap(),
            "libfoo.so"
        );
        assert_eq!(
            named("dlopen(/opt/hsm/lib.so, 5): Library not loaded: /usr/lib/libx.dylib\n  Referenced from: …").unwrap(),
            "/usr/lib/libx.dylib"
        );
        assert_eq!(
            named("/opt/hsm/lib.so: cannot open shared object file: Permission denied"),
            None
        );
        assert_eq!(named("/opt/hsm/lib.so: file too short"), None);
    }
}
