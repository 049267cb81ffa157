"""Real attempts to get out of the box, to outlast it, to fill the machine, or to trick those who clean up after it."""

import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from verifiers.audit import scratch
from verifiers.audit.sandbox import Finished, Limits, Sandbox, kill
from verifiers.audit.watch import FOLDER_FACTOR, Box

MEBIBYTE = 1 << 20
SMALL = Limits(wall_seconds=20, cpu_seconds=5, memory_bytes=512 * MEBIBYTE, output_bytes=MEBIBYTE)


@pytest.fixture
def sandbox() -> Sandbox:
    box = Sandbox()
    if box.degraded:
        pytest.skip(box.degraded)
    return box


@pytest.fixture
def folder(sandbox: Sandbox) -> Iterator[Path]:
    with sandbox.folder() as path:
        yield path


def shell(sandbox: Sandbox, folder: Path, script: str, limits: Limits = SMALL) -> Finished:
    return sandbox.run(["sh", "-c", script], folder, limits)


def perl(sandbox: Sandbox, folder: Path, script: str, limits: Limits = SMALL) -> Finished:
    return sandbox.run(["perl", "-MSocket", "-MPOSIX", "-e", script], folder, limits)


def used_bytes(folder: Path) -> int:
    found = [path.lstat() for path in folder.rglob("*")]
    return sum(one.st_blocks * 512 for one in found)


def processes_of(folder: Path) -> list[psutil.Process]:
    """Running processes of the user id that a scratch folder belongs to."""
    uid = folder.stat().st_uid
    return [
        one for one in psutil.process_iter(["uids", "status"])
        if one.info["uids"] and one.info["uids"].real == uid and one.info["status"] != psutil.STATUS_ZOMBIE
    ]  # fmt: skip


class TestSeeing:
    @pytest.mark.parametrize("path", ["/etc/shadow", "/etc/passwd", "/root", "/home", "/var/log", "/sys/class/net"])
    def test_files_of_the_system_are_not_there(self, sandbox: Sandbox, folder: Path, path: str) -> None:
        assert shell(sandbox, folder, f"ls {path} && cat {path}").returncode != 0

    def test_a_run_directory_is_not_there(self, sandbox: Sandbox, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "journal.jsonl").write_text("a lemma")
        tmp_path.chmod(0o777)
        journal = tmp_path / "journal.jsonl"
        done = shell(sandbox, folder, f"cat {journal}; echo no > {journal}; ls {tmp_path}")
        assert done.returncode != 0
        assert "a lemma" not in done.output
        assert (tmp_path / "journal.jsonl").read_text() == "a lemma"

    def test_other_scratch_folders_cannot_be_listed_read_or_written(self, sandbox: Sandbox, folder: Path) -> None:
        with sandbox.folder() as other:
            (other / "proof.v").write_text("exact I.")
            done = shell(sandbox, folder, f"ls {folder.parent}; cat {other}/proof.v; echo no > {other}/proof.v; ls ..")
            assert other.name not in done.output.replace(f"{other}/proof.v", "")
            assert "exact I." not in done.output
            assert (other / "proof.v").read_text() == "exact I."

    @pytest.mark.skipif(os.geteuid() != 0, reason="user ids are only given out by root")
    def test_each_scratch_folder_has_its_own_user_id(self, sandbox: Sandbox) -> None:
        folders = [sandbox.make_folder() for _ in range(20)]
        assert len({path.stat().st_uid for path in folders}) == 20
        for path in folders:
            scratch.remove(path)

    def test_the_root_of_another_process_is_no_way_out(self, sandbox: Sandbox, folder: Path) -> None:
        tries = "cat /proc/$p/root/etc/shadow && echo out; ls /proc/$p/cwd/../../../root && echo out"
        done = shell(sandbox, folder, f"for p in 1 2 self {os.getpid()}; do {tries}; done; ls /proc/1/fd/../../../etc")
        assert "out\n" not in done.output

    def test_knobs_of_the_kernel_cannot_be_turned(self, sandbox: Sandbox, folder: Path) -> None:
        proc = "/proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/vm/drop_caches /proc/self/oom_score_adj"
        script = f"for f in {proc} /sys/power/state /dev/mem /dev/kmsg; do (echo -999 > $f) && echo wrote $f; done"
        assert "wrote" not in shell(sandbox, folder, script).output

    def test_files_that_we_have_open_are_not_inherited(self, sandbox: Sandbox, folder: Path, tmp_path: Path) -> None:
        with (tmp_path / "open").open("w") as ours:
            os.set_inheritable(ours.fileno(), True)
            done = shell(
                sandbox, folder, "for n in 3 4 5 6 7 8 9; do (echo no >&$n) && echo wrote; done; ls -l /proc/self/fd"
            )
        assert "wrote" not in done.output
        assert str(tmp_path) not in done.output


class TestWriting:
    def test_nothing_outside_the_scratch_folder_can_be_written(self, sandbox: Sandbox, folder: Path) -> None:
        places = "/ /usr /usr/lib /etc /var /var/tmp /dev /dev/shm /dev/mqueue /proc /sys /run /bin /lib /home"
        done = shell(sandbox, folder, f"for d in {places}; do touch $d/x && echo wrote $d; done; touch ../x ../../x")
        assert "wrote" not in done.output
        assert not (folder.parent / "x").exists()  # above the folder lies a small file system of the box's own

    def test_mounts_and_new_namespaces_are_refused(self, sandbox: Sandbox, folder: Path) -> None:
        script = (
            "mkdir m; mount -t tmpfs none m && echo in; mount --bind / m && echo in; chroot / true && echo in; true"
        )
        assert "in\n" not in shell(sandbox, folder, script).output

    def test_device_nodes_cannot_be_made(self, sandbox: Sandbox, folder: Path) -> None:
        assert "made" not in shell(sandbox, folder, "mknod d b 8 0 && echo made; mknod c c 1 1 && echo made").output

    def test_a_program_with_the_set_user_bit_gives_nothing(self, sandbox: Sandbox, folder: Path) -> None:
        done = shell(
            sandbox,
            folder,
            "cp /usr/bin/id id; chmod 6755 id; ./id -u; for p in su mount passwd; do $p -h; done; id -u",
        )
        assert "0" not in done.output.split()


def serve(server: socket.socket) -> list[bytes]:
    """What a listening socket of ours hears: one entry for each connection."""
    heard: list[bytes] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            heard.append(b"connected")
            connection.close()

    server.listen()
    threading.Thread(target=accept, daemon=True).start()
    return heard


class TestTalking:
    def test_tcp_reaches_nobody(self, sandbox: Sandbox, folder: Path) -> None:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            heard = serve(server)
            port = server.getsockname()[1]
            script = (
                'socket(S, PF_INET, SOCK_STREAM, 0); print connect(S, sockaddr_in(%s, inet_aton("%s"))) ? "met" : $!'
            )
            assert "met" not in perl(sandbox, folder, script % (port, "127.0.0.1")).output
            assert "unreachable" in perl(sandbox, folder, script % (53, "9.9.9.9")).output
        assert heard == []

    def test_unix_sockets_by_path_and_abstract_reach_nobody(
        self, sandbox: Sandbox, folder: Path, tmp_path: Path
    ) -> None:
        name = f"lemmary-test-{os.getpid()}"
        path = tmp_path / "socket"
        with socket.socket(socket.AF_UNIX) as abstract, socket.socket(socket.AF_UNIX) as named:
            abstract.bind(f"\0{name}")
            named.bind(str(path))
            path.chmod(0o777)
            heard = serve(abstract), serve(named)
            script = 'socket(S, PF_UNIX, SOCK_STREAM, 0); print "met" if connect(S, sockaddr_un("%s"))'
            assert "met" not in perl(sandbox, folder, script % f"\\0{name}").output
            assert "met" not in perl(sandbox, folder, script % path).output
            with socket.socket(socket.AF_UNIX) as visitor:  # the servers do answer
                visitor.connect(f"\0{name}")
                visitor.recv(1)
        assert (len(heard[0]), len(heard[1])) == (1, 0)

    def test_other_processes_cannot_be_signalled_or_traced(self, sandbox: Sandbox, folder: Path) -> None:
        with subprocess.Popen(["sleep", "100"]) as victim:
            script = f"kill -9 {victim.pid}; kill -9 -1; kill -9 {os.getpid()} {os.getppid()}"
            shell(sandbox, folder, script)
            traced = perl(
                sandbox, folder, f"print syscall(101, 16, {victim.pid}, 0, 0)"
            ).output  # PTRACE_ATTACH on x86-64
            assert traced.strip() in ("-1", "")
            assert victim.poll() is None
            victim.kill()


class TestOutlasting:
    @pytest.mark.parametrize(
        "script",
        [
            "trap '' TERM INT HUP QUIT; while :; do sleep 1; done",
            "trap '' TERM; (trap '' TERM; sleep 100) & sleep 100",
            "setsid sleep 100 & sleep 100",
            "(setsid sh -c 'sleep 100 & sleep 100' &) ; sleep 100",
            "setsid setsid sh -c '(sleep 100 &) &' ; exit 0",
        ],
    )
    def test_nothing_outlives_the_box(self, sandbox: Sandbox, folder: Path, script: str) -> None:
        shell(sandbox, folder, script, Limits(wall_seconds=1))
        assert processes_of(folder) == []

    def test_the_box_ends_with_its_first_process(self, sandbox: Sandbox, folder: Path) -> None:
        done = shell(sandbox, folder, "(setsid sleep 1000 &); echo done", Limits(wall_seconds=100))
        assert (done.stopped, done.output) == (None, "done\n")
        assert done.seconds < 90

    def test_a_fork_bomb_burns_itself_out(self, sandbox: Sandbox, folder: Path) -> None:
        done = shell(sandbox, folder, "b() { b | b & }; b; while :; do b; done", Limits(wall_seconds=3, cpu_seconds=3))
        assert not done.ok
        assert processes_of(folder) == []

    def test_clocks_hold_for_all_processes_together(self, sandbox: Sandbox, folder: Path) -> None:
        loops = " & ".join(["while :; do :; done"] * 4)
        done = shell(sandbox, folder, f"{loops} & wait", Limits(wall_seconds=60, cpu_seconds=1))
        assert done.stopped == "cpu"
        assert done.cpu_seconds < 8


class TestFilling:
    def test_twenty_gibibytes_are_not_given(self, sandbox: Sandbox, folder: Path) -> None:
        done = perl(sandbox, folder, 'my $x = "a" x (20 * (1 << 30)); print length $x', Limits())
        assert done.returncode != 0
        assert "2147483648" not in done.output

    def test_memory_holds_for_all_processes_together(self, sandbox: Sandbox, folder: Path) -> None:
        hog = "perl -e '$x = \"a\" x (60 << 20); sleep 60'"
        done = shell(sandbox, folder, " & ".join([hog] * 6) + " & wait", Limits(20, 20, 256 * MEBIBYTE))
        assert done.stopped == "memory"
        assert processes_of(folder) == []

    def test_ten_gibibytes_of_output_are_cut(self, sandbox: Sandbox, folder: Path) -> None:
        done = shell(sandbox, folder, "yes AAAAAAAA | head -c 10737418240", SMALL)
        assert done.stopped == "output"
        assert len(done.output) <= MEBIBYTE

    @pytest.mark.parametrize(
        "script",
        [
            "i=0; while :; do dd if=/dev/zero of=f$i bs=1M count=1 2>/dev/null; i=$((i+1)); done",
            "mkdir d; cd d; i=0; while :; do head -c 900000 /dev/zero > f$i; i=$((i+1)); done",
            "perl -e 'while (1) { open F, q(>), $i++ }'",
            "perl -e 'while (1) { mkdir q(d); chdir q(d) }'",
            "perl -e 'while (1) { symlink q(/etc/passwd), $i++ }'",
            "for n in 1 2 3; do (i=0; while :; do head -c 900000 /dev/zero > $n.$i; i=$((i+1)); done) & done; wait",
        ],
        ids=["big files", "files in a folder", "empty files", "deep folders", "links", "several writers"],
    )
    def test_the_scratch_folder_is_bounded_in_sum(self, sandbox: Sandbox, folder: Path, script: str) -> None:
        done = shell(sandbox, folder, script, Limits(60, 60, 512 * MEBIBYTE, MEBIBYTE))
        assert done.stopped == "output"

    def test_files_that_were_removed_while_open_count(self, sandbox: Sandbox, folder: Path) -> None:
        script = 'for $i (0..200) { open $f[$i], ">", "x"; unlink "x"; syswrite $f[$i], "a" x 1000000 } sleep 60'
        assert perl(sandbox, folder, script, Limits(30, 30, 2048 * MEBIBYTE, MEBIBYTE)).stopped == "output"

    def test_what_was_written_before_the_watch_looks_is_bounded_too(self, sandbox: Sandbox, folder: Path) -> None:
        shell(sandbox, folder, "i=0; while :; do head -c 900000 /dev/zero > f$i; i=$((i+1)); done", SMALL)
        assert used_bytes(folder) < 100 * FOLDER_FACTOR * SMALL.output_bytes

    def test_the_temporary_folder_of_the_box_is_small(self, sandbox: Sandbox, folder: Path) -> None:
        script = "i=0; while [ $i -lt 90 ]; do head -c 1000000 /dev/zero > /tmp/$i || exit 3; i=$((i+1)); done"
        assert shell(sandbox, folder, script).returncode == 3

    def test_a_spawned_box_is_watched_as_well(self, sandbox: Sandbox, folder: Path) -> None:
        box = sandbox.spawn(["perl", "-e", "while (1) { open F, q(>), $i++ }"], folder, Limits())
        assert box.stdout is not None
        box.stdout.read()
        kill(box)
        assert box.exceeded == "output"


class TestTricks:
    """What is left in a scratch folder for those who read it or clean it up."""

    @pytest.mark.parametrize(
        "script",
        ["ln -s {secret} Text.vo", "mkfifo Text.vo", "mkdir Text.vo", "ln -s /dev/zero Text.vo", "true",
         "dd if=/dev/zero of=Text.vo bs=1M count=20", "ln {secret} Text.vo", "ln -s Text.vo Text.vo"],
        ids=["link", "pipe", "folder", "device", "nothing", "large", "hard link", "link to itself"],
    )  # fmt: skip
    def test_only_a_plain_file_is_taken(self, sandbox: Sandbox, folder: Path, tmp_path: Path, script: str) -> None:
        secret = tmp_path / "secret"
        secret.write_text("secret")
        shell(sandbox, folder, script.format(secret=secret), Limits(output_bytes=30 * MEBIBYTE))
        assert not scratch.take(folder / "Text.vo", tmp_path / "taken", 16 * MEBIBYTE)
        assert not (tmp_path / "taken").exists()

    def test_a_plain_file_is_taken(self, sandbox: Sandbox, folder: Path, tmp_path: Path) -> None:
        shell(sandbox, folder, "echo hello > Text.vo; chmod 0 Text.vo")
        assert scratch.take(folder / "Text.vo", tmp_path / "taken", 100) is (os.geteuid() == 0)
        shell(sandbox, folder, "chmod 600 Text.vo")
        assert scratch.take(folder / "Text.vo", tmp_path / "taken", 100)
        assert (tmp_path / "taken").read_text() == "hello\n"

    @pytest.mark.parametrize(
        "script",
        [
            "ln -s {outside} link; ln -s {outside}/kept inside; mkdir d; ln -s {outside} d/link",
            "perl -e 'for (1..3000) {{ mkdir q(d); chdir q(d) }}'",
            "mkdir -p a/b; touch a/b/c; chmod 0 a/b a; touch -- -rf '--one' '*' \"$(printf 'a\\nb\\377')\"",
            "n=$(head -c 255 /dev/zero | tr '\\0' n); mkdir $n; cd $n; mkdir $n; cd $n; touch $n; mkfifo pipe",
            "chmod 0 .",
        ],
        ids=["links", "three thousand deep", "closed folders and odd names", "long names", "closed itself"],
    )
    def test_a_folder_is_removed_whole_and_nothing_else(self, sandbox: Sandbox, tmp_path: Path, script: str) -> None:
        (tmp_path / "kept").write_text("kept")
        with sandbox.folder() as folder:
            shell(sandbox, folder, script.format(outside=tmp_path), Limits())
        assert not os.path.lexists(folder)
        assert (tmp_path / "kept").read_text() == "kept"

    def test_names_of_every_kind_do_not_stop_the_watch(self, sandbox: Sandbox, folder: Path) -> None:
        script = "mkdir a; chmod 0 a; touch \"$(printf '\\377')\"; mkfifo p; ln -s . loop; sleep 0.5; echo done"
        done = shell(sandbox, folder, script)
        assert done.stopped in (None, "output")  # a folder that is closed to us (without root) counts as full
        assert threading.active_count() < 50


def refused() -> str:
    return "bubblewrap is refused here (for this test), so provers run without a sandbox: allow user namespaces"


class TestDegraded:
    """Where there is no bubblewrap: what still holds."""

    @pytest.fixture
    def bare(self) -> Sandbox:
        return Sandbox(probe=refused)

    @pytest.fixture
    def folder(self, bare: Sandbox) -> Iterator[Path]:
        with bare.folder() as path:
            yield path

    def test_it_says_so(self, bare: Sandbox) -> None:
        assert bare.degraded == refused()

    @pytest.mark.parametrize(
        ("script", "limits", "stopped"),
        [
            ("while :; do :; done", Limits(cpu_seconds=1), "cpu"),
            ("sleep 60", Limits(wall_seconds=0.3), "wall"),
            ("yes", SMALL, "output"),
            ("perl -e 'while (1) { open F, q(>), $i++ }'", SMALL, "output"),
        ],
    )
    def test_limits_hold(self, bare: Sandbox, folder: Path, script: str, limits: Limits, stopped: str) -> None:
        assert shell(bare, folder, script, limits).stopped == stopped

    def test_memory_is_limited(self, bare: Sandbox, folder: Path) -> None:
        assert perl(bare, folder, 'my $x = "a" x (1 << 30)').returncode != 0

    def test_the_environment_is_empty(self, bare: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_KEY", "hunter2")
        assert "hunter2" not in shell(bare, folder, "env").output

    @pytest.mark.skipif(os.geteuid() != 0, reason="without root there is no user id to drop to")
    @pytest.mark.parametrize("script", ["setsid sleep 100 & exit 0", "(setsid sh -c 'sleep 100 & sleep 100' &)"])
    def test_nothing_outlives_the_box(self, bare: Sandbox, folder: Path, script: str) -> None:
        shell(bare, folder, script + " >/dev/null 2>&1", Limits(wall_seconds=1))
        assert processes_of(folder) == []

    @pytest.mark.skipif(os.geteuid() != 0, reason="without root there is no user id to drop to")
    def test_the_user_is_nobody_and_others_are_out_of_reach(self, bare: Sandbox, folder: Path, tmp_path: Path) -> None:
        home = folder.parent
        script = f"id -u; cat /etc/shadow; kill -9 {os.getpid()}; rm -rf {folder} {home}; mv {folder} /tmp/x; ls {home}"
        done = shell(bare, folder, script)
        assert done.output.split()[0] == str(folder.stat().st_uid)
        assert "root:" not in done.output
        assert done.returncode != 0
        assert folder.is_dir()

    def test_an_audit_works_and_a_cheat_is_refused(self, bare: Sandbox) -> None:
        from domain import Candidate, Problem
        from verifiers.audit.rocq.auditor import Auditor

        auditor = Auditor(bare, Limits(60, 10))
        problem = Problem("goal", "rocq", "", "Theorem goal : 1 + 1 = 2.")
        proofs = ["reflexivity.", "Admitted.", "Theorem goal : True. exact I. Qed."]
        verdicts = auditor.audit([Candidate(problem, proof) for proof in proofs])
        auditor.close()
        assert [verdict.accepted for verdict in verdicts] == [True, False, False]


def test_a_process_that_ends_leaves_no_folder(repository: Path) -> None:
    script = "from verifiers.audit.sandbox import Sandbox\nprint(Sandbox().make_folder())"
    ran = subprocess.run([sys.executable, "-c", script], cwd=repository, capture_output=True, text=True, check=True)
    assert not Path(ran.stdout.strip()).exists()
    assert not Path(ran.stdout.strip()).parent.exists()


def wait_until(claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.01)
    return claim()


def test_the_watch_lets_go_of_boxes_that_have_ended(sandbox: Sandbox, folder: Path) -> None:
    box: Box = sandbox.spawn(["true"], folder, Limits())
    assert box.stdout is not None
    box.stdout.read()
    kill(box)
    watched = weakref.ref(box)
    del box
    assert wait_until(lambda: watched() is None)
