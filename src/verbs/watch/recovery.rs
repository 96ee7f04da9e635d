//! Going on where a former run stopped: the last snapshot, then the batch log, and never a clock.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use parsers::Stamps;

use super::archivist::Kept;
use super::keeper::{Item, Keeper};
use super::outlet::Outlet;
use super::patience::{Patience, Tell};
use crate::batch::{Batch, Position, Positions};
use crate::config::Config;
use crate::engine::state::State;
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::pool::Parsed;
use crate::setup::{Inputs, Setup};
use crate::source::reread::{Missing, Range, Rereader};
use crate::store::batch_log::{BatchLog, Logged, Record};
use crate::store::journal::Journal;
use crate::store::{Store, snapshot};

/// The state folder, opened and caught up with.
pub(super) struct Recovered {
    pub store: Store,
    pub log: BatchLog,
    pub journal: Journal,
    /// Where in the journal the batches of stdin lie, by record.
    places: VecDeque<(u64, u64)>,
}

impl Recovered {
    /// A batch of stdin was journalled at `place` and logged as `record`.
    pub(super) fn journalled(&mut self, record: u64, place: u64) {
        self.places.push_back((record, place));
    }

    /// From where on the journal is needed, if records before `needed` are not.
    pub(super) fn journal_place(&mut self, needed: u64) -> Option<u64> {
        while self.places.pop_front_if(|(record, _)| *record < needed).is_some() {}
        self.places.front().map(|(_, place)| *place)
    }
}

/// What a watch remembered when it last kept its state in a folder; `None` if it never did. Nothing is changed there.
///
/// # Errors
/// The snapshot cannot be read.
pub fn remembered(folder: &Path) -> Result<Option<State>, Fault> {
    let Some(payload) = snapshot::peek(folder)? else { return Ok(None) };
    Ok(Some(kept(&payload, folder)?.state))
}

fn kept(payload: &[u8], folder: &Path) -> Result<Kept, Fault> {
    Kept::from_bytes(payload).map_err(|error| Fault::new("read the snapshot in", folder, io::Error::new(io::ErrorKind::InvalidData, error)))
}

/// Brings a keeper to where the former run stopped: snapshot, then every record after it. A snapshot is due then.
pub(super) fn recover(
    store: Store,
    keeper: &mut Keeper,
    setup: &Setup,
    inputs: &Inputs,
    patience: &Arc<Patience>,
) -> Result<Recovered, Fault> {
    let folder = store.folder();
    let loaded = snapshot::load(folder)?;
    for damaged in &loaded.damaged {
        patience.tell(damaged);
    }
    let mut log = BatchLog::open(folder)?;
    let journal = Journal::open(folder)?;
    let mut numbers = Numbers::present(inputs);
    if let Some(payload) = &loaded.payload {
        let kept = kept(payload, folder)?;
        if kept.config != setup.hash {
            patience.tell("the configuration or register has changed since the last run");
        }
        numbers = Numbers::of_then(&kept.sources, inputs);
        keeper.restore(kept, setup, inputs, |then| numbers.now(then));
    } else if log.next_number() > 0 {
        patience.tell("no snapshot can be used: going through the whole batch log");
        keeper.restart();
    }
    if keeper.next() > log.next_number() {
        patience.tell("the batch log ends before the snapshot does: a part of it was lost");
    }
    let from = keeper.next().min(log.next_number());
    let mut recovery = Recovery::new(inputs, folder, numbers, |message| patience.tell(message));
    let mut damaged = None;
    let mut places = VecDeque::new();
    match log.read(from) {
        Ok(records) => {
            for record in records {
                let (number, record) = match record {
                    Ok(record) => record,
                    Err(fault) => {
                        patience.tell(&format!("{fault}; what follows in it is given up"));
                        damaged = Some(keeper.next());
                        break;
                    }
                };
                if let Record::Batch(logged) = &record
                    && logged.file == Batch::JOURNAL
                {
                    places.push_back((number, logged.offset));
                }
                recovery.take(keeper, record, number);
                keeper.speak()?;
            }
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => patience.tell(&fault.to_string()),
        Err(fault) => return Err(fault),
    }
    if let Some(number) = damaged {
        log.cut(number)?;
    }
    keeper.caught_up()?;
    let sources = inputs.sources.iter().map(|source| source.name.to_string()).collect();
    log.append(&Record::Start { config: setup.hash, sources })?;
    keeper.take(Item::Nothing, log.next_number());
    Ok(Recovered { store, log, journal, places })
}

/// `replay --batches`: what an uninterrupted watch over the same batch log would have written. `log` is a state folder or
/// a segment of its batch log; the bytes are read again where the log says they came from.
///
/// # Errors
/// The log cannot be read, or does not begin at its beginning; or writing fails.
pub fn replay_batches(log: &Path, setup: &Setup, inputs: &Inputs, out: Box<dyn Write + Send>, tell: &Tell) -> Result<Metrics, Fault> {
    let folder = if log.is_dir() { log } else { log.parent().unwrap_or(Path::new(".")) };
    let records = BatchLog::records(folder, 0)?;
    // Standard output alone, whatever the configuration says.
    let outlet = Outlet::new(&Config::default(), out)?;
    let mut keeper = Keeper::new(setup, inputs, outlet, Arc::new(Patience::new(Arc::clone(tell))));
    let mut recovery = Recovery::new(inputs, folder, Numbers::present(inputs), |message| tell(message));
    for record in records {
        let (number, record) = record?;
        if let Record::Start { config, .. } = &record
            && *config != setup.hash
        {
            tell(&format!("from record {number} on the batch log is of another configuration or register; going on with this one"));
        }
        recovery.take(&mut keeper, record, number);
        keeper.speak()?;
    }
    Ok(keeper.into_metrics())
}

/// The present index of each source of a former run.
#[derive(Clone, Debug)]
struct Numbers(Vec<Option<u16>>);

impl Numbers {
    /// Of a run with the same sources; the daybook's comes last.
    fn present(inputs: &Inputs) -> Numbers {
        Numbers((0..=u16::try_from(inputs.sources.len()).unwrap_or(u16::MAX)).map(Some).collect())
    }

    /// Of a run with sources of these names.
    fn of_then(names: &[String], inputs: &Inputs) -> Numbers {
        let by_name = |name: &String| inputs.sources.iter().position(|source| *source.name == **name);
        let daybook = inputs.sources.len();
        let now = names.iter().map(by_name).chain([Some(daybook)]);
        Numbers(now.map(|at| at.and_then(|at| u16::try_from(at).ok())).collect())
    }

    fn now(&self, then: u16) -> Option<u16> {
        self.0.get(usize::from(then)).copied().flatten()
    }
}

/// Reads what records speak of, and hands it to a keeper.
struct Recovery<'r, F> {
    inputs: &'r Inputs,
    folder: &'r Path,
    /// Of the run whose records are read.
    numbers: Numbers,
    rereader: Rereader,
    stamps: Stamps,
    files: Positions,
    tell: F,
}

impl<'r, F: Fn(&str)> Recovery<'r, F> {
    fn new(inputs: &'r Inputs, folder: &'r Path, numbers: Numbers, tell: F) -> Recovery<'r, F> {
        Recovery { inputs, folder, numbers, rereader: Rereader::default(), stamps: Stamps::default(), files: Positions::default(), tell }
    }

    fn take(&mut self, keeper: &mut Keeper, record: Record, number: u64) {
        let item = match record {
            Record::Start { sources, .. } => {
                self.numbers = Numbers::of_then(&sources, self.inputs);
                Item::Nothing
            }
            Record::Tick { received } => Item::Tick(received),
            Record::Gone { file } => Item::Gone(file),
            Record::File { source, position } => match self.numbers.now(source) {
                Some(source) => {
                    self.files.found(source, position.clone());
                    Item::File(source, position)
                }
                None => Item::Nothing,
            },
            Record::Batch(logged) => {
                self.batch(keeper, logged);
                Item::Nothing
            }
        };
        keeper.take(item, number + 1);
    }

    fn batch(&mut self, keeper: &mut Keeper, logged: Logged) {
        let Some(source) = self.numbers.now(logged.source) else { return };
        let position = self.files.of_file(logged.file).or_else(|| keeper.positions().of_file(logged.file)).cloned();
        let bytes = match self.bytes(position.as_ref(), &logged) {
            Ok(bytes) => bytes,
            Err(why) => {
                let path = position.map_or_else(|| "stdin".to_owned(), |position| position.path.display().to_string());
                (self.tell)(&format!(
                    "{path}: gap, {} bytes from {} on that were read once are lost: {why}",
                    logged.consumed, logged.offset
                ));
                keeper.take(Item::Gap, keeper.next());
                Vec::new()
            }
        };
        let batch = Logged { source, ..logged }.with_bytes(bytes);
        if source == keeper.daybook_source() {
            keeper.daybook(&batch);
            return;
        }
        keeper.lines(&Parsed::new(batch, &self.inputs.manner(source), &mut self.stamps));
    }

    fn bytes(&mut self, position: Option<&Position>, logged: &Logged) -> Result<Vec<u8>, String> {
        if logged.file == Batch::JOURNAL {
            return Journal::read_in(self.folder, logged.offset).map_err(|fault| fault.to_string());
        }
        let position = position.ok_or("its file is not known")?;
        let length = usize::try_from(logged.length).unwrap_or(usize::MAX);
        let range = Range { offset: logged.offset, length, consumed: logged.consumed, mark: logged.mark };
        self.rereader.read(position, range).map_err(|missing| match missing {
            Missing::Gone => "no file holds them any more".to_owned(),
            Missing::Unreadable(error) => error.to_string(),
        })
    }
}
