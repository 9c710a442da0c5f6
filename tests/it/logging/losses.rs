//! What becomes of lines when a place fails: no job waits, and what is lost is counted and told.

use std::fs;
use std::process::Command;

use super::{config, read, work};
use crate::harness::{Lack, SOON, World, skipped, wait_until};

/// A file system with little room.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn small(world: &World) -> Option<Self> {
        let folder = world.path("small");
        fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&folder).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            skipped(&Lack::OfMachine("no file system can be mounted".to_owned()));
            return None;
        }
        Some(Self(folder))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_keeps_its_lines_until_there_is_room() {
    let world = World::new();
    let Some(small) = Mounted::small(&world) else { return };
    let ballast = small.0.join("ballast");
    fs::write(&ballast, vec![0; 60 << 10]).unwrap();
    let table = format!(
        "[logging.appender.f]\nkind = 'file'\npath = '{}'\n[logging.appender.c]\nkind = 'console'\nlevel = 'warning'\n\
         targets = ['rq.logging']\n",
        small.0.join("a.log").display()
    );
    let mut command = world.worker_command();
    command.arg("-c").arg(config(&world, &table)).args(["--name", "w1"]);
    let mut worker = world.start(command);
    world.wait_until_idle(&worker);

    let jobs: Vec<String> = (0..60).map(|n| world.enqueue(&format!("'jobs.returns.value', {n}"))).collect();
    for job in &jobs {
        world.wait_for_status(job, "finished");
    }
    worker.stdout.wait_for_line("Log appender f: cannot write to *No space left on device*", SOON);
    fs::remove_file(&ballast).unwrap();
    wait_until(SOON, "all lines in the file", || {
        let text = read(small.0.join("a.log"));
        jobs.iter().all(|job| text.contains(&format!("Job OK ({job})")))
    });

    let exit = world.stop(&mut worker);
    assert!(exit.stdout.contains("no line is lost so far"), "{}", exit.stdout);
    let text = read(small.0.join("a.log"));
    assert!(
        text.lines().all(|line| line.as_bytes()[2] == b':' && line.as_bytes()[8] == b' '),
        "torn: {text}"
    );
    world.finish();
}

#[test]
fn a_disk_that_stays_full_costs_no_job_and_the_loss_is_told_at_the_end() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.nothing'");

    let exit = work(&world, "[logging.appender.f]\nkind = 'file'\npath = '/dev/full'\n");

    assert_eq!(world.view(&job)["status"], "finished");
    let told = exit
        .stderr
        .lines()
        .find(|line| line.contains("lines were lost"))
        .unwrap_or_else(|| panic!("{}", exit.stderr));
    assert!(told.starts_with("Log appender f: ") && told.contains("No space left on device"), "{told}");
    world.finish();
}

#[test]
fn a_reader_that_does_not_read_holds_no_job_up() {
    let world = World::new();
    let jobs = world.client.eval("[q.enqueue('jobs.returns.value', 'x' * 5000).id for n in range(100)]");
    let jobs: Vec<String> = serde_json::from_value(jobs).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst", "--name", "w1", "-v"]);
    let mut shell = world.command("sh".as_ref());
    shell.args(["-c", "exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
    shell.stdout(writer).stdin(std::process::Stdio::null());

    let mut child = shell.spawn().unwrap();
    drop(shell);
    for job in &jobs {
        world.wait_for_status(job, "finished");
    }
    wait_until(SOON, "the end of the worker", || child.try_wait().unwrap().is_some());

    drop(reader);
    world.finish();
}
