//! What users of the machine ask the daemon for, over its socket.

use std::rc::Rc;
use std::time::SystemTime;

use tokio::sync::oneshot;

use super::briefing;
use super::control::{
    Asked, DaemonStatus, GroupStatus, Reply, Request as Question, Setting, State, WorkerStatus,
};
use super::daemon::Daemon;
use super::outlook::Scene;
use super::reload::difference;
use super::request::{Answer, Request, outcome, refused};
use super::staffing::place;
use super::team::Member;
use super::wanted::Wanted;
use crate::job::Timestamp;
use crate::os::Signal;
use crate::worker::{Ask, Stop};

impl Daemon {
    /// What a worker was told by a client that its daemon must do.
    pub(super) fn take_ask(&mut self, worker: u64, ask: Ask) {
        let Some(member) = self.team.member(worker) else { return };
        let names: Vec<String> = member.registered_name().into_iter().collect();
        // It asked by its own Redis, which may be that of before a reload.
        let store = member.base.store.clone();
        let (reply, id) = match ask {
            Ask::Reload { code, id } => {
                let answer = Answer::redis(&store, id);
                return self.request(Request::of("a command", code).answering(answer));
            }
            Ask::Difference { id } => {
                let answer = Answer::redis(&store, id);
                return answer.map_or((), |answer| self.tell_difference(answer));
            }
            Ask::Stack { of, id } => {
                let answer = Answer::redis(&store, id);
                return answer.map_or((), |answer| self.tell_stack(&of, answer));
            }
            Ask::Shutdown { cold, id } => (self.shut_down(worker, cold, names), id),
            Ask::Quiet { quiet, id } => (self.for_each(&names, |member| member.say_quiet(quiet)), id),
            Ask::Status { id } => (Reply::Status(self.daemon_status()), id),
            Ask::Configuration { id } => (self.configuration(), id),
        };
        if let Some(answer) = Answer::redis(&store, id) {
            self.beside.spawn_local(answer.send(reply));
        }
    }

    /// RQ: the command is a SIGINT to the worker's process, which is that of the daemon when it has no other worker.
    fn shut_down(&mut self, worker: u64, cold: bool, names: Vec<String>) -> Reply {
        let is_alone = self.team.members.len() == 1 && !self.recipe.scope.supervises();
        match self.team.member(worker) {
            Some(member) if cold => {
                member.is_shut_down = true;
                member.stop(Stop::Cold);
            }
            Some(member) if !is_alone => {
                member.is_shut_down = true;
                member.shut_down();
            }
            Some(_) | None => self.stop(Signal::Interrupt),
        }
        Reply::Done { workers: names }
    }

    pub(super) fn take_question(&mut self, asked: Asked) {
        let Asked { request, answer } = asked;
        let reply = match request {
            Question::Status => Reply::Status(self.daemon_status()),
            Question::Configuration => self.configuration(),
            Question::Health => return self.tell_health(answer),
            Question::Difference => return self.tell_difference(Answer::Socket(answer)),
            Question::Stack { of } => return self.tell_stack(&of, Answer::Socket(answer)),
            Question::Reload { code } => {
                let request = Request::of("rq reload", code).answering(Some(Answer::Socket(answer)));
                return self.request(request);
            }
            Question::Quiet { workers } => self.quiet(&workers, true),
            Question::Resume { workers } => self.quiet(&workers, false),
            Question::Stop { workers, cold } => self.stop_asked(&workers, cold),
        };
        // Whoever asked may be gone.
        let _ = answer.send(reply);
    }

    fn quiet(&mut self, names: &[String], quiet: bool) -> Reply {
        if names.is_empty() {
            // Those who begin later are meant, too.
            self.say_quiet(quiet);
        }
        self.for_each(names, |member| member.say_quiet(quiet))
    }

    /// Does something with the workers of these names, or with all; nothing when one of them is not here.
    fn for_each(&mut self, names: &[String], act: impl Fn(&mut Member)) -> Reply {
        if let Some(missing) = names.iter().find(|name| !self.team.members.iter().any(|m| is_called(m, name)))
        {
            return Reply::Refused { error: format!("there is no worker {missing} in this daemon") };
        }
        let mut done = Vec::new();
        for member in &mut self.team.members {
            if names.is_empty() || names.iter().any(|name| is_called(member, name)) {
                act(member);
                done.extend(member.registered_name());
            }
        }
        Reply::Done { workers: done }
    }

    fn stop_asked(&mut self, names: &[String], cold: bool) -> Reply {
        let all: Vec<_> = self.team.members.iter().filter_map(Member::registered_name).collect();
        let is_everybody =
            all.len() == self.team.members.len() && all.iter().all(|name| names.contains(name));
        // RQ: a second signal stops cold. This is none, and comes before one that a service manager sends.
        let wanted = if cold { Stop::Cold } else { Stop::Warm(Signal::Terminate.name()) };
        if names.is_empty() || (is_everybody && !all.is_empty()) {
            self.stop_all(wanted);
            return Reply::Done { workers: all };
        }
        self.for_each(names, |member| {
            member.is_shut_down = true;
            member.stop(wanted);
        })
    }

    /// Asks Redis how it is, too, and tells how the daemon is.
    fn tell_health(&mut self, answer: oneshot::Sender<Reply>) {
        let (view, scene) = (Rc::clone(&self.outlook.view), self.scene());
        self.asides.spawn_local(async move {
            let _ = answer.send(Reply::Health(view.health_of(&scene).await));
        });
    }

    /// Reads everything again, and tells what a reload would do.
    fn tell_difference(&mut self, answer: Answer) {
        let (recipe, now) = (self.recipe.clone(), Rc::clone(&self.now));
        self.asides.spawn_local(async move {
            let by = "rq config diff";
            let outcome = match difference(&recipe, &now).await {
                Ok(changes) => outcome(by, &changes, false),
                Err(error) => refused(by, &error),
            };
            answer.send(Reply::Reload(outcome)).await;
        });
    }

    fn configuration(&self) -> Reply {
        let effective = &self.now.resolved.origins;
        let setting = |effective: &crate::config::Effective| Setting {
            key: effective.key.to_owned(),
            value: effective.value.clone(),
            origin: effective.origin.to_string(),
            shadows: effective
                .shadowed
                .iter()
                .map(|lost| format!("{} from {}", lost.value, lost.origin))
                .collect(),
        };
        let sources = self.now.resolved.sources();
        Reply::Configuration {
            settings: effective.iter().map(setting).collect(),
            sources,
            generation: self.generation,
        }
    }

    /// What those who watch may see.
    pub(super) fn scene(&self) -> Scene {
        let queues = briefing::queues(&self.now.wanted());
        Scene { status: self.daemon_status(), redis: Some((self.now.base.store.clone(), queues)) }
    }

    fn daemon_status(&self) -> DaemonStatus {
        let loaded = self.now.first();
        DaemonStatus {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at.seconds(),
            state: self.state(),
            generation: self.generation,
            last_reload: self.last_reload.clone(),
            application: format!("Python {}", loaded.python_version.split(' ').next().unwrap_or_default()),
            groups: self.groups(),
        }
    }

    fn state(&self) -> State {
        let members = &self.team.members;
        if self.is_stopping() {
            State::Stopping
        } else if !*self.team.gate.borrow() {
            State::Starting
        } else if !members.is_empty() && members.iter().all(Member::is_quiet) {
            State::Quiet
        } else {
            State::Running
        }
    }

    fn groups(&self) -> Vec<GroupStatus> {
        let group = |(wanted, _): &(Wanted, _)| {
            let members = self.team.members.iter().filter(|member| member.place.group == wanted.group);
            let queues = &wanted.resolved.settings.worker.queues;
            let workers = members.map(|member| worker(member, queues));
            let places = (1..=self.size(wanted)).map(|number| place(wanted, number));
            GroupStatus {
                name: wanted.group.clone(),
                wanted: places.filter(|place| !self.down.contains(place)).count() as u64,
                workers: workers.chain(self.resting(wanted)).collect(),
            }
        };
        self.now.groups.iter().map(group).collect()
    }

    /// The workers of a group that failed, and whose successors wait for their time.
    fn resting(&self, wanted: &Wanted) -> impl Iterator<Item = WorkerStatus> {
        let places = (1..=self.size(wanted)).map(|number| place(wanted, number));
        places.filter(|place| self.team.is_resting(place)).map(|place| WorkerStatus {
            name: wanted.name(place.number).map_or_else(|| place.shown(), |name| name.to_string()),
            queues: wanted.resolved.settings.worker.queues.clone(),
            state: "failed".to_owned(),
            job: None,
            function: None,
            since: None,
            jobs_done: 0,
        })
    }
}

fn is_called(member: &Member, name: &str) -> bool {
    member.name.borrow().as_ref().is_some_and(|own| own.as_str() == name)
}

fn worker(member: &Member, queues: &[String]) -> WorkerStatus {
    let in_hand = member.doing.in_hand.borrow();
    let state = match &*in_hand {
        _ if member.is_leaving() => "stopping",
        Some(_) => "busy",
        None if member.name.borrow().is_none() => "started",
        None if member.is_quiet() => "quiet",
        None => "idle",
    };
    let job = in_hand.as_ref().map(|(claim, _)| claim.id.to_string());
    // Its arguments are nobody's business here.
    let title = in_hand.as_ref().map(|(claim, _)| claim.title());
    let function = title.and_then(|title| Some(title.split_once('(')?.0.to_owned()));
    let since =
        in_hand.as_ref().map(|(_, since)| Timestamp::from(SystemTime::now() - since.elapsed()).seconds());
    WorkerStatus {
        name: member.shown(),
        queues: queues.to_vec(),
        state: state.to_owned(),
        job,
        function,
        since,
        jobs_done: member.doing.jobs_done.get(),
    }
}
