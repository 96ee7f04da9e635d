//! Patience with a disk that would not have something: it is tried again until it does, or until the watch is to end.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::fault::Fault;

/// A disk that would not have something is tried again after this.
const RETRY: Duration = Duration::from_secs(1);

/// Told what went wrong, and where.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// Shared by all that write, and by whoever ends the watch.
pub(super) struct Patience {
    tell: Tell,
    ended: Mutex<bool>,
    changed: Condvar,
}

impl Patience {
    pub(super) fn new(tell: Tell) -> Patience {
        Patience { tell, ended: Mutex::new(false), changed: Condvar::new() }
    }

    /// Says something to people.
    pub(super) fn tell(&self, message: &str) {
        (self.tell)(message);
    }

    /// Nothing is waited for any more.
    pub(super) fn end(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Tries until it succeeds.
    ///
    /// # Errors
    /// The last fault, once the watch is to end.
    pub(super) fn until<T>(&self, mut attempt: impl FnMut() -> Result<T, Fault>) -> Result<T, Fault> {
        let mut said = false;
        loop {
            match attempt() {
                Ok(done) => {
                    if said {
                        self.tell("the disk takes it again; going on");
                    }
                    return Ok(done);
                }
                Err(fault) if self.has_ended_within(if said { RETRY } else { Duration::ZERO }) => return Err(fault),
                Err(fault) => {
                    if !said {
                        self.tell(&format!("{fault}; waiting until the disk takes it, reading nothing meanwhile"));
                        said = true;
                    }
                }
            }
        }
    }

    fn has_ended_within(&self, time: Duration) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(ended, time, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;
    use std::thread;

    use super::*;

    fn full() -> Fault {
        Fault::new("write", Path::new("alerts.jsonl"), io::ErrorKind::StorageFull.into())
    }

    fn listening() -> (Arc<Mutex<Vec<String>>>, Patience) {
        let said = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&said);
        (said, Patience::new(Arc::new(move |message| to.lock().unwrap().push(message.to_owned()))))
    }

    #[test]
    fn a_disk_that_takes_it_again_is_told_of_once_each_way() {
        let (said, patience) = listening();
        let mut tries = 0;
        let done = patience.until(|| {
            tries += 1;
            if tries < 3 { Err(full()) } else { Ok(tries) }
        });
        assert_eq!((done.unwrap(), said.lock().unwrap().len()), (3, 2));
    }

    #[test]
    fn whoever_waits_is_let_go_at_the_end_and_may_still_try_once() {
        let (said, patience) = listening();
        let patience = Arc::new(patience);
        let waiting = {
            let patience = Arc::clone(&patience);
            thread::spawn(move || patience.until(|| Err::<(), _>(full())))
        };
        patience.end();
        assert_eq!(waiting.join().unwrap().unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(patience.until(|| Ok(())).is_ok());
        assert!(said.lock().unwrap().len() <= 1);
    }
}
