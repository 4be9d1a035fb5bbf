//! The port states of LACP (IEEE 802.1AX, once 802.3ad), in words.

use serde::{Deserialize, Serialize};

/// The eight flags that a port tells its partner of itself.
///
/// ```
/// use magpie_checks::lacp::PortState;
///
/// assert!(PortState(63).is_up());
/// assert_eq!(PortState(7).in_words()[3], "synchronization: link out of sync");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PortState(pub u8);

/// A flag: its name, what it means where it is set, and where it is not.
const FLAGS: [(&str, &str, &str); 8] = [
    ("activity", "active LACP", "passive LACP"),
    ("timeout", "short", "long"),
    ("aggregability", "aggregatable", "individual"),
    ("synchronization", "link in sync", "link out of sync"),
    ("collecting", "accepts ingress traffic", "rejects ingress traffic"),
    ("distributing", "sends egress traffic", "sends no egress traffic"),
    ("defaulted", "settings are defaults: no LACPDU of the partner arrived", "settings are from the partner's LACPDU"),
    ("expired", "yes", "no"),
];
/// Aggregatable, in sync, collecting and distributing.
const UP: u8 = 0b0011_1100;
/// Defaulted or expired.
const ALONE: u8 = 0b1100_0000;
const ACTIVITY: u8 = 1;

impl PortState {
    /// Whether the port takes part in its aggregate.
    pub fn is_up(self) -> bool {
        self.0 & UP == UP && self.0 & ALONE == 0
    }

    /// Each flag, from the lowest on.
    pub fn in_words(self) -> Vec<String> {
        let word = |(bit, (name, set, unset)): (usize, (&str, &str, &str))| {
            format!("{name}: {}", if self.0 & (1 << bit) == 0 { unset } else { set })
        };
        FLAGS.into_iter().enumerate().map(word).collect()
    }

    /// Where two ends of a link differ: that is at best a lasting renegotiation. With `passive`, that one of them is passive
    /// is no difference.
    ///
    /// ```
    /// use magpie_checks::lacp::PortState;
    ///
    /// let differ = PortState(63).differs_from(PortState(61), false);
    /// assert_eq!(differ, ["timeout: short here, long there"]);
    /// assert!(PortState(63).differs_from(PortState(62), true).is_empty());
    /// ```
    pub fn differs_from(self, partner: Self, passive: bool) -> Vec<String> {
        let mut differ = self.0 ^ partner.0;
        if passive {
            differ &= !ACTIVITY;
        }
        let word = |state: Self, bit: usize, (_, set, unset): (&str, &'static str, &'static str)| {
            if state.0 & (1 << bit) == 0 { unset } else { set }
        };
        let flags = FLAGS.into_iter().enumerate().filter(|(bit, _)| differ & (1 << bit) != 0);
        flags
            .map(|(bit, flag)| {
                format!("{}: {} here, {} there", flag.0, word(self, bit, flag), word(partner, bit, flag))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_a_healthy_link_and_of_others() {
        for (state, up) in [(63, true), (61, true), (62, true), (7, false), (13, false), (0, false), (255, false)] {
            assert_eq!(PortState(state).is_up(), up, "{state}");
        }
    }

    #[test]
    fn every_flag_has_a_word() {
        assert_eq!(PortState(0).in_words().len(), 8);
        assert_eq!(PortState(0).differs_from(PortState(255), false).len(), 8);
        assert_eq!(PortState(255).in_words()[7], "expired: yes");
    }
}
