//! `nightporter`: the command line.

use std::io::{self, BufWriter, IsTerminal, Write, stderr, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use clap::{CommandFactory, Parser};
use nightporter::alert::Severity;
use nightporter::cli::{Backtest, Check, Cli, Common, Doctor, Explain, List, Parse, Replay, Verb, Watch, WindowVerb};
use nightporter::fault::Fault;
use nightporter::json::printable;
use nightporter::mistake::did_you_mean;
use nightporter::setup::{Inputs, Setup, Trouble};
use nightporter::source::pattern::Pattern;
use nightporter::verbs;
use nightporter::wall_clock::now;
use nightporter::zone::Zone;
use parsers::{FormatId, Formats};
use tokio::signal::unix::{SignalKind, signal};

/// Bad usage, configuration, or an input that is missing or broken.
const BAD: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.verb {
        None => no_verb(&cli.watch),
        Some(Verb::Watch(args)) => watch(&args),
        Some(Verb::Replay(args)) => replay(&args),
        Some(Verb::Backtest(args)) => backtest(&args),
        Some(Verb::Parse(args)) => parse(&args),
        Some(Verb::Check(args)) => check(&args),
        Some(Verb::Doctor(args)) => doctor(&args),
        Some(Verb::List(args)) => list(&args),
        Some(Verb::Explain(args)) => explain(&args),
        Some(Verb::Window(args)) => match args.verb {
            WindowVerb::Open(args) => verbs::daybook::open(&args, now()).map(|told| say(&told)),
            WindowVerb::Close(args) => verbs::daybook::close(&args, now()).map(|told| say(&told)),
            WindowVerb::List(args) => verbs::daybook::list(&args, now()).map(|list| print(&list)),
        },
        Some(Verb::Cut(args)) => verbs::daybook::cut(&args, false, now()).map(|told| say(&told)),
        Some(Verb::Learned(args)) => verbs::learned::run(&args).map(|learned| ended(stdout().write_all(&learned), 0)),
        Some(Verb::Unlearn(args)) => verbs::daybook::unlearn(&args, now()).map(|told| say(&told)),
        Some(Verb::Lift(args)) => verbs::daybook::cut(&args, true, now()).map(|told| say(&told)),
    };
    done.unwrap_or_else(|trouble| {
        complain(&trouble);
        ExitCode::from(BAD)
    })
}

/// Says on stderr what keeps a verb from running.
fn complain(trouble: &Trouble) {
    match trouble {
        Trouble::Fault(fault) => eprintln!("nightporter: {fault}"),
        Trouble::Usage(message) => eprintln!("nightporter: {message}"),
        Trouble::Mistakes(mistakes) => {
            for mistake in mistakes {
                eprintln!("{mistake}");
            }
            eprintln!("nightporter: {} to be mended first (`nightporter check` shows them all)", counted(mistakes.len(), "mistake"));
        }
    }
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Writes data to stdout; a reader that has gone is a normal end.
fn print(text: &str) -> ExitCode {
    let _ = stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Tells on stderr what was written into the daybook.
fn say(told: &str) -> ExitCode {
    eprint!("{told}");
    ExitCode::SUCCESS
}

/// Exit status of a verb that wrote to stdout: a closed pipe is a normal end.
fn ended(result: io::Result<()>, broken_inputs: usize) -> ExitCode {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("nightporter: cannot write to stdout: {error}");
            ExitCode::from(BAD)
        }
        _ if broken_inputs > 0 => ExitCode::from(BAD),
        _ => ExitCode::SUCCESS,
    }
}

/// What is configured well and not built yet is said whenever the configuration is used.
fn loaded(common: &Common) -> Result<Setup, Trouble> {
    let setup = Setup::load(common)?;
    for note in &setup.config.notes {
        eprintln!("note: {note}");
    }
    Ok(setup)
}

/// Without a verb it watches; a verb typed wrong is not a file to wait for.
fn no_verb(args: &Watch) -> Result<ExitCode, Trouble> {
    let is_there = |path: &PathBuf| path.as_os_str() == "-" || path.exists() || Pattern::new(path).literal().is_none();
    if let Some(missing) = args.files.iter().find(|path| !is_there(path)) {
        let missing = missing.to_string_lossy();
        let verbs = Cli::command();
        let hint = did_you_mean(&missing, verbs.get_subcommands().map(clap::Command::get_name));
        return Err(Trouble::Usage(format!("there is no verb and no file \"{missing}\"{hint} (`nightporter watch FILE` waits for one)")));
    }
    watch(args)
}

fn watch(args: &Watch) -> Result<ExitCode, Trouble> {
    let setup = loaded(&args.common)?;
    let inputs = setup.inputs(&args.files)?;
    if inputs.stdin.is_some() && args.files.is_empty() && stdin().is_terminal() {
        let _ = Cli::command().print_help();
        return Ok(ExitCode::from(BAD));
    }
    let world = verbs::watch::World {
        setup,
        inputs,
        options: verbs::watch::Options { from_end: args.from_end, until_eof: args.until_eof, threads: args.threads },
        out: Box::new(stdout()),
        tell: teller(),
    };
    let on_signal = stop_on_signal();
    let done = verbs::watch::Watch::start(world).and_then(|watch| {
        let _ = on_signal.send(Box::new(watch.stopper()));
        watch.wait()
    });
    let Some(done) = unless_unread(done)? else { return Ok(ExitCode::SUCCESS) };
    eprintln!("{}", done.metrics);
    Ok(ended(Ok(()), done.broken))
}

/// `None` where nobody reads stdout any more: a normal end.
fn unless_unread<T>(result: Result<T, Fault>) -> Result<Option<T>, Trouble> {
    match result {
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(None),
        other => other.map(Some).map_err(Trouble::Fault),
    }
}

/// Says on stderr what went wrong, and where.
fn teller() -> verbs::watch::Tell {
    // Names of files are chosen by whoever may make one.
    Arc::new(|message| eprintln!("nightporter: {}", printable(message)))
}

/// What stops a watch.
type Stopper = Box<dyn Fn() + Send>;

/// Calls what it is given when the process is asked to end. Before it is given anything the process just ends: that is
/// safe at any moment, and what a former run left may take long to read.
fn stop_on_signal() -> Sender<Stopper> {
    let (give, given) = channel::<Stopper>();
    let signals = || -> io::Result<_> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let within = runtime.enter();
        let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        drop(within);
        Ok((runtime, signals))
    };
    match signals() {
        Ok((runtime, (mut term, mut int))) => {
            std::thread::spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        _ = term.recv() => {}
                        _ = int.recv() => {}
                    }
                });
                match given.try_recv() {
                    Ok(stop) => stop(),
                    Err(_) => std::process::exit(0),
                }
            });
        }
        Err(error) => eprintln!("nightporter: cannot listen for signals: {error}; asked to end, it ends without a last snapshot"),
    }
    give
}

fn replay(args: &Replay) -> Result<ExitCode, Trouble> {
    let setup = loaded(&args.common)?;
    let inputs = setup.inputs(&args.files)?;
    if let Some(log) = &args.batches {
        let metrics = verbs::watch::replay_batches(log, &setup, &inputs, Box::new(BufWriter::new(stdout())), &teller());
        if let Some(metrics) = unless_unread(metrics)? {
            eprintln!("{metrics}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (entries, mistakes) = setup.daybook().map_err(Trouble::Fault)?;
    for mistake in &mistakes {
        eprintln!("{mistake}");
    }
    let engine = setup.engine(&inputs, nightporter::engine::state::State::default());
    let mut broken = 0;
    let mut fault = |fault: &Fault| {
        eprintln!("nightporter: {fault}");
        broken += 1;
    };
    let files = verbs::replay::expand(&inputs, &mut fault);
    let bar = Bar::new();
    let mut progress = |read, total| bar.show(read, total);
    let mut out = BufWriter::new(stdout().lock());
    let world = verbs::replay::World {
        engine,
        files,
        entries,
        formats: setup.config.formats.clone(),
        threads: args.threads,
        now: now(),
        out: &mut out,
        progress: &mut progress,
        fault: &mut fault,
    };
    let result = verbs::replay::run(world);
    bar.clear();
    let result = result.map(|metrics| {
        eprintln!("{metrics}");
        metrics.highest()
    });
    let severe = |highest: Option<Severity>| args.fail_on.as_deref().and_then(Severity::of).is_some_and(|limit| highest >= Some(limit));
    match result {
        Ok(highest) if broken == 0 && severe(highest) => Ok(ExitCode::FAILURE),
        result => Ok(ended(result.map(|_| ()), broken)),
    }
}

fn backtest(args: &Backtest) -> Result<ExitCode, Trouble> {
    let setup = loaded(&args.common)?;
    let against = args.against.as_ref().map(|path| loaded(&Common { config: Some(path.clone()), ..args.common.clone() })).transpose()?;
    let zone = &setup.config.defaults.zone;
    verbs::backtest::check(args.since.as_deref(), args.until.as_deref(), zone)?;
    let inputs = setup.inputs(&args.files)?;
    if inputs.stdin.is_some() && (args.against.is_some() || (args.files.is_empty() && stdin().is_terminal())) {
        return Err(Trouble::Usage("backtest: which files? (stdin can be read but once, and not for --against)".into()));
    }
    for mistake in setup.daybook().map_err(Trouble::Fault)?.1 {
        eprintln!("{mistake}");
    }
    let mut broken = 0;
    let mut replayed = |setup: &Setup, inputs: &Inputs| {
        let mut fault = |fault: &Fault| {
            eprintln!("nightporter: {fault}");
            broken += 1;
        };
        let bar = Bar::new();
        let done = verbs::backtest::replayed(setup, inputs, args.threads, now(), &mut |read, total| bar.show(read, total), &mut fault);
        bar.clear();
        done.map_err(Trouble::Fault)
    };
    let ours = replayed(&setup, &inputs)?;
    let period = verbs::backtest::Period::of(args.since.as_deref(), args.until.as_deref(), zone, ours.metrics.covered)?;
    let theirs = match &against {
        // The same lines, read by the sources of the other configuration.
        Some(other) => Some(replayed(other, &other.inputs(&args.files)?)?),
        None => None,
    };
    let name = args.against.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let report = verbs::backtest::Report::of(&verbs::backtest::Work {
        setup: &setup,
        replayed: &ours,
        period,
        asked: args.since.as_deref(),
        against: theirs.as_ref().map(|theirs| (&*name, theirs)),
        now: now(),
    });
    Ok(ended(stdout().write_all(shown(&report, args.json)?.as_bytes()), broken))
}

fn parse(args: &Parse) -> Result<ExitCode, Trouble> {
    let setup = loaded(&args.common)?;
    let format = match args.format.as_str() {
        "auto" => None,
        name => Some(format_of(name, &setup.config.formats)?),
    };
    let mut options = verbs::parse::Options {
        formats: setup.config.formats.clone(),
        format,
        zone: Zone::new(setup.config.defaults.zone.clone()),
        raw: args.raw,
        keystrokes: args.keystrokes,
    };
    let files = if args.files.is_empty() { vec![PathBuf::from("-")] } else { args.files.clone() };
    let mut out = BufWriter::new(stdout().lock());
    let (mut number, mut broken) = (0, 0);
    for path in &files {
        let mut fault = |fault: &Fault| {
            eprintln!("nightporter: {fault}");
            broken += 1;
        };
        if let Err(error) = verbs::parse::run(path, &mut options, now(), &mut number, &mut out, &mut fault) {
            return Ok(ended(Err(error), broken));
        }
    }
    Ok(ended(out.flush(), broken))
}

fn format_of(name: &str, formats: &Formats) -> Result<FormatId, Trouble> {
    formats.by_name(name).ok_or_else(|| {
        let hint = did_you_mean(name, formats.names());
        Trouble::Usage(format!("there is no format \"{name}\"{hint} (`nightporter list formats` shows all)"))
    })
}

fn check(args: &Check) -> Result<ExitCode, Trouble> {
    let mistakes = verbs::check::run(&args.common, now(), &mut stderr().lock())?;
    Ok(if mistakes == 0 { ExitCode::SUCCESS } else { ExitCode::from(BAD) })
}

fn doctor(args: &Doctor) -> Result<ExitCode, Trouble> {
    let setup = loaded(&args.common)?;
    let inputs = setup.inputs(&args.files)?;
    if inputs.stdin.is_some() && args.files.is_empty() && stdin().is_terminal() {
        return Err(Trouble::Usage("doctor: which files? (`nightporter doctor --help` shows how)".into()));
    }
    let mut broken = 0;
    let mut fault = |fault: &Fault| {
        eprintln!("nightporter: {fault}");
        broken += 1;
    };
    let files = verbs::replay::expand(&inputs, &mut fault);
    let bar = Bar::new();
    let reports = verbs::doctor::run(verbs::doctor::World {
        sources: &inputs.sources,
        files,
        register: Arc::clone(&setup.register),
        now: now(),
        progress: &mut |read, total| bar.show(read, total),
        fault: &mut fault,
    });
    bar.clear();
    let mut text = Vec::new();
    for (at, report) in reports.iter().enumerate() {
        let written = if args.json {
            nightporter::json::line(report, &mut text).map_err(io::Error::from)
        } else {
            write!(text, "{}{report}", if at == 0 { "" } else { "\n" })
        };
        written.map_err(|error| Trouble::Usage(format!("doctor: {error}")))?;
    }
    Ok(ended(stdout().write_all(&text), broken))
}

fn list(args: &List) -> Result<ExitCode, Trouble> {
    if args.what == "rules" {
        return Ok(print(&verbs::explain::rules()));
    }
    let setup = Setup::load(&Common { config: args.config.clone(), ..Common::default() })?;
    Ok(print(&verbs::explain::formats(&setup.config.formats)))
}

fn explain(args: &Explain) -> Result<ExitCode, Trouble> {
    let setup = loaded(&args.common)?;
    if let Some(line) = &args.line {
        let zone = Zone::new(setup.config.defaults.zone.clone());
        let mut reader = verbs::explain::Reader { formats: &setup.config.formats, zone, now: now() };
        return Ok(print(&verbs::explain::line(line, &mut reader)));
    }
    let what = args.what.as_deref().unwrap_or_default();
    if !verbs::explain::looks_like_an_id(what) {
        return verbs::explain::rule(what, &setup.rules).map(|page| print(&page)).map_err(Trouble::Usage);
    }
    let mut broken = 0;
    let mut fault = |fault: &Fault| {
        eprintln!("nightporter: {fault}");
        broken += 1;
    };
    let search = verbs::explain::find(what, &args.alerts, &setup, &mut fault)?;
    let configured = args.common.config.is_some() || args.common.register.is_some();
    let explained = verbs::explain::explained(&search, &setup, configured, now(), &mut fault);
    let text = shown(&explained, args.json)?;
    Ok(ended(stdout().write_all(text.as_bytes()), broken))
}

/// For people or as one JSON object.
fn shown(report: &(impl serde::Serialize + std::fmt::Display), json: bool) -> Result<String, Trouble> {
    if !json {
        return Ok(report.to_string());
    }
    let mut line = Vec::new();
    nightporter::json::line(report, &mut line).map_err(|error| Trouble::Usage(format!("cannot be written as JSON: {error}")))?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// A progress bar on stderr, if it is a terminal.
struct Bar(Option<indicatif::ProgressBar>);

impl Bar {
    fn new() -> Bar {
        if !stderr().is_terminal() {
            return Bar(None);
        }
        let bar = indicatif::ProgressBar::new(0);
        if let Ok(style) = indicatif::ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}") {
            bar.set_style(style);
        }
        Bar(Some(bar))
    }

    fn show(&self, read: u64, total: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(total);
            bar.set_position(read);
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
