//! What the doctor says of log files, and what it never says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// Files in a folder of their own.
struct Patient(TempDir);

impl Patient {
    fn new() -> Patient {
        Patient(tempfile::tempdir().unwrap())
    }

    /// Writes a file that was last changed long after its lines: its age says nothing.
    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn last_written(&self, name: &str, seconds: u64) {
        let file = File::options().write(true).open(self.0.path().join(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }

    /// Exit status, data, what was said.
    fn examined(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightporter"));
        let command = command.arg("doctor").args(args).current_dir(self.0.path()).env_remove("NIGHTPORTER_CONFIG");
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn report(&self, args: &[&str]) -> String {
        let (code, data, said) = self.examined(args);
        assert_eq!((code, said.as_str()), (0, ""));
        data
    }
}

/// A session of a FortiGate that tells everything, its beginning and its end.
fn session(at: u64, user: &str) -> String {
    let line = |seconds: u64, logid: &str, action: &str, more: &str| {
        format!(
            "<189>date=2026-11-20 time={:02}:{:02}:{:02} devname=\"fw-1\" devid=\"FGT1\" eventtime={} tz=\"+0100\" logid=\"{logid}\" type=\"event\" \
             subtype=\"vpn\" action=\"{action}\" tunneltype=\"ssl-tunnel\" tunnelid={at} remip=198.51.100.23 user=\"{user}\" group=\"GG\" tunnelip=10.99.0.6{more}\n",
            9 + seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            1_795_161_600 + seconds
        )
    };
    line(at, "0101039947", "tunnel-up", "") + &line(at + 50, "0101039948", "tunnel-down", " duration=50 sentbyte=12 rcvdbyte=34")
}

#[test]
fn of_use_with_gaps() {
    let patient = Patient::new();
    let mut lines: String =
        (0..30).map(|n| session(n * 100, ["ext-chimere", "dupont.j", "fourn.sphinx"][usize::try_from(n % 3).unwrap()])).collect();
    for n in 0..3 {
        writeln!(
            lines,
            "<189>Nov 20 09:00:0{n} fw-1 portal[9]: user jean.dupont{n} \"Jean Dupont\" refused from 192.0.2.{n}: typed: secret{n}"
        )
        .unwrap();
    }
    lines.push('\n');
    patient.write("fw.log", &lines);
    insta::assert_snapshot!(patient.report(&["fw.log"]));
    let register = "[[supplier]]\nid = \"chimere\"\nname = \"Logiciels Chimère\"\naccounts = [\"ext-chimere\"]\n[[supplier]]\nid = \"x\"\nname = \"X\"\naccounts = [\"x\"]\n";
    patient.write("register.toml", register);
    patient.write("np.toml", "register = \"register.toml\"\n[[source]]\nname = \"gate\"\nkind = \"file\"\npath = \"*.log\"\n");
    let report = patient.report(&["--config", "np.toml"]);
    assert!(report.starts_with("gate\n"), "{report}");
    assert!(
        report.contains("1 of 2 in the register seen, with 1 account; 1 account looks like a supplier's, and has no entry"),
        "{report}"
    );
    // For machines the same.
    let json: serde_json::Value = serde_json::from_str(&patient.report(&["--config", "np.toml", "--json"])).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap());
}

/// Lines that a collector had, which writes its own stamp in front.
fn relayed(device: &str, zone: &str) -> String {
    (10..40).fold(String::new(), |mut lines, n| {
        let message = "%ASA-6-113004: AAA user authentication Successful : server = 10.1.1.20 : user = ext-a";
        writeln!(lines, "2026-11-20T22:41:{n}{zone} relay Nov 20 2026 {device}:{:02} asa-1 : {message}", n - 3).unwrap();
        lines
    })
}

#[test]
fn the_zone_is_told_by_a_collector() {
    let patient = Patient::new();
    patient.write("paris.log", &relayed("22:41", "+01:00"));
    patient.write("utc.log", &relayed("21:41", "+01:00"));
    let lines = |name: &str| {
        let report = patient.report(&[name]);
        report
            .lines()
            .filter(|line| ["zone", "clock", "verdict"].contains(&line.split_whitespace().next().unwrap()))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    insta::assert_snapshot!(lines("paris.log") + &lines("utc.log"));
}

#[test]
fn the_zone_is_told_by_the_end_of_a_file() {
    let patient = Patient::new();
    let lines: String = relayed("22:41", "Z").lines().map(|line| line.split_once("relay ").unwrap().1.to_owned() + "\n").collect();
    patient.write("asa.log", &lines);
    for (last_written, expected) in [
        // 2026-11-20T21:41:40Z, four seconds after its last line, if that is Paris.
        (1_795_210_900, "they are at +01:00, as Europe/Paris is"),
        (1_795_210_900 + 3600, "they are at +00:00, but they are read in Europe/Paris: set time_zone"),
        (1_795_210_900 + 400, "the stamps name none and nothing tells: read in Europe/Paris"),
    ] {
        patient.last_written("asa.log", last_written);
        assert!(patient.report(&["asa.log"]).contains(expected), "{expected}: {}", patient.report(&["asa.log"]));
    }
    patient.last_written("asa.log", 1_795_210_900 + 3600);
    assert!(!patient.report(&["--time-zone", "UTC", "asa.log"]).contains("set time_zone"));
}

#[test]
fn a_clock_that_jumps_is_seen() {
    let patient = Patient::new();
    patient.write("fw.log", &(session(1000, "ext-a") + &session(10, "ext-a") + &session(2000, "ext-a")));
    assert!(patient.report(&["fw.log"]).contains("2 lines more than 2 min out of order (up to 1040 s)"), "{}", patient.report(&["fw.log"]));
}

#[test]
fn blind_and_why() {
    let patient = Patient::new();
    patient.write("empty.log", "\n\n");
    patient.write("noise.log", &"something about nobody\n".repeat(4));
    patient.write("half.log", &(session(0, "ext-a") + &"something about nobody\n".repeat(4)));
    patient.write("traffic.log", &"Nov 20 2026 22:41:07 asa-1 : %ASA-6-302013: Built inbound TCP connection 7 for outside:198.51.100.23/4711 (198.51.100.23/4711) to inside:10.20.4.11/443 (10.20.4.11/443)\n".repeat(3));
    let masked = "Nov 20 2026 22:41:07 asa-1 : %ASA-6-113005: AAA user authentication Rejected : reason = AAA failure : server = 10.1.1.20 : user = ***** : user IP = 198.51.100.68\n";
    patient.write("masked.log", &(session(0, "ext-a") + masked));
    let report = patient.report(&["empty.log", "noise.log", "half.log", "traffic.log", "masked.log"]);
    let verdicts: Vec<&str> = report.lines().filter_map(|line| line.strip_prefix("  verdict    ")).collect();
    insta::assert_snapshot!(verdicts.join("\n"));
    assert!(report.contains("user in 1 of 2 logins and session starts only (masked as *****)"), "{report}");
}

#[test]
fn what_is_missing_does_not_keep_the_rest_from_being_examined() {
    let patient = Patient::new();
    patient.write("fw.log", &session(0, "ext-a"));
    let (code, data, said) = patient.examined(&["gone.log", "fw.log"]);
    assert_eq!((code, data.starts_with("fw.log\n"), said.contains("gone.log: ")), (2, true, true), "{said}");
    let (code, data, said) = patient.examined(&["--config", "none.toml"]);
    assert_eq!((code, data.as_str(), said.contains("none.toml")), (2, "", true));
}

/// Whatever stands in lines that nobody understands, no name, address or typed word of them is in the report.
#[test]
fn a_report_names_nobody() {
    let patient = Patient::new();
    let mut lines = String::new();
    for n in 0..200 {
        let name = ["zqdupont", "Zqdupont.J", "GHT\\zqdupont", "zqdupont@ght.example", "ext-zqdupont"][n % 5];
        let shape = [
            format!("Nov 20 22:41:07 gw-zq portal[9]: account {name} opened a session from 198.51.100.{}", n % 200),
            format!("user={name} src=198.51.100.77 note=\"{name} is here\" zqkey={n}"),
            format!("{{\"who\":\"{name}\",\"from\":\"2001:db8::77\"}}"),
            format!("Nov 20 22:41:07 gw-zq zqdupont: hello from {name}"),
            format!("bastion session KBD_INPUT data={name} zqdupont password user"),
            format!("window title: zqdupont session of {name}"),
        ];
        lines.push_str(&shape[n % 6]);
        lines.push('\n');
    }
    patient.write("strange.log", &lines);
    for args in [&["strange.log"][..], &["--json", "strange.log"]] {
        let report = patient.report(args).to_lowercase();
        assert!(report.contains("portal[#]"), "{report}");
        for private in ["zqdupont", "198.51.100", "2001:db8", "gw-zq", "password", "hello"] {
            assert!(!report.contains(private), "{private}: {report}");
        }
    }
}
