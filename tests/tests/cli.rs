//! The command line as it stands in `tests/cli/*.toml`: one case a file, named by it.

use keyferry_tests::desk::{binary, build_folder};

#[test]
fn answers_as_written() {
    let empty = build_folder().join("tmp/no-state");
    trycmd::TestCases::new()
        .register_bin("keyferry", binary())
        .env("XDG_DATA_HOME", empty.to_string_lossy())
        .case("tests/cli/*.toml");
}
