//! Which losing values are worth a word at start. `rq config show` tells all of them.

use std::collections::BTreeMap;

use super::connection::{Choice, Winner};
use super::explicit::{Explicit, PythonCandidate};
use super::layer::{Entry, Standing, keys_in};
use super::origin::Origin;
use super::resolved::Warning;
use super::stack::Stack;

/// Warnings about values that somebody wrote on purpose and that do not count.
pub(crate) fn warnings(stack: &Stack, choice: &Choice, explicit: &[Explicit]) -> Vec<Warning> {
    let mut warnings = other_files(explicit);
    warnings.extend(connections(stack, choice));
    for key in keys_in(stack.layers()) {
        let mut entries =
            stack.layers().iter().rev().filter_map(|layer| Some((layer, layer.entries.get(key.name)?)));
        let Some((above, winner)) = entries.next() else { continue };
        let lost = entries.filter(|(layer, entry)| {
            surprising(above.standing, layer.standing, entry) && !same(winner, entry)
        });
        warnings.extend(lost.map(|(_, entry)| {
            Warning(format!(
                "{} from {} is not used: {} counts higher",
                entry.spelled, entry.origin, winner.origin
            ))
        }));
    }
    warnings
}

/// RQ's own names in the environment lose silently in nobody's mind, and neither does a file that was named. Some
/// systems set `NAME` by themselves, so that its losing is no news.
fn surprising(winner: Standing, loser: Standing, entry: &Entry) -> bool {
    match loser {
        Standing::Bare => {
            (winner == Standing::Explicit || is_file(winner))
                && entry.origin != Origin::Variable("NAME".to_owned())
        }
        Standing::Explicit => winner == Standing::Prefixed || is_file(winner),
        _ => false,
    }
}

/// Whether it does not matter which of the two counts, as where a settings module asks the environment itself.
fn same(one: &Entry, other: &Entry) -> bool {
    matches!((&one.value, &other.value), (Ok(one), Ok(other)) if one == other)
}

/// Whether it is one of the layers of files with secrets.
fn is_file(standing: Standing) -> bool {
    matches!(standing, Standing::BareFile | Standing::Credential)
}

fn other_files(explicit: &[Explicit]) -> Vec<Warning> {
    let warning = |candidate: &PythonCandidate| {
        let others: Vec<String> = candidate.others.iter().map(|file| file.display().to_string()).collect();
        let others = (!others.is_empty()).then(|| others.join(", "))?;
        Some(Warning(format!("{} is read as a Python module; not used: {others}", candidate.name)))
    };
    explicit
        .iter()
        .filter_map(|explicit| match explicit {
            Explicit::Python(candidate) => warning(candidate),
            Explicit::File(_) => None,
        })
        .collect()
}

/// One warning for each source whose part in the connection is set aside.
fn connections(stack: &Stack, choice: &Choice) -> Vec<Warning> {
    let key = choice.winner.as_ref().map(|winner| winner.key);
    let counts = key.and_then(|key| stack.layers().iter().rev().find_map(|layer| layer.entries.get(key)));
    let matters = |entry: &Entry| {
        !counts.is_some_and(|counts| counts.key.name == entry.key.name && same(counts, entry))
    };
    let mut sources: BTreeMap<(Standing, String), Vec<&Entry>> = BTreeMap::new();
    for (standing, entry) in choice.dropped.iter().filter(|(_, entry)| matters(entry)) {
        sources.entry((*standing, source(&entry.origin))).or_default().push(entry);
    }
    sources
        .into_iter()
        .filter_map(|((standing, source), entries)| {
            let names: Vec<&str> = entries.iter().map(|entry| written(entry)).collect();
            let reason = reason(choice, standing, &entries[0].origin)?;
            Some(Warning(format!("{} from {source}: not used, {reason}", names.join(", "))))
        })
        .collect()
}

fn reason(choice: &Choice, standing: Standing, origin: &Origin) -> Option<String> {
    let Some(Winner { standing: above, spelled, origin: place, .. }) = &choice.winner else {
        return Some(
            "as the connection comes from the Python settings module alone, which names none".to_owned(),
        );
    };
    if standing == Standing::BareFile {
        let whole = format!("as {spelled} from {place} says the whole connection");
        return (*above < standing).then_some(whole);
    }
    let same_source = source(place) == source(origin);
    let told = match standing {
        Standing::Bare => *above == Standing::Explicit || is_file(*above),
        Standing::Explicit => same_source || *above == Standing::Prefixed || is_file(*above),
        _ => false,
    };
    told.then(|| format!("as {spelled} from {place} counts higher"))
}

/// A source without the line.
fn source(origin: &Origin) -> String {
    match origin {
        Origin::File { path, .. } => path.display().to_string(),
        Origin::Variable(_) | Origin::VariableFile { .. } => "the environment".to_owned(),
        other => other.to_string(),
    }
}

/// What its author wrote: the name of the variable, or the key.
fn written(entry: &Entry) -> &str {
    match &entry.origin {
        Origin::Variable(name) | Origin::VariableFile { variable: name, .. } => name,
        _ => &entry.spelled,
    }
}
