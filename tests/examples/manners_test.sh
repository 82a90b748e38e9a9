#!/bin/sh
# SPDX-License-Identifier: MIT
# manners_test.sh <folder of the programs> <sample folder>: how the programs behave towards the shell: output that is
# lost, descriptors that are closed, signals, two runs in one folder, locales, odd names, --version. Needs python3.
set -eu
programs=$(cd "$1" && pwd)
sample=$(cd "$2" && pwd)
tests=$(cd "$(dirname "$0")/.." && pwd)
program=$programs/vpf
# shellcheck source=/dev/null
. "$tests/support/program.sh"
OMP_NUM_THREADS=1
OMP_WAIT_POLICY=passive
export OMP_NUM_THREADS OMP_WAIT_POLICY


# run <arguments>...: the program, its exit status in $status. Redirections are the caller's.
run() {
  status=0
  "$@" || status=$?
}

# train_small <folder> <arguments>...: a training that takes a moment.
train_small() {
  folder=$1
  shift
  "$program" train --data "$sample" --limit 200 --arch 784-16 --epochs 2 --out "$folder" "$@"
}

# the_same <folder>: its machine and log are those of an undisturbed run. Times differ.
the_same() {
  cmp whole/model.safetensors "$1/model.safetensors" || fail "$1: another machine"
  sed 's/, "seconds.*//' "$1/log.jsonl" | cmp - whole.log || fail "$1: another log"
  [ "$(ls -A "$1")" = "$(ls -A whole)" ] || fail "$1 has other files: $(ls -A "$1")"
}

# one_line <part of it> [<file>]: stderr is one line, which has that.
one_line() {
  [ "$(wc -l <"${2-stderr}")" -eq 1 ] || fail "not one line on stderr"
  grep -q -F -e "$1" "${2-stderr}" || fail "no \"$1\" on stderr"
}

train_small whole >stdout 2>stderr || fail "a small training"
[ ! -s stderr ] || fail "a good run writes to stderr"
sed 's/, "seconds.*//' whole/log.jsonl >whole.log
mkdir -p scores

# ---- output that is lost ----

# Every command has a table or a summary; where it cannot be written, that is said with the reason, and files are as
# ever.
lost() { # lost <what follows the name> <arguments>...
  name=$1
  shift
  run "$programs/${name%% *}" "$@" >/dev/full 2>stderr
  [ $status -eq 1 ] || fail "exit status $status instead of 1: $name >/dev/full"
  one_line "$name: input or output failed: cannot write standard output: No space left on device"
  run "$programs/${name%% *}" "$@" >&- 2>stderr
  [ $status -eq 1 ] || fail "exit status $status instead of 1: $name >&-"
  one_line "$name: input or output failed: cannot write standard output: Bad file descriptor"
  run "$programs/${name%% *}" "$@" 2>&- >stdout
  [ $status -eq 0 ] || fail "exit status $status of $name 2>&-"
}
[ -c /dev/full ] || fail "there is no /dev/full"
model=whole/model.safetensors
lost 'vpf train' train --data "$sample" --limit 200 --arch 784-16 --epochs 2 --out lost
the_same lost
lost train_mnist --data "$sample" --limit 200 --arch 784-16 --epochs 2 --out lost-too
the_same lost-too
lost 'vpf sample' sample $model --count 4 --out sample.png
check_picture sample.png 62 62
lost 'vpf fill' fill $model --data "$sample" --rows 20 --steps 2 --count 2 --out fill.png
lost 'vpf evaluate' evaluate $model --data "$sample" --rows 20 --quick --parts machine --out scores.json
python3 -c 'import json; json.load(open("scores.json"))' || fail "scores.json"
lost 'vpf evaluate' evaluate $model --data "$sample" --rows 20 --quick --parts machine
lost 'vpf report' report whole
rm whole/report.html
lost 'vpf train' train --help
lost vpf
lost vpf --version
lost reproduce --help
if [ -x "$programs/minimal" ]; then
  for name in minimal resume own_allocator; do
    for redirection in '>/dev/full' '>&-'; do
      run sh -c "exec \"\$0\" $redirection" "$programs/$name" 2>stderr
      [ $status -eq 1 ] || fail "exit status $status instead of 1: $name $redirection"
      one_line "$name: stdout: "
    done
    "$programs/$name" 2>&- >stdout || fail "$name 2>&-"
  done
fi
echo "ok: lost output"

# A limit on the size of files is like a full disk.
run sh -c 'ulimit -f 8 && exec "$@"' sh "$program" train --data "$sample" --limit 200 --arch 784-16 --epochs 2 \
  --out limited >stdout 2>stderr
[ $status -eq 1 ] || fail "exit status $status instead of 1: a limit on the size of files"
one_line 'vpf train: input or output failed: writing limited/model.safetensors: File too large'
[ "$(ls -A limited)" = log.jsonl ] || fail "it has left $(ls -A limited)"

# A reader that ends: what writes files goes on, saves everything, and ends as the pipe would have ended it. Where
# SIGPIPE is ignored, that is an error like any other.
python3 - "$programs" "$sample" <<'PYTHON' || fail "a reader that ends"
import os, signal, subprocess, sys
programs, sample = sys.argv[1:]
def without_reader(how, wanted, said, name, *arguments):
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run([os.path.join(programs, name), *arguments], stdout=writer, stderr=subprocess.PIPE,
                         preexec_fn=lambda: signal.signal(signal.SIGPIPE, how), restore_signals=False)
    os.close(writer)
    assert run.returncode == wanted, (name, arguments, run.returncode, run.stderr)
    assert run.stderr.decode() == said, (name, run.stderr)
broken = ": input or output failed: cannot write standard output: Broken pipe\n"
train = ["--data", sample, "--limit", "200", "--arch", "784-16", "--epochs", "2", "--out"]
model = "whole/model.safetensors"
without_reader(signal.SIG_DFL, -signal.SIGPIPE, "", "vpf", "train", *train, "headed")
without_reader(signal.SIG_IGN, 1, "vpf train" + broken, "vpf", "train", *train, "headed-ignored")
without_reader(signal.SIG_DFL, -signal.SIGPIPE, "", "train_mnist", *train, "headed-too")
without_reader(signal.SIG_DFL, -signal.SIGPIPE, "", "vpf", "sample", model, "--count", "4", "--out", "headed.png")
without_reader(signal.SIG_IGN, 1, "vpf evaluate" + broken, "vpf", "evaluate", model, "--data", sample, "--rows", "20",
               "--quick", "--parts", "machine")
without_reader(signal.SIG_DFL, -signal.SIGPIPE, "", "vpf", "evaluate", model, "--data", sample, "--rows", "20",
               "--quick", "--parts", "machine", "--out", "headed.json")
without_reader(signal.SIG_DFL, -signal.SIGPIPE, "", "vpf")
assert os.path.getsize("headed.png") > 100 and os.path.getsize("headed.json") > 100
PYTHON
for folder in headed headed-ignored headed-too; do the_same $folder; done
train_small piped 2>stderr | head -n 1 >stdout
grep -q '^Training ' stdout || fail "no first line"
the_same piped
echo "ok: a reader that ends"

# ---- descriptors that are closed ----

# Whichever of the three are closed: no file gets one of them, and with it what is printed.
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
  rm -rf closed
  run sh -c "exec \"\$@\" $closed" sh "$program" train --data "$sample" --limit 200 --arch 784-16 --epochs 2 \
    --out closed --watch 2 --chains 2 --temperatures 5 >stdout 2>stderr
  case $closed in *' >&-'* | '>&-'*) wanted=1 ;; *) wanted=0 ;; esac
  [ $status -eq $wanted ] || fail "exit status $status instead of $wanted: vpf train $closed"
  cmp whole/model.safetensors closed/model.safetensors || fail "$closed: another machine"
  python3 - <<'PYTHON' || fail "$closed: log.jsonl"
import json
assert [json.loads(line)["epoch"] for line in open("closed/log.jsonl")] == [1, 2]
PYTHON
  run sh -c "exec \"\$@\" $closed" sh "$program" evaluate $model --data "$sample" --rows 20 --quick --parts machine \
    --out closed.json --scores closed.csv >stdout 2>stderr
  [ $status -eq $wanted ] || fail "exit status $status instead of $wanted: vpf evaluate $closed"
  python3 -c 'import json; json.load(open("closed.json"))' || fail "closed.json $closed"
  awk -F, 'NR == 1 { n = NF } NF != n || $0 == "" { exit 1 }' closed.csv || fail "closed.csv $closed"
  if [ -x "$programs/minimal" ]; then
    rm -f minimal.safetensors
    "$programs/minimal" minimal-open >stdout
    run sh -c "exec \"\$@\" $closed" sh "$programs/minimal" >stdout 2>stderr
    [ $status -eq $wanted ] || fail "exit status $status instead of $wanted: minimal $closed"
    cmp minimal-open minimal.safetensors || fail "minimal $closed: another model"
  fi
done
echo "ok: closed descriptors"

# ---- signals ----

# A signal during a long training: what was learned is saved, the exit status says which signal it was. One that is
# ignored stays ignored. A second Ctrl-C or SIGTERM ends the program at once, a second SIGHUP does not.
cat >signals.py <<'PYTHON'
import atexit, os, signal, subprocess, sys, time
programs, sample = sys.argv[1:]
started = [] # and not left behind when something fails
atexit.register(lambda: [run.kill() for run in started if run.poll() is None])
stop = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
names = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}

def set_signals(ignored=()):
    for number in stop:
        signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

def begin(name, folder, ignored=(), arguments=()):
    command = [os.path.join(programs, part) if k == 0 else part for k, part in enumerate(name.split())]
    run = subprocess.Popen([*command, "--data", sample, "--limit", "500", "--arch", "784-16", "--out", folder,
                            *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           preexec_fn=lambda: set_signals(ignored))
    started.append(run)
    limit = time.monotonic() + 120
    while not os.path.exists(folder + "/log.jsonl") and time.monotonic() < limit and run.poll() is None:
        time.sleep(0.01)
    assert run.poll() is None, (folder, run.communicate())
    return run

def left(folder):
    return sorted(os.listdir(folder))

whole = ["checkpoint.safetensors", "filters.png", "log.jsonl", "model.safetensors", "summary.txt"]
for name in "vpf train", "train_mnist":
    for number in stop:
        folder = "%s-%d" % (name.replace(" ", "-"), number)
        run = begin(name, folder, arguments=["--epochs", "1000000"])
        run.send_signal(number)
        out, err = run.communicate(timeout=60)
        assert run.returncode == 128 + number, (folder, run.returncode, err)
        assert ("Stopped by %s in epoch " % names[number]).encode() in out and not err, (out, err)
        assert left(folder) == whole, left(folder)

for number in stop:  # ignored, as by nohup: it goes on, and another signal stops it
    folder = "ignored-%d" % number
    run = begin("vpf train", folder, ignored=[number], arguments=["--epochs", "1000000"])
    for _ in range(3):
        run.send_signal(number)
        time.sleep(0.05)
    assert run.poll() is None, (folder, run.communicate())
    other = stop[(stop.index(number) + 1) % 3]
    run.send_signal(other)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 128 + other, (folder, run.returncode, err)
    assert left(folder) == whole, left(folder)

# Its images are looked at by annealing that takes for ever, where the first signal has to wait, so the second shows.
forever = ["--epochs", "1000000", "--watch", "1", "--chains", "2000", "--temperatures", "100000"]
for first, second, ignored in [(signal.SIGINT, signal.SIGINT, []), (signal.SIGTERM, signal.SIGINT, []),
                               (signal.SIGHUP, signal.SIGTERM, []), (signal.SIGHUP, signal.SIGHUP, []),
                               (signal.SIGTERM, signal.SIGINT, [signal.SIGINT]),
                               (signal.SIGTERM, signal.SIGHUP, [signal.SIGHUP])]:
    survives = second in ignored or first == second == signal.SIGHUP
    folder = "second-%d-%d-%d" % (first, second, len(ignored))
    run = subprocess.Popen([programs + "/vpf", "train", "--data", sample, "--limit", "500", "--arch", "784-40", "--out",
                            folder, *forever], stdout=subprocess.PIPE, preexec_fn=lambda: set_signals(ignored))
    started.append(run)
    while not run.stdout.readline().startswith(b"epoch"): assert run.poll() is None
    time.sleep(0.2)
    run.send_signal(first)
    time.sleep(0.2)
    assert run.poll() is None, "the first signal did not wait"
    run.send_signal(second)
    if survives:
        time.sleep(0.3)
        assert run.poll() is None, (folder, "the second signal has ended it")
        run.send_signal(signal.SIGTERM)
        second = signal.SIGTERM
    run.wait(20)
    assert run.returncode == -second, (folder, run.returncode)
    run.stdout.close()

# What takes long and catches nothing ends at once, and leaves nothing half-written.
os.mkdir("halves")
model = "wide/model.safetensors" # whose log Z cannot be enumerated
long_work = [["evaluate", model, "--data", sample, "--parts", "likelihood", "--chains", "1000",
              "--temperatures", "100000", "--out", "halves/scores.json", "--scores", "halves/rows.csv"],
             ["sample", model, "--steps", "1000000", "--out", "halves/images.png"],
             ["fill", model, "--data", sample, "--steps", "100000", "--out", "halves/filled.png"]]
for arguments in long_work:
    for number in stop:
        run = subprocess.Popen([programs + "/vpf", *arguments], stdout=subprocess.DEVNULL, preexec_fn=set_signals)
        started.append(run)
        time.sleep(0.3)
        assert run.poll() is None, arguments
        run.send_signal(number)
        assert run.wait(20) == -number, (arguments, run.returncode)
        assert os.listdir("halves") == [], os.listdir("halves")
PYTHON
train_small wide --arch 784-40 >stdout 2>stderr || fail "a wider machine"
python3 signals.py "$programs" "$sample" || fail "signals"
echo "ok: signals"

# At any moment of short work a signal leaves whole files or none.
python3 - "$programs" "$sample" <<'PYTHON' || fail "files that are half-written"
import os, random, signal, struct, subprocess, sys, time
programs, sample = sys.argv[1:]
random.seed(1)
os.mkdir("moments")
command = [programs + "/vpf", "sample", "whole/model.safetensors", "--count", "900", "--steps", "1", "--samples",
           "--out", "moments/images.png"]
begin = time.monotonic()
subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
took = time.monotonic() - begin
picture = open("moments/images.png", "rb").read()
ended = 0
for k in range(40):
    os.unlink("moments/images.png")
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    time.sleep(took * random.random())
    run.send_signal(signal.SIGINT)
    ended += run.wait() == -signal.SIGINT
    there = os.listdir("moments")
    assert there in ([], ["images.png"]), there
    if there:
        assert open("moments/images.png", "rb").read() == picture
    else:
        open("moments/images.png", "wb").close()
print("%d of 40 ended by the signal" % ended)
assert ended > 5
PYTHON
echo "ok: no half-written files"

# A signal in the middle of a save waits for its end.
if command -v cc >/dev/null && ! ldd "$program" | grep -q -e asan -e tsan; then
  echo '#include <signal.h>' >stopped.c
  echo 'int fsync(int fd) { (void)fd; return raise(SIGTERM); }' >>stopped.c
  cc -shared -fPIC stopped.c -o stopped.so || fail "cc"
  run env LD_PRELOAD=./stopped.so "$program" evaluate $model --data "$sample" --limit 200 --rows 20 --quick \
    --parts likelihood --ladder-file ladders/kept >stdout 2>stderr
  [ $status -eq 143 ] || fail "exit status $status instead of 143: a signal during the save of a ladder"
  [ "$(ls -A ladders)" = kept ] || fail "a signal during the save of a ladder leaves $(ls -A ladders)"
  echo "ok: a signal during a save"
fi

# ---- two runs in one folder ----

cat >lock.py <<'PYTHON'
import fcntl, os, signal, struct, subprocess, sys, time
programs, sample = sys.argv[1:]
def command(name, folder, epochs):
    first, *rest = name.split()
    return [os.path.join(programs, first), *rest, "--data", sample, "--limit", "500", "--arch", "784-16", "--out",
            folder, "--epochs", epochs]
def contents(folder):
    return {name: open(os.path.join(folder, name), "rb").read() for name in os.listdir(folder)}
first = subprocess.Popen(command("vpf train", "shared", "1000000"), stdout=subprocess.DEVNULL)
limit = time.monotonic() + 120
while not os.path.exists("shared/log.jsonl") and time.monotonic() < limit: time.sleep(0.01)
first.send_signal(signal.SIGSTOP)
before = contents("shared")
assert ".vpf-lock" in before, before.keys()
for name in "vpf train", "train_mnist":
    second = subprocess.run(command(name, "shared", "1"), capture_output=True)
    assert second.returncode == 1, second
    said = "%s: not possible in this state: another run (process %d) is writing to shared; " % (name, first.pid)
    assert second.stderr.decode().startswith(said) and second.stderr.count(b"\n") == 1, second
    assert contents("shared") == before, "it has changed something"
assert subprocess.run(command("vpf train", "elsewhere", "1"), capture_output=True).returncode == 0
first.send_signal(signal.SIGCONT)
first.send_signal(signal.SIGKILL) # leaves its lock file, which does no harm
first.wait()
assert ".vpf-lock" in os.listdir("shared")
third = subprocess.run(command("vpf train", "shared", "1"), capture_output=True)
assert third.returncode == 0, third
assert ".vpf-lock" not in os.listdir("shared"), os.listdir("shared")

# Of many that begin at once, those that were not refused ran one after another.
runs = [subprocess.Popen(command("vpf train", "crowd", "1"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(8)]
results = [(run.communicate()[1], run.returncode) for run in runs]
assert any(status == 0 for _, status in results), results
assert all(status == 0 or b"is writing to crowd" in said for said, status in results), results
assert ".vpf-lock" not in os.listdir("crowd")

# Whatever is in the way of the lock, the run does without.
os.makedirs("odd/.vpf-lock")
assert subprocess.run(command("vpf train", "odd", "1"), capture_output=True).returncode == 0
os.mkdir("linked")
os.symlink("target", "linked/.vpf-lock")
assert subprocess.run(command("vpf train", "linked", "1"), capture_output=True).returncode == 0
assert not os.path.exists("linked/target") and not os.path.exists("target")

# A lock whose holder cannot be told, as in another container: it is refused all the same, and not tried for ever.
os.mkdir("unknown")
with open("unknown/.vpf-lock", "w") as file:
    fcntl.fcntl(file, 37, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)) # F_OFD_SETLK
    run = subprocess.run(command("vpf train", "unknown", "1"), capture_output=True, timeout=60)
assert run.returncode == 1 and b": another run is writing to unknown; " in run.stderr, run

# The lock file of somebody else, which may only be read. Without root, nobody else is needed.
os.mkdir("theirs")
os.chmod("theirs", 0o777)
os.chmod(".", 0o755)
def as_another(*arguments):
    return subprocess.run(arguments, capture_output=True, preexec_fn=lambda: os.getuid() or os.setuid(65533))
def can_run():
    try:
        seen = as_another("cat", sample + "/train-images-idx3-ubyte.gz").returncode == 0
        return seen and as_another(programs + "/vpf", "--version").returncode == 0
    except PermissionError:
        return False
if can_run():
    file = open("theirs/.vpf-lock", "w")
    os.chmod("theirs/.vpf-lock", 0o444)
    fcntl.lockf(file, fcntl.LOCK_EX)
    run = as_another(*command("vpf train", "theirs", "1"))
    said = b"another run (process %d) is writing to theirs; " % os.getpid()
    assert run.returncode == 1 and said in run.stderr and os.listdir("theirs") == [".vpf-lock"], run
    file.close()
    run = as_another(*command("vpf train", "theirs", "1"))
    assert run.returncode == 0 and os.path.exists("theirs/.vpf-lock"), run
else:
    print("SKIPPED: the lock of somebody else, who cannot run programs here")

study = [programs + "/reproduce", "--quick", "--only", "greedy", "--out", "study"]
first = subprocess.Popen(study, stdout=subprocess.DEVNULL)
while not os.path.exists("study/machines"): time.sleep(0.01)
for more in [], ["--resume"]:
    second = subprocess.run(study + more, capture_output=True)
    assert second.returncode == 1 and b"is writing to study" in second.stderr, second
first.send_signal(signal.SIGTERM)
assert first.wait() == 128 + signal.SIGTERM, first.returncode
PYTHON
python3 lock.py "$programs" "$sample" || fail "two runs in one folder"
echo "ok: two runs in one folder"

# ---- locales ----

# One with a decimal comma, made here: glibc's localedef needs no more than this.
printf 'LC_NUMERIC\ndecimal_point "<U002C>"\nthousands_sep "<U002E>"\ngrouping 3;3\nEND LC_NUMERIC\n' >comma.source
mkdir locales
localedef -c -i ./comma.source ./locales/comma >localedef.log 2>&1 || :
in_locale() { env LC_ALL=comma LOCPATH="$PWD/locales" "$@"; }
if [ "$(in_locale printf %.1f 1,5 2>/dev/null)" = 1,5 ]; then
  in_locale "$program" train --data "$sample" --limit 200 --arch 784-16 --epochs 2 --lr 0.001 --out comma \
    >stdout 2>stderr || fail "vpf train where 1.5 is 1,5"
  the_same comma
  for where in env in_locale; do
    $where "$program" evaluate $model --data "$sample" --rows 20 --quick --parts machine,likelihood \
      --out $where.json --scores $where.csv >stdout 2>stderr || fail "vpf evaluate where 1.5 is 1,5"
    sed -i '/seconds/d; /"date"/d' $where.json
  done
  cmp env.csv in_locale.csv || fail "other scores in another locale"
  run in_locale "$program" train --data "$sample" --lr 0,001 --out never 2>stderr
  [ $status -eq 2 ] || fail "--lr 0,001 was taken"
  one_line '--lr 0,001: must be a number from 1e-12 to 10'
  echo "ok: locales"
else
  echo "SKIPPED: no locale with a decimal comma could be made"
fi

# ---- odd names ----

newline='a
b'
run "$program" train --data "$newline" --out never 2>stderr
[ $status -eq 1 ] || fail "exit status $status"
one_line 'a\nb'
run "$program" sample "$newline" --out never.png 2>stderr # said by the library
one_line 'opening a\nb: No such file or directory'
run "$program" "$newline" 2>stderr
one_line 'vpf: a\nb: is not a command'
run "$program" train --data "$sample" --lr "$newline" 2>stderr
one_line '--lr a\nb: must be a number'
run "$program" sample "$(printf '\033[31mr\303\244d\302\233')" --out never.png 2>stderr
one_line "$(printf '\\x1b[31mr\303\244d\\xc2\\x9b: No such file')"
run "$program" train --data "$(printf '\033[31mr\303\244d\302\233')" 2>stderr
one_line "$(printf '\\x1b[31mr\303\244d\\xc2\\x9b')"
train_small "$newline" >stdout 2>stderr || fail "a folder with a newline in its name"
cmp whole/model.safetensors "$newline/model.safetensors" || fail "another machine in a folder with a newline"
echo "ok: odd names"

# ---- --version ----

header=$tests/../include/vpf/version.h
version=$(sed -n 's/^#define VPF_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' "$header" | paste -s -d .)
for name in vpf 'vpf train' 'vpf sample' 'vpf fill' 'vpf evaluate' 'vpf report' train_mnist reproduce minimal ising \
  rbm dbm_intra own_loop resume progress_cancel own_allocator rbm_cpp; do
  [ -x "$programs/${name%% *}" ] || continue
  command=${name#vpf} # "" or " train"
  [ "$command" != "$name" ] || command=
  # shellcheck disable=SC2086  # one word or none
  run "$programs/${name%% *}" $command --version >stdout 2>stderr
  [ $status -eq 0 ] && [ "$(cat stdout)" = "$name $version" ] && [ ! -s stderr ] || fail "$name --version"
  # shellcheck disable=SC2086
  run "$programs/${name%% *}" $command --version >/dev/full 2>stderr
  [ $status -eq 1 ] || fail "exit status $status: $name --version >/dev/full"
done

# With another library than it was compiled for, it says so. A sanitizer wants to be the first library.
if command -v cc >/dev/null && ldd "$program" | grep -q libvpf && ! ldd "$program" | grep -q -e asan -e tsan; then
  echo 'const char *vpf_version_string(void) { return "1.99.3"; }' >other.c
  echo 'unsigned vpf_version_number(void) { return 19903; }' >>other.c
  cc -shared -fPIC other.c -o other.so || fail "cc"
  LD_PRELOAD=./other.so "$program" --version >stdout || fail "vpf --version with another library"
  [ "$(cat stdout)" = "vpf 1.99.3 (compiled for $version)" ] || fail "it does not say what it was compiled for"
fi
echo "ok: --version"
