"""Jobs that die, fork, close descriptors or leave things behind, and the deaths of those above them."""
import os
import pickle
import signal
import unittest

import standin
from standin import End, payload, wait_until
from test_jobs import Jobs


class Leash(Jobs):
    """The daemon's death, seen by its horses."""

    def cut(self):
        os.close(self.server.leash)
        self.server.leash = None

    def working(self, path=None, name="tasks.sleep", *args):
        horse = self.horse()
        horse.run(payload(name, *(args or (600,))))
        horse.line.until("phase")
        return horse

    def test_horses_and_their_groups_die_with_the_daemon(self):
        path = os.path.join(self.folder(), "child")
        idle, busy, parent = self.horse(), self.working(), self.horse()
        parent.run(payload("tasks.leave_child", path))
        parent.ended()
        with open(path) as file:
            child = int(file.read())
        self.assertTrue(self.server.on_leash)
        self.cut()

        for pid in (idle.pid, busy.pid, parent.pid, child, self.server.hello["pid"]):
            wait_until(lambda: not standin.alive(pid), "process %d died" % pid, 1)

    def test_the_death_of_the_fork_server_harms_no_horse(self):
        horse = self.horse()
        horse.run(payload("tasks.sleep", 0.5))
        horse.line.until("phase")
        standin.kill(self.server.hello["pid"])
        self.server.process.wait(20)

        self.assertEqual(pickle.loads(horse.ended()[1]), "slept")
        second = horse
        second.run(payload("tasks.sleep", 600))
        second.line.until("phase")
        self.cut()
        wait_until(lambda: not standin.alive(horse.pid), "the horse died with the daemon", 1)

    def test_a_horse_that_closed_everything_stays_on_the_leash_while_the_fork_server_lives(self):
        horse = self.horse()
        horse.run(payload("tasks.close_all"))
        line, _ = self.server.come_back()
        line.until("ended")
        self.cut()

        wait_until(lambda: not standin.alive(horse.pid), "the horse died with the daemon", 1)
        self.assertRaises((End, OSError), line.receive)
        line.close()


class Deaths(Jobs):
    def test_an_exit_of_the_process_is_seen_as_its_status(self):
        horse = self.horse()
        horse.run(payload("tasks.die", 7))

        self.assertEqual(self.status(horse), 7 << 8)
        self.assertRaises(End, horse.ended)

    def test_a_crash_leaves_the_stack_in_the_memory_file(self):
        horse = self.horse()
        horse.run(payload("tasks.crash"))

        self.assertEqual(os.WTERMSIG(self.status(horse)), signal.SIGSEGV)
        self.assertIn("Segmentation fault", horse.dump())
        self.assertIn("in crash", horse.dump())

    def test_a_term_ends_a_horse_and_an_int_does_not(self):
        horse = self.horse()
        horse.run(payload("tasks.sleep", 600))
        horse.line.until("phase")
        standin.kill(horse.pid, signal.SIGINT)
        standin.kill(horse.pid, signal.SIGTERM)

        self.assertEqual(self.status(horse), signal.SIGTERM)

    def test_threads_left_behind_do_not_hold_a_horse(self):
        horse = self.horse()
        horse.run(payload("tasks.leave_thread"))
        self.assertEqual(pickle.loads(horse.ended()[1]), "left")
        horse.quit()

        self.assertEqual(self.status(horse), 0)


class Forking(Jobs):
    def test_a_child_that_returns_reports_nothing(self):
        horse = self.horse()
        horse.run(payload("tasks.fork_returns"))
        self.assertEqual(pickle.loads(horse.ended()[1]), 0)
        horse.quit()

        self.assertRaises(End, horse.line.receive)

    def test_a_child_may_choose_its_exit_status(self):
        self.assertEqual(self.result("tasks.fork_exits", 3), 3)

    def test_a_child_that_raises_reports_nothing(self):
        horse = self.horse()
        horse.run(payload("tasks.fork_raises"))
        head, body = horse.ended()
        self.assertEqual((head["kind"], pickle.loads(body)), ("returned", 1 << 8))
        horse.quit()

        self.assertRaises(End, horse.line.receive)


class Descriptors(Jobs):
    def test_a_job_that_closes_its_descriptors_comes_back(self):
        for first in (3, 0):
            horse = self.horse()
            horse.run(payload("tasks.close_all", first))
            line, greeting = self.server.come_back()
            self.assertEqual(greeting, {"report": "return", "horse": horse.number, "pid": horse.pid})
            head, body, _ = line.until("ended")
            self.assertEqual(pickle.loads(body), "closed")
            line.send({"order": "quit"})
            self.assertEqual(self.status(horse), 0)
            line.close()

    def test_nothing_is_written_into_a_file_of_the_job(self):
        path = os.path.join(self.folder(), "file")
        horse = self.horse()
        horse.run(payload("tasks.close_and_reuse", path))
        line, greeting = self.server.come_back()
        _, body, _ = line.until("ended")

        self.assertEqual(pickle.loads(body), "reused")
        self.assertEqual(os.path.getsize(path), 0)
        line.close()


if __name__ == "__main__":
    unittest.main()
