//! Which device has an address, as the kernel knows it. Reference: arp(7), `/proc/net/arp`.

use std::net::Ipv4Addr;

use crate::mac::Mac;

/// Where the kernel lists its neighbours.
pub const NEIGHBOURS: &str = "/proc/self/net/arp";

/// The device that has an address on an interface, from the kernel's list. What a device says of
/// itself in a request is never asked.
#[must_use]
pub fn device_of(list: &str, interface: &str, address: Ipv4Addr) -> Option<Mac> {
    let address = address.to_string();
    list.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (ip, _kind, _flags) = (fields.next()?, fields.next()?, fields.next()?);
        let (mac, _mask, device) = (fields.next()?, fields.next()?, fields.next()?);
        (ip == address && device == interface).then(|| mac.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
IP address       HW type     Flags       HW address            Mask     Device
10.77.0.11       0x1         0x2         d2:00:00:00:00:01     *        br-guest
10.77.0.1        0x1         0x2         d2:00:00:00:00:02     *        br-guest
10.77.0.12       0x1         0x0         00:00:00:00:00:00     *        br-guest
10.77.0.13       0x1         0x2         d2:00:00:00:00:03     *        eth0
";

    #[test]
    fn an_address_is_the_device_that_answers_for_it_on_that_network() {
        let of = |last| device_of(LIST, "br-guest", Ipv4Addr::new(10, 77, 0, last));
        let mac = |text: &str| text.parse::<Mac>().ok();
        assert_eq!(of(11), mac("d2:00:00:00:00:01"));
        assert_eq!(of(1), mac("d2:00:00:00:00:02"));
        // Asked for and not answered; on another network; unknown.
        assert_eq!([of(12), of(13), of(14)], [None, None, None]);
        assert_eq!(device_of("", "br-guest", Ipv4Addr::LOCALHOST), None);
    }
}
