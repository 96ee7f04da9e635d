use crate::{FORMATS, Facts, Interest, Reading, Stamps, formats, read};

/// Event, user, session and assigned address, in one text; `unparsed` where this format does not claim the line.
fn told(line: &str) -> String {
    let mut facts = Facts::default();
    let reading = read(line.as_bytes(), formats::by_name("openvpn"), &Interest::everything(), &mut Stamps::default(), &mut facts);
    if !matches!(reading, Reading::Parsed(id) if FORMATS[usize::from(id.0)].name == "openvpn") {
        return "unparsed".into();
    }
    let text = |text: crate::Text| String::from_utf8_lossy(&text.value(line.as_bytes())).into_owned();
    let assigned = facts.assigned_ip.map_or_else(|| "-".into(), |ip| ip.to_string());
    format!("{} <{}> <{}> {assigned}", facts.kind.word(), text(facts.user), text(facts.session))
}

fn check(cases: &[(&str, &str)]) {
    for (message, expected) in cases {
        assert_eq!(told(&format!("Nov 20 22:41:07 vpn-1 ovpn-server[901]: {message}")), *expected, "{message}");
    }
}

#[test]
fn clients_of_all_dresses() {
    check(&[
        ("198.51.100.7:40007 TLS: soft reset", "other <> <198.51.100.7:40007> -"),
        ("fourn.chimere/198.51.100.7:40007 TLS: soft reset", "other <fourn.chimere> <198.51.100.7:40007> -"),
        ("198.51.100.7:40007/fourn.chimere TLS: soft reset", "other <fourn.chimere> <198.51.100.7:40007> -"),
        ("DOE Jane/198.51.100.7:40007 TLS: soft reset", "other <DOE Jane> <198.51.100.7:40007> -"),
        ("UNDEF/198.51.100.7:40007 TLS: soft reset", "other <> <198.51.100.7:40007> -"),
        ("site/a/198.51.100.7:40007 TLS: soft reset", "other <site/a> <198.51.100.7:40007> -"),
        ("fourn.chimere/2001:db8::7 TLS: soft reset", "other <fourn.chimere> <2001:db8::7> -"),
        ("fourn.chimere@ght.example/198.51.100.7:40007 TLS: soft reset", "other <fourn.chimere> <198.51.100.7:40007> -"),
        ("net_route_v4_add: 10.8.0.0/24 via 10.8.0.2 dev [NULL]", "other <> <> -"),
        ("TCP connection established with [AF_INET]198.51.100.7:40007", "other <> <198.51.100.7:40007> -"),
        ("TLS Error: incoming packet authentication failed from [AF_INET6]2001:db8::7:40007", "other <> <2001:db8::7:40007> -"),
        ("UDPv4 link local (bound): [AF_INET]10.1.1.1:1194", "other <> <> -"),
    ]);
}

#[test]
fn names_do_not_speak_for_others() {
    check(&[
        (
            "LDAP user \"x/192.0.2.66:1 [boss] Peer Connection Initiated with [AF_INET]192.0.2.66:1\" was not found.",
            "login_failure <x/192.0.2.66:1 [boss] Peer Connection Initiated with [AF_INET]192.0.2.66:1> <> -",
        ),
        (
            "PLUGIN AUTH-PAM: BACKGROUND: user 'x/192.0.2.66:1 [boss] y' failed to authenticate: Authentication failure",
            "login_failure <x/192.0.2.66:1 [boss] y> <> -",
        ),
        ("MULTI: new connection by client 'x/192.0.2.66:1 y' will cause previous active sessions to be dropped", "other <> <> -"),
        (
            "AUTH-PAM: BACKGROUND: user 'x' failed to authenticate: y' failed to authenticate: Authentication failure",
            "login_failure <x' failed to authenticate: y> <> -",
        ),
        (
            "198.51.100.7:40007 TLS: Username/Password authentication deferred for username 'x/192.0.2.66:1 TLS: Username/Password authentication succeeded for username 'boss''",
            "other <x/192.0.2.66:1 TLS: Username/Password authentication succeeded for username 'boss'> <198.51.100.7:40007> -",
        ),
        (
            "x/192.0.2.66:1 [boss] Peer Connection Initiated with [AF_INET]192.0.2.66:1 y/198.51.100.7:40007 TLS: soft reset",
            "other <> <> -",
        ),
        (
            "198.51.100.7:40007 peer info: UV_NOTE=x/192.0.2.66:1 SIGTERM[soft,remote-exit] received, client-instance exiting",
            "other <> <198.51.100.7:40007> -",
        ),
        ("user 'x' authenticated' could not authenticate.", "login_failure <x' authenticated> <> -"),
    ]);
}

#[test]
fn the_end_of_a_session_has_a_name() {
    check(&[
        (
            "ext-sphinx-1/198.51.100.7:40007 SIGTERM[soft,delayed-exit] received, client-instance exiting",
            "session_end <ext-sphinx-1> <198.51.100.7:40007> -",
        ),
        ("198.51.100.7:40007 SIGTERM[soft,delayed-exit] received, client-instance exiting", "other <> <198.51.100.7:40007> -"),
        (
            "ext-sphinx-1/198.51.100.7:40007 [ext-sphinx-1] Inactivity timeout (--ping-restart), restarting",
            "session_end <ext-sphinx-1> <198.51.100.7:40007> -",
        ),
        ("ext-sphinx-1/198.51.100.7:40007 Connection reset, restarting [0]", "session_end <ext-sphinx-1> <198.51.100.7:40007> -"),
        ("SIGTERM[hard,] received, process exiting", "other <> <> -"),
    ]);
}

#[test]
fn addresses_handed_out() {
    check(&[
        ("MULTI: primary virtual IP for DOE Jane/198.51.100.7:40007: 10.99.0.6", "session_start <DOE Jane> <198.51.100.7:40007> 10.99.0.6"),
        (
            "a/198.51.100.7:40007 MULTI: primary virtual IPv6 for a/198.51.100.7:40007: 2001:db8:99::6",
            "session_start <a> <198.51.100.7:40007> 2001:db8:99::6",
        ),
        ("a/198.51.100.7:40007 MULTI: Learn: 10.99.0.6 -> a/198.51.100.7:40007", "other <a> <198.51.100.7:40007> 10.99.0.6"),
        ("a/198.51.100.7:40007 MULTI: Learn: 10.7.0.0/24 -> a/198.51.100.7:40007", "other <a> <198.51.100.7:40007> -"),
        ("a/198.51.100.7:40007 MULTI_sva: pool returned IPv4=10.99.0.6, IPv6=(Not enabled)", "other <a> <198.51.100.7:40007> 10.99.0.6"),
        (
            "Connection Attempt MULTI: primary virtual IP for a/198.51.100.7:40007: 10.99.0.6",
            "session_start <a> <198.51.100.7:40007> 10.99.0.6",
        ),
        (
            "SENT CONTROL [a]: 'PUSH_REPLY,route 10.1.0.0 255.255.0.0,ifconfig 10.99.0.6 255.255.255.0,peer-id 0' (status=1)",
            "other <a> <> 10.99.0.6",
        ),
        ("a/198.51.100.7:40007 MULTI: primary virtual IP for a/198.51.100.7:40007: none", "other <a> <198.51.100.7:40007> -"),
    ]);
}

#[test]
fn lines_of_a_log_file_are_known_by_stamp_and_words() {
    for (line, claimed) in [
        ("2026-11-20 22:41:07 198.51.100.7:40007 [a] Peer Connection Initiated with [AF_INET]198.51.100.7:40007", true),
        ("Fri Nov 20 22:41:07 2026 us=285967 198.51.100.7:40007 Re-using SSL/TLS context", true),
        ("DOE Jane/198.51.100.7:40007 Timers: ping 10, ping-restart 240", true),
        ("2026-11-20 22:41:07 fourn.chimere,10.99.0.4,", true),
        ("2026-11-20 22:41:07 198.51.100.7:40007 words of a later version", true),
        ("2026-11-20 22:41:07 us=285967   config = '[UNDEF]'", true),
        ("2026-11-20 22:41:07 Connection Attempt fourn.chimere,198.51.100.7:40007,1234,5678,2026-11-20 22:00:00", true),
        ("2026-11-20 22:41:07 CRL: loaded 1 CRLs from file crl.pem", true),
        ("2026-11-20 22:41:07 read UDPv4 [ECONNREFUSED]: Connection refused (fd=4,code=111)", true),
        ("2026-11-20 22:41:07 WARNING: disk is full", false),
        ("2022-11-20T22:41:07+0100 [stdout#info] [OVPN 4] OUT: '2026-11-20 21:41:07 a/198.51.100.7:40007 MULTI: x'", true),
        ("Nov 20 22:41:07 as-1 agent: [-] OVPN 2 OUT: 'Fri Nov 20 21:41:07 2026 MULTI: x'", true),
        ("198.51.100.7:40007 words of some proxy", false),
        ("2026-11-20 22:41:07 backup of 10.1.0.0/24 is done", false),
        ("2026-11-20 22:41:07 fourn.chimere,here,", false),
        ("Nov 20 22:41:07 vpn-1 charon[7]: MULTI: primary virtual IP for a/198.51.100.7:40007: 10.99.0.6", false),
        ("[stderr] something", false),
    ] {
        assert_eq!(told(line) != "unparsed", claimed, "{line}");
    }
}

proptest::proptest! {
    #[test]
    fn any_mixture_of_words_is_read(words in proptest::collection::vec(proptest::sample::select(vec![
        "a", "/", "198.51.100.7:40007", " ", "[", "] ", "MULTI: primary virtual IP", " for ", ": 10.99.0.6", "MULTI: Learn: ", " -> ", "TLS: Username/", " for username '", "'",
        "TLS Auth Error", "VERIFY ERROR: depth=0, error=", "CN=", "SENT CONTROL [", "]: '", "PUSH_REPLY,ifconfig ", "Peer Connection Initiated with ", "[AF_INET6]", "[AF_INET]",
        "SIGTERM[", "client-instance", "AUTH-PAM: BACKGROUND: user '", "openvpn server '", "' user '", "' address '", "' - ", "OVPN 1 OUT: '", "é",
    ]), 0..14), with_head in proptest::bool::ANY) {
        let head = if with_head { "Nov 20 22:41:07 vpn-1 openvpn[901]: " } else { "2026-11-20 22:41:07 " };
        told(&format!("{head}{}", words.concat()));
    }
}
