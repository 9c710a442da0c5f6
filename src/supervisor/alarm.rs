//! What a panic of one task means for the others: the end of all.
//!
//! Tokio keeps a task's panic to itself, and the daemon would go on by halves: jobs that nobody watches, a worker whose
//! heart stands still. One that ends is restarted, and its jobs are found by those who look for interrupted work.

use std::rc::Rc;

use tokio::sync::Notify;

thread_local! {
    static ALARM: Rc<Notify> = Rc::default();
}

/// Tells that something panicked on this thread. Where no daemon runs, nobody hears it: a thread that was made for one thing
/// has somebody who waits for it.
pub(crate) fn ring() {
    // A thread that ends has no alarm any more.
    let _ = ALARM.try_with(|alarm| alarm.notify_one());
}

/// Does the work, unless a task of this thread panics meanwhile: then that panic goes on here, without being told again.
pub(super) async fn heeding<T>(work: impl Future<Output = T>) -> T {
    let alarm = ALARM.with(Rc::clone);
    tokio::select! {
        biased;
        () = alarm.notified() => std::panic::resume_unwind(Box::new("a task panicked")),
        done = work => done,
    }
}
