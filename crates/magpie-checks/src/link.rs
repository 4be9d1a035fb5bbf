//! Interfaces as the kernel shows them in `/sys/class/net`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where the kernel's trees are: `/`, or a copy of them in a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    root: PathBuf,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// The largest packet, in bytes.
    pub mtu: Option<u32>,
    /// What the link is said to carry, in Mbit/s; none for a virtual one, and for one that is down.
    pub speed: Option<u64>,
    /// Whether it is up and has a carrier.
    pub is_up: bool,
    /// Its address in the link layer.
    pub mac: Option<String>,
    /// Whether it is Ethernet itself, not something built on it: the kernel names no other type of device.
    pub is_plain: bool,
}

/// The most that a file of these trees is read of.
const MOST: usize = 1 << 20;

impl Default for Kernel {
    fn default() -> Self {
        Self::at("/")
    }
}

impl Kernel {
    /// The trees under another root than `/`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// A file of the kernel's, without the space around its text.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> io::Result<String> {
        let bytes = fs::read(self.root.join(path))?;
        Ok(String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]).trim().to_owned())
    }

    pub(crate) fn net(&self, interface: &str, file: &str) -> io::Result<String> {
        if !is_name(interface) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a name of an interface"));
        }
        self.read(Path::new("sys/class/net").join(interface).join(file))
    }

    /// One interface; none where there is none of this name, or it has just gone.
    pub fn link(&self, name: &str) -> Option<Link> {
        let up = self.net(name, "operstate").ok()?;
        Some(Link {
            name: name.to_owned(),
            mtu: self.net(name, "mtu").ok().and_then(|text| text.parse().ok()),
            speed: self.net(name, "speed").ok().and_then(|text| text.parse().ok()).filter(|speed| *speed > 0),
            // Those that cannot tell, tunnels say, are `unknown`; a carrier they have.
            is_up: up != "down" && self.net(name, "carrier").is_ok_and(|text| text == "1"),
            mac: self.net(name, "address").ok().filter(|text| !text.is_empty()),
            is_plain: self.net(name, "uevent").is_ok_and(|text| !text.contains("DEVTYPE=")),
        })
    }

    /// All interfaces but loopback, by name.
    pub fn links(&self) -> Vec<Link> {
        let entries = fs::read_dir(self.root.join("sys/class/net")).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| name != "lo");
        names.sort_unstable();
        names.iter().filter_map(|name| self.link(name)).collect()
    }
}

/// Whether a text can be the name of an interface, and so of a file.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() < 16
        && !text.starts_with('.')
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_what_its_files_say() {
        let dir = tempfile::tempdir().unwrap();
        let eth0 = dir.path().join("sys/class/net/eth0");
        fs::create_dir_all(&eth0).unwrap();
        for (file, text) in [
            ("operstate", "up\n"),
            ("carrier", "1\n"),
            ("mtu", "9000\n"),
            ("speed", "25000\n"),
            ("address", "02:00:00:00:00:01\n"),
        ] {
            fs::write(eth0.join(file), text).unwrap();
        }
        fs::write(eth0.join("uevent"), "INTERFACE=eth0\nIFINDEX=2\n").unwrap();
        let kernel = Kernel::at(dir.path());
        let link = kernel.link("eth0").unwrap();
        assert_eq!((link.mtu, link.speed, link.is_up, link.is_plain), (Some(9000), Some(25_000), true, true));
        for none in ["-1\n", "", "fast\n"] {
            fs::write(eth0.join("speed"), none).unwrap();
            assert_eq!(kernel.link("eth0").unwrap().speed, None, "{none:?}");
        }
        assert_eq!(kernel.links().len(), 1);
        for none in ["eth1", "../eth0", "", "a/b"] {
            assert_eq!(kernel.link(none), None, "{none}");
        }
    }
}
