//! Puts the built page into the binary, and lets the binary find the embedded token in itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    export_embedded_token();
    embed_page()
}

/// Has the linker keep `C_GetFunctionList` visible in the program, where the HSM worker looks it up
/// by name as it would in a vendor's library. Apple's and Windows' linkers know no such option.
fn export_embedded_token() {
    let embedded = env::var_os("CARGO_FEATURE_EMBEDDED").is_some();
    let elf = env::var("CARGO_CFG_TARGET_OS")
        .is_ok_and(|system| system == "linux" || system.ends_with("bsd"));
    if embedded && elf {
        println!("cargo::rustc-link-arg-bins=-Wl,--export-dynamic-symbol=C_GetFunctionList");
    }
}

/// Writes `page.rs`: a table of every file below `web/dist`, each with its `.br` sibling if it has
/// one. Without a built page the table is empty, and the server says so.
fn embed_page() -> io::Result<()> {
    let root = folder("CARGO_MANIFEST_DIR")?.join("../web");
    let dist = root.join("dist");
    // A path that does not exist makes cargo run this at every build. Watching `web` until the page
    // is there notices its arrival without that.
    let watched = if dist.is_dir() || !root.is_dir() {
        &dist
    } else {
        &root
    };
    println!("cargo::rerun-if-changed={}", watched.display());

    let mut files = BTreeMap::new();
    if dist.is_dir() {
        collect(&dist, "", &mut files)?;
    }
    let mut table = String::from("[\n");
    for (name, path) in &files {
        if name
            .strip_suffix(".br")
            .is_some_and(|plain| files.contains_key(plain))
        {
            continue;
        }
        let brotli = match files.get(&format!("{name}.br")) {
            Some(path) => format!("Some(include_bytes!({path:?}))"),
            None => "None".to_owned(),
        };
        let mark = content_mark(path)?;
        writeln!(
            table,
            "    Asset {{ path: {:?}, mark: {mark:?}, plain: include_bytes!({path:?}), brotli: {brotli} }},",
            format!("/{name}"),
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    fs::write(folder("OUT_DIR")?.join("page.rs"), table)
}

fn folder(variable: &str) -> io::Result<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| io::Error::other(format!("{variable} is set by cargo")))
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| {
            io::Error::other(format!(
                "a file name below web/dist is not text: {:?}",
                entry.path()
            ))
        })?;
        let name = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, entry.path());
        }
    }
    Ok(())
}

/// Changes when the file does. It is for caches only; nothing relies on it being hard to forge.
fn content_mark(path: &Path) -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(path)?);
    Ok(format!("{:016x}", hasher.finish()))
}
