//! The `keyferry` binary; all it does is in the library.

/// Keeps less for each thread than the C library does, so that memory hardly grows with the number of keys; how much is
/// set in `.cargo/config.toml`.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    keyferry::cli::run()
}
