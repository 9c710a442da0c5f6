"""The fork server: greeting, settings, preparation, forks and reaping, and how it ends."""
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import unittest

from standin import PACKAGE, Daemon, End, kill, payload, wait_until


class Case(unittest.TestCase):
    """Starts fork servers and ends them with the test."""

    def daemon(self, **options):
        daemon = Daemon(**options)
        self.addCleanup(daemon.close)
        return daemon

    def folder(self, **files):
        """A folder with Python files in it."""
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        for name, text in files.items():
            with open(os.path.join(holder.name, name + ".py"), "w") as file:
                file.write(text)
        return holder.name


class Loading(Case):
    def test_json_with_raw_characters_is_a_python_literal(self):
        text = "".join(map(chr, range(0x180))) + "\u2028\u2029\ufeff\uffff\U0001f600\U0010ffff ''' \"\"\" \\N{DASH} \\x41 \\"

        self.assertEqual(eval(json.dumps({text: text}, ensure_ascii=False)), {text: text})

    def test_the_loader_names_its_sources_once(self):
        with open(os.path.join(PACKAGE, "loader.py")) as file:
            self.assertEqual(file.read().count("SOURCES = {}"), 1)

    def test_files_are_ascii_and_small(self):
        for entry in os.listdir(PACKAGE):
            if entry.endswith(".py"):
                with open(os.path.join(PACKAGE, entry), encoding="ascii") as file:
                    self.assertLessEqual(len(file.readlines()), 200, entry)


class Greeting(Case):
    def test_it_says_hello_unasked(self):
        hello = self.daemon().hello

        self.assertEqual(hello["report"], "hello")
        self.assertEqual(hello["protocol"], 1)
        self.assertEqual(hello["version"], list(sys.version_info[:3]))
        self.assertEqual(hello["python"], sys.version)
        self.assertEqual(hello["executable"], sys.executable)

    def test_it_tells_the_version_of_an_importable_rq(self):
        try:
            import rq
            version = rq.VERSION
        except ImportError:
            version = None

        self.assertEqual(self.daemon().hello["rq"], version)

    def test_it_starts_in_isolated_mode_and_with_a_safe_path(self):
        for options in ({"PYTHONSAFEPATH": "1"}, {"PYTHONNOUSERSITE": "1"}):
            daemon = self.daemon(env=options)
            daemon.settings()
            daemon.prepare()
            horse = daemon.fork()
            horse.run(payload("tasks.facts"))

            horse.ended()
            self.assertEqual(daemon.hello["report"], "hello")


    def test_strict_interpreter_settings_change_nothing(self):
        folder = self.folder(busy="import threading, time\ndef quiet(): pass\n"
                                  "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()")
        daemon = self.daemon(cwd=folder, stderr=subprocess.PIPE, env={"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error"})
        daemon.settings()
        daemon.prepare(preload=["busy"])
        horse = daemon.fork()
        horse.run(payload("busy.quiet"))
        self.assertEqual(horse.ended()[0]["kind"], "returned")
        horse.quit()
        self.assertEqual(daemon.wait_report("reaped")["status"], 0)
        daemon.control.close()

        self.assertEqual(daemon.process.communicate()[1], b"")


class Settings(Case):
    def test_values_keep_their_types(self):
        folder = self.folder(conf="\n".join([
            "import pathlib", "REDIS_URL = 'redis://x'", "N = 6", "F = 1.5", "B = True", "NOTHING = None",
            "QUEUES = ('high', 'low')", "D = {'a': (1, [2.0, False])}", "lower = 1", "Mixed = 2",
            "PATH = pathlib.Path('/x')", "KEYS = {1: 2}", "NAN = float('nan')", "HUGE = 2 ** 70", "_ = 3",
            "LONE = '\\udcff'", "SET = {1}", "LONG = [object()] * 100", "MANY = 'x' * 300000",
            "LOOP = []", "LOOP.append(LOOP)",
        ]))
        report = self.daemon(cwd=folder).settings("conf")

        self.assertEqual(report["values"], {
            "REDIS_URL": "redis://x", "N": 6, "F": 1.5, "B": True, "NOTHING": None, "QUEUES": ["high", "low"],
            "D": {"a": [1, [2.0, False]]}, "_": 3,
        })
        self.assertIs(report["values"]["B"], True)
        self.assertEqual(set(report["opaque"]),
                         {"PATH", "KEYS", "NAN", "HUGE", "LONE", "SET", "LONG", "MANY", "LOOP"})
        self.assertEqual(len(report["opaque"]["LONG"]), 200)
        self.assertTrue(report["file"].endswith("conf.py"))

    def test_the_queues_of_django_rq_hold_paths_and_classes_of_texts(self):
        folder = self.folder(conf="\n".join([
            "import enum, pathlib", "class Text(str, enum.Enum):\n    HOST = 'h'", "class Number(enum.IntEnum):\n    DB = 3",
            "RQ_QUEUES = {'default': {'HOST': Text.HOST, 'DB': Number.DB, 'SSL': True, 'QUEUE_CLASS': object,",
            "  'UNIX_SOCKET_PATH': pathlib.Path('/run/r'), 'REDIS_CLIENT_KWARGS': {'retry': object(), 'ssl_ca_certs': '/c'}}}",
        ]), odd="RQ_QUEUES = {'default': {'HOST': object()}}")
        report = self.daemon(cwd=folder).settings("conf")

        self.assertEqual(report["values"], {"RQ_QUEUES": {"default": {
            "HOST": "h", "DB": 3, "SSL": True, "UNIX_SOCKET_PATH": "/run/r", "REDIS_CLIENT_KWARGS": {"ssl_ca_certs": "/c"},
        }}})
        self.assertEqual(list(self.daemon(cwd=folder).settings("odd")["opaque"]), ["RQ_QUEUES"])

    def test_many_big_values_fit_into_a_frame(self):
        folder = self.folder(conf="for n in range(60): globals()['BIG%d' % n] = 'x' * 200000")
        report = self.daemon(cwd=folder).settings("conf")

        self.assertEqual(len(report["values"]) + len(report["opaque"]), 60)
        self.assertGreater(len(report["values"]), 10)

    def test_a_file_is_imported_from_its_path(self):
        folder = self.folder(mine="WHERE = __name__")
        report = self.daemon().settings(file=os.path.join(folder, "mine.py"))

        self.assertEqual(report["values"], {"WHERE": "mine"})
        self.assertEqual(report["file"], os.path.join(folder, "mine.py"))

    def test_a_file_named_as_a_module_of_the_library_does_not_replace_it(self):
        folder = self.folder(queue="WHERE = __name__")
        daemon = self.daemon()
        report = daemon.settings(file=os.path.join(folder, "queue.py"))

        self.assertEqual(report["values"], {"WHERE": "_rqd_settings"})
        self.assertEqual(daemon.prepare(preload=["queue", "concurrent.futures"])["report"], "prepared")

    def test_missing_is_told_only_of_the_module_itself(self):
        folder = self.folder(half="import not_there", bad="1 / 0", leave="raise SystemExit(3)", wrong="def (")
        cases = [("nowhere", True, "ModuleNotFoundError"), ("nowhere.deep", True, "ModuleNotFoundError"),
                 ("half.inner", False, "ModuleNotFoundError"), ("half", False, "ModuleNotFoundError"),
                 ("bad", False, "ZeroDivisionError"), ("leave", False, "SystemExit"), ("wrong", False, "SyntaxError")]
        daemon = self.daemon(cwd=folder)
        for name, missing, kind in cases:
            with self.subTest(name):
                report = daemon.settings(name)
                self.assertEqual((report["report"], report["stage"], report["what"]), ("refused", "settings", name))
                self.assertEqual((report["missing"], report["kind"]), (missing, kind))

    def test_the_projects_own_files_are_told(self):
        folder = self.folder(conf="import json, colorsys, part\nimport sys\nsys.modules['odd'] = 1", part="", late="import queue")
        folder = os.path.realpath(folder)
        os.makedirs(os.path.join(folder, "site-packages"))
        with open(os.path.join(folder, "site-packages", "installed.py"), "w"):
            pass
        daemon = self.daemon(cwd=folder)
        settings = daemon.settings("conf", path=[".", "site-packages"])
        prepared = daemon.prepare(preload=["late", "installed"])

        paths = {name: os.path.join(folder, name + ".py") for name in ("conf", "part", "late")}
        self.assertEqual(sorted(settings["files"]), [paths["conf"], paths["part"]])
        self.assertEqual(sorted(prepared["files"]), sorted(paths.values()))

    def test_no_more_files_are_told_than_fit(self):
        folder = self.folder(conf="import sys, types\nfor n in range(5000):\n    made = types.ModuleType('m%d' % n)\n"
                                  "    made.__file__ = '/p/%s/m%d.py' % ('x' * LONG, n)\n    sys.modules[made.__name__] = made")
        for long, most in ((1, 4096), (2000, 300)):
            with self.subTest(long):
                with open(os.path.join(folder, "long%d.py" % long), "w") as file:
                    file.write("LONG = %d\nexec(open('conf.py').read())" % long)
                report = self.daemon(cwd=folder).settings("long%d" % long)

                self.assertLessEqual(len(report["files"]), most)
                self.assertGreater(len(report["files"]), 200)

    def test_a_missing_file_is_told(self):
        report = self.daemon().settings(file="/nowhere/at/all.py")

        self.assertEqual((report["stage"], report["missing"]), ("settings", True))

    def test_a_refusal_carries_the_traceback_without_our_frames(self):
        folder = self.folder(bad="def f():\n    return 1 / 0\nf()\n")
        report = self.daemon(cwd=folder).settings("bad")

        self.assertIn("bad.py\", line 2, in f", report["traceback"])
        self.assertNotIn("<rqd>", report["traceback"])
        self.assertEqual(report["reason"], "division by zero")

    def test_what_the_module_prints_stays_off_the_socket(self):
        folder = self.folder(loud="import os\nprint('to stdout')\nos.write(2, b'to stderr')\nA = 1")
        daemon = self.daemon(cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        report = daemon.settings("loud")
        daemon.control.close()
        out, err = daemon.process.communicate()

        self.assertEqual(report["values"], {"A": 1})
        self.assertEqual((out, err), (b"to stdout\n", b"to stderr"))


class Preparation(Case):
    def test_preloaded_modules_are_in_every_horse(self):
        folder = self.folder(slow="import os\nPID = os.getpid()\ndef pid(): return PID")
        daemon = self.daemon(cwd=folder)
        daemon.settings()
        report = daemon.prepare(preload=["slow"])
        horse = daemon.fork()
        horse.run(payload("slow.pid"))
        head, _ = horse.ended()

        self.assertEqual(report["report"], "prepared")
        self.assertEqual(report["threads"], [])
        self.assertGreater(report["modules"], 20)
        self.assertGreaterEqual(report["seconds"], 0)
        self.assertEqual(head["repr"], str(daemon.hello["pid"]))

    def test_a_preload_that_raises_is_refused_with_its_traceback(self):
        folder = self.folder(bad="raise LookupError('lost')")
        daemon = self.daemon(cwd=folder)
        daemon.settings()
        report = daemon.prepare(preload=["json", "bad"])

        self.assertEqual((report["stage"], report["what"], report["missing"]), ("preload", "bad", False))
        self.assertIn("LookupError: lost", report["traceback"])

    def test_threads_left_by_a_preload_are_named(self):
        folder = self.folder(busy="import threading, _thread, time\n"
                                  "threading.Thread(target=time.sleep, args=(600,), name='poller', daemon=True).start()\n"
                                  "_thread.start_new_thread(time.sleep, (600,))")
        daemon = self.daemon(cwd=folder)
        daemon.settings()
        names = daemon.prepare(preload=["busy"])["threads"]

        self.assertEqual(names[0], "poller")
        self.assertEqual(len(names), 2)
        self.assertTrue(names[1].startswith("native thread "), names)

    def test_dict_config_is_applied_when_asked(self):
        conf = ("DICT_CONFIG = {'version': 1, 'disable_existing_loggers': False,"
                " 'loggers': {'mine': {'level': 'ERROR'}}}\n"
                "def level():\n    import logging\n    return logging.getLogger('mine').level\n")
        for asked, level in ((True, "40"), (False, "0")):
            daemon = self.daemon(cwd=self.folder(conf=conf))
            daemon.settings("conf")
            daemon.prepare(dict_config=asked)
            horse = daemon.fork()
            horse.run(payload("conf.level"))
            self.assertEqual(horse.ended()[0]["repr"], level)

    def test_a_bad_dict_config_is_refused(self):
        daemon = self.daemon(cwd=self.folder(conf="DICT_CONFIG = {'version': 7}"))
        daemon.settings("conf")
        report = daemon.prepare(dict_config=True)

        self.assertEqual((report["report"], report["stage"], report["kind"]), ("refused", "dict_config", "ValueError"))

    def test_the_prefix_of_keys_is_exported_where_it_is_not_rqs_own(self):
        look = "import os\ndef prefix(): return str(os.environ.get('RQ_KEY_PREFIX'))\n"
        changes = look + "os.environ['RQ_KEY_PREFIX'] = 'other'\n"
        for of_user, prefix, text, expected in ((None, "rq", look, None), (None, None, look, None),
                                                (None, "mine", look, "mine"), ("rq", "rq", look, "rq"),
                                                ("mine", "mine", look, "mine"), (None, "rq", changes, "rq")):
            with self.subTest(of_user=of_user, prefix=prefix, text=text):
                env = {} if of_user is None else {"RQ_KEY_PREFIX": of_user}
                daemon = self.daemon(cwd=self.folder(look=text), env=env)
                daemon.settings("look")
                daemon.prepare(key_prefix=prefix)
                horse = daemon.fork()
                horse.run(payload("look.prefix"))

                self.assertEqual(horse.ended()[0]["repr"], repr(str(expected)))

    def test_a_serializer_is_checked(self):
        daemon = self.daemon(cwd=self.folder(ser="class Good:\n    dumps = loads = staticmethod(bytes)\nBAD = 1"))
        daemon.settings()
        for name, missing, kind in (("nope.Nope", True, "ValueError"), ("ser.Nope", False, "ValueError"),
                                    ("ser.BAD", False, "NotImplementedError")):
            report = daemon.prepare(serializer=name)
            self.assertEqual((report["stage"], report["what"], report["missing"], report["kind"]),
                             ("serializer", name, missing, kind))
        for name in (None, "", "pickle", "json", "rq.serializers.JSONSerializer", "rq.serializers.DefaultSerializer",
                     "ser.Good"):
            self.assertEqual(daemon.prepare(serializer=name)["report"], "prepared")


def stat(pid):
    """What the kernel tells of a process, from its state on."""
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rpartition(") ")[2].split()


class Forks(Case):
    def prepared(self, **options):
        daemon = self.daemon(**options)
        daemon.settings()
        daemon.prepare()
        return daemon

    def test_each_horse_gets_the_descriptors_of_its_own_frame(self):
        daemon = self.prepared()
        orders = [daemon.order_forks(number, number + 1) for number in (1, 3, 5)]
        for horses in orders:
            forked = daemon.wait_report("forked")["horses"]
            for horse, (number, pid) in zip(horses, forked):
                ready = horse.line.receive()[0]
                self.assertEqual((ready["report"], ready["protocol"], ready["horse"], ready["pid"], ready["pgid"]),
                                 ("ready", 1, horse.number, pid, pid))
                self.assertEqual(number, horse.number)

    def test_horses_of_one_order_have_nothing_of_each_other(self):
        daemon = self.prepared()
        horses = daemon.forks(1, 2, 3, 4)
        for horse in horses:
            horse.run(payload("tasks.facts"))
            self.assertEqual(len(pickle.loads(horse.ended()[1])["fds"]), 8)
        horses[1].line.close()
        self.assertEqual(daemon.wait_report("reaped", horse=2)["status"], 0)
        for horse in (horses[0], horses[2], horses[3]):
            horse.run(payload("tasks.add", 1, 2))
            self.assertEqual(horse.ended()[0]["repr"], "3")

    def test_a_job_finds_the_surroundings_that_the_one_before_it_found(self):
        daemon = self.prepared()
        horse = daemon.fork()

        def found():
            horse.run(payload("tasks.surroundings"))
            return pickle.loads(horse.ended()[1])

        before = found()
        horse.run(payload("tasks.disturb", self.folder()))
        self.assertFalse(horse.ended()[0]["worn"])
        self.assertEqual(found(), before)
        self.assertIsNotNone(before[2])

    def test_a_rehearsal_leaves_nothing_behind(self):
        daemon = self.prepared()
        horses = daemon.forks(1) + daemon.forks(2, rehearse=True)
        faults, told = [], []
        for horse in horses:
            wait_until(lambda: stat(horse.pid)[0] == "S", "the horse to wait for its order")
            faults.append(int(stat(horse.pid)[7]))
            horse.run(payload("tasks.facts"))
            facts = pickle.loads(horse.ended()[1])
            facts["hooks"] = len(facts["hooks"])
            told.append({key: value for key, value in facts.items() if key not in ("pid", "pgid", "random", "fds")})
        self.assertEqual(told[0], told[1])
        self.assertGreater(faults[1], faults[0], "it touches what a job will touch")

    def test_a_horse_ends_by_itself_after_its_last_job(self):
        daemon = self.prepared()
        horse = daemon.fork()
        horse.run(payload("tasks.add", 1, 2))
        self.assertEqual(horse.ended()[0]["repr"], "3")
        horse.run(payload("tasks.add", 2, 3), last=True)
        self.assertEqual(horse.ended()[0]["repr"], "5")
        self.assertEqual(daemon.wait_report("reaped", horse=1)["status"], 0)

    def test_every_end_is_reported_with_its_status_and_usage(self):
        daemon = self.prepared()
        for number, name, args, status in ((1, "tasks.die", (3,), 768), (2, "tasks.sleep", (600,), 9)):
            horse = daemon.fork(number)
            horse.run(payload(name, *args))
            horse.line.until("phase")
            if status == 9:
                kill(horse.pid)
            report = daemon.wait_report("reaped", horse=number)
            self.assertEqual((report["pid"], report["status"]), (horse.pid, status))
            self.assertGreater(report["max_rss"], 1000)
            self.assertIsInstance(report["user"], float)
            self.assertIsInstance(report["system"], float)

    @unittest.skipUnless(tuple(int(part) for part in os.uname().release.split(".")[:2]) >= (6, 1), "the kernel knows no MADV_COLLAPSE")
    def test_a_large_application_gets_huge_pages(self):
        huge = ("HEAP = [str(number) * 3 for number in range(1200000)]\n"
                       "def pages(pid):\n"
                       "    with open('/proc/%d/smaps_rollup' % pid) as file:\n"
                       "        return [int(line.split()[1]) for line in file if line.startswith('AnonHugePages')][0]\n")
        daemon = self.daemon(cwd=self.folder(huge=huge))
        daemon.settings()
        daemon.prepare(preload=["huge"])
        horse = daemon.fork()
        horse.run(payload("huge.pages", daemon.process.pid))
        self.assertGreater(int(horse.ended()[0]["repr"]), 16 << 10)

    def test_a_failed_fork_is_reported(self):
        limit = ("import resource, os\n"
                 "real = os.fork\n"
                 "def fork():\n    raise OSError(11, 'Resource temporarily unavailable')\n"
                 "os.fork = fork\n")
        daemon = self.daemon(cwd=self.folder(limit=limit))
        daemon.settings()
        daemon.prepare(preload=["limit"])
        horses = daemon.order_forks(5, 6)
        report = daemon.wait_report("fork_failed")

        self.assertEqual((report["horses"], report["errno"]), ([5, 6], 11))
        for horse in horses:
            self.assertRaises(End, horse.line.receive)

    def test_a_fork_that_fails_takes_none_before_it_along(self):
        second = ("import os\n"
                  "real, calls = os.fork, []\n"
                  "def fork():\n"
                  "    calls.append(1)\n"
                  "    if len(calls) > 1:\n        raise OSError(11, 'Resource temporarily unavailable')\n"
                  "    return real()\n"
                  "os.fork = fork\n")
        daemon = self.daemon(cwd=self.folder(second=second))
        daemon.settings()
        daemon.prepare(preload=["second"])
        horses = daemon.order_forks(5, 6, 7)
        self.assertEqual([number for number, _ in daemon.wait_report("forked")["horses"]], [5])
        self.assertEqual(daemon.wait_report("fork_failed")["horses"], [6, 7])
        self.assertEqual(horses[0].line.receive()[0]["report"], "ready")
        horses[0].run(payload("builtins.abs", -3))
        self.assertEqual(horses[0].ended()[0]["repr"], "3")

    def test_children_of_the_application_are_left_to_it(self):
        daemon = self.daemon(cwd=self.folder(own="import subprocess\nCHILD = subprocess.Popen(['sleep', '600'])\n"
                                                 "def pid(): return CHILD.pid"))
        daemon.settings()
        daemon.prepare(preload=["own"])
        horse = daemon.fork(1)
        horse.run(payload("own.pid"))
        child = int(horse.ended()[0]["repr"])
        kill(child)
        horse.quit()

        self.assertEqual(daemon.wait_report("reaped")["pid"], horse.pid)
        self.assertEqual(daemon.seen, [])

    def test_no_leftover_of_an_ended_horse_stays_open(self):
        daemon = self.prepared()
        folder = "/proc/%d/fd" % daemon.hello["pid"]
        before = len(os.listdir(folder))
        for number in range(20):
            horse = daemon.fork(number)
            horse.quit()
            daemon.wait_report("reaped", horse=number)

        self.assertEqual(len(os.listdir(folder)), before)


class Ends(Case):
    def test_the_end_of_the_control_socket_ends_it(self):
        daemon = self.daemon()
        daemon.control.close()

        self.assertEqual(daemon.process.wait(20), 0)

    def test_signals_to_the_whole_service_do_not_end_it(self):
        daemon = self.daemon()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGUSR1, signal.SIGUSR2):
            kill(daemon.hello["pid"], number)

        self.assertEqual(daemon.settings()["report"], "settings")
        self.assertEqual(daemon.prepare()["report"], "prepared")

    def test_a_preload_cannot_undo_that(self):
        daemon = self.daemon(cwd=self.folder(bold="import signal\nfor n in (2, 15, 17):\n"
                                                  "    signal.signal(n, signal.SIG_DFL)\nsignal.set_wakeup_fd(-1)"))
        daemon.settings()
        daemon.prepare(preload=["bold"])
        kill(daemon.hello["pid"], signal.SIGTERM)
        horse = daemon.fork()
        horse.quit()

        self.assertEqual(daemon.wait_report("reaped")["status"], 0)

    def test_junk_ends_it(self):
        junk = [b"not json", b"[]", b"{\"order\": \"dance\"}", b"{}", b"{\"order\": \"fork\", \"horse\": 1}", b"[" * 100000]
        for head in junk:
            with self.subTest(head[:20]):
                daemon = self.daemon(stderr=subprocess.PIPE)
                daemon.control.send(head)
                self.assertEqual(daemon.process.wait(20), 70)
                self.assertIn(b"rq: fork server:", daemon.process.stderr.read())
                daemon.process.stderr.close()

    def test_a_frame_beyond_the_limits_ends_it(self):
        for lengths in (b"\xff\xff\xff\xff\0\0\0\0", b"\0\0\0\2\xff\xff\xff\xff"):
            daemon = self.daemon(stderr=subprocess.DEVNULL)
            daemon.control.sock.sendall(lengths)
            self.assertEqual(daemon.process.wait(20), 70)

    def test_it_dies_with_the_daemon_even_while_it_imports(self):
        daemon = self.daemon(cwd=self.folder(stuck="import time\nopen('started', 'w')\ntime.sleep(600)"))
        daemon.control.send({"order": "settings", "module": "stuck", "file": None, "path": ["."]})
        folder = os.readlink("/proc/%d/cwd" % daemon.hello["pid"])
        wait_until(lambda: os.path.exists(os.path.join(folder, "started")), "the import began")
        os.close(daemon.leash)
        daemon.leash = None

        self.assertEqual(daemon.process.wait(5), -signal.SIGKILL)
