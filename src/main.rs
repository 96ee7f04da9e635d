//! `nightporter`: the command line.

use std::io::{self, BufWriter, IsTerminal, Write, stderr, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use nightporter::alert::Severity;
use nightporter::cli::{Check, Cli, Common, Explain, List, Parse, Replay, Verb, Watch, WindowVerb};
use nightporter::fault::Fault;
use nightporter::mistake::did_you_mean;
use nightporter::setup::{Setup, Trouble};
use nightporter::verbs;
use nightporter::wall_clock::now;
use nightporter::zone::Zone;
use parsers::{FORMATS, FormatId, formats};

/// Bad usage, configuration, or an input that is missing or broken.
const BAD: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.verb {
        None => watch(&cli.watch),
        Some(Verb::Watch(args)) => watch(&args),
        Some(Verb::Replay(args)) => replay(&args),
        Some(Verb::Parse(args)) => parse(&args),
        Some(Verb::Check(args)) => check(&args),
        Some(Verb::List(args)) => Ok(list(&args)),
        Some(Verb::Explain(args)) => explain(&args),
        Some(Verb::Window(args)) => match args.verb {
            WindowVerb::Open(args) => verbs::daybook::open(&args, now()).map(|told| say(&told)),
            WindowVerb::Close(args) => verbs::daybook::close(&args, now()).map(|told| say(&told)),
            WindowVerb::List(args) => verbs::daybook::list(&args, now()).map(|list| print(&list)),
        },
        Some(Verb::Cut(args)) => verbs::daybook::cut(&args, false, now()).map(|told| say(&told)),
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
    for note in &setup.config.not_yet {
        eprintln!("note: {note}");
    }
    Ok(setup)
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
        from_end: args.from_end,
        until_eof: args.until_eof,
        threads: args.threads,
        out: Box::new(stdout()),
        tell: teller(),
    };
    let watch = verbs::watch::Watch::start(world).map_err(Trouble::Fault)?;
    stop_on_signal(watch.stopper());
    let result = watch.wait().map(|metrics| eprintln!("{metrics}"));
    Ok(ended(result, 0))
}

/// Says on stderr what went wrong, and where.
fn teller() -> Arc<dyn Fn(&str) + Send + Sync> {
    Arc::new(|message| eprintln!("nightporter: {message}"))
}

/// Calls `stop` when the process is asked to end.
fn stop_on_signal(stop: impl Fn() + Send + 'static) {
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else { return };
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            stop();
        });
    });
}

fn replay(args: &Replay) -> Result<ExitCode, Trouble> {
    let setup = loaded(&args.common)?;
    let inputs = setup.inputs(&args.files)?;
    if let Some(log) = &args.batches {
        let result = verbs::watch::replay_batches(log, &setup, &inputs, Box::new(BufWriter::new(stdout())), &teller());
        let result = result.map_err(Trouble::Fault)?.map(|metrics| eprintln!("{metrics}"));
        return Ok(ended(result, 0));
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
        interest: setup.interest(),
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

fn parse(args: &Parse) -> Result<ExitCode, Trouble> {
    let setup = loaded(&args.common)?;
    let format = match args.format.as_str() {
        "auto" => None,
        name => Some(format_of(name)?),
    };
    let mut options = verbs::parse::Options { format, zone: Zone::new(setup.config.defaults.zone.clone()), raw: args.raw };
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

fn format_of(name: &str) -> Result<FormatId, Trouble> {
    formats::by_name(name).ok_or_else(|| {
        let hint = did_you_mean(name, FORMATS.iter().map(|format| format.name));
        Trouble::Usage(format!("there is no format \"{name}\"{hint} (`nightporter list formats` shows all)"))
    })
}

fn check(args: &Check) -> Result<ExitCode, Trouble> {
    let mistakes = verbs::check::run(&args.common, &mut stderr().lock())?;
    Ok(if mistakes == 0 { ExitCode::SUCCESS } else { ExitCode::from(BAD) })
}

fn list(args: &List) -> ExitCode {
    print(&if args.what == "rules" { verbs::explain::rules() } else { verbs::explain::formats() })
}

fn explain(args: &Explain) -> Result<ExitCode, Trouble> {
    let setup = loaded(&args.common)?;
    if let Some(line) = &args.line {
        let mut zone = Zone::new(setup.config.defaults.zone.clone());
        return Ok(print(&verbs::explain::line(line, &mut zone, now())));
    }
    let rule = args.rule.as_deref().unwrap_or_default();
    verbs::explain::rule(rule, &setup.rules).map(|page| print(&page)).map_err(Trouble::Usage)
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
