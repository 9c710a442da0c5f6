//! The manual pages of the commands, made from the grammar: `man/rq.1`, `man/rq-worker.1` and so on.
//!
//! They are compared with the grammar by a test and shipped as files; the program itself does not carry them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command};

/// When the grammar last changed in a way that readers notice.
const DATE: &str = "2026-11-24";

/// The pages that every page leads to.
const ELSEWHERE: [(&str, &str); 5] = [
    ("rq.toml", "5"),
    ("rq\\-settings", "5"),
    ("rq\\-signals", "7"),
    ("rq\\-fork\\-safety", "7"),
    ("rqd", "8"),
];

/// Where the command looks, for its own page.
const PLACES: &str = include_str!("places.roff");

/// Every page by the name of its file.
fn pages() -> BTreeMap<String, String> {
    let mut command = super::command();
    command.build();
    let mut pages = BTreeMap::new();
    add(&command, "rq", &[], &mut pages);
    pages
}

fn add(command: &Command, name: &str, above: &[&str], pages: &mut BTreeMap<String, String>) {
    pages.insert(format!("{name}.1"), page(command, name, above));
    let above: Vec<&str> = above.iter().copied().chain([name]).collect();
    for below in shown(command) {
        add(below, &format!("{name}-{}", below.get_name()), &above, pages);
    }
}

/// The commands below a command, as a reader looks for them: by their names.
fn shown(command: &Command) -> Vec<&Command> {
    let mut below: Vec<&Command> = command.get_subcommands().filter(|below| !below.is_hide_set()).collect();
    below.sort_by_key(|below| below.get_name());
    below
}

fn page(command: &Command, name: &str, above: &[&str]) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut text = format!(
        ".\\\" Made from the definitions of the options: change those, not this file.\n\
         .TH {} 1 {DATE} \"rqd {}\" \"rq manual\"\n\
         .SH NAME\n{} \\- {}\n\
         .SH SYNOPSIS\n{}\
         .SH DESCRIPTION\n{}\n",
        name.to_uppercase().replace('-', "\\-"),
        env!("CARGO_PKG_VERSION"),
        names(name),
        escaped(about.trim_end_matches('.')),
        synopsis(command),
        paragraphs(&command.get_long_about().map_or(about, ToString::to_string), ".PP"),
    );
    text += &arguments(command);
    text += &commands(command, name);
    if above.is_empty() {
        text += PLACES;
    }
    let after = command.get_after_long_help().or(command.get_after_help());
    text += &after.map(|after| notes(&after.to_string())).unwrap_or_default();
    text + &see_also(command, name, above)
}

/// What a page is found by: RQ's other names of two commands, too.
fn names(name: &str) -> String {
    let other = match name {
        "rq-worker" => ", rqworker",
        "rq-info" => ", rqinfo",
        _ => "",
    };
    format!("{}{other}", escaped(name))
}

/// The usage, as the help says it.
fn synopsis(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let lines = usage.trim_start_matches("Usage:").lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| format!("{}\n", escaped(line))).collect::<Vec<_>>().join(".br\n")
}

/// A section for each heading of the help.
fn arguments(command: &Command) -> String {
    let mut sections: Vec<(String, String)> = Vec::new();
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let own = if argument.is_positional() { "Arguments" } else { "Options" };
        let heading = argument.get_help_heading().unwrap_or(own).to_uppercase();
        let entry = entry(argument);
        match sections.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, text)) => *text += &entry,
            None => sections.push((heading, entry)),
        }
    }
    let sections = sections.iter().map(|(heading, text)| format!(".SH \"{}\"\n{text}", escaped(heading)));
    sections.collect::<Vec<_>>().concat()
}

fn entry(argument: &Arg) -> String {
    let short = argument.get_short().map(|short| bold(&format!("-{short}")));
    let long = argument.get_long().map(|long| bold(&format!("--{long}")));
    let flags: Vec<String> = short.into_iter().chain(long).collect();
    let takes_value = argument.get_num_args().is_some_and(|range| range.takes_values());
    let values: Vec<String> =
        argument.get_value_names().unwrap_or_default().iter().map(|name| italic(name)).collect();
    let value = if takes_value { values.join(" ") } else { String::new() };
    let value = if argument.is_require_equals_set() { format!("[={value}]") } else { value };
    let gap = if flags.is_empty() || value.starts_with('[') || value.is_empty() { "" } else { " " };
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    format!(".TP\n{}{gap}{value}\n{}\n", flags.join(", "), paragraphs(&help, ".IP"))
}

/// The commands below this one.
fn commands(command: &Command, name: &str) -> String {
    let mut entries = String::new();
    for below in shown(command) {
        let about = below.get_about().map(ToString::to_string).unwrap_or_default();
        let page = bold(&format!("{name}-{}", below.get_name()));
        let _ = write!(entries, ".TP\n{page}(1)\n{}\n", escaped(&about));
    }
    if entries.is_empty() { entries } else { format!(".SH COMMANDS\n{entries}") }
}

/// What stands at the end of the help: blocks with a heading, of entries or of a sentence.
fn notes(after: &str) -> String {
    after.split("\n\n").map(note).collect()
}

/// The headings of blocks. What has none of them is prose.
const HEADINGS: [&str; 5] = ["Examples", "Signals", "Signals and exit codes", "Exit codes", "Keys"];

fn note(block: &str) -> String {
    let headed = block.split_once(':').filter(|(heading, _)| HEADINGS.contains(heading));
    let (heading, rest) = headed.unwrap_or(("Notes", block));
    let mut text = format!(".SH \"{}\"\n", heading.to_uppercase());
    let (told, lines) = rest.split_once('\n').unwrap_or((rest, ""));
    if !told.is_empty() {
        let _ = writeln!(text, "{}", escaped(rest.trim()));
        return text;
    }
    for line in lines.lines() {
        if let Some(explanation) = line.strip_prefix("      ") {
            let _ = writeln!(text, "{}", escaped(explanation.trim()));
            continue;
        }
        let (term, explanation) = term(line);
        let _ = writeln!(text, ".TP\n{}", bold(term));
        if let Some(explanation) = explanation {
            let _ = writeln!(text, "{}", escaped(explanation));
        }
    }
    text
}

/// What is explained in a line of notes, and the explanation in the second column.
fn term(line: &str) -> (&str, Option<&str>) {
    let line = line.trim();
    line.split_once("  ").map_or((line, None), |(term, rest)| (term, Some(rest.trim())))
}

fn see_also(command: &Command, name: &str, above: &[&str]) -> String {
    let family = above.iter().copied().map(str::to_owned);
    let below = shown(command).into_iter().map(|below| format!("{name}-{}", below.get_name()));
    let mut pages: Vec<String> =
        family.chain(below).map(|page| format!(".BR {} (1)", escaped(&page))).collect();
    pages.extend(ELSEWHERE.map(|(page, section)| format!(".BR {page} ({section})")));
    format!(".SH \"SEE ALSO\"\n{}\n", pages.join(" ,\n").replace(") ,", "),"))
}

/// Paragraphs, the request between them.
fn paragraphs(text: &str, request: &str) -> String {
    text.split("\n\n").map(escaped).collect::<Vec<_>>().join(&format!("\n{request}\n"))
}

fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escaped(text))
}

/// A text that means itself.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('`', "\\(ga").replace('\'', "\\(aq");
    let text = text.replace('^', "\\(ha").replace('~', "\\(ti");
    let lines =
        text.lines().map(|line| if line.starts_with('.') { format!("\\&{line}") } else { line.to_owned() });
    lines.collect::<Vec<_>>().join("\n")
}

/// The commands that the examples of every page show, as a shell would split them.
fn examples() -> Vec<Vec<String>> {
    fn of(command: &Command, found: &mut Vec<Vec<String>>) {
        let both = [command.get_after_help(), command.get_after_long_help()];
        for line in both
            .into_iter()
            .flatten()
            .flat_map(|text| text.to_string().lines().map(str::to_owned).collect::<Vec<_>>())
        {
            let (term, _) = term(&line);
            if line.starts_with("  rq") && !line.starts_with("      ") {
                let words = term.split_whitespace().take_while(|word| *word != ">");
                found.push(words.map(str::to_owned).collect());
            }
        }
        for below in shown(command) {
            of(below, found);
        }
    }
    let mut found = Vec::new();
    of(&super::command(), &mut found);
    found
}

#[test]
fn every_generated_manual_page_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let pages = pages();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        for (file, text) in &pages {
            std::fs::write(folder.join(file), text).unwrap();
        }
    }

    for (file, text) in &pages {
        let found = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        assert!(
            found == *text,
            "man/{file} is stale; write it anew by: UPDATE_GENERATED=1 cargo test generated"
        );
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".1") || pages.contains_key(&name), "man/{name} is the page of no command");
    }
}

#[test]
fn every_command_shows_examples_and_its_exit_codes() {
    fn of(command: &Command) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let long = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        let is_whole =
            help.contains("Examples:") && (help.clone() + &long).to_lowercase().contains("exit codes:");
        assert!(command.has_subcommands() || is_whole, "{}: {help}", command.get_name());
        shown(command).into_iter().for_each(of);
    }

    of(&super::command());
}

#[test]
fn every_example_of_a_help_page_is_understood() {
    let examples = examples();

    for example in &examples {
        let understood = super::parse(example.iter().map(Into::into));
        assert!(understood.is_ok(), "{}: {}", example.join(" "), understood.err().unwrap());
    }
    assert!(examples.len() > 15, "only {} examples were found", examples.len());
}
