//! Packs the dashboard as the relation `cos-agent` wants it.

#![allow(clippy::unwrap_used, reason = "a build that cannot read its sources stops")]

use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lzma_rust2::{XzOptions, XzWriter};

fn main() {
    let source = "observability/dashboard.json";
    println!("cargo::rerun-if-changed={source}");
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(6)).unwrap();
    writer.write_all(&fs::read(source).unwrap()).unwrap();
    let packed = STANDARD.encode(writer.finish().unwrap());
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("dashboard.xz.b64"), packed).unwrap();
}
