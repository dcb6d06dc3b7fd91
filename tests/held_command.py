"""The command `alvh`, held up once COUNT parts are there: `python held_command.py COUNT ARGUMENTS`.

However late the test that watches it comes, the run is still under way.
"""

import sys
import time
from pathlib import Path

from alvh.cli import main
from worker_samples import PATIENCE


def hold_after(count: int) -> None:
    """Wait before the next part gets its name; Ctrl-C and signals end the wait."""

    def hold(event, arguments):
        if event == "os.rename" and (part := Path(arguments[1])).match("part-*.parquet"):
            end = time.monotonic() + PATIENCE
            while len(list(part.parent.glob("part-*.parquet"))) >= count and time.monotonic() < end:
                time.sleep(0.01)

    sys.addaudithook(hold)


if __name__ == "__main__":
    hold_after(int(sys.argv.pop(1)))
    sys.argv[0] = "alvh"
    main()
