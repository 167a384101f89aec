"""Teach a class with the book: notebooks to hand out, and what the class made of them.

```bash
python -m attnlib.classroom handout chapters/03_queries_and_keys.ipynb --to handouts
python -m attnlib.classroom handout chapters/07_masking.ipynb --nbgrader course/source/masking
python -m attnlib.classroom check submissions --jobs 2 --csv class.csv --feedback pages
```

`handout` writes chapters without their folded solutions and without outputs; with `--nbgrader` as
an assignment of nbgrader's, each stub an answer with its solution and a locked test with points. It
overwrites nothing.

`check` runs every notebook below a folder from top to bottom, each in a fresh kernel and an
empty folder, and says for each exercise of its chapter whether it is solved, wrong (and which
mistake it is, where the check knows it), not attempted, or not reached, and then why: its cell
stopped with an error, ran too long, ended its kernel or is gone, its check was deleted, or a name
is missing that a deleted cell defined. Of several verdicts on an exercise the last one counts.
What a notebook has stored counts for nothing. `--feedback` writes a page for each student, with
counterexamples and hints, and one on the class. Answers that are the same but for names are told.

Whatever lies in the folder gets a line, under any name, and no submission ends the command. The
exit status is 1 if something that may be a submission could not be run.

**It runs what the students wrote.** Where bubblewrap works (a trial tells), each notebook runs
without a network, sees no files but the system's, Python's and attnlib's, writes in a folder of its
own alone, and has limits of time, memory and processes. Where it does not, nothing is run until you
say `--unsafe`: then use a machine or a container that you can lose. A student who writes verdicts
of their own instead of answers is not found out: read what surprises you.

Needs ipykernel, jupyter_client and nbformat (the `classroom` extra).
"""
