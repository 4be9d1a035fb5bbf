use proptest::prelude::*;

use super::corpus::spoiled;
use super::{ClientSide, ServerSide};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_bytes_panic(bytes in spoiled(), step in 1..40_usize) {
        let mut server = ServerSide::new();
        let mut client = ClientSide::up_to(1 << 20);
        let mut stream = Vec::new();
        let mut calls = 0;
        for part in bytes.chunks(step) {
            server.push(part);
            while let Ok(Some(call)) = server.next() {
                calls += 1;
                server.answer(call.ticket, call.request.map(|_| Default::default()), &mut stream);
            }
            client.push(part);
            while let Ok(Some(_)) = client.next() {}
        }
        // A call has two messages of two bytes at least.
        prop_assert!(calls <= bytes.len() / 6);
    }
}
