//! `rq info`.

mod told;
mod words;

pub(super) use told::{ToldQueue, ToldWorker};

use std::time::Duration;

use tokio::time::sleep;

use super::args::InfoArgs;
use super::exit::{Exit, Failure};
use super::reach::at_redis;
use super::settings_table::{as_json, as_json_line};
use super::{meant, output};
use crate::job::Timestamp;
use crate::job::calendar::Zone;
use crate::os::terminal::Stream;
use crate::os::{Signal, Signals};
use crate::store::{Inventory, Store, StoreError};
use words::{Part, View};

/// Wipes the screen of a terminal.
const CLEAR: &str = "\x1b[2J\x1b[1;1H";

/// Tells what there is, once or again and again.
pub(super) fn run(args: &InfoArgs) -> Result<Exit, Failure> {
    at_redis(&args.sources, async |store| match args.interval.filter(|seconds| *seconds > 0.0) {
        None => {
            let inventory = store.inventory(&args.queues).await?;
            output::print(&told(args, &inventory));
            meant::queues(store, &inventory.idle_among(&args.queues)).await;
            Ok(())
        }
        Some(seconds) => watch(args, store, Duration::from_secs_f64(seconds)).await,
    })?;
    Ok(Exit::Done)
}

/// Tells it until a signal comes. A Redis that goes away meanwhile is waited for.
async fn watch(args: &InfoArgs, store: &Store, interval: Duration) -> Result<(), StoreError> {
    let mut was_there = false;
    // Without them, a signal ends us all the same.
    let mut signals = Signals::install().ok();
    loop {
        let looked = tokio::select! {
            () = end(&mut signals) => break,
            looked = store.inventory(&args.queues) => looked,
        };
        match looked {
            Ok(inventory) => {
                let clear = Stream::Out.is_terminal() && !args.json;
                output::print(&((if clear { CLEAR } else { "" }).to_owned() + &told(args, &inventory)));
                was_there = true;
            }
            Err(error @ StoreError::Away { .. }) if was_there => {
                output::error(&format!("{}\n", output::safe(&error.to_string())));
            }
            Err(error) => return Err(error),
        }
        tokio::select! {
            () = end(&mut signals) => break,
            () = sleep(interval) => {}
        }
    }
    if !args.json {
        // RQ: what a terminal shows of the key stands on a line of its own.
        output::print("\n");
    }
    Ok(())
}

/// Waits for a signal to end.
async fn end(signals: &mut Option<Signals>) {
    let Some(signals) = signals else { return std::future::pending().await };
    while !matches!(signals.next().await, Signal::Interrupt | Signal::Terminate) {}
}

fn told(args: &InfoArgs, inventory: &Inventory) -> String {
    if args.json {
        let told = told::Told::of(inventory);
        // One that is told again and again stands on a line.
        return if args.interval.is_some() { as_json_line(&told) } else { as_json(&told) };
    }
    let part = match (args.only_queues, args.only_workers) {
        (true, _) => Part::Queues,
        (false, true) => Part::Workers,
        (false, false) => Part::Both,
    };
    let view = View {
        part,
        raw: args.raw,
        by_queue: args.by_queue,
        columns: Stream::Out.columns(),
        colour: Stream::Out.wants_colour(),
    };
    view.text(inventory, &Zone::local().wall(Timestamp::now()))
}
