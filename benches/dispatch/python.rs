use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;
use crate::charm_dir::quoted;

const OPS: &str = "ops==3.9.0";
const SCENARIO: &str = "ops-scenario==8.9.0";
/// `charms.reactive` asks for `pkg_resources`, which later releases of setuptools have no more.
const REACTIVE: [&str; 3] = ["charms.reactive==1.5.3", "charmhelpers==1.2.1", "setuptools==80.9.0"];

/// A Python interpreter with what the Python charm needs.
pub(crate) struct Python {
    venv: PathBuf,
    version: String,
}

impl Python {
    /// Makes a virtual environment, unless it is there.
    pub(crate) fn prepare(venv: &Path) -> Result<Python> {
        let version = version()?;
        let python = Python { venv: venv.to_owned(), version };
        let (marker, wanted) = (venv.join("installed"), python.describe());
        if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        if venv.exists() {
            fs::remove_dir_all(venv)?;
        }
        eprintln!("installing {wanted} into {}", venv.display());
        let pip = |args: &[&OsStr]| {
            let install = ["-m", "pip", "install", "--disable-pip-version-check"].map(OsStr::new);
            run(python.interpreter(), &[&install[..], args].concat())
        };
        run(Path::new("python3"), &["-m".as_ref(), "venv".as_ref(), venv.as_ref()])?;
        pip(&[OPS.as_ref(), SCENARIO.as_ref()])?;
        // What a charm carries, as charmcraft lays it out.
        pip(&["--target".as_ref(), python.packages().as_ref(), OPS.as_ref()])?;
        let reactive = python.reactive();
        pip(&[&["--target".as_ref(), reactive.as_ref()], &REACTIVE.map(OsStr::new)[..]].concat())?;
        let compile = ["-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"].map(OsStr::new);
        run(python.interpreter(), &[&compile[..], &[reactive.as_ref()]].concat())?;
        fs::write(marker, wanted)?;
        Ok(python)
    }

    /// The interpreter and the packages, with their versions.
    pub(crate) fn describe(&self) -> String {
        format!("{}, {OPS}, {SCENARIO}, {}", self.version, REACTIVE[0])
    }

    pub(crate) fn interpreter(&self) -> PathBuf {
        self.venv.join("bin/python")
    }

    /// The directory of the packages that a charm carries.
    pub(crate) fn packages(&self) -> PathBuf {
        self.venv.join("charm")
    }

    /// The directory of the packages of a charm on `charms.reactive`.
    pub(crate) fn reactive(&self) -> PathBuf {
        self.venv.join("reactive")
    }

    /// A charm's `dispatch`, of one in whose directory `venv` are the packages.
    pub(crate) fn dispatch(&self) -> String {
        format!("#!/bin/sh\nPYTHONPATH=lib:venv exec {} ./src/charm.py\n", quoted(&self.interpreter()))
    }

    /// Runs a program; its output.
    pub(crate) fn run(&self, program: &Path, args: &[String]) -> Result<String> {
        let mut command = Command::new(self.interpreter());
        // No bytecode is left in the sources.
        let output =
            command.arg("-B").arg(program).args(args).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("{}: {}", program.display(), output.status).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The bytes of the packages that a charm carries: without bytecode, and with it.
    pub(crate) fn sizes(&self) -> Result<(u64, u64)> {
        Ok((size(&self.packages(), false)?, size(&self.packages(), true)?))
    }
}

fn version() -> Result<String> {
    let output = Command::new("python3").arg("--version").output().map_err(|error| format!("python3: {error}"))?;
    if !output.status.success() {
        return Err(format!("python3: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Runs a command whose output is progress.
fn run(program: impl AsRef<Path>, args: &[&OsStr]) -> Result<()> {
    let program = program.as_ref();
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(std::io::stderr());
    let status = command.status().map_err(|error| format!("{}: {error}", program.display()))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}

fn size(dir: &Path, bytecode: bool) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            if bytecode || entry.file_name() != "__pycache__" {
                bytes += size(&entry.path(), bytecode)?;
            }
        } else {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}
