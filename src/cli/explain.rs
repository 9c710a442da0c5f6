//! `rq config explain`: all that is known of one setting.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::ExplainArgs;
use super::config::{resolved, shadow};
use super::exit::{Exit, Failure};
use super::settings_table::in_words;
use super::{output, page};
use crate::config::{self, Effective, Explained};
use crate::os::terminal::Stream;
use crate::supervisor::Purpose;

/// Tells what a setting means, and what it is just now.
pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let explained = config::explain(&args.key).map_err(|nearest| unknown(&args.key, nearest))?;
    let resolved = resolved(&args.config.sources, Purpose::Look)?;
    let now = resolved.origins.iter().find(|effective| effective.key == explained.key);
    let colour = Stream::Out.wants_colour();
    output::print(&if args.config.json {
        as_json(&explained, now)
    } else {
        in_prose(&explained, now, colour)
    });
    Ok(Exit::Done)
}

fn unknown(key: &str, nearest: Option<&str>) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("there is no setting {key:?}"));
    match nearest {
        Some(nearest) => failure.with_hint(format!("did you mean {nearest}?")),
        None => failure.with_hint("`rq config show` lists all of them"),
    }
}

fn as_json(explained: &Explained, now: Option<&Effective>) -> String {
    let document = json!({
        "key": explained.key, "meaning": explained.meaning, "type": explained.kind,
        "default": explained.default, "names": explained.names,
        "reload": {"class": explained.reload.code(), "takes_effect": explained.reload.words()},
        "value": now.map_or(Value::Null, |now| now.value.clone()),
        "origin": now.map(|now| now.origin.to_string()),
        "shadows": now.map(|now| now.shadowed.iter().map(shadow).collect::<Vec<_>>()).unwrap_or_default(),
    });
    serde_json::to_string_pretty(&document).expect("plain data has a JSON form") + "\n"
}

fn in_prose(explained: &Explained, now: Option<&Effective>, colour: bool) -> String {
    let mut text = output::painted("\x1b[1m", &explained.key, colour) + "\n\n";
    text += &wrapped(&explained.meaning);
    let default = explained.default.as_deref().unwrap_or("not set");
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:9}{}", output::safe(value));
    };
    row("type", &explained.kind);
    row("default", default);
    row("reload", &format!("takes effect {} ({})", explained.reload.words(), explained.reload.code()));
    row("names", &explained.names.join(", "));
    if let Some(now) = now {
        row("value", &in_words(&now.value));
        row("from", &now.origin.to_string());
        for lost in &now.shadowed {
            row("shadows", &shadow(lost));
        }
    }
    text
}

/// Prose in lines of at most 80 characters, and a blank line.
fn wrapped(prose: &str) -> String {
    page::rows(prose, 78).iter().flat_map(|row| ["  ", row, "\n"]).chain(["\n"]).collect()
}
