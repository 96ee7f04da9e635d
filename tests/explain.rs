//! How a line is explained: heads, format, facts with their bytes; and why nobody reads it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use jiff::tz::TimeZone;
use nightporter::config::Config;
use nightporter::verbs::explain::{Reader, line};
use nightporter::zone::Zone;
use parsers::{Formats, Time};

const OWN: &str = r#"
[[format]]
name = "our-bastion"
regex = '^(?<time>\S+) (?<user>\S+)@(?<src>\S+) (?<result>\S+) "(?<private>[^"]*)" on (?<target>\S+)$'
event = { run = "session_start" }
"#;

fn explained(text: &str, formats: &Formats) -> String {
    let zone = Zone::new(TimeZone::get("Europe/Paris").unwrap());
    // 2026-12-01T00:00:00Z
    line(text, &mut Reader { formats, zone, now: Time(1_796_083_200_000_000_000) })
}

fn shown(text: &str) -> String {
    explained(text, &Formats::default())
}

#[test]
fn every_fact_with_its_bytes() {
    let line = "<189>date=2026-11-20 time=22:41:07 devname=\"fw-1\" devid=\"FGT1\" eventtime=1795210867000000000 tz=\"+0100\" logid=\"0101039424\" \
                type=\"event\" subtype=\"vpn\" action=\"tunnel-up\" tunneltype=\"ssl-web\" tunnelid=1234 remip=198.51.100.23 user=\"ext-a\" group=\"GG\" tunnelip=10.99.0.6";
    insta::assert_snapshot!(shown(line));
    for (fact, value) in
        [("source.ip", "198.51.100.23"), ("nightporter.assigned_ip", "10.99.0.6"), ("user.name", "ext-a"), ("nightporter.session", "1234")]
    {
        let page = shown(line);
        let row = page.lines().find(|row| row.trim_start().starts_with(fact)).unwrap();
        let at = line.find(&format!("{value}\"")).or_else(|| line.find(value)).unwrap();
        assert!(row.ends_with(&format!("{value:<30} bytes {}-{}", at + 1, at + value.len())), "{row}");
    }
}

#[test]
fn heads_and_what_relays_put_in_front() {
    insta::assert_snapshot!(shown(
        "<86>Nov 20 22:41:08 relay <86>Nov 20 22:41:07 bastion-1 sshd[901]: message repeated 2 times: [ Failed password for ext-a from 198.51.100.7 port 4711 ssh2]"
    ));
}

#[test]
fn a_forged_name_is_seen_for_what_it_is() {
    insta::assert_snapshot!(shown(
        "<86>1 2026-11-20T22:41:07+01:00 bastion-1 sshd 901 - - Invalid user x from 192.0.2.66 port 1 from 198.51.100.7 port 4711"
    ));
}

#[test]
fn who_else_would_read_it() {
    let own = "[[format]]\nname = \"ours\"\nregex = 'Accepted (?<result>\\S+) for (?<user>\\S+) from (?<src>\\S+) port \\d+ ssh2'\nevent = \"session_start\"\n";
    let (config, mistakes) = Config::read("np.toml", own, &[]);
    assert_eq!(mistakes, []);
    let line = "<86>1 2026-11-20T22:41:07+01:00 bastion-1 sshd 901 - - Accepted password for ext-a from 198.51.100.7 port 4711 ssh2";
    let page = explained(line, &config.formats);
    assert!(page.contains("format     ours (") && page.contains("also       sshd would read it too"), "{page}");
    assert!(shown(line).contains("format     sshd (") && !shown(line).contains("also "));
}

#[test]
fn what_is_private_is_not_shown() {
    let (config, mistakes) = Config::read("np.toml", OWN, &[]);
    assert_eq!(mistakes, []);
    let page = explained("2026-11-20T22:41:07+01:00 ext-a@198.51.100.7 run \"sudo open sesame\" on dpi-1", &config.formats);
    assert!(!page.contains("sesame"), "{page}");
    insta::assert_snapshot!(page);
}

#[test]
fn why_nobody_reads_it() {
    let lines = [
        "",
        "hello",
        "<13>Nov 20 22:41:07 2026 fw Fortinet says hello",
        "@cee: %ASA-6-113005: AAA user authentication Rejected : reason = AAA failure : server = 10.1.1.20 : user = ext-a : user IP = 198.51.100.68",
        "\u{1b}[31mhello",
    ];
    insta::assert_snapshot!(lines.map(shown).join("\n"));
}

#[test]
fn any_line_is_explained() {
    for text in ["\"", "=", "<", "%ASA-", "é=é", "{\"a\":", &"x".repeat(100_000), &"a=1 ".repeat(3000)] {
        assert!(!shown(text).is_empty());
    }
}
