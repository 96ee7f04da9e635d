use insta::assert_snapshot;
use parsers::{Event, Facts, Interest, Reading, Stamps};

use crate::config::Config;

fn shown(list: &[crate::mistake::Mistake]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n")
}

#[test]
fn formats_of_every_kind_are_read_and_their_samples_run() {
    let text = r#"
[[format]]
name = "our-gate"
regex = '^(?<time>\S+) gate: (?<user>\S+) from (?<src>\S+) (?<result>IN|REFUSED)$'
event = { IN = "login_success", REFUSED = "login_failure" }
samples = ["2026-11-20T22:41:07+01:00 gate: ext-chimere from 198.51.100.23 IN"]
[[format]]
name = "portail"
kind = "key-value"
marker = "portail["
fields = { user = "login", src = "remote_addr", result = "status", time = "at" }
event = { ok = "login_success", ko = "login_failure" }
time_format = "%d/%m/%Y-%H:%M:%S"
vendor = "Portail Fictif"
product = "Access"
samples = ["Nov 20 22:41:07 gw portail[9]: login=ext-a remote_addr=198.51.100.23 at=20/11/2026-22:41:07 status=ko"]
[[format]]
name = "api"
kind = "json"
fields = { user = "actor.login", src = "client.ip" }
event = "session_start"
samples = ['{"actor":{"login":"ext-a"},"client":{"ip":"198.51.100.23"}}']
[[format]]
name = "by-number"
kind = "csv"
separator = ";"
fields = { user = 2, src = 3 }
event = "logout"
[[format]]
name = "by-list"
kind = "csv"
columns = ["time", "", "user", "src"]
event = "other"
samples = ["2026-11-20T22:41:07Z,x,ext-a,198.51.100.23"]
[[source]]
name = "gate"
kind = "stdin"
format = "by-list"
keystrokes = true
"#;
    let (config, mistakes) = Config::read("nightporter.toml", text, &[]);
    assert_eq!((shown(&mistakes), shown(&config.notes)), (String::new(), String::new()));
    let names: Vec<&str> = config.formats.names().collect();
    assert_eq!((names.first(), names.last()), (Some(&"our-gate"), Some(&"by-list")));
    assert_eq!(config.samples.len(), 4);
    assert_eq!(config.sources.first().map(|source| (source.format, source.keystrokes)), Some((config.formats.by_name("by-list"), true)));
    let line = config.samples[1].line.value.as_bytes();
    let mut facts = Facts::default();
    let reading = config.formats.read(line, None, &Interest::everything(), &mut Stamps::default(), &mut facts);
    let Reading::Parsed(format) = reading else { panic!("{reading:?}") };
    let event = Event { line, facts: &facts, format };
    let product = config.formats.product(format).unwrap();
    assert_eq!((product.format, product.vendor, product.name), ("portail", "Portail Fictif", "Access"));
    assert_eq!((facts.kind.word(), event.user().as_deref()), ("login_failure", Some(b"ext-a".as_slice())));
}

#[test]
fn every_mistake_is_named_with_its_place_and_the_nearest_name() {
    let text = r#"[[format]]
name = "our-gate"
regex = '^(?<tme>\S+) gate: (?<usr>\S+)$'
event = { IN = "login_sucess" }
[[format]]
name = "fortigate"
regex = '^(?<time>\S+) gate: (?<user>\S+) from (?<src>\S+)$'
event = "login"
[[format]]
name = "torn"
regex = '^(?<time>\S+ gate'
event = "login_success"
[[format]]
name = "short"
regex = '(?<time>\S+) gate: (?<user>\S+) from (?<src>\S+) (?<result>IN|REFUSED)'
event = { IN = "login_success" }
time_format = "%d/%m/%Y %H:%Q"
samples = ["22:41 gate: a frm 198.51.100.23 IN", "x gate: a from nowhere IN", "x gate: a from 198.51.100.23 IN now"]
[[format]]
name = "fields"
kind = "key-value"
marker = "zz"
fields = { usr = "login", src = "remote_addr", result = "status" }
event = { ok = "login_success" }
samples = ["src=1", "zz src=1"]
[[format]]
name = "cols"
kind = "csv"
separator = "::"
columns = ["time", "", "usr", "src"]
event = { ok = "login_success" }
[[format]]
name = "cols2"
kind = "csv"
fields = { user = 3, src = 0 }
event = "login_success"
samples = ["a,b"]
[[format]]
name = "js"
kind = "jsn"
fields = { user = "a.b" }
marker = "x"
event = "login_success"
[[format]]
name = "nokind"
fields = { user = "a.b" }
event = "login_success"
[[source]]
name = "x"
kind = "stdin"
format = "our-gat"
"#;
    let (_, mistakes) = Config::read("nightporter.toml", text, &[]);
    assert_snapshot!(shown(&mistakes), @r#"
    nightporter.toml:3:14: regex in [[format]] "our-gate": the capture "tme" is no fact; did you mean "time"?
    nightporter.toml:4:16: event.IN in [[format]] "our-gate": expected "login_success", "login_failure", "logout", "session_start", "session_end", "traffic", "configuration", "approval", "restart", "moved" or "other", found "login_sucess"; did you mean "login_success"?
    nightporter.toml:6:8: name in [[format]] "fortigate": a built-in format is called "fortigate"
    nightporter.toml:8:9: event in [[format]] "fortigate": expected "login_success", "login_failure", "logout", "session_start", "session_end", "traffic", "configuration", "approval", "restart", "moved" or "other", found "login"
    nightporter.toml:11:9: regex in [[format]] "torn": expected a regular expression, found "^(?<time>\\S+ gate": error: unclosed group
    nightporter.toml:17:28: time_format in [[format]] "short": expected one of %Y %y %m %b %d %e %H %I %p %M %S %f %a %z %s %F %T %%, found %Q
    nightporter.toml:18:12: samples in [[format]] "short": the regular expression has to match all of "22:41 gate: a frm 198.51.100.23 IN", and does not; as far as (?<time>\S+) gate: (?<user>\S+) fr it fits, up to character 16; what follows does not fit "m 198.51.100.23 IN"
    nightporter.toml:18:50: samples in [[format]] "short": "nowhere" cannot be read as "src"
    nightporter.toml:18:50: samples in [[format]] "short": "x" cannot be read as "time"; say how it is written: time_format = "%d/%m/%Y %H:%M:%S"
    nightporter.toml:18:79: samples in [[format]] "short": the regular expression has to match all of "x gate: a from 198.51.100.23 IN now", and does not; it ends after character 31, before " now"
    nightporter.toml:23:12: fields in [[format]] "fields": the name "usr" is no fact; did you mean "user"?
    nightporter.toml:25:12: samples in [[format]] "fields": "src=1" does not hold the marker "zz"
    nightporter.toml:29:13: separator in [[format]] "cols": expected one character such as ";" or "\t", found "::"
    nightporter.toml:30:24: columns in [[format]] "cols": the name "usr" is no fact; did you mean "user"?
    nightporter.toml:35:28: fields.src in [[format]] "cols2": expected the number of a column, 1 to 1000, found "0"
    nightporter.toml:37:12: samples in [[format]] "cols2": "a,b" has 2 columns and needs 3
    nightporter.toml:40:8: kind in [[format]] "js": expected "regex", "key-value", "csv" or "json", found "jsn"; did you mean "json"?
    nightporter.toml:46:10: fields in [[format]] "nokind": needs kind = "key-value", "csv" or "json"
    nightporter.toml:51:10: format in [[source]] "x": there is no format "our-gat"; did you mean "our-gate"? (`nightporter list formats` shows all)
    "#);
}

#[test]
fn a_sample_that_somebody_else_reads_first_is_no_mistake_and_told() {
    let text = r#"
[[format]]
name = "fields"
kind = "key-value"
fields = { user = "user", src = "remip", result = "action" }
event = { tunnel-up = "session_start" }
samples = ['date=2026-11-20 time=22:41:07 devname="fw-1" devid="FGT1" logid="0101039424" type="event" subtype="vpn" action="tunnel-up" remip=198.51.100.23 user="ext-a"']
"#;
    let (config, mistakes) = Config::read("nightporter.toml", text, &[]);
    assert_eq!(shown(&mistakes), "");
    assert_snapshot!(shown(&config.notes), @r#"nightporter.toml:7:12: samples in [[format]] "fields": "fortigate" is asked first and reads "date=2026-11-20 time=22:41:07 devname=\"fw-1\" devid=\"FGT1\" lo…" too; say format = "fields" in its [[source]], or give it a marker"#);
}
