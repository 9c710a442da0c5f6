//! What must hold between the keys of one `[cron.NAME]`.

use std::collections::BTreeMap;

use super::excerpt::Spot;
use super::problem::Problem;
use super::section::Cron;
use super::stack::Stack;

/// Tells what is wrong with each table.
pub(super) fn check(stack: &Stack, tables: &BTreeMap<String, Cron>, problems: &mut Vec<Problem>) {
    for (name, table) in tables {
        let mut refuse = |text: &str, hint: &str| problems.push(problem(stack, name, text).hint(hint));
        if table.function.is_none() {
            refuse("it has no function", "name one: function = \"module.function\"");
        }
        match (&table.cron, table.interval) {
            (None, None) => refuse("it does not say when", "give it a cron or an interval"),
            (Some(_), Some(_)) => refuse("it has both a cron and an interval", "keep one of them"),
            (Some(_), None) | (None, Some(_)) => {}
        }
        if table.interval.is_some_and(|interval| table.jitter > interval) {
            refuse("its jitter is longer than its interval", "make the jitter shorter");
        }
    }
}

/// A problem of a table as a whole, at the place of the first key that somebody gave it.
fn problem(stack: &Stack, name: &str, text: &str) -> Problem {
    let given = stack.layers().iter().rev().flat_map(|layer| layer.entries.values());
    let origin = given
        .into_iter()
        .find(|entry| Cron::SECTION.table_of(entry.key.name) == Some(name))
        .map(|entry| entry.origin.clone());
    Problem { key: Some(format!("cron.{name}")), origin, text: text.to_owned(), hint: None, spot: Spot::Key }
}
