"""What a job logs and prints, and where it arrives."""
import os
import pickle
import select

from standin import payload
from test_jobs import Jobs

ALL = {"all": True, "level": 20}
UNHANDLED = {"all": False, "level": 20}


class Speaking(Jobs):
    def spoken(self, name, *args, **order):
        """A horse whose job has ended, and the value that it returned."""
        horse = self.horse()
        horse.run(payload(name, *args), **order)
        self.head, body = horse.ended()
        return horse, pickle.loads(body) if self.head["kind"] == "returned" and body else None

    def is_silent(self, horse):
        return not select.select([horse.records], [], [], 0)[0]


class Records(Speaking):
    def test_nothing_is_imported_for_a_job_that_does_not_log(self):
        for records in (None, UNHANDLED, ALL):
            self.assertFalse(self.spoken("speaking.has_logging", records=records)[1])

    def test_what_nobody_handles_is_told_and_printed(self):
        horse, (kind, handlers) = self.spoken("speaking.log", records=UNHANDLED, execution_id="e7")
        record = horse.record()

        self.assertEqual((kind, handlers), ("LastResort", 0))
        self.assertAlmostEqual(record.pop("created"), self.head["started_at"], delta=60)
        self.assertEqual(record, {"execution": "e7", "level": 30, "logger": "app", "message": "said", "traceback": None,
                                  "shown": True, "unprinted": False, "lost": 0})
        self.assertTrue(self.is_silent(horse))

    def test_without_a_wish_logging_is_left_alone(self):
        horse, (kind, handlers) = self.spoken("speaking.log")

        self.assertEqual((kind, handlers), ("_StderrHandler", 0))
        self.assertTrue(self.is_silent(horse))

    def test_modules_that_are_preloaded_are_heard_too(self):
        self.prepare(preload=["logging"])

        self.assertEqual(self.spoken("speaking.log", records=UNHANDLED)[0].record()["message"], "said")

    def test_all_is_told_once_and_the_root_logger_has_no_handler(self):
        horse, (_, handlers) = self.spoken("speaking.log", records=ALL)
        record = horse.record()

        self.assertEqual((record["message"], record["shown"], record["unprinted"]), ("said", False, True))
        self.assertEqual(handlers, 0)
        self.assertTrue(self.is_silent(horse))

    def test_each_job_of_a_horse_has_records_of_its_own(self):
        horse = self.horse()
        for number in range(3):
            horse.run(payload("speaking.log", "app", str(number)), records=UNHANDLED, execution_id="e%d" % number)
            horse.ended()
        horse.run(payload("speaking.log", "app", "unheard"))
        horse.ended()

        told = [horse.record() for _ in range(3)]
        self.assertEqual([(record["execution"], record["message"]) for record in told],
                         [("e0", "0"), ("e1", "1"), ("e2", "2")])
        self.assertTrue(self.is_silent(horse))

    def test_odd_records_are_told_as_well_as_can_be(self):
        horse, _ = self.spoken("speaking.log_odd", records=ALL)
        first, second, third = (horse.record() for _ in range(3))

        self.assertEqual(first["message"], "<unprintable Odd object>")
        self.assertEqual((second["message"], second["created"]), ("out of time", None))
        self.assertEqual((third["message"], third["level"]), ("grave", 50))

    def test_a_limit_that_strikes_while_a_message_is_made_ends_the_job(self):
        self.spoken("speaking.log_until_limit", records=ALL, timeout=1)

        self.assertEqual((self.head["kind"], self.head["timed_out"]), ("raised", True))

    def test_a_signal_handler_may_log_in_the_middle_of_logging(self):
        horse = self.horse()
        horse.run(payload("speaking.log_in_signal"), records=ALL)
        told = [horse.record()["message"] for _ in range(400)]

        self.assertEqual(horse.ended()[0]["kind"], "returned")
        self.assertEqual(sorted(told), ["in the handler"] * 200 + ["in the job"] * 200)

    def test_what_a_deaf_daemon_does_not_take_is_counted(self):
        horse, _ = self.spoken("speaking.log_much", 3000, records=ALL)
        told = 0
        while not self.is_silent(horse):
            horse.record()
            told += 1

        self.assertGreater(told, 0)
        self.assertEqual(told + self.head["lost_records"], 3000)

    def test_a_number_that_became_a_file_of_the_job_is_not_written_to(self):
        horse = self.horse()
        horse.run(payload("speaking.closed_and_reused", os.path.join(self.folder(), "file")), records=ALL)
        line, _ = self.server.come_back()
        head, body, _ = line.until("ended")
        line.close()

        self.assertEqual(set(pickle.loads(body)), {0})
        self.assertTrue(self.is_silent(horse) or horse.records.recv(1) == b"")


class Streams(Speaking):
    def pipes(self):
        ends = [os.pipe() for _ in range(2)]
        self.addCleanup(lambda: [os.close(reader) for reader, _ in ends])
        return [reader for reader, _ in ends], [writer for _, writer in ends]

    def captured(self, horse, name, *args):
        """What came over the two pipes until both were closed."""
        readers, writers = self.pipes()
        horse.run(payload(name, *args), fds=writers)
        for writer in writers:
            os.close(writer)
        head, body = horse.ended()
        return head, pickle.loads(body), [self.rest(reader) for reader in readers]

    def rest(self, reader):
        parts = []
        while True:
            self.assertTrue(select.select([reader], [], [], 20)[0], "the end of a pipe")
            part = os.read(reader, 65536)
            if not part:
                return b"".join(parts).decode()
            parts.append(part)

    def test_they_are_those_of_the_order_and_nobody_has_them_after_the_job(self):
        horse = self.horse()
        for text in ("one", "two"):
            head, line_buffering, (out, error) = self.captured(horse, "speaking.say", text)

            self.assertEqual((out, error), (text + "\nbelow\n", "error\n"))
            self.assertTrue(line_buffering)
            self.assertFalse(head["worn"])

    def test_a_job_without_is_as_if_none_before_it_had_them(self):
        horse = self.horse()
        before = self.captured(horse, "tasks.facts")[1]["fds"]
        horse.run(payload("speaking.say", "to the daemon's own"))

        self.assertFalse(pickle.loads(horse.ended()[1]), "it is not line buffered any more")
        horse.run(payload("tasks.facts"))
        self.assertEqual(len(pickle.loads(horse.ended()[1])["fds"]) + 2, len(before), "two copies less")
