"""The stacks that a horse shows while its job runs, and jobs that do not notice."""
import os
import pickle
import socket
import unittest

import standin
from standin import payload, wait_until
from test_jobs import Jobs

ASK, INSIST = 61, 60
END = b"<rqd> end\n"

class Stacks(Jobs):
    def working(self, name, *args, horse=None, folder=None):
        """A horse whose job has begun, and the path that the job made."""
        path = os.path.join(folder or self.folder(), "begun")
        horse = horse or self.horse()
        horse.run(payload("still." + name, path, *args))
        horse.line.until("phase")
        wait_until(lambda: os.path.exists(path), "the job began")
        return horse, path

    def shown(self, horse, number=ASK, complete=END):
        """What the horse shows when it is asked."""
        os.ftruncate(horse.stacks, 0)
        os.lseek(horse.stacks, 0, os.SEEK_SET)
        standin.kill(horse.pid, number)
        wait_until(lambda: complete in os.pread(horse.stacks, 1 << 20, 0), "the stack")
        return os.pread(horse.stacks, 1 << 20, 0).decode()

    def test_a_job_that_sleeps_shows_where_and_sleeps_on(self):
        horse, _ = self.working("sleeping", 1.5)
        text = self.shown(horse)

        self.assertIn("in sleeping", text)
        self.assertTrue(text.startswith("Current thread 0x"), text)
        self.assertGreaterEqual(pickle.loads(horse.ended()[1]), 1.5)

    def test_a_job_that_reads_a_socket_reads_on(self):
        folder = self.folder()
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(os.path.join(folder, "begun-peer"))
            door.listen(1)
            horse, _ = self.working("reading", folder=folder)
            text = self.shown(horse)
            peer, _ = door.accept()
        with peer:
            peer.sendall(b"x")

        self.assertIn("in reading", text)
        self.assertEqual(pickle.loads(horse.ended()[1]), b"x")

    def test_a_job_in_a_loop_can_be_asked_again_and_again(self):
        horse, _ = self.working("spinning")

        for _ in range(200):
            self.assertIn("in spinning", self.shown(horse))
        self.assertTrue(standin.alive(horse.pid))

    def test_a_call_that_lets_no_python_run_is_shown_by_the_second_question(self):
        horse, _ = self.working("counting", 10 ** 14)
        text = self.shown(horse, INSIST, b"in counting")

        self.assertTrue(text.startswith("Stack (most recent call first):"), text)

    def test_all_threads_are_shown_with_their_names(self):
        horse, _ = self.working("joining")
        text = self.shown(horse, complete=b"}")

        self.assertIn("in helper", text)
        self.assertIn("in joining", text)
        self.assertIn("helper-thread", text)

    def test_the_next_job_is_shown_again_whatever_the_last_one_did(self):
        horse = self.horse()
        horse.run(payload("signal.signal", 61, 1))
        horse.ended()
        horse, _ = self.working("sleeping", 600, horse=horse)

        self.assertIn("in sleeping", self.shown(horse))

    def test_nothing_is_written_into_a_file_of_the_job(self):
        horse, path = self.working("takes_the_file")
        standin.kill(horse.pid, ASK)
        open(path + "-end", "w").close()
        line, _ = self.server.come_back()
        _, body, _ = line.until("ended")

        self.assertEqual(set(pickle.loads(body)), {0})
        line.close()

    def test_a_horse_tells_where_it_shows_its_stacks(self):
        horse = self.horse()
        window = os.stat("/proc/%d/fd/%d" % (horse.pid, horse.ready["window"]))

        self.assertTrue(os.path.samestat(window, os.fstat(horse.stacks)))

class FreshStacks(Stacks):
    """The same in an interpreter of its own."""

    def prepare(self, preload=(), **options):
        self.server = self.daemon(**options)
        self.server.settings()
        report = self.server.prepare(preload=preload, engine={"worker_class": "rq.worker.SpawnWorker", "engine": "native"})
        self.assertEqual(report["report"], "prepared", report)
        self.number = 0

if __name__ == "__main__":
    unittest.main()
