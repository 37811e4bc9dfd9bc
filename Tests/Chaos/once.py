"""One run from its options to its exit code."""
import shutil
from options import parse
from report import report
from run import CRASHED, Run


def once(arguments, description=None):
    """0 if nothing was found, 1 if something was, 2 if the run itself failed."""
    run, passed = Run(parse(arguments, description)), False
    try:
        with run:
            run.run()
            passed = report(run)
    finally:
        shutil.rmtree(run.folder) if passed or run.options.break_ else print(f"  logs and ledger: {run.folder}")
    return 0 if passed else 2 if run.broken and not any(CRASHED in text for text in run.broken) else 1
