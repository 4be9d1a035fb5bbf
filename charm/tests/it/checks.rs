//! The checks as commands, on links that are bad in one way each.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::net::{self, Net, address};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Repeats a question until it is answered so: a helper takes a moment to be there.
fn eventually<T>(what: impl FnMut() -> T, is_so: impl Fn(&T) -> bool) -> T {
    net::eventually(Duration::from_secs(20), what, is_so)
}

#[test]
fn each_link_is_found_to_be_what_it_is() {
    if !net::is_possible("checks::each_link_is_found_to_be_what_it_is") {
        return;
    }
    let mut net = Net::new(6);
    net.narrow(2, 1400);
    net.lose(3, 30);
    net.delay(4, 10);
    net.cut(5);
    eventually(|| net.check(0, &["ping", &address(1), "--tries", "1", "--timeout", "0.2"]), |it| it.0 == Some(0));
    eventually(|| net.check(0, &["ping", &address(4), "--tries", "1", "--timeout", "0.2"]), |it| it.0 == Some(0));

    let all: Vec<String> = (1..6).map(address).collect();
    let args: Vec<&str> = ["ping", "--format=json"].into_iter().chain(all.iter().map(String::as_str)).collect();
    let (code, text) = net.check(0, &args);
    assert_eq!(code, Some(1), "{text}");
    let echoes = json(&text);
    let received: Vec<u64> = (0..5).map(|at| echoes[at]["received"].as_u64().unwrap()).collect();
    assert_eq!((received[0], received[1], received[3], received[4]), (20, 20, 20, 0), "{text}");
    assert!((1..20).contains(&received[2]), "{text}");
    let trip = |at: usize| echoes[at]["round_trip"]["avg"].as_f64().unwrap();
    assert!((20.0..40.0).contains(&trip(3)) && trip(0) < 10.0, "{text}");

    let args: Vec<&str> = ["mtu", "--format=json"].into_iter().chain(all.iter().map(String::as_str)).collect();
    let found = json(&net.check(0, &args).1);
    let mtus: Vec<Option<u64>> = (0..5).map(|at| found[at]["mtu"].as_u64()).collect();
    assert_eq!(mtus, [Some(1500), Some(1400), Some(1500), Some(1500), None], "{found}");

    let (code, text) = net.check(0, &["ping", "fd00::2", "--tries", "3"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(json(&net.check(0, &["mtu", "--format=json", "fd00::3"]).1)[0]["mtu"], 1400);
}

#[test]
fn fifty_hosts_are_pinged_in_three_seconds() {
    if !net::is_possible("checks::fifty_hosts_are_pinged_in_three_seconds") {
        return;
    }
    let net = Net::new(1);
    // One host has all the addresses but the first: what counts is how they are asked.
    let others: Vec<String> = (0..49).map(|at| format!("10.0.0.{}", 100 + at)).collect();
    for (at, other) in others.iter().enumerate() {
        if at % 10 != 9 {
            net.also(other);
        }
    }
    let mut args = vec!["ping", "--format=json"];
    args.extend(others.iter().map(String::as_str));
    let start = Instant::now();
    let (_, text) = net.check(0, &args);
    let took = start.elapsed();
    let echoes = json(&text);
    let answered = echoes.as_array().unwrap().iter().filter(|echo| echo["received"] == 20).count();
    // Four of them are not there, and hide none of the others.
    assert_eq!(answered, 45, "{text}");
    // What the check states: a second of requests, and two of waiting. The rest is for the machine to be busy.
    assert!(took < Duration::from_secs(6), "{took:?}");
    eprintln!("49 hosts, of which 4 are not there, pinged in {:.2} s", took.as_secs_f64());
}

#[test]
fn an_interface_that_vanishes_during_a_check_is_a_result() {
    if !net::is_possible("checks::an_interface_that_vanishes_during_a_check_is_a_result") {
        return;
    }
    let net = Net::new(2);
    let start = Instant::now();
    let (code, text) = std::thread::scope(|scope| {
        let check = scope
            .spawn(|| net.check(0, &["ping", &address(1), "--tries", "30", "--interval", "0.1", "--timeout", "1"]));
        std::thread::sleep(Duration::from_millis(1000));
        net.unplug(0);
        check.join().unwrap()
    });
    assert_eq!(code, Some(1), "{text}");
    assert!(text.starts_with("10.0.0.2: ") && text.contains("/30 came back") && text.contains("nreachable"), "{text}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    // Nor is there a way any more, which is an answer too.
    let (_, text) = net.check(0, &["route", &address(1)]);
    assert!(text.starts_with("10.0.0.2: ") && text.contains("nreachable"), "{text}");
    assert_eq!(net.check(0, &["mtu", &address(1)]).0, Some(1));
}

#[test]
fn throughput_is_what_iperf3_says() {
    if !net::is_possible("checks::throughput_is_what_iperf3_says") {
        return;
    }
    let mut net = Net::new(2);
    net.limit(1, 400);
    net.begin(1, net::magpie(), &["check", "listen", &address(1)]);
    net.begin(1, "iperf3", &["-s", "-B", &address(1)]);
    let ours = || json(&net.check(0, &["iperf", "--format=json", &address(1), "--time", "3"]).1);
    eventually(|| net.check(0, &["iperf", &address(1), "--time", "0.1"]).0, |code| *code == Some(0));
    let theirs = || {
        let output = net.command(0, "iperf3").args(["-c", &address(1), "-t", "3", "-J"]).output().unwrap();
        json(&String::from_utf8_lossy(&output.stdout))["end"]["sum_received"]["bits_per_second"].as_f64()
    };
    eventually(theirs, Option::is_some);
    // A machine that is busy is so for one and not for the other: the nearest of three counts.
    let ratios: Vec<f64> = (0..3).map(|_| ours()["bits_per_second"].as_f64().unwrap() / theirs().unwrap()).collect();
    eprintln!("throughput, by iperf3's in the same run: {ratios:.3?}");
    assert!(ratios.iter().any(|ratio| (ratio - 1.0).abs() < 0.05), "{ratios:?}");
    let (code, text) = net.check(0, &["iperf", &address(1), "--time", "1", "--min-speed", "500"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("failed: 3") && text.contains("< 500 mbit/s"), "{text}");
}

#[test]
fn large_packets_that_are_lost_unseen_stall_a_measurement() {
    if !net::is_possible("checks::large_packets_that_are_lost_unseen_stall_a_measurement") {
        return;
    }
    let mut net = Net::new(2);
    net.begin(1, net::magpie(), &["check", "listen", &address(1)]);
    eventually(|| net.check(0, &["iperf", &address(1), "--time", "0.1"]).0, |code| *code == Some(0));
    net.narrow(1, 1400);
    assert_eq!(net.check(0, &["iperf", &address(1)]), (Some(2), "magpie: 10.0.0.2: stalls\n".to_owned()));
}

#[test]
fn names_are_asked_of_a_real_server() {
    if !net::is_possible("checks::names_are_asked_of_a_real_server") {
        return;
    }
    let mut net = Net::new(3);
    net.serve_names(Some(2));
    let ask = |at: u32| net.check(0, &["dns", &address(at), "--server", "10.0.0.254", "--timeout", "1"]);
    assert_eq!(eventually(|| ask(1), |it| it.0 == Some(0)), (Some(0), "10.0.0.2: ok, node-1.maas\n".to_owned()));
    assert_eq!(ask(2), (Some(1), "10.0.0.3: node-0.maas is 10.0.0.1\n".to_owned()));
    assert_eq!(ask(7).0, Some(1));
}

#[test]
fn without_root_a_datagram_socket_does_or_it_is_said_that_none_may_be_had() {
    if !net::is_possible("checks::without_root_a_datagram_socket_does_or_it_is_said_that_none_may_be_had") {
        return;
    }
    let net = Net::new(2);
    let as_nobody = || {
        let mut command = net.command(0, "setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]);
        let output = command.arg(net::magpie()).args(["check", "ping", &address(1), "--tries", "2"]).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    net.allow_ping("1 0");
    let none = as_nobody();
    assert!(none.contains("may have no ICMP sockets (no CAP_NET_RAW, and not in net.ipv4.ping_group_range)"), "{none}");
    net.allow_ping("0 70000");
    let some = as_nobody();
    assert!(some.starts_with("10.0.0.2: 2/2 came back"), "{some}");
}
