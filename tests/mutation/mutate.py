#!/usr/bin/env python3
"""mutate.py FOLDER [--mutants N] [--seed S] [--files GLOB] [--rooms LIST] [--least SHARE]

Changes one operator, factor or number of model/ at a time in a copy of the sources below FOLDER, and asks the tests
whether they notice: those of the model first, then the second implementation, then those of the other rooms. Prints
each mutant that survives and the count so far, so that a run that is ended has said what it found. A sample from the seed, or with --mutants 0 all of them. Exit 1 if less than SHARE is caught.
By hand: a mutant takes seconds.
"""
import argparse
import pathlib
import random
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ["model", "oracle", "configs", "validate", "cli", "sim"]
TIMEOUT = 300  # seconds; a mutant that hangs is caught
SWAPS = {" + ": " - ", " - ": " + ", " * ": " / ", " / ": " * ", " < ": " <= ", " > ": " >= ", " <= ": " < ",
         " >= ": " > ", " == ": " != ", " != ": " == ", " && ": " || ", " || ": " && ", " += ": " -= ", "max(": "min(",
         "min(": "max("}
PATTERNS = [(re.compile(re.escape(old)), lambda _, new=new: new) for old, new in SWAPS.items()]
PATTERNS += [
    (re.compile(r" \* [\w.]+(?![\w.(\[<{])"), lambda _: ""),  # a factor dropped
    # Not exponents, and not the capacities that templates are given.
    (re.compile(r"(?<![\w.\"])(?<!e-)\d+(?![\w.xX'>])"), lambda found: str(int(found.group()) + 1)),
]


def code_of(line):
    """The line with comments and texts blanked, as long as before."""
    line = re.sub(r'"(?:[^"\\]|\\.)*"', lambda text: " " * len(text.group()), line)
    return re.sub(r"//.*", lambda text: " " * len(text.group()), line)


def mutants_of(path):
    lines = path.read_text().splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.lstrip().startswith(("#", "static_assert", "template", "namespace", "using")):
            continue
        code = code_of(line)
        for pattern, replace in PATTERNS:
            for found in pattern.finditer(code):
                yield path, number, line[: found.start()] + replace(found) + line[found.end() :]


def tests_of(build, room):
    """What to build and what to run for a room's tests."""
    if room == "oracle":
        sizes = {"exact": ["--models", "4", "--systems", "1"], "ledger": ["--cases", "30"], "clock": ["--cases", "30"],
                 "serving": ["--cases", "15"]}
        folder = SOURCE / "tests" / "oracle"
        return "ithaca", [[sys.executable, folder / f"{name}.py", build / "ithaca", *sizes[name]] for name in sizes]
    target = f"ithaca_{room}_tests"
    return target, [[build / "tests" / room / target, "--gtest_fail_fast"]]


def noticed(build, rooms, log_file):
    """Which room's tests fail, "" if none does, or None where the mutant does not compile."""
    for room in rooms:
        target, commands = tests_of(build, room)
        with open(log_file, "w") as log:
            if subprocess.run(["cmake", "--build", build, "--target", target], stdout=log, stderr=log).returncode:
                return None
            try:
                if any(subprocess.run(one, stdout=log, stderr=log, timeout=TIMEOUT).returncode for one in commands):
                    return room
            except subprocess.TimeoutExpired:
                return room
    return ""


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("folder", type=pathlib.Path)
    flags.add_argument("--mutants", type=int, default=200)
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--files", default="*.cpp")
    flags.add_argument("--rooms", default=",".join(ROOMS), help="whose tests are asked")
    flags.add_argument("--least", type=float, default=0.95)
    asked = flags.parse_args()
    rooms = asked.rooms.split(",")
    folder = asked.folder.resolve()
    source, build = folder / "source", folder / "build"
    shutil.copytree(SOURCE, source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("build", ".git"))
    for path in (source / "model").glob("*.cpp"):
        path.touch()  # a run that was ended may have left objects of a mutant
    with open(source / "CMakeLists.txt", "a") as lists:  # a mutant costs one file
        lists.write("set_target_properties(ithaca_model PROPERTIES UNITY_BUILD OFF)\n")
    linker = ["-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold"] if shutil.which("mold") else []
    subprocess.run(["cmake", "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", *linker,
                    "-DCMAKE_CXX_FLAGS_DEBUG=-O1", "-DITHACA_CUDA=OFF", "-DITHACA_TEST_BATCH=8"], check=True,
                   stdout=subprocess.DEVNULL)
    log = folder / "log"
    if noticed(build, rooms, log) != "":
        sys.exit(f"the tests fail without a mutant: {log}")

    mutants = [mutant for path in sorted((source / "model").glob(asked.files)) for mutant in mutants_of(path)]
    print(f"seed {asked.seed}, {len(mutants)} mutants in all", flush=True)
    if asked.mutants:
        mutants = random.Random(asked.seed).sample(mutants, min(asked.mutants, len(mutants)))
    by_room = dict.fromkeys([*rooms, ""], 0)
    for path, number, line in mutants:
        whole = path.read_text()
        lines = whole.splitlines(keepends=True)
        was, lines[number] = lines[number], line
        path.write_text("".join(lines))
        room = noticed(build, rooms, log)
        path.write_text(whole)
        if room is None:
            continue
        by_room[room] += 1
        if not room:
            print(f"survives: {path.relative_to(source)}:{number + 1}\n-{was.rstrip()}\n+{line.rstrip()}", flush=True)
        asked_now = sum(by_room.values())
        print(f"{asked_now - by_room['']} of {asked_now} caught", flush=True)
    alive = by_room.pop("")
    caught = sum(by_room.values())
    print(f"{caught} of {caught + alive} caught, by the tests of {by_room}")
    if caught < asked.least * max(1, caught + alive):
        sys.exit(1)


if __name__ == "__main__":
    main()
