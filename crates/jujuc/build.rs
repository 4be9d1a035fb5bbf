//! Compiles the hook commands for who wants them: one program of the standard library alone, for the machine that the
//! library is for. It is linked statically where that is possible, as it is started for every hook command.

#![allow(clippy::print_stdout, reason = "cargo reads it")]

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The root of the program, in the package's directory, which is the current one.
const ROOT: &str = "src/main.rs";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_EXECUTABLE").is_none() {
        return;
    }
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let Err(why) = compile(&["-Ctarget-feature=+crt-static"]) else { return };
    if let Err(again) = compile(&[]) {
        println!("cargo::error=compile the hook commands: {}", again.replace('\n', " "));
        return;
    }
    let why = why.lines().find(|line| line.contains("error")).unwrap_or_default();
    println!("cargo::warning=the hook commands are linked dynamically, and start slower: {why}");
}

/// Compiles the program; what the compiler says where it fails.
fn compile(flags: &[&str]) -> Result<(), String> {
    let given = |name: &str| env::var_os(name).ok_or_else(|| format!("cargo gives no {name}"));
    let mut command = Command::new(given("RUSTC")?);
    command.arg(ROOT).args(["--crate-name=jujuc", "--crate-type=bin", "--edition=2024", "--emit=link"]);
    command.args(["-Copt-level=s", "-Cpanic=abort", "-Ccodegen-units=1", "-Cstrip=symbols", "-Funsafe_code"]);
    command.args(flags).arg("--target").arg(given("TARGET")?);
    command.arg("-o").arg(PathBuf::from(given("OUT_DIR")?).join("jujuc"));
    // Cargo's choice for the target, where it has made one.
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut flag = OsString::from("-Clinker=");
        flag.push(linker);
        command.arg(flag);
    }
    let Output { status, stderr, .. } = command.output().map_err(|error| format!("run rustc: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&stderr).into_owned()),
    }
}
