//! Lets `onlooker` find the embedded token in itself, as the product's own worker does.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if system == "linux" || system.ends_with("bsd") {
        for argument in [
            "-Wl,-u,C_GetFunctionList",
            "-Wl,--export-dynamic-symbol=C_GetFunctionList",
        ] {
            println!("cargo::rustc-link-arg-bin=onlooker={argument}");
            println!("cargo::rustc-link-arg-bin=bench={argument}");
        }
    }
}
