//! The manual pages: their form, and that what they show as an example works.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use super::Folder;
use super::folder::python;
use crate::harness::{Lack, World, skipped};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("man")
}

/// Every page: its name and its text.
fn pages() -> Vec<(String, String)> {
    let pages: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|section| section != "md"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), text)
        })
        .collect();
    assert!(pages.len() > 20, "only {} pages", pages.len());
    pages
}

/// An example of a page: what is to be done with it, and its text.
struct Example {
    page: String,
    kind: String,
    text: String,
}

fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for (page, text) in pages() {
        for part in text.split(".\\\" example: ").skip(1) {
            let (kind, rest) = part.split_once("\n.EX\n").expect("an example behind its mark");
            let (shown, _) = rest.split_once("\n.EE").expect("the end of the example");
            let text = shown.replace("\\-", "-").replace("\\e", "\\") + "\n";
            examples.push(Example { page: page.clone(), kind: kind.to_owned(), text });
        }
    }
    examples
}

fn of_kind(kind: &str) -> Vec<Example> {
    let found: Vec<_> = examples().into_iter().filter(|example| example.kind == kind).collect();
    assert!(!found.is_empty(), "no example is marked as {kind}");
    found
}

#[test]
fn every_page_is_well_formed() {
    let Some(mandoc) = mandoc() else {
        return skipped(&Lack::OfMachine("mandoc is not here, and its package cannot be had".to_owned()));
    };

    let mut command = Command::new(mandoc);
    command.args(["-Tlint", "-W", "warning"]).current_dir(folder());
    let output = command.args(pages().iter().map(|(name, _)| name)).output().unwrap();

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// What `scripts/find-mandoc` brought, or the one on PATH.
fn mandoc() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/bin/mandoc");
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = [own].into_iter().chain(env::split_paths(&path).map(|place| place.join("mandoc")));
    places.find(|place| place.exists())
}

#[test]
fn every_page_that_a_page_leads_to_is_there_or_the_systems() {
    let pages = pages();
    for (name, text) in &pages {
        for line in text.lines().filter_map(|line| line.strip_prefix(".BR ")) {
            let Some((page, rest)) = line.split_once(" (") else { continue };
            let Some((section, _)) = rest.split_once(')') else { continue };
            let wanted = format!("{}.{section}", page.replace("\\-", "-"));
            let known = pages.iter().any(|(page, _)| *page == wanted);
            assert!(
                known || ["systemctl.1", "nohup.1"].contains(&wanted.as_str()),
                "{name} leads to {wanted}"
            );
        }
    }
}

#[test]
fn every_configuration_of_a_page_is_good() {
    for Example { page, text, .. } in of_kind("toml") {
        let folder = Folder::with(&[("rq.toml", &text)]);

        let exit = folder.run(&["config", "check", "-c", "rq.toml"]);

        assert_eq!(exit.code(), 0, "{page}:\n{text}\n{}{}", exit.stdout, exit.stderr);
    }
}

#[test]
fn every_settings_module_of_a_page_is_good() {
    for Example { page, text, .. } in of_kind("py") {
        let folder = Folder::with(&[("settings.py", &text)]);

        let exit = folder.run(&["config", "check", "-c", "settings"]);

        assert_eq!(exit.code(), 0, "{page}:\n{text}\n{}{}", exit.stdout, exit.stderr);
    }
}

/// Runs the lines of an example as a reader would, and stops at the first that fails.
fn run(text: &str, mut shell: Command) -> Output {
    let programs = Path::new(env!("CARGO_BIN_EXE_rq")).parent().unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let places = [programs.to_owned()].into_iter().chain(env::split_paths(&path));
    shell.args(["-euc", text]).env("PATH", env::join_paths(places).unwrap()).env("RQ_PYTHON", python());
    shell.stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn assert_done(example: &Example, output: &Output) {
    let said = [&output.stdout[..], &output.stderr].concat();
    let Example { page, text, .. } = example;
    assert!(output.status.success(), "{page}:\n{text}\n{}", String::from_utf8_lossy(&said));
}

#[test]
fn every_command_of_a_page_works() {
    for example in of_kind("sh") {
        let world = World::new();

        let output = run(&example.text, world.command(Path::new("sh")));

        assert_done(&example, &output);
        world.finish();
    }
}

#[test]
fn every_command_of_a_page_to_a_daemon_works() {
    for example in of_kind("sh with a daemon") {
        let world = World::new();
        let mut worker = world.idle_worker(&[]);

        let output = run(&example.text, world.command(Path::new("sh")));

        assert_done(&example, &output);
        world.stop(&mut worker);
        world.finish();
    }
}
