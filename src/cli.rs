//! The command line as typed. What it means is settled by the verbs.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Watches suppliers' remote access in VPN, firewall and bastion logs.
#[derive(Debug, Parser)]
#[command(name = "nightporter", version = version(), about, max_term_width = 100, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without a verb, `watch`.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// Options of `watch`, which may be left out.
    #[command(flatten)]
    pub watch: Watch,
}

const EXAMPLES: &str = "\
Examples:
  tail -F fw.log | nightporter                         alerts as JSON lines, without any configuration
  nightporter watch --config /etc/nightporter.toml     follow the configured files
  nightporter replay --config np.toml logs/*.log.gz    the same engine over finished files
  nightporter replay --fail-on high fw.log > alerts.jsonl
  nightporter explain off-hours                        a rule's manual page
  nightporter explain 3f9ac1 --config np.toml          why that alert was raised, and what to do next
  nightporter backtest --since 60d --config np.toml    how many alerts a day, and what would save most
  nightporter window open chimere --until 00:30 --ticket INC-4512 --reason \"blocked prescriptions\" --by claire
  nightporter cut chimere --reason \"supplier under attack\" --by yann

stdout carries data only; everything else goes to stderr.
Exit status: 0 ran to its end; 2 bad usage, configuration or input; `replay --fail-on` 1 where an alert was that severe.";

fn version() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"), " (ECS 9.4.0)")
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Follow files, or read stdin to its end; alerts leave at once.
    Watch(Watch),
    /// Run the same engine over finished files (plain, .gz, .zst, - = stdin), merged by event time.
    Replay(Replay),
    /// Replay archived lines and report how many alerts a day they would give, who causes them, and what would save most.
    Backtest(Backtest),
    /// Print one normalised event for every line of input, in input order.
    Parse(Parse),
    /// Read config, register and daybook, and list every mistake with its place.
    Check(Check),
    /// Say whether log files are fit for use: what is understood of them, what they do not tell, whether their clocks are right.
    Doctor(Doctor),
    /// List what nightporter knows.
    List(List),
    /// Show a rule's manual page with its settings in force, why an alert was raised, or how a line is read.
    #[command(
        after_help = "Examples:\n  nightporter explain off-hours\n  nightporter explain 3f9ac1 --config np.toml                  from the file sinks, rotated ones too\n  nightporter explain 3f9ac1 --alerts 'alerts.jsonl*' --json\n  nightporter explain --line '%ASA-6-113004: AAA user authentication Successful : server = 10.1.1.20 : user = ext-a'"
    )]
    Explain(Explain),
    /// Open, close or list access windows in the daybook.
    Window(Window),
    /// Cut a supplier off: from now on each of its successes is a breach.
    #[command(after_help = "Example:\n  nightporter cut chimere --reason \"supplier under attack\" --by yann")]
    Cut(Cut),
    /// Lift a cut.
    #[command(after_help = "Example:\n  nightporter lift chimere --reason \"attested clean\" --by yann")]
    Lift(Cut),
    /// Show what the rules have learned of suppliers, by the last snapshot of a watch.
    #[command(
        after_help = "Examples:\n  nightporter learned --config np.toml\n  nightporter learned chimere --config np.toml\n  nightporter learned --config np.toml --json | jq -r 'select(.what == \"targets\") | .value'"
    )]
    Learned(Learned),
    /// Forget what was learned of a supplier: what an intruder did is not what is usual.
    #[command(
        after_help = "Examples:\n  nightporter unlearn chimere --what targets --reason \"that was the intruder\" --by yann\n  nightporter unlearn chimere --reason \"new team, new office\" --by yann"
    )]
    Unlearn(Unlearn),
}

/// Options that all verbs share.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// Configuration; no other place is searched.
    #[arg(short, long, env = "NIGHTPORTER_CONFIG", value_name = "FILE", global = false)]
    pub config: Option<PathBuf>,
    /// Register, instead of the configured one: a file, or a folder of *.toml.
    #[arg(long, value_name = "PATH")]
    pub register: Option<PathBuf>,
    /// Daybook, instead of the configured one.
    #[arg(long, value_name = "FILE")]
    pub daybook: Option<PathBuf>,
    /// Zone of stamps that carry none, instead of the configured one (IANA name).
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
}

/// `watch`.
#[derive(Args, Debug, Default)]
#[command(
    after_help = "Examples:\n  tail -F fw.log | nightporter watch\n  nightporter watch --config np.toml\n  nightporter watch /var/log/fw.log '/var/log/vpn/*.log'"
)]
pub struct Watch {
    /// Files (globs allowed) to follow, instead of the configured sources; - = stdin.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Start at the end of files never seen before.
    #[arg(long)]
    pub from_end: bool,
    /// Stop when every file has been read to its end.
    #[arg(long)]
    pub until_eof: bool,
    /// Parse threads; 0 = one a core beside the engine's.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub threads: usize,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `replay`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  nightporter replay fw.log\n  nightporter replay --config np.toml archive/fw-2026-11-*.log.gz\n  nightporter replay --config np.toml --batches /var/lib/nightporter    what an uninterrupted watch would have written"
)]
pub struct Replay {
    /// Finished files; without any, the configured sources.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Exit with 1 if an alert of this severity or above was raised.
    #[arg(long, value_name = "SEVERITY", value_parser = ["info", "low", "medium", "high", "critical"])]
    pub fail_on: Option<String>,
    /// Replay the batch log of a watch: its state folder, or a segment in it.
    #[arg(long, value_name = "LOG", conflicts_with = "files")]
    pub batches: Option<PathBuf>,
    /// Parse threads; 0 = one a core beside the engine's.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub threads: usize,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `backtest`.
#[derive(Args, Debug)]
#[command(
    after_help = "All lines are replayed, so that what has to be learned is learned; only alerts from --since on are counted.\n\nExamples:\n  nightporter backtest --since 60d --config np.toml\n  nightporter backtest --since 60d --config np.toml archive/*.log.gz\n  nightporter backtest --since 2026-10-01 --until 2026-11-01 --config np.toml --against tuned.toml    what a change would change"
)]
pub struct Backtest {
    /// Finished files (plain, .gz, .zst; - = stdin); without any, the configured sources.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Count alerts from then on: a span such as 60d back from the newest line, a date, or a time; default the first line.
    #[arg(long, value_name = "SPAN|TIME")]
    pub since: Option<String>,
    /// Count alerts before then; default the newest line.
    #[arg(long, value_name = "SPAN|TIME")]
    pub until: Option<String>,
    /// A second configuration: replay with it too, and show which alerts differ.
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// The report as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Parse threads; 0 = one a core beside the engine's.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub threads: usize,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `parse`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  nightporter parse fw.log | jq .user.name\n  journalctl -u ssh | nightporter parse --format sshd")]
pub struct Parse {
    /// Files (plain, .gz, .zst); none or - = stdin.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A name from `nightporter list formats`, or auto.
    #[arg(long, default_value = "auto", value_name = "NAME")]
    pub format: String,
    /// Add the raw line (event.original).
    #[arg(long)]
    pub raw: bool,
    /// Leave keystrokes, window titles and command lines in the raw line.
    #[arg(long, requires = "raw")]
    pub keystrokes: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `check`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  nightporter check --config np.toml")]
pub struct Check {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `doctor`.
#[derive(Args, Debug)]
#[command(
    after_help = "Names no person, no address and nothing that somebody typed: its report can be sent on.\n\nExamples:\n  nightporter doctor fw.log\n  nightporter doctor --config np.toml                  the files of its sources\n  nightporter doctor --json archive/*.log.gz | jq -r '.source + \": \" + .summary'"
)]
pub struct Doctor {
    /// Files (plain, .gz, .zst; - = stdin); without any, those of the configured sources.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One JSON object a source.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `list`.
#[derive(Args, Debug)]
pub struct List {
    /// What to list.
    #[arg(value_parser = ["formats", "rules"])]
    pub what: String,
    /// Configuration, whose own formats are listed too.
    #[arg(short, long, env = "NIGHTPORTER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// A rule from `nightporter list rules`, or an alert by its `event.id`: the first six characters are enough if no other
    /// begins so.
    #[arg(value_name = "RULE|ALERT_ID", required_unless_present = "line")]
    pub what: Option<String>,
    /// Files of alerts (globs, .gz, .zst; - = stdin) to look in, instead of the configured file sinks.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "line")]
    pub alerts: Vec<PathBuf>,
    /// An alert as one JSON object.
    #[arg(long, conflicts_with = "line")]
    pub json: bool,
    /// A log line: show how it is read.
    #[arg(long, value_name = "TEXT", conflicts_with = "what")]
    pub line: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `window`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  nightporter window open chimere --until 00:30 --ticket INC-4512 --reason \"blocked prescriptions\" --by claire\n  nightporter window close w-0007 --reason done --by claire\n  nightporter window list"
)]
pub struct Window {
    /// What to do with it.
    #[command(subcommand)]
    pub verb: WindowVerb,
}

/// What to do with a window.
#[derive(Debug, Subcommand)]
pub enum WindowVerb {
    /// Let a supplier in for a while.
    Open(WindowOpen),
    /// End a window before its time.
    Close(WindowClose),
    /// Show the windows that are open or to come.
    List(WindowList),
}

/// `window open`.
#[derive(Args, Debug)]
pub struct WindowOpen {
    /// Supplier id.
    pub supplier: String,
    /// Beginning: RFC 3339, a local date and time, or HH:MM (the latest); default now.
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// End: RFC 3339, a local date and time, HH:MM (the next), or a span such as 2h.
    #[arg(long, value_name = "TIME")]
    pub until: String,
    /// Only these accounts; default all of the supplier.
    #[arg(long = "account", value_name = "LOGIN")]
    pub accounts: Vec<String>,
    /// Ticket.
    #[arg(long)]
    pub ticket: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signed: Signed,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `window close`.
#[derive(Args, Debug)]
pub struct WindowClose {
    /// Window id, as `window list` shows it.
    pub window: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signed: Signed,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `window list`.
#[derive(Args, Debug)]
pub struct WindowList {
    /// Past windows too.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `cut` and `lift`.
#[derive(Args, Debug)]
pub struct Cut {
    /// Supplier id, or * for all.
    pub supplier: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signed: Signed,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `learned`.
#[derive(Args, Debug)]
pub struct Learned {
    /// Supplier id; default all.
    pub supplier: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// `unlearn`.
#[derive(Args, Debug)]
pub struct Unlearn {
    /// Supplier id.
    pub supplier: String,
    /// What, as `learned` shows it (targets, hours, volume …); default all.
    #[arg(long)]
    pub what: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signed: Signed,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub common: Common,
}

/// Who writes into the daybook, and why.
#[derive(Args, Debug)]
pub struct Signed {
    /// Why.
    #[arg(long)]
    pub reason: String,
    /// Who decides.
    #[arg(long, env = "USER", hide_env_values = true)]
    pub by: String,
    /// When it was decided, if not now (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
}
