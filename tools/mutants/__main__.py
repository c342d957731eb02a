"""python -m tools.mutants: break the library on purpose; see the package's docstring.

    python -m tools.mutants                       all of it, and the page
    python -m tools.mutants --jury unit latent    one jury, one module
    python -m tools.mutants --sample 100          as continuous integration runs it
    python -m tools.mutants --page                the page anew, from the last verdicts

A verdict is kept in _build/mutants/ until the module is judged again. The exit code is 1
when a mutant that is not on the list of equivalents survives the unit tests.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter

from tools.kernel_environment import ROOT, fix_environment
from tools.mutants import equivalents, live, page
from tools.mutants.slips import Mutant

KEPT = ROOT / "_build" / "mutants"
JURIES = ("unit", "notebooks", "stated", "displays")


def modules() -> list[str]:
    paths = [*(ROOT / "boltzlib").glob("*.py"), *(ROOT / "boltzlib" / "book").glob("*.py")]
    names = (path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in paths)
    return sorted(name for name in names if not name.endswith("__init__"))


def seed_of_sources() -> int:
    """A seed that changes with the library, and only with it."""
    digest = hashlib.sha256()
    for name in modules():
        digest.update(live.path_of(name).read_bytes())
    return int.from_bytes(digest.digest()[:4])


def judge(jury: str, mutants: list[Mutant], jobs: int, **which) -> dict[Mutant, str]:
    """Each mutant's verdict by one jury; progress is printed."""
    if jury == "unit":
        from tools.mutants.unit_tests import judge
    else:
        from tools.mutants.notebook_jury import judge
    verdicts: dict[Mutant, str] = {}
    start = said = time.monotonic()

    def told(mutant: Mutant, verdict: str) -> None:
        nonlocal said
        verdicts[mutant] = verdict
        if time.monotonic() > said + 30:
            said = time.monotonic()
            print(
                f"  {(said - start) / 60:.1f} min: {len(verdicts)} of {len(mutants)}, "
                f"{sum(v == 'survived' for v in verdicts.values())} survive",
                flush=True,
            )

    try:
        judge(mutants, jobs, told, **which)
    except KeyboardInterrupt:
        print("stopped: the verdicts so far stand")
    print(f"{jury}: {len(verdicts)} mutants, {time.monotonic() - start:.0f} s", flush=True)
    return verdicts


def judge_stated(jobs: int, pages=()) -> None:
    """Break what the notebooks state; keep the verdicts, print what nothing notices."""
    from tools.mutants import stated

    folder = KEPT / "stated"
    folder.mkdir(parents=True, exist_ok=True)
    for name, verdicts in stated.judge(jobs, pages):
        mine = [[broken.slip, verdict, broken.name] for broken, verdict in verdicts]
        (folder / f"{name}.json").write_text(json.dumps(mine, indent=0, ensure_ascii=False))
        count = Counter(verdict for _, verdict, _ in mine)
        print(f"{name:32} {len(mine):5} wrong statements, {dict(count)}", flush=True)
        for slip, verdict, broken in mine:
            if verdict == "survived":
                print(f"NOTICED by nothing: {slip}: {broken}")


def judge_displays(jobs: int) -> None:
    """Break what the pages display; keep the table, print what reads the same."""
    from tools.mutants import displays

    found: list[tuple[displays.BrokenDisplay, str]] = []
    displays.judge(jobs, lambda broken, verdict: found.append((broken, verdict)))
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / "displays.md").write_text(displays.table(found), encoding="utf-8")
    print(displays.table(found))
    for broken, verdict in found:
        if verdict == "survived":
            print(f"READS THE SAME: {broken.slip}: {broken.name}")


def write_page() -> None:
    """Put the last verdicts on the page."""
    page.library(KEPT, equivalents.reasons())
    page.stated(KEPT)
    page.write("displays", (KEPT / "displays.md").read_text(encoding="utf-8"))


def keep(jury: str, verdicts: dict[Mutant, str]) -> None:
    """Keep the verdicts, each module's in a file; those of mutants that are no more go."""
    (KEPT / jury).mkdir(parents=True, exist_ok=True)
    for module in {mutant.module for mutant in verdicts}:
        rows = {}
        for mutant in live.mutants_of(module):
            verdict = verdicts.get(mutant) or kept(jury, mutant)
            if verdict:
                rows[mutant.name] = [verdict, mutant.slip, mutant.guard]
        (KEPT / jury / f"{module}.json").write_text(json.dumps(rows, indent=0, ensure_ascii=False))


def report(jury: str, verdicts: dict[Mutant, str]) -> int:
    """Print a line a module and every survivor that is not listed; return how many those are."""
    known = equivalents.reasons()
    unlisted = []
    for module in sorted({mutant.module for mutant in verdicts}):
        mine = {m: v for m, v in verdicts.items() if m.module == module}
        count = Counter(mine.values())
        alive = [m for m, v in mine.items() if v == "survived"]
        listed = sum(m.name in known for m in alive)
        print(
            f"{module:36} {len(mine):5} mutants, {count['caught'] + count['endless']:5} caught, "
            f"{listed:3} equivalent, {len(alive) - listed:3} survive, {count['unfit']:2} unfit"
        )
        unlisted += [m for m in alive if m.name not in known]
    for mutant in unlisted:
        guard = " (guard)" if mutant.guard else ""
        print(f"SURVIVES the {jury} jury{guard}: {mutant.slip}: line {mutant.line}: {mutant.name}")
    for mutant, verdict in verdicts.items():
        if mutant.name in known and verdict in ("caught", "endless") and jury == "unit":
            print(f"LISTED, but caught: {mutant.name}")
    return len(unlisted)


def main() -> int:
    parser = argparse.ArgumentParser(description="Break boltzlib on purpose.")
    parser.add_argument("modules", nargs="*", help="such as latent or book.claim (default: all)")
    parser.add_argument("--jury", choices=JURIES, help="only this one")
    parser.add_argument("--tests", nargs="*", default=(), help="only these files of tests")
    parser.add_argument(
        "--notebook", nargs="*", default=(), help="only the notebooks with this in their name"
    )
    parser.add_argument("--page", action="store_true", help="only write the page")
    parser.add_argument("--sample", type=int, help="so many mutants at random, the unit tests only")
    parser.add_argument("--seed", type=int, help="of the sample (default: from the sources)")
    parser.add_argument("--guards", action="store_true", help="only conditions that refuse input")
    parser.add_argument("--survivors", action="store_true", help="only those that survived before")
    parser.add_argument("--enough", type=float, help="seconds for a mutant (default: 15 or 3)")
    parser.add_argument("--jobs", type=int, default=2, help="forks at a time (default: 2)")
    options = parser.parse_args()

    if options.page:
        write_page()
        return 0
    chosen = [f"boltzlib.{name.removeprefix('boltzlib.')}" for name in options.modules] or modules()
    mutants = [mutant for name in chosen for mutant in live.mutants_of(name)]
    if options.sample:
        seed = seed_of_sources() if options.seed is None else options.seed
        known = equivalents.reasons()
        mutants = [mutant for mutant in mutants if mutant.name not in known]
        print(f"{options.sample} of {len(mutants)} mutants, seed {seed}")
        mutants = random.Random(seed).sample(mutants, options.sample)
        return min(1, report("unit", judge("unit", mutants, options.jobs)))
    if options.guards:
        mutants = [mutant for mutant in mutants if mutant.guard]
    failures = 0
    for jury in [options.jury] if options.jury else JURIES[: 2 if options.modules else None]:
        if jury == "stated":
            judge_stated(options.jobs, options.notebook)
            continue
        if jury == "displays":
            judge_displays(options.jobs)
            continue
        some = mutants
        if options.survivors:
            some = [m for m in mutants if kept(jury, m) not in ("caught", "endless")]
        if jury == "notebooks":  # what cannot be noticed need not be shown
            some = [m for m in some if m.name not in equivalents.reasons()]
        which = {"files": options.tests} if jury == "unit" else {"pages": options.notebook}
        which |= {"enough": options.enough} if options.enough else {}
        verdicts = judge(jury, some, options.jobs, **which)
        if not (options.guards or options.notebook or options.tests):
            keep(jury, verdicts)
        unlisted = report(jury, verdicts)
        failures += unlisted if jury == "unit" else 0
    if not (options.jury or options.modules):
        write_page()
    return min(1, failures)


def kept(jury: str, mutant: Mutant) -> str:
    """The verdict of an earlier run; "" when there is none."""
    path = KEPT / jury / f"{mutant.module}.json"
    rows = json.loads(path.read_text()) if path.exists() else {}
    return rows.get(mutant.name, [""])[0]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.environ.get("PYTHONHASHSEED") != "0":  # must be there before Python starts
        fix_environment()
        os.execv(sys.executable, [sys.executable, "-m", "tools.mutants", *sys.argv[1:]])
    sys.exit(main())
