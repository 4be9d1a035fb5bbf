//! The page of the report, as a browser shows it.

use std::fs;
use std::path::Path;
use std::process::Command;

use magpie::Summary;
use magpie::report::{Limits, Mesh};

/// A mesh of so many units, in which some links are bad in one way each.
fn mesh(units: u32) -> Mesh {
    let mut mesh = Mesh::new(Limits::default(), 1_795_688_100);
    for from in 0..units {
        let of = |to: u32| match (from.min(to), from.max(to)) {
            (0, 2) => "[0,180,1400,9400,true]".to_owned(),
            (_, 3) => "[30,210,1500,400,true]".to_owned(),
            (1, 4) => "[0,20400,1500,9100,true]".to_owned(),
            (4, 5) => "[100,null,null,null,null]".to_owned(),
            (_, 6) => format!("[0,190,1500,93,{}]", to != 6),
            _ => format!("[0,{},1500,9400,true]", 150 + 7 * to),
        };
        let peers: Vec<String> = (0..units).filter(|to| *to != from).map(|to| format!("\"{to}\":{}", of(to))).collect();
        mesh.add(
            from,
            &Summary::read(&format!(r#"{{"v":1,"at":1795687000,"peers":{{{}}}}}"#, peers.join(","))).unwrap(),
        );
    }
    mesh.add_silent(units);
    mesh
}

#[test]
fn a_browser_shows_the_maps() {
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let Some(chromium) = chromium.iter().find(|path| Path::new(path).exists()) else {
        assert!(std::env::var_os("CI").is_none(), "chromium missing (Debian package chromium)");
        eprintln!("SKIPPED: page::a_browser_shows_the_maps: chromium missing (Debian package chromium)");
        return;
    };
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    drop(fs::remove_dir_all(&dir));
    fs::create_dir_all(&dir).unwrap();
    let page = dir.join("report.html");
    fs::write(&page, mesh(8).html("magpie in \"default\" & <others>")).unwrap();
    let picture = dir.join("report.png");
    let profile = dir.join("profile");
    let flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1000,2600",
    ];
    let run = |what: &str| {
        let mut command = Command::new(chromium);
        command.args(flags).arg(format!("--user-data-dir={}", profile.display())).arg(what);
        command.arg(format!("file://{}", page.display())).output().unwrap()
    };
    let shown = run("--dump-dom");
    let dom = String::from_utf8_lossy(&shown.stdout).into_owned();
    for part in [
        "<h1>Magpie: magpie in \"default\" &amp; &lt;others&gt;</h1>",
        "<p>Put together on 2026-11-26T10:15:00Z.</p>",
        "title=\"0 to 2: 1400 bytes, bad\"",
        "title=\"1 to 4: 20.40 ms, failed\"",
        "title=\"4 to 5: 100 %, failed\"",
        "nothing is known from: 8",
    ] {
        assert!(dom.contains(part), "{part} is not in what the browser made of it:\n{dom}");
    }
    assert_eq!(dom.matches("<table").count(), 5, "four maps, and how old all of it is: {dom}");
    run(&format!("--screenshot={}", picture.display()));
    let bytes = fs::read(&picture).unwrap();
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 20_000, "{} bytes", bytes.len());
}
