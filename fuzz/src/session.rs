//! Both sides of a connection, given anything. The first byte says in pieces of which length it comes.

#![no_main]

use jujuc::{ClientSide, Response, ServerSide};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((step, bytes)) = data.split_first() else { return };
    let (mut client, mut server) = (ClientSide::up_to(1 << 20), ServerSide::new());
    let (mut calls, mut stream) = (0, Vec::new());
    for piece in bytes.chunks(usize::from(*step).max(1)) {
        server.push(piece);
        while let Ok(Some(call)) = server.next() {
            calls += 1;
            let answer = call.request.map(|request| Response { stdout: request.stdin, ..Response::default() });
            server.answer(call.ticket, answer, &mut stream);
        }
        client.push(piece);
        while let Ok(Some(_)) = client.next() {}
    }
    // A call has two messages of two bytes at least.
    assert!(calls <= bytes.len() / 6);
    // What one side writes the other reads.
    let mut reader = ClientSide::up_to(1 << 26);
    reader.push(&stream);
    let mut answers = 0;
    while let Some(_) = reader.next().expect("the server's answers are read") {
        answers += 1;
    }
    assert_eq!(calls, answers);
});
