//! What each command is for, in a few sentences: the head of its `--help`, and the description on its manual page.

use clap::Command;

/// The texts by the words of the commands.
const TEXTS: &[(&str, &str)] = &[
    (
        "worker",
        "Start a worker: take jobs from queues and run them. Each job runs in Python, in a process of its own that is forked from \
         the application, which is imported once.\n\n\
         It has the options, the settings and the log lines of RQ's command of that name, and works beside workers of Python's on \
         one Redis. It ends when it is told to; with --burst when all queues are empty. A Redis that goes away is waited for. \
         --num-workers runs several in this process.",
    ),
    (
        "worker-pool",
        "Start a pool of workers in one process: those that end are replaced. It is rq worker with the options as RQ's pool spells \
         them, -n for the number among them.\n\n\
         The workers share one import of the application. With a range, such as -n 1-8, there are as many as there is work for.",
    ),
    (
        "run",
        "Run what the configuration says: the workers of every [group.NAME], or those of [worker]. All of them are in one \
         process, and so are the pages for monitoring systems that it may ask for.\n\n\
         This is how a service manager or a container starts the daemon. A changed file counts at once, without losing a job.",
    ),
    (
        "cron",
        "Start a cron scheduler: enqueue jobs again and again. It takes RQ's cron modules, tables [cron.NAME] of the configuration, \
         or both, and goes on until it is told to end.\n\n\
         It does not run the jobs: workers do. Python is started once, to import a module, and not at all for tables.",
    ),
    (
        "status",
        "Show the daemons of yours on this machine, their workers, and what each is doing and for how long. The daemons themselves \
         are asked, by a socket that only their user and root may speak to.\n\n\
         Workers on other machines, and Python's, are seen in Redis: by rq workers, rq info and rq top.",
    ),
    (
        "healthcheck",
        "Tell whether daemons are well, for probes of Docker, Kubernetes and their like. It answers in milliseconds, as it reads no \
         configuration and starts no Python.\n\n\
         A daemon is live while the loop that does the work goes round, and ready when its workers can take jobs. Asked is the \
         daemon's socket, or by options its page or its heartbeat file.",
    ),
    (
        "doctor",
        "Look for what is wrong in Redis, in the settings and on this machine, and tell what to do. Each finding says what it is, \
         why it matters, and the command or the change that mends it.\n\n\
         Nothing is changed without --fix. It looks at what is in Redis, whoever wrote it.",
    ),
    (
        "info",
        "Show queues and workers, as RQ's command does: the jobs that wait, the workers that are registered, and what they do.\n\n\
         It looks and changes nothing: unlike RQ's, it does not clean registries. Python is not started, unless -c names a settings \
         module in Python.",
    ),
    #[cfg(feature = "top")]
    (
        "top",
        "Watch daemons, workers, queues and failed jobs in the terminal, in lists that are looked at again every two seconds. \
         Python's workers are shown as ours are, and nothing has to run for it but Redis.\n\n\
         Keys open the story of a job, stop it, put it back or delete it; what changes something is asked about first.",
    ),
    (
        "job",
        "Look at one job, whichever worker it ran on. Nothing of it is changed, and nothing of the project runs, unless it is asked for.",
    ),
    (
        "job show",
        "Tell the whole story of a job: where it stands, how each execution ended, and what will become of it. That is all that \
         Redis has of it: its times and limits, retries, what it waits for, tracebacks with their causes, the end of its output.\n\n\
         No Python runs for it, and arguments are not shown, unless --decode asks for that.",
    ),
    (
        "stack",
        "Show where a job that runs is just now, thread by thread, without stopping it: its Python stack, what is left of its time \
         limit, and what the kernel tells of its process.\n\n\
         Nothing has to be installed in the project. A job on another machine is found through Redis; a worker of Python's cannot \
         be asked.",
    ),
    (
        "reload",
        "Let daemons read their configuration again, and tell what changed, what waits for a restart and what was wrong. Jobs in \
         hand are not disturbed; a configuration with a mistake is refused, and the old one stays in force.\n\n\
         With --code the application is loaded anew, too: jobs in hand end with the old code, the next ones run with the new.",
    ),
    (
        "quiet",
        "Let workers finish their jobs and take no new ones, until rq quiet --off. They stay where they are and remain registered; \
         monitors show them as suspended.\n\n\
         It is for single workers or daemons, before a deploy or to look at one. rq suspend does it for all workers of a Redis.",
    ),
    (
        "stop",
        "Stop workers when their jobs are done, or at once. Without --now no job is cut off, unless shutdown.deadline says how long \
         is waited; it goes back to its queue then.\n\n\
         A service manager may start a daemon again that was stopped in this way: let that one stop it.",
    ),
    (
        "enqueue",
        "Enqueue a call of a Python function, as queue.enqueue() does in Python. The function is not looked for: whether it \
         is there shows when the job runs.\n\n\
         Arguments are texts, JSON or Python literals, by the marks that RQ's command has, by position or by name. The id of the \
         job is printed.",
    ),
    (
        "requeue",
        "Put failed jobs back on their queue, by their ids or all of a queue. They run again with the arguments and limits that they \
         had.\n\n\
         rq jobs finds failed jobs by function and age, and puts back what it found.",
    ),
    (
        "jobs",
        "List jobs by queue, state, function and age; retry, cancel or delete them. What was found is changed only by --retry, \
         --cancel or --delete, after a question on a terminal; --dry-run tells what would be.\n\n\
         Ids may come from another program by a pipe. Jobs are read and changed in small steps that hold nobody up.",
    ),
    (
        "queues",
        "Show queues by their numbers: how many jobs wait, run, are scheduled, have failed or finished, how many workers serve it, \
         and how long its first job has waited.\n\n\
         Nothing is changed. The numbers are those of every worker's jobs, Python's included.",
    ),
    (
        "workers",
        "Show the workers that are registered in Redis, on whichever machine, Python's included: what they do, which queues they \
         serve, and how old the last sign of life is.\n\n\
         Nothing is changed: a worker that is gone is shown until Redis forgets it.",
    ),
    (
        "empty",
        "Delete the jobs that wait in queues. Jobs that run, or stand in a registry, such as failed or scheduled ones, stay.\n\n\
         There is no way back. --dry-run counts what would go, and on a terminal a thousand jobs or more are asked about first.",
    ),
    (
        "suspend",
        "Let no worker of a Redis take a job, until rq resume or the time of --duration is over. Jobs that run are finished, and \
         clients go on to enqueue.\n\n\
         It holds for Python's workers as well, as it is RQ's own way. rq quiet does it to single workers.",
    ),
    (
        "resume",
        "Let suspended workers take jobs again: all workers of that Redis, Python's included. What has waited meanwhile is taken in \
         the order of the queues.\n\n\
         Workers that rq quiet holds stay quiet, until rq quiet --off.",
    ),
    (
        "config",
        "Look at the configuration without starting anything: whether it is good, what is in force and why, what a setting means. \
         The same files, variables and options count as for a start.",
    ),
    (
        "config check",
        "Check the configuration: exit 0 when it is good, 78 and the reasons when it is not. A mistake is told with its file, line \
         and key, what was found and what was expected, and all mistakes at once.\n\n\
         Say it before a deploy or a reload. --connect tries what a start would do, and registers nothing.",
    ),
    (
        "config show",
        "Show every setting in force, where it comes from and what it shadows; secrets are masked. These are the settings that a \
         start would have now.\n\n\
         With --running a daemon that runs is asked for the ones that it has.",
    ),
    (
        "config explain",
        "Explain one setting: its meaning, type, default and names, its value, and where that comes from.\n\n\
         It tells what its values may be, which variable and option set it, and when a change of it takes effect in a daemon that \
         runs.",
    ),
    (
        "config diff",
        "Tell what daemons that run would change if they read their configuration again, and change nothing. Each setting is told \
         with its old and its new value, and when the new one takes effect.\n\n\
         A mistake in the new configuration is told as rq reload would tell it.",
    ),
    (
        "config default",
        "Print a configuration file with every setting explained, to start from. Each stands there with its default, commented out, \
         so that the file changes nothing as it is.",
    ),
    (
        "config schema",
        "Print the JSON Schema of a configuration file, for editors. They complete the settings with it, explain them, and mark \
         mistakes while one types.",
    ),
    (
        "completions",
        "Print the script by which a shell completes the words of rq: commands, options and settings, and from Redis the names of \
         queues and workers and the ids of recent jobs.\n\n\
         The packages bring it for bash, zsh and fish; it is for an executable that was installed by hand.",
    ),
];

/// The command with its text, and those below it with theirs.
pub(super) fn told(command: Command) -> Command {
    let name = command.get_name().to_owned();
    told_as(command, &name)
}

fn told_as(command: Command, words: &str) -> Command {
    let text = TEXTS.iter().find(|(known, _)| *known == words).map(|(_, text)| *text);
    let command = if let Some(text) = text { command.long_about(text) } else { command };
    command.mut_subcommands(|below| {
        let words = format!("{words} {}", below.get_name());
        told_as(below, &words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(command: &Command, above: &str, found: &mut Vec<String>) {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            let words = format!("{above} {}", below.get_name()).trim().to_owned();
            words_of(below, &words, found);
            found.push(words);
        }
    }

    #[test]
    fn every_command_is_told_in_a_few_sentences() {
        let (mut commands, mut known) =
            (Vec::new(), TEXTS.iter().map(|(words, _)| (*words).to_owned()).collect::<Vec<_>>());
        words_of(&super::super::command(), "", &mut commands);

        commands.sort();
        known.sort();

        assert_eq!(commands, known);
        for (words, text) in TEXTS {
            assert!(text.matches(['.', ':']).count() >= 2, "{words}: {text}");
        }
    }
}
