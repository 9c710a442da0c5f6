use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;

/// A folder with a file, and a watch of some of its paths.
struct Stage {
    root: TempDir,
    watch: Watch,
}

/// The two ways to notice: the kernel's hints, with an interval that no test lives to see the end of, and looking alone.
fn ways() -> [Watch; 2] {
    [Watch::new(INTERVAL), Watch::polling(Duration::from_millis(20))]
}

impl Stage {
    fn new(watch: Watch, prepare: impl Fn(&Path)) -> Self {
        let root = tempfile::tempdir().unwrap();
        prepare(root.path());
        Self { root, watch }
    }

    fn watching(self, paths: &[&str]) -> Self {
        self.watch.setting(paths.iter().map(|path| self.root.path().join(path)).collect())();
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
    }

    /// What an editor does: another file takes the place.
    fn save(&self, path: &str, text: &str) {
        let temporary = self.path(&format!("{path}.new"));
        fs::write(&temporary, text).unwrap();
        fs::rename(temporary, self.path(path)).unwrap();
    }

    fn point(&self, link: &str, target: &str) {
        let temporary = self.path(&format!("{link}_tmp"));
        symlink(target, &temporary).unwrap();
        fs::rename(temporary, self.path(link)).unwrap();
    }

    async fn changes(&mut self) {
        timeout(Duration::from_secs(20), self.watch.changed()).await.expect("the change is noticed");
    }

    /// A change that is seen later than another would have been shows that there was none.
    async fn changes_only_by(&mut self, act: impl FnOnce(&Self)) {
        let early = timeout(QUIETER, self.watch.changed()).await;
        assert!(early.is_err(), "nothing has changed yet");
        act(self);
        self.changes().await;
        assert!(timeout(QUIETER, self.watch.changed()).await.is_err(), "it changed once");
    }
}

/// Longer than it takes to notice a change when it is quiet.
const QUIETER: Duration = Duration::from_millis(700);

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

/// Runs a test for either way to notice.
fn both(prepare: impl Fn(&Path), paths: &[&str], test: &impl AsyncFn(&mut Stage)) {
    for watch in ways() {
        let mut stage = Stage::new(watch, &prepare).watching(paths);
        run(test(&mut stage));
    }
}

fn one_file(root: &Path) {
    fs::write(root.join("rq.toml"), "a = 1").unwrap();
}

#[test]
fn a_file_that_another_takes_the_place_of_is_noticed_each_time() {
    both(one_file, &["rq.toml"], &async |stage: &mut Stage| {
        for text in ["a = 2", "a = 3", "a = 4"] {
            stage.save("rq.toml", text);
            stage.changes().await;
        }
    });
}

#[test]
fn a_write_in_place_is_noticed() {
    both(one_file, &["rq.toml"], &async |stage: &mut Stage| {
        for text in ["a = 2", "a = 3"] {
            stage.write("rq.toml", text);
            stage.changes().await;
        }
    });
}

#[test]
fn a_volume_of_kubernetes_is_noticed_at_each_swap() {
    let prepare = |root: &Path| {
        fs::create_dir(root.join("..1")).unwrap();
        one_file(&root.join("..1"));
        symlink("..1", root.join("..data")).unwrap();
        symlink("..data/rq.toml", root.join("rq.toml")).unwrap();
    };
    both(prepare, &["rq.toml"], &async |stage: &mut Stage| {
        for (old, new) in [("..1", "..2"), ("..2", "..3")] {
            fs::create_dir(stage.path(new)).unwrap();
            stage.write(&format!("{new}/rq.toml"), &format!("a = '{new}'"));
            stage.point("..data", new);
            fs::remove_dir_all(stage.path(old)).unwrap();
            stage.changes().await;
        }
    });
}

#[test]
fn a_file_is_noticed_when_it_appears_and_when_it_vanishes() {
    both(|_| {}, &["later/rq.toml"], &async |stage: &mut Stage| {
        fs::create_dir(stage.path("later")).unwrap();
        stage.write("later/rq.toml", "a = 1");
        stage.changes().await;

        fs::remove_file(stage.path("later/rq.toml")).unwrap();
        stage.changes().await;

        stage.write("later/rq.toml", "a = 1");
        stage.changes().await;
    });
}

#[test]
fn a_link_that_leads_elsewhere_is_noticed_and_followed() {
    let prepare = |root: &Path| {
        for release in ["1", "2"] {
            fs::create_dir_all(root.join("releases").join(release)).unwrap();
            fs::write(root.join("releases").join(release).join("rq.toml"), release).unwrap();
        }
        symlink("releases/1", root.join("current")).unwrap();
    };
    both(prepare, &["current/rq.toml"], &async |stage: &mut Stage| {
        stage.point("current", "releases/2");
        stage.changes().await;

        stage.write("releases/2/rq.toml", "a = 3");
        stage.changes().await;

        // What it does not lead to any more is no matter.
        stage.write("releases/1/rq.toml", "a = 4");
        stage.changes_only_by(|stage| stage.write("releases/2/rq.toml", "a = 5")).await;
    });
}

#[test]
fn a_folder_that_is_made_again_is_found_again() {
    let prepare = |root: &Path| {
        fs::create_dir(root.join("etc")).unwrap();
        one_file(&root.join("etc"));
    };
    both(prepare, &["etc/rq.toml"], &async |stage: &mut Stage| {
        for round in ["a", "b"] {
            fs::remove_dir_all(stage.path("etc")).unwrap();
            stage.changes().await;
            fs::create_dir(stage.path("etc")).unwrap();
            stage.write("etc/rq.toml", round);
            stage.changes().await;
            stage.write("etc/rq.toml", &format!("{round}, again"));
            stage.changes().await;
        }

        // At once, so that the old one is never missed.
        fs::rename(stage.path("etc"), stage.path("gone")).unwrap();
        fs::create_dir(stage.path("etc")).unwrap();
        stage.write("etc/rq.toml", "c");
        stage.changes().await;
        stage.write("etc/rq.toml", "d");
        stage.changes().await;
    });
}

#[test]
fn drop_ins_count_and_what_editors_leave_beside_them_does_not() {
    both(
        |root| fs::create_dir(root.join("rq.toml.d")).unwrap(),
        &["rq.toml.d"],
        &async |stage: &mut Stage| {
            stage.write("rq.toml.d/10-a.toml", "a = 1");
            stage.changes().await;

            for noise in [".10-a.toml.swp", "10-a.toml~", "4913", "10-a.toml.dpkg-new", "README"] {
                stage.write(&format!("rq.toml.d/{noise}"), "noise");
            }
            stage.changes_only_by(|stage| stage.save("rq.toml.d/10-a.toml", "a = 2")).await;

            fs::remove_file(stage.path("rq.toml.d/10-a.toml")).unwrap();
            stage.changes().await;
        },
    );
}

/// Writes piece by piece, and says whether that was reported before its end. `None` when this machine was too slow for a burst.
async fn early_report(stage: &mut Stage) -> Option<bool> {
    let mut file = File::create(stage.path("rq.toml")).unwrap();
    let mut steps = tokio::time::interval(Duration::from_millis(100));
    let (mut last, mut longest, mut early) = (Instant::now(), Duration::ZERO, false);
    for _ in 0..5 {
        steps.tick().await;
        early |= timeout(Duration::ZERO, stage.watch.changed()).await.is_ok();
        file.write_all(b"a = 2\n").unwrap();
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
    stage.write("other.toml", &format!("{last:?}"));
    (last.elapsed().max(longest) < Duration::from_millis(200)).then_some(early)
}

#[test]
fn a_burst_is_one_change_and_what_is_half_written_is_not_acted_on() {
    both(one_file, &["rq.toml", "other.toml"], &async |stage: &mut Stage| {
        for _ in 0..20 {
            let early = early_report(stage).await;
            stage.changes().await;
            let again = timeout(QUIETER, stage.watch.changed()).await.is_ok();
            if let Some(early) = early {
                assert!(!early, "it was still being written");
                assert!(!again, "it was one change");
                return;
            }
        }
        panic!("this machine is never quick enough");
    });
}

#[test]
fn a_burst_without_end_is_told_all_the_same() {
    both(one_file, &["rq.toml"], &async |stage: &mut Stage| {
        let mut steps = tokio::time::interval(Duration::from_millis(50));
        let began = Instant::now();
        let mut round = 0;
        while timeout(Duration::ZERO, stage.watch.changed()).await.is_err() {
            steps.tick().await;
            round += 1;
            stage.write("rq.toml", &format!("a = {round}"));
            assert!(began.elapsed() < Duration::from_secs(20), "a burst has an end for us");
        }
        assert!(began.elapsed() > Duration::from_secs(1), "it was waited for");
    });
}

#[test]
fn reading_touching_and_writing_the_same_again_change_nothing() {
    both(one_file, &["rq.toml"], &async |stage: &mut Stage| {
        assert_eq!(fs::read_to_string(stage.path("rq.toml")).unwrap(), "a = 1");
        File::open(stage.path("rq.toml")).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        stage.write("rq.toml", "a = 1");
        stage.save("rq.toml", "a = 1");

        stage.changes_only_by(|stage| stage.write("rq.toml", "a = 2")).await;
    });
}

#[test]
fn what_is_named_again_stays_measured_against_what_was_last_seen() {
    let mut stage = Stage::new(Watch::polling(Duration::from_secs(3600)), one_file).watching(&["rq.toml"]);
    run(async {
        stage.write("rq.toml", "a = 2");

        stage = stage.watching(&["rq.toml", "more.toml"]);

        stage.changes().await;
    });
}

#[test]
fn a_snapshot_knows_whether_files_are_as_they_were() {
    let stage = Stage::new(Watch::new(INTERVAL), one_file);
    let snapshot = Snapshot::of(vec![stage.path("rq.toml"), stage.path("more.toml")]);
    assert!(snapshot.is_current());

    stage.write("rq.toml", "a = 2");
    assert!(!snapshot.is_current());
    stage.save("rq.toml", "a = 1");
    assert!(snapshot.is_current());
    stage.write("more.toml", "");

    assert!(!snapshot.is_current());
}

#[test]
fn what_was_written_while_somebody_read_is_late_but_a_date_to_come_is_not() {
    let stage = Stage::new(Watch::new(INTERVAL), one_file);
    let (file, hour) = (stage.path("rq.toml"), Duration::from_secs(3600));
    let now = std::time::SystemTime::now();
    let of = |began| Snapshot::of_read_since(began, vec![file.clone()]).is_current();

    assert!(!of(now - hour));
    File::options().write(true).open(&file).unwrap().set_modified(now + hour).unwrap();
    assert!(of(now - hour));
}

#[test]
fn a_large_file_and_a_pipe_do_not_stop_the_watch() {
    let prepare = |root: &Path| {
        File::create(root.join("large.json")).unwrap().set_len(64 << 20).unwrap();
        nix::unistd::mkfifo(&root.join("pipe.toml"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    };
    both(prepare, &["large.json", "pipe.toml"], &async |stage: &mut Stage| {
        File::options().write(true).open(stage.path("large.json")).unwrap().set_len(65 << 20).unwrap();
        stage.changes().await;
    });
}

/// Tells this test's process, when it is started by itself, to run out of descriptors.
const WITHOUT_HINTS: &str = "RQ_TEST_WITHOUT_HINTS";

/// A limit is the whole process's: this runs in one of its own.
fn watch_without_hints() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let mut stage = Stage::new(Watch::start(Duration::from_millis(20), true), one_file);
    run(async {
        setrlimit(Resource::RLIMIT_NOFILE, 0, hard).unwrap();
        stage = stage.watching(&["rq.toml"]).watching(&["rq.toml"]);
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
        // It could not be read either.
        stage.changes().await;

        stage.write("rq.toml", "a = 2");
        stage.changes().await;
    });
    crate::telemetry::close();
}

#[test]
fn where_the_kernel_gives_no_hints_it_is_told_once_and_files_are_looked_at() {
    if std::env::var_os(WITHOUT_HINTS).is_some() {
        return watch_without_hints();
    }
    let name = "where_the_kernel_gives_no_hints_it_is_told_once_and_files_are_looked_at";
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args([&format!("supervisor::file_watch::tests::{name}"), "--exact", "--nocapture"]);

    let output = command.env(WITHOUT_HINTS, "1").output().unwrap();

    let told = String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert_eq!(told.matches("The configuration is looked at every 0 seconds only").count(), 1, "{told}");
    assert!(told.contains("max_user_instances"), "{told}");
}

#[test]
fn no_thread_is_left_behind() {
    let mut stage = Stage::new(Watch::new(INTERVAL), one_file).watching(&["rq.toml"]);
    run(async {
        stage.write("rq.toml", "a = 2");
        stage.changes().await;
    });
    let (orders, receive) = mpsc::channel();
    let (report, changes) = watch::channel(());
    let patrol = Patrol::new(INTERVAL, receive, Some(orders.clone()), report);
    let flag = Arc::downgrade(&patrol.hinted);
    let thread = thread::spawn(move || patrol.run());
    let watch = Watch { orders, changes };
    watch.setting(vec![stage.path("rq.toml")])();
    assert!(flag.strong_count() == 2, "the kernel's thread has one");

    drop(watch);

    thread.join().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while flag.strong_count() > 0 {
        assert!(Instant::now() < deadline, "the kernel's thread ends");
        thread::yield_now();
    }
}
