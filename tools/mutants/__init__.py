"""Mutation testing: break the library on purpose and see whether anything notices.

``make mutants`` puts one slip at a time into `boltzlib` (a sign, an index, an axis, a
dropped term, …: `tools.mutants.slips`) and asks two juries, each by itself: the unit tests
(`tools.mutants.unit_tests`) and the notebooks (`tools.mutants.notebook_jury`).  A third run
breaks the formulas that the notebooks state (`tools.mutants.stated`), a fourth the displays
that they show (`tools.mutants.displays`).

Why no ready-made tool: cosmic-ray starts a process for each mutant, of which importing SciPy,
SymPy and pytest takes two seconds; mutmut forks, but collects the tests anew each time; the
slips of neither know transposes, axes or exchanged arguments; and neither runs the cells of a
notebook.  Here all is imported and collected once, and a mutant is a fork of that process in
which the code object of one function is replaced.
"""
