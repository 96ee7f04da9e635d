use super::*;

/// Line, stamp, host, app, pid, body.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

fn check(cases: &[Case]) {
    for &(line, stamp, host, app, pid, body) in cases {
        let (head, rest) = read(line.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let found = [text(head.stamp), text(head.host), text(head.app), text(head.pid), text(rest)];
        assert_eq!(found, [stamp, host, app, pid, body], "{line}");
    }
}

#[test]
fn rfc_3164() {
    check(&[
        ("<86>Mar  2 00:01:19 bastion-1 sshd[22852]: Failed x", "Mar  2 00:01:19", "bastion-1", "sshd", "22852", "Failed x"),
        ("<86>Mar 2 00:01:19 bastion-1 sshd: Failed x", "Mar 2 00:01:19", "bastion-1", "sshd", "", "Failed x"),
        ("<189>Mar  2 00:00:08 fw-1 date=2026-03-02 time=00:00:08", "Mar  2 00:00:08", "fw-1", "", "", "date=2026-03-02 time=00:00:08"),
        ("<134> Mar  2 00:00:08 fw-1 date=2026-03-02", "Mar  2 00:00:08", "fw-1", "", "", "date=2026-03-02"),
        ("Mar 22 18:34:00 filterlog: 69,,,1000", "Mar 22 18:34:00", "", "filterlog", "", "69,,,1000"),
        ("Mar 22 18:34:00 sshd(pam_unix)[12]: authentication", "Mar 22 18:34:00", "", "sshd(pam_unix)", "12", "authentication"),
        ("Mar 22 18:34:00 h sshd(pam_unix)[12]: a", "Mar 22 18:34:00", "h", "sshd(pam_unix)", "12", "a"),
        ("Mar 22 18:34:00 h sshd[1]: [ID 800047 auth.info] a", "Mar 22 18:34:00", "h", "sshd", "1", "a"),
        ("Mar 22 18:34:00 10.1.2.3 ovpn-server[901]: a b", "Mar 22 18:34:00", "10.1.2.3", "ovpn-server", "901", "a b"),
        ("Mar 22 18:34:00 2001:db8::1 sshd-session[901]: a", "Mar 22 18:34:00", "2001:db8::1", "sshd-session", "901", "a"),
        ("Mar 22 18:34:00 slot1/f5-a notice tmm2[20]: 0149: x", "Mar 22 18:34:00", "slot1/f5-a", "tmm2", "20", "0149: x"),
        ("Mar 22 18:34:00 gw gw [WAN-D-1] IN=eth8", "Mar 22 18:34:00", "gw", "", "", "[WAN-D-1] IN=eth8"),
        ("Mar 22 18:34:00 pa-1 1,2026/03/22 18:34:00", "Mar 22 18:34:00", "pa-1", "", "", "1,2026/03/22 18:34:00"),
        ("Mar 22 18:34:00 arc CEF:0|V|P|", "Mar 22 18:34:00", "arc", "", "", "CEF:0|V|P|"),
        ("Mar 22 18:34:00 arc CEF: 0|V|P|", "Mar 22 18:34:00", "arc", "", "", "CEF: 0|V|P|"),
        ("2026-03-22 18:34:00\tLocal4.Info\t192.0.2.1\ta b", "2026-03-22 18:34:00", "192.0.2.1", "", "", "a b"),
        ("Mar 22 18:34:00 192.0.2.7:5000 TLS: Initial", "Mar 22 18:34:00", "", "", "", "192.0.2.7:5000 TLS: Initial"),
    ]);
}

#[test]
fn cisco_heads() {
    check(&[
        ("<166>Mar 18 2026 12:16:09 asa-1 : %ASA-6-1: x", "Mar 18 2026 12:16:09", "asa-1", "", "", "%ASA-6-1: x"),
        ("Mar 18 2026 12:16:09: %ASA-6-1: x", "Mar 18 2026 12:16:09", "", "", "", "%ASA-6-1: x"),
        ("<134>:Oct 11 22:14:15 UTC: %ASA-6-1: x", "Oct 11 22:14:15 UTC", "", "", "", "%ASA-6-1: x"),
        ("<134>Mar 18 12:16:09 asa-1: %ASA-6-1: x", "Mar 18 12:16:09", "asa-1", "", "", "%ASA-6-1: x"),
        ("<134>2026-03-14T01:17:09Z ftd-1 : %FTD-6-1: x", "2026-03-14T01:17:09Z", "ftd-1", "", "", "%FTD-6-1: x"),
        ("<134>2026-03-14T01:17:09Z: %FTD-6-1: x", "2026-03-14T01:17:09Z", "", "", "", "%FTD-6-1: x"),
        ("Mar 22 18:34:00 relay Mar 18 2026 12:16:09: %ASA-6-1: x", "Mar 18 2026 12:16:09", "relay", "", "", "%ASA-6-1: x"),
        ("Mar 22 18:34:00 relay :Mar 18 12:16:09 CET: %ASA-6-1: x", "Mar 18 12:16:09 CET", "relay", "", "", "%ASA-6-1: x"),
        ("<166>Mar 18 2026 12:16:09 asa-1/admin : %ASA-6-1: x", "Mar 18 2026 12:16:09", "asa-1/admin", "", "", "%ASA-6-1: x"),
        ("<166>1 2026-03-14T01:17:09Z asa-1 : %ASA-6-1: x", "2026-03-14T01:17:09Z", "asa-1", "", "", "%ASA-6-1: x"),
        ("<166>1 2026-03-14T01:17:09Z asa-1 %ASA-6-1: a b c d e", "2026-03-14T01:17:09Z", "asa-1", "", "", "%ASA-6-1: a b c d e"),
        ("<166>1 2026-03-14T01:17:09Z asa-1 %ASA-6-1 - - - x", "2026-03-14T01:17:09Z", "asa-1", "%ASA-6-1", "", "x"),
        ("Mar 22 18:34:00 relay Mar 18 12:16:09 ise-1 CISE_X 1 2 0", "Mar 18 12:16:09", "ise-1", "", "", "CISE_X 1 2 0"),
        ("<181>1 2026-03-14T01:17:09Z ise-1 CISE_X - - - 1 2 0", "2026-03-14T01:17:09Z", "ise-1", "CISE_X", "", "1 2 0"),
    ]);
}

#[test]
fn rfc_5424() {
    check(&[
        ("<38>1 2026-11-20T22:41:07Z b sshd 901 - -  Accepted x", "2026-11-20T22:41:07Z", "b", "sshd", "901", "Accepted x"),
        ("<38>1 2026-11-20T22:41:07Z b sshd 901 - - \u{feff}Accepted", "2026-11-20T22:41:07Z", "b", "sshd", "901", "Accepted"),
        ("<38>1 - - - - - - alone", "", "", "", "", "alone"),
        ("<38>1 2026-11-20T22:41:07Z fw date=1 a=2 b=3 c=4 d=5", "2026-11-20T22:41:07Z", "fw", "", "", "date=1 a=2 b=3 c=4 d=5"),
        ("<38>1 2026-11-20T22:41:07Z fw LEEF:1.0|V|a b|1|x|c=d e=f", "2026-11-20T22:41:07Z", "fw", "", "", "LEEF:1.0|V|a b|1|x|c=d e=f"),
        ("<38>1 2026-11-20T22:41:07Z v {\"a\": 1, \"b\": 2}", "2026-11-20T22:41:07Z", "v", "", "", "{\"a\": 1, \"b\": 2}"),
        ("1 2026-11-20T22:41:07Z gw CheckPoint 19 - [a:\"]\"; b:\"2\"]", "2026-11-20T22:41:07Z", "gw", "CheckPoint", "19", ""),
        (
            "<30>1 2026-11-20T22:41:07+01:00 g charon 15 - [meta sequenceId=\"4\"] 06[IKE] x",
            "2026-11-20T22:41:07+01:00",
            "g",
            "charon",
            "15",
            "06[IKE] x",
        ),
        (
            "2026-06-16T17:28:09+02:00 wab sshproxy 27 - - [SSH Session] x",
            "2026-06-16T17:28:09+02:00",
            "wab",
            "sshproxy",
            "27",
            "[SSH Session] x",
        ),
        ("<13>1 2026-11-20T22:41:07Z relay - - - - <38>Nov 20 22:41:06 b sshd[1]: x", "Nov 20 22:41:06", "b", "sshd", "1", "x"),
    ]);
    assert_eq!(read(b"<30>1 2026-11-20T22:41:07Z g c 15 - [m a=\"\\\"]\"][n] x").0.data, b"[m a=\"\\\"]\"][n]");
}

#[test]
fn counted_frames() {
    check(&[
        ("64 <38>1 2026-11-20T22:41:07Z b sshd 901 - - Accepted x", "2026-11-20T22:41:07Z", "b", "sshd", "901", "Accepted x"),
        ("64 <86>Mar  2 00:01:19 b sshd[22]: Failed x", "Mar  2 00:01:19", "b", "sshd", "22", "Failed x"),
        ("Mar  2 00:01:20 10.1.2.3 1544 <14>1 2026-03-02T00:01:19Z b c - - - x", "2026-03-02T00:01:19Z", "b", "c", "", "x"),
        ("64 <86>Failed x", "", "", "", "", "Failed x"),
        ("64 <300>Failed x", "", "", "", "", "64 <300>Failed x"),
        ("0 <86>Failed x", "", "", "", "", "0 <86>Failed x"),
        ("1234567 <86>Failed x", "", "", "", "", "1234567 <86>Failed x"),
        ("64 Failed x", "", "", "", "", "64 Failed x"),
    ]);
    assert_eq!(read(b"64 <86>Mar  2 00:01:19 b sshd[22]: Failed x").0.priority, Some(86));
}

#[test]
fn message_ids() {
    for (line, id) in [
        ("<38>1 2026-11-20T22:41:07Z srx RT_FLOW - RT_FLOW_SESSION_CREATE [j@1 a=\"1\"] x", "RT_FLOW_SESSION_CREATE"),
        ("2026-11-20T22:41:07Z srx mgd 901 UI_LOGIN_EVENT [j@1 a=\"1\"] x", "UI_LOGIN_EVENT"),
        ("<38>1 2026-11-20T22:41:07Z b sshd 901 - - Accepted x", ""),
        ("<38>Nov 20 22:41:07 b sshd[901]: Accepted x", ""),
    ] {
        assert_eq!(read(line.as_bytes()).0.id, id.as_bytes(), "{line}");
    }
}

#[test]
fn head_behind_head() {
    check(&[
        (
            "Oct 19 09:16:53 r 1 2026-10-19T09:16:50+02:00 10.5.2.3 PulseSecure: - - - 2026-10-19 09:16:50 - n",
            "2026-10-19T09:16:50+02:00",
            "10.5.2.3",
            "PulseSecure",
            "",
            "2026-10-19 09:16:50 - n",
        ),
        (
            "Aug 24 04:58:58 10.1.1.1 junos-flow: 2026-08-24T04:58:57Z srx RT_FLOW - CREATE [j@1 a=\"1\"] m",
            "2026-08-24T04:58:57Z",
            "srx",
            "RT_FLOW",
            "",
            "m",
        ),
        ("Jan  2 19:08:28 relay Jan  2 19:09:56 f5 notice tmm2[2]: 0149", "Jan  2 19:09:56", "f5", "tmm2", "2", "0149"),
        ("<13>Jan  2 19:08:28 relay root: <86>Jan  2 19:09:56 b sshd[2]: x", "Jan  2 19:09:56", "b", "sshd", "2", "x"),
        ("<13>Jan  2 19:08:28 relay root: Jan  2 19:09:56 fw date=2026-01-02", "Jan  2 19:09:56", "fw", "", "", "date=2026-01-02"),
        ("Jan  2 19:08:28 relay <189>date=2026-01-02", "Jan  2 19:08:28", "relay", "", "", "date=2026-01-02"),
    ]);
    assert_eq!(read(b"<13>Jan  2 19:08:28 relay <189>date=2026-01-02").0.priority, Some(13));
    assert_eq!(read(b"<13>Jan  2 19:08:28 relay <189>date=2026-01-02").0.relay, b"");
    assert_eq!(read(b"Jan  2 19:08:28 relay Jan  2 19:09:56 f5 notice tmm2[2]: 0149").0.relay, b"Jan  2 19:08:28");
}

#[test]
fn bodies_are_not_eaten() {
    for body in [
        "Accepted password for fourn.chimere from 192.0.2.1",
        "date=2026-03-02 time=00:00:08",
        "CEF:0|Fortinet|Fortigate|",
        "%ASA-6-113004: AAA",
        "0|Fortinet|Fortigate|",
        "Group <G> User <u> IP <192.0.2.1>",
        "<300>Mar  2 00:00:08 x",
        "<abc> x",
        "1 fine day",
        "{\"a\":1}",
        "",
    ] {
        check(&[(body, "", "", "", "", body)]);
    }
    check(&[
        ("2026-10-31 15:09:59 client01/192.0.2.4:59 MULTI: x", "2026-10-31 15:09:59", "", "", "", "client01/192.0.2.4:59 MULTI: x"),
        ("2026-10-31 15:09:59 MANAGEMENT: Client", "2026-10-31 15:09:59", "", "", "", "MANAGEMENT: Client"),
        ("Tue Aug 12 08:26:29 2026 us=285967 TLS: x", "Tue Aug 12 08:26:29 2026", "", "", "", "us=285967 TLS: x"),
        ("2026-03-25 08:01:34.584936-0700  localhost sshd[1]: x", "2026-03-25 08:01:34.584936-0700", "localhost", "sshd", "1", "x"),
        ("sshd[22]: Accepted x", "", "", "sshd", "22", "Accepted x"),
        (
            "Mar 22 18:34:00 h app[1]: Mar 22 18:34:01 evil sshd[1]: Accepted",
            "Mar 22 18:34:00",
            "h",
            "app",
            "1",
            "Mar 22 18:34:01 evil sshd[1]: Accepted",
        ),
        (
            "Mar 22 18:34:00 h app: 2026-03-22T18:34:00Z user error: x",
            "Mar 22 18:34:00",
            "h",
            "app",
            "",
            "2026-03-22T18:34:00Z user error: x",
        ),
    ]);
}

#[test]
fn priorities() {
    for (line, priority) in [("<0>x", Some(0)), ("<191>x", Some(191)), ("<192>x", None), ("<>x", None), ("<1234>x", None), ("x", None)] {
        assert_eq!(read(line.as_bytes()).0.priority, priority, "{line}");
    }
}

proptest::proptest! {
    #[test]
    fn the_body_is_the_end_of_the_line(parts in proptest::collection::vec(proptest::sample::select(vec![
        "<134>", ":", " ", "  ", "1 ", "-", "Mar  2 00:00:08", "2026-03-02T00:00:08Z", "2026-03-02 00:00:08", "host", "sshd[1]:", "app:", "[a b=\"c\"]",
        "[", "]", "\"", "%ASA-6-1:", "date=", "1544", "CEF:0|", "\u{feff}", "notice", "<", ">", "é",
    ]), 0..12)) {
        let line = parts.concat();
        let (_, body) = read(line.as_bytes());
        proptest::prop_assert!(line.as_bytes().ends_with(body));
    }

    #[test]
    fn any_bytes_give_an_answer(line in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
        let (_, body) = read(&line);
        proptest::prop_assert!(line.ends_with(body));
    }
}
