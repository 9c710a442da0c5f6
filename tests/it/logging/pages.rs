//! The examples of docs/logging.md are what a check takes.

use std::fs;

use super::read;
use crate::harness::World;

#[test]
fn every_example_of_the_page_can_be_used() {
    let page = read(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/logging.md"));
    let world = World::new();
    let folder = world.path("log");
    fs::create_dir(&folder).unwrap();
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 6);

    for example in examples {
        let text = example.replace("/var/log/rq", &folder.display().to_string());
        fs::write(world.path("example.toml"), &text).unwrap();
        let mut command = world.command(env!("CARGO_BIN_EXE_rq").as_ref());
        command.args(["config", "check", "-c", "example.toml", "--python"]).arg(world.venv.python());

        let output = command.output().unwrap();

        let said =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}\n{said}");
        assert!(!said.contains("has no effect"), "{text}\n{said}");
    }
    world.finish();
}
