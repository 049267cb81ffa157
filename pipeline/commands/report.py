"""`python -m pipeline report RUN`: writes the HTML report of a run again, from its snapshot tables alone."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def report(
    run: Path,
    *,
    at_round: int | None = None,
    trace: Path | None = None,
    json_output: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Write RUN/report/index.html and its figures from the snapshot tables, and print the page's path.

    Of a training (`train`), the page is written again from its metrics.

    Examples:

        python -m pipeline report runs/quickstart
        python -m pipeline report runs/quickstart --at-round 1
        python -m pipeline report runs/quickstart --trace trace.json

    Parameters
    ----------
    run
        Directory of a run.
    at_round
        Report on the run as it was at the end of this round N, in RUN/report/round-N/. Default: the last finished one.
    trace
        Also write the steps of the run on a time line to this file, for chrome://tracing or ui.perfetto.dev.
    json_output
        Print one JSON object instead of the path: `report`, solved problems by round, the `counts` that the page
        shows, open problems, the learned lemmas that each proof needed, and a row for every problem (round, shape of
        the proof, lemmas, CPU seconds), of which `bench/results_page.py` makes a page.
    """
    from pipeline.training import page as training

    if training.is_training(run):
        print(json.dumps({"report": str(training.write_report(run))}) if json_output else training.write_report(run))
        return 0
    from library_store.snapshot import read
    from pipeline.report.page import write_report
    from pipeline.report.summary import result

    page = write_report(run, at_round)
    if trace is not None:
        from pipeline.report.timeline import write_timeline

        write_timeline(read(run, at_round), trace)
    if json_output:
        print(json.dumps({"report": str(page)} | result(read(run, at_round)), indent=1, ensure_ascii=False))
    else:
        print(page)
    return 0
